"""wercker server backup"""

import click

from wercker_cli.app import Invocation
from wercker_cli.commands import shape


@shape.command("backup")
@click.argument("file", type=click.Path(dir_okay=False))
@click.pass_obj
def command(app: Invocation, file: str) -> None:
    """Write the runs, tokens and repositories of the engine to FILE, a .tar.gz, while a server may go on.

    To restore it, unpack it into an empty state folder: the one that wercker context show names, or any other that
    WERCKER_HOME names. Caches, and the secret variables of runs that have not ended, are not in it; nor is what cannot
    be read, which is told.

    \b
    Examples:
      wercker server backup wercker.tar.gz
      wercker server backup wercker-$(date +%F).tar.gz
      tar -xzf wercker.tar.gz -C ~/.local/state/wercker
    """
    app.engine.back_up(file, app.note)
    app.note(f"wrote {file}")
