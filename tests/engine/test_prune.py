"""What is kept of the past and what goes, seen by whoever runs the commands and looks into the state folder."""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import WERCKER, Checkout, Terminal, Wercker, wait_until
from tests.engine import stories
from tests.engine.stories import script
from wercker_cli.engine import folders, queue
from wercker_cli.engine.clock import now_ms
from wercker_cli.engine.store import Store

DAY = 86_400_000  # milliseconds
LEAVES = script(leave='echo "$WERCKER_RUN_ID" > "$WERCKER_OUTPUT_DIR/mine"; ! test -e fail')


class State:
    """The engine's state folder, and a store beside that of the commands."""

    def __init__(self, home: Path) -> None:
        self.home = home / ".local/state/wercker"
        self.store = Store(str(self.home))

    def age(self, days: float, *runs: str) -> None:
        """Lets runs have finished so many days ago."""
        for run in runs:
            self.store.write(
                "UPDATE runs SET finished_at = :at WHERE id = :run", at=now_ms() - int(days * DAY), run=run
            )

    def folders(self, of: str) -> set[str]:
        """The names in a part of the state folder."""
        return set(os.listdir(self.home / of))

    def due(self) -> None:
        """Lets the daily prune be due."""
        os.utime(self.home / "pruned", (0, 0))


@pytest.fixture
def state(home: Path) -> Iterator[State]:
    """The state folder; the store is opened when first used."""
    found = State(home)
    yield found
    found.store.close()


@pytest.fixture
def runs(wercker: Wercker, checkout: Checkout, state: State) -> list[str]:
    """The ids of five runs that passed, the oldest first."""
    checkout.commit(LEAVES)
    ids = [wercker("runs", "trigger", "-p", "build", cwd=checkout.path).out.strip() for _ in range(5)]
    wait_until(lambda: queue.workers(state.store) == [])
    return ids


def trigger(wercker: Wercker, checkout: Checkout, *args: str, code: int = 0) -> str:
    """The id of a run that has finished."""
    return wercker("runs", "trigger", "-p", "build", "--wait", *args, cwd=checkout.path, code=code).out.strip()


def size(folder: Path) -> int:
    """Bytes on the disk, as du counts them."""
    return int(
        subprocess.run(["du", "-s", "-B1", folder], capture_output=True, text=True, check=True).stdout.split()[0]
    )


def test_the_newest_of_a_pipeline_stay(wercker: Wercker, checkout: Checkout, state: State, runs: list[str]) -> None:
    rows = wercker("runs", "list", "--sort", "creationDateAsc", cwd=checkout.path).out.splitlines(keepends=True)
    taken = sum(size(state.home / "runs" / run) for run in runs[:3])
    cache = state.folders("cache")
    shown = wercker("runs", "prune", "--keep", "2", "--dry-run", cwd=checkout.path)
    assert shown.out == "".join(rows[:3])
    assert shown.err == f"3 runs would be pruned, {taken / 1000:.1f} kB would be freed\n"
    assert state.folders("runs") == set(runs)
    done = wercker("runs", "prune", "--keep", "2", cwd=checkout.path)
    assert done.out == shown.out
    assert done.err == f"3 runs pruned, {taken / 1000:.1f} kB freed\n"
    assert state.folders("runs") == set(runs[3:])
    assert (state.folders("trash"), state.folders("cache")) == (set(), cache)
    assert cache
    assert wercker("runs", "list", "-o", "id", "--sort", "creationDateAsc", cwd=checkout.path).out.split() == runs[3:]
    assert len(wercker("runs", "steps", runs[4], cwd=checkout.path).out.splitlines()) == 5
    assert wercker("runs", "logs", runs[4], cwd=checkout.path).out
    assert "no run" in wercker("runs", "show", runs[0], cwd=checkout.path, code=5).err
    assert state.store.count("SELECT 1 FROM steps WHERE run NOT IN (SELECT id FROM runs)") == 0


