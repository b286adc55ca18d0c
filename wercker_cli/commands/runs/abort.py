"""wercker runs abort"""

from collections.abc import Callable
from typing import Any

import click

from wercker_cli import selection
from wercker_cli.app import Invocation
from wercker_cli.commands import shape
from wercker_cli.commands.options import output_options, run_filters, window_options
from wercker_cli.commands.types import Run
from wercker_cli.errors import Exit, Usage, WerckerError
from wercker_cli.output.columns import Json
from wercker_cli.output.runs import RUNS
from wercker_cli.selection import HEAD, LATEST, UNFINISHED

NARROWING = {"applicationId", "pipelineId", "branch"}  # of @latest and @head


@shape.command("abort")
@click.argument("runs", type=Run(), nargs=-1, metavar="RUN...")
@run_filters
@window_options
@shape.option("--yes", "-y", is_flag=True, help="Abort what the filters select without asking.")
@output_options(RUNS)
@click.pass_context
def command(ctx: click.Context, /, runs: tuple[str, ...], yes: bool, **given: Any) -> int:
    """Abort runs.

    RUN is an id, a run's URL, @latest or @head; - reads ids from standard input, one a line. Without RUN, the
    filters select among the runs that have not finished, and a person is asked; --yes does not ask. Each run is
    tried; the exit code is the worst. A run that has finished stays as it is.

    \b
    Examples:
      wercker runs abort 577a4dbc3ec144923a02b6f9
      wercker runs abort @latest
      wercker runs abort --pipeline build --branch main
      wercker runs abort --until 2h --yes
      wercker runs list -s running -o id | wercker runs abort -
    """
    app: Invocation = ctx.obj
    filters = {name for name, value in given.items() if value}
    if runs:
        _no_filters_beside(filters - (NARROWING if {*runs} & {LATEST, HEAD} else set()), yes=yes)
        narrowed = {name: given[name] for name in NARROWING}
        return _abort(app, _typed(ctx, app, runs), lambda run: selection.run_id(app, run, narrowed))
    if filters:
        return _abort(app, _selected(app, given, yes=yes))
    return _abort(app, [selection.run_id(app, None, {"status": UNFINISHED}, default="")])


def _abort(app: Invocation, wanted: list[str], id_of: Callable[[str], str] = str) -> int:
    """Aborts one after the other; `id_of` is for those that somebody typed: what a server calls an id is one."""
    aborted, worst = [], Exit.DONE
    for named in wanted:
        try:
            run = id_of(named)
            answer = app.api.abort(run)
        except WerckerError as error:
            app.report(error)
            worst = max(worst, error.exit_code)
        else:
            app.note(f"run {run} {_outcome(answer)}")
            aborted.append({"id": run, **answer})
    app.show(aborted, RUNS, default="id")
    return worst


def _outcome(run: Json) -> str:
    if run.get("result") == "aborted":
        return "aborted"
    if run.get("status") == "finished":
        return f"had finished already: {run.get('result')}"
    return "is being aborted"


def _no_filters_beside(filters: set[str], *, yes: bool) -> None:
    """Raises Usage for filters that would select runs beside those that are named."""
    if filters:
        raise Usage("RUN and filters exclude each other: filters select runs by themselves", hint="leave out one")
    if yes:
        raise Usage("--yes is for filters: a run that is named is aborted without a question", hint="leave it out")


def _selected(app: Invocation, given: Json, *, yes: bool) -> list[str]:
    """The ids of the runs that the filters select, after the person has agreed."""
    if "finished" in given["status"]:
        raise Usage("a run that has finished cannot be aborted", hint=f"--status is one of {', '.join(UNFINISHED)}")
    window = given["since"], given["until"]
    found = list(selection.runs(app, {**given, "status": given["status"] or UNFINISHED}, limit=0, window=window))
    ids = [app.api.id_of(run) for run in found]
    if not ids:
        app.note("note: no run that could be aborted fits")
        return []
    count = f"{len(ids)} run{'s' if len(ids) > 1 else ''}"
    if yes:
        return ids
    if not app.can_ask:
        raise Usage(f"this would abort {count}, {ids[0]} first", hint="add --yes")
    app.show_aside(found, RUNS)
    if app.ask(f"Abort {count}? [y/N] ").lower() not in {"y", "yes"}:
        app.note("nothing was aborted")
        return []
    return ids


def _typed(ctx: click.Context, app: Invocation, runs: tuple[str, ...]) -> list[str]:
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
