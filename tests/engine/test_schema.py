"""The store outlives the version that made it: everything in a store of the first version is found by this one."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

from tests.conftest import Checkout, Wercker, wait_until
from tests.engine.stories import script
from tests.engine.torture.proc import belonging_to
from wercker_cli.engine import processes, queue
from wercker_cli.engine.dispatch import WORKERS
from wercker_cli.engine.schema import MIGRATIONS
from wercker_cli.engine.store import INTERNAL_STEPS, Store

APPLICATION, PIPELINE = "a" * 24, "b" * 24
STATES = {  # status and result of each run, the oldest first
    "1" * 24: ("finished", "passed"),
    "2" * 24: ("finished", "failed"),
    "3" * 24: ("finished", "aborted"),
    "4" * 24: ("running", "unknown"),
    "5" * 24: ("started", "unknown"),
    "6" * 24: ("notstarted", "unknown"),
}
A_WORKER_OF_ANOTHER_CONTAINER = "1-1-1"  # nobody here can tell whether it lives, so its runs are left alone
COUNT = (
    "import sys; from wercker_cli.engine.store import Store; print(len(Store(sys.argv[1]).all('SELECT * FROM runs')))"
)


def first_version(state: Path, checkout: Checkout) -> None:
    """Makes a store as the first version did, with a run in every state and their logs."""
    state.mkdir(parents=True)
    for folder in ("runs", "work", "cache", "snapshots", "trash"):
        (state / folder).mkdir()
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    db = sqlite3.connect(state / "wercker.db", isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.executescript(f"BEGIN; {MIGRATIONS[0]} PRAGMA user_version = 1; COMMIT;")
    db.execute("INSERT INTO applications VALUES (?, 'local', 'demo', '', 0, 1000, 1000)", [APPLICATION])
    db.execute("INSERT INTO checkouts VALUES (?, ?, '', 1000)", [str(checkout.path), APPLICATION])
    db.execute("INSERT INTO pipelines VALUES (?, ?, 'build', 1000)", [PIPELINE, APPLICATION])
    for number, (run, (status, result)) in enumerate(STATES.items(), 1):
        ended = number * 1000 + 1 if status == "finished" else None
        worker = f"{A_WORKER_OF_ANOTHER_CONTAINER}-{boot}" if status in {"running", "started"} else None
        db.execute(
            """
            INSERT INTO runs VALUES (:number, :run, :application, :pipeline, :repository, 'main', '', :commit,
                                     :message, :env_vars, '{}', NULL, 'tester', :created, :created, :ended, 0,
                                     :status, :result, 0, :worker, :lease)
            """,
            {
                "number": number,
                "run": run,
                "application": APPLICATION,
                "pipeline": PIPELINE,
                "repository": str(checkout.path),
                "commit": checkout.git("rev-parse", "HEAD"),
                "message": f"message {number}",
                "env_vars": json.dumps([{"key": "NUMBER", "value": str(number)}]),
                "created": number * 1000,
                "ended": ended,
                "status": status,
                "result": result,
                "worker": worker,
                "lease": 2**62 if worker else None,
            },
        )
        step = {"finished": "finished", "notstarted": "notstarted"}.get(status, "running")
        for position, name in enumerate(INTERNAL_STEPS, 1):
            db.execute(
                "INSERT INTO steps VALUES (?, ?, ?, ?, '', ?, ?, '', ?, NULL, NULL)",
                [f"{number:012x}{position:012x}", run, position, name, step, result, number * 1000],
            )
        if status != "notstarted":
            (state / "runs" / run / "logs").mkdir(parents=True)
            (state / "runs" / run / "logs/1.log").write_text(f"log {number}\n")
    db.execute("INSERT INTO workers VALUES (?)", [f"{A_WORKER_OF_ANOTHER_CONTAINER}-{boot}"])
    db.close()


def test_everything_in_a_store_of_the_first_version_is_found(
    wercker: Wercker, checkout: Checkout, home: Path, environ: dict[str, str]
) -> None:
    checkout.commit(script(ok='echo "$NUMBER"'))
    state = home / ".local/state/wercker"
    first_version(state, checkout)
    counting = [sys.executable, "-c", COUNT, str(state)]
    counters = [subprocess.Popen(counting, env=environ, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    listed = wercker("runs", "list", "--sort", "creationDateAsc", "-o", "json", "-L0", cwd=checkout.path).out
    assert [counter.communicate()[0] for counter in counters] == ["6\n"] * 4
    runs = json.loads(listed)
    assert [run["id"] for run in runs] == list(STATES)
    assert [(run["status"], run["result"]) for run in runs[:5]] == list(STATES.values())[:5]
    assert [run["message"] for run in runs] == [f"message {number}" for number in range(1, 7)]
    *begun, waited = STATES
    for number, run in enumerate(begun, 1):
        shown = json.loads(wercker("runs", "show", run, "-o", "json", cwd=checkout.path).out)
        assert shown["envVars"] == [{"key": "NUMBER", "value": str(number)}]
        assert wercker("runs", "logs", run, "--step", "1", cwd=checkout.path).out == f"log {number}\n"
    wercker("runs", "watch", waited, cwd=checkout.path)
    assert wercker("runs", "logs", waited, "--step", "ok", cwd=checkout.path).out == "6\n"
    db = sqlite3.connect(state / "wercker.db")
    assert db.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS)
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    db.close()


def test_a_store_of_a_newer_version_is_left_alone(wercker: Wercker, checkout: Checkout, home: Path) -> None:
    checkout.commit(script(ok="true"))
    wercker("runs", "list", cwd=checkout.path)
    state = home / ".local/state/wercker"
    db = sqlite3.connect(state / "wercker.db", isolation_level=None)
    db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    db.close()
    for command in (["runs", "list"], ["runs", "trigger", "-p", "build"], ["runs", "show", "1" * 24]):
        assert wercker(*command, code=1, cwd=checkout.path).err == (
            f"wercker: the state folder {state} was made by a newer wercker\n"
            "hint: upgrade wercker, or set WERCKER_HOME\n"
        )
    db = sqlite3.connect(state / "wercker.db", isolation_level=None)
    db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")  # the fixture that ends what still runs opens it
    assert db.execute("SELECT count(*) FROM runs").fetchone()[0] == 0
    db.close()
    assert os.listdir(state / "work") == []


def test_a_worker_ends_its_run_and_leaves_the_queue_to_the_newer_version_that_has_taken_over(
    wercker: Wercker, checkout: Checkout, home: Path
) -> None:
    checkout.commit(script(waits="touch $HOME/$WERCKER_RUN_ID; until [ -e $HOME/go ]; do sleep 0.01; done"))
    trigger = ["runs", "trigger", "-p", "build"]
    runs = [wercker(*trigger, cwd=checkout.path).out.strip() for _ in range(2 * WORKERS)]
    begun, queued = runs[:WORKERS], runs[WORKERS:]
    wait_until(lambda: all((home / run).exists() for run in begun))
    store = Store(str(home / ".local/state/wercker"))
    store.write(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    silent = max(row["lease_until"] for row in queue.held(store))
    wait_until(lambda: all(row["lease_until"] > silent for row in queue.held(store)))  # they have looked, and go on
    (home / "go").touch()
    wait_until(lambda: belonging_to(home) == [])
    results = {row["id"]: row["result"] for row in store.all("SELECT id, result FROM runs")}
    assert results == dict.fromkeys(begun, "passed") | dict.fromkeys(queued, "unknown")
    assert not (home / ".local/state/wercker/worker.log").exists()
    store.write(f"PRAGMA user_version = {len(MIGRATIONS)}")  # this is the newer version now
    for run in queued:
        wercker("runs", "watch", run, cwd=checkout.path)
    store.close()


def test_no_run_is_claimed_from_a_newer_version(wercker: Wercker, checkout: Checkout, home: Path) -> None:
    checkout.commit(script(ok="true"))
    wercker("runs", "trigger", "-p", "build", "--wait", cwd=checkout.path)
    wait_until(lambda: belonging_to(home) == [])
    store, newer = (Store(str(home / ".local/state/wercker")) for _ in range(2))
    store.write("UPDATE runs SET status = 'notstarted', result = 'unknown', finished_at = NULL")
    newer.write(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    assert queue.claim(store, processes.identity()) is None
    newer.write(f"PRAGMA user_version = {len(MIGRATIONS)}")
    assert queue.claim(store, processes.identity()) is not None
    for each in (store, newer):
        each.close()
