"""What is no proper HTTP, or too much of it, or too slow: a code, a line, in time, in little memory, one POST."""

import gzip
import socket
import ssl
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Terminal
from tests.hostile.conftest import PIPELINE, SHOW, TRIGGER, Ask
from tests.raw_server import Answer, RawServer, after, drip, hang, json, reset, reset_unread, response
from wercker_cli.api.transport import LOOK_FIRST

Raw = Callable[..., RawServer]

PEM = str(Path(__file__).parents[1] / "api" / "localhost.pem")
CHUNKED = "Transfer-Encoding: chunked"
GZIP = "Content-Encoding: gzip"
RUN = '{"id": "r1", "status": "finished", "result": "passed"}'
BROKEN = "broke off in the middle of its answer"
NO_HTTP = "answered what is no proper HTTP"
NOT_THE_API = "this is not the runs API"
SLOW = "did not answer within 0.5 s"


def endless(head: bytes, piece: bytes) -> Callable[[socket.socket], None]:
    """Sends `head`, then `piece` as fast as it goes, until the other side has gone."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(piece)

    return answer


def bomb() -> bytes:
    """512 MiB of zeros in half a megabyte."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(bytes(2**20)) for _ in range(512)) + packer.flush()


def body(content: bytes, *headers: str) -> bytes:
    """An answer with nothing wrong but what it holds."""
    return response(*headers, f"Content-Length: {len(content)}", "Connection: close", body=content)


