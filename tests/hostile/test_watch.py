"""Following a run whose server answers anything."""

import json

import pytest
from pytest_httpserver import HTTPServer

from tests.hostile.conftest import Ask
from tests.hostile.test_fields import OBEYED_TEXTS, STEP, VALUES, serve, variants
from tests.output.screens import RUN

FOLLOW = (
    ("runs", "watch", "r1"),
    ("runs", "watch", "r1", "-o", "jsonl"),
    ("runs", "watch", "r1", "-o", "json"),
    ("runs", "logs", "r1", "--follow", "--tail", "3"),
    ("runs", "logs", "r1", "--follow"),
)


@pytest.mark.parametrize("command", FOLLOW, ids=" ".join)
def test_steps_with_anything_in_every_field(httpserver: HTTPServer, here: Ask, command: tuple[str, ...]) -> None:
    serve(httpserver, "/runs/r1", lambda _: {**RUN, "id": "r1", "status": "finished", "result": "failed"})
    serve(httpserver, "/runs/r1/steps", lambda _: [{**step, "id": "s1"} for step in [*variants(STEP)][::3]])
    httpserver.expect_request("/api/v3/runsteps/s1/log").respond_with_data("a log\nof two lines")
    for terminal in (False, "logs" in command):  # the page of watch, which moves, is in tests/output/test_hostile.py
        done = here(httpserver.url_for(""), *command, terminal=terminal, timeout=60)
        assert done.code == 10
        assert "hint: wercker runs logs r1 --step" in done.err


@pytest.mark.parametrize("field", sorted(RUN))
@pytest.mark.parametrize("command", FOLLOW[:2], ids=" ".join)
def test_a_run_with_anything_in_every_field(
    httpserver: HTTPServer, here: Ask, field: str, command: tuple[str, ...]
) -> None:
    answers: list[dict[str, object]] = []
    serve(httpserver, "/runs/r1", lambda _: {**RUN, "id": "r1", "status": "finished", **answers[-1]})
    serve(httpserver, "/runs/r1/steps", lambda _: [])
    for value in VALUES if field not in {"id", "status"} else []:
        answers.append({field: value})
        done = here(httpserver.url_for(""), *command)
        assert done.code == (10 if field == "result" else 11)


def test_steps_that_are_none(httpserver: HTTPServer, here: Ask) -> None:
    wrong: list[object] = [None, {}, "steps", [1], [[]]]
    for steps in wrong:
        httpserver.clear()
        serve(httpserver, "/runs/r1", lambda _: {**RUN, "id": "r1"})
        serve(httpserver, "/runs/r1/steps", lambda _, steps=steps: steps)  # type: ignore[misc]  # bound now
        assert here(httpserver.url_for(""), "runs", "watch", "r1").code == 1


def test_a_hostile_log_becomes_harmless_lines(httpserver: HTTPServer, here: Ask) -> None:
    serve(httpserver, "/runs/r1", lambda _: {**RUN, "id": "r1", "status": "finished", "result": "passed"})
    serve(httpserver, "/runs/r1/steps", lambda _: [{**STEP, "result": "passed"}])
    log = "\n".join(OBEYED_TEXTS).encode("utf-8", "surrogatepass") + b"\xff\xfe"
    httpserver.expect_request("/api/v3/runsteps/s1/log").respond_with_data(log)
    done = here(httpserver.url_for(""), "runs", "watch", "r1", "-o", "jsonl")
    lines = [json.loads(line)["line"] for line in done.out.splitlines() if '"event":"log"' in line]
    assert len(lines) == log.count(b"\n") + 1
    assert here(httpserver.url_for(""), "runs", "logs", "r1", "-f", terminal=True).code == 0
