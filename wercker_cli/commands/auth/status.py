"""wercker auth status"""

import click

from wercker_cli.app import Invocation
from wercker_cli.commands import shape
from wercker_cli.commands.options import output_options
from wercker_cli.errors import Exit
from wercker_cli.output.contexts import STATUSES


@shape.command("status")
@output_options(STATUSES)
@click.pass_obj
def command(app: Invocation) -> Exit:
    """Ask each server whether it accepts its token; with --context, that one alone.

    Ends with 4 where one refuses it or the keyring does not give it, with 3 where one does not answer.

    \b
    Examples:
      wercker auth status
      wercker auth status --context ci -o json
    """
    from wercker_cli.accounts import tokens

    found = tokens.statuses(app)
    app.show(found, STATUSES)
    return tokens.verdict(found)
