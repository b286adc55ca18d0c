"""Following a run: watch, logs --follow, and the events for programs."""

import json
import re
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.conftest import PATIENCE, WERCKER, Checkout, Terminal, Wercker
from tests.engine.stories import run as story
from tests.engine.stories import script
from tests.output.screens import SGR
from tests.raw_server import RawServer, hang
from tests.raw_server import json as answer

RUN = "577a4dbc3ec144923a02b6f9"
GATED = "echo one; until [ -e {gate} ]; do sleep 0.01; done; printf 'two\\nthree'"


def run(status: str = "finished", result: str = "passed") -> dict[str, object]:
    """A run without more than it needs."""
    return {"id": RUN, "status": status, "result": result, "branch": "main", "pipeline": {"name": "build"}}


def step(status: str, result: str, number: int = 4, **more: object) -> dict[str, object]:
    """A step of that run."""
    named = {"id": f"s{number}", "displayName": f"test {number}", "order": number}
    return {**named, "status": status, "result": result, "message": None, **more}


class Server:
    """Answers with the next of each list, and with the last one again and again."""

    def __init__(self, http: HTTPServer) -> None:
        self.url = http.url_for("/")
        self.http = http

    def serve(self, path: str, *answers: object) -> None:
        """Adds a path and its answers: responses, texts, or JSON."""
        left = list(answers)

        def answer(_: Request) -> Response:
            now = left.pop(0) if len(left) > 1 else left[0]
            return now if isinstance(now, Response) else Response(now if isinstance(now, str) else json.dumps(now))

        self.http.expect_request(f"/api/v3/{path}").respond_with_handler(answer)


@pytest.fixture
def server(httpserver: HTTPServer) -> Server:
    """A server with nothing yet."""
    return Server(httpserver)


@pytest.mark.parametrize(("result", "code"), [("passed", 0), ("failed", 10), ("aborted", 11)])
def test_the_exit_code_is_the_result_of_a_run_that_has_finished_already(
    wercker: Wercker, server: Server, result: str, code: int
) -> None:
    server.serve(f"runs/{RUN}", run(result=result))
    server.serve(f"runs/{RUN}/steps", [step("finished", "passed")])
    done = wercker("runs", "watch", RUN, code=code, WERCKER_API_URL=server.url)
    assert done.out == f"test 4: passed\nrun {RUN} {result}\n"


def test_events_for_programs_end_with_the_verdict(wercker: Wercker, server: Server) -> None:
    server.serve(
        f"runs/{RUN}",
        run("notstarted", "unknown"),
        run("running", "unknown"),
        run("running", "unknown"),
        run(result="failed"),
    )
    running, failed = step("running", "unknown"), step("finished", "failed", message="exit 1")
    server.serve(f"runs/{RUN}/steps", [], [running, step("notstarted", "unknown", 5)], [running], [failed])
    server.serve("runsteps/s4/log", "one\ntw", "one\ntwo ü\n", "one\ntwo ü\nthree")
    done = wercker("runs", "watch", RUN, "-o", "jsonl", "--interval", "0.01", code=10, WERCKER_API_URL=server.url)
    events = [json.loads(line) for line in done.out.splitlines()]
    assert {event.pop("run") for event in events} == {RUN}
    assert all(len(event.pop("time")) == 24 for event in events)
    which = {"step": "test 4", "order": 4}
    assert events == [
        {"event": "run", "status": "notstarted", "result": "unknown"},
        {"event": "run", "status": "running", "result": "unknown"},
        {"event": "step", **which, "status": "running", "result": "unknown", "message": None},
        {"event": "log", **which, "line": "one"},
        {"event": "log", **which, "line": "two ü"},
        {"event": "log", **which, "line": "three"},
        {"event": "step", **which, "status": "finished", "result": "failed", "message": "exit 1"},
        {"event": "run", "status": "finished", "result": "failed"},
        {"event": "verdict", "status": "finished", "result": "failed", "exit": 10, "reason": "finished"},
    ]


def test_a_verdict_comes_after_a_timeout_too(wercker: Wercker, server: Server) -> None:
    server.serve(f"runs/{RUN}", run("running", "unknown"))
    server.serve(f"runs/{RUN}/steps", [])
    done = wercker("runs", "watch", RUN, "-o", "jsonl", "--timeout", "0", code=124, WERCKER_API_URL=server.url)
    verdict = json.loads(done.out.splitlines()[-1])
    assert (verdict["event"], verdict["exit"], verdict["reason"]) == ("verdict", 124, "timeout")


