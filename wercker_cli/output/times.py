"""Times of the API, in the two shapes that servers send, and how people and scripts read them."""

import re
import time
from datetime import UTC, datetime, timedelta

from wercker_cli.output.text import one_line

_SHAPE = r"""(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})[Tt\ ](?P<clock>[0-9]{2}:[0-9]{2}:[0-9]{2})
    (?:\.(?P<fraction>[0-9]{1,9}))?
    \ ?(?P<zone>Z|z|UTC|[+-][0-9]{2}:?[0-9]{2}(?:\ UTC)?)?"""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS = 14  # after so many days a date says more than a number of days


def now() -> float:
    """Seconds since 1970: the one clock of everything that is shown. Tests stop it."""
    return time.time()


def parse(value: str) -> float | None:
    """Seconds since 1970 of a time as servers send it; None for anything else."""
    match = re.fullmatch(_SHAPE, value.strip(), re.VERBOSE)
    if not match:
        return None
    try:
        moment = datetime.fromisoformat(f"{match['day']}T{match['clock']}").replace(tzinfo=UTC)
    except ValueError:  # the 31st of February
        return None
    fraction = int((match["fraction"] or "0").ljust(9, "0")) / 1e9
    return (moment - _EPOCH).total_seconds() - _offset(match["zone"]) + fraction


def _offset(zone: str | None) -> int:
    """Seconds east of Greenwich."""
    digits = (zone or "").removesuffix(" UTC").replace(":", "")
    if digits[:1] not in {"+", "-"}:
        return 0
    seconds = int(digits[1:3]) * 3600 + int(digits[3:5]) * 60
    return -seconds if digits[0] == "-" else seconds


def iso(value: str) -> str:
    """The time as 2016-07-04T11:51:25.996Z; what is no time stays as it is, cleaned."""
    if len(value) == 24 and value[10] == "T" and value[19] == "." and value[23] == "Z":
        return one_line(value)  # already so, as our engine sends it: no need to load the pattern
    seconds = parse(value)
    return (stamp(seconds) if seconds is not None else "") or one_line(value)


def stamp(seconds: float) -> str:
    """That moment as 2016-07-04T11:51:25.996Z; "" where the calendar does not reach."""
    moment = _moment(seconds)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z" if moment else ""


def _moment(seconds: float) -> datetime | None:
    """That moment in UTC; None where the calendar does not reach."""
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return None


def _local(seconds: float) -> datetime | None:
    """That moment in the time zone of this machine."""
    moment = _moment(seconds)
    try:
        return moment.astimezone() if moment else None
    except (OverflowError, ValueError, OSError):
        return moment


def ago(value: str, at: float) -> str:
    """How long before the moment `at` a time was, for a table; a date when it is long ago or still to come."""
    seconds = parse(value)
    if seconds is None:
        return one_line(value)
    passed = at - seconds
    if -60 < passed < 60:  # clocks of two machines differ a little
        return "just now"
    moment = _local(seconds)
    if not 0 < passed < _DAYS * 86400:
        return f"{moment:%Y-%m-%d}" if moment else one_line(value)
    if passed < 3600:
        return f"{passed // 60:.0f} min ago"
    if passed < 86400:
        return f"{passed // 3600:.0f} h ago"
    return f"{(days := int(passed // 86400))} day{'s' if days > 1 else ''} ago"


def local(value: str, at: float) -> str:
    """A time for a page: 2016-07-04 13:51:25 CEST, and how long that is ago."""
    seconds = parse(value)
    moment = None if seconds is None else _local(seconds)
    if moment is None:
        return one_line(value)
    shown, relative = f"{moment:%Y-%m-%d %H:%M:%S %Z}", ago(value, at)
    return shown if shown.startswith(relative) else f"{shown} · {relative}"


def utc(value: str) -> str:
    """A time for a document that others read: 2016-07-04 11:51:25 UTC."""
    seconds = parse(value)
    moment = None if seconds is None else _moment(seconds)
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else one_line(value)


def between(start: str, end: str) -> float | None:
    """Seconds from one time to the other, never less than 0; None where one of them is missing."""
    begun, ended = parse(start), parse(end)
    return None if begun is None or ended is None else max(0.0, ended - begun)


def duration(seconds: float) -> str:
    """A time span: 0.4 s, 12 s, 3 min 04 s, 1 h 02 min."""
    seconds = max(0.0, seconds)
    if round(seconds, 1) < 10:
        return f"{seconds:.1f} s"
    if (whole := round(seconds)) < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
