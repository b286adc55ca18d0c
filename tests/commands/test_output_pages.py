"""Rows reach whoever reads them page by page, and many rows need little memory."""

import subprocess
import tracemalloc
from collections.abc import Iterator
from threading import Event

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.commands.test_requests import PIPELINE, SAMPLE
from tests.conftest import PATIENCE, WERCKER
from wercker_cli.output.columns import Format, Json
from wercker_cli.output.runs import RUNS
from wercker_cli.output.show import show

PAGE = 20
MANY = 10_000


def page(skip: int, size: int = PAGE) -> list[Json]:
    """So many runs, each with an id of its own."""
    return [SAMPLE | {"id": f"{number:024x}"} for number in range(skip, skip + size)]


@pytest.mark.parametrize(("name", "lines"), [("tsv", PAGE), ("csv", PAGE + 1), ("jsonl", PAGE), ("id", PAGE)])
def test_the_first_page_is_written_before_the_second_is_answered(
    environ: dict[str, str], httpserver: HTTPServer, name: str, lines: int
) -> None:
    seen = Event()
    answered_in_time = []

    def second(_: Request) -> Response:
        answered_in_time.append(seen.wait(PATIENCE))
        return Response("[]", content_type="application/json")

    query = {"pipelineId": PIPELINE, "limit": str(PAGE)}
    httpserver.expect_ordered_request("/api/v3/runs", query_string=query).respond_with_json(page(0))
    httpserver.expect_ordered_request("/api/v3/runs", query_string=query | {"skip": "20"}).respond_with_handler(second)
    listing = subprocess.Popen(
        [WERCKER, "runs", "list", "-p", PIPELINE, "-L", "0", "-o", name],
        env=environ | {"WERCKER_API_URL": httpserver.url_for("/")},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert listing.stdout
    with listing.stdout as output:
        first = [output.readline() for _ in range(lines)]
        seen.set()
        assert output.read() == ""
    assert f"{PAGE - 1:024x}" in first[-1]
    assert listing.wait(PATIENCE) == 0
    assert answered_in_time == [True]
    httpserver.check()


@pytest.mark.parametrize(
    ("name", "megabytes"), [("tsv", 0.5), ("csv", 0.5), ("jsonl", 0.5), ("id", 0.5), ("json", 40.0)]
)
def test_many_rows_need_little_memory(name: str, megabytes: float) -> None:
    def runs() -> Iterator[Json]:
        for skip in range(0, MANY, PAGE):
            yield from page(skip)

    with open("/dev/null", "w", encoding="utf-8") as stream:
        show(page(0), RUNS, Format(name), stream)  # what is loaded once is not counted
        tracemalloc.start()
        try:
            show(runs(), RUNS, Format(name), stream)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < megabytes * 1e6


def test_json_is_whole_or_nothing(environ: dict[str, str], httpserver: HTTPServer) -> None:
    query = {"pipelineId": PIPELINE, "limit": str(PAGE)}
    httpserver.expect_ordered_request("/api/v3/runs", query_string=query).respond_with_json(page(0))
    httpserver.expect_ordered_request("/api/v3/runs", query_string=query | {"skip": "20"}).respond_with_data(
        "no", status=400
    )
    done = subprocess.run(
        [WERCKER, "runs", "list", "-p", PIPELINE, "-L", "0", "-o", "json"],
        env=environ | {"WERCKER_API_URL": httpserver.url_for("/")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
