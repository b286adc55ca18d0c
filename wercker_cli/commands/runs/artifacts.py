"""wercker runs artifacts"""

from typing import Any

import click

from wercker_cli import selection
from wercker_cli.app import Invocation
from wercker_cli.commands import shape
from wercker_cli.commands.options import output_options, run_argument
from wercker_cli.commands.types import Text
from wercker_cli.output.artifacts import FILES


@shape.command("artifacts")
@run_argument
@shape.option("--step", type=Text(), metavar="NAME|N", help="What this step left, by its name or its number.")
@shape.option(
    "--directory",
    "-D",
    type=click.Path(file_okay=False),
    default=".",
    metavar="DIR",
    help="Unpack there [default: the folder that this is].",
)
@shape.option("--force", is_flag=True, help="Overwrite files that are there.")
@output_options(FILES)
@click.pass_obj
def command(app: Invocation, /, run: str | None, step: str | None, directory: str, force: bool, **given: Any) -> None:
    """Download what a run left, and unpack it.

    RUN is an id, a run's URL, @latest or @head; without it, a terminal lets you choose.

    That is what it put into WERCKER_OUTPUT_DIR, else its whole checkout; with --step what that step put into
    WERCKER_REPORT_ARTIFACTS_DIR. Each path is printed. Either all of it is unpacked or nothing: files that are in the
    way are named, and kept. Links that lead out of DIR are left out.

    \b
    Examples:
      wercker runs artifacts @latest
      wercker runs artifacts @latest -p build -D out --force
      wercker runs artifacts @latest --step "go test" -D reports
    """
    from wercker_cli import downloads

    run_id = selection.run_id(app, run, given)
    found = downloads.of_run(app, run_id) if step is None else downloads.of_step(app, run_id, step)
    app.show(downloads.unpack(app, found, directory, force=force), FILES, default="tsv")
