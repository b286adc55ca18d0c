"""Lists with every filter: what they hold, and that no filter makes them read all runs."""

import itertools
import random
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from wercker_cli.engine import checkouts, listing
from wercker_cli.engine.store import Row, Store

VALUES = {
    "application": ("shop", "none"),
    "pipeline": ("build", "none"),
    "status": ("finished", "running", "notstarted"),
    "result": ("passed", "failed", "unknown"),
    "branch": ("main", "rare", "none"),
    "tag": ("", "v1"),
    "commit_hash": ("abcd", "abcd01", "ffff"),
    "source_run": ("1", "none"),
    "author": ("ann", "bob"),
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store with 300 runs of all kinds."""
    found = Store(str(tmp_path))
    for application in ("shop", "site"):
        checkouts.name_application(found, f"acme/{application}", "", public=False)
        found.write("UPDATE applications SET id = :id WHERE name = :id", id=application)
    for pipeline, application in (("build", "shop"), ("test", "shop"), ("it", "site")):
        found.write("INSERT INTO pipelines VALUES (:id, :of, :id, 0)", id=pipeline, of=application)
    chance = random.Random(4)
    for number in range(300):
        status = chance.choice(("finished", "finished", "running", "notstarted"))
        done = status == "finished"
        pipeline = chance.choice(("build", "build", "test", "it"))
        found.write(
            """
            INSERT INTO runs (id, application, pipeline, repository, branch, tag, commit_hash, message, env_vars,
                              host_vars, source_run, author, created_at, finished_at, status, result, worker)
            VALUES (:id, :application, :pipeline, '', :branch, :tag, :commit, '', '[]', '{}', :source, :author, :id,
                    :finished, :status, :result, :worker)
            """,
            id=str(number),
            application="site" if pipeline == "it" else "shop",
            pipeline=pipeline,
            branch=chance.choice(("main", "main", "rare" if number % 50 == 0 else "other")),
            tag=chance.choice(("", "v1")),
            commit=f"abcd0{chance.choice('112')}" if number % 3 else f"{chance.randrange(16**6):06x}",
            source=chance.choice((None, "1", "2")),
            author=chance.choice(("ann", "bob")),
            finished=number if done else None,
            status=status,
            result=chance.choice(("passed", "failed")) if done else "unknown",
            worker="w" if status == "running" else None,
        )
    yield found
    found.close()


def fits(row: Row, filters: Mapping[str, str]) -> bool:
    """What the filters mean."""
    return all(
        row[column].startswith(value) if column == "commit_hash" else row[column] == value
        for column, value in filters.items()
    )


def queries() -> Iterator[dict[str, str]]:
    """Every value of every filter, alone and with every value of every other, behind each scope and behind both."""
    others = [column for column in VALUES if column not in listing.SCOPES]
    for scope in (("application",), ("pipeline",), ("application", "pipeline")):
        for size in range(3):
            for columns in itertools.combinations(others, size):
                for values in itertools.product(*(VALUES[column] for column in (*scope, *columns))):
                    yield dict(zip((*scope, *columns), values, strict=True))


def test_every_mix_of_filters_gives_the_runs_that_fit(store: Store) -> None:
    everything = store.all("SELECT * FROM runs ORDER BY seq")
    for filters in queries():
        expected = [row["id"] for row in everything if fits(row, filters)]
        up = store.runs(filters, ascending=True, skip=2, limit=7)
        down = store.runs(filters, ascending=False, skip=2, limit=7)
        assert [row["id"] for row in up] == expected[2:9], filters
        assert [row["id"] for row in down] == expected[::-1][2:9], filters


def test_no_filter_sorts_or_reads_all_runs(store: Store) -> None:
    asked: set[str] = set()
    store._db.set_trace_callback(asked.add)
    for filters in queries():
        listing.page(store, filters, ascending=False, skip=0, limit=20)
    store._db.set_trace_callback(None)
    assert len(asked) > 1000
    for sql in asked:
        plan = [row["detail"] for row in store.all(f"EXPLAIN QUERY PLAN {sql}")]
        assert not [step for step in plan if "TEMP B-TREE" in step or step.startswith("SCAN runs")], sql


def test_a_list_begins_anywhere(store: Store) -> None:
    everything = [row["id"] for row in store.all("SELECT id FROM runs WHERE application = 'shop' ORDER BY seq DESC")]
    pages = [store.runs({"application": "shop"}, ascending=False, skip=skip, limit=20) for skip in range(0, 400, 20)]
    assert [row["id"] for page in pages for row in page] == everything
