"""How long a step may take, and how long it may be silent."""

import os
import time
from typing import NamedTuple


class Limits(NamedTuple):
    """In seconds: of a whole step, and of a step that prints nothing."""

    command: float
    no_response: float


class Stopwatch:
    """Runs from the start of a step on, beside its log."""

    def __init__(self, log: str, limits: Limits) -> None:
        self._log, self._limits = log, limits
        self._began = self._heard = time.monotonic()
        self._size = -1

    def over(self) -> tuple[str, str]:
        """Why the step has to end now, and the limit in words; '' while it may go on."""
        now = time.monotonic()
        size = os.path.getsize(self._log)
        if size != self._size:
            self._size, self._heard = size, now
        if now - self._began > self._limits.command:
            return "Command timed out", _shown(self._limits.command)
        if now - self._heard > self._limits.no_response:
            return "Command timed out after no response", _shown(self._limits.no_response)
        return "", ""


def _shown(seconds: float) -> str:
    return f"{seconds / 60:g} minutes" if seconds > 60 else f"{seconds:g} seconds"
