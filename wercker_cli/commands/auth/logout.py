"""wercker auth logout"""

import click

from wercker_cli.app import Invocation
from wercker_cli.commands import shape


@shape.command("logout")
@click.pass_obj
def command(app: Invocation) -> None:
    """Forget the token of the server that answers, or of that of --context.

    The token itself stays valid: where it may have leaked, take it back on the server.

    \b
    Examples:
      wercker auth logout --context ci
    """
    from wercker_cli.accounts import tokens

    name = tokens.context(app)
    app.note(f"logged out of {name}" if tokens.forget(app, name) else f"there is no token of {name}")
