"""The dispatcher's calls are hints: lost, doubled or late, every run is executed exactly once."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Checkout, Wercker, wait_until
from tests.engine.stories import script
from tests.engine.torture.proc import belonging_to
from wercker_cli.engine import processes, queue
from wercker_cli.engine.dispatch import WORKERS
from wercker_cli.engine.store import Store

# Triggers runs through the routes, with a dispatcher that does what the seed says; a process of its own, as a worker
# is forked from whoever triggers.
UNRELIABLE = """
import json, random, sys
from wercker_cli.api.transport import Request
from wercker_cli.engine.dispatch import Dispatcher
from wercker_cli.engine.objects import BASE
from wercker_cli.engine.routes import Site, answer
from wercker_cli.engine.store import Store

home, checkout, pipeline, seed, count = sys.argv[1:]
chance, late = random.Random(int(seed)), []

class Unreliable(Dispatcher):
    def wake(self):
        fate = chance.choice(("lost", "doubled", "late", "kept"))
        if fate == "late":
            late.append(super().wake)
        for _ in range({"doubled": 2, "kept": 1}.get(fate, 0)):
            super().wake()

store = Store(home)
site = Site(store, Unreliable(store), "tester", checkout, BASE)
for _ in range(int(count)):
    body = json.dumps({"pipelineId": pipeline}).encode()
    print(json.loads(answer(site, Request("POST", "/api/v3/runs/", (), body)).body)["id"])
for wake in late:
    wake()
"""


def test_lost_doubled_and_late_wakes_run_everything_once(
    wercker: Wercker, checkout: Checkout, home: Path, tmp_path: Path, environ: dict[str, str]
) -> None:
    ran = tmp_path / "ran"
    checkout.commit(script(note=f'echo "$WERCKER_RUN_ID" >> {ran}'))
    pipeline = wercker("pipelines", "list", "-o", "id", cwd=checkout.path).out.strip()
    state = str(home / ".local/state/wercker")
    triggered: list[str] = []
    for seed in range(3):
        command = [sys.executable, "-c", UNRELIABLE, state, str(checkout.path), pipeline, str(seed), "8"]
        done = subprocess.run(command, env=environ, cwd=checkout.path, capture_output=True, text=True, check=True)
        triggered += done.stdout.split()
    wercker("runs", "list", cwd=checkout.path)  # the next command of anyone tends to what waits
    store = Store(state)
    wait_until(lambda: not store.one("SELECT 1 FROM runs WHERE status <> 'finished'"))
    assert sorted(ran.read_text().split()) == sorted(triggered)
    assert [tuple(row) for row in store.all("SELECT result, count(*) FROM runs GROUP BY result")] == [("passed", 24)]
    store.close()


def test_the_next_command_replaces_every_worker_that_was_killed(
    wercker: Wercker, checkout: Checkout, home: Path
) -> None:
    checkout.commit(script(wait="sleep 600"))
    for _ in range(2 * WORKERS):
        wercker("runs", "trigger", "-p", "build", cwd=checkout.path)
    store = Store(str(home / ".local/state/wercker"))
    wait_until(lambda: len(queue.held(store)) == WORKERS)
    killed = queue.workers(store)
    for worker in killed:
        os.kill(processes.pid(worker), signal.SIGKILL)
    wait_until(lambda: all(processes.alive(worker) is False for worker in killed))
    wercker("runs", "list", cwd=checkout.path)
    wait_until(lambda: len(queue.held(store)) == WORKERS)
    assert not {row["worker"] for row in queue.held(store)} & set(killed)
    assert os.listdir(home / ".local/state/wercker/trash") == []
    store.close()


@pytest.mark.parametrize(
    ("args", "code"), [(["-p", "nothing"], 5), (["--nothing"], 2), (["-p", "build", "-b", "none"], 1)]
)
def test_a_worker_that_got_ready_for_a_run_that_is_never_made_goes_away(
    wercker: Wercker, checkout: Checkout, home: Path, args: list[str], code: int
) -> None:
    checkout.commit(script(ok="true"))
    wercker("runs", "trigger", *args, cwd=checkout.path, code=code)
    wait_until(lambda: belonging_to(home) == [])
    assert wercker("runs", "list", cwd=checkout.path).out == ""
    assert not (home / ".local/state/wercker/worker.log").exists()


def test_a_trigger_that_finds_no_room_leaves_no_process(wercker: Wercker, checkout: Checkout, home: Path) -> None:
    checkout.commit(script(wait="sleep 600"))
    for _ in range(2 * WORKERS):
        wercker("runs", "trigger", "-p", "build", cwd=checkout.path)
    workers_and_those_above = 2 * WORKERS
    wait_until(
        lambda: sum("wercker runs trigger" in command for command in belonging_to(home)) == workers_and_those_above
    )
    states = sorted(wercker("runs", "list", "-o", "json", "-q", ".[].status", cwd=checkout.path).out.split())
    assert states == ["notstarted"] * WORKERS + ["running"] * WORKERS
