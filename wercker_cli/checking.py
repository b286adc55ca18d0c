"""What is wrong with a wercker.yml, and which of its steps cannot run on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from wercker_cli.errors import Refused, Usage

if TYPE_CHECKING:
    from wercker_cli.engine.mistakes import Mistake
    from wercker_cli.engine.wercker_yml import File, Step

STDIN = "-"


class Checked(NamedTuple):
    """The mistakes of a file in the order of its lines, and how many pipelines it has."""

    mistakes: list[Mistake]
    pipelines: int

    @property
    def errors(self) -> int:
        """How many of the mistakes make the file unusable."""
        return sum(mistake.severity == "error" for mistake in self.mistakes)

    def __str__(self) -> str:
        warnings = len(self.mistakes) - self.errors
        parts = [_counted(self.errors, "error") if self.errors else _counted(self.pipelines, "pipeline")]
        if warnings:
            parts.append(_counted(warnings, "warning"))
        return ", ".join(parts if self.mistakes else [*parts, "nothing wrong"])


def here() -> str:
    """The wercker.yml of this checkout, as a path from here; raises Usage where there is none."""
    from wercker_cli.engine import checkouts, pipeline_file

    root = checkouts.find(_folder())
    name = pipeline_file.find(root) if root else None
    if root is None or name is None:
        raise Usage("there is no wercker.yml here or above", hint="name a file, or - for standard input")
    return os.path.relpath(os.path.join(root, name))


def read(path: str, stdin: BinaryIO) -> bytes:
    """What is in a file, - for standard input, as far as a wercker.yml is read; raises Usage where it cannot be."""
    from wercker_cli.engine.pipeline_file import LARGEST

    try:
        if path == STDIN:
            return stdin.read(LARGEST + 1)
        with open(path, "rb") as file:
            return file.read(LARGEST + 1)
    except OSError as error:
        raise Usage(f"{path} cannot be read: {error.strerror}") from None


def check(raw: bytes, path: str, environ: Mapping[str, str]) -> Checked:
    """What is wrong with a file; its steps are looked for where a run would, from the folder that it is in."""
    from wercker_cli.engine import pipeline_file, wercker_yml
    from wercker_cli.engine.mistakes import MOST_KEPT, InvalidFile
    from wercker_cli.engine.variables import STEPS_PATH

    name = shown(path)
    try:
        text = pipeline_file.decoded(raw, name)
    except InvalidFile as error:
        return Checked(error.errors, 0)
    file, found = wercker_yml.check(text, name)
    if file is None:
        return Checked(found.mistakes, 0)
    root = os.path.normpath(os.path.join(_folder(), os.path.dirname(path)))
    reasons = ((step, _reason(step, root, environ.get(STEPS_PATH, ""))) for step in _steps(file))
    for step, reason in islice(filter(itemgetter(1), reasons), MOST_KEPT):
        found.warning(step, reason)
    return Checked(found.mistakes, len(file.pipelines))


def shown(path: str) -> str:
    """What a file is called where its mistakes are told."""
    return "<stdin>" if path == STDIN else path


def as_objects(mistakes: list[Mistake], *, excerpts: bool) -> Iterator[dict[str, Any]]:
    """The mistakes for the output, with the line and the caret where a person reads it."""
    from wercker_cli.engine.mistakes import excerpt

    for mistake in mistakes:
        item = {key: getattr(mistake, key) for key in ("file", "line", "column", "message", "severity")}
        yield {**item, "excerpt": excerpt(mistake)} if excerpts else item


def _folder() -> str:
    """The folder that this runs in."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        raise Usage("the folder that this runs in does not exist any more", hint="cd to one that does") from None


def _steps(file: File) -> Iterator[Step]:
    """Every step of the file, whatever it is for."""
    for pipeline in file.pipelines.values():
        for steps in (pipeline.steps, pipeline.after_steps, *pipeline.targets.values()):
            yield from steps


def _reason(step: Step, root: str, steps_path: str) -> str:
    """Why a step cannot run on this machine, as a run would say; '' where it can."""
    from wercker_cli.engine import plan
    from wercker_cli.engine.mistakes import named

    try:
        missing = plan.work(step, root, steps_path).missing
    except Refused as error:
        return error.message
    return f"step {named(step.display)} needs {' and '.join(map(repr, missing))}" if missing else ""


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
