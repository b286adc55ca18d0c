"""What goes out to a server, what comes of its answers, and what a person reads when there is none."""

import gzip
import signal
import socket
import ssl
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import urllib3
from pytest_httpserver import HTTPServer

from tests.api.conftest import TOKEN, Connect
from tests.raw_server import Answer, RawServer, Unread, after, drip, hang, json, reset, reset_unread, response
from wercker_cli import __version__
from wercker_cli.api import http
from wercker_cli.api.client import Client
from wercker_cli.api.http import Http
from wercker_cli.api.transport import LOOK_FIRST, Request
from wercker_cli.errors import NotAllowed, Refused, Unreachable, Usage, WerckerError

Raw = Callable[..., RawServer]

ROOT = Path(__file__).parents[2]
PEM = str(Path(__file__).with_name("localhost.pem"))  # key and certificate of localhost and 127.0.0.1, until 2116
GET = Request("GET", "/runs")
PUT = Request("PUT", "/runs/r1/abort", body=b"{}")
POST = Request("POST", "/runs/", body=b'{"pipelineId": "p1"}')
ADDRESS = "wercker context show tells where this comes from"
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
    assert not [word for word in ("\n", "Error", "Exception", "Pool", "object at") if word in caught.value.message]
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
    part = {"Range": "bytes=0-9", "Accept-Encoding": "identity"}
    answer = transport.send(Request("GET", "/runsteps/s/log", headers=part))
    assert answer.file
    assert answer.file.read() == b"{}"
    answer.file.close()
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


