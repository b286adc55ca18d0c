"""Blots secrets out of what is printed, byte by byte: a masked log is as long as it was, so offsets stay what they are.

A byte is hidden where it belongs to an occurrence of a secret. That depends on its neighbours alone, and so not on
where a reader began, or stopped.
"""

import operator
import os
import re
from typing import BinaryIO

SHORTEST_LINE = 4  # bytes: a shorter line of a secret, such as "}", is not looked for on its own
PIECE = 2**20  # bytes of a log that are worked on at once

_QUOTED = re.compile(rb"([\"\\$`])")
_UNPRINTED = re.compile(rb"[\x00-\x1f\x7f'\\]")
_NOT_ASCII = re.compile(rb"[\x00-\x1f\x7f-\xff'\\]")
_ESCAPES = {
    bytes([code]): b"\\" + letter.encode() for code, letter in zip(b"\a\b\x1b\f\n\r\t\v'\\", "abEfnrtv'\\", strict=True)
}
_CHANGED = re.compile(rb"\x01+")
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
        """Hides the secrets in the file itself, for good; killed meanwhile, it can be done again.

        Each stretch is written at once: of one that is half hidden the rest would never be found. So two neighbouring
        windows have in common what the longest secret may take.
        """
        start, kept = 0, b""
        while piece := os.pread(file.fileno(), PIECE, start + len(kept)):
            window = kept + piece
            hidden = self._hidden(window)
            changed = bytes(map(operator.ne, window, hidden)) if window != hidden else b""
            for stretch in _CHANGED.finditer(changed):
                os.pwrite(file.fileno(), hidden[stretch.start() : stretch.end()], start + stretch.start())
            kept = window[-self._reach :] if self._reach else b""
            start += len(window) - len(kept)

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
    """The secret, and each of its lines; a line break may be written as "\\n", as keys in variables often have it."""
    lines = {line.strip() for line in [*secret.splitlines(), *secret.replace(b"\\n", b"\n").splitlines()]}
    return {secret, secret.strip(), *(line for line in lines if len(line) >= SHORTEST_LINE)} - {b""}


def _forms(part: bytes) -> set[bytes]:
    """The part as it is, in bash's single and double quotes, and in $'...', where UTF-8 may be spelt out too."""
    spelt = {_UNPRINTED.sub(_escaped, part), _NOT_ASCII.sub(_escaped, part)}
    return {part, part.replace(b"'", rb"'\''"), _QUOTED.sub(rb"\\\1", part), *spelt}


def _escaped(found: re.Match[bytes]) -> bytes:
    return _ESCAPES.get(found[0]) or b"\\%03o" % found[0][0]


def _begun(form: bytes, tail: bytes) -> int:
    """With how many bytes of the secret, not all of them, the data ends."""
    at = max(0, len(tail) - len(form) + 1)
    while (at := tail.find(form[:1], at)) >= 0:
        if form.startswith(tail[at:]):
            return len(tail) - at
        at += 1
    return 0
