"""wercker runs list"""

from typing import Any

import click

from wercker_cli import selection
from wercker_cli.app import Invocation
from wercker_cli.commands import shape
from wercker_cli.commands.options import output_options, run_filters, window_options
from wercker_cli.commands.types import Count
from wercker_cli.output.columns import Json
from wercker_cli.output.runs import RUNS, compared

SORTS = ("creationDateAsc", "creationDateDesc")


@shape.command("list")
@run_filters
@window_options
@shape.option("--sort", type=click.Choice(SORTS), help="Oldest or newest first [default: creationDateDesc].")
@shape.option("--limit", "-L", type=Count(min=0), metavar="N", help="At most so many; 0 is all [default: 20].")
@shape.option("--skip", type=Count(min=0), default=0, metavar="N", help="Leave out the first N.")
@output_options(RUNS)
@click.pass_obj
def command(
    app: Invocation, /, limit: int | None, skip: int, since: float | None, until: float | None, **filters: Any
) -> None:
    """List runs, newest first.

    On a terminal, those that took, or are taking, much longer than their pipeline's other runs in the list are marked.

    \b
    Examples:
      wercker runs list
      wercker runs list -p build -b main -r failed -r aborted
      wercker runs list --since yesterday -u @me
      wercker runs list -s running -o id | wercker runs abort -
      wercker runs list -L 100 --json id,result,pipeline.name
    """
    found = selection.runs(app, filters, limit=limit, skip=skip, window=(since, until))
    if app.on_terminal and app.format_name == "table":
        _show_compared(app, list(found))
    else:
        app.show(found, RUNS)


def _show_compared(app: Invocation, runs: list[Json]) -> None:
    """The runs, with a mark on those that are slower than usual: among them alone, without a further request."""
    from wercker_cli.history import slow

    app.show(runs, compared(slow(runs)))
