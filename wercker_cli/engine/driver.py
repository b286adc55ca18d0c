"""Drives one run from its checkout to its end. It knows a job and a port, not the store."""

from __future__ import annotations

import importlib
import math
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

from wercker_cli.engine import (
    caches,
    environment_file,
    get_code,
    git,
    handover,
    ignored,
    processes,
    script,
    session,
    step_ends,
)
from wercker_cli.engine.artifacts import say
from wercker_cli.engine.clock import now_ms
from wercker_cli.engine.port import Aborted, Job, Lost, Port, StepEvent
from wercker_cli.engine.script import Planned
from wercker_cli.engine.session import Session
from wercker_cli.engine.time_limit import Limits, Stopwatch
from wercker_cli.engine.variables import STEPS_PATH, variables
from wercker_cli.errors import Refused, WerckerError

if TYPE_CHECKING:
    from wercker_cli.engine.plan import Work

GET_CODE, SET_UP, FIRST_PLANNED = 1, 2, 3
BEAT = 1.0  # seconds
HASTE = 5.0  # seconds between two beats, at most
MAIN, FINAL = "mainSteps", "finalSteps"
INIT, STORE = "wercker-init", "store"


class _Failed(Exception):
    """A step failed and was reported; no main step behind it runs."""

    def __init__(self, display: str, message: str) -> None:
        super().__init__(message)
        self.display, self.message = display, message


def drive(job: Job, port: Port, wakeup: int) -> None:
    """Executes a run to its end. Afterwards nothing of it is left but its logs and what it left as its artifact."""
    result, message = "failed", ""
    execution = _Execution(job, port, wakeup)
    try:
        execution.execute()
        result = "passed"
    except _Failed:
        pass
    except Aborted:
        result = "aborted"
    except Lost:
        processes.end_descendants(port.spared)
        port.set_aside(job, passed=False)
        return
    except (WerckerError, OSError) as error:
        message = step_ends.sentence(error)
    except Exception as error:  # a bug of ours must not pass for a killed process
        port.note_fault()
        message = f"Internal error of the engine: {type(error).__name__}: {error}"
    processes.end_descendants(port.spared)
    if result == "aborted":
        with suppress(WerckerError, OSError):  # what a step left is no reason to lose the run
            execution.collect_left()
    port.set_aside(job, passed=result == "passed")
    port.finish(job, result, message)


