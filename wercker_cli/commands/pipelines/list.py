"""wercker pipelines list"""

import click

from wercker_cli.app import Invocation
from wercker_cli.commands import shape
from wercker_cli.commands.options import output_options
from wercker_cli.commands.types import Application
from wercker_cli.output.pipelines import PIPELINES


@shape.command("list")
@shape.option(
    "--application",
    "-a",
    type=Application(),
    metavar="ID|OWNER/NAME",
    help="An application [default: WERCKER_APPLICATION_ID, else that of this checkout].",
)
@output_options(PIPELINES)
@click.pass_obj
def command(app: Invocation, application: str | None) -> None:
    """List the pipelines of an application.

    \b
    Examples:
      wercker pipelines list
      wercker pipelines list -a OWNER/NAME -o id
    """
    app.show(app.pipelines(application), PIPELINES)
