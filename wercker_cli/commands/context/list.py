"""wercker context list"""

import click

from wercker_cli.app import Invocation
from wercker_cli.commands import shape
from wercker_cli.commands.options import output_options
from wercker_cli.output.contexts import CONTEXTS


@shape.command("list")
@output_options(CONTEXTS)
@click.pass_obj
def command(app: Invocation) -> None:
    """List the servers that have a name, and say which of them answers.

    The embedded engine is always among them.

    \b
    Examples:
      wercker context list
      wercker context list -q '.[] | select(.current).name'
    """
    from wercker_cli.accounts import contexts

    app.show(contexts.listed(app), CONTEXTS)
