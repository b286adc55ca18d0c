"""A clock that jumps, forward or backward, between runs and in the middle of one: nothing hangs, hurries or is lost."""

import json
from pathlib import Path

import pytest

from tests.conftest import Checkout, Wercker, wait_until
from tests.engine.stories import run, script
from wercker_cli.engine.store import new_id

# Python loads it before anything else: its clock of the day is off by as many nanoseconds as a file says.
JUMPING = """
import os, time

def shifted(clock, unit):
    return lambda: clock() + type(clock())(int(open(os.environ["OFFSET"]).read()) / unit)

time.time_ns, time.time = shifted(time.time_ns, 1), shifted(time.time, 1e9)
"""
DAY = 86_400 * 10**9


@pytest.fixture
def clock(tmp_path: Path, environ: dict[str, str]) -> Path:
    """The file that says how far the clock of every command and worker is off."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site/sitecustomize.py").write_text(JUMPING)
    offset = tmp_path / "offset"
    offset.write_text("0")
    environ |= {"PYTHONPATH": str(tmp_path / "site"), "OFFSET": str(offset)}
    return offset


@pytest.mark.parametrize("jump", [400 * DAY, -400 * DAY])
def test_between_runs(wercker: Wercker, checkout: Checkout, clock: Path, jump: int) -> None:
    checkout.commit(script(ok="true"))
    first = run(wercker, checkout).run
    clock.write_text(str(jump))
    second = run(wercker, checkout).run
    assert (second["createdAt"] > first["createdAt"]) == (jump > 0)
    assert wercker("runs", "list", "-o", "id", cwd=checkout.path).out.split() == [second["id"], first["id"]]


@pytest.mark.parametrize("jump", [400 * DAY, -400 * DAY])
def test_in_the_middle_of_a_run(wercker: Wercker, checkout: Checkout, clock: Path, tmp_path: Path, jump: int) -> None:
    up, go = tmp_path / "up", tmp_path / "go"
    checkout.commit(script(wait=f"touch {up}; until [ -e {go} ]; do sleep 0.01; done"))
    id_ = wercker("runs", "trigger", "-p", "build", cwd=checkout.path).out.strip()
    wait_until(up.exists)
    clock.write_text(str(jump))
    assert wercker("runs", "list", "-s", "running", "-o", "id", cwd=checkout.path).out.split() == [id_]
    go.touch()
    assert "passed after" in wercker("runs", "watch", id_, "--timeout", "20", cwd=checkout.path).out
    shown = json.loads(wercker("runs", "show", id_, "-o", "json", cwd=checkout.path).out)
    assert (shown["status"], shown["result"], shown["progress"]) == ("finished", "passed", 100)
    lines = dict(line.split("\t") for line in wercker("runs", "show", id_, cwd=checkout.path).out.splitlines() if line)
    assert float(lines["duration"]) >= max(0, jump // 10**9)


@pytest.mark.parametrize("jump", [400 * DAY, -400 * DAY])
def test_before_an_abort(wercker: Wercker, checkout: Checkout, clock: Path, tmp_path: Path, jump: int) -> None:
    up = tmp_path / "up"
    checkout.commit(script(wait=f"touch {up}; sleep 600"))
    id_ = wercker("runs", "trigger", "-p", "build", cwd=checkout.path).out.strip()
    wait_until(up.exists)
    clock.write_text(str(jump))
    assert wercker("runs", "abort", id_, cwd=checkout.path).err == f"run {id_} aborted\n"


def test_ids_have_24_digits_whatever_the_year() -> None:
    assert [len(new_id(now)) for now in (-1, 0, 2**32 * 1000, 2**40 * 1000)] == [24] * 4
