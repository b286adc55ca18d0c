"""Logs come in parts, or whole from a server that knows no parts; every byte once."""

import re
from collections.abc import Callable

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.api.conftest import Connect
from tests.raw_server import RawServer, json, response
from wercker_cli.api import client
from wercker_cli.api.client import Client
from wercker_cli.errors import Refused, Unreachable

Raw = Callable[..., RawServer]
LOG = bytes(range(256)) * 40
OTHER = "answered with another part than was asked for"


def ranges(request: Request) -> Response:
    """A server as RFC 9110 wants it."""
    first, last = re.fullmatch(r"bytes=(\d*)-(\d*)", request.headers["Range"]).groups()  # type: ignore[union-attr]
    begin = int(first) if first else max(0, len(LOG) - int(last))
    if begin >= len(LOG):
        return Response(b"", 416)
    part = LOG[begin : int(last) + 1 if first else None]
    return Response(part, 206, {"Content-Range": f"bytes {begin}-{begin + len(part) - 1}/{len(LOG)}"})


def whole(_: Request) -> Response:
    """A server that knows no ranges."""
    return Response(LOG)


@pytest.fixture(params=[ranges, whole])
def api(request: pytest.FixtureRequest, httpserver: HTTPServer, connect: Connect) -> Client:
    """Somebody who has a log."""
    httpserver.expect_request("/api/v3/runsteps/s1/log").respond_with_handler(request.param)
    return Client(connect(httpserver.url_for("/")))


@pytest.fixture(params=[100, 10**6])
def small(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts and pieces shorter than the log, and longer ones."""
    monkeypatch.setattr(client, "LOG_CHUNK", request.param * 10)
    monkeypatch.setattr(client, "LOG_PIECE", request.param)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("start", [0, 1, 5000, len(LOG) - 1, len(LOG), len(LOG) + 1])
def test_a_log_comes_from_any_byte_to_its_end(api: Client, start: int) -> None:
    assert b"".join(api.log("s1", start)) == LOG[start:]


def test_the_end_of_a_log(api: Client) -> None:
    assert api.log_end("s1") == LOG[-client.LOG_END :]


def test_the_end_of_an_empty_log(raw: Raw, connect: Connect) -> None:
    assert Client(connect(raw(json("", status="416 No")).url)).log_end("s1") == b""


@pytest.mark.parametrize("part", ["bytes 1-2/3", "bytes 0-2/3x", "", "bytes */3", f"bytes 0-{'9' * 5000}/3"])
def test_another_part_than_was_asked_for_is_refused(raw: Raw, connect: Connect, part: str) -> None:
    server = raw(json("ab", f"Content-Range: {part}", status="206 Part"))
    with pytest.raises(Refused, match=OTHER):
        list(Client(connect(server.url)).log("s1"))


def test_a_part_without_bytes_ends_it(raw: Raw, connect: Connect) -> None:
    server = raw(json("", "Content-Range: bytes 0-2/3", status="206 Part"))
    with pytest.raises(Refused, match=OTHER):
        list(Client(connect(server.url)).log("s1"))


def test_a_log_that_breaks_off_is_asked_for_again(raw: Raw, connect: Connect) -> None:
    cut = response("Content-Length: 5", body=b"ab")
    assert list(Client(connect(raw(cut, json("abcde")).url)).log("s1")) == [b"abcde"]
    with pytest.raises(Unreachable, match="broke off in the middle of its answer"):
        list(Client(connect(raw(*[cut] * 4).url)).log("s1"))
