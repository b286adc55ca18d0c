"""wercker runs stats"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from wercker_cli import selection
from wercker_cli.app import Invocation
from wercker_cli.commands import shape
from wercker_cli.commands.options import output_options, scope_options, window_options
from wercker_cli.commands.types import Branch, Count
from wercker_cli.errors import NotFound
from wercker_cli.output.columns import Json
from wercker_cli.output.stats import STATS

if TYPE_CHECKING:
    from wercker_cli.history import Past


@shape.command("stats")
@partial(scope_options, section="Filters")
@shape.option("--branch", "-b", type=Branch(), metavar="NAME", section="Filters", help="Of this branch.")
@window_options
@shape.option(
    "--limit", "-L", type=Count(min=0), default=100, metavar="N", help="The newest N; 0 is all [default: 100]."
)
@output_options(STATS)
@click.pass_obj
def command(app: Invocation, /, limit: int, since: float | None, until: float | None, **filters: Any) -> None:
    """Show how often runs pass, how long they take, and what is slow or flaky.

    p50 and p90 are the durations that half and nine tenths of the runs that passed stay below, in seconds (linear
    quantiles); success is passed / (passed + failed). Steps are read of the newest 20 runs that passed or failed.

    A pipe gets a row a pipeline: name, runs, passed, failed, aborted, other, success (0 to 1), p50, p90, id.

    JSON has these names, with successRate, for all runs, for each of "pipelines" (and in its "history" each run's id,
    startedAt, result, seconds, the oldest first); "steps" (pipeline, step, runs, p50, p90; of "stepsOf" runs); and
    "flaky" (pipeline, commit, and the ids of the runs that "passed" and "failed").

    \b
    Examples:
      wercker runs stats
      wercker runs stats -p build -b main --since 7d
      wercker runs stats -q '.flaky[] | .commit'
    """
    from wercker_cli import history

    runs = history.past(selection.runs(app, filters, limit=limit, window=(since, until)))
    report = history.report(runs)
    if app.format_name not in {"table", "json"}:
        app.show(report["pipelines"], STATS)
        return
    read = list(_read(app, history.with_steps(runs)))
    app.show({**report, "stepsOf": len(read), "steps": history.slowest_steps(read)}, STATS)


def _read(app: Invocation, runs: list[Past]) -> Iterator[tuple[Past, list[Json]]]:
    """Runs with their steps, a request each."""
    for run in runs:
        try:
            yield run, app.api.steps(run.id)
        except NotFound:  # it was deleted since the list was read
            continue
