"""Options that several commands share, and the values that they take."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import click

from wercker_cli.app import LATEST
from wercker_cli.commands.shape import option, remember
from wercker_cli.output.columns import FORMATS, View

STATUSES = ("notstarted", "started", "finished", "running")
RESULTS = ("aborted", "unknown", "passed", "failed")

_Function = Callable[..., Any]

# Patterns are compiled when they are first used: most commands use none of them.

_CONTROL = r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]"
_COMMIT = r"[0-9a-fA-F]{4,64}"
_DURATION = r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?"


class Text(click.ParamType[str]):
    """A text that is not empty and has no control characters."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not value.strip():
            self.fail("it must not be empty", param, ctx)
        if re.search(_CONTROL, value):
            self.fail(f"{value!r} has control characters in it", param, ctx)
        return value


class Id(Text):
    """An id: one part of a path, whatever else it looks like."""

    name = "id"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        super().convert(value, param, ctx)
        if value == "." or ".." in value or any(char in value for char in "/?# \\"):
            self.fail(f"{value!r} is no id: an id has no '/', '..', '?', '#' or blank in it", param, ctx)
        return value


class Run(Id):
    """An id, a run's URL, or @latest."""

    name = "run"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if "://" in value:
            return Text.convert(self, value, param, ctx)
        if value.startswith("@") and value != LATEST:
            self.fail(f"{value!r} is no run: it is an id, a run's URL, or {LATEST}", param, ctx)
        return super().convert(value, param, ctx)


class Application(Id):
    """An id, or OWNER/NAME."""

    name = "application"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        for part in value.split("/") if value.count("/") == 1 else [value]:
            super().convert(part, param, ctx)
        return value


class Commit(click.ParamType[str]):
    """A commit hash, or its beginning."""

    name = "commit"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not re.fullmatch(_COMMIT, value):
            self.fail(f"{value!r} is no commit hash: 4 to 64 hexadecimal digits", param, ctx)
        return value.lower()


class Count(click.IntRange):
    """A number that is not negative."""

    name = "number"


class Duration(click.ParamType[float]):
    """A time span such as 90, 90s, 10m or 1h30m, in seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        match = re.fullmatch(_DURATION, str(value)) if value else None
        if not match:
            self.fail(f"{value!r} is no time span: write 90s, 10m or 1h30m", param, ctx)
        hours, minutes, seconds = (float(part or 0) for part in match.groups())
        return hours * 3600 + minutes * 60 + seconds


def scope_options(function: _Function, section: str) -> _Function:
    """--application and --pipeline, under a heading of the help."""
    function = option(
        "--pipeline",
        "-p",
        "pipelineId",
        type=Text(),
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
    (["--status", "-s", "status"], {"type": click.Choice(STATUSES), "help": "How far they are."}),
    (["--result", "-r", "result"], {"type": click.Choice(RESULTS), "help": "How they ended."}),
    (["--branch", "-b", "branch"], {"type": Text(), "metavar": "NAME", "help": "Of this branch."}),
    (["--commit", "-c", "commit"], {"type": Commit(), "metavar": "HASH", "help": "Of this commit."}),
    (["--source-run", "sourceRun"], {"type": Id(), "metavar": "ID", "help": "Started from this run."}),
    (["--author", "-u", "author"], {"type": Text(), "metavar": "NAME", "help": "Started by this user."}),
)


def run_filters(function: _Function) -> _Function:
    """Every filter of GET /runs."""
    for names, attributes in reversed(FILTERS):
        function = option(*names, section="Filters", **attributes)(function)
    return scope_options(function, section="Filters")


def run_argument(function: _Function) -> _Function:
    """RUN, which inside a step of a run is that run unless another is named; and what narrows @latest."""
    function = click.argument("run", type=Run(), envvar="WERCKER_RUN_ID", metavar="RUN")(function)
    return latest_options(function)


def latest_options(function: _Function) -> _Function:
    """What narrows @latest."""
    section = f"Which run {LATEST} is"
    function = option("--branch", "-b", "branch", type=Text(), metavar="NAME", section=section, help="Of this branch.")(
        function
    )
    return scope_options(function, section=section)


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
