"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from wercker_cli.commands.shape import option, remember
from wercker_cli.commands.types import Application, Branch, Commit, Duration, Id, Pipeline, Run, Text, When
from wercker_cli.output.columns import FORMATS, View
from wercker_cli.selection import HEAD, LATEST

STATUSES = ("notstarted", "started", "finished", "running")
RESULTS = ("aborted", "unknown", "passed", "failed")

_Function = Callable[..., Any]


def scope_options(function: _Function, section: str) -> _Function:
    """--application and --pipeline, under a heading of the help."""
    function = option(
        "--pipeline",
        "-p",
        "pipelineId",
        type=Pipeline(),
        metavar="ID|NAME",
        section=section,
        help="A pipeline, by its id or its name.",
    )(function)
    return option(
        "--application",
        "-a",
        "applicationId",
        type=Application(),
        metavar="ID|OWNER/NAME",
        section=section,
        help="An application [default: WERCKER_APPLICATION_ID, else that of this checkout].",
    )(function)


# The filters of GET /runs beside application and pipeline, a line each; the Python name is the API's parameter.
FILTERS = (
    (
        ["--status", "-s", "status"],
        {"type": click.Choice(STATUSES), "multiple": True, "help": "How far they are; repeatable."},
    ),
    (
        ["--result", "-r", "result"],
        {"type": click.Choice(RESULTS), "multiple": True, "help": "How they ended; repeatable."},
    ),
    (["--branch", "-b", "branch"], {"type": Branch(), "metavar": "NAME", "help": "Of this branch."}),
    (
        ["--commit", "-c", "commit"],
        {"type": Commit(), "metavar": "HASH", "help": f"Of this commit, or {HEAD}."},
    ),
    (["--source-run", "sourceRun"], {"type": Id(), "metavar": "ID", "help": "Started from this run."}),
    (
        ["--author", "-u", "author"],
        {"type": Text(), "metavar": "NAME", "help": "By this user; @me (engine only)."},
    ),
)


def run_filters(function: _Function) -> _Function:
    """Every filter of GET /runs."""
    for names, attributes in reversed(FILTERS):
        function = option(*names, section="Filters", **attributes)(function)
    return scope_options(function, section="Filters")


def window_options(function: _Function) -> _Function:
    """--since and --until."""
    function = option(
        "--until", type=When(end=True), metavar="WHEN", section="Filters", help="Created then or before."
    )(function)
    return option(
        "--since",
        type=When(),
        metavar="WHEN",
        section="Filters",
        help="Created then or later: 2026-11-24, 2026-11-24T13:00, yesterday, 2h, 3d, 2w.",
    )(function)


def run_argument(function: _Function) -> _Function:
    """RUN, which inside a step of a run is that run unless another is named; and what narrows @latest."""
    function = click.argument("run", type=Run(), envvar="WERCKER_RUN_ID", required=False, metavar="RUN")(function)
    return latest_options(function)


def other_run_argument(function: _Function) -> _Function:
    """RUN where that of the step around must not be meant by default; and what narrows @latest."""
    return latest_options(click.argument("run", type=Run(), required=False, metavar="RUN")(function))


def latest_options(function: _Function) -> _Function:
    """What narrows @latest."""
    section = f"Which run {LATEST} or {HEAD} is"
    function = option(
        "--branch", "-b", "branch", type=Branch(), metavar="NAME", section=section, help="Of this branch."
    )(function)
    return scope_options(function, section=section)


def wait_flag(function: _Function) -> _Function:
    """--wait."""
    return option(
        *("--wait", "--watch", "-w"), is_flag=True, section="Waiting", help="Follow the run, and exit by its result."
    )(function)


def wait_options(function: _Function) -> _Function:
    """How long and how often to look at a run that is waited for: `waiting.patience` reads what was given."""
    section = "Waiting"
    for names, metavar, text in reversed(
        (
            ("--timeout", "TIME", "Wait for 90s, 10m, ... at most; the run goes on."),
            ("--interval", "TIME", "Look so often [default: often at first, seldom later]."),
            ("--retry-for", "TIME", "Ride out an outage of the server for this long [default: 5m]."),
        )
    ):
        function = option(names, type=Duration(), metavar=metavar, section=section, help=text)(function)
    return option("--fail-fast", is_flag=True, section=section, help="Stop waiting as soon as a step has failed.")(
        function
    )


def output_options(view: View) -> Callable[[_Function], _Function]:
    """-o, --json and --jq for what the view shows. They are kept on the Invocation: no command handles them."""

    def announce(ctx: click.Context, parameter: click.Parameter, value: Any) -> Any:
        if not ctx.resilient_parsing:
            ctx.obj.view = view
        return remember("output")(ctx, parameter, value)

    def fields(ctx: click.Context, _parameter: click.Parameter, value: str | None) -> None:
        if value is not None and not ctx.resilient_parsing:
            ctx.obj.fields = tuple(field.strip() for field in value.split(","))

    def decorate(function: _Function) -> _Function:
        function = option(
            "--jq",
            "-q",
            "jq",
            metavar="EXPRESSION",
            section="Output",
            help="Filter the JSON with a jq expression; texts come out raw.",
            expose_value=False,
            callback=remember("jq"),
        )(function)
        function = option(
            "--json",
            metavar="FIELD,...",
            section="Output",
            help="JSON with these fields only; pipeline.name reaches into an object.",
            expose_value=False,
            callback=fields,
        )(function)
        return option(
            "--output",
            "-o",
            "output",
            type=click.Choice(FORMATS),
            section="Output",
            help="The format [default: table on a terminal, tsv in a pipe].",
            expose_value=False,
            callback=announce,
        )(function)

    return decorate
