"""wercker context use"""

import click

from wercker_cli.app import Invocation
from wercker_cli.commands import shape


@shape.command("use")
@click.argument("name", shell_complete=shape.complete_context)
@click.pass_obj
def command(app: Invocation, name: str) -> None:
    """Let the server NAME answer from now on; "engine" is the embedded engine.

    \b
    Examples:
      wercker context use ci
      wercker context use engine
    """
    from wercker_cli.accounts import contexts

    contexts.use(app, name)
    app.note(f"{name} answers from now on")
    for variable in ("WERCKER_API_URL", "WERCKER_CONTEXT"):
        if app.environ.get(variable):
            app.note(f"note: {variable} is set here, and comes before it")
