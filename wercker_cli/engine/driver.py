"""Drives one run from its checkout to its end. It knows a job and a port, not the store."""

from __future__ import annotations

import importlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from wercker_cli.engine import git, pipeline_file, processes, session
from wercker_cli.engine.clock import now_ms
from wercker_cli.engine.port import Aborted, Job, Lost, Port, StepEvent
from wercker_cli.engine.session import Planned, Session
from wercker_cli.errors import Refused, WerckerError

if TYPE_CHECKING:
    from wercker_cli.engine.wercker_yml import File, Pipeline, Step

GET_CODE, SET_UP, FIRST_PLANNED = 1, 2, 3
BEAT = 1.0  # seconds
MAIN = "mainSteps"
TARGET = "WERCKER_DEPLOYTARGET_NAME"
LONGEST_MESSAGE = 2000  # characters


class _Failed(Exception):
    """A step failed and was reported; nothing behind it runs."""


def drive(job: Job, port: Port, wakeup: int) -> None:
    """Executes a run to its end. Afterwards nothing of it is left but its logs and what it left as its artifact."""
    result, message = "failed", ""
    try:
        _Execution(job, port, wakeup).execute()
        result = "passed"
    except _Failed:
        pass
    except Aborted:
        result = "aborted"
    except Lost:
        processes.end_descendants(port.spared)
        return
    except Exception as error:  # a bug of ours must not pass for a killed process
        message = f"Internal error of the engine: {type(error).__name__}: {error}"
    processes.end_descendants(port.spared)
    port.set_aside(job, keep_output=result == "passed")
    port.finish(job, result, message)


