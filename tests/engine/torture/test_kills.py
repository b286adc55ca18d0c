"""Workers, commands, bash and git killed at random moments: no run is lost, none runs twice, nothing stays behind."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import pytest

from tests.conftest import WERCKER, Checkout, Wercker, wait_until
from tests.engine.torture.proc import belonging_to, descendants
from wercker_cli.engine import processes, queue
from wercker_cli.engine.store import Store

RUNS = 200
SEED = 20160704
UNFINISHED = "status <> 'finished'"
VICTIMS = ("worker", "command", "below a worker")

PIPELINE = """
build:
  steps:
    - script: {name: note, code: 'echo "$WERCKER_RUN_ID" >> "$RAN"; sleep "$SLEEP"'}
    - script: {name: leave, code: 'sleep 600 & setsid sleep 600 & env -i sleep 600 >/dev/null 2>&1 &'}
"""

# Triggers runs through the routes, as the command does, with one start of Python for all of them.
TRIGGER = """
import json, sys
from wercker_cli.api.transport import Request
from wercker_cli.engine.app import Engine

home, checkout, pipeline, ran, *sleeps = sys.argv[1:]
engine = Engine(home, checkout)
for sleep in sleeps:
    variables = [{"key": "RAN", "value": ran}, {"key": "SLEEP", "value": sleep}]
    body = json.dumps({"pipelineId": pipeline, "envVars": variables}).encode()
    print(json.loads(engine.send(Request("POST", "/api/v3/runs/", (), body)).body)["id"], flush=True)
"""


@pytest.mark.timeout(300)  # some 15 seconds, where nothing else is going on
def test_nothing_is_lost_and_nothing_is_left(
    wercker: Wercker, checkout: Checkout, home: Path, tmp_path: Path, environ: dict[str, str]
) -> None:
    checkout.commit(PIPELINE)
    pipeline = wercker("pipelines", "list", "-o", "id", cwd=checkout.path).out.strip()
    state, ran, told = home / ".local/state/wercker", tmp_path / "ran", tmp_path / "told"
    ran.touch()
    chance = random.Random(SEED)
    store = Store(str(state))
    killed = dict.fromkeys(VICTIMS, 0)
    commands: list[subprocess.Popen[bytes]] = []
    with told.open("w") as ids:
        while count(store) < RUNS:
            if sum(command.poll() is None for command in commands) < 2:
                sleeps = [f"{chance.choice([0, 0, 0, 0.05])}" for _ in range(chance.randint(6, 24))]
                many = [sys.executable, "-c", TRIGGER, str(state), str(checkout.path), pipeline, str(ran), *sleeps]
                one = [WERCKER, "runs", "trigger", "-p", "build", "-e", f"RAN={ran}", "-e", f"SLEEP={sleeps[0]}"]
                commands.append(start(chance.choice([many, many, one]), checkout, environ, ids))
            wait_for_news(store, commands)  # where the machine is slow, the blows are too
            time.sleep(chance.uniform(0, 0.06))  # blows at random moments are the point
            kind = chance.choice(VICTIMS)
            killed[kind] += kill(chance, victims(kind, store, commands))
        for command in commands:
            command.wait()
    assert min(killed.values()) >= 10, killed
    while left := count(store, UNFINISHED):
        wercker("runs", "list", cwd=checkout.path)
        wait_for_an_end(store, left)
    results = {row["id"]: row["result"] for row in store.all("SELECT id, result FROM runs")}
    executed = ran.read_text().split()
    assert len(executed) == len(set(executed))
    assert {run for run, result in results.items() if result == "passed"} <= set(executed) <= set(results)
    assert set(told.read_text().split()) <= set(results)
    assert set(results.values()) == {"passed", "failed"}
    assert store.all("PRAGMA integrity_check")[0][0] == "ok"
    wait_until(lambda: queue.workers(store) == [])
    store.close()
    assert (os.listdir(state / "work"), os.listdir(state / "trash")) == ([], [])
    assert belonging_to(home) == []
    failed = [state / "runs" / run for run, result in results.items() if result == "failed"]
    assert [run for run in failed if (run / "checkout").exists() or (run / "artifact.tar.gz").exists()] == []


def start(argv: list[str], checkout: Checkout, environ: dict[str, str], ids: IO[str]) -> subprocess.Popen[bytes]:
    """A command that prints the ids of the runs that it triggers."""
    return subprocess.Popen(argv, cwd=checkout.path, env=environ, stdout=ids, stderr=subprocess.DEVNULL)


def wait_for_an_end(store: Store, left: int) -> None:
    """Returns when fewer runs are left."""
    wait_until(lambda: count(store, UNFINISHED) < left)


def wait_for_news(store: Store, commands: list[subprocess.Popen[bytes]]) -> None:
    """Returns when a run was made, has ended or has begun its steps, or a command has ended."""
    before = news(store, commands)
    wait_until(lambda: news(store, commands) != before)


def news(store: Store, commands: list[subprocess.Popen[bytes]]) -> list[int]:
    """What changes as things go on."""
    progress = [count(store), count(store, UNFINISHED), count(store, "status = 'running'")]
    return [*progress, sum(command.poll() is None for command in commands)]


def victims(kind: str, store: Store, commands: list[subprocess.Popen[bytes]]) -> list[int]:
    """The ids of what could be killed now."""
    if kind == "command":
        return [command.pid for command in commands if command.poll() is None]
    workers = [processes.pid(worker) for worker in queue.workers(store) if processes.alive(worker)]
    return workers if kind == "worker" else [pid for worker in workers for pid in descendants(worker)]


def kill(chance: random.Random, pids: list[int]) -> int:
    """Kills one of them; gives how many were killed."""
    if not pids:
        return 0
    try:
        os.kill(chance.choice(pids), signal.SIGKILL)
    except ProcessLookupError:  # it was faster
        return 0
    return 1


def count(store: Store, condition: str = "1") -> int:
    """How many runs are like that."""
    return int(store.all(f"SELECT count(*) FROM runs WHERE {condition}")[0][0])
