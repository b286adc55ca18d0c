"""wercker runs show"""

import shlex

import click

from wercker_cli import selection
from wercker_cli.app import Invocation
from wercker_cli.commands import shape
from wercker_cli.commands.options import output_options, run_argument
from wercker_cli.output.runs import RUN, RUN_WITH_ENV
from wercker_cli.output.steps import STEPS


@shape.command("show")
@run_argument
@shape.option("--show-env", is_flag=True, help="Show the values of its environment variables too.")
@output_options(RUN)
@click.pass_obj
def command(app: Invocation, /, run: str | None, show_env: bool, **narrowed: str | None) -> None:
    """Show one run.

    RUN is an id, a run's URL, @latest or @head; without it, a terminal lets you choose.

    \b
    Examples:
      wercker runs show @latest
      wercker runs show @latest -p build -b main
      wercker runs show 577a4dbc3ec144923a02b6f9 --show-env
      wercker runs show @latest -q .result
      wercker runs show @latest -o markdown
    """
    found = app.api.run(selection.run_id(app, run, narrowed))
    view = RUN_WITH_ENV if show_env else RUN
    if app.on_terminal and app.format_name == "table" and found.get("result") == "failed":
        app.note_behind(f"hint: wercker runs logs {shlex.quote(app.api.id_of(found))} --failed")
    app.show(found, view, below=lambda: (app.api.steps(app.api.id_of(found)), STEPS))
