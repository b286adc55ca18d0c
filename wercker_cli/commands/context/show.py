"""wercker context show"""

import click

from wercker_cli.app import Invocation
from wercker_cli.commands import shape
from wercker_cli.commands.options import output_options
from wercker_cli.output.settings import SETTINGS


@shape.command("show")
@output_options(SETTINGS)
@click.pass_obj
def command(app: Invocation) -> None:
    """Show who answers, and what decided each setting.

    \b
    Examples:
      wercker context show
      wercker context show --context ci
      WERCKER_API_URL=https://ci.example.com wercker context show
    """
    app.show(app.describe_settings(), SETTINGS)
