"""What the driver of a run may ask of the engine; here, on the machine of the store.

A worker elsewhere would get the same job as data and put another port in this one's place.
"""

import json
from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from wercker_cli.engine import dispatch, folders, git, objects, queue, snapshot
from wercker_cli.engine.store import Row, Store, now_ms


class Job(NamedTuple):
    """A run to be executed, as plain data."""

    run: str
    url: str
    pipeline: str
    application: str
    application_name: str
    application_owner: str
    application_url: str
    remote: git.Remote
    repository: str
    snapshots: str  # the repository that holds commits which no branch shows
    branch: str
    tag: str
    commit: str
    source_run: str
    started_by: str
    started: int  # seconds since 1970
    env_vars: list[tuple[str, str]]
    host_vars: dict[str, str]


class Word(Enum):
    """What a worker hears when it reports that it is alive."""

    GO_ON = "go on"
    ABORT = "abort"
    LOST = "lost"  # somebody else settled the run: end everything and say nothing


class StepEvent(NamedTuple):
    """A step that started (`result` '') or ended, at a time in milliseconds since 1970."""

    position: int
    at: int
    result: str = ""
    message: str = ""


class Port:
    """The store and the state folder, as one worker may use them."""

    def __init__(self, store: Store, worker: str, base: str) -> None:
        self._store = store
        self._worker = worker
        self._base = base

    def claim(self) -> Job | None:
        """The next run, which is this worker's from now on; None where none waits."""
        row = queue.claim(self._store, self._worker)
        return self._job(row) if row else None

    def beat(self, job: Job) -> Word:
        """Says that the worker is alive, and hears how to go on."""
        row = queue.beat(self._store, job.run, self._worker)
        if row is None:
            return Word.LOST
        return Word.ABORT if row["abort"] else Word.GO_ON

    def plan(self, job: Job, steps: list[tuple[str, str]], first: int) -> list[str]:
        """Announces the steps behind the internal ones, as names with phases; gives their ids."""
        with self._store.transaction():
            self._store.add_steps(job.run, steps, first=first, now=now_ms())
            queue.begin_main_steps(self._store, job.run, self._worker)
        return [row["id"] for row in self._store.steps(job.run)[first - 1 :]]

    def report(self, job: Job, events: Iterable[StepEvent]) -> None:
        """Steps that started or ended, in one transaction."""
        with self._store.transaction():
            for event in events:
                if event.result:
                    queue.finish_step(self._store, job.run, event.position, event.at, event.result, event.message)
                else:
                    queue.start_step(self._store, job.run, event.position, event.at)

    def finish(self, job: Job, result: str, message: str = "") -> None:
        """Ends the run; a message belongs to the step in which it ended. Says nothing for a run that was lost."""
        queue.finish(self._store, job.run, self._worker, result, message)

    def log(self, job: Job, position: int) -> str:
        """The path of a step's log."""
        return folders.log(self._store.home, job.run, position)

    def work(self, job: Job) -> str:
        """The folder that is the run's while it executes."""
        return folders.work(self._store.home, job.run)

    def spared(self) -> frozenset[int]:
        """The processes that outlive the run though a step of it started them: other workers."""
        return dispatch.spared(self._store)

    def cache(self, job: Job) -> str:
        """The folder that stays from run to run of an application."""
        return folders.cache(self._store.home, job.application)

    def clean(self, job: Job, *, keep_output: bool) -> None:
        """Takes the working copy away; the output of a run that passed stays as its artifact."""
        folders.clean(self._store.home, job.run, keep_output=keep_output)

    def _job(self, row: Row) -> Job:
        run = objects.run_object(row, self._base, whole=True)
        return Job(
            run=row["id"],
            url=run["url"],
            pipeline=row["pipeline_name"],
            application=row["application"],
            application_name=row["application_name"],
            application_owner=row["application_owner"],
            application_url=run["application"]["url"],
            remote=git.remote(row["remote"]),
            repository=row["repository"],
            snapshots=snapshot.repository(self._store.home, row["application"]),
            branch=row["branch"],
            tag=row["tag"],
            commit=row["commit_hash"],
            source_run=row["source_run"] or "",
            started_by=row["author"],
            started=row["created_at"] // 1000,
            env_vars=[(variable["key"], variable["value"]) for variable in json.loads(row["env_vars"])],
            host_vars=json.loads(row["host_vars"]),
        )
