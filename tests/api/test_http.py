"""What goes out to a server, what comes of its answers, and what a person reads when there is none."""

import gzip
import json as json_module
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import urllib3
from pytest_httpserver import HTTPServer
from werkzeug import Request as Received

from tests.api.conftest import TOKEN, Connect
from tests.raw_server import Answer, RawServer, after, drip, hang, json, reset, reset_unread, response
from wercker_cli import __version__, settings
from wercker_cli.api import http
from wercker_cli.api.client import Client
from wercker_cli.api.http import LOOK_FIRST, Http
from wercker_cli.api.transport import Request, Response
from wercker_cli.errors import NotAllowed, Refused, Unreachable, Usage, WerckerError

Raw = Callable[..., RawServer]

ROOT = Path(__file__).parents[2]
PEM = str(Path(__file__).with_name("localhost.pem"))  # key and certificate of localhost and 127.0.0.1, until 2116
GET = Request("GET", "/runs")
PUT = Request("PUT", "/runs/r1/abort", body=b"{}")
POST = Request("POST", "/runs/", body=b'{"pipelineId": "p1"}')
ADDRESS = "wercker context show tells where the address comes from"
DOWN = '{"statusCode": 503, "error": "Unavailable", "message": "back at noon"}'
CHUNKED = "Transfer-Encoding: chunked"


def head_of(request: bytes) -> tuple[str, dict[str, str]]:
    """The first line of a request, and its headers."""
    first, *lines = request.decode().partition("\r\n\r\n")[0].split("\r\n")
    return first, dict(line.split(": ", 1) for line in lines)


def failure(transport: Http, request: Request = GET) -> WerckerError:
    """The error that this request ends with: one line, without the vocabulary of the libraries below."""
    with pytest.raises(WerckerError) as caught:
        transport.send(request)
    assert not {"\n", "Error", "Exception", "Pool", "urllib3", "object at"} & {
        word for word in ("\n", "Error", "Exception", "Pool", "urllib3", "object at") if word in caught.value.message
    }
    return caught.value


# What goes out


def test_a_request_carries_the_token_and_says_who_asks(raw: Raw, connect: Connect) -> None:
    server = raw(json())
    query = (("branch", "a b&c=ü"), ("status", "started"), ("status", "finished"))
    connect(server.url, WERCKER_TOKEN=TOKEN).send(Request("GET", "/runs/a%2Fb%3F", query))
    assert head_of(server.received[0]) == (
        "GET /api/v3/runs/a%2Fb%3F?branch=a+b%26c%3D%C3%BC&status=started&status=finished HTTP/1.1",
        {
            "Host": f"127.0.0.1:{server.port}",
            "User-Agent": f"wercker-cli/{__version__}",
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
            "Connection": "keep-alive",
            "Authorization": f"Bearer {TOKEN}",
        },
    )


def test_a_body_is_sent_as_json_and_headers_of_the_request_count(raw: Raw, connect: Connect) -> None:
    server = raw(json(), json())
    transport = connect(server.url)
    transport.send(POST)
    first, headers = head_of(server.received[0])
    assert first == "POST /api/v3/runs/ HTTP/1.1"
    assert headers["Content-Type"] == "application/json"
    assert server.received[0].endswith(b'\r\n\r\n{"pipelineId": "p1"}')
    transport.send(Request("GET", "/runsteps/s/log", headers={"Range": "bytes=0-9", "Accept-Encoding": "identity"}))
    headers = head_of(server.received[1])[1]
    assert (headers["Range"], headers["Accept-Encoding"]) == ("bytes=0-9", "identity")


@pytest.mark.parametrize("token", [TOKEN, ""])
def test_netrc_never_replaces_the_token_nor_stands_in_for_one(
    raw: Raw, connect: Connect, token: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in (".netrc", "_netrc", "other"):
        (tmp_path / name).write_text("machine 127.0.0.1 login me password secret\ndefault login me password secret\n")
        (tmp_path / name).chmod(0o600)
    server = raw(json(), json())
    transport = connect(server.url, WERCKER_TOKEN=token)
    transport.send(GET)
    monkeypatch.setenv("NETRC", str(tmp_path / "other"))
    transport.send(GET)
    sent = [head_of(request)[1].get("Authorization") for request in server.received]
    assert sent == [f"Bearer {TOKEN}" if token else None] * 2


def test_one_connection_serves_several_requests(httpserver: HTTPServer, connect: Connect) -> None:
    ports = []

    def note_port(request: Received) -> Any:
        ports.append(request.environ["REMOTE_PORT"])
        return {}

    httpserver.expect_request("/api/v3/runs").respond_with_handler(
        lambda request: (note_port(request), __import__("werkzeug").Response("[]"))[1]
    )
    transport = connect(httpserver.url_for("/"))
    for _ in range(3):
        transport.send(GET)
    assert len(ports) == 3


# What comes back


def test_an_answer_is_whole_and_its_headers_are_in_lower_case(httpserver: HTTPServer, connect: Connect) -> None:
    body = "[{}]".ljust(100_000).encode()
    httpserver.expect_request("/api/v3/runs").respond_with_data(body, headers={"ETag": 'W/"1"'})
    answer = connect(httpserver.url_for("/api/v3/")).send(GET)
    assert (answer.status, answer.body, answer.headers["etag"]) == (200, body, 'W/"1"')
    assert all(name == name.lower() for name in answer.headers)


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "GZIP", "identity"])
def test_compressed_answers_are_decompressed(raw: Raw, connect: Connect, encoding: str) -> None:
    text = b"[" + b" " * 1_000_000 + b"]"
    body = {"i": text, "d": zlib.compress(text)}.get(encoding[0], gzip.compress(text))
    server = raw(response(f"Content-Encoding: {encoding}", f"Content-Length: {len(body)}", body=body))
    assert connect(server.url).send(GET).body == text


