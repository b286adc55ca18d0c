"""How the figures of many runs are shown: a page, or a row a pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wercker_cli.output import times
from wercker_cli.output.cells import get
from wercker_cli.output.columns import Column, Json, View
from wercker_cli.output.marks import mark_style, mark_text
from wercker_cli.output.runs import SHORT_HASH

if TYPE_CHECKING:
    from rich.console import Console

FIELDS = (
    *("from", "until", "runs", "passed", "failed", "aborted", "other", "successRate", "p50", "p90"),
    *("pipelines", "flaky", "stepsOf", "steps"),
)


def number(item: Json, key: str) -> float | None:
    """A figure; None where there is none."""
    value = item.get(key)
    return value if isinstance(value, (int, float)) else None


def _seconds(item: Json, key: str) -> str:
    value = number(item, key)
    return "" if value is None else f"{value:.3f}"


def _duration(item: Json, key: str) -> str:
    value = number(item, key)
    return "-" if value is None else times.duration(value)


def _rate(item: Json) -> str:
    """As a percentage; 100 only where nothing failed."""
    value = number(item, "successRate")
    return "-" if value is None else f"{100 if value == 1 else min(round(value * 100), 99)}%"


def _rate_style(item: Json) -> str:
    value = number(item, "successRate")
    return "dim" if value is None else "green" if value == 1 else "yellow" if value >= 0.5 else "red"


def _bar(item: Json) -> tuple[float, float] | None:
    value = number(item, "p50")
    return None if value is None else (0.0, value)


def _counted(key: str, style: str, leaves: int) -> Column:
    return Column(
        key,
        lambda item: get(item, key),
        style=lambda item: style if number(item, key) else "dim",
        right=True,
        leaves=leaves,
    )


def _quantile(key: str, leaves: int | None = None) -> Column:
    return Column(
        key, lambda item: _seconds(item, key), shown=lambda item: _duration(item, key), right=True, leaves=leaves
    )


def _draw(report: Json, console: Console) -> None:
    from wercker_cli.output.stats_page import page

    page(report, console)


STATS = View(
    columns=(
        Column("pipeline", lambda item: get(item, "name"), width=8),
        Column("runs", lambda item: get(item, "runs"), right=True),
        _counted("passed", "green", leaves=2),
        _counted("failed", "red", leaves=3),
        _counted("aborted", "yellow", leaves=1),
        _counted("other", "cyan", leaves=1),
        Column("success", lambda item: get(item, "successRate"), shown=_rate, style=_rate_style, right=True),
        _quantile("p50"),
        _quantile("p90", leaves=4),
        Column("id", lambda item: get(item, "id")),
    ),
    fields=FIELDS,
    empty="no runs found",
    screen=("pipeline", "runs", "passed", "failed", "aborted", "other", "success", "p50", "p90"),
    draw=_draw,
    name="pipelines",
)

SLOWEST_STEPS = View(
    columns=(
        Column("step", lambda item: get(item, "step"), width=8),
        Column("pipeline", lambda item: get(item, "pipeline"), width=8),
        Column("runs", lambda item: get(item, "runs"), right=True, leaves=1),
        _quantile("p50"),
        _quantile("p90", leaves=3),
        Column("share", lambda _: "", title=" ", style=lambda _: "cyan", leaves=2, span=_bar),
    ),
    fields=(),
)


FLAKY = View(
    columns=(
        Column("pipeline", lambda item: get(item, "pipeline"), width=8, leaves=1),
        Column("commit", lambda item: get(item, "commit")[:SHORT_HASH], style=lambda _: "dim"),
        Column("result", lambda item: get(item, "result"), shown=mark_text, style=mark_style),
        Column("runs", lambda item: get(item, "runs"), right=True, leaves=2),
        Column("newest", lambda item: get(item, "newest")),
    ),
    fields=(),
)
