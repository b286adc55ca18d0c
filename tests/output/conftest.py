"""A clock that stands still, and the time zone of the tests."""

import time
from collections.abc import Iterator

import pytest

from wercker_cli.output import times

NOW = "2016-07-04T12:00:00.000Z"


@pytest.fixture(autouse=True)
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """It is noon, in UTC."""
    noon = times.parse(NOW)
    assert noon is not None
    monkeypatch.setattr(times, "now", lambda: noon)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()
