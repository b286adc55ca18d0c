"""Requests as nobody sends them: paths, queries, headers and bodies, by chance, and the same ones every time."""

import json
import random
import socket
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO, NamedTuple
from urllib.parse import quote

from wercker_cli.engine import parameters

TIMEOUT = 60.0  # seconds after which an answer will not come
GONE = 0  # in place of the status of an answer: the client has not waited for it
PIPELINED = 20  # requests at most that are sent before their answers are read

_TEXTS = (
    *b"0 -1 99999999999999999999 1e9 NaN null true main HEAD~1 ' \" % %% %zz %0 %00 %0d%0a %2f %2e%2e%2f".split(),
    *b".. ../../etc/passwd --help - $(id) `id` ${HOME} <script> {{7*7}} \\ ; %ed%a0%80 \xc0\xaf \xff \x7f \x00".split(),
    *"%ff%fe ü 😀 \u202e".encode().split(),
    *(b"", b"\t", b"' OR 1=1 --", b"a" * 5000),
)
_METHODS = b"GET POST PUT HEAD DELETE OPTIONS PATCH BREW".split()
_PATHS = b"""
    /api/v3/runs/{run} /api/v3/runs/{run}/steps /api/v3/runs/{run}/artifact
    /api/v3/runsteps/{step} /api/v3/runsteps/{step}/log /api/v3/runsteps/{step}/artifacts
    /api/v3/applications/{owner} /api/v3/applications/{owner}/{name} /api/v3/applications/{owner}/{name}/pipelines
    /api/v3/runs /api/v3/runs?applicationId={application} /api/v3/runs?pipelineId={pipeline}
    /api/v3/openapi.json /healthz * / /page.css /runs/{run} /{owner}/{name}
""".split()
_ROUTES = (
    *((b"GET", path) for path in _PATHS),
    *((b"HEAD", path) for path in _PATHS[:5]),
    *[(b"POST", b"/api/v3/runs")] * 8,
    *[(b"PUT", b"/api/v3/runs/{run}/abort")] * 2,
)
_QUERIES = (
    b"applicationId pipelineId status result branch tag commit sourceRun author sort limit skip page token".split()
)
_HEADERS = (
    *(*[b"Range"] * 8, *[b"If-None-Match"] * 4),  # the ones that are read most
    *b"If-Range If-Match If-Modified-Since Content-Type Content-Encoding Accept Accept-Encoding Cookie Origin".split(),
    *b"Referer User-Agent Forwarded X-Forwarded-For X-Forwarded-Host X-Forwarded-Proto X-HTTP-Method-Override".split(),
    *b"Upgrade Expect TE X".split(),
)
_VALUES = (
    *b'bytes=0- bytes=5-1 bytes=-0 bytes=0-0,5-9 bytes=99999999999999999999- bytes=- lines=1-2 * W/"x" " ,'.split(),
    *b"application/json text/plain gzip 100-continue websocket http localhost:99999 ::1 [::1".split(),
    *(b", ,", b"application/json; charset=utf-16", b"Thu, 01 Jan 1970 00:00:00 GMT"),
)
_HOSTS = (b"", b"[", b"[::1]:x", b"evil.example.com", b"localhost:", b"a b", b"localhost,localhost", b"\xff")
_FRAMES = (  # lines among the headers that say where a request ends, or are none
    *(b"Content-Length: -1", b"Content-Length: 1e3", b"Content-Length: 0x10", b"Content-Length: 99999999999"),
    *(b"Content-Length: 5\r\nContent-Length: 6", b"Transfer-Encoding: gzip", b"Connection: close"),
    *(b" folded: first", b"no colon", b": no name", b"a b: c", b"X: " + 40_000 * b"x"),
)
_CHUNKS = (b"zz\r\n", b"-1\r\n", b"5;\x00\r\nabcde\r\n0\r\n\r\n", b"3\r\nabcde\r\n0\r\n\r\n")
_LINES = (b"nonsense", b"GET", b"GET /", b"GET / HTTP/9.9", b"GET  / HTTP/1.1", b"\x16\x03\x01", b"get / http/1.1")
_KEYS = (*parameters.PAYLOAD, "a")
_LARGE = (b"[" * 50_000, b'{"a":' * 5_000, b"9" * 5_000, b'"' + 100_000 * b"a", 2**20 * b" " + b"{}")  # bodies


