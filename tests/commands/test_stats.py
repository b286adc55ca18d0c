"""`runs stats`, and the marks of `runs list`, against a server and against the engine."""

import json
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.conftest import Checkout, Done, Terminal, Wercker
from tests.engine.stories import script
from tests.test_history import run, step
from tests.test_startup import loaded

APPLICATION = "a" * 24


class History:
    """A server with runs, newest first, and what it was asked for."""

    def __init__(self, http: HTTPServer) -> None:
        self.url = http.url_for("/")
        self.runs = [run(number, 60 if number == 9 else 10) for number in range(29, 0, -1)]
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.deleted = ""
        http.expect_request("/api/v3/runs").respond_with_handler(self._list)
        for each in self.runs:
            http.expect_request(f"/api/v3/runs/{each['id']}/steps").respond_with_handler(self._steps)

    def _list(self, request: Request) -> Response:
        query = dict(request.args.items())
        self.asked.append((request.path, query))
        skip, limit = int(query.get("skip", 0)), int(query.get("limit", 20))
        return Response(json.dumps(self.runs[skip : skip + limit]))

    def _steps(self, request: Request) -> Response:
        self.asked.append((request.path, {}))
        if self.deleted and f"/{self.deleted}/" in request.path:
            return Response(json.dumps({"statusCode": 404, "message": "gone"}), status=404)
        return Response(json.dumps([step("compile", 2), step("test", 7)]))


@pytest.fixture
def server(httpserver: HTTPServer) -> History:
    """The server."""
    return History(httpserver)


@pytest.fixture
def stats(wercker: Wercker, server: History) -> Any:
    """`runs stats` there."""

    def command(*args: str, **more: Any) -> Done:
        return wercker("runs", "stats", "-a", APPLICATION, *args, WERCKER_API_URL=server.url, **more)

    return command


def test_a_pipe_gets_a_row_a_pipeline_and_reads_no_steps(stats: Any, server: History) -> None:
    server.runs[0] = run(29, 3, "failed", pipeline="deploy")
    done = stats("-b", "main")
    assert done == Done(
        0,
        "build\t28\t28\t0\t0\t0\t1.0\t10.000\t10.000\tid-build\ndeploy\t1\t0\t1\t0\t0\t0.0\t\t\tid-deploy\n",
        "",
    )
    query = {"applicationId": APPLICATION, "branch": "main", "limit": "20"}
    assert server.asked == [("/api/v3/runs", query), ("/api/v3/runs", {**query, "skip": "20"})]


def test_json_has_everything_and_reads_the_steps_of_twenty_runs(stats: Any, server: History) -> None:
    report = json.loads(stats("-o", "json").out)
    assert list(report) == [
        *("from", "until", "runs", "passed", "failed", "aborted", "other", "successRate", "p50", "p90"),
        *("pipelines", "flaky", "stepsOf", "steps"),
    ]
    assert (report["runs"], report["p50"], report["stepsOf"]) == (29, 10.0, 20)
    assert report["steps"] == [
        {"pipeline": "build", "step": "test", "runs": 20, "p50": 7.0, "p90": 7.0},
        {"pipeline": "build", "step": "compile", "runs": 20, "p50": 2.0, "p90": 2.0},
    ]
    assert [path.split("/")[4] for path, _ in server.asked if "steps" in path] == [f"r{n}" for n in range(29, 9, -1)]


def test_parts_of_the_json(stats: Any, server: History) -> None:
    server.runs = [run(2, 1, "failed"), run(1, 1)]
    assert stats("-q", ".flaky[] | .passed[], .failed[]").out == "r1\nr2\n"
    assert json.loads(stats("--json", "pipelines.name,p90").out) == {"pipelines.name": ["build"], "p90": 1.0}
    assert "the fields are from, until, runs," in stats("--json", "rate", code=2).err


def test_a_limit_and_a_window(stats: Any, server: History) -> None:
    for number, each in enumerate(server.runs):
        each["createdAt"] = f"2026-01-{29 - number:02}T12:00:00.000Z"
    assert json.loads(stats("-L", "7", "--json", "runs").out) == {"runs": 7}
    assert json.loads(stats("--since", "2026-01-20", "--until", "2026-01-21", "--json", "runs").out) == {"runs": 2}
    server.runs = [run(number, 1) for number in range(59)] * 2
    for number, each in enumerate(server.runs):
        server.runs[number] = {**each, "id": f"n{number}"}
    assert stats().out.startswith("build\t100\t")
    assert stats("--limit", "0").out.startswith("build\t118\t")


def test_a_run_that_is_deleted_meanwhile_is_left_out(stats: Any, server: History) -> None:
    server.deleted = "r29"
    assert json.loads(stats("--json", "stepsOf").out) == {"stepsOf": 19}


