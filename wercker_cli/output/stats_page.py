"""The page of figures about many runs: rates and durations, a chart over time, slow steps, flaky commits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from wercker_cli.output import times
from wercker_cli.output.cells import get, objects
from wercker_cli.output.columns import Json
from wercker_cli.output.marks import symbol
from wercker_cli.output.stats import FLAKY, SLOWEST_STEPS, STATS, number
from wercker_cli.output.table import GAP, table
from wercker_cli.output.text import one_line

if TYPE_CHECKING:
    from rich.console import Console

CHARTS, SLOWEST, COMMITS = 6, 10, 5  # so many of each are shown; the JSON has all
WIDEST = 160  # columns of a chart, where the terminal or the file has more
LABEL = len("max 59 min 59 s")
_LEVELS = "▁▂▃▄▅▆▇█"


def page(report: Json, console: Console) -> None:
    """Draws a report of `history.report`."""
    pipelines = objects(report.get("pipelines"))
    if not pipelines:
        _print(console, Text(STATS.empty))
        return
    _print(console, _title(report))
    _print(console)
    table([*pipelines, *([{**report, "name": "all"}] if len(pipelines) > 1 else [])], STATS, console)
    _charts(pipelines, console)
    steps = objects(report.get("steps"))
    if steps:
        _section(console, "SLOWEST STEPS", f"that passed, in the newest {_runs(report, 'stepsOf')}")
        table(steps[:SLOWEST], SLOWEST_STEPS, console)
        _more(console, len(steps) - SLOWEST, "step")
    flaky = objects(report.get("flaky"))
    if flaky:
        _section(console, "FLAKY", "commits that both passed and failed")
        table([row for entry in flaky[:COMMITS] for row in _ends(entry)], FLAKY, console)
        _more(console, len(flaky) - COMMITS, "commit")


def _title(report: Json) -> Text:
    now = times.now()
    span = [times.ago(get(report, key), now) for key in ("from", "until")]
    when = span[0] if span[0] == span[1] else " to ".join(filter(None, span))
    return Text.assemble((_runs(report, "runs"), "bold"), (f" · {when}" if when else "", "dim"))


def _runs(report: Json, key: str) -> str:
    count = get(report, key)
    return f"{count} run{'' if count == '1' else 's'}"


def _charts(pipelines: list[Json], console: Console) -> None:
    """The pipelines with most runs, two lines each, one below the other."""
    shown = pipelines[:CHARTS]
    room = min(console.width, WIDEST)
    names = [Text(one_line(get(pipeline, "name"))) for pipeline in shown]
    width = min(max(name.cell_len for name in names), room // 4)
    columns = max(room - width - LABEL - 2 * GAP, 1)
    marks = ", ".join(str(symbol("finished", result)) for result in ("failed", "aborted", "other"))
    _section(console, "OVER TIME", f"how long each run took, newest last; {marks}")
    for name, pipeline in zip(names, shown, strict=True):
        runs = objects(pipeline.get("history"))[-columns:]
        longest = max((number(run, "seconds") or 0.0 for run in runs), default=0.0)
        bars, ends = _chart(runs, longest)
        name.truncate(width, overflow="ellipsis", pad=True)
        _print(console, Text.assemble(name, " " * GAP, bars, " " * GAP, (f"max {times.duration(longest)}", "dim")))
        if ends:
            _print(console, Text.assemble(" " * (width + GAP), ends))
    _more(console, len(pipelines) - CHARTS, "pipeline")


def _chart(runs: Sequence[Json], longest: float) -> tuple[Text, Text]:
    """Two lines with a column a run: its duration as a bar, and below it how it ended, unless it passed."""
    bars, ends = Text(), Text()
    for run in runs:
        mark = symbol("finished", get(run, "result"))
        bars.append(_level(number(run, "seconds"), longest), mark.style)
        ends.append(" " if mark.word == "passed" else mark.symbol, mark.style)
    ends.rstrip()
    return bars, ends


def _level(seconds: float | None, longest: float) -> str:
    """A bar of one to eight eighths of the longest."""
    if seconds is None:
        return " "
    return _LEVELS[min(int(seconds / longest * len(_LEVELS)), len(_LEVELS) - 1) if longest else 0]


def _ends(entry: Json) -> list[Json]:
    """A flaky commit as two rows: how often it passed and failed, and the newest run of each."""
    rows: list[Json] = []
    for result in ("passed", "failed"):
        runs = entry.get(result)
        ids = runs if isinstance(runs, list) else []
        rows.append({**entry, "result": result, "runs": len(ids), "newest": ids[0] if ids else ""})
    return rows


def _section(console: Console, title: str, about: str) -> None:
    _print(console)
    console.print(Text.assemble((title, "bold"), (f"  {about}", "dim")))


def _more(console: Console, count: int, what: str) -> None:
    if count > 0:
        _print(console, Text(f"… {count} more {what}{'s' if count > 1 else ''}: -o json has all", "dim"))


def _print(console: Console, text: Text | None = None) -> None:
    console.print(text or "", soft_wrap=True)
