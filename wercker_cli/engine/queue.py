"""What a run goes through after its trigger, a statement each: claimed, reported on, aborted, finished, settled.

The claim alone decides who runs a run, and the lease alone who still does.
"""

from collections.abc import Callable, Iterable

from wercker_cli.engine.clock import now_ms, uptime_ms
from wercker_cli.engine.store import Row, Store

LEASE = 60_000  # milliseconds that a worker may be silent


def claim(store: Store, worker: str) -> Row | None:
    """The oldest queued run, leased to `worker`; None where none waits. One statement, so two never hold one run.

    None as well once a newer version has taken over: its own workers know what its runs are.
    """
    now = now_ms()
    with store.transaction():
        if not store.is_there():
            return None
        claimed = store.one(
            """
            UPDATE runs SET status = 'started', started_at = :now, worker = :worker, lease_until = :until
            WHERE seq = (SELECT seq FROM runs WHERE status = 'notstarted' ORDER BY seq LIMIT 1)
            RETURNING id
            """,
            now=now,
            worker=worker,
            until=uptime_ms() + LEASE,
        )
        return store.run(claimed["id"]) if claimed else None


def beat(store: Store, run: str, worker: str) -> Row | None:
    """Extends the lease; the run's row with its `abort` flag, or None where the worker no longer holds it."""
    return store.one(
        "UPDATE runs SET lease_until = :until WHERE id = :run AND worker = :worker RETURNING abort",
        run=run,
        worker=worker,
        until=uptime_ms() + LEASE,
    )


def holds(store: Store, run: str, worker: str) -> bool:
    """Whether the run is still this worker's."""
    return _held_by(store, run, worker) is not None


def begin_main_steps(store: Store, run: str) -> None:
    """The run's own steps start now."""
    store.write("UPDATE runs SET status = 'running' WHERE id = :run", run=run)


def start_step(store: Store, run: str, position: int, at: int) -> None:
    """The step runs since `at` (milliseconds)."""
    store.write(
        "UPDATE steps SET status = 'running', started_at = :at WHERE run = :run AND position = :position",
        run=run,
        position=position,
        at=at,
    )


def finish_step(store: Store, run: str, position: int, at: int, result: str, message: str) -> None:
    """The step ended at `at`."""
    store.write(
        """
        UPDATE steps SET status = 'finished', result = :result, message = :message, finished_at = :at,
                         started_at = coalesce(started_at, :at)
        WHERE run = :run AND position = :position
        """,
        run=run,
        position=position,
        at=at,
        result=result,
        message=message,
    )


def count_progress(store: Store, run: str) -> None:
    """The run's progress is the share of its steps that have ended."""
    store.write(
        """
        UPDATE runs SET progress = (SELECT 100 * sum(status = 'finished') / count(*) FROM steps WHERE run = :run)
        WHERE id = :run AND status = 'running'
        """,
        run=run,
    )


def finish(store: Store, run: str, worker: str, result: str, message: str, then: Callable[[], None]) -> None:
    """Ends the run, unless the worker no longer holds it; a step that still runs ends with it, for that reason.

    `then` happens in the same transaction.
    """
    with store.transaction():
        if holds(store, run, worker):
            _end(store, run, result, message)
            then()


def abort(store: Store, run: str) -> Row | None:
    """Asks for the end of a run. One that waits ends at once; else the row says which worker has to see the flag."""
    with store.transaction(durable=True):
        row = store.one("UPDATE runs SET abort = 1 WHERE id = :run AND status <> 'finished' RETURNING *", run=run)
        if row and row["status"] == "notstarted":
            _end(store, run, "aborted", "")
    return row


def settle(store: Store, run: str, worker: str) -> bool:
    """Ends the run of a worker that is gone: aborted if somebody asked for that, else failed."""
    with store.transaction():
        row = _held_by(store, run, worker)
        if row and row["abort"]:
            _end(store, run, "aborted", "")
        elif row:
            _end(store, run, "failed", "The process that ran this was killed, or the machine stopped")
    return row is not None


def held(store: Store) -> list[Row]:
    """The runs that some worker holds."""
    return store.all("SELECT id, worker, lease_until FROM runs WHERE worker IS NOT NULL")


def take_cache(store: Store, run: str, application: str) -> bool:
    """Whether the run has the cache of its application, until it ends: one at a time has, and nobody waits for it."""
    return bool(
        store.write(
            """
            UPDATE applications SET cache_run = :run WHERE id = :application
            AND NOT EXISTS (SELECT 1 FROM runs WHERE id = cache_run AND id <> :run AND status <> 'finished')
            """,
            run=run,
            application=application,
        )
    )


def is_over(store: Store, run: str) -> bool:
    """Whether the run has ended, or there is none of that id, not even one in the making."""
    unfinished = "SELECT 1 FROM runs WHERE id = :run AND status <> 'finished'"
    if store.one(unfinished, run=run):
        return False
    with store.transaction():
        return store.one(unfinished, run=run) is None


def waiting(store: Store, *, most: int) -> int:
    """How many runs are queued, as far as that is below `most`."""
    return len(store.all("SELECT 1 FROM runs WHERE status = 'notstarted' LIMIT :most", most=most))


def waiting_since(store: Store) -> int | None:
    """When the run was made that is next, in milliseconds since 1970; None where none is queued."""
    row = store.one("SELECT created_at FROM runs WHERE status = 'notstarted' ORDER BY seq LIMIT 1")
    return int(row["created_at"]) if row else None


def workers(store: Store) -> list[str]:
    """Those that drain the queue, or died while they did."""
    return [row["id"] for row in store.all("SELECT id FROM workers")]


def enlist(store: Store, worker: str) -> None:
    """A worker joins: from now on, until it leaves, it looks into the queue again after each run."""
    store.write("INSERT INTO workers (id) VALUES (:worker)", worker=worker)


def strike(store: Store, gone: Iterable[str]) -> None:
    """Takes workers off the list."""
    for worker in gone:
        store.write("DELETE FROM workers WHERE id = :worker", worker=worker)


def leave(store: Store, worker: str) -> bool:
    """Whether the worker may go: only while nothing waits, so that a run queued just now is not left alone."""
    with store.transaction():
        if waiting(store, most=1):
            return False
        strike(store, [worker])
        return True


def _held_by(store: Store, run: str, worker: str) -> Row | None:
    return store.one("SELECT abort FROM runs WHERE id = :run AND worker = :worker", run=run, worker=worker)


def _end(store: Store, run: str, result: str, message: str) -> None:
    """Inside a transaction: ends the run and the step in which it ended, and says why there."""
    now = now_ms()
    failing = store.one(
        "SELECT position FROM steps WHERE run = :run AND status <> 'finished' ORDER BY position LIMIT 1", run=run
    )
    running = store.one("SELECT 1 FROM steps WHERE run = :run AND status = 'running'", run=run)
    if failing and (running or message):
        finish_step(store, run, failing["position"], now, result, message)
        count_progress(store, run)
    store.write(
        """
        UPDATE runs SET status = 'finished', result = :result, finished_at = :now, worker = NULL, lease_until = NULL,
                        progress = CASE :result WHEN 'passed' THEN 100 ELSE progress END
        WHERE id = :run
        """,
        run=run,
        result=result,
        now=now,
    )
