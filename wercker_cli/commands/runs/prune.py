"""wercker runs prune"""

import click

from wercker_cli.app import Invocation
from wercker_cli.commands import shape
from wercker_cli.commands.options import output_options
from wercker_cli.commands.types import Application, Count, Duration
from wercker_cli.output.runs import RUNS

PRUNED = RUNS._replace(empty="no run has to go")


@shape.command("prune")
@shape.option("--older-than", type=Duration(), metavar="TIME", help="Runs that finished so long ago: 30d, 12h.")
@shape.option("--keep", type=Count(min=0), metavar="N", help="Leave the newest N runs of each pipeline.")
@shape.option(
    "--application",
    "-a",
    type=Application(),
    metavar="ID|OWNER/NAME",
    help="Runs of this application only [default: of all].",
)
@shape.option("--dry-run", is_flag=True, help="Show what would go, and change nothing.")
@output_options(PRUNED)
@click.pass_obj
def command(
    app: Invocation, /, older_than: float | None, keep: int | None, application: str | None, dry_run: bool
) -> None:
    """Delete old runs of the engine: their steps, logs and artifacts, and all that no run needs any more.

    With both --older-than and --keep, a run goes if both say so. A run that has not finished stays, and so do the
    newest of each pipeline that passed and one that an unfinished run starts from.

    Without either this does what the engine does once a day: the newest 500 runs of each pipeline stay, and those of
    the last 90 days; of what they left, that of the newest 10 and of the last 3 days.

    \b
    Examples:
      wercker runs prune --dry-run
      wercker runs prune --older-than 30d --keep 20
      wercker runs prune -a acme/site --older-than 7d
    """
    engine = app.engine
    only = dict(app.scope(application, None))["applicationId"] if application else None
    pruning = engine.prune(only, older_than=older_than, keep=keep, dry_run=dry_run)
    app.show(pruning.runs(), PRUNED)
    if pruning.count or pruning.freed:
        runs = f"{pruning.count} run{'' if pruning.count == 1 else 's'}"
        would = "would be " if dry_run else ""
        app.note(f"{runs} {would}pruned, {_size(pruning.freed)} {would}freed")


def _size(count: int) -> str:
    """A number of bytes for a person."""
    if count < 1000:
        return f"{count} bytes"
    power = 1 if count < 1e6 else 2 if count < 1e9 else 3
    return f"{count / 1000**power:.1f} {' kMG'[power]}B"
