"""wercker server token revoke"""

import click

from wercker_cli.app import Invocation
from wercker_cli.commands import shape


@shape.command("revoke")
@click.argument("name")
@click.pass_obj
def command(app: Invocation, name: str) -> None:
    """End the token NAME. A server that runs refuses it from now on.

    \b
    Examples:
      wercker server token revoke alice
    """
    app.engine.revoke_token(name)
    app.note(f"the token of {name} counts no more")
