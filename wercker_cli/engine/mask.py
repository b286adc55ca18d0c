"""Blots secrets out of what is printed, byte by byte: a masked log is as long as it was, so offsets stay what they are.

A byte is hidden where it belongs to an occurrence of a secret. That depends on its neighbours alone, and so not on
where a reader began, or stopped.
"""

import re
from typing import BinaryIO

SHORTEST_LINE = 4  # bytes: a shorter line of a secret, such as "}", is not looked for on its own
PIECE = 2**20  # bytes of a log that are worked on at once

_QUOTED = re.compile(rb"([\"\\$`])")
_SHOWN = re.compile(rb"[^\r\n]")


class Mask:
    """Hides some secrets."""

    def __init__(self, secrets: list[str]) -> None:
        """A secret is hidden as a whole, and each of its lines; as it is, and as `set -x` and `export -p` write it."""
        parts = [part for secret in secrets for part in _parts(secret.encode(errors="surrogateescape"))]
        self._forms = {form for part in parts for form in _forms(part)}
        self._reach = max(map(len, self._forms), default=1) - 1

    def text(self, text: str) -> str:
        """The text with the secrets in it hidden."""
        return self._hidden(text.encode(errors="surrogateescape")).decode(errors="replace")

    def read(self, file: BinaryIO, first: int, end: int) -> bytes:
        """The bytes of a file from `first` to before `end`, masked."""
        start = max(0, first - self._reach)
        file.seek(start)
        around = file.read(end + self._reach - start)
        return self._hidden(around)[first - start : end - start]

    def settled(self, file: BinaryIO, size: int) -> int:
        """How much of a log of that size can be shown while it grows: less what may be the beginning of a secret."""
        start = max(0, size - self._reach)
        file.seek(start)
        tail = file.read(size - start)
        return size - max((_begun(form, tail) for form in self._forms), default=0)

    def overwrite(self, file: BinaryIO) -> None:
        """Hides the secrets in the file itself, for good."""
        size, first, before = file.seek(0, 2), 0, b""
        while first < size:
            file.seek(first)
            around = before + file.read(PIECE + self._reach)
            here = around[len(before) :][:PIECE]
            hidden = self._hidden(around)[len(before) :][:PIECE]
            if hidden != here:
                file.seek(first)
                file.write(hidden)
            before = (before + here)[-self._reach :] if self._reach else b""
            first += PIECE

    def _hidden(self, data: bytes) -> bytes:
        """The data, with stars in place of every byte of a secret; line breaks stay."""
        shown = bytearray(data)
        for form in self._forms:
            at = data.find(form)
            while at >= 0:
                shown[at : at + len(form)] = _SHOWN.sub(b"*", form)
                at = data.find(form, at + 1)
        return bytes(shown)


def _parts(secret: bytes) -> set[bytes]:
    lines = {line.strip() for line in secret.splitlines()}
    return {secret, secret.strip(), *(line for line in lines if len(line) >= SHORTEST_LINE)} - {b""}


def _forms(part: bytes) -> set[bytes]:
    return {part, part.replace(b"'", rb"'\''"), _QUOTED.sub(rb"\\\1", part)}


def _begun(form: bytes, tail: bytes) -> int:
    """With how many bytes of the secret, not all of them, the data ends."""
    at = max(0, len(tail) - len(form) + 1)
    while (at := tail.find(form[:1], at)) >= 0:
        if form.startswith(tail[at:]):
            return len(tail) - at
        at += 1
    return 0
