"""wercker runs trigger"""

from typing import Any

import click

from wercker_cli import checkout, selection, waiting
from wercker_cli.app import Invocation
from wercker_cli.commands import shape
from wercker_cli.commands.options import output_options, scope_options, wait_flag, wait_options
from wercker_cli.commands.types import Branch, Commit, Run, Target, Text
from wercker_cli.commands.variables import note_shown_secrets, public, variable_options, variables
from wercker_cli.errors import NotFound, Usage
from wercker_cli.output.cells import get, objects
from wercker_cli.output.columns import Json
from wercker_cli.output.runs import RUN, is_of_its_own, source_run
from wercker_cli.selection import HEAD

SHOWN_FILES = 3
DETACHED = "HEAD"  # what stands for a branch where none is checked out
TARGET = "WERCKER_DEPLOYTARGET_NAME"  # the variable that names a deploy target
WHAT = "What to run"


@shape.command("trigger")
@lambda function: scope_options(function, section=WHAT)
@shape.option(
    "--workflow",
    type=Text(),
    metavar="NAME",
    section=WHAT,
    help="A workflow of the wercker.yml, in place of a pipeline.",
)
@shape.option(
    "--branch", "-b", type=Branch(), metavar="NAME", section=WHAT, help="A branch [default: the current one]."
)
@shape.option("--commit", "-c", type=Commit(), metavar="HASH", section=WHAT, help="A commit of --branch, or @head.")
@shape.option("--worktree", is_flag=True, section=WHAT, help="The files as they are, changed ones too (engine only).")
@shape.option(
    "--source-run", type=Run(), metavar="RUN", section=WHAT, help="Start from what this run left, not from a commit."
)
@shape.option("--message", "-m", type=Text(), metavar="TEXT", section=WHAT, help="A message [default: the commit's].")
@shape.option("--reuse", is_flag=True, section=WHAT, help="If such a run has passed already, answer with that one.")
@shape.option("--target", type=Target(), metavar="NAME", section=WHAT, help="The steps of this deploy target.")
@variable_options
@wait_flag
@wait_options
@output_options(RUN)
@click.pass_obj
def command(app: Invocation, /, wait: bool, reuse: bool, **given: Any) -> int:
    """Start a run of a pipeline, or of the first pipeline of a workflow.

    Its id goes to standard output, everything else to standard error. With --wait the exit code is 0 when the run
    passed, 10 when it failed, 11 when it was aborted, and 124 when --timeout ran out (the run goes on). A workflow is
    waited for as a whole, and the worst of its runs counts.

    \b
    Examples:
      wercker runs trigger -p build
      wercker runs trigger -p build --worktree --wait
      wercker runs trigger -p test --commit @head --reuse --wait
      wercker runs trigger -p deploy -b main --target staging -e STAGE=test --secret-env TOKEN --wait
      wercker runs trigger --workflow build-and-deploy --wait
      id=$(wercker runs trigger -p build) && wercker runs show "$id"
    """
    if given["workflow"]:
        _check_workflow(given, reuse=reuse)
    elif not given["pipelineId"]:
        raise Usage("--pipeline is missing", hint=_pipelines_hint(app, given["applicationId"]))
    patience = waiting.patience(given, wait=wait)
    given["variables"] = _variables(given)
    if given["commit"] and given["commit"] != HEAD and not given["branch"]:
        raise Usage("--commit needs --branch", hint="add --branch NAME")
    if given["worktree"] and (given["commit"] or given["branch"] or given["source_run"]):
        raise Usage(
            "--worktree is what is checked out: --branch, --commit and --source-run name something else",
            hint="leave them out",
        )
    on_engine = app.engine if given["worktree"] or not app.settings.api_url.value else None
    payload = _payload(app, **given)
    reused = _passed_before(app, payload) if reuse else None
    triggered = reused or app.api.trigger(payload)
    if on_engine and not (given["worktree"] or given["branch"] or given["applicationId"] or given["source_run"]):
        _note_changes(app)  # asks git while the run is on its way
    if reused:
        app.note(f"run {app.api.id_of(reused)} passed already, with this commit and these variables")
        return waiting.passed_before(app, reused, wait=wait)
    note_shown_secrets(app, payload.get("envVars", []), triggered)
    return waiting.triggered(app, triggered, patience if wait else None)