def test_the_servers_own_words_and_trace_id_are_shown(raw: Raw, connect: Connect) -> None:
    fault = '{"statusCode": 422, "error": "Unprocessable", "message": "no such branch"}'
    server = raw(json(fault, "X-Wercker-Trace-Id: 3f2a", status="422 Unprocessable"))
    with pytest.raises(Refused) as caught:
        Client(connect(server.url)).trigger({"pipelineId": "p1"})
    assert caught.value.message == f"{server.url}/api/v3 refused: no such branch (422, trace 3f2a)"


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("<html>\n<title>Log in</title>", "HTML beginning with '<html> <title>Log in</title>'"),
        ("null", "null where an array of objects belongs"),
        ("{}", "an object where an array of objects belongs"),
        ("[1]", "an array where an array of objects belongs"),
        ('[{"id": "r', """text beginning with '[{"id": "r'"""),
        ("", "nothing"),
    ],
)
def test_an_answer_that_is_not_the_api_is_quoted(raw: Raw, connect: Connect, body: str, what: str) -> None:
    server = raw(json(body))
    with pytest.raises(Refused) as caught:
        list(Client(connect(server.url)).runs([]))
    assert caught.value.message == f"{server.url}/api/v3 answered {what}: this is not the runs API"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("request_", [GET, PUT, POST], ids=lambda request: request.method)
def test_a_redirect_is_not_followed_and_the_token_goes_nowhere(
    raw: Raw, connect: Connect, status: int, request_: Request
) -> None:
    elsewhere = raw(json())
    server = raw(json("moved", f"Location: {elsewhere.url}/x", status=f"{status} Moved"))
    answer = connect(server.url, WERCKER_TOKEN=TOKEN).send(request_)
    assert (answer.status, answer.headers["location"], answer.body) == (status, f"{elsewhere.url}/x", b"moved")
    assert (len(server.received), elsewhere.received) == (1, [])


def test_a_redirect_is_an_error_that_names_its_target(raw: Raw, connect: Connect) -> None:
    server = raw(json("", "Location: https://elsewhere.example.com/", status="302 Found"))
    with pytest.raises(Refused) as caught:
        Client(connect(server.url)).run("r1")
    assert caught.value.message == (
        f"{server.url}/api/v3 redirects to https://elsewhere.example.com/, which is not followed"
    )


# What is sent again


@pytest.mark.parametrize("status", ["429 Slow", "502 Bad", "503 Down", "504 Late"])
@pytest.mark.parametrize("request_", [GET, PUT], ids=lambda request: request.method)
def test_get_and_put_ride_out_a_server_that_is_busy(
    raw: Raw, connect: Connect, request_: Request, status: str
) -> None:
    server = raw(json(DOWN, status=status), json(DOWN, status=status), json("[]"))
    assert connect(server.url).send(request_).body == b"[]"
    assert len(server.received) == 3
    assert len(set(server.received)) == 1  # the body of a PUT included


@pytest.mark.parametrize("request_", [GET, PUT], ids=lambda request: request.method)
@pytest.mark.parametrize("answer", [b"", reset, reset_unread, b"HTTP/1.1 200 O"], ids=["end", "rst", "unread", "half"])
def test_get_and_put_ride_out_connections_that_break(
    raw: Raw, connect: Connect, request_: Request, answer: Answer
) -> None:
    server = raw(answer, answer, json("[]"))
    assert connect(server.url).send(request_).body == b"[]"
    assert len(server.received) == 3


def test_a_server_that_stays_down_is_believed_after_four_tries(raw: Raw, connect: Connect) -> None:
    server = raw(*[json(DOWN, status="503 Down")] * 9)
    with pytest.raises(Unreachable) as caught:
        Client(connect(server.url)).run("r1")
    assert caught.value.message == f"{server.url}/api/v3 cannot answer now: back at noon (503)"
    assert len(server.received) == 4


