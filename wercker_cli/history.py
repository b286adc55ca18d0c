"""What the runs of the past say about one of today."""

from collections.abc import Iterable
from statistics import median

from wercker_cli.output.columns import Json
from wercker_cli.output.spans import finished_span

ENOUGH = 3  # runs, before they say what is usual


def usual(runs: Iterable[Json]) -> float | None:
    """The usual duration of a pipeline in seconds: the median of the runs that passed; None where they are too few."""
    took = [seconds for run in runs if run.get("result") == "passed" and (seconds := finished_span(run)) is not None]
    return median(took) if len(took) >= ENOUGH else None
