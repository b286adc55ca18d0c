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
from typing import IO

from wercker_cli.engine import environment_file, git, ignored, processes, session
from wercker_cli.engine.clock import now_ms
from wercker_cli.engine.port import Aborted, Job, Lost, Port, StepEvent
from wercker_cli.engine.session import Planned, Session
from wercker_cli.engine.variables import variables
from wercker_cli.errors import WerckerError

GET_CODE, SET_UP, FIRST_PLANNED = 1, 2, 3
BEAT = 1.0  # seconds
MAIN = "mainSteps"
LONGEST_MESSAGE = 200_000  # characters that are read: what is shown of it is cut once its secrets are masked


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
        self.has_cache = False
        self.beaten = time.monotonic()

    def execute(self) -> None:
        """All of the run's steps; raises _Failed, Aborted or Lost."""
        with self.step(GET_CODE) as log:
            self.get_code(log)
        with self.step(SET_UP) as log:
            source_dir, row = self.set_up(log)
            exports = self.exports(log, source_dir, self.take_cache(log))
        self.run_session(row[:-1], exports)
        with self.step(row[-1].position) as log:
            self.drop_large_cache(log)
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

    def set_up(self, log: IO[bytes]) -> tuple[str, list[Planned]]:
        """The `source-dir` of the commit's own wercker.yml, and the run's steps from wercker-init to store."""
        from wercker_cli.engine import plan

        found = plan.read(self.root, self.job.pipeline, dict(self.job.env_vars).get(plan.TARGET, ""))
        for note in found.notes:
            _say(log, note)
        left_out = ignored.leave_out(self.root, found.ignore_file, found.file)
        if left_out:
            _say(log, left_out)
        steps = found.steps
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
        return found.source_dir, planned

    def take_cache(self, log: IO[bytes]) -> str:
        """The folder for WERCKER_CACHE_DIR: that of the application, or one of the run where another run has that."""
        cache = self.port.cache(self.job)
        self.has_cache = cache is not None
        if cache is None:
            cache = os.path.join(self.work, "cache")
            _say(log, "another run of this application has its cache: this one has an empty one that is not kept")
        self.drop_large_cache(log)  # of a run that failed: it has no "store"
        os.makedirs(cache, mode=0o700, exist_ok=True)
        return cache

    def drop_large_cache(self, log: IO[bytes]) -> None:
        """What nobody cleans up must not grow for ever."""
        if self.has_cache and self.port.drop_large_cache(self.job):
            _say(log, "the cache was larger than 1000 MB, and is dropped")

    def exports(self, log: IO[bytes], source_dir: str, cache: str) -> list[tuple[str, str]]:
        """The variables of the run in their order: ours, those of the ENVIRONMENT file, the user's, which win.

        Secret ones are not among them: bash has them from its start, and no file of the run holds them.
        """
        ours = list(variables(self.job, work=self.work, root=self.root, cache=cache, source_dir=source_dir))
        taken = {name for name, _ in [*ours, *self.job.env_vars]} | self.job.host_vars.keys() | self.job.secrets.keys()
        of_file, notes = environment_file.read(self.root, taken)
        for note in notes:
            _say(log, note)
        return [pair for pair in [*ours, *of_file, *self.job.env_vars] if pair[0] not in self.job.secrets]

    def run_session(self, row: list[Planned], exports: list[tuple[str, str]]) -> None:
        """The steps in one bash; an `exit 0` ends that one, and the steps behind it get another."""
        for planned in row:
            os.makedirs(os.path.join(planned.report, "artifacts"), mode=0o700)
        folder = os.path.join(self.work, "session")
        environment = {**self.job.host_vars, **self.job.secrets, processes.MARK: self.job.run}
        while row:
            with Session(session.write_script(folder, exports, row), environment, self.root) as bash:
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
    importlib.import_module("wercker_cli.engine.plan")
    processes.adopt_orphans()