def test_nothing_to_count_is_no_error(stats: Any, server: History, terminal: Terminal) -> None:
    server.runs = []
    assert stats() == Done(0, "", "")
    assert json.loads(stats("--json", "runs,p50,pipelines").out) == {"runs": 0, "p50": None, "pipelines": []}
    lines, _ = terminal("runs", "stats", "-a", APPLICATION, WERCKER_API_URL=server.url)
    assert lines == ["no runs found"]


def test_a_terminal_gets_a_page(server: History, terminal: Terminal) -> None:
    lines, raw = terminal("runs", "stats", "-a", APPLICATION, WERCKER_API_URL=server.url)
    assert lines == [
        "29 runs · 2016-07-04",
        "PIPELINE  RUNS  PASSED  FAILED  ABORTED  OTHER  SUCCESS   P50   P90",
        "build       29      29       0        0      0     100%  10 s  10 s",
        "OVER TIME  how long each run took, newest last; ✗ failed, ⊘ aborted, ? other",
        "build  ▂▂▂▂▂▂▂▂█▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂  max 1 min 00 s",
        "SLOWEST STEPS  that passed, in the newest 20 runs",
        "STEP     PIPELINE  RUNS    P50    P90",
        "test     build       20  7.0 s  7.0 s  ████████████████████████████████████████",
        "compile  build       20  2.0 s  2.0 s  ███████████▍",
    ]
    assert "\x1b[32m▂" in raw
    dumb, raw = terminal("runs", "stats", "-a", APPLICATION, WERCKER_API_URL=server.url, TERM="dumb")
    assert dumb == lines
    assert "\x1b" not in raw


def test_a_list_on_a_terminal_marks_the_slow_ones_without_a_further_request(
    server: History, terminal: Terminal, wercker: Wercker
) -> None:
    server.runs = [run(9, 60), run(8, 10), run(7, 11), run(6, 10)]
    args = ("runs", "list", "-a", APPLICATION)
    lines, raw = terminal(*args, WERCKER_API_URL=server.url, columns=100)
    assert lines == [
        "ID  RESULT      PIPELINE  BRANCH  COMMIT  STARTED           TIME  MESSAGE",
        "r9  ✓ passed ▲  build             c1      2016-07-04  1 min 00 s",
        "r8  ✓ passed    build             c1      2016-07-04        10 s",
        "r7  ✓ passed    build             c1      2016-07-04        11 s",
        "r6  ✓ passed    build             c1      2016-07-04        10 s",
        "▲ slower than is usual for its pipeline",
    ]
    assert "\x1b[33m1 min 00 s" in raw
    assert len(server.asked) == 1
    assert "▲" not in wercker(*args, "-o", "table", WERCKER_API_URL=server.url).out
    assert "▲" not in terminal(*args, "-o", "tsv", WERCKER_API_URL=server.url)[1]
    assert terminal(*args, "-q", ".[0].id", WERCKER_API_URL=server.url)[0] == ["r9"]


def test_the_engine_has_figures_too(checkout: Checkout, wercker: Wercker, terminal: Terminal) -> None:
    lucky = script(roll="test -e $WERCKER_CACHE_DIR/seen || { touch $WERCKER_CACHE_DIR/seen; exit 1; }")
    commit = checkout.commit(lucky)
    failed = wercker("runs", "trigger", "-p", "build", "--wait", cwd=checkout.path, code=10).out.strip()
    passed = wercker("runs", "trigger", "-p", "build", "--wait", cwd=checkout.path).out.strip()
    report = json.loads(wercker("runs", "stats", "-p", "build", "-o", "json", cwd=checkout.path).out)
    assert (report["runs"], report["passed"], report["failed"], report["successRate"]) == (2, 1, 1, 0.5)
    assert report["flaky"] == [{"pipeline": "build", "commit": commit, "passed": [passed], "failed": [failed]}]
    assert [entry["id"] for entry in report["pipelines"][0]["history"]] == [failed, passed]
    assert {entry["step"]: entry["runs"] for entry in report["steps"]} == {
        "get code": 2,
        "setup environment": 2,
        "wercker-init": 2,
        "roll": 1,
        "store": 1,
    }
    assert 0 < report["p50"] == report["p90"] < 60
    lines, _ = terminal("runs", "stats", cwd=checkout.path)
    assert lines[0] == "2 runs · just now"
    assert lines[-2:] == [
        f"build     {commit[:7]}  ✓ passed     1  {passed}",
        f"build     {commit[:7]}  ✗ failed     1  {failed}",
    ]


def test_in_a_pipe_nothing_is_loaded_that_draws(
    checkout: Checkout, wercker: Wercker, environ: dict[str, str], tmp_path: Path
) -> None:
    checkout.commit(script(one="true"))
    wercker("runs", "trigger", "-p", "build", "--wait", cwd=checkout.path)
    assert loaded(environ, "runs", "stats", cwd=checkout.path)[0] == ["json", "sqlite3"]
    assert loaded(environ, "runs", "stats", "--help", cwd=tmp_path)[0] == []
    assert "wercker_cli.history" not in loaded(environ, "runs", "list", cwd=checkout.path)[1]
