"""wercker server backup: taken while everything goes on, and restored elsewhere."""

import json
import subprocess
import tarfile
from functools import partial
from pathlib import Path

from tests.conftest import WERCKER, Checkout, Wercker, wait_until
from tests.engine.conftest import STATE
from tests.engine.serving import API, Serve
from tests.engine.stories import WITHOUT_POWERS, run, script
from tests.engine.torture.proc import belonging_to


def test_a_backup_that_is_unpacked_is_the_same_engine(
    serve: Serve, wercker: Wercker, checkout: Checkout, tmp_path: Path
) -> None:
    bare = tmp_path / "site.git"
    checkout.commit(script(says="echo hello > kept; echo said"))
    checkout.git("clone", "--quiet", "--bare", ".", str(bare))
    local = run(wercker, checkout)
    pipeline = wercker("pipelines", "add", str(bare), "-o", "id").out.strip()
    token = wercker("server", "token", "create", "alice").out.strip()
    first = serve(token=token)
    mirrored = first.ask("POST", f"{API}/runs/", json.dumps({"pipelineId": pipeline})).json["id"]
    wercker("runs", "watch", mirrored)
    checkout.commit(script(waits=f"until [ -e {tmp_path}/go ]; do sleep 0.01; done"))
    going_on = wercker("runs", "trigger", "-p", "build", cwd=checkout.path).out.strip()

    assert wercker("server", "backup", "all.tar.gz").err == "wrote all.tar.gz\n"
    assert (tmp_path / "all.tar.gz").stat().st_mode & 0o777 == 0o600
    (tmp_path / "go").touch()
    wercker("runs", "watch", going_on)

    (tmp_path / "restored").mkdir()
    subprocess.run(["tar", "-xzf", "all.tar.gz", "-C", "restored"], cwd=tmp_path, check=True)
    restored = partial(wercker, WERCKER_HOME=str(tmp_path / "restored"))
    for one in (local.run["id"], mirrored):
        assert restored("runs", "show", one, "-o", "json").out == wercker("runs", "show", one, "-o", "json").out
        assert restored("runs", "logs", one).out == wercker("runs", "logs", one).out
    restored("runs", "artifacts", mirrored)
    assert (tmp_path / "kept").read_text() == "hello\n"
    (tmp_path / "home/.local/state/wercker").rename(tmp_path / "gone")
    bare.rename(tmp_path / "away.git")
    second = serve(token=token, WERCKER_HOME=str(tmp_path / "restored"))
    again = second.ask("POST", f"{API}/runs/", json.dumps({"pipelineId": pipeline})).json["id"]
    restored("runs", "watch", again, code=10)
    bare.with_name("away.git").rename(bare)
    again = second.ask("POST", f"{API}/runs/", json.dumps({"pipelineId": pipeline})).json["id"]
    restored("runs", "watch", again)
    assert first.end() == 0


def test_a_file_with_two_names_is_two_files(wercker: Wercker, checkout: Checkout, tmp_path: Path) -> None:
    checkout.commit(script(leaves="echo kept >a; ln a b"))  # of another run's, later on, the number may be the same
    run(wercker, checkout)
    wercker("server", "backup", "all.tar.gz")
    with tarfile.open(tmp_path / "all.tar.gz") as archive:
        found = {Path(member.name).name: (member.isreg(), member.size) for member in archive}
    assert (found["a"], found["b"]) == ((True, 5), (True, 5))


def test_what_was_restored_is_readable_for_its_owner_alone(
    wercker: Wercker, checkout: Checkout, tmp_path: Path
) -> None:
    checkout.commit(script(says="echo hello"))
    run(wercker, checkout)
    wercker("server", "backup", "all.tar.gz")
    restored = tmp_path / "restored"
    restored.mkdir(mode=0o755)
    subprocess.run(["tar", "-xzf", "all.tar.gz", "-C", "restored"], cwd=tmp_path, check=True)
    assert _open_to_others(restored) == []
    (restored / "wercker.db").chmod(0o644)  # by whatever else unpacks it
    wercker("runs", "trigger", "-p", "build", "--wait", cwd=checkout.path, WERCKER_HOME=str(restored))
    wercker("runs", "list", cwd=checkout.path, WERCKER_HOME=str(restored))
    assert {"wercker.db", "runs", "work", "cache", "trash"} <= {path.name for path in restored.iterdir()}
    assert _open_to_others(restored) == []


def _open_to_others(state: Path) -> list[str]:
    """What in a state folder, and in itself, others than its owner could read or list."""
    looked_at = [state, *(path for path in state.iterdir() if path.is_dir() or path.name.startswith("wercker.db"))]
    return [path.name for path in looked_at if path.stat().st_mode & 0o077]


def test_a_backup_that_cannot_be_written(wercker: Wercker, tmp_path: Path) -> None:
    said = wercker("server", "backup", "nowhere/all.tar.gz", code=1).err
    assert said == "wercker: the backup nowhere/all.tar.gz could not be written: No such file or directory\n"
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_a_file_that_is_there_is_not_written_over(wercker: Wercker, tmp_path: Path) -> None:
    (tmp_path / "all.tar.gz").write_text("the one before")
    assert wercker("server", "backup", "all.tar.gz", code=1).err == (
        "wercker: there is a file all.tar.gz already\nhint: name one that is not there yet\n"
    )
    assert (tmp_path / "all.tar.gz").read_text() == "the one before"


def test_what_cannot_be_read_is_left_out(
    wercker: Wercker, checkout: Checkout, environ: dict[str, str], home: Path, tmp_path: Path
) -> None:
    checkout.commit(script(leaves="mkdir closed; touch kept closed/file; mkfifo pipe; touch shut; chmod 0 closed shut"))
    left = f"runs/{run(wercker, checkout).run['id']}/checkout"
    done = subprocess.run(
        [*WITHOUT_POWERS, WERCKER, "server", "backup", "all.tar.gz"],
        env=environ,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert sorted(done.stderr.splitlines()) == [
        f"note: {left}/closed is not in it: Permission denied",
        f"note: {left}/shut is not in it: Permission denied",
        "wrote all.tar.gz",
    ]
    listed = subprocess.run(["tar", "-tzf", "all.tar.gz"], cwd=tmp_path, capture_output=True, text=True, check=True)
    names = {name.removeprefix(f"{left}/") for name in listed.stdout.splitlines() if name.startswith(f"{left}/")}
    assert {"kept", "pipe"} <= names
    assert not {"shut", "closed/", "closed/file"} & names
    (home / STATE / left / "closed").chmod(0o700)  # for whoever clears up behind the tests


def test_a_backup_for_which_the_disk_has_no_room_leaves_nothing(
    wercker: Wercker, checkout: Checkout, environ: dict[str, str], home: Path, tmp_path: Path
) -> None:
    checkout.commit(script(leaves='head -c 1M /dev/urandom >"$WERCKER_OUTPUT_DIR/noise"'))
    run(wercker, checkout)
    wait_until(lambda: belonging_to(home) == [])
    wercker("server", "backup", "all.tar.gz")
    size = (tmp_path / "all.tar.gz").stat().st_size
    room = ["prlimit", f"--fsize={size - 600}"]  # all but what a buffer still holds in the end
    done = subprocess.run(
        [*room, WERCKER, "server", "backup", "more.tar.gz"],
        env={**environ, "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    said = "wercker: the backup more.tar.gz could not be written: File too large\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", said)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.tar.gz", "demo", "home"]
