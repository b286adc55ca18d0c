"""What is sent again, and what never is."""

import socket
import time
from typing import Any

import pytest
import urllib3

from tests.api.conftest import Connect
from tests.api.exchanges import CHUNKED, DOWN, GET, PEM, POST, PUT, Raw, failure, server_tls
from tests.raw_server import Answer, after, json, reset, reset_unread, response
from wercker_cli.api.client import Client
from wercker_cli.api.transport import LOOK_FIRST, Request
from wercker_cli.errors import Refused, Unreachable, WerckerError


@pytest.mark.parametrize("status", ["429 Slow", "502 Bad", "503 Down", "504 Late"])
@pytest.mark.parametrize("request_", [GET, PUT], ids=lambda request: request.method)
def test_get_and_put_ride_out_a_server_that_is_busy(raw: Raw, connect: Connect, request_: Request, status: str) -> None:
    server = raw(json(DOWN, status=status), json(DOWN, status=status), json("[]"))
    assert connect(server.url).send(request_).body == b"[]"
    assert len(server.received) == 3
    assert len(set(server.received)) == 1  # the body of a PUT included


@pytest.mark.parametrize("request_", [GET, PUT], ids=lambda request: request.method)
@pytest.mark.parametrize("answer", [b"", reset, reset_unread, b"HTT"], ids=["end", "rst", "unread", "half"])
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
    "half a header": (b"HTTP/1.1 200 OK\r\nContent-Le", Unreachable, "broke off in the middle of its answer"),
    "headers without end": (response()[:-2] + b"X: y\r\n", Unreachable, "broke off in the middle of its answer"),
    "half a first line": (b"HTTP/1.1 200 O", Unreachable, "broke off in the middle of its answer"),
    "bad chunk": (response(CHUNKED, body=b"zz\r\n[]\r\n"), Refused, "answered what is no proper HTTP"),
    "two lengths": (
        response("Content-Length: 2", "Content-Length: 3", body=b"[]"),
        Refused,
        "answered what is no proper HTTP",
    ),
    "no HTTP": (b"220 mail.example.com ESMTP\r\n", Refused, "answered what is no proper HTTP"),
    "long header": (response("X: " + "x" * 70_000), Refused, "answered what is no proper HTTP"),
    "many headers": (response(*[f"X{n}: 1" for n in range(200)]), Refused, "answered what is no proper HTTP"),
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


def test_a_trigger_is_sent_again_where_the_connection_was_refused(
    raw: Raw, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, tries = raw(json("{}")), []
    real = urllib3.util.connection.create_connection

    def refuse_at_first(address: tuple[str, int], *rest: Any, **more: Any) -> socket.socket:
        tries.append(address)
        if len(tries) < 3:
            raise ConnectionRefusedError(111, "Connection refused")
        return real(address, *rest, **more)

    monkeypatch.setattr(urllib3.util.connection, "create_connection", refuse_at_first)
    assert connect(server.url).send(POST).body == b"{}"
    assert (len(tries), len(server.received)) == (3, 1)


def test_a_trigger_takes_a_connection_of_its_own(raw: Raw, connect: Connect) -> None:
    keeps_then_drops = after(response("Content-Length: 2", body=b"[]"), lambda connection: connection.recv(65536))
    server = raw(keeps_then_drops, json())
    transport = connect(server.url)
    assert [transport.send(request).body for request in (GET, POST)] == [b"[]", b"{}"]
    assert len(server.received) == 2


def test_a_broken_tls_connection_sends_no_trigger_again(raw: Raw, connect: Connect) -> None:
    def alert(connection: socket.socket) -> None:  # bytes that are no TLS record, behind its back
        with socket.socket(fileno=connection.detach()) as bare:
            bare.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    server = raw(alert, tls=server_tls())
    error = failure(connect(server.url, WERCKER_CA_BUNDLE=PEM), POST)
    assert error.message.startswith(f"{server.url}/api/v3 does not speak TLS as it should: ")
    assert len(server.received) == 1
