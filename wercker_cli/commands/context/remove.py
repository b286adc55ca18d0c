"""wercker context remove"""

import click

from wercker_cli.app import Invocation
from wercker_cli.commands import shape


@shape.command("remove")
@click.argument("name", shell_complete=shape.complete_context)
@click.pass_obj
def command(app: Invocation, name: str) -> None:
    """Forget the server NAME, and its token.

    \b
    Examples:
      wercker context remove ci
    """
    from wercker_cli.accounts import contexts

    was_current, why = contexts.remove(app, name)
    app.note(f"removed {name}{': the embedded engine answers from now on' if was_current else ''}")
    if why:
        app.note(f"note: its token is still in the system keyring: {why}")