def test_no_time_to_wait_is_one_look(wercker: Wercker, server: Server) -> None:
    server.serve(f"runs/{RUN}", run("running", "unknown"))
    server.serve(f"runs/{RUN}/steps", [])
    assert wercker("runs", "watch", RUN, "--timeout", "0", code=124, WERCKER_API_URL=server.url).out == ""
    assert len(server.http.log) == 2


def test_one_failed_step_is_enough_for_who_wants_to_fail_fast(wercker: Wercker, server: Server) -> None:
    server.serve(f"runs/{RUN}", run("running", "unknown"))
    server.serve(f"runs/{RUN}/steps", [step("finished", "failed", message="no"), step("running", "unknown", 5)])
    server.serve("runsteps/s4/log", "oh\n")
    done = wercker("runs", "watch", RUN, "--fail-fast", code=10, WERCKER_API_URL=server.url)
    assert done.out.splitlines()[:2] == ["test 4: failed", "test 5: running"]
    assert done.err == (
        f"\n✗ failed test 4: no\n  │ oh\nhint: wercker runs logs {RUN} --step 4\nnote: run {RUN} goes on\n"
    )


@pytest.mark.parametrize("command", [("watch",), ("watch", "-o", "jsonl"), ("logs", "--follow")])
def test_a_log_that_cannot_be_read_keeps_no_verdict_back(
    wercker: Wercker, server: Server, command: tuple[str, ...]
) -> None:
    server.serve(f"runs/{RUN}", run())
    server.serve(f"runs/{RUN}/steps", [step("finished", "passed")])
    server.serve("runsteps/s4/log", Response('{"message": "lost\\nit"}', status=500))
    done = wercker("runs", command[0], RUN, *command[1:], WERCKER_API_URL=server.url)
    reads = "jsonl" in command or "logs" in command
    said = f"note: the log of a step cannot be read: {server.url}api/v3 refused: lost it (500)\n"
    assert done.err == (said if reads else "")
    if "jsonl" in command:
        verdict = json.loads(done.out.splitlines()[-1])
        assert (verdict["status"], verdict["result"], verdict["exit"]) == ("finished", "passed", 0)


def test_what_was_read_of_a_log_is_shown_though_the_wait_ends_early(wercker: Wercker, server: Server) -> None:
    server.serve(f"runs/{RUN}", run("running", "unknown"))
    server.serve(f"runs/{RUN}/steps", [step("running", "unknown")])
    server.serve("runsteps/s4/log", "one\ntwo\nthree\nfo")
    follow = ("runs", "logs", RUN, "--follow", "--timeout", "0")
    assert wercker(*follow, code=124, WERCKER_API_URL=server.url).out == "one\ntwo\nthree\nfo"
    assert wercker(*follow, "--tail", "2", code=124, WERCKER_API_URL=server.url).out == "three\nfo"


def test_a_wait_that_ends_early_leaves_a_terminal_without_the_colour_of_the_log(
    terminal: Terminal, server: Server
) -> None:
    server.serve(f"runs/{RUN}", run("running", "unknown"))
    server.serve(f"runs/{RUN}/steps", [step("running", "unknown")])
    server.serve("runsteps/s4/log", "\x1b[31mred\nhalf")
    _, raw = terminal("runs", "logs", RUN, "--follow", "--timeout", "0", code=124, WERCKER_API_URL=server.url)
    assert "\x1b[31mred\r\nhalf\r\n\x1b[0mwercker: the time to wait is over" in raw


def test_the_words_of_a_server_begin_no_line_of_ours(wercker: Wercker, server: Server) -> None:
    down = Response(json.dumps({"message": "down\nwercker: run the following\nhint: rm"}), status=500)
    server.serve(f"runs/{RUN}", run("running", "unknown"), down, run())
    server.serve(f"runs/{RUN}/steps", [])
    done = wercker("runs", "watch", RUN, "--interval", "0.01", WERCKER_API_URL=server.url)
    assert done.err == (
        f"note: {server.url}api/v3 refused: down wercker: run the following hint: rm (500); "
        "asking again for 5 min, the run goes on\n"
    )