class _Execution:
    """One run on its way: its folders, and when its worker last said that it is alive."""

    def __init__(self, job: Job, port: Port, wakeup: int) -> None:
        self.job, self.port, self.wakeup = job, port, wakeup
        self.work = port.work(job)
        self.root = os.path.join(self.work, "source")
        self.beaten = time.monotonic()

    def execute(self) -> None:
        """All of the run's steps; raises _Failed, Aborted or Lost."""
        with self.step(GET_CODE) as log:
            self.get_code(log)
        with self.step(SET_UP) as log:
            file, row = self.set_up(log)
        self.run_session(row[:-1], list(self.variables(file.source_dir)))
        with self.step(row[-1].position) as log:
            output = os.path.join(self.work, "output")
            files = any(files for _, _, files in os.walk(output))
            kept = f"what is in WERCKER_OUTPUT_DIR is kept: {self.port.artifact(self.job)}"
            _say(log, kept if files else "WERCKER_OUTPUT_DIR is empty")

    @contextmanager
    def step(self, position: int) -> Iterator[IO[bytes]]:
        """A step that we do ourselves, with its log; what goes wrong in it fails the run."""
        path = self.port.log(self.job, position)
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        self.port.report(self.job, [StepEvent(position, now_ms())])
        with open(path, "ab") as log:
            try:
                yield log
            except (WerckerError, OSError) as error:
                said = error.message if isinstance(error, WerckerError) else f"{error.strerror}: {error.filename}"
                _say(log, said)
                self.port.report(self.job, [StepEvent(position, now_ms(), "failed", said)])
                raise _Failed from None
        self.port.report(self.job, [StepEvent(position, now_ms(), "passed")])

    def get_code(self, log: IO[bytes]) -> None:
        """A clean checkout of exactly the run's commit."""
        job = self.job
        for folder in ("output", "report", "session"):
            os.makedirs(os.path.join(self.work, folder), mode=0o700)
        os.makedirs(self.port.cache(job), mode=0o700, exist_ok=True)
        _say(log, f"commit {job.commit} of {job.repository}")
        clone = ["clone", "--quiet", "--shared", "--no-checkout", "--template="]
        if os.path.isdir(job.snapshots) and job.snapshots != job.repository:
            clone += ["--reference", job.snapshots]
        self.run(["git", *git.NO_HOOKS, *clone, "--", job.repository, self.root], log)
        on_branch = ["--detach"] if job.branch == "HEAD" or job.tag else ["-B", job.branch]
        self.run(["git", *git.NO_HOOKS, "-C", self.root, "checkout", "--quiet", *on_branch, job.commit, "--"], log)

    def run(self, command: list[str], log: IO[bytes]) -> None:
        """A command whose output goes to the log; it ends with the run. Raises GitError where it fails."""
        log.flush()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=git.environment(self.marked())
        )
        _get_ready()
        while process.poll() is None:
            self.pause()
        if process.returncode != 0:
            raise git.GitError(f"The code could not be had: git exited with exit code {process.returncode}")

    def set_up(self, log: IO[bytes]) -> tuple[File, list[Planned]]:
        """What the commit's own wercker.yml says, and the steps from wercker-init to store."""
        from wercker_cli.engine import wercker_yml

        name = pipeline_file.find(self.root)
        if name is None:
            raise Refused("this commit has no wercker.yml at its root")
        file = wercker_yml.read(pipeline_file.text(self.root, name), name)
        pipeline = _pipeline(file, self.job.pipeline, name)
        target = dict(self.job.env_vars).get(TARGET, "")
        steps = pipeline.targets.get(target, pipeline.steps)
        for step in steps:
            _check(step, name)
        for note in _notes(pipeline, target, steps):
            _say(log, note)
        for key in dict.fromkeys([*file.unused, *pipeline.unused]):
            _say(log, f"{key!r} means nothing here: steps run on this machine, not in a container")
        if pipeline.after_steps:
            _say(log, "'after-steps' do not run in this version of the engine")
        _say(log, f"pipeline {pipeline.name!r} of {name}: {len(steps)} step{'' if len(steps) == 1 else 's'}")
        names = ["wercker-init", *(step.display for step in steps), "store"]
        ids = self.port.plan(self.job, [(name, MAIN) for name in names], FIRST_PLANNED)
        planned = [
            Planned(
                position=position,
                id=id_,
                log=self.port.log(self.job, position),
                report=os.path.join(self.work, "report", id_),
                step=step,
            )
            for position, (id_, step) in enumerate(zip(ids, [None, *steps, None], strict=True), FIRST_PLANNED)
        ]
        return file, planned

    def variables(self, source_dir: str) -> Iterator[tuple[str, str]]:
        """The variables of a run, in the order in which they are exported; the user's come last and win."""
        job = self.job
        yield from {"WERCKER": "true", "CI": "true", "BUILD": "true", "TERM": "xterm-256color"}.items()
        yield "WERCKER_ROOT", self.root
        yield "WERCKER_SOURCE_DIR", os.path.normpath(os.path.join(self.root, source_dir))
        yield "WERCKER_OUTPUT_DIR", os.path.join(self.work, "output")
        yield "WERCKER_CACHE_DIR", self.port.cache(job)
        yield "WERCKER_PIPELINE_DIR", self.work
        yield "WERCKER_REPORT_DIR", os.path.join(self.work, "report")
        for kind in ("RUN", "BUILD"):
            yield f"WERCKER_{kind}_ID", job.run
            yield f"WERCKER_{kind}_URL", job.url
        yield "WERCKER_APPLICATION_ID", job.application
        yield "WERCKER_APPLICATION_NAME", job.application_name
        yield "WERCKER_APPLICATION_OWNER_NAME", job.application_owner
        yield "WERCKER_APPLICATION_URL", job.application_url
        yield "WERCKER_GIT_BRANCH", job.branch
        yield "WERCKER_GIT_COMMIT", job.commit
        yield "WERCKER_GIT_TAG", job.tag
        yield "WERCKER_GIT_DOMAIN", job.remote.domain
        yield "WERCKER_GIT_OWNER", job.remote.owner
        yield "WERCKER_GIT_REPOSITORY", job.remote.repository
        yield "WERCKER_STARTED_BY", job.started_by
        yield "WERCKER_MAIN_PIPELINE_STARTED", str(job.started)
        yield from job.env_vars

    def run_session(self, row: list[Planned], variables: list[tuple[str, str]]) -> None:
        """The steps in one bash; an `exit 0` ends that one, and the steps behind it get another."""
        for planned in row:
            os.makedirs(os.path.join(planned.report, "artifacts"), mode=0o700)
        folder = os.path.join(self.work, "session")
        while row:
            with Session(session.write_script(folder, variables, row), self.marked(), self.root) as bash:
                row = row[self.follow(bash, row) :]

    def marked(self) -> dict[str, str]:
        """The environment in which the run's processes start, with the mark by which they are found again."""
        return {**self.job.host_vars, processes.MARK: self.job.run}

    def follow(self, bash: Session, row: list[Planned]) -> int:
        """How many steps passed before bash ended; raises _Failed where one did not."""
        passed, current = 0, None
        wait_status = None
        while wait_status is None:
            self.pause(bash.events)
            wait_status = processes.reap().get(bash.pid)
            reports = []
            for event in bash.read():
                if passed == len(row) or event.position != row[passed].position:
                    continue  # not ours: a step found the descriptor
                current = None if event.passed else row[passed]
                if event.passed:
                    reports.append(StepEvent(event.position, event.at, "passed", _message(row[passed])))
                    passed += 1
                else:
                    reports.append(StepEvent(event.position, event.at))
            if reports:
                self.port.report(self.job, reports)
        if current is None and passed == len(row):
            return passed
        status = bash.exit_status(wait_status)
        ended = current or row[passed]
        if status != 0 or current is None:
            said = _message(ended) or session.ended_by(status)
            self.port.report(self.job, [StepEvent(ended.position, now_ms(), "failed", said)])
            raise _Failed
        with open(ended.log, "ab") as log:
            _say(log, "'exit 0' ended the shell that all steps share: the next step gets a new one")
        self.port.report(self.job, [StepEvent(ended.position, now_ms(), "passed", _message(ended))])
        return passed + 1

    def pause(self, *descriptors: int) -> None:
        """Waits for a child's end, for something to read, or for the next beat; raises Aborted or Lost."""
        select.select([self.wakeup, *descriptors], [], [], BEAT)
        woken = signal.SIGUSR1 in processes.drain(self.wakeup)
        if woken or time.monotonic() - self.beaten >= BEAT:
            self.beaten = time.monotonic()
            self.port.beat(self.job)


