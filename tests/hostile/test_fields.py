"""Whatever is where a text, a list or an object belongs, and pages that do not hold still."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.conftest import Terminal
from tests.hostile.conftest import SHOW, TRIGGER, Ask
from tests.output.screens import RUN

Json = dict[str, Any]

STEP: Json = {
    "id": "s1",
    "artifactsUrl": None,
    "createdAt": "2016-07-04T11:51:24.854Z",
    "startedAt": "2016-07-04T11:51:26.035Z",
    "finishedAt": "2016-07-04T11:51:26.562Z",
    "logUrl": "https://ci.example.com/log",
    "order": 1,
    "result": "failed",
    "status": "finished",
    "step": "get code",
    "displayName": "get the code",
    "phase": "main",
    "message": "it is not there",
}
OBEYED_TEXTS = [
    "\x1b]0;title\x07\x1b[2J\x1b[1;1Hgone\x1b[?1049h",
    "\x9b31m\x90sixel\x9c\x1bc\x07\x08\x7f\0",
    "[bold red]markup[/] [/x] [link=http://x]y[/link]",
    "one\r\ntwo\rthree\n\u2028four\u202eevif\u2066",
    "half \ud83d a \udc00 sign",
    "../../etc/passwd?a#b",
    "=cmd()",
    "x" * 500,
    "日本" * 100,
    " ",
]
OTHERS: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1.5,
    1e308,
    10**300,
    "",
    [],
    {},
    [None, 1, "a", [], {}],
    {"id": 5, "name": []},
]
TIMES = ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2015-07-04T11:51:24Z", "2999-13-99T99:99:99Z", "-1", "1e999"]
VALUES = [*OBEYED_TEXTS, *OTHERS, *TIMES]
FIELDS = sorted({*RUN, *STEP})
FORMATS = ("table", "json", "jsonl", "csv", "tsv", "markdown", "html", "id")
APPLICATION = "5751377e7e1bd5f17f050bc4"


def variants(item: Json) -> Iterator[Json]:
    """The object with every value in every field, one at a time, and inside of its objects and lists."""
    for field in item:
        for value in VALUES:
            yield {**item, field: value}
    for key in item.keys() & {"user", "pipeline", "application", "envVars"}:
        for value in VALUES:
            yield {**item, key: {"id": value, "name": value, "owner": value, "meta": {"username": value}}}
            yield {**item, key: [{"key": value, "value": value}]}


def serve(server: HTTPServer, path: str, answer: Callable[[Request], object], method: str = "GET") -> None:
    """Answers with what `answer` makes of a request, as JSON."""
    handler = lambda request: Response(json.dumps(answer(request)), content_type="application/json")  # noqa: E731 - short
    server.expect_request(f"/api/v3{path}", method=method).respond_with_handler(handler)


def pages_of(items: list[Json]) -> Callable[[Request], list[Json]]:
    """A server that pages as the API says."""

    def answer(request: Request) -> list[Json]:
        skip, limit = int(request.args.get("skip", 0)), int(request.args.get("limit", 20))
        return items[skip : skip + limit]

    return answer


@pytest.mark.parametrize("terminal", [False, True], ids=["pipe", "terminal"])
@pytest.mark.parametrize("output", FORMATS)
def test_every_field_may_hold_anything_in_a_list(
    httpserver: HTTPServer, here: Ask, output: str, terminal: bool
) -> None:
    runs = [{**item, "id": f"{number}"} for number, item in enumerate(variants(RUN))]
    serve(httpserver, "/runs", pages_of(runs))
    serve(httpserver, "/runs/r1/steps", lambda _: list(variants(STEP)))
    done = here(
        httpserver.url_for(""), "runs", "list", "-a", APPLICATION, "-L0", "-o", output, terminal=terminal, timeout=60
    )
    assert (done.code, done.err) == (0, "")
    if output == "tsv":
        assert len(done.out.splitlines()) == len(runs)
    done = here(httpserver.url_for(""), "runs", "steps", "r1", "-o", output, terminal=terminal, timeout=60)
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize("filters", [("--since", "0001-01-02"), ("-s", "finished", "-s", "running")], ids=" ".join)
def test_lists_that_are_put_together_may_hold_anything(
    httpserver: HTTPServer, here: Ask, filters: tuple[str, ...]
) -> None:
    serve(httpserver, "/runs", pages_of([{"createdAt": value, "id": value} for value in VALUES]))
    for order in ("creationDateDesc", "creationDateAsc"):
        listed = ("runs", "list", "-a", APPLICATION, "-L0", "--sort", order, "-o", "jsonl", *filters)
        done = here(httpserver.url_for(""), *listed, timeout=60)
        assert (done.code, done.err) == (0, "")
        assert len(done.out.splitlines()) > len(VALUES) / 2


@pytest.mark.parametrize("terminal", [False, True], ids=["pipe", "terminal"])
@pytest.mark.parametrize("field", FIELDS)
def test_every_field_may_hold_anything_in_one_run(
    httpserver: HTTPServer, here: Ask, field: str, terminal: bool
) -> None:
    answers = iter([value for value in VALUES for _ in range(3)])
    for method, path in (("GET", "/runs/r1"), ("PUT", "/runs/r1/abort"), ("POST", "/runs/")):
        serve(httpserver, path, lambda _: {**RUN, field: next(answers)}, method)
    for value in VALUES:
        named = field != "id" or (isinstance(value, str) and value)
        for command in (SHOW, TRIGGER, ("runs", "abort", "r1")):
            done = here(httpserver.url_for(""), *command, terminal=terminal)
            assert done.code == (0 if named or command[1] == "abort" else 1)


@pytest.mark.parametrize("terminal", [False, True], ids=["pipe", "terminal"])
def test_logs_of_steps_with_anything_in_every_field(httpserver: HTTPServer, here: Ask, terminal: bool) -> None:
    serve(httpserver, "/runs/r1/steps", lambda _: [{**step, "id": "s1"} for step in [*variants(STEP)][::5]])
    log = "\n".join(OBEYED_TEXTS).encode("utf-8", "replace") if terminal else b"a log\n"
    httpserver.expect_request("/api/v3/runsteps/s1/log").respond_with_data(log)
    done = here(httpserver.url_for(""), "runs", "logs", "r1", terminal=terminal, timeout=60)
    assert (done.code, done.err) == (0, "")
    for choice in (["--failed"], ["--step", "1"]):
        assert here(httpserver.url_for(""), "runs", "logs", "r1", *choice, terminal=terminal, timeout=60).code == 0
    done = here(httpserver.url_for(""), "runs", "logs", "r1", "--step", "none of these", terminal=terminal)
    assert done.code == 5


@pytest.mark.parametrize("field", ["id", "name", "pipelineName", "type", "permissions", "createdAt", "url"])
@pytest.mark.parametrize("terminal", [False, True], ids=["pipe", "terminal"])
def test_pipelines_with_anything_in_every_field(httpserver: HTTPServer, here: Ask, field: str, terminal: bool) -> None:
    pipelines = [{"id": f"p{number}", "name": "build", field: value} for number, value in enumerate(VALUES)]
    serve(httpserver, "/applications/me/demo/pipelines", pages_of(pipelines))
    for output in FORMATS:
        done = here(httpserver.url_for(""), "pipelines", "list", "-a", "me/demo", "-o", output, terminal=terminal)
        assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize("run", ["a/b", "a\nb", "...", "a?b#c", "%2F", "\x1b[31m", "日本"])
def test_an_id_of_the_server_stays_one_part_of_a_path(httpserver: HTTPServer, here: Ask, run: str) -> None:
    paths: list[str] = []

    def newest(_: Request) -> list[Json]:
        return [{**RUN, "id": run}]

    def anything(request: Request) -> Response:
        paths.append(request.environ["RAW_URI"])
        return Response("{}", 404)

    serve(httpserver, "/runs", newest)
    httpserver.expect_request(re.compile("/api/v3/.*")).respond_with_handler(anything)
    done = here(httpserver.url_for(""), "runs", "show", "@latest", "-a", APPLICATION)
    assert done.code == 5
    assert [path.count("/") for path in paths] == [4]


@pytest.mark.parametrize("run", [".", ".."])
def test_an_id_that_would_lead_elsewhere_is_not_asked_for(httpserver: HTTPServer, here: Ask, run: str) -> None:
    serve(httpserver, "/runs", lambda _: [{**RUN, "id": run}])
    done = here(httpserver.url_for(""), "runs", "show", "@latest", "-a", APPLICATION)
    assert (done.code, done.err.splitlines()[0]) == (2, f"wercker: no id and no name on a server can be {run!r}")
    assert len(httpserver.log) == 1


def test_pages_that_repeat_end(httpserver: HTTPServer, here: Ask) -> None:
    page = [{"id": f"r{number}"} for number in range(20)]
    serve(httpserver, "/runs", lambda _: page)
    done = here(httpserver.url_for(""), "runs", "list", "-a", APPLICATION, "-L0", "-o", "id")
    assert done.out.split() == [run["id"] for run in page]
    assert len(httpserver.log) == 2


def test_pages_that_shrink_meanwhile_show_what_was_there(httpserver: HTTPServer, here: Ask) -> None:
    runs = [{"id": f"r{number}"} for number in range(60)]

    def answer(request: Request) -> list[Json]:
        skip = int(request.args.get("skip", 0))
        return runs[skip : skip + (20 if skip < 40 else 3)]

    serve(httpserver, "/runs", answer)
    done = here(httpserver.url_for(""), "runs", "list", "-a", APPLICATION, "-L0", "-o", "id")
    assert done.out.split() == [run["id"] for run in runs[:43]]


def test_pages_that_grow_meanwhile_repeat_no_run(httpserver: HTTPServer, here: Ask) -> None:
    runs = [{"id": f"r{number}"} for number in range(50)]

    def answer(request: Request) -> list[Json]:
        runs.insert(0, {"id": f"new{len(runs)}"})  # one starts before each answer
        return pages_of(runs)(request)

    serve(httpserver, "/runs", answer)
    done = here(httpserver.url_for(""), "runs", "list", "-a", APPLICATION, "-L0", "-o", "id")
    shown = done.out.split()
    assert len(shown) == len(set(shown))
    assert {f"r{number}" for number in range(50)} <= set(shown)


def test_more_than_was_asked_for_is_cut(httpserver: HTTPServer, here: Ask) -> None:
    serve(httpserver, "/runs", lambda _: [{"id": f"r{number}"} for number in range(500)])
    done = here(httpserver.url_for(""), "runs", "list", "-a", APPLICATION, "-L", "5", "-o", "id")
    assert done.out.split() == ["r0", "r1", "r2", "r3", "r4"]


def test_runs_without_an_id_or_with_odd_ones_end_too(httpserver: HTTPServer, here: Ask) -> None:
    values: list[Any] = [None, 5, [], {}, ["r"], "", True]
    for value in values:
        httpserver.clear()
        runs = [{"id": value, "branch": "main"}] * 20
        httpserver.expect_request("/api/v3/runs").respond_with_json(runs)
        for output in FORMATS:
            done = here(httpserver.url_for(""), "runs", "list", "-a", APPLICATION, "-L0", "-o", output)
            assert (done.code, done.err) == (0, "")
            assert len(httpserver.log) <= 3 * len(FORMATS)


def test_a_terminal_shows_all_of_it_unharmed(httpserver: HTTPServer, terminal: Terminal) -> None:
    hostile = " ".join(OBEYED_TEXTS[:4])
    run = {key: hostile if isinstance(value, str) else value for key, value in RUN.items()} | {"id": hostile}
    serve(httpserver, "/runs", lambda _: [run] * 3)
    serve(httpserver, "/runs/r1", lambda _: run)
    serve(httpserver, "/runs/r1/steps", lambda _: [dict.fromkeys(STEP, hostile)])
    for args in (("list", "-a", APPLICATION), ("show", "r1"), ("steps", "r1")):
        screen, text = terminal("runs", *args, columns=160, WERCKER_API_URL=httpserver.url_for(""))
        assert not re.search(r"\x1b(?!\[[0-9;]*m)|[\x07\x08\x9b\x9d\u202e]", text)
        assert "[bold red]markup[/]" in "".join(screen)