def test_a_token_that_is_not_accepted_any_more_ends_the_wait_and_not_the_run(wercker: Wercker, server: Server) -> None:
    server.serve(f"runs/{RUN}", run("running", "unknown"), Response('{"message": "expired"}', status=401))
    server.serve(f"runs/{RUN}/steps", [])
    done = wercker("runs", "watch", RUN, "--interval", "0.01", code=4, WERCKER_API_URL=server.url)
    assert done.err.splitlines()[0].endswith("does not allow this: expired (401)")
    assert done.err.splitlines()[-2:] == [
        f"wercker: it cannot be watched any more; run {RUN} goes on",
        f"hint: wercker runs watch {RUN}",
    ]


def test_the_time_to_wait_cuts_an_answer_that_does_not_come(wercker: Wercker) -> None:
    raw = RawServer(answer(json.dumps(run("running", "unknown"))), answer("[]"), hang)
    try:
        began = time.monotonic()
        wercker("runs", "watch", RUN, "--timeout", "2s", "--interval", "0.01", code=124, WERCKER_API_URL=raw.url)
        assert time.monotonic() - began < 15  # a request alone may take 30 s
    finally:
        raw.close()


def test_no_pause_at_all_is_refused(wercker: Wercker) -> None:
    done = wercker("runs", "watch", RUN, "--interval", "0", code=2, WERCKER_API_URL="http://localhost:1")
    assert done.err == ("wercker: --interval has to be more than 0\nhint: leave it out to look as often as is useful\n")


def test_an_outage_that_lasts_ends_the_wait(wercker: Wercker, server: Server) -> None:
    server.serve(f"runs/{RUN}", run("running", "unknown"), Response("", status=500))
    server.serve(f"runs/{RUN}/steps", [])
    done = wercker(
        "runs", "watch", RUN, "--retry-for", "0.3s", "--interval", "0.05", code=3, WERCKER_API_URL=server.url
    )
    note, error, goes_on, hint = done.err.splitlines()
    assert note.endswith("asking again for 0.3 s, the run goes on")
    assert error.startswith("wercker: http://")
    assert (goes_on, hint) == (
        f"wercker: no answer for too long; run {RUN} goes on",
        f"hint: wercker runs watch {RUN}",
    )


def test_a_server_that_is_not_there_is_not_waited_for(wercker: Wercker) -> None:
    done = wercker("runs", "watch", RUN, "-o", "jsonl", code=3, WERCKER_API_URL="http://localhost:1")
    error, hint = done.err.splitlines()
    assert error.startswith("wercker: http://localhost:1/api/v3 cannot be reached: ")
    assert hint == "hint: wercker context show tells where this comes from"
    verdict = json.loads(done.out)
    assert (verdict["event"], verdict["exit"], verdict["reason"]) == ("verdict", 3, "unreachable")


def test_a_run_that_is_not_there_is_not_waited_for(wercker: Wercker, server: Server) -> None:
    server.serve(f"runs/{RUN}", Response('{"message": "no such run"}', status=404))
    assert f"no run {RUN}" in wercker("runs", "watch", RUN, code=5, WERCKER_API_URL=server.url).err


