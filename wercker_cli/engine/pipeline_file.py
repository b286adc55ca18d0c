"""Where the wercker.yml of a checkout is, and its text."""

import os

from wercker_cli.errors import Refused

FILE_NAMES = ("ewok.yml", "wercker.yml", ".wercker.yml")  # the first that exists counts
LARGEST = 2**20  # bytes


def find(root: str) -> str | None:
    """The name of the file, or None where the checkout has none."""
    return next((name for name in FILE_NAMES if os.path.isfile(os.path.join(root, name))), None)


def text(root: str, name: str) -> str:
    """What is in the file; raises Refused where it cannot be read, or is no text."""
    try:
        with open(os.path.join(root, name), "rb") as file:
            return decoded(file.read(LARGEST + 1), name)
    except OSError as error:
        raise Refused(f"{name} cannot be read: {error.strerror}") from None


def committed(repository: str, commit: str) -> tuple[str, str]:
    """The name of a commit's file, and what is in it; raises Refused where there is none, or it is no text."""
    from wercker_cli.engine import git

    for name in FILE_NAMES:
        raw = git.blob(repository, commit, name)
        if raw is not None:
            return name, decoded(raw, name)
    raise Refused(f"commit {commit} has no wercker.yml at its root")


def decoded(raw: bytes, name: str) -> str:
    """The text of a file of that name; raises InvalidFile where it is too large, or not UTF-8."""
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    try:
        if len(raw) <= LARGEST:
            return raw.decode()
        text, place, what = "", (1, 1), f"the file is larger than {LARGEST // 2**20} MiB"
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode().split("\n")
        place = len(before), len(before[-1]) + 1
        text, what = raw.decode(errors="replace"), f"this is not UTF-8: a byte 0x{raw[error.start]:02x} stands here"
    from wercker_cli.engine.mistakes import Found, InvalidFile, Spot  # few files need it

    found = Found(text, name)
    found.error(Spot(*place), what)
    raise InvalidFile(found.errors)
