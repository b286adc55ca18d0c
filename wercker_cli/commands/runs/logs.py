"""wercker runs logs"""

from typing import Any

import click

from wercker_cli import selection, waiting
from wercker_cli.app import Invocation
from wercker_cli.commands import shape
from wercker_cli.commands.options import run_argument, wait_options
from wercker_cli.commands.types import Count, Text
from wercker_cli.errors import Exit, Usage
from wercker_cli.output.columns import Json


@shape.command("logs")
@run_argument
@shape.option("--step", type=Text(), metavar="NAME|N", help="Only this step, by its name or its number.")
@shape.option("--failed", is_flag=True, help="Only steps that failed.")
@shape.option("--tail", type=Count(min=0), metavar="N", help="Only the last N lines of each step.")
@shape.option("--follow", "-f", is_flag=True, section="Waiting", help="Go on until the run ends; exit by its result.")
@shape.option("--timestamps", is_flag=True, section="Waiting", help="Put before a line when it came (with --follow).")
@wait_options
@click.pass_obj
def command(
    app: Invocation, /, run: str | None, step: str | None, failed: bool, tail: int | None, follow: bool, **given: Any
) -> int:
    """Print what the steps of a run printed, as far as it got.

    RUN is an id, a run's URL, @latest or @head; without it, a terminal lets you choose.

    In a pipe the bytes are those of the log; on a terminal each step has a heading. With --follow the exit code is
    that of wercker runs watch.

    \b
    Examples:
      wercker runs logs @latest
      wercker runs logs @latest --failed --tail 50
      wercker runs logs @latest --follow
      wercker runs logs @latest --step "go test" | grep FAIL
    """
    timestamps, patience = given.pop("timestamps"), waiting.patience(given, wait=follow, flag="--follow")
    if timestamps and not follow:
        raise Usage("--timestamps is for --follow: a log does not say when its lines were printed", hint="add --follow")
    run_id = selection.run_id(app, run, given)
    steps = app.api.steps(run_id)

    def wanted(candidate: Json) -> bool:
        return selection.is_step(candidate, step) and (not failed or candidate.get("result") == "failed")

    if steps and step:
        selection.steps_called(steps, step, run_id)
    if follow:
        return waiting.follow_logs(app, run_id, patience, wanted, tail=tail, stamps=timestamps)
    chosen = [candidate for candidate in steps if wanted(candidate)]
    if failed and not chosen:
        app.note("note: none of these steps failed")
    waiting.read_logs(app, chosen, tail=tail)
    return Exit.DONE
