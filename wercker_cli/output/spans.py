"""When a run or a step began and ended, and how long that is."""

from wercker_cli.output import times
from wercker_cli.output.cells import get
from wercker_cli.output.columns import Json


def span(item: Json) -> tuple[float, float] | None:
    """Its start and end in seconds since 1970; the end of what still goes on is now. None for what waits."""
    start = times.parse(get(item, "startedAt"))
    if start is None:
        return None
    end = times.parse(get(item, "finishedAt"))
    if end is None and get(item, "status") == "finished":
        return None
    return start, max(start, times.now() if end is None else end)


def seconds(item: Json) -> float | None:
    """How long it took, or has been going on; None for what waits."""
    found = span(item)
    return None if found is None else found[1] - found[0]


def words(item: Json) -> str:
    """The same for people; "" for what waits."""
    took = seconds(item)
    return "" if took is None else times.duration(took)


def finished_span(item: Json) -> float | None:
    """How long it took in seconds; None while it has not finished."""
    return times.between(get(item, "startedAt"), get(item, "finishedAt"))


def finished_seconds(item: Json) -> str:
    """Seconds with three decimals, "" while it has not finished."""
    took = finished_span(item)
    return "" if took is None else f"{took:.3f}"


def finished_words(item: Json) -> str:
    """How long it took, for people; "" while it has not finished."""
    took = finished_span(item)
    return "" if took is None else times.duration(took)
