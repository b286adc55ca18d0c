"""Both shapes of time, and how people and scripts read them."""

import pytest

from wercker_cli.output import times

NOON = 1467633600.0


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("2016-07-04T11:51:25.996Z", "2016-07-04T11:51:25.996Z"),
        ("2017-07-04 15:35:19.999688998 +0000 UTC", "2017-07-04T15:35:19.999Z"),
        ("2017-07-04 15:35:19.9 +0000 UTC", "2017-07-04T15:35:19.900Z"),
        ("2017-07-04 15:35:19 +0000 UTC", "2017-07-04T15:35:19.000Z"),
        ("2017-07-04T15:35:19+02:00", "2017-07-04T13:35:19.000Z"),
        ("2017-07-04 15:35:19 -0130", "2017-07-04T17:05:19.000Z"),
        ("2017-07-04T15:35:19Z", "2017-07-04T15:35:19.000Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
        ("0001-01-01T00:00:00+23:00", "0001-01-01T00:00:00+23:00"),
        ("2017-02-31T00:00:00Z", "2017-02-31T00:00:00Z"),
        ("yes\x1b[2Jterday\n", "yesterday"),
        ("", ""),
    ],
)
def test_scripts_get_one_shape(sent: str, shown: str) -> None:
    assert times.iso(sent) == shown


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("2016-07-04T11:59:59.000Z", "just now"),
        ("2016-07-04T12:00:40.000Z", "just now"),
        ("2016-07-04T11:57:00.000Z", "3 min ago"),
        ("2016-07-04T11:00:00.001Z", "59 min ago"),
        ("2016-07-04T10:00:00.000Z", "2 h ago"),
        ("2016-07-03T11:00:00.000Z", "1 day ago"),
        ("2016-06-29T12:00:00.000Z", "5 days ago"),
        ("2016-06-01T12:00:00.000Z", "2016-06-01"),
        ("2031-01-01T12:00:00.000Z", "2031-01-01"),
        ("0001-01-01T00:00:00+23:00", "0001-01-01T00:00:00+23:00"),
        ("soon", "soon"),
        ("", ""),
    ],
)
def test_people_get_how_long_ago_it_is(sent: str, shown: str) -> None:
    assert times.ago(sent, NOON) == shown


def test_a_page_has_both() -> None:
    assert times.local("2016-07-04T11:57:00.000Z", NOON) == "2016-07-04 11:57:00 UTC · 3 min ago"
    assert times.local("2016-06-01T11:57:00.000Z", NOON) == "2016-06-01 11:57:00 UTC"
    assert times.local("soon", NOON) == "soon"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "0.0 s"),
        (0.44, "0.4 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (12.3, "12 s"),
        (59.7, "1 min 00 s"),
        (184, "3 min 04 s"),
        (3599.6, "1 h 00 min"),
        (3725, "1 h 02 min"),
        (360000, "100 h 00 min"),
    ],
)
def test_durations(seconds: float, shown: str) -> None:
    assert times.duration(seconds) == shown


def test_clocks_that_are_off_give_no_negative_span() -> None:
    assert times.between("2016-07-04T12:00:00Z", "2016-07-04T11:00:00Z") == 0
    assert times.between("2016-07-04T12:00:00Z", "") is None


def test_a_time_in_a_document_is_whole_and_in_utc() -> None:
    assert times.utc("2016-07-04T13:51:25.996+02:00") == "2016-07-04 11:51:25 UTC"
    assert times.utc("2016-07-04 11:51:25.996688998 +0000 UTC") == "2016-07-04 11:51:25 UTC"
    assert times.utc("soon\n") == "soon"
    assert times.utc("") == ""