def test_runs_go_by_their_age_and_by_both(wercker: Wercker, state: State, runs: list[str]) -> None:
    state.age(40, *runs[:3])
    assert wercker("runs", "prune", "--older-than", "30d", "--keep", "3", "-o", "id").out.split() == runs[:2]
    assert wercker("runs", "prune", "--older-than", "41d") == (0, "", "")
    assert wercker("runs", "prune", "--older-than", "30d", "-o", "id").out.split() == runs[2:3]


def test_the_newest_that_passed_stays(wercker: Wercker, checkout: Checkout, runs: list[str]) -> None:
    (checkout.path / "fail").touch()
    failed = trigger(wercker, checkout, "--worktree", code=10)
    assert wercker("runs", "prune", "--keep", "0", "-o", "id").out.split() == [*runs[:4], failed]
    assert wercker("runs", "list", "-o", "id", cwd=checkout.path).out.split() == runs[4:]


def test_what_is_not_over_and_what_it_starts_from_stay(
    wercker: Wercker, checkout: Checkout, state: State, runs: list[str]
) -> None:
    checkout.commit(script(wait="sleep 600"))
    busy = wercker("runs", "trigger", "-p", "build", cwd=checkout.path).out.strip()
    state.store.write("UPDATE runs SET source_run = :source WHERE id = :run", source=runs[1], run=busy)
    assert wercker("runs", "prune", "--keep", "0", "-o", "id").out.split() == [runs[0], *runs[2:4]]
    wercker("runs", "abort", busy, cwd=checkout.path)
    assert wercker("runs", "prune", "--keep", "1", "-o", "id").out.split() == [runs[1]]
    shown = json.loads(wercker("runs", "show", busy, "-o", "json", cwd=checkout.path).out)
    assert shown["sourceRun"] == {"id": runs[1], "url": f"wercker://local/api/v3/runs/{runs[1]}"}


def test_one_application_is_pruned_alone(wercker: Wercker, checkout: Checkout, runs: list[str], tmp_path: Path) -> None:
    other = Checkout(tmp_path / "other")
    other.commit(LEAVES)
    of_other = [trigger(wercker, other) for _ in range(2)]
    assert wercker("runs", "prune", "--keep", "0", "-a", "local/other", "-o", "id").out.split() == of_other[:1]
    assert wercker("runs", "list", "-o", "id", cwd=checkout.path).out.split() == runs[::-1]
    assert "local/gone" in wercker("runs", "prune", "-a", "local/gone", code=5).err
    assert wercker("runs", "prune", "-a", "f" * 24, code=5).err == f"wercker: there is no application {'f' * 24}\n"


def test_what_runs_left_goes_before_them(wercker: Wercker, checkout: Checkout, state: State, runs: list[str]) -> None:
    runs += [trigger(wercker, checkout) for _ in range(7)]
    state.age(2, runs[0])
    state.age(4, *runs[1:])
    artifact = [state.home / "runs" / run / "artifact.tar.gz" for run in runs]
    assert wercker("runs", "prune").out == ""
    assert [path.exists() for path in artifact] == [True, False, *[True] * 10]
    assert wercker("runs", "logs", runs[1], cwd=checkout.path).out


def test_by_default_the_past_three_months_stay(wercker: Wercker, state: State, runs: list[str]) -> None:
    state.age(89, runs[0])
    state.age(91, *runs[1:])
    assert wercker("runs", "prune") == (0, "", "")  # they are among the newest 500
    state.store.write("UPDATE runs SET seq = seq + 1000")
    columns = "application, pipeline, repository, branch, tag, commit_hash, message, env_vars, host_vars, author"
    columns += ", created_at, finished_at, status, result"
    state.store.write(
        f"""
        WITH RECURSIVE number (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < 498)
        INSERT INTO runs (seq, id, {columns}) SELECT 2000 + i, 'r' || i, {columns} FROM number, runs WHERE id = :run
        """,
        run=runs[0],
    )
    assert wercker("runs", "prune", "-o", "id").out.split() == runs[1:3]


