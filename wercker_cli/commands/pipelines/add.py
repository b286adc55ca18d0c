"""wercker pipelines add"""

import click

from wercker_cli.app import Invocation
from wercker_cli.commands import shape
from wercker_cli.commands.options import output_options
from wercker_cli.commands.types import OwnerAndName
from wercker_cli.output.pipelines import PIPELINES


@shape.command("add")
@click.argument("source", metavar="[PATH|URL]", default=".")
@shape.option("--name", type=OwnerAndName(), metavar="OWNER/NAME", help="What it is called [default: as its remote].")
@shape.option(
    "--public/--private",
    default=None,
    help="Let a server show its runs to anyone, or only to whoever has a token [default: as before; private if new].",
)
@output_options(PIPELINES)
@click.pass_obj
def command(app: Invocation, source: str, name: str | None, public: bool | None) -> None:
    """Tell the engine of the checkout at PATH, or of the repository at URL, and list its pipelines.

    In a checkout this is not needed: the first command there does it. From elsewhere, name the application
    with --application OWNER/NAME afterwards. A server (wercker server start) shows and runs only what was added.

    Of a URL, or of the path of a bare repository, the engine keeps a copy, and fetches what is new whenever a run
    is triggered.

    \b
    Examples:
      wercker pipelines add
      wercker pipelines add ~/src/website --public
      wercker pipelines add ~/src/website --private
      wercker pipelines add https://github.com/acme/site.git
      wercker pipelines add /srv/git/site.git --name acme/site
    """
    application = app.engine.add(source, app.note, name=name or "", public=public)
    app.note(f"added {application}")
    owner, name = application.split("/", 1)
    app.show(app.api.pipelines(owner, name), PIPELINES)
