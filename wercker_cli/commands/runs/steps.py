"""wercker runs steps"""

import click

from wercker_cli import selection
from wercker_cli.app import Invocation
from wercker_cli.commands import shape
from wercker_cli.commands.options import output_options, run_argument
from wercker_cli.output.steps import STEPS


@shape.command("steps")
@run_argument
@output_options(STEPS)
@click.pass_obj
def command(app: Invocation, /, run: str | None, **narrowed: str | None) -> None:
    """List the steps of a run, with how long each took.

    RUN is an id, a run's URL, @latest or @head; without it, a terminal lets you choose.

    \b
    Examples:
      wercker runs steps @latest
      wercker runs steps @latest -q '.[] | select(.result == "failed") | .displayName'
    """
    app.show(app.api.steps(selection.run_id(app, run, narrowed)), STEPS)