def test_one_connection_serves_several_requests(raw: Raw, connect: Connect) -> None:
    def again(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(response("Content-Length: 3", body=b"[2]"))

    server = raw(after(response("Content-Length: 3", body=b"[1]"), again))
    transport = connect(server.url)
    assert [transport.send(GET).body for _ in range(2)] == [b"[1]", b"[2]"]
    assert len(server.received) == 1


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

    server = raw(alert, tls=_tls())
    error = failure(connect(server.url, WERCKER_CA_BUNDLE=PEM), POST)
    assert error.message.startswith(f"{server.url}/api/v3 does not speak TLS as it should: ")
    assert len(server.received) == 1


# How much is too much


@pytest.mark.parametrize("extra", [0, 1])
@pytest.mark.parametrize("limit", ["MAX_BODY", "JSON_MOST"])
def test_a_body_may_have_so_many_bytes_and_no_more(
    raw: Raw, connect: Connect, extra: int, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, limit, 2 * 2**20)
    monkeypatch.setattr(http, "IN_MEMORY", 2**20)
    body = b"x" * (2 * 2**20 + extra)
    server = raw(response("Connection: close", body=body))  # its length is not told
    transport = connect(server.url)
    request = GET._replace(headers={"Range": "bytes=0-"}) if limit == "MAX_BODY" else GET
    if extra:
        assert failure(transport, request).message == f"{server.url}/api/v3 answered with more than 2 MiB"
        return
    answer = transport.send(request)
    if answer.file:
        with answer.file as file:
            assert file.read() == body
    assert answer.body == (b"" if answer.file else body)


def _bombs() -> Iterator[tuple[str, str, bytes]]:
    """2 GiB of zeros each, in 2 MB: as one gzip member, as many, as deflate, and as the body of a redirect."""
    megabyte = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = megabyte.compress(bytes(2**20)) + megabyte.flush(zlib.Z_FULL_FLUSH)
    member = gzip.compress(bytes(2**20))
    stream = b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + block * 2000
    yield "one member", "200 OK", response("Content-Encoding: gzip", f"Content-Length: {len(stream)}", body=stream)
    yield "members", "200 OK", response("Content-Encoding: gzip", "Connection: close", body=member * 2000)
    yield "deflate", "200 OK", response("Content-Encoding: deflate", "Connection: close", body=block * 2000)
    redirect = response("Content-Encoding: gzip", "Location: /", "Connection: close", body=stream, status="302 Found")
    yield "redirect", "302 Found", redirect


MEASURE = """
import sys
from wercker_cli import errors, settings
from wercker_cli.api.http import Http
from wercker_cli.api.transport import Request
try:
    Http(str(settings.read({"WERCKER_API_URL": sys.argv[1]}).api_url.value)).send(Request("GET", "/runs"))
except errors.Refused as error:
    print(error.message)
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


@pytest.mark.parametrize("bomb", [bomb for *_, bomb in _bombs()], ids=[name for name, *_ in _bombs()])
def test_a_bomb_costs_less_than_100_mb(raw: Raw, bomb: bytes) -> None:
    server = raw(bomb)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, server.url], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    message, kilobytes = done.stdout.splitlines()
    assert message == f"{server.url}/api/v3 answered with more than 8 MiB"
    assert int(kilobytes) * 1024 < 80e6  # the 32 MB of Python and requests included


# How long is too long

SLOW: dict[str, Answer] = {
    "nothing": hang,
    "first line": drip(b"HTTP/1.1 ", b"2"),
    "headers": drip(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "one header": drip(b"HTTP/1.1 200 OK\r\nX: ", b"y"),
    "continue": drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body": drip(response("Content-Length: 1000000"), b" "),
    "chunks": drip(response(CHUNKED), b"1\r\n \r\n"),
    "trailers": drip(response(CHUNKED, body=b"0\r\n"), b"X: y\r\n"),
    "gzip": drip(response("Content-Encoding: gzip", body=b"\x1f\x8b\x08\x08\0\0\0\0\0\xff"), b"n"),  # an endless name
    "body of a 503": drip(response(CHUNKED, status="503 Down"), b"1\r\n \r\n"),
    "body of a redirect": drip(response(CHUNKED, "Location: /", status="302 Found"), b"1\r\n \r\n"),
}


@pytest.mark.parametrize("answer", SLOW.values(), ids=SLOW)
def test_an_answer_that_only_drips_ends_in_time(raw: Raw, connect: Connect, answer: Answer) -> None:
    server = raw(answer)
    began = time.monotonic()
    error = failure(connect(server.url, timeout=0.3))
    assert time.monotonic() - began < 2
    assert (type(error), error.message) == (Unreachable, f"{server.url}/api/v3 did not answer within 0.3 s")
    assert error.hint == "--request-timeout SECONDS waits longer"


def test_a_trigger_without_an_answer_says_to_look_first(raw: Raw, connect: Connect) -> None:
    server = raw(hang)
    error = failure(connect(server.url, timeout=0.2), POST)
    assert error.hint == "the request may have arrived: look at wercker runs list before you send it again"
    assert len(server.received) == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # urllib3 drops its half-made socket
def test_a_host_that_takes_no_connection_ends_in_time(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:  # nobody accepts, and two wait already
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(2)]
        for held in waiting:
            held.setblocking(False)
            held.connect_ex(address)
        error = failure(connect(f"http://127.0.0.1:{address[1]}", timeout=0.3), POST)
        for held in waiting:
            held.close()
    assert error.message == f"http://127.0.0.1:{address[1]}/api/v3 did not answer within 0.3 s"


def test_the_limit_is_30_seconds_unless_another_is_given(
    raw: Raw, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = raw(json(), json())
    limits: list[float] = []

    def set_timer(which: int, seconds: float) -> tuple[float, float]:
        limits.append(seconds)
        return 0, 0

    monkeypatch.setattr(signal, "setitimer", set_timer)
    connect(server.url).send(GET)
    connect(server.url, timeout=2.5).send(GET)
    assert limits == [30.0, 0, 2.5, 0]


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_a_time_limit_that_no_clock_knows_is_refused(connect: Connect, seconds: float) -> None:
    with pytest.raises(Usage) as caught:
        connect("http://127.0.0.1", timeout=seconds)
    assert caught.value.message == f"a request timeout of {seconds:g} s is not possible"


def test_after_a_failure_the_next_request_is_clean(raw: Raw, connect: Connect) -> None:
    server = raw(drip(response("Content-Length: 1000000"), b" "), json("[1]"))
    transport = connect(server.url, timeout=0.3)
    failure(transport)
    assert transport.send(GET).body == b"[1]"


def test_the_timer_of_the_process_is_left_as_it_was(raw: Raw, connect: Connect) -> None:
    server = raw(json(), hang)
    before, timer = signal.signal(signal.SIGALRM, signal.SIG_IGN), signal.setitimer(signal.ITIMER_REAL, 900, 7)
    try:
        transport = connect(server.url, timeout=0.3)
        transport.send(GET)
        failure(transport)
        left, interval = signal.getitimer(signal.ITIMER_REAL)
        assert 0 < 900 - left < 100
        assert interval == 7
        assert signal.getsignal(signal.SIGALRM) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, *timer)


def test_in_another_thread_the_limits_of_the_sockets_hold(raw: Raw, connect: Connect) -> None:
    server = raw(json("[1]"), hang)
    transport = connect(server.url, timeout=0.2)
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(transport.send, GET).result().body == b"[1]"
        error = thread.submit(failure, transport, POST).result()
    assert error.message == f"{server.url}/api/v3 did not answer within 0.2 s"


# Nobody there


def test_a_refused_connection_is_one_line(connect: Connect) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        for request in (GET, PUT, POST):
            error = failure(connect(url), request)
            assert (type(error), error.hint) == (Unreachable, ADDRESS)
            assert error.message == f"{url}/api/v3 cannot be reached: connection refused"


def test_an_unknown_host_is_one_line(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = failure(connect("http://ci.example.com"))
    assert (type(error), error.hint) == (Unreachable, ADDRESS)
    assert error.message == "http://ci.example.com/api/v3 cannot be found: name or service not known"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://a..b/", "WERCKER_API_URL is 'http://a..b/', which is no address of a server: it names no host"),
        ("ftp://x", "WERCKER_API_URL is 'ftp://x', which is no address of a server: it has to begin with http://"),
        ("http://[::1", "WERCKER_API_URL is 'http://[::1', which is no address of a server: Invalid IPv6 URL"),
        ("http://x:99999", "WERCKER_API_URL is 'http://x:99999', which is no address of a server: Port out of range"),
        ("http://x:y", "WERCKER_API_URL is 'http://x:y', which is no address of a server: Port could not be cast"),
        ("http://", "WERCKER_API_URL is 'http://', which is no address of a server: it names no host"),
        ("ci.example.com", "WERCKER_API_URL is 'ci.example.com', which is no address of a server: it has to begin"),
        ("http://x/?a", "WERCKER_API_URL is 'http://x/?a', which is no address of a server: it has more than a host"),
        ("http://x/a b", "WERCKER_API_URL is 'http://x/a b', which is no address of a server: it has more than a host"),
        ("http://me:secret@x", "WERCKER_API_URL holds a user name or password"),
        (f"http://{'a' * 64}.example.com", f"http://{'a' * 64}.example.com/api/v3 is no address of a server"),
    ],
)
def test_an_address_that_cannot_be_is_a_usage_error(connect: Connect, url: str, message: str) -> None:
    with pytest.raises(Usage) as caught:
        connect(url).send(GET)
    assert caught.value.message.startswith(message)
    assert "\n" not in caught.value.message
    assert "secret" not in caught.value.message


@pytest.mark.parametrize("tail", ["", "/", "/api/v3", "/api/v3/"])
def test_an_address_may_name_the_root_of_the_api_or_leave_it_out(raw: Raw, connect: Connect, tail: str) -> None:
    server = raw(json("[]"))
    transport = connect(server.url + tail)
    transport.send(GET)
    assert transport.server == f"{server.url}/api/v3"
    assert head_of(server.received[0])[0] == "GET /api/v3/runs HTTP/1.1"


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "tab\t", "münze", "nul\0", "\x7f"])
def test_a_token_that_fits_no_header_is_not_sent_and_not_shown(connect: Connect, token: str) -> None:
    with pytest.raises(NotAllowed) as caught:
        connect("http://127.0.0.1", WERCKER_TOKEN=token)
    assert caught.value.message == (
        "WERCKER_TOKEN holds characters that cannot go into an HTTP header (a blank, a line break, an accent?)"
    )


# Proxies


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.9.8.7", "ci.localhost", "LOCALHOST", "[::1]"])
def test_no_proxy_comes_between_loopback_and_us(
    raw: Raw, connect: Connect, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, server = raw(), raw(json("[1]"))
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, proxy.url)
    monkeypatch.setenv("no_proxy", "example.com")
    monkeypatch.setattr(socket, "getaddrinfo", _everything_is_here)
    assert connect(f"http://{host}:{server.port}").send(GET).body == b"[1]"
    assert proxy.received == []


def test_other_hosts_are_asked_by_way_of_the_proxy(raw: Raw, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = raw(json("[1]"))
    monkeypatch.setenv("http_proxy", proxy.url)
    assert connect("http://ci.example.com", WERCKER_TOKEN=TOKEN).send(GET).body == b"[1]"
    first, headers = head_of(proxy.received[0])
    assert first == "GET http://ci.example.com/api/v3/runs HTTP/1.1"
    assert headers["Authorization"] == f"Bearer {TOKEN}"


def test_no_proxy_of_the_environment_counts(raw: Raw, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy, server = raw(), raw(json("[1]"))
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.setenv("no_proxy", "example.com")
    monkeypatch.setattr(socket, "getaddrinfo", _everything_is_here)
    assert connect(f"http://ci.example.com:{server.port}").send(GET).body == b"[1]"
    assert proxy.received == []


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_not_there_is_named_without_its_password(
    connect: Connect, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        proxy = f"127.0.0.1:{closed.getsockname()[1]}"
        monkeypatch.setenv(f"{scheme}_proxy", f"http://me:secret@{proxy}")
        error = failure(connect(f"{scheme}://ci.example.com"))
    assert error.message == f"the proxy {proxy} cannot be reached: connection refused"
    assert error.hint == "name ci.example.com in no_proxy to go there directly"


def test_a_proxy_that_does_not_let_us_through_is_one_line(
    raw: Raw, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = raw(json(status="403 Forbidden"))
    monkeypatch.setenv("https_proxy", proxy.url)
    error = failure(connect("https://ci.example.com", WERCKER_TOKEN=TOKEN), POST)
    assert (
        error.message == f"the proxy 127.0.0.1:{proxy.port} cannot be reached: tunnel connection failed: 403 Forbidden"
    )
    assert TOKEN.encode() not in proxy.received[0]
    assert len(proxy.received) == 1


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1080", "gopher://127.0.0.1", "http://", "http://:secret@:::"])
def test_a_proxy_that_cannot_be_used_is_one_line(connect: Connect, proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("all_proxy", proxy)
    error = failure(connect("http://ci.example.com"))
    assert (type(error), error.message) == (
        Usage,
        "the proxy that the environment names is no address that can be used",
    )


def _everything_is_here(host: str, port: int, *_: object, **__: object) -> list[tuple[Any, ...]]:
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]


# TLS


def _tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    return context


@pytest.mark.parametrize("name", ["WERCKER_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_certificate_of_a_named_bundle_is_trusted(raw: Raw, connect: Connect, name: str) -> None:
    server = raw(json("[1]"), tls=_tls())
    bundle: dict[str, Any] = {name: PEM}
    assert connect(server.url, **bundle).send(GET).body == b"[1]"


def test_an_explicit_bundle_beats_the_environments(raw: Raw, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    server = raw(json("[1]"), tls=_tls())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    assert connect(server.url, WERCKER_CA_BUNDLE=PEM, REQUESTS_CA_BUNDLE="/nowhere").send(GET).body == b"[1]"


@pytest.mark.parametrize("request_", [GET, POST], ids=lambda request: request.method)
def test_a_certificate_that_nobody_vouches_for_ends_it(raw: Raw, connect: Connect, request_: Request) -> None:
    server = raw(tls=_tls())
    error = failure(connect(server.url, WERCKER_TOKEN=TOKEN), request_)
    assert (type(error), error.hint) == (Refused, ADDRESS)
    assert error.message == f"{server.url}/api/v3 shows a certificate that is not trusted: self-signed certificate"
    assert server.received == []


def test_a_certificate_of_another_host_ends_it(raw: Raw, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    server = raw(tls=_tls())
    monkeypatch.setattr(socket, "getaddrinfo", _everything_is_here)
    error = failure(connect(f"https://ci.example.com:{server.port}", WERCKER_CA_BUNDLE=PEM))
    assert error.message == (
        f"https://ci.example.com:{server.port}/api/v3 shows a certificate that is not trusted: "
        "hostname mismatch, certificate is not valid for 'ci.example.com'."
    )


def test_https_where_only_http_is_spoken_is_one_line(raw: Raw, connect: Connect) -> None:
    def complain(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(json(status="400 Bad Request"))

    url = raw(Unread(complain)).url.replace("http:", "https:")
    error = failure(connect(url))
    assert (type(error), error.hint) == (Refused, "is it an http:// address?")
    assert error.message.startswith(f"{url}/api/v3 does not speak TLS as it should: ")  # OpenSSL's words change


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "no such file or directory"),
        ("-----BEGIN", "it holds no PEM certificates"),
        ("", "it holds no PEM certificates"),
    ],
)
def test_a_bundle_that_cannot_be_read_is_one_line(
    connect: Connect, tmp_path: Path, content: str | None, why: str
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(Usage) as caught:
        connect("https://127.0.0.1", WERCKER_CA_BUNDLE=str(path))
    assert caught.value.message == f"the CA bundle {str(path)!r} is none: {why}"


def test_nothing_is_printed(raw: Raw, connect: Connect, capfd: pytest.CaptureFixture[str]) -> None:
    failure(connect(raw().url, WERCKER_TOKEN=TOKEN))
    assert capfd.readouterr() == ("", "")
