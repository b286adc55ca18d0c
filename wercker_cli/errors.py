"""What can go wrong, each with the exit code that scripts see.

WerckerError             1, the root: catch this one
├── Refused              1, the server said no, or answered what is not the API
├── Usage                2, nothing was sent
├── Unreachable          3, trying again may help
├── NotAllowed           4, no token, or one that may not
└── NotFound             5, no such run, step, pipeline or application
"""

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of `wercker`, the same for every command."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    UNREACHABLE = 3
    NOT_ALLOWED = 4
    NOT_FOUND = 5
    RUN_FAILED = 10
    RUN_ABORTED = 11
    TIMEOUT = 124
    INTERRUPTED = 130


class WerckerError(Exception):
    """One line for a person, and perhaps a second one that says what to type next."""

    exit_code = Exit.REFUSED

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Refused(WerckerError):
    """The server refused, or answered what is not the API."""


class Usage(WerckerError):
    """A value that cannot be used; nothing was sent."""

    exit_code = Exit.USAGE


class Unreachable(WerckerError):
    """No answer, or only answers that ask to come back later; `retry_after` is in how many seconds, where they say."""

    exit_code = Exit.UNREACHABLE

    def __init__(self, message: str, *, hint: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class NotAllowed(WerckerError):
    """Not logged in, or not allowed."""

    exit_code = Exit.NOT_ALLOWED


class NotFound(WerckerError):
    """No such run, step, pipeline or application."""

    exit_code = Exit.NOT_FOUND
