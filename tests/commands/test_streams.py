"""Terminals, pipes, full disks, Ctrl-C: how the command behaves where it is used."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from tests.conftest import WERCKER, Checkout, Terminal, Wercker, wait_until
from tests.engine.stories import script

SLOW = script(begin="echo begun", wait="sleep 600")


def shell(environ: dict[str, str], command: str, cwd: Path) -> tuple[int, str, str]:
    """What bash makes of a command line."""
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=cwd,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def left_waiting(environ: dict[str, str], checkout: Checkout) -> tuple[subprocess.Popen[str], str]:
    """A command that waits for a run in a session of its own, and the run."""
    waiting = subprocess.Popen(
        [WERCKER, "runs", "trigger", "-p", "build", "--wait"],
        cwd=checkout.path,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert waiting.stdout
    with waiting.stdout as output:
        return waiting, output.readline().strip()


def test_waiting_in_a_pipe_is_a_line_a_change(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(script(compile="echo compiled", test="echo one; echo two; exit 3"))
    done = wercker("runs", "trigger", "-p", "build", "--wait", cwd=checkout.path, code=10)
    run = done.out.strip()
    lines = [re.sub(r"\d+\.\d s", "N s", line) for line in done.err.splitlines() if not line.endswith(": running")]
    assert lines == [
        f"triggered run {run} of build on main",
        "get code: passed (N s)",
        "setup environment: passed (N s)",
        "wercker-init: passed (N s)",
        "compile: passed (N s)",
        "test: failed (N s)",
        f"run {run} failed after N s",
        "",
        "✗ failed test: Command exited with exit code: 3",
        "  │ one",
        "  │ two",
        f"hint: wercker runs logs {run} --step 5",
    ]


def test_waiting_can_give_the_run_as_data(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(script(ok="true"))
    done = wercker("runs", "trigger", "-p", "build", "--wait", "-o", "json", cwd=checkout.path)
    assert json.loads(done.out)["result"] == "passed"
    done = wercker("runs", "trigger", "-p", "build", "--wait", "-q", ".result", cwd=checkout.path)
    assert done.out == "passed\n"


def test_the_time_to_wait_ends_and_the_run_goes_on(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(SLOW)
    done = wercker("runs", "trigger", "-p", "build", "--wait", "--timeout", "0.2s", cwd=checkout.path, code=124)
    run = done.out.strip()
    assert done.err.splitlines()[-2:] == [
        f"wercker: the time to wait is over; run {run} goes on",
        f"hint: wercker runs watch {run}",
    ]
    assert wercker("runs", "show", run, "-q", ".result", cwd=checkout.path).out == "unknown\n"


def test_an_aborted_run_is_exit_11(wercker: Wercker, checkout: Checkout, environ: dict[str, str]) -> None:
    checkout.commit(SLOW)
    waiting, run = left_waiting(environ, checkout)
    wercker("runs", "abort", run, cwd=checkout.path)
    assert waiting.wait(20) == 11


def test_ctrl_c_leaves_the_run_alone(terminal: Terminal, wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(SLOW)

    def press(seen: str) -> bytes:
        return b"\x03" if "running" in seen else b""

    # What the terminal received, not its screen: on Ctrl-C the kernel drops output that was not read yet.
    _, raw = terminal("runs", "trigger", "-p", "build", "--wait", cwd=checkout.path, press=press, code=130)
    run = raw.split()[2]
    end = f"wercker: interrupted; run {run} goes on\r\nhint: wercker runs watch {run}\r\n"
    assert raw.endswith(end)
    assert wercker("runs", "show", run, "-q", ".result", cwd=checkout.path).out == "unknown\n"


def test_waiting_on_a_terminal_leaves_the_last_state(terminal: Terminal, checkout: Checkout) -> None:
    checkout.commit(script(compile="echo compiled", test="true"))
    screen, raw = terminal("runs", "trigger", "-p", "build", "--wait", cwd=checkout.path)
    run = screen[1]
    shown = [re.sub(r"\d+\.\d s", "N s", line) for line in screen]
    assert shown[0] == f"triggered run {run} of build on main"
    assert re.fullmatch(rf"✓ passed · N s · build · main · [0-9a-f]{{7}} · {run}", shown[2])
    assert [re.sub(" +", " ", line) for line in shown[3:]] == [
        " ✓ get code N s",
        " ✓ setup environment N s",
        " ✓ wercker-init N s",
        " ✓ compile N s",
        " ✓ test N s",
        " ✓ store N s",
    ]
    assert raw.count("\x1b[?25l") == raw.count("\x1b[?25h") == 1


@pytest.mark.parametrize("columns", [80, 120])
def test_a_list_fits_the_terminal_and_ids_stay_whole(
    terminal: Terminal, wercker: Wercker, checkout: Checkout, columns: int
) -> None:
    checkout.commit(script(ok="true"), "修復 \x1b[31m[bold]a long message[/bold] 🚀 that goes on and on and on and on")
    run = wercker("runs", "trigger", "-p", "build", "--wait", cwd=checkout.path).out.strip()
    screen, raw = terminal("runs", "list", cwd=checkout.path, columns=columns)
    assert len(screen) == 2
    assert screen[0].startswith("ID ")
    assert screen[1].startswith(f"{run}  ✓ passed  build ")
    assert "修" in screen[1]
    assert "\x1b[31m" not in raw


def test_no_colour_where_none_is_wanted(terminal: Terminal, wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(script(ok="true"))
    wercker("runs", "trigger", "-p", "build", "--wait", cwd=checkout.path)
    for raw in (
        terminal("runs", "list", cwd=checkout.path, NO_COLOR="1")[1],
        terminal("runs", "list", "--color", "never", cwd=checkout.path)[1],
        terminal("runs", "list", cwd=checkout.path, TERM="dumb")[1],
    ):
        assert "\x1b" not in raw
        assert "✓ passed" in raw
    assert "\x1b[32m" in wercker("runs", "list", "-o", "table", "--color", "always", cwd=checkout.path).out
    assert "\x1b[32m" in wercker("runs", "list", "-o", "table", cwd=checkout.path, CLICOLOR_FORCE="1").out
    assert "\x1b" not in wercker("runs", "list", "-o", "table", cwd=checkout.path).out


def test_a_reader_that_has_enough_ends_us_quietly(
    environ: dict[str, str], wercker: Wercker, checkout: Checkout
) -> None:
    checkout.commit(script(big="yes | head -c 3000000"))
    run = wercker("runs", "trigger", "-p", "build", "--wait", cwd=checkout.path).out.strip()
    assert shell(environ, f"wercker runs logs {run} --step big | head -n 1", checkout.path) == (141, "y\n", "")


def test_a_full_disk_is_an_error(environ: dict[str, str], wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(script(ok="true"))
    wercker("runs", "trigger", "-p", "build", "--wait", cwd=checkout.path)
    code, _, err = shell(environ, "wercker runs list -o json > /dev/full", checkout.path)
    assert (code, err) == (1, "wercker: the output could not be written: No space left on device\n")


def test_an_answer_that_finds_no_room_is_no_fault_of_the_server(
    environ: dict[str, str], httpserver: HTTPServer, tmp_path: Path
) -> None:
    httpserver.expect_request("/api/v3/x").respond_with_json(["x" * 1000] * 3000)
    small = {**environ, "WERCKER_API_URL": httpserver.url_for("/"), "TMPDIR": str(tmp_path)}
    code, out, err = shell(small, "export PYTHONDONTWRITEBYTECODE=1; ulimit -f 1; wercker api GET /x", tmp_path)
    assert (code, out) == (1, "")
    assert err == (
        f"wercker: an answer could not be kept in {tmp_path}: File too large\n"
        "hint: make room there, or set TMPDIR to another folder\n"
    )
    assert len(httpserver.log) == 1


def test_who_closed_standard_output_and_asks_for_some_is_told(
    environ: dict[str, str], wercker: Wercker, checkout: Checkout
) -> None:
    checkout.commit(script(ok="true"))
    wercker("runs", "trigger", "-p", "build", "--wait", cwd=checkout.path)
    code, _, err = shell(environ, "wercker runs list >&-", checkout.path)
    assert (code, err) == (1, "wercker: the output could not be written: Bad file descriptor\n")
    assert shell(environ, "wercker runs list --author nobody >&-", checkout.path) == (0, "", "")


def test_closed_streams_are_no_bug(environ: dict[str, str], wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(script(ok="true"))
    assert shell(environ, "wercker runs list >&- 2>&- <&-", checkout.path)[0] == 0
    assert shell(environ, "wercker runs abort - <&-", checkout.path) == (0, "", "")


def test_a_bare_environment_is_enough(wercker: Wercker, checkout: Checkout, tmp_path: Path) -> None:
    checkout.commit(script(say="echo ä"), "fix ä")
    bare = {"PATH": os.environ["PATH"], "WERCKER_HOME": str(tmp_path / "state")}
    command = [WERCKER, "runs", "trigger", "-p", "build", "--wait"]
    done = subprocess.run(command, cwd=checkout.path, env=bare, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def test_a_state_folder_that_cannot_be_used_is_one_sentence(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(script(ok="true"))
    done = wercker("runs", "list", cwd=checkout.path, code=1, WERCKER_HOME="/proc/nowhere")
    assert done.err == (
        "wercker: the state folder /proc/nowhere cannot be used: [Errno 2] No such file or directory: '/proc/nowhere'\n"
        "hint: set WERCKER_HOME to another folder that you can write to\n"
    )


def test_the_engine_is_for_checkouts(wercker: Wercker, tmp_path: Path, checkout: Checkout) -> None:
    done = wercker("runs", "list", cwd=tmp_path, code=2)
    assert done.err == (
        "wercker: no application is named, and there is no wercker.yml here or above\n"
        "hint: go into a checkout, give --application OWNER/NAME, or set WERCKER_APPLICATION_ID\n"
    )
    checkout.commit(script(ok="true"))
    inside = checkout.path / "below"
    inside.mkdir()
    done = wercker("runs", "trigger", "-p", "bild", cwd=inside, code=5)
    assert done.err == ("wercker: no pipeline 'bild' in local/demo on the engine\nhint: pipelines there: build\n")
    assert wercker("runs", "trigger", code=2, cwd=inside).err == (
        "wercker: --pipeline is missing\nhint: wercker runs trigger --pipeline build\n"
    )
    added = wercker("pipelines", "add", str(checkout.path), "-o", "csv", "--public", cwd=tmp_path)
    assert added.err == "added local/demo\n"
    run = wercker("runs", "trigger", "-a", "local/demo", "-p", "build", "--wait", cwd=tmp_path).out.strip()
    assert wercker("runs", "show", run, "-q", ".pipeline.permissions", cwd=tmp_path).out == "public\n"


def test_a_terminal_that_is_gone_ends_no_run(wercker: Wercker, checkout: Checkout, environ: dict[str, str]) -> None:
    checkout.commit(script(count="for i in 1 2 3 4 5; do sleep 0.1; done; echo counted"))
    waiting, run = left_waiting(environ, checkout)
    os.killpg(waiting.pid, signal.SIGHUP)
    assert waiting.wait(20) == -signal.SIGHUP
    wait_until(lambda: wercker("runs", "show", run, "-q", ".status", cwd=checkout.path).out == "finished\n")
    assert wercker("runs", "logs", run, "--step", "count", cwd=checkout.path).out == "counted\n"


def test_without_a_home_folder_nothing_is_written_elsewhere(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(script(one="true"))
    before = sorted(checkout.path.iterdir())
    done = wercker("runs", "list", cwd=checkout.path, code=2, HOME="nowhere")
    assert done.err == (
        "wercker: no home folder is known where the engine could keep its runs\nhint: set WERCKER_HOME\n"
    )
    assert sorted(checkout.path.iterdir()) == before


def test_ctrl_c_while_python_still_loads_the_command_shows_no_traceback(wercker: Wercker, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        "class Press:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'click': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Press())\n"
    )
    assert wercker("runs", "list", code=130, PYTHONPATH=str(tmp_path)) == (130, "", "")
