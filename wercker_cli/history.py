"""What the runs of the past say about one of today, and about their pipeline."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from wercker_cli.output import spans, times
from wercker_cli.output.cells import get
from wercker_cli.output.columns import Json
from wercker_cli.output.runs import pipeline_name
from wercker_cli.output.steps import step_name

ENOUGH = 3  # runs, before they say what is usual
SLOWER, BY_SECONDS = 1.5, 3.0  # times as long as is usual, and so much longer, is worth a mark
READ_STEPS_OF = 20  # runs: their steps take a request each
RESULTS = ("passed", "failed", "aborted")


class Past(NamedTuple):
    """A run, less what no figure needs: thousands of them are held at once."""

    id: str
    pipeline: str  # its id, else its name
    name: str  # of the pipeline
    commit: str
    result: str  # one of RESULTS, else "other": it has not finished, or nobody knows how
    started: str  # ISO, "" where it has not
    seconds: float | None  # from its start to its end, None before that


def usual(runs: Iterable[Json]) -> float | None:
    """The usual duration of a pipeline in seconds: the median of the runs that passed; None where they are too few."""
    took = _passed_in(past(runs))
    return quantile(took, 0.5) if len(took) >= ENOUGH else None


def slow(runs: Iterable[Json]) -> set[str]:
    """The ids of the runs that took, or have been running for, markedly longer than is usual for their pipeline.

    Usual is the median of those among `runs` that passed, when at least ENOUGH others of the pipeline did.
    """
    rows = list(runs)
    groups: dict[str, list[tuple[Past, float | None]]] = {}
    for raw, run in zip(rows, past(rows), strict=True):
        groups.setdefault(run.pipeline, []).append((run, spans.seconds(raw)))
    return {run.id for group in groups.values() for run in _slow_in(group) if run.id}


def past(runs: Iterable[Json]) -> list[Past]:
    """The runs in their order, each reduced to what the figures need."""
    return [
        Past(
            id=get(run, "id"),
            pipeline=get(run, "pipeline.id") or get(run, "pipeline") or pipeline_name(run),
            name=pipeline_name(run) or get(run, "pipeline"),
            commit=get(run, "commitHash"),
            result=result if (result := get(run, "result")) in RESULTS else "other",
            started=_iso(get(run, "startedAt")),
            seconds=spans.finished_span(run),
        )
        for run in runs
    ]


def quantile(values: Iterable[float], share: float) -> float:
    """The value below which that share of the values lies; between two values it is interpolated linearly.

    So 0.5 is the median; 0 the least and 1 the greatest value. There must be at least one.
    """
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def report(runs: Sequence[Past]) -> Json:
    """Every figure about runs, which come newest first; the steps are left for `slowest_steps`.

    `successRate` is passed / (passed + failed), 0 to 1, null without any of them. `p50` and `p90` are the quantiles
    (linear) of the durations of the runs that passed, in seconds, null where none did: a run that failed ended
    early. `history` has a pipeline's runs, the oldest first. Pipelines with most runs come first.
    """
    started = sorted(run.started for run in runs if run.started)
    return {
        "from": started[0] if started else None,
        "until": started[-1] if started else None,
        **_figures(runs),
        "pipelines": [
            {
                "id": pipeline,
                "name": group[0].name,
                **_figures(group),
                "history": [
                    {"id": run.id, "startedAt": run.started or None, "result": run.result, "seconds": _ms(run.seconds)}
                    for run in reversed(group)
                ],
            }
            for pipeline, group in sorted(_by_pipeline(runs).items(), key=lambda entry: -len(entry[1]))
        ],
        "flaky": flaky(runs),
        "stepsOf": 0,
        "steps": [],
    }


def flaky(runs: Iterable[Past]) -> list[Json]:
    """The commits that both passed and failed in one pipeline, with the ids of those runs, in the order of `runs`."""
    ends: dict[tuple[str, str], Json] = {}
    for run in runs:
        if run.commit and run.result in {"passed", "failed"}:
            new: Json = {"pipeline": run.name, "commit": run.commit, "passed": [], "failed": []}
            ends.setdefault((run.pipeline, run.commit), new)[run.result].append(run.id)
    return [entry for entry in ends.values() if entry["passed"] and entry["failed"]]


def with_steps(runs: Iterable[Past]) -> list[Past]:
    """The first READ_STEPS_OF runs whose steps are worth reading: those that passed or failed."""
    return [run for run in runs if run.id and run.result in {"passed", "failed"}][:READ_STEPS_OF]


def slowest_steps(read: Iterable[tuple[Past, Iterable[Json]]]) -> list[Json]:
    """The steps by name and pipeline, the slowest first; `p50` and `p90` of those that passed, in seconds."""
    took: dict[tuple[str, str], tuple[str, list[float]]] = {}
    for run, steps in read:
        for step in steps:
            seconds = spans.finished_span(step)
            if seconds is not None and get(step, "result") == "passed":
                took.setdefault((run.pipeline, step_name(step)), (run.name, []))[1].append(seconds)
    found: list[Json] = [
        {"pipeline": name, "step": step, "runs": len(values), **_quantiles(values)}
        for (_, step), (name, values) in took.items()
    ]
    return sorted(found, key=lambda entry: -entry["p50"])


def _slow_in(group: list[tuple[Past, float | None]]) -> list[Past]:
    """The slow ones among the runs of one pipeline, each with its seconds so far."""
    took = _passed_in(run for run, _ in group)
    if len(took) < ENOUGH:
        return []
    median = quantile(took, 0.5)
    return [
        run
        for run, seconds in group
        if seconds is not None
        and seconds > median * SLOWER
        and seconds >= median + BY_SECONDS
        and len(took) - (run.result == "passed") >= ENOUGH
    ]


def _by_pipeline(runs: Iterable[Past]) -> dict[str, list[Past]]:
    groups: dict[str, list[Past]] = {}
    for run in runs:
        groups.setdefault(run.pipeline, []).append(run)
    return groups


def _passed_in(runs: Iterable[Past]) -> list[float]:
    """How long those took that passed."""
    return [run.seconds for run in runs if run.result == "passed" and run.seconds is not None]


def _figures(runs: Sequence[Past]) -> Json:
    counts = {result: sum(run.result == result for run in runs) for result in (*RESULTS, "other")}
    decided = counts["passed"] + counts["failed"]
    return {
        "runs": len(runs),
        **counts,
        "successRate": round(counts["passed"] / decided, 4) if decided else None,
        **_quantiles(_passed_in(runs)),
    }


def _quantiles(values: list[float]) -> dict[str, float | None]:
    return {
        "p50": _ms(quantile(values, 0.5) if values else None),
        "p90": _ms(quantile(values, 0.9) if values else None),
    }


def _ms(seconds: float | None) -> float | None:
    """As precise as the API's times are."""
    return None if seconds is None else round(seconds, 3)


def _iso(text: str) -> str:
    return "" if times.parse(text) is None else times.iso(text)
