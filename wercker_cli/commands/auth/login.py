"""wercker auth login"""

import click

from wercker_cli.app import Invocation
from wercker_cli.commands import shape


@shape.command("login")
@click.pass_obj
def command(app: Invocation) -> None:
    """Keep a token for the server that answers, or for that of --context.

    The token is read from the terminal unseen, or from standard input where that is none. It is kept once the
    server does not refuse it: in the system keyring where there is one (and wercker-cli[keyring] is installed),
    else in config.toml.

    \b
    Examples:
      wercker auth login --context ci
      wercker auth login --context ci < token.txt
    """
    from wercker_cli.accounts import tokens

    name = tokens.context(app)
    token = tokens.ask(app, f"Token for {name} ({app.settings.api_url.value}): ")
    tokens.check(app, name, token)
    why = tokens.keep(app, name, token)
    app.note(f"logged in to {name}: the token is in {app.settings.config.value if why else 'the system keyring'}")
    if why:
        app.note(f"note: {why}")
    if app.environ.get("WERCKER_TOKEN"):
        app.note("note: WERCKER_TOKEN is set here, and comes before it")
