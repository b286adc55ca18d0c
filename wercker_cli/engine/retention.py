"""Which runs are kept, and which rows go.

Kept in any case: a run that has not finished, the newest of each pipeline that passed, a run from whose artifact an
unfinished one starts, and those of a workflow that goes on.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import NamedTuple

from wercker_cli.engine import checkouts
from wercker_cli.engine.clock import now_ms
from wercker_cli.engine.store import Row, Store

DAY = 86_400_000  # milliseconds
BATCH = 200  # runs: a transaction that others hardly notice
_NONE = -1


class Retention(NamedTuple):
    """A run goes when it finished more than `age` milliseconds ago and is not among the `newest` of its pipeline."""

    age: int
    newest: int
    passed: bool = True  # whether the newest one that passed stays


DEFAULT = Retention(90 * DAY, 500)
OF_LOST = Retention(90 * DAY, 0, passed=False)  # of an application whose code is not here any more
ARTIFACTS = Retention(3 * DAY, 10)  # by default what a run left, maybe its whole checkout, goes before the run does


def going(store: Store, application: str, retention: Retention, *, dry_run: bool) -> Iterator[list[Row]]:
    """The runs of an application that go, the oldest of a pipeline first, in batches that have left the store."""
    for pipeline in _pipelines(store, application):
        after = _NONE
        while True:
            with store.transaction():
                found = _going(store, pipeline, retention, after)
                rows = store.listed([row["seq"] for row in found], ascending=True)
                if not dry_run:
                    _delete(store, [row["seq"] for row in found])
            if not rows:
                break
            yield rows
            after = rows[-1]["seq"]


def without_artifacts(store: Store, application: str) -> Iterator[str]:
    """The ids of the runs that are kept by default, but not what they left."""
    for pipeline in _pipelines(store, application):
        after = _NONE
        while found := _going(store, pipeline, ARTIFACTS, after):
            yield from (row["id"] for row in found)
            after = found[-1]["seq"]


def is_lost(store: Store, application: str) -> bool:
    """Whether neither a checkout of the application nor what a server runs it from is left on this machine."""
    rows = store.all("SELECT path FROM checkouts WHERE application = :application", application=application)
    row = store.application_by_id(application)
    served_from = checkouts.served_from(store, row) if row else ""
    return not any(os.path.isdir(folder) for folder in (*(row["path"] for row in rows), served_from))


def forget(store: Store, application: str) -> None:
    """Takes an application off the store that has no runs and is lost."""
    with store.transaction():
        if is_lost(store, application) and not store.one(
            "SELECT 1 FROM runs WHERE application = :application", application=application
        ):
            store.write("DELETE FROM checkouts WHERE application = :application", application=application)
            store.write("DELETE FROM pipelines WHERE application = :application", application=application)
            store.write("DELETE FROM applications WHERE id = :application", application=application)


def _going(store: Store, pipeline: str, retention: Retention, after: int) -> list[Row]:
    """The next runs of a pipeline that go, as `seq` and `id`; each is behind the `seq` of `after`."""
    newest_kept = store.one(
        "SELECT seq FROM runs WHERE pipeline = :pipeline ORDER BY seq DESC LIMIT 1 OFFSET :newest",
        pipeline=pipeline,
        newest=retention.newest,
    )
    passed = store.one(
        "SELECT max(seq) AS seq FROM runs WHERE pipeline = :pipeline AND result = 'passed'", pipeline=pipeline
    )
    return store.all(
        """
        SELECT seq, id FROM runs INDEXED BY runs_by_pipeline
        WHERE pipeline = :pipeline AND seq > :after AND seq <= :last AND seq <> :passed
            AND status = 'finished' AND finished_at <= :before
            AND NOT EXISTS (SELECT 1 FROM runs AS next WHERE next.source_run = runs.id AND next.status <> 'finished')
            AND NOT EXISTS (
                SELECT 1 FROM runs AS next WHERE next.workflow = runs.workflow AND next.status <> 'finished'
            )
        ORDER BY seq LIMIT :batch
        """,
        pipeline=pipeline,
        after=after,
        last=newest_kept["seq"] if newest_kept else _NONE,
        passed=passed["seq"] if retention.passed and passed and passed["seq"] is not None else _NONE,
        before=now_ms() - retention.age,
        batch=BATCH,
    )


def _delete(store: Store, found: list[int]) -> None:
    numbers = json.dumps(found)
    store.write(
        """
        DELETE FROM steps WHERE run IN (
            SELECT id FROM runs WHERE seq IN (SELECT value FROM json_each(:numbers))
        )
        """,
        numbers=numbers,
    )
    store.write("DELETE FROM runs WHERE seq IN (SELECT value FROM json_each(:numbers))", numbers=numbers)
    store.write("DELETE FROM workflows WHERE NOT EXISTS (SELECT 1 FROM runs WHERE workflow = workflows.id)")


def _pipelines(store: Store, application: str) -> list[str]:
    rows = store.all("SELECT id FROM pipelines WHERE application = :application", application=application)
    return [row["id"] for row in rows]
