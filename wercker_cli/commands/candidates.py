"""What a shell may complete: runs, pipelines and branches as the engine knows them, and contexts."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import click

from wercker_cli import checkout
from wercker_cli.app import Invocation
from wercker_cli.selection import HEAD, LATEST

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Candidate = tuple[str, str]  # a value, and what there is to say about it
Source = Callable[[Invocation, dict[str, Any]], Iterator[Candidate]]


def complete(source: Source, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
    """The candidates that begin with what was typed; none where something goes wrong."""
    from click.shell_completion import CompletionItem

    app: Invocation = ctx.obj
    try:
        found = list(source(app, ctx.params))
    except Exception:  # a shell that waits for completions shows no errors, not even ours
        return []
    return [CompletionItem(value, help=text) for value, text in found if value.startswith(incomplete)]


def runs(app: Invocation, given: dict[str, Any]) -> Iterator[Candidate]:
    """The newest runs, each with what became of it."""
    from wercker_cli.output.cells import get
    from wercker_cli.output.marks import mark_of
    from wercker_cli.output.runs import pipeline_name
    from wercker_cli.output.text import first_line, one_line

    if app.settings.api_url.value:
        return
    for run in app.api.runs(app.scope(given.get("applicationId"), given.get("pipelineId"))):
        what = (mark_of(run).word, pipeline_name(run), get(run, "branch"), first_line(get(run, "message")))
        yield app.api.id_of(run), one_line(" · ".join(what))
    yield LATEST, "the newest one"
    yield HEAD, "the newest one of the commit that is checked out"


def pipelines(app: Invocation, given: dict[str, Any]) -> Iterator[Candidate]:
    """The pipelines of the application."""
    if app.settings.api_url.value:
        return
    for pipeline in app.pipelines(given.get("applicationId") or given.get("application")):
        yield str(pipeline.get("name")), ""


def targets(app: Invocation, given: dict[str, Any]) -> Iterator[Candidate]:
    """The deploy targets in the checkout, of the pipeline where one is named."""
    if app.settings.api_url.value:
        return
    for target in app.engine.targets(given.get("pipelineId")):
        yield target, ""


def contexts(app: Invocation, _given: dict[str, Any]) -> Iterator[Candidate]:
    """The engine, and the servers that have a name."""
    from wercker_cli.accounts import contexts

    for context in contexts.listed(app):
        yield context["name"], str(context["server"])


def branches(_app: Invocation, _given: dict[str, Any]) -> Iterator[Candidate]:
    """The branches of the checkout that this is."""
    for branch in checkout.branches():
        yield branch, ""