def _pipeline(file: File, wanted: str, name: str) -> Pipeline:
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


def _notes(pipeline: Pipeline, target: str, steps: tuple[Step, ...]) -> Iterator[str]:
    """What passes, and is probably a slip."""
    if target and target not in pipeline.targets:
        known = ", ".join(pipeline.targets) or "none"
        yield f"there is no deploy target {target!r}, so 'steps' run; deploy targets: {known}"
    if not steps:
        known = f"; its deploy targets: {', '.join(pipeline.targets)}" if pipeline.targets else ""
        yield f"pipeline {pipeline.name!r} has no steps{known}"
    for step in steps:
        if "code" not in step.properties:
            yield f"step {step.display!r} (line {step.line}) has no 'code', so it does nothing"


def _message(planned: Planned) -> str:
    """What the step left as its message, or ''."""
    try:
        with open(session.message_file(planned), encoding="utf-8", errors="replace") as file:
            return file.read(LONGEST_MESSAGE).strip()
    except OSError:
        return ""


def _say(log: IO[bytes], text: str) -> None:
    log.write(f"{text}\n".encode(errors="surrogateescape"))


def _get_ready() -> None:
    """What the steps need, loaded while git works."""
    importlib.import_module("wercker_cli.engine.wercker_yml")
    processes.adopt_orphans()