class _Execution:
    """One run on its way: its folders, and when its worker last said that it is alive."""

    def __init__(self, job: Job, port: Port, wakeup: int) -> None:
        self.job, self.port, self.wakeup = job, port, wakeup
        self.work = port.work(job)
        self.root = os.path.join(self.work, "source")
        self.source_dir = self.root
        self.given = job.env_vars
        self.limits = Limits(math.inf, math.inf)
        self.cache = ""
        self.beaten = time.monotonic()
        self.collectable: dict[int, str] = {}  # what steps may have left, by their positions

    def execute(self) -> None:
        """All of the run's steps; raises _Failed, Aborted or Lost."""
        with self.step(GET_CODE, "get code") as log:
            self.get_code(log)
        with self.step(SET_UP, "setup environment") as log:
            main, after = self.set_up(log)
        failed = None
        try:
            self.run_session(main[:-1], self.own_variables())
            with self.step(main[-1].position, main[-1].display) as log:
                caches.drop_large(self.port, self.job, self.cache, log)
                handover.leave(self.port, self.job, self.work, log, self.pause, at_once=bool(after))
        except _Failed as error:
            failed = error
        if after:
            self.after(after, failed)
        if failed:
            raise failed

    def after(self, row: list[Planned], failed: _Failed | None) -> None:
        """The after-steps, once nothing of the main steps is alive; whether they pass does not matter to the run."""
        processes.end_descendants(self.port.spared)
        result = [("WERCKER_RESULT", "failed" if failed else "passed")]
        if failed:
            result += [
                ("WERCKER_FAILED_STEP_DISPLAY_NAME", failed.display),
                ("WERCKER_FAILED_STEP_MESSAGE", failed.message),
            ]
        try:
            self.run_session(row, self.own_variables() + result)
        except _Failed:  # it was reported, and the result is that of the main steps
            return

    @contextmanager
    def step(self, position: int, display: str) -> Iterator[IO[bytes]]:
        """A step that we do ourselves, with its log; what goes wrong in it fails the run."""
        path = self.port.log(self.job, position)
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        self.port.report(self.job, [StepEvent(position, now_ms())])
        with open(path, "ab") as log:
            try:
                yield log
            except (WerckerError, OSError) as error:
                said = step_ends.sentence(error)
                _say(log, str(error) if isinstance(error, WerckerError) else said)  # all mistakes of a wercker.yml
                self.port.report(self.job, [StepEvent(position, now_ms(), "failed", said)])
                raise _Failed(display, said) from None
        self.port.report(self.job, [StepEvent(position, now_ms(), "passed")])

    def get_code(self, log: IO[bytes]) -> None:
        """A clean checkout of exactly the run's commit, or what its source run left."""
        job = self.job
        for folder in ("output", "report", "session"):
            os.makedirs(os.path.join(self.work, folder), mode=0o700)
        if job.inputs:
            handover.take_over(self.port, job, self.root, log, self.pause)
            _get_ready()
        else:
            get_code.check_out(job, self.root, lambda command: self.run(command, log), lambda text: _say(log, text))

    def run(self, command: list[str], log: IO[bytes]) -> None:
        """A command whose output goes to the log; it ends with the run. Raises GitError where it fails."""
        log.flush()
        start = log.tell()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=git.environment(self.marked())
        )
        _get_ready()
        while process.poll() is None:
            self.pause()
        if process.returncode != 0:
            raise git.GitError(f"The code could not be had: {git.complaint(log.name, start, process.returncode)}")

    def set_up(self, log: IO[bytes]) -> tuple[list[Planned], list[Planned]]:
        """The run's main steps from wercker-init to store, and its after-steps with the wercker-init before them."""
        from wercker_cli.engine import plan

        self.port.remember_file(self.job, self.root)
        target = dict(self.job.env_vars).get(plan.TARGET, "")
        name, file = plan.read(self.root)
        left_out = ignored.leave_out(self.root, file.ignore_file, name)
        found = plan.make(name, file, self.root, self.job.pipeline, target, self.job.host_vars.get(STEPS_PATH, ""))
        for note in filter(None, [left_out, *found.notes]):
            _say(log, note)
        self.source_dir, self.limits = os.path.normpath(os.path.join(self.root, found.source_dir)), found.limits
        self.cache = caches.take(self.port, self.job, self.work, log)
        self.given = self.given_variables(log)
        main = [(INIT, None), *((work.display, work) for work in found.steps), (STORE, None)]
        after = [(INIT, None), *((work.display, work) for work in found.after_steps)] if found.after_steps else []
        phases = [MAIN] * len(main) + [FINAL] * len(after)
        names = [(display, phase) for (display, _), phase in zip(main + after, phases, strict=True)]
        ids = self.port.plan(self.job, names, FIRST_PLANNED)
        planned = [
            Planned(
                position=position,
                id=id_,
                log=self.port.log(self.job, position),
                report=os.path.join(self.work, "report", id_),
                display=display,
                work=self.with_own_folder(work, position),
            )
            for position, (id_, (display, work)) in enumerate(zip(ids, main + after, strict=True), FIRST_PLANNED)
        ]
        return planned[: len(main)], planned[len(main) :]

    def with_own_folder(self, work: Work | None, position: int) -> Work | None:
        """The work with a folder that the run may use."""
        if work is None or not work.folder:
            return work
        from wercker_cli.engine import step_folders

        copy = os.path.join(self.work, "steps", str(position))
        return work._replace(folder=step_folders.for_the_run(work.folder, self.root, copy))

    def own_variables(self) -> list[tuple[str, str]]:
        """The variables that a session of this run begins with."""
        job, source_dir = self.job, self.source_dir
        return list(variables(job, work=self.work, root=self.root, cache=self.cache, source_dir=source_dir))

    def given_variables(self, log: IO[bytes]) -> list[tuple[str, str]]:
        """Those of the ENVIRONMENT file and of the workflow's `envFile` that nothing else sets, and the person's."""
        given = [*self.own_variables(), *self.job.env_vars]
        taken = {name for name, _ in given} | self.job.host_vars.keys() | self.job.secrets.keys() | {processes.MARK}
        of_files: list[tuple[str, str]] = []
        for file in filter(None, (self.job.env_file, environment_file.NAME)):
            found, notes = environment_file.read(self.place_of(file), file, taken)
            of_files += found
            taken |= {name for name, _ in found}
            for note in notes:
                _say(log, note)
        return [*of_files, *self.job.env_vars]

    def place_of(self, file: str) -> str:
        """The folder below which a file of variables is: the checkout, or what another run left may lack it."""
        content = None
        if self.job.inputs and not os.path.isfile(os.path.join(self.root, file)):
            content = get_code.content(self.job, file)
        if content is None:
            return self.root
        place = os.path.join(self.work, "commit")
        os.makedirs(os.path.dirname(os.path.join(place, file)))
        with open(os.path.join(place, file), "wb") as copy:
            copy.write(content)
        return place

    def no_secrets(self, variables: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """The variables less the secret ones: bash has them from its start, and no file of the run holds them."""
        return [pair for pair in variables if pair[0] not in self.job.secrets]

    def run_session(self, row: list[Planned], own: list[tuple[str, str]]) -> None:
        """The steps in one bash; an `exit 0` ends that one, and the steps behind it get another."""
        for planned in row:
            self.collectable[planned.position] = os.path.join(planned.report, "artifacts")
            os.mkdir(planned.report, mode=0o700)
            os.mkdir(self.collectable[planned.position], mode=0o700)
        folder = os.path.join(self.work, "session")
        opening = script.Opening(self.no_secrets(own), self.no_secrets(self.given))
        environment = {**self.job.host_vars, **self.job.secrets, processes.MARK: self.job.run}
        while row:
            with Session(script.write(folder, opening, row), environment, self.root) as bash:
                row = row[self.follow(bash, row) :]

    def marked(self) -> dict[str, str]:
        """The environment in which the run's processes start, with the mark by which they are found again."""
        return {**self.job.host_vars, processes.MARK: self.job.run}

    def follow(self, bash: Session, row: list[Planned]) -> int:
        """How many steps passed before bash ended; raises _Failed where one did not."""
        passed = 0
        current: Planned | None = None
        watch = None
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
                    self.collect(event.position, self.pause)
                    reports.append(StepEvent(event.position, event.at, "passed", step_ends.message(row[passed])))
                    passed += 1
                else:
                    reports.append(StepEvent(event.position, event.at))
                    watch = Stopwatch(row[passed].log, self.limits)
            if reports:
                self.port.report(self.job, reports)
            if current and watch and wait_status is None and (late := watch.over())[0]:
                self.end_late(current, *late)
        if current is None and passed == len(row):
            return passed
        status = bash.exit_status(wait_status)
        ended = current or row[passed]
        if status != 0 or current is None:
            raise self.failed(ended, step_ends.message(ended) or session.ended_by(status) + step_ends.full(ended.log))
        with open(ended.log, "ab") as log:
            _say(log, "'exit 0' ended the shell that all steps share: the next step gets a new one")
        self.collect(ended.position, self.pause)
        self.port.report(self.job, [StepEvent(ended.position, now_ms(), "passed", step_ends.message(ended))])
        return passed + 1

    def end_late(self, planned: Planned, said: str, limit: str) -> None:
        """Ends a step that took too long, with all that it started; raises _Failed."""
        processes.end_descendants(self.port.spared)
        with open(planned.log, "ab+") as log:
            if log.tell() and os.pread(log.fileno(), 1, log.tell() - 1) != b"\n":
                _say(log, "")
            _say(log, f"{said} (the limit is {limit})")
        raise self.failed(planned, said)

    def failed(self, planned: Planned, said: str) -> _Failed:
        """What to raise for a step that failed, which is reported."""
        self.collect(planned.position, self.pause)
        self.port.report(self.job, [StepEvent(planned.position, now_ms(), "failed", said)])
        return _Failed(planned.display, self.port.told(self.job, said))

    def collect(self, position: int, pause: Callable[[], None]) -> None:
        """Keeps what a step left in its WERCKER_REPORT_ARTIFACTS_DIR."""
        handover.collect(self.port, self.job, position, self.collectable[position], pause)
        del self.collectable[position]

    def collect_left(self) -> None:
        """Keeps what those steps left that an abort ended."""
        for position in list(self.collectable):
            self.collect(position, self.hurry)

    def hurry(self) -> None:
        """Waits for a child of an aborted run; raises Refused where that takes too long."""
        select.select([self.wakeup], [], [], BEAT)
        processes.drain(self.wakeup)
        if time.monotonic() - self.beaten >= HASTE:
            raise Refused("the run was aborted, and it takes too long")

    def pause(self, *descriptors: int) -> None:
        """Waits for a child's end, for something to read, or for the next beat; raises Aborted or Lost."""
        select.select([self.wakeup, *descriptors], [], [], BEAT)
        woken = signal.SIGUSR1 in processes.drain(self.wakeup)
        if woken or time.monotonic() - self.beaten >= BEAT:
            self.beaten = time.monotonic()
            self.port.beat(self.job)


def _say(log: IO[bytes], text: str) -> None:
    say(log.fileno(), text)


def _get_ready() -> None:
    """What the steps need, loaded while git works."""
    importlib.import_module("wercker_cli.engine.plan")
    processes.adopt_orphans()
