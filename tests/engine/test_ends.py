"""How runs end before their time: aborted, or because their worker was killed."""

import json
import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.conftest import Checkout, Wercker, wait_until
from tests.engine.serving import both_ways
from tests.engine.stories import read, script
from wercker_cli.engine import processes, queue
from wercker_cli.engine.store import Store

NASTY = r"""
trap '' TERM
(trap '' TERM; while :; do sleep 0.1; done) &
setsid bash -c 'trap "" TERM HUP; echo $$ >> "$PIDS"; exec sleep 600' &
setsid bash -c '(setsid sleep 600 & echo $! >> "$PIDS")'
env -i PIDS="$PIDS" setsid bash -c 'trap "" TERM; echo $$ >> "$PIDS"; exec sleep 600' &
sleep 600 & kill -STOP $!; echo $! >> "$PIDS"
echo $$ >> "$PIDS"
wait
"""


wercker = both_ways


def start(wercker: Wercker, checkout: Checkout, pids: Path, count: int) -> str:
    """The id of a run that has written that many process ids."""
    run = wercker("runs", "trigger", "-p", "build", "-e", f"PIDS={pids}", cwd=checkout.path).out.strip()
    wait_until(lambda: pids.exists() and len(pids.read_text().split()) == count)
    return run


def alive(pids: Path) -> list[str]:
    """Those of the written process ids that still run."""
    return [pid for pid in pids.read_text().split() if _runs(pid)]


