"""What bash reads for a row of steps: each with its log, its variables, its folder, and the words for its end."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from wercker_cli.engine.plan import Work

EVENTS = 87  # a descriptor that scripts do not use by habit

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_EXPANDED = re.compile(r"\$(?:[A-Za-z_][A-Za-z0-9_]*|\{[A-Za-z_][A-Za-z0-9_]*\})|[\\\"`$]")

_FUNCTIONS = r"""
success() { builtin printf '\e[32m%s\e[m\n' "$*"; }
info() { builtin printf '%s\n' "$*"; }
debug() { builtin printf '\e[2m%s\e[m\n' "$*"; }
warn() { builtin printf '\e[33m%s\e[m\n' "$*"; }
error() { builtin printf '\e[31merror: %s\e[m\n' "$*"; }
setMessage() { builtin printf '%s\n' "$*" >|"$WERCKER_REPORT_MESSAGE_FILE"; }
if [ "$EUID" = 0 ] || ! type -P sudo >/dev/null; then sudo() { "$@"; }; fi
fail() { builtin printf '\e[31mfailed: %s\e[m\n' "$*"; setMessage "$@"; exit 1; }
"""


class Planned(NamedTuple):
    """A step with its place in the run. `work` None is wercker-init, with which a session begins."""

    position: int
    id: str
    log: str
    report: str  # the folder of its message and numbers
    display: str
    work: Work | None


class Opening(NamedTuple):
    """What a session exports first: our own variables as they are, then those `given`, expanded as bash gets there."""

    own: list[tuple[str, str]]
    given: list[tuple[str, str]]


def message_file(planned: Planned) -> str:
    """Where a step leaves the sentence that says why it failed."""
    return os.path.join(planned.report, "message")


def write(folder: str, opening: Opening, row: list[Planned]) -> str:
    """Writes what bash reads for these steps; gives its path. Where wercker-init is no step, it is still done first."""
    init = os.path.join(folder, "init.sh")
    exports = [*_exports(opening.own, shlex.quote), *_exports(opening.given, _quoted)]
    _write(init, "".join(exports) + _FUNCTIONS)
    lines = [] if row[0].work is None else [f"builtin source {shlex.quote(init)}\n"]
    for planned in row:
        files = _files(folder, planned.position, planned.work) if planned.work else [init]
        lines.append(_around(planned, files))
    script = os.path.join(folder, "session.sh")
    _write(script, "".join(lines))
    return script


def _files(folder: str, position: int, work: Work) -> list[str]:
    """The files that bash sources for a step, in their order."""
    if work.folder:
        parts = (os.path.join(work.folder, name) for name in ("init.sh", "run.sh"))
        return [part for part in parts if os.path.isfile(part)]
    path = os.path.join(folder, f"{position}.sh")
    _write(path, f"{work.code}\n")
    return [path]


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)


def _around(planned: Planned, files: list[str]) -> str:
    """The lines around one step: what comes before it, the step, and what tells us of its start and its end."""
    before = "".join(_before(planned, planned.work)) if planned.work else "set +e\n"
    return (
        f"exec </dev/null >>{shlex.quote(planned.log)} 2>&1\n"
        f'builtin printf "%s\\n" "{planned.position} $EPOCHREALTIME started" >&{EVENTS}\n'
        f"{before}"
        f"{''.join(map(_source, files))}"
        f'builtin printf "%s\\n" "{planned.position} $EPOCHREALTIME passed" >&{EVENTS}\n'
    )


def _source(file: str) -> str:
    return (
        f"builtin source {shlex.quote(file)} {EVENTS}>&-\n"
        "__wercker_status=$?\n"
        '[ "$__wercker_status" = 0 ] || exit "$__wercker_status"\n'
    )


def _before(planned: Planned, work: Work) -> Iterator[str]:
    """The folder and the variables of a step; `-e` is for scripts, unless they begin with "#!"."""
    yield "set +e\n"
    variables = (f"{name}={shlex.quote(value)}" for name, value in _step_variables(planned, work))
    yield f"export {' '.join(variables)}\n"  # one command: bash does much for each
    yield 'builtin cd -- "$WERCKER_SOURCE_DIR" 2>/dev/null || fail There is no folder "$WERCKER_SOURCE_DIR" to run in\n'
    yield from _exports(_properties(work), _quoted)
    for name in work.missing:
        yield f"fail {shlex.quote(f'The property {name!r} of step {work.name!r} is required, and was not given')}\n"
    if work.cwd:
        folder = _quoted(work.cwd)
        yield f"builtin cd -- {folder} 2>/dev/null || fail There is no folder {folder} to run in\n"
    if not work.folder and not work.code.startswith("#!"):
        yield "set -e\n"


def _step_variables(planned: Planned, work: Work) -> Iterator[tuple[str, str]]:
    yield "WERCKER_STEP_ROOT", work.folder or planned.report
    yield "WERCKER_STEP_ID", planned.id
    yield "WERCKER_STEP_NAME", work.name
    yield "WERCKER_STEP_OWNER", work.owner
    yield "WERCKER_REPORT_MESSAGE_FILE", message_file(planned)
    yield "WERCKER_REPORT_NUMBERS_FILE", os.path.join(planned.report, "numbers.ini")
    yield "WERCKER_REPORT_ARTIFACTS_DIR", os.path.join(planned.report, "artifacts")


def _properties(work: Work) -> Iterator[tuple[str, str]]:
    for key, value in work.properties.items():
        name = f"WERCKER_{work.name}_{key}".upper().replace("-", "_")
        if _NAME.fullmatch(name):
            yield name, value


def _exports(variables: Iterable[tuple[str, str]], quoted: Callable[[str], str]) -> Iterator[str]:
    return (f"export {name}={quoted(value)}\n" for name, value in variables)


def _quoted(value: str) -> str:
    """In double quotes: $NAME and ${NAME} are expanded when bash gets there, anything else is text."""
    return '"' + _EXPANDED.sub(lambda found: found[0] if len(found[0]) > 1 else f"\\{found[0]}", value) + '"'
