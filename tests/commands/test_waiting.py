"""Waiting for a run of a server that is not at its best."""

import json

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from tests.conftest import Done, Wercker

RUN, PIPELINE = "577a4dbc3ec144923a02b6f9", "b" * 24
TRIGGER = ("runs", "trigger", "-p", PIPELINE, "--wait")


def run(status: str, result: str) -> dict[str, object]:
    """A run without more than it needs."""
    return {"id": RUN, "status": status, "result": result, "branch": "main", "pipeline": {"name": "build"}}


@pytest.fixture
def server(httpserver: HTTPServer) -> HTTPServer:
    """A server that accepts the trigger, has one failed step, and keeps no logs."""
    httpserver.expect_request("/api/v3/runs/", method="POST").respond_with_json(run("notstarted", "unknown"))
    step = {"id": "s1", "displayName": "test", "order": 4, "status": "finished", "result": "failed", "message": "no"}
    httpserver.expect_request(f"/api/v3/runs/{RUN}/steps").respond_with_json([step])
    fault = {"statusCode": 404, "error": "Not Found", "message": "no logs"}
    httpserver.expect_request("/api/v3/runsteps/s1/log").respond_with_json(fault, status=404)
    return httpserver


def waited(wercker: Wercker, server: HTTPServer, *args: str, code: int) -> Done:
    """What comes of a trigger that waits."""
    return wercker(*TRIGGER, *args, code=code, WERCKER_API_URL=server.url_for("/"))


@pytest.mark.parametrize(("result", "code"), [("passed", 0), ("failed", 10), ("aborted", 11)])
def test_the_exit_code_is_the_result_though_there_are_no_logs(
    wercker: Wercker, server: HTTPServer, result: str, code: int
) -> None:
    server.expect_request(f"/api/v3/runs/{RUN}").respond_with_json(run("finished", result))
    done = waited(wercker, server, code=code)
    assert done.out == f"{RUN}\n"
    assert f"run {RUN} {result}" in done.err


@pytest.mark.parametrize(
    "trouble",
    [
        Response(json.dumps({"message": "oops"}), status=500),
        Response("<html>Bad gateway</html>", status=200),
        Response("", status=503),
    ],
    ids=["500", "HTML", "503"],
)
def test_answers_that_fail_are_noted_once_and_asked_for_again(
    wercker: Wercker, server: HTTPServer, trouble: Response
) -> None:
    answers = [trouble] * (5 if trouble.status_code == 503 else 1)  # a 503 is tried again further down already
    fine = Response(json.dumps(run("finished", "passed")))
    server.expect_request(f"/api/v3/runs/{RUN}").respond_with_handler(lambda _: answers.pop() if answers else fine)
    done = waited(wercker, server, code=0)
    notes = [line for line in done.err.splitlines() if line.startswith("note: ")]
    assert len(notes) == 1
    assert notes[0].endswith("; asking again for 5 min, the run goes on")


def test_an_outage_ends_with_the_time_to_wait(wercker: Wercker, server: HTTPServer) -> None:
    server.expect_request(f"/api/v3/runs/{RUN}").respond_with_json({"message": "oops"}, status=500)
    done = waited(wercker, server, "--timeout", "1s", code=124)
    assert done.err.splitlines()[-2:] == [
        f"wercker: the time to wait is over; run {RUN} goes on",
        f"hint: wercker runs watch {RUN}",
    ]


def test_a_trigger_without_an_id_is_no_success(wercker: Wercker, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/api/v3/runs/", method="POST").respond_with_json({})
    done = wercker("runs", "trigger", "-p", PIPELINE, code=1, WERCKER_API_URL=httpserver.url_for("/"))
    assert done.out == ""
    assert "answered an object without an id: this is not the runs API" in done.err
