"""wercker runs list"""

from typing import Any

import click

from wercker_cli import selection
from wercker_cli.app import Invocation
from wercker_cli.commands import shape
from wercker_cli.commands.options import output_options, run_filters, window_options
from wercker_cli.commands.types import Count
from wercker_cli.output.runs import RUNS

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

    \b
    Examples:
      wercker runs list
      wercker runs list -p build -b main -r failed -r aborted
      wercker runs list --since yesterday -u @me
      wercker runs list -s running -o id | wercker runs abort -
      wercker runs list -L 100 --json id,result,pipeline.name
    """
    app.show(selection.runs(app, filters, limit=limit, skip=skip, window=(since, until)), RUNS)