def _payload(app: Invocation, /, **given: Any) -> Json:
    """What was given, in the words of the API."""
    payload = {
        **_what(app, given),
        "sourceRunId": given["source_run"] and selection.run_id(app, given["source_run"], _of_same_application(given)),
        "branch": given["branch"],
        "commitHash": given["commit"],
        "message": given["message"],
        "envVars": given["variables"],
    }
    if given["commit"] == HEAD:
        branch, payload["commitHash"] = checkout.head()
        payload["branch"] = given["branch"] or branch
        if payload["branch"] == DETACHED and app.settings.api_url.value:
            raise Usage("no branch is checked out, and a server wants the commit's", hint="add --branch NAME")
    if given["worktree"]:
        payload["branch"], payload["commitHash"] = app.engine.snapshot()
    return {key: value for key, value in payload.items() if value}


def _variables(given: Json) -> list[Json]:
    """The variables that were given, and that of the deploy target; raises Usage where both name one."""
    found, target = variables(given), given["target"]
    if target and any(variable["key"] == TARGET for variable in found):
        raise Usage(f"--target sets {TARGET}, which is given as a variable too", hint="leave out one of them")
    return [*found, {"key": TARGET, "value": target}] if target else found


def _what(app: Invocation, given: Json) -> Json:
    if given["workflow"]:
        return {**dict(app.scope(given["applicationId"], None)), "workflow": given["workflow"]}
    return {"pipelineId": app.pipeline_id(given["pipelineId"], given["applicationId"])}


def _of_same_application(given: Json) -> Json:
    """Where @latest and @head are looked for."""
    return {"applicationId": given["applicationId"]}


def _check_workflow(given: Json, *, reuse: bool) -> None:
    """Raises Usage for what a workflow says by itself."""
    others = {"--pipeline": given["pipelineId"], "--source-run": given["source_run"], "--reuse": reuse}
    for name in (name for name, value in others.items() if value):
        raise Usage(f"--workflow and {name} exclude each other", hint=f"leave out {name}")


def _passed_before(app: Invocation, payload: Json) -> Json | None:
    """A run of the same pipeline, commit, variables and source run that passed."""
    query = {"pipelineId": payload["pipelineId"], "commit": _commit_of(app, payload), "result": "passed"}
    for found in app.api.runs(query.items(), limit=0):
        run = app.api.run(app.api.id_of(found))  # a list does not tell the variables
        alike = public(objects(run.get("envVars"))) == public(payload.get("envVars", []))
        if alike and is_of_its_own(run) and source_run(run) == payload.get("sourceRunId", ""):
            return run
    return None


def _commit_of(app: Invocation, payload: Json) -> str:
    """The hash that a run would be of; raises Usage where only the server knows."""
    if "commitHash" in payload:
        return str(payload["commitHash"])
    if "sourceRunId" in payload and "branch" not in payload:
        return get(app.api.run(payload["sourceRunId"]), "commitHash")
    if app.settings.api_url.value:
        raise Usage("--reuse needs --commit: the server alone knows its newest one", hint="add --commit @head")
    return app.engine.commit(str(payload["pipelineId"]), str(payload.get("branch", "")))


def _note_changes(app: Invocation) -> None:
    """Says which changes are not in the run."""
    changed = app.engine.changed_files()
    if changed:
        more = f" and {len(changed) - SHOWN_FILES} more" if len(changed) > SHOWN_FILES else ""
        shown = ", ".join(" ".join(name.split()) for name in changed[:SHOWN_FILES])
        app.note(f"note: the run is of the commit, without your changes to {shown}{more} (--worktree runs them)")


def _pipelines_hint(app: Invocation, application: str | None) -> str:
    """The command, with the pipelines of this checkout: a server is not asked before the usage is right."""
    found = app.application(application) if not app.settings.api_url.value else None
    owner, _, name = (found or "").partition("/")
    try:
        names = [str(pipeline.get("name")) for pipeline in app.api.pipelines(owner, name)] if name else []
    except NotFound:
        names = []
    return f"wercker runs trigger --pipeline {names[0] if len(names) == 1 else '|'.join(names) or 'ID'}"
