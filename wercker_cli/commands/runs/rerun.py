"""wercker runs rerun"""

import shlex
from typing import Any

import click

from wercker_cli import checkout, selection, waiting
from wercker_cli.app import Invocation
from wercker_cli.commands import shape
from wercker_cli.commands.options import other_run_argument, output_options, wait_flag, wait_options
from wercker_cli.commands.types import Text
from wercker_cli.commands.variables import again, note_shown_secrets, variable_options, variables
from wercker_cli.errors import NotFound, Refused
from wercker_cli.output.cells import get
from wercker_cli.output.columns import Json
from wercker_cli.output.runs import RUN, is_of_its_own, pipeline_name, source_run


@shape.command("rerun")
@other_run_argument
@shape.option("--failed-only", is_flag=True, help="Only if it did not pass: else its own id is the answer.")
@shape.option(
    "--context",
    type=Text(),
    metavar="NAME",
    help="Run it there: in another context, or with engine on this machine, in this checkout.",
)
@variable_options
@wait_flag
@wait_options
@output_options(RUN)
@click.pass_obj
def command(
    app: Invocation, /, run: str | None, failed_only: bool, context: str | None, wait: bool, **given: Any
) -> int:
    """Run a run again: the same pipeline, branch, commit, message, variables and source run.

    RUN is an id, a run's URL, @latest or @head; without it, a terminal lets you choose. Variables that are given
    come behind those of the run, so that they win. The values of secret ones are not kept: they come from your
    environment, else you are asked for them. With --context a run of a server is repeated elsewhere.

    \b
    Examples:
      wercker runs rerun @latest --wait
      wercker runs rerun @latest --failed-only -e VERBOSE=1
      WERCKER_CONTEXT=ci wercker runs rerun @latest --context engine --wait
    """
    patience = waiting.patience(given, wait=wait)
    added = variables(given)
    before = app.api.run(selection.run_id(app, run, given))
    if failed_only and before.get("result") == "passed":
        app.note(f"run {app.api.id_of(before)} passed: it is not run again")
        return waiting.passed_before(app, before, wait=wait)
    if failed_only and before.get("status") != "finished":
        raise Refused(f"run {app.api.id_of(before)} has not finished", hint="wercker runs watch, then run it again")
    if not get(before, "pipeline.id"):
        raise Refused("the run does not say which pipeline it is of", hint="wercker runs trigger --pipeline NAME")
    _check_workflow(before)
    there = app.in_context(context) if context else app
    pipeline = _pipeline_there(app, there, before) if context else get(before, "pipeline.id")
    payload = _payload(before, pipeline, again(app, before, added), elsewhere=context is not None)
    made = there.api.trigger(payload)
    note_shown_secrets(there, payload.get("envVars", []), made)
    if get(before, "tag") and get(made, "commitHash") not in {"", get(before, "commitHash")}:
        app.note(f"note: the tag {get(before, 'tag')} has moved: this run is of {get(made, 'commitHash')}")
    return waiting.triggered(there, made, patience if wait else None)


def _payload(run: Json, pipeline: str, variables: list[Json], *, elsewhere: bool) -> Json:
    """What triggers the same again."""
    what = {"tag": get(run, "tag")} if get(run, "tag") else _commit(run)
    payload = {
        "pipelineId": pipeline,
        "sourceRunId": "" if elsewhere else source_run(run),
        **what,
        "message": get(run, "message"),
        "envVars": variables,
    }
    return {key: value for key, value in payload.items() if value}


def _check_workflow(run: Json) -> None:
    """Raises Refused for a run of a workflow that a trigger of its pipeline alone could not make again."""
    if not is_of_its_own(run):
        name = get(run, "workflow.name")
        raise Refused(
            f"run {get(run, 'id')} has of its workflow {name!r} what no trigger of its pipeline alone can give it",
            hint=f"wercker runs trigger --workflow {shlex.quote(name)}",
        )


def _commit(run: Json) -> Json:
    branch, commit = get(run, "branch"), get(run, "commitHash")
    if not (branch and commit):
        raise Refused("the run does not say which branch and commit it is of", hint="wercker runs trigger")
    return {"branch": branch, "commitHash": commit}


def _pipeline_there(app: Invocation, there: Invocation, run: Json) -> str:
    """The id of the pipeline of that name in another context; raises NotFound where the commit is not there either."""
    commit, branch = get(run, "commitHash"), get(run, "branch")
    if not there.settings.api_url.value and commit and not checkout.has(commit):
        wanted = shlex.quote(branch or commit)
        raise NotFound(f"commit {commit} is not in this checkout", hint=f"git fetch origin {wanted}")
    if run.get("sourceRun"):
        app.note("note: its source run is not known there, and left out")
    return there.pipeline_id(pipeline_name(run), None)
