"""wercker pipelines check"""

import click

from wercker_cli.app import Invocation
from wercker_cli.commands import shape
from wercker_cli.commands.options import output_options
from wercker_cli.errors import Exit
from wercker_cli.output.mistakes import MISTAKES


@shape.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, allow_dash=True), required=False)
@output_options(MISTAKES)
@click.pass_obj
def command(app: Invocation, file: str | None) -> int:
    """Tell what is wrong with a wercker.yml, without running anything.

    FILE is the one of this checkout unless another is named; - is standard input. An error exits with 2. A warning
    does not: of a key that means nothing, of a step that cannot run on this machine.

    \b
    Examples:
      wercker pipelines check
      wercker pipelines check -o json - < wercker.yml
      wercker pipelines check -q '.[] | select(.severity == "error").message'
    """
    from wercker_cli import checking

    path = file or checking.here()
    checked = checking.check(checking.read(path, app.stdin.buffer), path, app.environ)
    app.show(checking.as_objects(checked.mistakes, excerpts=app.format_name == "table"), MISTAKES)
    app.note(f"{checking.shown(path)}: {checked}")
    return Exit.USAGE if checked.errors else Exit.DONE
