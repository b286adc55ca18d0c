"""wercker context add"""

import click

from wercker_cli.app import Invocation
from wercker_cli.commands import shape
from wercker_cli.commands.types import Application, Text


@shape.command("add")
@click.argument("name")
@shape.option("--url", type=Text(), required=True, metavar="URL", help="The server's address, with or without /api/v3.")
@shape.option(
    "--application",
    "-a",
    type=Application(),
    metavar="ID|OWNER/NAME",
    help="The application where none is named.",
)
@shape.option(
    "--ca-bundle",
    type=click.Path(exists=True),
    metavar="FILE",
    help="Certificates to trust there.",
)
@click.pass_obj
def command(app: Invocation, name: str, url: str, application: str | None, ca_bundle: str | None) -> None:
    """Give a server a NAME.

    Nothing is sent to it, and the one that answers stays the same.

    \b
    Examples:
      wercker context add ci --url https://ci.example.com
      wercker context add ci --url https://ci.example.com --application acme/site
    """
    from wercker_cli.accounts import contexts

    root = contexts.add(app, name, url, application, ca_bundle)
    app.note(f"added {name}, which is {root}")
    app.note(f"hint: wercker context use {name}, wercker auth login --context {name}")
