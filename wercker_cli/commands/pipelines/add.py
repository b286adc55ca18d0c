"""wercker pipelines add"""

import click

from wercker_cli.app import Invocation
from wercker_cli.commands import shape
from wercker_cli.commands.options import output_options
from wercker_cli.output.pipelines import PIPELINES


@shape.command("add")
@click.argument("path", type=click.Path(exists=True, file_okay=False), default=".")
@shape.option("--public", is_flag=True, help="Let a server show its runs to anyone.")
@output_options(PIPELINES)
@click.pass_obj
def command(app: Invocation, path: str, public: bool) -> None:
    """Tell the engine of the checkout at PATH, and list its pipelines.

    In a checkout this is not needed: the first command there does it. From elsewhere, name the application
    with --application OWNER/NAME afterwards.

    \b
    Examples:
      wercker pipelines add
      wercker pipelines add ~/src/website --public
    """
    application = app.engine.add(path, app.note, public=public)
    app.note(f"added {application}")
    owner, name = application.split("/", 1)
    app.show(app.api.pipelines(owner, name), PIPELINES)