ODD: dict[str, tuple[Answer, int, str]] = {
    "closed": (b"", 3, "closed the connection without an answer"),
    "reset after the request": (reset, 3, "broke the connection off"),
    "reset before it was read": (reset_unread, 3, "the connection"),
    "reset in the headers": (after(b"HTTP/1.1 200 OK\r\nX: y\r\n", reset), 3, "broke the connection off"),
    "reset in the body": (after(response("Content-Length: 9", body=b"{"), reset), 3, "broke the connection off"),
    "half a first line": (b"HTTP/1.1 200 O", 3, BROKEN),
    "half a header": (b"HTTP/1.1 200 OK\r\nContent-Le", 3, BROKEN),
    "headers without an end": (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", 3, BROKEN),
    "no HTTP": (b"220 mail.example.com ESMTP\r\n\r\n", 1, NO_HTTP),
    "HTTP/0.9": (b"<html>It works!</html>", 1, NO_HTTP),
    "a first line without end": (b"HTTP/1.1 200 " + b"O" * 100_000, 1, NO_HTTP),
    "a status of letters": (b"HTTP/1.1 abc OK\r\n\r\n", 1, NO_HTTP),
    "a status of four digits": (b"HTTP/1.1 2000 OK\r\n\r\n", 1, NO_HTTP),
    "HTTP/7": (b"HTTP/7.0 200 OK\r\n\r\n" + RUN.encode(), 1, NO_HTTP),
    "a megabyte of header": (response("X: " + "x" * 2**20), 1, NO_HTTP),
    "99 headers of 64 KB": (response(*["X: " + "x" * 65_000] * 99), 1, "answered nothing"),
    "10,000 headers": (response(*[f"X{n}: 1" for n in range(10_000)]), 1, NO_HTTP),
    "endless headers": (endless(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 1000), 1, NO_HTTP),
    "too short": (response("Content-Length: 99", body=RUN.encode()), 3, BROKEN),
    "no body": (response("Content-Length: 99"), 3, BROKEN),
    "two lengths": (response("Content-Length: 54", "Content-Length: 3", body=RUN.encode()), 1, NO_HTTP),
    "a length of letters": (response("Content-Length: many", body=b"x"), 1, NOT_THE_API),
    "a negative length": (response("Content-Length: -1", body=b"x"), 1, NOT_THE_API),
    "an endless length": (response(f"Content-Length: {'9' * 300}", body=RUN.encode()), 3, BROKEN),
    "no last chunk": (response(CHUNKED, body=b"2\r\n{}\r\n"), 3, BROKEN),
    "cut chunk": (response(CHUNKED, body=b"9\r\n{}"), 3, BROKEN),
    "a chunk size of letters": (response(CHUNKED, body=b"zz\r\n{}\r\n"), 1, NO_HTTP),
    "a negative chunk size": (response(CHUNKED, body=b"-2\r\n{}\r\n"), 1, NO_HTTP),
    "an endless chunk size": (response(CHUNKED, body=b"f" * 70_000), 3, BROKEN),
    "a huge chunk size": (response(CHUNKED, body=b"f" * 20 + b"\r\n{}\r\n0\r\n\r\n"), 3, BROKEN),
    "endless body": (endless(response("Connection: close"), bytes(2**16)), 1, "answered with more than 8 MiB"),
    "endless chunks": (endless(response(CHUNKED), b"8000\r\n%s\r\n" % bytes(2**15)), 1, "more than 8 MiB"),
    "endless body of a 404": (endless(response(status="404 No"), b"x" * 2**16), 1, "answered with more than 8 MiB"),
    "gzip bomb": (body(bomb(), GZIP), 1, "answered with more than 8 MiB"),
    "truncated gzip": (body(gzip.compress(RUN.encode())[:-20], GZIP), 1, NOT_THE_API),
    "gzip that is none": (body(RUN.encode(), GZIP), 1, "cannot be decompressed"),
    "brotli": (body(b"x", "Content-Encoding: br"), 1, "encoded as 'br'"),
    "escapes as encoding": (body(b"x", "Content-Encoding: \x1b[31mred"), 1, "encoded as"),
    "a 304 nobody asked for": (response("Connection: close", status="304 Same"), 1, "answered 304 (not modified)"),
    "redirect": (response("Location: http://a/\x1b]0;x\x07", "Content-Length: 0", status="302 Go"), 1, "not followed"),
    "redirect to nowhere": (response("Content-Length: 0", status="307 Go"), 1, "redirects to nowhere"),
    "protocol switch": (response("Upgrade: h2c", status="101 Switch"), 1, "101"),
    "lists, nested wide": (body(b"[" + b"[]," * 2_700_000 + b"[]]"), 1, "more than can be read"),
    "objects, nested wide": (body(b'{"a":[' + b'{"":{}},' * 1_000_000 + b"{}]}"), 1, "more than can be read"),
    "text, four bytes a sign": (
        body(b'{"id": "r1", "a": "%s"}' % ("😀".encode() * 1_500_000)),
        1,
        "more than can be read",
    ),
    "100,000 levels": (body(b"[" * 100_000 + b"]" * 100_000), 1, NOT_THE_API),
    "silence": (hang, 3, SLOW),
    "dripping first line": (drip(b"HTTP/1.1 ", b"2"), 3, SLOW),
    "dripping headers": (drip(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"), 3, SLOW),
    "endless 1xx": (drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), 3, SLOW),
    "dripping body": (drip(response("Content-Length: 1000000"), b" "), 3, SLOW),
    "dripping chunks": (drip(response(CHUNKED), b"1\r\n \r\n"), 3, SLOW),
}


def timeout_for(said: str) -> float:
    return 0.5 if said == SLOW else 10


@pytest.mark.parametrize(("answer", "code", "said"), ODD.values(), ids=ODD)
def test_a_look_at_a_run_ends_with_a_code_and_a_line(
    raw: Raw, there: Ask, answer: Answer, code: int, said: str
) -> None:
    server = raw(*[answer] * 4)
    done = there(server.url, *SHOW, timeout=timeout_for(said))
    assert (done.code, done.out) == (code, "")
    assert done.err.splitlines()[0].startswith(f"wercker: {server.url}/api/v3 ")
    assert said in done.err.splitlines()[0]


@pytest.mark.parametrize(("answer", "code", "said"), ODD.values(), ids=ODD)
def test_a_trigger_is_sent_once(raw: Raw, here: Ask, answer: Answer, code: int, said: str) -> None:
    server = raw(*[answer] * 4)
    done = here(server.url, *TRIGGER, timeout=timeout_for(said))
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert len(server.received) == 1


PASSES: dict[str, Answer] = {
    "HTTP/1.0 without a length": b"HTTP/1.0 200 OK\r\n\r\n" + RUN.encode(),
    "line feeds alone": b"HTTP/1.1 200 OK\n\n" + RUN.encode(),
    "no reason": b"HTTP/1.1 200\r\n\r\n" + RUN.encode(),
    "1xx before": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n" + json(RUN),
    "longer than its length": response(f"Content-Length: {len(RUN)}", body=RUN.encode() + b"and more"),
    "chunks with extensions": response(CHUNKED, body=b"36;a=b\r\n%s\r\n0\r\nX: y\r\n\r\n" % RUN.encode()),
    "gzip": body(gzip.compress(RUN.encode()), GZIP),
    "a byte order mark": body(b"\xef\xbb\xbf" + RUN.encode()),
    "UTF-16": body(RUN.encode("utf-16")),
    "a content type of text": json(RUN, "Content-Type: text/plain; charset=latin-1"),
    "a content type of a picture": json(RUN, "Content-Type: image/png"),
    "a content type of nonsense": json(RUN, "Content-Type: ;;\xff="),
    "no content type": json(RUN),
    "duplicate keys": json('{"id": "other", "status": "started", ' + RUN[1:]),
    "a clock off by a year": json(RUN, "Date: Mon, 04 Jul 2001 12:00:00 GMT"),
    "201": json(RUN, status="201 Created"),
    "299": json(RUN, status="299 Fine"),
}


@pytest.mark.parametrize("answer", PASSES.values(), ids=PASSES)
def test_what_is_odd_but_clear_is_understood(raw: Raw, here: Ask, answer: Answer) -> None:
    done = here(raw(answer).url, *SHOW, "-q", ".id, .result, .status")
    assert (done.code, done.err) == (0, "")
    assert done.out == "r1\npassed\nfinished\n"


BODIES: dict[str, tuple[bytes, str]] = {
    "Latin-1": ('{"id": "grün"}'.encode("latin-1"), NOT_THE_API),
    "invalid UTF-8": (b'{"id": "\xff\xfe\xc0\x80"}', NOT_THE_API),
    "NaN": (b'{"id": NaN}', NOT_THE_API),
    "a number without end": (b'{"id": ' + b"9" * 10_000 + b"}", NOT_THE_API),
    "HTML": (b"<!doctype html>\n<title>\x1b]0;Log in\x07</title>", "answered HTML beginning with"),
    "nothing": (b"", "answered nothing"),
    "blanks": (b" \r\n\t", "answered nothing"),
    "a number": (b"1e5", "answered a number where an object belongs"),
    "a list": (b"[{}]", "answered an array where an object belongs"),
    "no id": (b"{}", "answered an object without an id"),
    "a number for an id": (b'{"id": 5}', "answered an object without an id"),
    "an empty id": (b'{"id": ""}', "answered an object without an id"),
    "two values": (b'{"id": "r1"} {"id": "r1"}', NOT_THE_API),
}


@pytest.mark.parametrize(("content", "said"), BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("terminal", [False, True], ids=["pipe", "terminal"])
@pytest.mark.parametrize("kind", ["application/json", "text/html"])
def test_what_is_not_the_api_is_said(raw: Raw, here: Ask, content: bytes, said: str, terminal: bool, kind: str) -> None:
    done = here(raw(body(content, f"Content-Type: {kind}")).url, *SHOW, "-o", "json", terminal=terminal)
    assert (done.code, done.out) == (1, "")
    assert said in done.err


STATUS = {
    **dict.fromkeys([300, 301, 302, 303, 305, 306, 307, 308, 399], 1),
    **dict.fromkeys([400, 402, 405, 408, 409, 410, 413, 418, 422, 451, 499], 1),
    **dict.fromkeys([401, 403], 4),
    404: 5,
    **dict.fromkeys([429, 502, 503, 504], 3),
    **dict.fromkeys([500, 501, 505, 520, 599, 600, 999], 1),
}


@pytest.mark.parametrize(("status", "code"), STATUS.items())
@pytest.mark.parametrize("command", [SHOW, ("runs", "abort", "r1"), TRIGGER], ids=lambda command: command[1])
def test_every_status_has_its_code(raw: Raw, here: Ask, status: int, code: int, command: tuple[str, ...]) -> None:
    server = raw(*[json('{"message": "so [red]it[/red]\\n\\u001b[31mis"}', status=f"{status} Odd")] * 4)
    done = here(server.url, *command)
    assert done.code == code
    if not 300 <= status < 400:
        assert f"so [red]it[/red] is ({status})" in done.err
    assert len(server.received) == (4 if code == 3 and command != TRIGGER else 1)


def test_a_trigger_that_may_have_arrived_says_so(raw: Raw, there: Ask) -> None:
    server = raw(*[reset] * 4)
    done = there(server.url, *TRIGGER)
    assert done.err == f"wercker: {server.url}/api/v3 broke the connection off\nhint: {LOOK_FIRST}\n"
    assert len(server.received) == 1


def test_a_certificate_of_nobody(raw: Raw, there: Ask) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    server = raw(*[json(RUN)] * 4, tls=context)
    done = there(server.url, *TRIGGER)
    assert (done.code, server.received) == (1, [])
    assert done.err == (
        f"wercker: {server.url}/api/v3 shows a certificate that is not trusted: self-signed certificate\n"
        "hint: wercker context show tells where this comes from\n"
    )


@pytest.mark.parametrize(
    "name", ["closed", "half a header", "redirect", "gzip bomb", "escapes as encoding", "dripping headers"]
)
def test_on_a_terminal_too(raw: Raw, terminal: Terminal, name: str) -> None:
    answer, code, said = ODD[name]
    server = raw(*[answer] * 4)
    args = (*SHOW, "--request-timeout", str(timeout_for(said)))
    screen, text = terminal(*args, code=code, columns=200, WERCKER_API_URL=server.url)
    assert said in screen[0]
    assert "\x1b" not in text
    assert len(screen) <= 2


@pytest.mark.parametrize("levels", [100, 199, 200, 500, *range(900, 1000, 10)])
@pytest.mark.parametrize("args", [("-o", "json"), ("-o", "jsonl"), ("-q", "."), ("--json", "user"), ()], ids=" ".join)
def test_what_is_nested_is_shown_or_refused(raw: Raw, here: Ask, levels: int, args: tuple[str, ...]) -> None:
    nested = b"[" * levels + b"]" * levels
    server = raw(*[body(b'{"id": "r1", "a": %s, "user": %s}' % (nested, nested))] * 4)
    done = here(server.url, *SHOW, *args)
    assert done.code == (0 if levels < 200 else 1)


def test_the_pipeline_is_an_id() -> None:
    assert len(PIPELINE) == 24  # a name would be looked up first, and the POST would not be the first request