class Known(NamedTuple):
    """What a server has, so that requests come to more than a 404."""

    names: Mapping[str, str]  # of one of each kind that is in a path above
    token: str


class Sent(NamedTuple):
    """One request."""

    data: bytes
    bodiless: bool = False  # whether its answer is a head alone
    closes: bool = False  # whether its answer may be the last one of its connection
    cut: bool = False  # whether the client goes away in the middle of it


def requests(seed: int, known: Known) -> Iterator[Sent]:
    """Requests without an end; those of a seed are the same every time, but for what is known."""
    chance = random.Random(seed)
    while True:
        request = _request(chance, known)
        cut = chance.random() < 0.02
        yield request._replace(data=request.data[: chance.randrange(len(request.data))], cut=True) if cut else request


def _request(chance: random.Random, known: Known) -> Sent:
    if chance.random() < 0.01:
        return Sent(chance.choice(_LINES) + b"\r\nHost: localhost\r\n\r\n", closes=True)
    method, path = chance.choice(_ROUTES)
    if chance.random() < 0.1:
        method = chance.choice(_METHODS)
    old, framed = chance.random() < 0.01, chance.random() < 0.02
    lines = [b"%b %b HTTP/1.%d" % (method, _target(chance, known, path), not old)]
    lines.append(b"Host: " + (b"localhost" if chance.random() < 0.98 else chance.choice(_HOSTS)))
    lines += [_login(chance, known)] if chance.random() < 0.8 else []
    lines += [_header(chance) for _ in range(chance.choice((0, 0, 1, 1, 2, 5)))]
    lines += [chance.choice(_FRAMES)] if framed else []
    body = _body(chance, known) if method in {b"POST", b"PUT", b"PATCH"} or chance.random() < 0.02 else b""
    if chance.random() < 0.02:
        lines, body = [*lines, b"Transfer-Encoding: chunked"], chance.choice(_CHUNKS)
    elif body and chance.random() < 0.1:
        lines, body = [*lines, b"Transfer-Encoding: chunked"], b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    elif body:
        lines.append(b"Content-Length: %d" % len(body))
    return Sent(b"\r\n".join((*lines, b"", body)), bodiless=method == b"HEAD", closes=old or framed)


def _target(chance: random.Random, known: Known, path: bytes) -> bytes:
    """That path, with the names of something in it, or nearly so; and perhaps a query."""
    for kind, name in known.names.items():
        path = path.replace(b"{%b}" % kind.encode(), name.encode() if chance.random() < 0.8 else _text(chance))
    if chance.random() < 0.15:
        place = chance.randrange(len(path) + 1)
        path = path[:place] + _text(chance) + path[place + chance.randrange(3) :]
    if chance.random() < 0.02:
        path = b"http://" + chance.choice(_HOSTS) + path
    for _ in range(chance.choice((0, 0, 1, 4))):
        path += b"%b%b=%b" % (b"&" if b"?" in path else b"?", chance.choice(_QUERIES), _name(chance, known))
    return quote(path, safe="/?&=%:[]*").encode() if chance.random() < 0.9 else path.translate(None, b" \t\r\n") or b"/"


def _name(chance: random.Random, known: Known) -> bytes:
    """The name of something, which is there more often than not."""
    return _known(chance, known).encode() if chance.random() < 0.6 else _text(chance)


def _known(chance: random.Random, known: Known) -> str:
    return chance.choice([*known.names.values()])


def _text(chance: random.Random) -> bytes:
    return chance.choice(_TEXTS) if chance.random() < 0.7 else chance.randbytes(chance.randrange(20))


