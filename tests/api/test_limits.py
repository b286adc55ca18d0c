"""How much is too much, and how long is too long."""

import gzip
import signal
import socket
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.api.conftest import Connect
from tests.api.exchanges import CHUNKED, GET, POST, ROOT, Raw, failure
from tests.raw_server import Answer, drip, hang, json, response
from wercker_cli.api import http
from wercker_cli.errors import Unreachable, Usage


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
