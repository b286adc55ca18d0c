"""Answers that have an ETag cost the server, and the wire, little when they are asked for again."""

from collections.abc import Callable

import pytest

from tests.api.conftest import Connect
from tests.api.exchanges import head_of
from tests.raw_server import RawServer, json, response
from wercker_cli.api import remembered
from wercker_cli.api.transport import Request
from wercker_cli.errors import Refused

Raw = Callable[..., RawServer]
GET = Request("GET", "/runs", (("limit", "20"),))
SAME = response("Connection: close", status="304 Not Modified")


def asked_with(server: RawServer) -> list[str | None]:
    """The If-None-Match of each request."""
    return [head_of(request)[1].get("If-None-Match") for request in server.received]


@pytest.mark.parametrize("etag", ['"1"', 'W/"a-b"', '""'])
def test_a_304_gives_the_answer_that_was_remembered(raw: Raw, connect: Connect, etag: str) -> None:
    server = raw(json("[1]", f"ETag: {etag}"), SAME, SAME, json("[2]", 'ETag: "2"'), SAME)
    transport = connect(server.url)
    answers = [transport.send(GET) for _ in range(5)]
    assert [(answer.status, answer.body) for answer in answers] == [(200, b"[1]")] * 3 + [(200, b"[2]")] * 2
    assert asked_with(server) == [None] + [etag] * 3 + ['"2"']


def test_a_304_that_nobody_asked_for_is_refused(raw: Raw, connect: Connect) -> None:
    server = raw(SAME)
    with pytest.raises(Refused) as caught:
        connect(server.url).send(GET)
    assert caught.value.message == (f"{server.url}/api/v3 answered 304 (not modified) to a request for something new")


def test_what_has_no_proper_etag_or_is_no_plain_get_is_not_remembered(raw: Raw, connect: Connect) -> None:
    for headers in ((), ("ETag: naked",), (f'ETag: "{"x" * 300}"',)):
        server = raw(json("[]", *headers), json("[]"))
        transport = connect(server.url)
        transport.send(GET)
        transport.send(GET)
        assert asked_with(server) == [None, None]
    for request in (Request("PUT", "/a", body=b"{}"), Request("GET", "/a", headers={"Range": "bytes=0-9"})):
        server = raw(json("[]", 'ETag: "1"'), json("[]"))
        transport = connect(server.url)
        for _ in range(2):
            if file := transport.send(request).file:
                file.close()
        assert asked_with(server) == [None, None]


def test_each_path_and_query_has_its_own_and_an_error_ends_it(raw: Raw, connect: Connect) -> None:
    missing = json("{}", 'ETag: "9"', status="404 Gone")
    server = raw(json("[1]", 'ETag: "1"'), json("[2]", 'ETag: "2"'), missing, SAME, json("[3]"))
    transport = connect(server.url)
    other = Request("GET", "/runs")
    for request in (GET, other, GET, other, GET):
        transport.send(request)
    assert asked_with(server) == [None, None, '"1"', '"2"', None]


def test_only_a_handful_is_remembered(raw: Raw, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "ANSWERS", 2)
    monkeypatch.setattr(remembered, "BYTES", 100)
    large = json(" " * 101, 'ETag: "L"')
    server = raw(*[json("[]", f'ETag: "{number}"') for number in range(3)], large, json("[]"), large, json("[]"))
    transport = connect(server.url)
    paths = ["/a", "/b", "/c", "/large", "/a", "/large", "/c"]
    for path in paths:
        transport.send(Request("GET", path))
    assert asked_with(server) == [None] * 7
