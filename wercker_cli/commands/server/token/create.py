"""wercker server token create"""

import click

from wercker_cli.app import Invocation
from wercker_cli.commands import shape
from wercker_cli.commands.types import Duration


@shape.command("create")
@click.argument("name")
@shape.option("--read-only", is_flag=True, help="It may look at runs, and neither trigger nor abort them.")
@shape.option("--expires", type=Duration(), metavar="TIME", help="How long it counts: 90d, 12h [default: for ever].")
@click.pass_obj
def command(app: Invocation, name: str, read_only: bool, expires: float | None) -> None:
    """Make a token for the server of this machine, and print it: it is shown this once.

    Runs that are triggered with it show NAME as their user.

    \b
    Examples:
      wercker server token create alice
      wercker server token create dashboard --read-only --expires 90d
    """
    token = app.engine.create_token(name, read_only=read_only, seconds=expires)
    app.stdout.write(f"{token}\n")
    app.note(f"this is the only time that the token of {name} is shown: wercker auth login keeps it elsewhere")
