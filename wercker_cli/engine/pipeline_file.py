"""Where the wercker.yml of a checkout is, and its text."""

import os

from wercker_cli.errors import Refused

FILE_NAMES = ("ewok.yml", "wercker.yml", ".wercker.yml")  # the first that exists counts
MOST = 2**21  # bytes that are read: the reader refuses half as much


def find(root: str) -> str | None:
    """The name of the file, or None where the checkout has none."""
    return next((name for name in FILE_NAMES if os.path.isfile(os.path.join(root, name))), None)


def text(root: str, name: str) -> str:
    """What is in the file; raises Refused where it cannot be read, or is no UTF-8."""
    try:
        with open(os.path.join(root, name), encoding="utf-8-sig", newline="") as file:
            return file.read(MOST)
    except OSError as error:
        raise Refused(f"{name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise Refused(f"{name} is not UTF-8 at byte {error.start}") from None