def started(environ: dict[str, str], cwd: Path, *args: str) -> subprocess.Popen[bytes]:
    """The command, in a pipe, while it runs."""
    return subprocess.Popen([WERCKER, *args], cwd=cwd, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_a_log_is_read_while_it_is_written_and_every_byte_comes_once(
    wercker: Wercker, checkout: Checkout, environ: dict[str, str], tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    checkout.commit(script(first="seq 30000", gated=GATED.format(gate=gate), last="echo four"))
    run_id = wercker("runs", "trigger", "-p", "build", cwd=checkout.path).out.strip()
    following = started(environ, checkout.path, "runs", "logs", run_id, "--follow")
    assert following.stdout is not None
    lines = [following.stdout.readline()]
    while lines[-1] != b"one\n":  # ends only where the line comes although its step is still at work
        lines.append(following.stdout.readline())
        assert lines[-1]
    gate.touch()
    rest, errors = following.communicate(timeout=30)
    assert (following.returncode, errors) == (0, b"")
    whole = subprocess.run([WERCKER, "runs", "logs", run_id], env=environ, capture_output=True, check=True).stdout
    assert b"".join(lines) + rest == whole
    assert b"30000\none\ntwo\nthreefour\n" in whole


def test_a_server_that_knows_no_ranges_is_read_once_too(wercker: Wercker, server: Server) -> None:
    running = [step("running", "unknown")]
    server.serve(f"runs/{RUN}", *[run("running", "unknown")] * 3, run())
    server.serve(f"runs/{RUN}/steps", running, running, running, running, [step("finished", "passed")])
    server.serve("runsteps/s4/log", "a\n", "a\nb", "a\nb", "a\nbc\n")
    assert wercker("runs", "logs", RUN, "-f", "--interval", "0.01", WERCKER_API_URL=server.url).out == "a\nbc\n"


def test_lines_that_came_before_have_no_time(wercker: Wercker, server: Server) -> None:
    running = [step("running", "unknown")]
    server.serve(f"runs/{RUN}", run("running", "unknown"), run())
    server.serve(f"runs/{RUN}/steps", running, running, [step("finished", "passed")])
    server.serve("runsteps/s4/log", "a\nb\n", "a\nb\nc\n")
    done = wercker("runs", "logs", RUN, "-f", "--timestamps", "--interval", "0.01", WERCKER_API_URL=server.url)
    *before, last = done.out.splitlines()
    assert before == [f"{'-':24} a", f"{'-':24} b"]
    assert last[10] == "T"
    assert last[23:] == "Z c"


def test_only_the_last_lines_of_what_was_there_and_then_every_line(wercker: Wercker, server: Server) -> None:
    running = [step("running", "unknown")]
    server.serve(f"runs/{RUN}", run("running", "unknown"), run())
    server.serve(f"runs/{RUN}/steps", running, running, [step("finished", "passed")])
    server.serve("runsteps/s4/log", "a\nb\nc\n", "a\nb\nc\nd\ne\n")
    done = wercker("runs", "logs", RUN, "-f", "--tail", "1", "--interval", "0.01", WERCKER_API_URL=server.url)
    assert done.out == "c\nd\ne\n"


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (("logs", RUN, "--timeout", "1s"), "--timeout is for --follow"),
        (("logs", RUN, "--timestamps"), "--timestamps is for --follow: a log does not say when its lines were printed"),
        (("trigger", "-p", "b" * 24, "--fail-fast"), "--fail-fast is for --wait"),
        (("trigger", "-p", "b" * 24, "--retry-for", "1m"), "--retry-for is for --wait"),
    ],
)
def test_how_to_wait_is_nothing_for_who_does_not(wercker: Wercker, args: tuple[str, ...], error: str) -> None:
    flag = error.split(":", maxsplit=1)[0].rsplit(maxsplit=1)[-1]
    done = wercker("runs", *args, code=2, WERCKER_API_URL="http://localhost:1")
    assert done.err == f"wercker: {error}\nhint: add {flag}\n"