def _login(chance: random.Random, known: Known) -> bytes:
    if chance.random() < 0.02:
        return b"Authorization: " + chance.choice((b"", b"Bearer ")) + _in_header(_text(chance))
    return b"Authorization: Bearer " + known.token.encode()


def _header(chance: random.Random) -> bytes:
    value = chance.choice(_VALUES) if chance.random() < 0.6 else _text(chance)
    return chance.choice(_HEADERS) + b": " + _in_header(value)


def _in_header(value: bytes) -> bytes:
    return value.translate(None, b"\r\n")


def _body(chance: random.Random, known: Known) -> bytes:
    """JSON that is nearly a payload, or JSON no more, or nothing of the kind."""
    kind = chance.random()
    if kind < 0.1:
        return chance.randbytes(chance.randrange(200))
    if kind < 0.12:
        return chance.choice(_LARGE)
    payload = {chance.choice(_KEYS): _value(chance, known, 3) for _ in range(chance.randrange(5))}
    text = json.dumps(payload, ensure_ascii=chance.random() < 0.5).encode(errors="surrogatepass")
    if kind < 0.5:
        return text
    place = chance.randrange(len(text))
    return text[:place] + chance.randbytes(chance.randrange(4)) + text[place + chance.randrange(3) :]


def _value(chance: random.Random, known: Known, depth: int) -> object:
    kind = chance.randrange(12 if depth else 9)
    if kind < 4:
        return _known(chance, known)
    if kind < 7:
        return _text(chance).decode(errors="surrogateescape")
    if kind < 9:
        return chance.choice((None, True, False, 0, -1, 1.5, 10**30, float("nan"), "\ud800", "\0"))
    if kind == 9:
        return [_value(chance, known, depth - 1) for _ in range(chance.randrange(4))]
    keys = ("key", "value", "protected", "?")
    return {chance.choice(keys): _value(chance, known, depth - 1) for _ in range(chance.randrange(4))}


def statuses(address: tuple[str, int], sent: Sequence[Sent]) -> list[int]:
    """The status of each answer, or GONE, over as few connections as the server allows."""
    found: list[int] = []
    while len(found) < len(sent):
        with socket.create_connection(address, timeout=TIMEOUT) as connection:
            found += _on(connection, sent[len(found) : len(found) + PIPELINED])
    return found


def _on(connection: socket.socket, sent: Sequence[Sent]) -> list[int]:
    """The statuses of the first ones, as many as one connection is good for."""
    if sent[0].cut:
        connection.sendall(sent[0].data)
        return [GONE]
    together = _together(sent)
    connection.sendall(b"".join(one.data for one in together))
    with connection.makefile("rb") as answers:
        found = list(_read(answers, together))
    assert found, together[0]
    return found


def _together(sent: Sequence[Sent]) -> Sequence[Sent]:
    """The first ones that can be sent before any answer is read: a connection that is closed in between is reset."""
    for place, one in enumerate(sent):
        if one.cut:
            return sent[:place]
        if one.closes:
            return sent[: place + 1]
    return sent


def _read(answers: BinaryIO, sent: Sequence[Sent]) -> Iterator[int]:
    """The statuses of the answers that come before the server closes the connection."""
    for one in sent:
        status, length, closes = _head(answers)
        while status == 100:
            status, length, closes = _head(answers)
        if not status:
            return
        if not one.bodiless and not closes and status != 304:
            assert len(answers.read(length)) == length, one
        yield status
        if closes:
            return


def _head(answers: BinaryIO) -> tuple[int, int, bool]:
    """The status of an answer, the length of its body, and whether it is the last; 0 where there is none."""
    line = answers.readline()
    status, length, closes = int(line.split()[1]) if line else 0, 0, False
    while line.strip():
        line = answers.readline()
        name, _, value = line.lower().partition(b":")
        if name == b"content-length":
            length = int(value)
        closes = closes or (name == b"connection" and value.strip() == b"close")
    return status, length, closes
