"""What a server asks for is heard, and never believed blindly."""

import time
from collections.abc import Callable

import pytest

from tests.api.conftest import Connect
from tests.raw_server import RawServer, json
from wercker_cli.api import retry_after
from wercker_cli.api.client import Client
from wercker_cli.errors import Unreachable

NOON = 1467633600.0  # 2016-07-04T12:00:00Z


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0),
        (" 7 ", 7),
        ("3600", 3600),
        ("3601", 3600),
        ("9" * 5000, 3600),
        ("Mon, 04 Jul 2016 12:01:30 GMT", 90),
        ("Monday, 04-Jul-16 12:01:30 GMT", 90),
        ("Mon, 04 Jul 2016 14:01:30 +0200", 90),
        ("Tue, 04 Jul 2017 12:00:00 GMT", 3600),
        ("Sat, 04 Jul 2015 12:00:00 GMT", None),
        ("", None),
        ("-1", None),
        ("1e999", None),
        ("1.5", None),
        ("٣", None),
        ("soon", None),
        ("Mon, 99 Jul 2016 12:00:00 GMT", None),
        ("Mon, 04 Jul 99999999 12:00:00 GMT", None),
    ],
)
def test_seconds(header: str, seconds: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: NOON)
    assert retry_after.seconds(header) == seconds


@pytest.mark.parametrize("status", ["429 Slow", "503 Down"])
@pytest.mark.parametrize(("headers", "seconds"), [((), None), (("Retry-After: 99",), 99.0)])
def test_the_error_says_when_to_come_back(
    raw: Callable[..., RawServer], connect: Connect, status: str, headers: tuple[str], seconds: float | None
) -> None:
    server = raw(*[json("{}", *headers, status=status)] * 4)
    with pytest.raises(Unreachable) as caught:
        Client(connect(server.url, timeout=1)).run("r1")
    assert caught.value.retry_after == seconds
    assert len(server.received) == 4
