"""wercker runs abort"""

from typing import Any

import click

from wercker_cli.app import Invocation
from wercker_cli.commands import shape
from wercker_cli.commands.options import latest_options, output_options
from wercker_cli.commands.types import Run
from wercker_cli.errors import Exit, Usage, WerckerError
from wercker_cli.output.runs import RUNS


@shape.command("abort")
@click.argument("runs", type=Run(), nargs=-1, required=True, metavar="RUN...")
@latest_options
@output_options(RUNS)
@click.pass_context
def command(ctx: click.Context, /, runs: tuple[str, ...], **narrowed: str | None) -> int:
    """Abort runs.

    RUN is an id, a run's URL, or @latest; - reads ids from standard input, one a line. Each is tried; the exit code
    is the worst. A run that has finished stays as it is.

    \b
    Examples:
      wercker runs abort 577a4dbc3ec144923a02b6f9
      wercker runs abort @latest
      wercker runs list -s running -o id | wercker runs abort -
    """
    app: Invocation = ctx.obj
    aborted, worst = [], Exit.DONE
    for given in _ids(ctx, app, runs):
        try:
            run = app.run_id(given, narrowed)
            answer = app.api.abort(run)
        except WerckerError as error:
            app.report(error)
            worst = max(worst, error.exit_code)
        else:
            app.note(f"run {run} {_outcome(answer)}")
            aborted.append({"id": run, **answer})
    app.show(aborted, RUNS, default="id")
    return worst


def _outcome(run: dict[str, Any]) -> str:
    if run.get("result") == "aborted":
        return "aborted"
    if run.get("status") == "finished":
        return f"had finished already: {run.get('result')}"
    return "is being aborted"


def _ids(ctx: click.Context, app: Invocation, runs: tuple[str, ...]) -> list[str]:
    """What was typed, with the lines of standard input in place of "-"; all are checked before the first is sent."""
    found: list[str] = []
    for run in runs:
        if run != "-":
            found.append(run)
            continue
        for line in app.stdin.read().split():
            try:
                found.append(Run().convert(line, None, ctx))
            except click.BadParameter as error:
                raise Usage(f"standard input: {error.message}") from None
    return list(dict.fromkeys(found))
