"""wercker runs steps"""

import click

from wercker_cli.app import Invocation
from wercker_cli.commands import shape
from wercker_cli.commands.options import output_options, run_argument
from wercker_cli.output.steps import STEPS


@shape.command("steps")
@run_argument
@output_options(STEPS)
@click.pass_obj
def command(app: Invocation, /, run: str, **narrowed: str | None) -> None:
    """List the steps of a run, with how long each took.

    RUN is an id, a run's URL, or @latest.

    \b
    Examples:
      wercker runs steps @latest
      wercker runs steps @latest -q '.[] | select(.result == "failed") | .displayName'
    """
    app.show(app.api.steps(app.run_id(run, narrowed)), STEPS)
