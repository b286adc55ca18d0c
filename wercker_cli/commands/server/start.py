"""wercker server start"""

import click

from wercker_cli.app import Invocation
from wercker_cli.commands import shape
from wercker_cli.commands.types import Count

PORT = click.IntRange(0, 65535)


@shape.command("start")
@shape.option("--host", default="127.0.0.1", show_default=True, metavar="NAME", help="The address to listen on.")
@shape.option("--port", type=PORT, default=8080, show_default=True, metavar="N", help="0 takes one that is free.")
@shape.option(
    "--workers", type=Count(min=1), metavar="N", help="How many runs there may be at once [default: 2 or more]."
)
@shape.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How the line looks that each request leaves on standard error.",
)
@click.pass_obj
def command(app: Invocation, host: str, port: int, workers: int | None, log_format: str) -> None:
    """Let others use the engine of this machine over HTTP.

    The first line of the output is the URL: give it to others as WERCKER_API_URL. SIGTERM and Ctrl-C stop the
    server once it has answered what was asked; runs go on.

    \b
    Examples:
      wercker server start
      wercker server start --port 0 --log-format json
    """

    def listening(url: str) -> None:
        app.stdout.write(f"{url}\n")
        app.stdout.flush()

    app.engine.serve(host, port, workers, listening, app.stderr, log_format)