def test_an_application_without_a_checkout_is_forgotten_in_the_end(
    wercker: Wercker, checkout: Checkout, state: State, runs: list[str]
) -> None:
    (checkout.path / "new").touch()
    runs.append(trigger(wercker, checkout, "--worktree"))
    state.age(91, *runs[:5])
    shutil.rmtree(checkout.path)
    assert wercker("runs", "prune", "-o", "id").out.split() == runs[:5]
    assert (state.folders("cache"), len(state.folders("snapshots"))) == (set(), 1)
    state.age(91, runs[5])
    assert wercker("runs", "prune", "-o", "id").out.split() == runs[5:]
    for table in ("runs", "steps", "pipelines", "checkouts", "applications"):
        assert state.store.count(f"SELECT 1 FROM {table}") == 0
    assert [state.folders(of) for of in ("runs", "work", "cache", "snapshots", "trash")] == [set()] * 5


def test_an_application_that_was_added_by_url_stays_until_its_mirror_is_gone(
    wercker: Wercker, checkout: Checkout, state: State, tmp_path: Path
) -> None:
    checkout.commit(LEAVES)
    checkout.git("clone", "--quiet", "--bare", ".", str(tmp_path / "site.git"))
    pipeline = wercker("pipelines", "add", str(tmp_path / "site.git"), "--name", "acme/site", "-o", "id").out.strip()
    wercker("runs", "prune")
    run = wercker("runs", "trigger", "-a", "acme/site", "-p", "build", "--wait").out.strip()
    state.age(91, run)
    wercker("runs", "prune", "-o", "id")
    assert wercker("runs", "list", "-a", "acme/site", "-o", "id").out.split() == [run]
    assert wercker("pipelines", "list", "-a", "acme/site", "-o", "id").out.split() == [pipeline]
    shutil.rmtree(state.home / "mirrors")
    assert wercker("runs", "prune", "-o", "id").out.split() == [run]
    assert state.store.count("SELECT 1 FROM applications") == 0


def test_snapshots_go_with_the_last_run_of_them(wercker: Wercker, checkout: Checkout, state: State) -> None:
    checkout.commit(LEAVES)
    big, small = checkout.path / "big", checkout.path / "small"
    big.write_bytes(os.urandom(100_000))
    trigger(wercker, checkout, "--worktree")
    big.unlink()
    small.write_text("small")
    runs = [trigger(wercker, checkout, "--worktree") for _ in range(2)]
    kept = next((state.home / "snapshots").iterdir())
    wercker("runs", "prune", "--keep", "1")
    assert size(kept) > 100_000  # it was taken just now: its run might be about to come
    for ref in (kept / "refs/snapshots").iterdir():
        os.utime(ref, (0, 0))
    assert re.fullmatch(r"0 runs pruned, 1\d\d\.\d kB freed\n", wercker("runs", "prune").err)
    assert size(kept) < 100_000
    assert wercker("runs", "rerun", runs[1], "--wait", cwd=checkout.path).code == 0
    small.write_text("smaller")
    assert trigger(wercker, checkout, "--worktree")


def test_snapshots_of_a_folder_that_is_no_repository(wercker: Wercker, tmp_path: Path, state: State) -> None:
    folder = Checkout(tmp_path / "plain")
    shutil.rmtree(folder.path / ".git")
    (folder.path / "wercker.yml").write_text(LEAVES)
    for content in ("one", "two", "three"):
        (folder.path / "file").write_text(content)
        run = trigger(wercker, folder)
    kept = next((state.home / "snapshots").iterdir())
    for ref in (kept / "refs/snapshots").iterdir():
        os.utime(ref, (0, 0))
    wercker("runs", "prune", "--keep", "1")
    assert len(list((kept / "refs/snapshots").iterdir())) == 1
    assert len(list((kept / "objects/pack").glob("*.pack"))) == 1
    assert wercker("runs", "rerun", run, "--wait", cwd=folder.path).code == 0
    (folder.path / "file").write_text("one")
    assert trigger(wercker, folder)


