"""What of a wercker.yml a run executes, and what cannot be executed here."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from wercker_cli.engine import pipeline_file, step_folders, wercker_yml
from wercker_cli.engine.time_limit import Limits
from wercker_cli.engine.wercker_yml import File, Pipeline, Step
from wercker_cli.errors import Refused

TARGET = "WERCKER_DEPLOYTARGET_NAME"  # the variable that picks a deploy target
COMMAND_TIMEOUT, NO_RESPONSE_TIMEOUT = 25, 5  # minutes, unless the file says otherwise

_EMPTYING = re.compile(r"(?<!>)>\s*/dev/std(?:err|out)\b")
_CONTAINERS = "internal"  # the owner of steps that work on a container's image


class Work(NamedTuple):
    """What one step does: `code` of a script, else `folder`; with its properties, defaults of the folder included."""

    owner: str
    name: str
    display: str
    cwd: str
    code: str
    folder: str
    properties: dict[str, str]
    missing: tuple[str, ...] = ()  # required properties that it was not given


class Plan(NamedTuple):
    """The steps of a run, where they start, what limits them, and what a person should know about them."""

    source_dir: str
    steps: list[Work]
    after_steps: list[Work]
    limits: Limits
    notes: list[str]


def read(root: str) -> tuple[str, File]:
    """The name of the wercker.yml of a checkout, and what it says; raises Refused where there is none, or a bad one."""
    name = pipeline_file.find(root)
    if name is None:
        raise Refused("this commit has no wercker.yml at its root")
    return name, wercker_yml.read(pipeline_file.text(root, name), name)


def make(name: str, file: File, root: str, pipeline: str, target: str, steps_path: str) -> Plan:
    """The plan for a pipeline of the file of that name; raises Refused, with the reason, where it cannot run."""
    found = _pipeline(file, pipeline, name)
    source = os.path.normpath(os.path.join(root, file.source_dir))
    if not os.path.isdir(source) or not f"{source}/".startswith(f"{root}/"):
        raise Refused(f"there is no folder {file.source_dir} in this commit, which 'source-dir' names")
    steps = found.targets.get(target, found.steps)
    return Plan(
        source_dir=file.source_dir,
        steps=_works(steps, name, root, steps_path),
        after_steps=_works(found.after_steps, name, root, steps_path),
        limits=Limits(
            command=60 * (file.command_timeout or COMMAND_TIMEOUT),
            no_response=60 * (file.no_response_timeout or NO_RESPONSE_TIMEOUT),
        ),
        notes=list(_notes(file, found, target, steps, name)),
    )


def _pipeline(file: File, wanted: str, name: str) -> Pipeline:
    """The pipeline that is wanted, in the file of that name; raises Refused with those that there are."""
    pipeline = file.pipelines.get(wanted)
    if pipeline:
        return pipeline
    if wanted in file.empty:
        raise Refused(f"pipeline {wanted!r} has nothing in the {name} of this commit")
    known = ", ".join(file.pipelines) or "none"
    raise Refused(f"the {name} of this commit has no pipeline {wanted!r}; its pipelines: {known}")


def _works(steps: Iterable[Step], name: str, root: str, steps_path: str) -> list[Work]:
    """What the steps do; raises Refused, with the line, for one that cannot be had: before anything has run."""
    works = []
    for step in steps:
        try:
            works.append(work(step, root, steps_path))
        except Refused as error:
            raise Refused(f"{name}, line {step.line}: {error.message}") from None
    return works


def work(step: Step, root: str, steps_path: str) -> Work:
    """What a step does, in the checkout at `root`; raises Refused where it cannot be had on this machine."""
    if step.is_script:
        rest = {key: value for key, value in step.properties.items() if key != "code"}
        return Work(step.owner, step.name, step.display, step.cwd, step.properties.get("code", ""), "", rest)
    if step.owner == _CONTAINERS and not step.source:
        raise Refused(
            f"step {step_folders.title(step)!r} works on a container, and steps run on this machine here: "
            "write its commands as the 'code' of a 'script' step"
        )
    folder = step_folders.find(step, root, steps_path)
    properties, missing = step_folders.resolved(step, folder)
    return Work(step.owner, step.name, step.display, step.cwd, "", folder, properties, tuple(missing))


def _notes(file: File, pipeline: Pipeline, target: str, steps: tuple[Step, ...], name: str) -> Iterator[str]:
    """What passes and is probably a slip, what means nothing here, and what runs."""
    for key, line in file.twice.items():
        yield f"{key!r} is given twice ({name}, line {line}): the last counts"
    if target and target not in pipeline.targets:
        known = ", ".join(pipeline.targets) or "none"
        yield f"there is no deploy target {target!r}, so 'steps' run; deploy targets: {known}"
    if not steps:
        known = f"; its deploy targets: {', '.join(pipeline.targets)}" if pipeline.targets else ""
        yield f"pipeline {pipeline.name!r} has no steps{known}"
    for step in (*steps, *pipeline.after_steps):
        if step.is_script and "code" not in step.properties:
            yield f"step {step.display!r} (line {step.line}) has no 'code', so it does nothing"
        if step.is_script and (emptying := _EMPTYING.search(step.properties.get("code", ""))):
            empties = f"{emptying[0]!r}, which empties its log, as that is a file: '>>' in place of '>' does not"
            yield f"step {step.display!r} (line {step.line}) has {empties}"
    for key in dict.fromkeys([*file.unused, *pipeline.unused]):
        yield f"{key!r} means nothing here: steps run on this machine, not in a container"
    after = f" and {_counted(len(pipeline.after_steps), 'after-step')}" if pipeline.after_steps else ""
    yield f"pipeline {pipeline.name!r} of {name}: {_counted(len(steps), 'step')}{after}"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
