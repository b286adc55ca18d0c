"""wercker runs watch"""

from typing import Any

import click

from wercker_cli import selection, waiting
from wercker_cli.app import Invocation
from wercker_cli.commands import shape
from wercker_cli.commands.options import other_run_argument, output_options, wait_options
from wercker_cli.output.runs import RUN


@shape.command("watch")
@other_run_argument
@wait_options
@output_options(RUN)
@click.pass_obj
def command(app: Invocation, /, run: str | None, **given: Any) -> int:
    """Follow a run to its end, and exit by its result.

    RUN is an id, a run's URL, @latest or @head; without it, a terminal lets you choose. The exit
    code is 0 when it passed, 10 when it failed, 11 when it was aborted, and 124 when --timeout ran out.

    On a terminal this is a page that moves, elsewhere a line a change; with -o jsonl it is an object a change and a
    line of a log, and the verdict comes last. Ctrl-C leaves the run alone.

    Each object has event, time and run; event run adds status and result; step adds step, order, status, result and
    message; log adds step, order and line; verdict adds status, result, exit (the exit code) and reason.

    \b
    Examples:
      wercker runs watch @latest
      wercker runs watch @latest --timeout 10m --fail-fast
      wercker runs watch @latest -o jsonl | jq -r 'select(.event == "log") | .line'
    """
    patience = waiting.patience(given)
    return waiting.watch_run(app, selection.run_id(app, run, given), patience)