def test_what_a_killed_prune_left_goes_with_the_next(wercker: Wercker, state: State, runs: list[str]) -> None:
    state.store.write("DELETE FROM steps WHERE run = :run", run=runs[0])
    state.store.write("DELETE FROM runs WHERE id = :run", run=runs[0])
    os.rename(state.home / "runs" / runs[1], state.home / "trash" / runs[1])
    (state.home / "work" / runs[2]).mkdir()
    wercker("runs", "prune")
    assert state.folders("runs") == set(runs[2:])
    assert (state.folders("work"), state.folders("trash")) == (set(), set())


@pytest.mark.parametrize("seed", range(4))
def test_prunes_that_are_killed_or_meet_leave_no_run_without_its_logs(
    wercker: Wercker, checkout: Checkout, environ: dict[str, str], state: State, runs: list[str], seed: int
) -> None:
    busy = wercker("runs", "trigger", "-p", "build", cwd=checkout.path).out.strip()
    processes = [subprocess.Popen([WERCKER, "runs", "prune", "--keep", "1"], env=environ) for _ in range(3)]
    time.sleep(0.08 + 0.02 * seed)  # anywhere between the start and the end
    processes[0].kill()
    for process in processes:
        process.wait()
    listed = wercker("runs", "list", "-o", "id", cwd=checkout.path).out.split()
    assert all((state.home / "runs" / run / "logs").is_dir() for run in listed if run != busy)
    wait_until(lambda: queue.workers(state.store) == [])
    wercker("runs", "prune", "--keep", "1")
    assert state.folders("runs") == {busy} == set(wercker("runs", "list", "-o", "id", cwd=checkout.path).out.split())
    assert state.store.all("PRAGMA integrity_check")[0][0] == "ok"


def test_the_engine_prunes_once_a_day_by_itself(
    wercker: Wercker, checkout: Checkout, state: State, runs: list[str]
) -> None:
    (state.home / "runs/stray").mkdir()
    trigger(wercker, checkout)
    wait_until(lambda: queue.workers(state.store) == [])
    assert "stray" in state.folders("runs")
    state.due()
    trigger(wercker, checkout)
    wait_until(lambda: "stray" not in state.folders("runs"))
    assert abs(os.stat(state.home / "pruned").st_mtime - time.time()) < 600


def test_a_terminal_shows_what_went(terminal: Terminal, checkout: Checkout, runs: list[str]) -> None:
    screen, _ = terminal("runs", "prune", "--keep", "4", cwd=checkout.path, columns=120)
    assert screen[0].split()[:3] == ["ID", "RESULT", "PIPELINE"]
    assert screen[1].startswith(runs[0])
    assert screen[2].startswith("1 run pruned, ")
    assert terminal("runs", "prune", cwd=checkout.path)[0] == ["no run has to go"]


def test_only_the_engine_prunes(wercker: Wercker) -> None:
    done = wercker("runs", "prune", code=2, WERCKER_API_URL="http://127.0.0.1:1")
    assert done.err == (
        "wercker: only the embedded engine can do this, and WERCKER_API_URL names a server\n"
        "hint: --context engine asks the engine\n"
    )


def test_what_is_being_packed_goes_afterwards(
    wercker: Wercker, checkout: Checkout, home: Path, environ: dict[str, str]
) -> None:
    checkout.commit(script(one="true"))
    first = stories.run(wercker, checkout).run["id"]
    stories.run(wercker, checkout)
    folder = home / ".local/state/wercker/runs" / first
    with folders.locked(str(folder)), pytest.raises(subprocess.TimeoutExpired):
        subprocess.run([WERCKER, "runs", "prune", "--keep", "1"], env=environ, timeout=1, check=False)
    assert (folder / "checkout").is_dir()
    wercker("runs", "prune", cwd=checkout.path)  # one that was killed on the way is made up for
    assert not folder.exists()


def test_a_state_folder_without_some_of_its_folders(wercker: Wercker, checkout: Checkout, home: Path) -> None:
    checkout.commit(script(one="true"))
    stories.run(wercker, checkout)
    stories.run(wercker, checkout)
    for name in ("snapshots", "trash", "work", "cache"):
        shutil.rmtree(home / ".local/state/wercker" / name)
    assert wercker("runs", "prune", "--keep", "1", cwd=checkout.path).out.count("passed") == 1
