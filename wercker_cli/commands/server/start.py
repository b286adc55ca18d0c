"""wercker server start"""

from typing import Any

import click

from wercker_cli.app import Invocation
from wercker_cli.commands import shape
from wercker_cli.commands.types import Count
from wercker_cli.errors import Usage

PORT = click.IntRange(0, 65535)
FILE = click.Path(exists=True, dir_okay=False)


@shape.command("start")
@shape.option("--host", default="127.0.0.1", show_default=True, metavar="NAME", help="The address to listen on.")
@shape.option("--port", type=PORT, default=8080, show_default=True, metavar="N", help="0 takes one that is free.")
@shape.option(
    "--workers",
    type=Count(min=1),
    metavar="N",
    help="How many runs it has at once [default: one per CPU, 2 at least]. "
    "wercker runs trigger on this machine itself goes by the default.",
)
@shape.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How the line looks that each request leaves on standard error.",
)
@shape.option("--cert", type=FILE, metavar="FILE", help="Use TLS, with this certificate and its chain (PEM).")
@shape.option("--key", type=FILE, metavar="FILE", help="The key of the certificate [default: in its file].")
@shape.option("--behind-proxy", is_flag=True, help="Believe the last X-Forwarded-For, -Proto and -Host: a proxy's.")
@shape.option("--insecure-bind", is_flag=True, help="Let other machines connect without TLS.")
@shape.option(
    "--allowed-host",
    "allowed_hosts",
    multiple=True,
    metavar="NAME",
    help="A further name in URLs of a server that listens on this machine alone (repeatable).",
)
@click.pass_obj
def command(app: Invocation, /, log_format: str, **address: Any) -> None:
    """Let others use the engine of this machine over HTTP.

    It shows and runs what was registered with wercker pipelines add: to whoever has a token of wercker server token,
    and reading what is --public to anyone. Pipelines run as the user who starts the server.

    The first line of the output is the URL: give it to others as WERCKER_API_URL. SIGTERM and Ctrl-C stop the
    server once it has answered what was asked; runs go on.

    \b
    Examples:
      wercker server start
      wercker server start --host 0.0.0.0 --cert server.pem --key server.key
      wercker server start --behind-proxy --allowed-host ci.example.com
    """
    if address["key"] and not address["cert"]:
        raise Usage("--key needs --cert, the certificate that the key is of")

    def listening(url: str) -> None:
        app.stdout.write(f"{url}\n")
        app.stdout.flush()

    app.engine.serve(listening, app.stderr, log_format, app.note, **address)
