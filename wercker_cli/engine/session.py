"""The one bash for a row of steps: the process, and what it says.

bash writes each step's output straight to the step's log, so that a log is whole whatever becomes of us. When a step
starts and ends it says so on a descriptor of its own, which the steps themselves do not see.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
from typing import NamedTuple, Self

from wercker_cli.engine import processes
from wercker_cli.engine.clock import now_ms
from wercker_cli.engine.script import EVENTS

BASH = "/bin/bash"


class Event(NamedTuple):
    """What bash said: a step started or passed, at a time in milliseconds since 1970. One that fails ends bash."""

    position: int
    at: int
    passed: bool


class Session:
    """A running bash, and what it says about its steps."""

    def __init__(self, script: str, environment: dict[str, str], folder: str) -> None:
        import subprocess

        self.events, writable = os.pipe()
        os.set_blocking(self.events, False)
        os.dup2(writable, EVENTS)
        os.close(writable)
        try:
            self._process = subprocess.Popen(
                [BASH, "-c", f"source {shlex.quote(script)}"],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(EVENTS,),
                start_new_session=True,
            )
        finally:
            os.close(EVENTS)
        self.pid = self._process.pid
        self._unread = b""

    def read(self) -> list[Event]:
        """What was said since the last call."""
        *lines, self._unread = (self._unread + processes.drain(self.events)).split(b"\n")
        return [event for line in lines if (event := _event(line.decode("ascii", "replace")))]

    def exit_status(self, wait_status: int) -> int:
        """Of a bash that has ended, as a shell counts it: 128 and more for a signal."""
        code = os.waitstatus_to_exitcode(wait_status)
        self._process.returncode = code
        return code if code >= 0 else 128 - code

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.events)


def _event(line: str) -> Event | None:
    """None for what bash did not say. A step may have unset EPOCHREALTIME, which has the locale's decimal point."""
    match = re.fullmatch(r"(\d+) (?:(\d+)[.,](\d{3})\d*)? ?(started|passed)", line)
    if not match:
        return None
    at = int(f"{match[2]}{match[3]}") if match[2] else now_ms()
    return Event(int(match[1]), at, match[4] == "passed")


def ended_by(status: int) -> str:
    """What is said of a step that left no message."""
    if status > 128 and status - 128 in {number.value for number in signal.Signals}:
        return f"Command exited with exit code: {status} ({signal.Signals(status - 128).name})"
    return f"Command exited with exit code: {status}"