def _runs(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def store_of(home: Path) -> Store:
    """The engine's store of that home."""
    return Store(str(home / ".local/state/wercker"))


def test_an_abort_ends_the_whole_tree(wercker: Wercker, checkout: Checkout, home: Path, tmp_path: Path) -> None:
    checkout.commit(script(nasty=NASTY))
    pids = tmp_path / "pids"
    run = start(wercker, checkout, pids, 5)
    assert len(alive(pids)) == 5
    begin = time.monotonic()
    done = wercker("runs", "abort", run, cwd=checkout.path)
    assert (done.out, done.err) == (f"{run}\n", f"run {run} aborted\n")
    assert alive(pids) == []
    assert time.monotonic() - begin < 5  # far above what it takes; the point is that nothing is left
    story = read(wercker, run, checkout.path)
    assert (story.run["status"], story.run["result"]) == ("finished", "aborted")
    assert story.results[3:] == [("nasty", "aborted"), ("store", "unknown")]
    assert os.listdir(home / ".local/state/wercker/work") == []


def test_an_abort_may_be_repeated_and_comes_too_late_for_a_finished_run(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(script(ok="true"))
    run = wercker("runs", "trigger", "-p", "build", "--wait", cwd=checkout.path).out.strip()
    for _ in range(2):
        assert wercker("runs", "abort", run, cwd=checkout.path).err == f"run {run} had finished already: passed\n"


def test_a_run_that_waits_is_aborted_at_once(wercker: Wercker, checkout: Checkout, tmp_path: Path) -> None:
    checkout.commit(script(wait="sleep 600"))
    runs = [wercker("runs", "trigger", "-p", "build", cwd=checkout.path).out.strip() for _ in range(6)]
    waiting = wercker("runs", "list", "-s", "notstarted", "-o", "id", cwd=checkout.path).out.split()
    assert runs[-1] in waiting
    aborted = json.loads(wercker("runs", "abort", runs[-1], "-o", "json", cwd=checkout.path).out)
    assert (aborted[0]["status"], aborted[0]["result"]) == ("finished", "aborted")
    assert "startedAt" not in aborted[0]
    done = wercker("runs", "abort", "-", cwd=checkout.path, given="\n".join(runs))
    assert sorted(done.out.split()) == sorted(runs)
    results = wercker("runs", "list", "-q", ".[].result", cwd=checkout.path).out.split()
    assert results == ["aborted"] * 6


def test_a_killed_worker_leaves_no_run_hanging(
    wercker: Wercker, checkout: Checkout, home: Path, tmp_path: Path
) -> None:
    checkout.commit(script(nasty="echo up to here\n" + NASTY))
    pids = tmp_path / "pids"
    run = start(wercker, checkout, pids, 5)
    store = store_of(home)
    worker = queue.held(store)[0]["worker"]
    store.close()
    mine = subprocess.Popen(["sleep", "600"], env={"PATH": os.environ["PATH"], "WERCKER_RUN_ID": run})
    os.kill(processes.pid(worker), signal.SIGKILL)
    wait_until(lambda: processes.alive(worker) is False)
    story = read(wercker, run, checkout.path)
    assert (story.run["status"], story.run["result"]) == ("finished", "failed")
    assert story.results[3:] == [("nasty", "failed"), ("store", "unknown")]
    assert story.steps[3]["message"] == "The process that ran this was killed, or the machine stopped"
    assert story.logs["nasty"] == "up to here\n"
    assert mine.poll() is None  # a process of the person's own that was told which run to speak of
    mine.kill()
    mine.wait()
    assert alive(pids) == []
    assert os.listdir(home / ".local/state/wercker/work") == []


HIDDEN = r"""
env -i setsid bash -c 'cd /; exec >/dev/null 2>&1; trap "" TERM; echo $$ >>"$0"; exec sleep 600' "$PIDS" &
(cd / && env -i setsid bash -c '(setsid sleep 600 >/dev/null 2>&1 & echo $! >>"$0")' "$PIDS")
echo $$ >>"$PIDS"
wait
"""


def test_what_hides_from_everybody_ends_with_a_killed_worker_and_the_run_needs_no_command(
    wercker: Wercker, checkout: Checkout, home: Path, tmp_path: Path
) -> None:
    checkout.commit(script(hides=HIDDEN))
    pids = tmp_path / "pids"
    run = start(wercker, checkout, pids, 3)
    store = store_of(home)
    os.kill(processes.pid(queue.held(store)[0]["worker"]), signal.SIGKILL)
    wait_until(lambda: alive(pids) == [])
    wait_until(lambda: [row["result"] for row in store.all("SELECT result FROM runs")] == ["failed"])
    assert store.steps(run)[3]["message"] == "The process that ran this was killed, or the machine stopped"
    wait_until(lambda: os.listdir(home / ".local/state/wercker/work") == [])
    store.close()


def test_a_run_whose_lease_is_over_is_lost_to_its_worker(
    wercker: Wercker, checkout: Checkout, home: Path, tmp_path: Path
) -> None:
    checkout.commit(script(nasty=NASTY))
    pids = tmp_path / "pids"
    run = start(wercker, checkout, pids, 5)
    store = store_of(home)
    worker = queue.held(store)[0]["worker"]
    os.kill(processes.pid(worker), signal.SIGSTOP)
    store.write("UPDATE runs SET lease_until = 0 WHERE id = :run", run=run)
    assert wercker("runs", "show", run, "-q", ".result", cwd=checkout.path).out == "failed\n"
    assert alive(pids) == []
    os.kill(processes.pid(worker), signal.SIGCONT)
    wait_until(lambda: queue.workers(store) == [])
    story = read(wercker, run, checkout.path)
    assert story.steps[3]["message"] == "The process that ran this was killed, or the machine stopped"
    store.close()


def test_another_container_cannot_tell_and_leaves_the_run_alone(
    wercker: Wercker, checkout: Checkout, home: Path
) -> None:
    checkout.commit(script(wait="sleep 600"))
    run = wercker("runs", "trigger", "-p", "build", cwd=checkout.path).out.strip()
    store = store_of(home)
    wait_until(lambda: queue.held(store))
    pid, start_time, _, boot = queue.held(store)[0]["worker"].split("-", 3)
    assert processes.alive(f"{pid}-{start_time}-1-{boot}") is None
    assert processes.alive(f"{pid}-{start_time}-1-anotherboot") is False
    store.close()
    wercker("runs", "abort", run, cwd=checkout.path)


def test_a_run_that_waits_for_nobody_gets_a_worker_from_the_next_command(
    wercker: Wercker, checkout: Checkout, home: Path
) -> None:
    checkout.commit(script(ok="true"))
    run = wercker("runs", "trigger", "-p", "build", "--wait", cwd=checkout.path).out.strip()
    store = store_of(home)
    store.write(
        """
        UPDATE runs SET status = 'notstarted', result = 'unknown', finished_at = NULL, started_at = NULL
        WHERE id = :run
        """,
        run=run,
    )
    store.write("UPDATE steps SET status = 'notstarted', result = 'unknown' WHERE run = :run", run=run)
    store.write("DELETE FROM steps WHERE run = :run AND position > 2", run=run)
    wercker("runs", "list", cwd=checkout.path)
    wait_until(lambda: store.all("SELECT result FROM runs")[0]["result"] == "passed")
    store.close()


def test_eight_commands_at_once_lose_no_run_and_run_none_twice(
    wercker: Wercker, checkout: Checkout, home: Path, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    checkout.commit(script(note=f'echo "$WERCKER_RUN_ID" >> {ran}'))

    def hammer(_: int) -> list[str]:
        return [wercker("runs", "trigger", "-p", "build", cwd=checkout.path).out.strip() for _ in range(4)]

    with ThreadPoolExecutor(8) as pool:
        triggered = [run for runs in pool.map(hammer, range(8)) for run in runs]
    store = store_of(home)
    wait_until(lambda: not store.one("SELECT 1 FROM runs WHERE status <> 'finished'"))
    assert sorted(ran.read_text().split()) == sorted(triggered)
    assert [tuple(row) for row in store.all("SELECT result, count(*) FROM runs GROUP BY result")] == [("passed", 32)]
    assert store.all("PRAGMA integrity_check")[0][0] == "ok"
    wait_until(lambda: queue.workers(store) == [])
    store.close()


def test_a_trigger_holds_no_pipe_open(wercker: Wercker, checkout: Checkout, environ: dict[str, str]) -> None:
    checkout.commit(script(wait="sleep 600"))
    run = subprocess.run(
        ["bash", "-c", 'id=$(wercker runs trigger -p build 2>&1); echo "$id" | tail -n 1'],
        cwd=checkout.path,
        env=environ,
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    assert wercker("runs", "abort", run.stdout.strip(), cwd=checkout.path).out == run.stdout
