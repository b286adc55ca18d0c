"""wercker runs logs"""

from typing import Any

import click

from wercker_cli.app import Invocation
from wercker_cli.commands import shape
from wercker_cli.commands.options import Text, run_argument
from wercker_cli.errors import NotFound
from wercker_cli.output.logs import LogWriter
from wercker_cli.output.steps import step_name


@shape.command("logs")
@run_argument
@shape.option("--step", type=Text(), metavar="NAME|N", help="Only this step, by its name or its number.")
@shape.option("--failed", is_flag=True, help="Only steps that failed.")
@click.pass_obj
def command(app: Invocation, /, run: str, step: str | None, failed: bool, **narrowed: str | None) -> None:
    """Print what the steps of a run printed, as far as it got.

    RUN is an id, a run's URL, or @latest. In a pipe the bytes are those of the log; on a terminal each step has a
    heading.

    \b
    Examples:
      wercker runs logs @latest
      wercker runs logs @latest --failed
      wercker runs logs @latest --step "go test" | grep FAIL
    """
    run = app.run_id(run, narrowed)
    steps = app.api.steps(run)
    chosen = _chosen(steps, step) if step else steps
    if step and not chosen:
        names = ", ".join(f"{found.get('order')} {step_name(found)}" for found in steps)
        raise NotFound(f"no step {step!r} in run {run}", hint=f"its steps: {names}")
    if failed:
        chosen = [candidate for candidate in chosen if candidate.get("result") == "failed"]
        if not chosen:
            app.note("note: none of these steps failed")
    writer = LogWriter(app.stdout, color=app.color, environ=app.environ)
    for wanted in chosen:
        if wanted.get("status") == "notstarted":
            continue
        writer.heading(wanted)
        for piece in app.api.log(app.api.id_of(wanted)):
            writer.write(piece)
        writer.end()


def _chosen(steps: list[dict[str, Any]], step: str) -> list[dict[str, Any]]:
    """The steps of that name, or the one with that number."""
    named = [candidate for candidate in steps if step_name(candidate) == step]
    return named or [candidate for candidate in steps if str(candidate.get("order")) == step]