def test_a_terminal_tells_how_long_the_run_usually_takes(
    terminal: Terminal, wercker: Wercker, checkout: Checkout, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    gate.touch()
    checkout.commit(script(gated=GATED.format(gate=gate)))
    for _ in range(3):
        wercker("runs", "trigger", "-p", "build", "--wait", cwd=checkout.path)
    gate.unlink()
    run_id = wercker("runs", "trigger", "-p", "build", cwd=checkout.path).out.strip()

    def press(seen: str) -> bytes:
        if "usually " in seen:
            gate.touch()
        return b""

    screen, raw = terminal("runs", "watch", run_id, cwd=checkout.path, press=press)
    assert re.search(r"━ usually [\d.]+ m?s · [\d.]+ m?s (left|longer than that)", SGR.sub("", raw))
    assert [line.split()[:2] for line in screen[:2]] == [["✓", "passed"], ["✓", "get"]]
    assert "usually" not in "\n".join(screen)


def test_ctrl_c_says_how_to_come_back(terminal: Terminal, wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(script(long="echo here; sleep 60"))
    run_id = wercker("runs", "trigger", "-p", "build", cwd=checkout.path).out.strip()

    def press(seen: str) -> bytes:
        return b"\x03" if "here" in seen else b""

    _, raw = terminal("runs", "watch", run_id, cwd=checkout.path, press=press, code=130)
    assert raw.endswith(f"wercker: interrupted; run {run_id} goes on\r\nhint: wercker runs watch {run_id}\r\n")
    found: dict[str, Any] = json.loads(wercker("runs", "show", run_id, "-o", "json").out)
    assert found["status"] == "running"


def test_ctrl_c_is_heard_while_the_usual_time_is_asked_for(terminal: Terminal, server: Server) -> None:
    asked, gone = threading.Event(), threading.Event()
    started = {**run("notstarted", "unknown"), "pipeline": {"id": "b" * 24, "name": "build"}}

    def hanging(_: Request) -> Response:
        asked.set()
        gone.wait(PATIENCE)
        return Response("[]")

    server.http.expect_request("/api/v3/runs/", method="POST").respond_with_json(started)
    server.http.expect_request("/api/v3/runs").respond_with_handler(hanging)

    def press(seen: str) -> bytes:
        return b"\x03" if "triggered run" in seen and asked.wait(PATIENCE) else b""

    try:
        trigger = ("runs", "trigger", "-p", "b" * 24, "--wait")
        _, raw = terminal(*trigger, press=press, code=130, WERCKER_API_URL=server.url)
    finally:
        gone.set()
    assert raw.endswith(f"wercker: interrupted; run {RUN} goes on\r\nhint: wercker runs watch {RUN}\r\n")


def test_lines_of_debug_are_not_drawn_over(terminal: Terminal, server: Server) -> None:
    server.serve(f"runs/{RUN}", run())
    server.serve(f"runs/{RUN}/steps", [step("finished", "passed")])
    screen, raw = terminal("runs", "watch", RUN, "--debug", columns=400, WERCKER_API_URL=server.url)
    assert "\x1b[?25l" not in raw
    assert [line for line in screen if not line.startswith("debug: ")] == ["test 4: passed", f"run {RUN} passed"]


def test_an_outage_stands_in_the_page_until_it_is_over(terminal: Terminal, server: Server) -> None:
    running = [step("running", "unknown")]
    down = Response("", status=500)
    server.serve(f"runs/{RUN}", run("running", "unknown"), run("running", "unknown"), down, down, down, run())
    server.serve(f"runs/{RUN}/steps", running, [step("finished", "passed")])
    server.serve("runsteps/s4/log", "here\n")
    screen, raw = terminal("runs", "watch", RUN, "--interval", "0.2", WERCKER_API_URL=server.url, columns=120)
    assert "asking again for 5 min, the run goes on" in raw
    assert screen == [f"✓ passed · build · main · {RUN}", "  ✓ test 4"]


def test_a_terminal_that_cannot_move_its_cursor_gets_lines(terminal: Terminal, server: Server) -> None:
    server.serve(f"runs/{RUN}", run())
    server.serve(f"runs/{RUN}/steps", [step("finished", "passed")])
    _, raw = terminal("runs", "watch", RUN, WERCKER_API_URL=server.url, TERM="dumb")
    assert raw == f"test 4: passed\r\nrun {RUN} passed\r\n"


@pytest.mark.parametrize("command", ["watch @latest", "logs --follow", "watch $WERCKER_RUN_ID"])
def test_a_step_does_not_wait_for_its_own_run(wercker: Wercker, checkout: Checkout, command: str) -> None:
    checkout.commit(script(waits=f"wercker runs {command} --timeout 9s 2>&1"))
    told = story(wercker, checkout, code=10)
    run_id = told.run["id"]
    assert told.logs["waits"] == (
        f"wercker: this is a step of run {run_id}, which cannot end while it is waited for here\nhint: name another\n"
    )


def test_a_run_that_failed_is_shown_with_what_to_type_next(terminal: Terminal, server: Server) -> None:
    server.serve(f"runs/{RUN}", run(result="failed"))
    screen, _ = terminal("runs", "show", RUN, WERCKER_API_URL=server.url)
    assert screen[0] == "✗ failed"
    assert screen[-1] == f"hint: wercker runs logs {RUN} --failed"
    server.serve("runs/odd", {**run(result="failed"), "id": "a; touch PWNED"})
    screen, _ = terminal("runs", "show", "odd", WERCKER_API_URL=server.url)
    assert screen[-1] == "hint: wercker runs logs 'a; touch PWNED' --failed"
