"""wercker server token list"""

import click

from wercker_cli.app import Invocation
from wercker_cli.commands import shape
from wercker_cli.commands.options import output_options
from wercker_cli.output.tokens import TOKENS


@shape.command("list")
@output_options(TOKENS)
@click.pass_obj
def command(app: Invocation) -> None:
    """List the tokens for the server of this machine: who has one, and what for. The tokens are not kept.

    \b
    Examples:
      wercker server token list
      wercker server token list -q '.[] | select(.expired).name'
    """
    app.show(app.engine.tokens(), TOKENS)
