"""What is wrong with a wercker.yml, and which of its steps cannot run on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from wercker_cli.errors import Usage

if TYPE_CHECKING:
    from wercker_cli.engine.mistakes import Mistake
    from wercker_cli.engine.wercker_yml import File, Step

STDIN = "-"
STEPS_PATH = "WERCKER_STEPS_PATH"


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

    try:
        folder = os.getcwd()
    except FileNotFoundError:
        raise Usage("the folder that this runs in does not exist any more", hint="cd to one that does") from None
    root = checkouts.find(folder)
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


def check(raw: bytes, path: str, steps_path: str) -> Checked:
    """What is wrong with a file, whose steps are looked for in the folder that it is in, and along `steps_path`."""
    from wercker_cli.engine import pipeline_file, wercker_yml
    from wercker_cli.engine.mistakes import Found, InvalidFile

    name = shown(path)
    try:
        text = pipeline_file.decoded(raw, name)
    except InvalidFile as error:
        return Checked(error.errors, 0)
    file, mistakes = wercker_yml.check(text, name)
    if file is None:
        return Checked(mistakes, 0)
    found = Found(text, name)
    for step in _steps(file):
        reason = _reason(step, os.path.dirname(path), steps_path)
        if reason:
            found.warning(step, reason)
    found.mistakes += mistakes
    return Checked(found.sorted(), len(file.pipelines))


def shown(path: str) -> str:
    """What a file is called where its mistakes are told."""
    return "<stdin>" if path == STDIN else path


def as_objects(mistakes: list[Mistake], *, excerpts: bool) -> Iterator[dict[str, Any]]:
    """The mistakes for the output, with the line and the caret where a person reads it."""
    from wercker_cli.engine.mistakes import excerpt

    for mistake in mistakes:
        item = {key: getattr(mistake, key) for key in ("file", "line", "column", "message", "severity")}
        yield {**item, "excerpt": excerpt(mistake)} if excerpts else item


def _steps(file: File) -> Iterator[Step]:
    """Every step of the file, whatever it is for."""
    for pipeline in file.pipelines.values():
        for steps in (pipeline.steps, pipeline.after_steps, *pipeline.targets.values()):
            yield from steps


def _reason(step: Step, root: str, steps_path: str) -> str:
    """Why a step cannot run on this machine; '' where it can."""
    from wercker_cli.engine.mistakes import named

    if step.is_script or any(map(os.path.isdir, _places(step, root, steps_path))):
        return ""
    title = named(step.name if step.owner == "wercker" else f"{step.owner}/{step.name}")
    if step.source:
        return f"step {title} cannot run here: there is no folder {named(step.source.removeprefix('file://'))}"
    if step.owner == "internal":
        return f"step {title} cannot run here: it works on a container, and steps run on this machine"
    return (
        f"step {title} cannot run here: it is neither in .wercker/steps/{step.owner}/{step.name}, "
        f"nor in a folder of {STEPS_PATH}, nor built in"
    )


def _places(step: Step, root: str, steps_path: str) -> list[str]:
    """The folders that a step may be in."""
    from wercker_cli import engine

    if step.source:
        return [os.path.join(root, step.source.removeprefix("file://"))]
    below = os.path.join(step.owner, step.name)
    folders = [os.path.join(root, ".wercker", "steps"), *filter(None, steps_path.split(os.pathsep))]
    built_in = [os.path.join(*engine.__path__, "steps", step.name)] if step.owner == "wercker" else []
    return [*(os.path.join(folder, below) for folder in folders), *built_in]


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
