"""What is said of a step that has ended."""

import os
import stat

from wercker_cli.engine import folders, script
from wercker_cli.engine.script import Planned
from wercker_cli.errors import WerckerError

LONGEST_MESSAGE = 200_000  # characters that are read: what is shown of it is cut once its secrets are masked


def message(planned: Planned) -> str:
    """What the step left as its message, or ''."""
    try:
        with open(script.message_file(planned), encoding="utf-8", errors="replace", opener=_at_once) as file:
            return file.read(LONGEST_MESSAGE).strip() if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else ""
    except OSError:  # it left none, or nothing that can be read
        return ""


def sentence(error: WerckerError | OSError) -> str:
    """What went wrong, and where."""
    if isinstance(error, WerckerError):
        return error.message
    said = str(error.strerror or error)
    return f"{said}: {error.filename}" if error.filename else said


def full(log: str) -> str:
    """What else is to be said where the disk of the state folder is full, or ''."""
    return "; no space is left on the disk of the state folder" if folders.is_full(os.path.dirname(log)) else ""


def _at_once(path: str, flags: int) -> int:
    """Opens what may be a named pipe that nobody writes to."""
    return os.open(path, flags | os.O_NONBLOCK)
