"""What the driver of a run may ask of the engine; here, on the machine of the store.

A worker elsewhere would get the same job as data and put another port in this one's place.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from wercker_cli.engine import artifacts, dispatch, folders, git, objects, queue, secrets, snapshot, workflow_runs
from wercker_cli.engine.clock import now_ms
from wercker_cli.engine.store import Row, Store
from wercker_cli.errors import Unreachable

LONGEST_MESSAGE = 2000  # characters


class Job(NamedTuple):
    """A run to be executed, as plain data."""

    run: str
    url: str
    pipeline: str
    application: str
    application_name: str
    application_owner: str
    application_url: str
    origin: str  # the URL of the remote, '' for none
    remote: git.Remote
    repository: str
    called: str  # what the log calls that: its folder, or OWNER/NAME where others may read it
    snapshots: str  # the repository that holds commits which no branch shows
    branch: str
    tag: str
    commit: str
    started_by: str
    started: int  # seconds since 1970
    env_vars: list[tuple[str, str]]  # the person's, without the secret ones
    secrets: dict[str, str]  # their names and values
    host_vars: dict[str, str]
    source: str = ""  # the run that started it, or that it starts from
    inputs: Sequence[tuple[str, str]] = ()  # folders, '' for the checkout itself, and the runs whose artifacts go there
    workflow: str = ""
    env_file: str = ""  # of variables, '' for none
    trouble: str = ""  # why the commit could not be fetched, '' where it was


class Aborted(Exception):
    """Somebody asked for the end of the run."""


class Lost(Exception):
    """Somebody else settled the run, or removed the state folder: end everything and say nothing."""


class StepEvent(NamedTuple):
    """A step that started (`result` '') or ended, at a time in milliseconds since 1970."""

    position: int
    at: int
    result: str = ""
    message: str = ""


class Port:
    """The store and the state folder, as one worker may use them."""

    def __init__(self, store: Store, worker: str) -> None:
        self._store = store
        self._worker = worker

    def claim(self) -> Job | None:
        """The next run, which is this worker's from now on; None where none waits."""
        row = queue.claim(self._store, self._worker)
        return self._job(row) if row else None

    def beat(self, job: Job) -> None:
        """Says that the worker is alive; raises Aborted or Lost where it must not go on.

        A newer version that has taken over meanwhile is no reason: what has begun ends here.
        """
        row = queue.beat(self._store, job.run, self._worker)
        if row is None or not self._store.is_in_place():
            raise Lost
        if row["abort"]:
            raise Aborted

    def plan(self, job: Job, steps: list[tuple[str, str]], first: int) -> list[str]:
        """Announces the steps behind the internal ones, as names with phases; gives their ids. Raises Lost."""
        with self._own(job):
            ids = self._store.add_steps(job.run, steps, first=first, now=now_ms())
            queue.begin_main_steps(self._store, job.run)
        return ids

    def report(self, job: Job, events: Iterable[StepEvent]) -> None:
        """Steps that started or ended, in one transaction, with their messages masked. Raises Lost."""
        told = [event._replace(message=self.told(job, event.message)) for event in events]
        with self._own(job):
            for event in told:
                if event.result:
                    queue.finish_step(self._store, job.run, event.position, event.at, event.result, event.message)
                else:
                    queue.start_step(self._store, job.run, event.position, event.at)
            if any(event.result for event in told):
                queue.count_progress(self._store, job.run)

    def finish(self, job: Job, result: str, message: str = "") -> None:
        """Ends the run, whose secrets are gone then; a message is for the step in which it ended.

        What follows in its workflow is queued at once. Does nothing for a run that was lost.
        """
        values = secrets.values(self._store.home, job.run)
        secrets.forget(self._store.home, job.run)

        def then() -> None:
            if result == "passed" and job.workflow:
                workflow_runs.follow(self._store, job.run, values)

        try:
            queue.finish(self._store, job.run, self._worker, result, message, then)
        except Unreachable:  # perhaps it was this run that has filled the disk
            folders.empty_trash(self._store.home)
            queue.finish(self._store, job.run, self._worker, result, message, then)

    def note_fault(self) -> None:
        """Keeps the traceback of the exception that is handled, for whoever looks for our fault."""
        folders.note_fault(self._store.home)

    def log(self, job: Job, position: int) -> str:
        """The path of a step's log."""
        return folders.log(self._store.home, job.run, position)

    def work(self, job: Job) -> str:
        """The folder that is the run's while it executes."""
        return folders.work(self._store.home, job.run)

    def spared(self) -> frozenset[int]:
        """The processes that outlive the run though a step of it started them: other workers."""
        return dispatch.spared(self._store)

    def take_cache(self, job: Job) -> str | None:
        """The folder that stays from run to run of an application; None where another run has it."""
        taken = queue.take_cache(self._store, job.run, job.application)
        return folders.cache(self._store.home, job.application) if taken else None

    def drop_large_cache(self, job: Job, cache: str) -> bool:
        """Whether that is the cache of the application and was too large to be kept: then it is empty now."""
        own = cache != folders.cache(self._store.home, job.application)
        return not own and folders.drop_large_cache(self._store.home, job.application, job.run)

    def set_aside(self, job: Job, *, passed: bool) -> None:
        """Takes the working copy away; what a run that passed left stays as its artifact."""
        folders.set_aside(self._store.home, job.run, passed=passed)

    def artifact(self, job: Job) -> str:
        """The archive of what a run that passed left."""
        return folders.artifact(self._store.home, job.run)

    def step_artifacts(self, job: Job, position: int) -> str:
        """The archive of what a step left."""
        return folders.step_artifacts(self._store.home, job.run, position)

    def restore(self, job: Job, root: str, log: int) -> None:
        """Makes the folder `root` of what the job's source run left; raises Refused, NotFound."""
        artifacts.restore(self._store.home, job.inputs, root, log)

    def remember_file(self, job: Job, root: str) -> None:
        """Keeps the wercker.yml of the checkout at `root`, for runs that start from this one's output."""
        artifacts.remember_file(self._store.home, job.run, root)

    def told(self, job: Job, message: str) -> str:
        """The message of a step as everybody may read it."""
        mask = secrets.mask(self._store.home, job.run) if message else None
        return (mask.text(message) if mask else message)[:LONGEST_MESSAGE].strip()

    @contextmanager
    def _own(self, job: Job) -> Iterator[None]:
        """A transaction that ends in Lost where the run is somebody else's."""
        with self._store.transaction():
            if not queue.holds(self._store, job.run, self._worker):
                raise Lost
            yield

    def _job(self, row: Row) -> Job:
        run = objects.run_object(row, row["base"] or objects.BASE, whole=True)
        env_vars, hidden = secrets.apart(run["envVars"], secrets.values(self._store.home, row["id"]))
        return Job(
            run=row["id"],
            url=run["url"],
            pipeline=row["pipeline_name"],
            application=row["application"],
            application_name=row["application_name"],
            application_owner=row["application_owner"],
            application_url=run["application"]["url"],
            origin=row["remote"],
            remote=git.remote(row["remote"]),
            repository=row["repository"],
            called=f"{row['application_owner']}/{row['application_name']}" if row["served_from"] else row["repository"],
            snapshots=snapshot.repository(self._store.home, row["application"]),
            branch=row["branch"],
            tag=row["tag"],
            commit=row["commit_hash"],
            started_by=row["author"],
            started=row["created_at"] // 1000,
            env_vars=env_vars,
            secrets=hidden,
            host_vars=json.loads(row["host_vars"]),
            source=row["source_run"] or "",
            inputs=[(folder, run) for folder, run in json.loads(row["inputs"])],
            workflow=row["workflow"] or "",
            env_file=workflow_runs.env_file(row),
            trouble=row["trouble"],
        )
