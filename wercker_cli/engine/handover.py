"""What a run takes over from its source run, and what it and its steps leave behind; for the driver of a run."""

import os
from collections.abc import Callable
from typing import IO

from wercker_cli.engine import folders
from wercker_cli.engine.apart import apart
from wercker_cli.engine.artifacts import NOT_OF_A_CHECKOUT, say
from wercker_cli.engine.port import Job, Port
from wercker_cli.errors import Refused

Pause = Callable[[], None]


def take_over(port: Port, job: Job, root: str, log: IO[bytes], pause: Pause) -> None:
    """The artifacts of its source runs as the folder `root`; raises Refused where they cannot be had."""
    for folder, run in job.inputs:
        place = f"in the folder {folder}" if folder else "in place of a checkout"
        say(log.fileno(), f"the artifact of run {run}, {place}")
    apart(lambda: port.restore(job, root, log.fileno()), pause)


def leave(port: Port, job: Job, work: str, log: IO[bytes], pause: Pause, *, at_once: bool = False) -> None:
    """Makes the artifact of what is in WERCKER_OUTPUT_DIR; else the checkout will be it, or is it `at_once`.

    That is for a run with steps to come that could change the checkout. Raises Refused where there is no room.
    """
    output, checkout, target = os.path.join(work, "output"), os.path.join(work, "source"), port.artifact(job)
    if folders.holds_files(output):
        apart(lambda: _pack(output, target, work, log), pause)
        say(log.fileno(), "what is in WERCKER_OUTPUT_DIR is the artifact of this run")
        return
    if at_once:
        apart(lambda: _pack(checkout, target, work, log, without=NOT_OF_A_CHECKOUT), pause)
    say(log.fileno(), "WERCKER_OUTPUT_DIR is empty: the checkout is the artifact of this run")


def collect(port: Port, job: Job, position: int, left: str, pause: Pause) -> None:
    """Keeps what a step left in its WERCKER_REPORT_ARTIFACTS_DIR; its log says what could not be kept."""
    if not folders.holds_files(left):
        return
    target, work = port.step_artifacts(job, position), port.work(job)
    os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
    with open(port.log(job, position), "ab") as log:
        try:
            apart(lambda: _pack(left, target, work, log), pause)
        except Refused as error:
            say(log.fileno(), f"what is in WERCKER_REPORT_ARTIFACTS_DIR is not kept: {error.message}")


def _pack(folder: str, target: str, work: str, log: IO[bytes], without: frozenset[str] = frozenset()) -> None:
    """What is not finished is in the run's own folder, which goes whatever happens."""
    from wercker_cli import archive  # most runs leave nothing

    unfinished = os.path.join(work, "unfinished.tar.gz")
    archive.pack(folder, target, lambda text: say(log.fileno(), text), unfinished=unfinished, without=without)
