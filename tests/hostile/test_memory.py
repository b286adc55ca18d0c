"""What is large and right is shown, and what is large costs no more memory than it has to."""

import json
import random
from collections.abc import Callable

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from tests.hostile.conftest import SHOW, Ask
from tests.raw_server import RawServer, response
from wercker_cli.api.weight import JSON_MOST, READ_MOST, weight

Raw = Callable[..., RawServer]

WORDS = ["fix", "the", "build,", '"again"', "{and}", "[again]", "naïve", "\n\n", "über", "日本"]
MIB = 2**20


def run(number: int, *, words: list[str] = WORDS) -> dict[str, object]:
    """A run with a message of 64 KB and 300 variables."""
    message = " ".join(random.Random(number).choices(words, k=64 * 1024 // 6))
    return {
        "id": f"r{number}",
        "status": "finished",
        "result": "passed",
        "branch": "main",
        "message": message[: 64 * 1024],
        "envVars": [{"key": f"VARIABLE_{n}", "value": "value " * 10} for n in range(300)],
        "pipeline": {"id": "p1", "name": "build"},
        "user": {"name": "Toon", "meta": {"username": "tonnu", "werckerEmployee": True}},
    }


@pytest.mark.parametrize("escaped", [True, False], ids=["ascii", "utf-8"])
@pytest.mark.parametrize("output", ["table", "json", "csv"])
def test_a_page_of_runs_with_long_messages_and_many_variables(
    httpserver: HTTPServer, there: Ask, output: str, escaped: bool
) -> None:
    body = json.dumps([run(number) for number in range(20)], ensure_ascii=escaped)
    assert len(body) > 1.5 * MIB
    httpserver.expect_request("/api/v3/runs").respond_with_data(body)
    done = there(httpserver.url_for(""), "runs", "list", "-a", "5751377e7e1bd5f17f050bc4", "-L", "20", "-o", output)
    assert (done.code, done.err) == (0, "")
    assert done.out.count("main") >= 20


def test_two_thousand_steps(httpserver: HTTPServer, there: Ask) -> None:
    steps = [
        {
            "id": f"577a4dbc3ec144923a02{number:04x}",
            "url": f"https://ci.example.com/api/v3/runsteps/577a4dbc3ec144923a02{number:04x}",
            "artifactsUrl": None,
            "createdAt": "2016-07-04T11:51:24.854Z",
            "startedAt": "2016-07-04T11:51:26.035Z",
            "finishedAt": "2016-07-04T11:51:26.562Z",
            "logUrl": f"https://ci.example.com/api/v3/runsteps/577a4dbc3ec144923a02{number:04x}/log",
            "order": number,
            "result": "failed",
            "status": "finished",
            "step": f"step {number}",
            "message": "it said: no, [never], {ever}, " * 5,
        }
        for number in range(2000)
    ]
    httpserver.expect_request("/api/v3/runs/r1/steps").respond_with_json(steps)
    done = there(httpserver.url_for(""), "runs", "steps", "r1", "-o", "table")
    assert (done.code, done.err) == (0, "")
    assert done.out.count("\n") >= 2000


def test_a_long_log_of_a_server_without_ranges(httpserver: HTTPServer, there: Ask) -> None:
    line = b"0123456789" * 7 + b"\n"
    log = line * (60 * MIB // len(line))
    httpserver.expect_request("/api/v3/runs/r1/steps").respond_with_json([{"id": "s1", "status": "finished"}])
    httpserver.expect_request("/api/v3/runsteps/s1/log").respond_with_handler(lambda _: Response(log))
    done = there(httpserver.url_for(""), "runs", "logs", "r1", timeout=30)
    assert (done.code, done.err) == (0, "")
    assert done.out.encode() == log


def test_a_log_without_end(raw: Raw, there: Ask) -> None:
    def endless(connection: object) -> None:
        while True:
            connection.sendall(bytes(MIB))  # type: ignore[attr-defined]  # a socket

    def answer(connection: object) -> None:
        connection.sendall(response("Connection: close"))  # type: ignore[attr-defined]  # a socket
        endless(connection)

    steps = b'[{"id": "s1", "status": "finished"}]'
    server = raw(response(f"Content-Length: {len(steps)}", "Connection: close", body=steps), answer)
    done = there(server.url, "runs", "logs", "r1", timeout=30)
    assert (done.code, done.out) == (1, "")
    assert done.err == f"wercker: {server.url}/api/v3 answered with more than 64 MiB\n"


def most(piece: str, key: str = "a") -> bytes:
    """A run with as many of these in a list as may be read; {n} in one is its number."""
    one = piece.format(n=100_000).encode()
    count = int(min(READ_MOST * 0.99 / weight(one), JSON_MOST * 0.99 / len(one)))
    items = "".join(piece.format(n=number) for number in range(100_000, 100_000 + count))
    return f'{{"id": "r1", "{key}": [{items.rstrip(",")}]}}'.encode()


COSTLY = {
    "text": b'{"id": "r1", "message": "%s"}' % (b"a" * 8_380_000),
    "wide text": b'{"id": "r1", "message": "%s"}' % ("😀" * 1_100_000).encode(),
    "escaped wide text": b'{"id": "r1", "message": "%s"}' % (b"\\ud83d\\ude00" + b"a" * 4_400_000),
    "Chinese": b'{"id": "r1", "message": "%s"}' % ("日本" * 1_300_000).encode(),
    "lines": b'{"id": "r1", "message": "%s"}' % (b"a\\n" * 20_000),
    "lists": most("[],"),
    "objects": most('{{"k{n}":{n}}},', "envVars"),
    "numbers": most("1.{n},"),
    "short texts": most('"{n}",'),
    "commits": most('{{"id":"{n}","message":"y{n}"}},', "commits"),
    "keys": b'{"id": "r1", %s"b": 1}' % b"".join(b'"%x":0,' % n for n in range(150_000)),
}


@pytest.mark.parametrize("body", COSTLY.values(), ids=COSTLY)
@pytest.mark.parametrize("output", ["table", "json"])
def test_the_largest_json_that_may_be_read(raw: Raw, there: Ask, body: bytes, output: str) -> None:
    server = raw(response(f"Content-Length: {len(body)}", "Connection: close", body=body))
    done = there(server.url, *SHOW, "-o", output, timeout=30)
    assert (done.code, done.err) == (0, "")
