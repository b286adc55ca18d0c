"""A state folder that cannot be used, is gone, or loses parts: each is one sentence, or made anew."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import WERCKER, Checkout, Wercker, wait_until
from tests.engine.stories import WITHOUT_POWERS, run, script
from tests.engine.torture.proc import belonging_to

HINT = "hint: set WERCKER_HOME to another folder that you can write to\n"
COMMANDS = (["runs", "list"], ["runs", "trigger", "-p", "build"], ["runs", "show", "1" * 24], ["pipelines", "list"])


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ("/proc/nowhere", "[Errno 2] No such file or directory: '/proc/nowhere'"),
        ("/dev/null", "[Errno 17] File exists: '/dev/null'"),
        ("/dev/null/below", "[Errno 20] Not a directory: '/dev/null/below'"),
    ],
)
def test_a_folder_that_cannot_be_made(wercker: Wercker, checkout: Checkout, state: str, why: str) -> None:
    checkout.commit(script(ok="true"))
    for command in COMMANDS:
        done = wercker(*command, code=1, cwd=checkout.path, WERCKER_HOME=state)
        assert done == (1, "", f"wercker: the state folder {state} cannot be used: {why}\n{HINT}")


def test_a_folder_that_became_read_only(
    wercker: Wercker, checkout: Checkout, home: Path, environ: dict[str, str]
) -> None:
    checkout.commit(script(ok="true"))
    run(wercker, checkout)
    state = home / ".local/state/wercker"
    wait_until(lambda: belonging_to(home) == [])
    for locked in ([state / "wercker.db"], [state, *state.glob("wercker.db*")]):
        modes = {path: path.stat().st_mode for path in locked}
        for path in locked:
            path.chmod(modes[path] & 0o555)
        command = [*WITHOUT_POWERS, WERCKER, "runs", "trigger", "-p", "build"]
        done = subprocess.run(command, env=environ, cwd=checkout.path, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (1, "")
        assert re.fullmatch(
            f"wercker: the (engine refused: the )?state folder {state} cannot be used: "
            rf"(unable to open database file|attempt to write a readonly database)( \(400\))?\n({HINT})?",
            done.stderr,
        )
        for path, mode in modes.items():
            path.chmod(mode)
    run(wercker, checkout)


def test_a_database_that_is_none(wercker: Wercker, checkout: Checkout, home: Path) -> None:
    checkout.commit(script(ok="true"))
    state = home / ".local/state/wercker"
    state.mkdir(parents=True)
    (state / "wercker.db").write_text("this is no database\n" * 500)
    for command in COMMANDS:
        done = wercker(*command, code=1, cwd=checkout.path)
        assert done == (1, "", f"wercker: the state folder {state} cannot be used: file is not a database\n{HINT}")
    (state / "wercker.db").unlink()  # the fixture that ends what still runs opens it


def test_what_is_missing_in_it_is_made_anew(wercker: Wercker, checkout: Checkout, home: Path) -> None:
    checkout.commit(script(ok="echo here; touch $WERCKER_OUTPUT_DIR/a"))
    first = run(wercker, checkout).run["id"]
    run(wercker, checkout, "--worktree")
    state = home / ".local/state/wercker"
    wait_until(lambda: belonging_to(home) == [])
    for folder in ("runs", "work", "cache", "snapshots", "trash"):
        shutil.rmtree(state / folder)
    assert run(wercker, checkout).logs["ok"] == "here\n"
    (checkout.path / "new").touch()
    assert run(wercker, checkout, "--worktree").logs["ok"] == "here\n"
    assert wercker("runs", "logs", first, cwd=checkout.path).out == ""
    assert sorted(path.name for path in state.iterdir() if path.is_dir()) == [
        "cache",
        "runs",
        "snapshots",
        "trash",
        "work",
    ]
    wait_until(lambda: os.listdir(state / "trash") == [])


def test_without_its_state_folder_a_run_ends(wercker: Wercker, checkout: Checkout, home: Path, tmp_path: Path) -> None:
    checkout.commit(script(wait='touch "$UP"; sleep 600'))
    up = tmp_path / "up"
    for _ in range(3):
        wercker("runs", "trigger", "-p", "build", "-e", f"UP={up}", cwd=checkout.path)
    wait_until(up.exists)
    state = home / ".local/state/wercker"

    def removed() -> bool:
        shutil.rmtree(state, ignore_errors=True)  # a run that is being set up still writes to it
        return not state.exists()

    wait_until(removed)
    wait_until(lambda: belonging_to(home) == [])
    assert not state.exists()
    assert wercker("runs", "list", cwd=checkout.path).out == ""
