"""What of a wercker.yml a run executes, and what cannot be executed here."""

import os
from collections.abc import Iterator
from typing import NamedTuple

from wercker_cli.engine import pipeline_file, wercker_yml
from wercker_cli.engine.wercker_yml import File, Pipeline, Step
from wercker_cli.errors import Refused

TARGET = "WERCKER_DEPLOYTARGET_NAME"  # the variable that picks a deploy target


class Plan(NamedTuple):
    """The steps of a run, where they start, what is kept out of their checkout, and what a person should know."""

    file: str  # the name of the wercker.yml
    source_dir: str
    ignore_file: str
    steps: tuple[Step, ...]
    notes: list[str]


def read(root: str, pipeline: str, target: str) -> Plan:
    """The plan for a pipeline of the checkout at `root`; raises Refused, with the reason, where it cannot run."""
    name = pipeline_file.find(root)
    if name is None:
        raise Refused("this commit has no wercker.yml at its root")
    file = wercker_yml.read(pipeline_file.text(root, name), name)
    found = _pipeline(file, pipeline, name)
    if not os.path.isdir(os.path.join(root, file.source_dir)):
        raise Refused(f"there is no folder {file.source_dir} in this commit, which 'source-dir' names")
    steps = found.targets.get(target, found.steps)
    for step in steps:
        _check(step, name)
    return Plan(name, file.source_dir, file.ignore_file, steps, list(_notes(file, found, target, steps, name)))


def _pipeline(file: File, wanted: str, name: str) -> Pipeline:
    """The pipeline that is wanted, in the file of that name; raises Refused with those that there are."""
    pipeline = file.pipelines.get(wanted)
    if pipeline:
        return pipeline
    if wanted in file.empty:
        raise Refused(f"pipeline {wanted!r} has nothing in the {name} of this commit")
    known = ", ".join(file.pipelines) or "none"
    raise Refused(f"the {name} of this commit has no pipeline {wanted!r}; its pipelines: {known}")


def _check(step: Step, name: str) -> None:
    """Refuses what this engine cannot run, before anything has run."""
    if step.name != "script" or step.owner != "wercker":
        shown = step.name if step.owner == "wercker" else f"{step.owner}/{step.name}"
        raise Refused(
            f"step {shown!r} ({name}, line {step.line}) cannot run here: this engine runs 'script' steps, "
            "so write its commands as the 'code' of one"
        )


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
    for step in steps:
        if "code" not in step.properties:
            yield f"step {step.display!r} (line {step.line}) has no 'code', so it does nothing"
    for key in dict.fromkeys([*file.unused, *pipeline.unused]):
        yield f"{key!r} means nothing here: steps run on this machine, not in a container"
    if pipeline.after_steps:
        yield "'after-steps' do not run in this version of the engine"
    yield f"pipeline {pipeline.name!r} of {name}: {len(steps)} step{'' if len(steps) == 1 else 's'}"
