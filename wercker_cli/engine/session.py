"""One bash for a row of steps: the script that it reads, and the process.

bash writes each step's output straight to the step's log, so that a log is whole whatever becomes of us. When a step
starts and ends it says so on a descriptor of its own, which the steps themselves do not see.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple, Self

from wercker_cli.engine import processes
from wercker_cli.engine.clock import now_ms

if TYPE_CHECKING:
    from wercker_cli.engine.wercker_yml import Step

BASH = "/bin/bash"
EVENTS = 87  # a descriptor that scripts do not use by habit

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_EXPANDED = re.compile(r"\$(?:[A-Za-z_][A-Za-z0-9_]*|\{[A-Za-z_][A-Za-z0-9_]*\})|[\\\"`$]")

_FUNCTIONS = r"""
success() { builtin printf '\e[32m%s\e[m\n' "$*"; }
info() { builtin printf '%s\n' "$*"; }
debug() { builtin printf '\e[2m%s\e[m\n' "$*"; }
warn() { builtin printf '\e[33m%s\e[m\n' "$*"; }
error() { builtin printf '\e[31merror: %s\e[m\n' "$*"; }
setMessage() { builtin printf '%s\n' "$*" >"$WERCKER_REPORT_MESSAGE_FILE"; }
if [ "$EUID" = 0 ] || ! type -P sudo >/dev/null; then sudo() { "$@"; }; fi
fail() { builtin printf '\e[31mfailed: %s\e[m\n' "$*"; setMessage "$@"; exit 1; }
"""


class Planned(NamedTuple):
    """A step with its place in the run. `step` None is wercker-init, with which a session begins."""

    position: int
    id: str
    log: str
    report: str  # the folder of its message and numbers
    step: Step | None


class Event(NamedTuple):
    """What bash said: a step started or passed, at a time in milliseconds since 1970. One that fails ends bash."""

    position: int
    at: int
    passed: bool


def message_file(planned: Planned) -> str:
    """Where a step leaves the sentence that says why it failed."""
    return os.path.join(planned.report, "message")


def write_script(folder: str, variables: Iterable[tuple[str, str]], row: list[Planned]) -> str:
    """Writes what bash reads for these steps; gives its path. Where wercker-init is no step, it is still done first."""
    init = os.path.join(folder, "init.sh")
    _write(init, "".join(_export(name, value) for name, value in variables) + _FUNCTIONS)
    lines = [] if row[0].step is None else [f"builtin source {shlex.quote(init)}\n"]
    for planned in row:
        code = init
        if planned.step:
            code = os.path.join(folder, f"{planned.position}.sh")
            _write(code, planned.step.properties.get("code", "") + "\n")
        lines.append(_around(planned, code))
    script = os.path.join(folder, "session.sh")
    _write(script, "".join(lines))
    return script


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)


def _around(planned: Planned, code: str) -> str:
    """The lines around one step: its log, its variables, its folder, and what tells us of its start and its end."""
    before = "set +e\n"
    if planned.step:
        before += 'builtin cd -- "$WERCKER_SOURCE_DIR" || exit 1\n'
        before += "".join(_export(name, value) for name, value in _step_variables(planned, planned.step))
        if planned.step.cwd:
            folder = _quoted(planned.step.cwd)
            before += f"builtin cd -- {folder} 2>/dev/null || fail There is no folder {folder} to run in\n"
        before += "" if planned.step.properties.get("code", "").startswith("#!") else "set -e\n"
    return (
        f"exec >>{shlex.quote(planned.log)} 2>&1\n"
        f'builtin printf "%s\\n" "{planned.position} $EPOCHREALTIME started" >&{EVENTS}\n'
        f"{before}"
        f"builtin source {shlex.quote(code)} </dev/null {EVENTS}>&-\n"
        "__wercker_status=$?\n"
        '[ "$__wercker_status" = 0 ] || exit "$__wercker_status"\n'
        f'builtin printf "%s\\n" "{planned.position} $EPOCHREALTIME passed" >&{EVENTS}\n'
    )


def _step_variables(planned: Planned, step: Step) -> Iterable[tuple[str, str]]:
    yield "WERCKER_STEP_ROOT", planned.report
    yield "WERCKER_STEP_ID", planned.id
    yield "WERCKER_STEP_NAME", step.name
    yield "WERCKER_STEP_OWNER", step.owner
    yield "WERCKER_REPORT_MESSAGE_FILE", message_file(planned)
    yield "WERCKER_REPORT_NUMBERS_FILE", os.path.join(planned.report, "numbers.ini")
    yield "WERCKER_REPORT_ARTIFACTS_DIR", os.path.join(planned.report, "artifacts")
    for key, value in step.properties.items():
        name = f"WERCKER_{step.name}_{key}".upper().replace("-", "_")
        if key != "code" and _NAME.fullmatch(name):
            yield name, value


def _export(name: str, value: str) -> str:
    return f"export {name}={_quoted(value)}\n"


def _quoted(value: str) -> str:
    """In double quotes: $NAME and ${NAME} are expanded when bash gets there, anything else is text."""
    return '"' + _EXPANDED.sub(lambda found: found[0] if len(found[0]) > 1 else f"\\{found[0]}", value) + '"'


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
                preexec_fn=processes.die_with_parent,  # noqa: PLW1509 - a worker has no threads
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