def test_retry_after_is_waited_for(raw: Raw, connect: Connect) -> None:
    server = raw(json(DOWN, "Retry-After: 1", status="503 Down"), json())
    began = time.monotonic()
    assert connect(server.url).send(GET).status == 200
    assert time.monotonic() - began >= 1


@pytest.mark.parametrize("when", ["3600", "Fri, 31 Dec 2100 23:59:59 GMT"])
def test_a_long_retry_after_leaves_time_to_ask_again(raw: Raw, connect: Connect, when: str) -> None:
    server = raw(json(DOWN, f"Retry-After: {when}", status="503 Down"), json())
    began = time.monotonic()
    assert connect(server.url, timeout=4).send(GET).status == 200
    assert 1 <= time.monotonic() - began < 4


@pytest.mark.parametrize("when", ["soon", "-1", "", "9" * 5000, "Thu, 01 Jan 1970 00:00:00 GMT", "Mon, 1 Jan 9999999"])
def test_a_retry_after_that_makes_no_sense_is_ignored(raw: Raw, connect: Connect, when: str) -> None:
    server = raw(json(DOWN, f"Retry-After: {when}", status="503 Down"), json("[]"))
    assert connect(server.url, timeout=3).send(GET).body == b"[]"


ODD: dict[str, tuple[Answer, type[WerckerError], str]] = {
    "closed": (b"", Unreachable, "closed the connection without an answer"),
    "reset": (reset, Unreachable, "broke the connection off"),
    "reset unread": (reset_unread, Unreachable, "broke the connection off"),
    "reset in the body": (
        after(response("Content-Length: 9", body=b"["), reset),
        Unreachable,
        "broke the connection off",
    ),
    "too short": (response("Content-Length: 9", body=b"[]"), Unreachable, "broke off in the middle of its answer"),
    "no body": (response("Content-Length: 9"), Unreachable, "broke off in the middle of its answer"),
    "cut chunk": (response(CHUNKED, body=b"9\r\n[]"), Unreachable, "broke off in the middle of its answer"),
    "no last chunk": (response(CHUNKED, body=b"2\r\n[]\r\n"), Unreachable, "broke off in the middle of its answer"),
    "bad chunk": (response(CHUNKED, body=b"zz\r\n[]\r\n"), Refused, "answered what is no proper HTTP"),
    "two lengths": (
        response("Content-Length: 2", "Content-Length: 3", body=b"[]"),
        Refused,
        "answered what is no proper HTTP",
    ),
    "no HTTP": (b"220 mail.example.com ESMTP\r\n", Refused, "answered what is no proper HTTP"),
    "long header": (response("X: " + "x" * 70_000), Refused, "answered what is no proper HTTP"),
    "many headers": (response(*[f"X{n}: 1" for n in range(200)]), Refused, "answered what is no proper HTTP"),
    "half a header": (b"HTTP/1.1 200 OK\r\nContent-Le", Refused, ""),
    "bad gzip": (
        response("Content-Encoding: gzip", "Content-Length: 2", body=b"[]"),
        Refused,
        "sent a body that cannot be decompressed",
    ),
    "brotli": (
        response("Content-Encoding: br", "Content-Length: 2", body=b"[]"),
        Refused,
        "sent a body encoded as 'br', which was not asked for",
    ),
    "gzip twice": (
        response("Content-Encoding: gzip, gzip", "Content-Length: 2", body=b"[]"),
        Refused,
        "sent a body encoded as 'gzip, gzip', which was not asked for",
    ),
}


@pytest.mark.parametrize(("answer", "outcome", "said"), ODD.values(), ids=ODD)
def test_what_is_no_answer_is_one_readable_line(
    raw: Raw, connect: Connect, answer: Answer, outcome: type[WerckerError], said: str
) -> None:
    server = raw(*[answer] * 4)
    error = failure(connect(server.url))
    assert (type(error), error.message) == (outcome, f"{server.url}/api/v3 {said}")


@pytest.mark.parametrize("answer", [answer for answer, *_ in ODD.values()], ids=ODD)
def test_a_trigger_is_sent_once_whatever_comes_of_it(raw: Raw, connect: Connect, answer: Answer) -> None:
    server = raw(answer)
    assert failure(connect(server.url), POST).hint == LOOK_FIRST
    assert len(server.received) == 1


@pytest.mark.parametrize("status", ["408 Late", "429 Slow", "500 Broken", "502 Bad", "503 Down", "504 Late"])
def test_a_trigger_is_not_repeated_for_a_server_that_is_busy(raw: Raw, connect: Connect, status: str) -> None:
    server = raw(json(DOWN, "Retry-After: 0", status=status))
    assert connect(server.url).send(POST).body == DOWN.encode()
    assert len(server.received) == 1
