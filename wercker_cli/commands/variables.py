"""Variables for a run: --env, --env-file and --secret-env."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import click

from wercker_cli.app import Invocation
from wercker_cli.commands.shape import option
from wercker_cli.commands.types import is_whole
from wercker_cli.errors import Usage
from wercker_cli.output.cells import get, objects
from wercker_cli.output.columns import Json

SECTION = "Variables"
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"


class Variable(click.ParamType[dict[str, str]]):
    """KEY=VALUE, or KEY for a variable of the caller; as an object of the API."""

    name = "variable"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, str]:
        key, given, text = str(value).partition("=")
        if not re.fullmatch(_NAME, key):
            self.fail(f"{key!r} is no name of a variable: write KEY=VALUE", param, ctx)
        if not given:
            environ = ctx.obj.environ if ctx and ctx.obj else {}
            if key not in environ:
                self.fail(f"{key!r} is not set here: set it, or write {key}=VALUE", param, ctx)
            text = environ[key]
        if not is_whole(text):
            self.fail(f"the value of {key!r} is not UTF-8", param, ctx)
        return {"key": key, "value": text}


class Secret(click.ParamType[Json]):
    """KEY for a variable of the caller that nobody else may see; as an object of the API."""

    name = "variable"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Json:
        key, given, _ = str(value).partition("=")
        if not re.fullmatch(_NAME, key):
            self.fail(f"{key!r} is no name of a variable", param, ctx)
        if given:
            self.fail(f"a command line is no place for the value of {key!r}: set it, and give {key} alone", param, ctx)
        environ = ctx.obj.environ if ctx and ctx.obj else {}
        if key not in environ:
            self.fail(f"{key!r} is not set here", param, ctx)
        if not is_whole(environ[key]):
            self.fail(f"the value of {key!r} is not UTF-8", param, ctx)
        return {"key": key, "value": environ[key], "protected": True}


def variable_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--env, --env-file and --secret-env: `variables` reads what was given."""
    function = option(
        "--secret-env",
        type=Secret(),
        multiple=True,
        metavar="KEY",
        section=SECTION,
        help="A variable of yours whose value is masked wherever the run is shown. Repeatable.",
    )(function)
    function = option(
        "--env-file",
        type=click.File("r", encoding="utf-8-sig"),
        metavar="FILE",
        section=SECTION,
        help="Variables from a file of KEY=VALUE lines, before those of --env.",
    )(function)
    return option(
        "--env",
        "-e",
        type=Variable(),
        multiple=True,
        metavar="KEY=VALUE",
        section=SECTION,
        help="A variable for the run; KEY alone takes yours. Repeatable; $NAME in a value is an earlier one.",
    )(function)


def variables(given: dict[str, Any]) -> list[Json]:
    """What these options gave, in the order in which it counts; takes them out of `given`. Raises Usage."""
    return [*_in_file(given.pop("env_file")), *given.pop("env"), *given.pop("secret_env")]


def again(app: Invocation, run: Json, given: list[Json]) -> list[Json]:
    """The variables of an earlier run, then those `given` now.

    Nobody keeps the values of secret ones: what is not given comes from the environment, else from the person. Raises
    Usage where there is neither.
    """
    values = dict.fromkeys(variable["key"] for variable in given)
    found = []
    for variable in objects(run.get("envVars")):
        key = get(variable, "key")
        if variable.get("protected") is not True:
            found.append(variable)
        elif key not in values:
            found.append({**variable, "value": _secret_value(app, key)})
    return [*found, *given]


def _secret_value(app: Invocation, key: str) -> str:
    hint = f"set {key} in the environment"
    value = app.environ.get(key)
    if value is None and not app.can_ask:
        raise Usage(f"{key} is a secret of that run, and its value is not kept", hint=hint)
    if value is None:
        value = app.ask_unseen(f"{key}, a secret of that run: ", hint=hint)
        if not value:
            raise Usage(f"no value was given for {key}", hint=hint)
    if not is_whole(value):
        raise Usage(f"the value of {key} is not UTF-8", hint=hint)
    return value


def public(variables: list[Json]) -> list[Json]:
    """The variables without the values of secret ones: two runs with the same are alike."""
    return [{**variable, "value": None} if variable.get("protected") is True else variable for variable in variables]


def note_shown_secrets(app: Invocation, sent: list[Json], run: Json) -> None:
    """Says which secrets of the new run a server shows to everyone who sees it."""
    secret = {(variable["key"], variable["value"]) for variable in sent if variable.get("protected") is True}
    shown = {(get(variable, "key"), get(variable, "value")) for variable in objects(run.get("envVars"))}
    for key, _ in sorted(found for found in secret & shown if found[1]):
        app.note(f"note: {app.api.name} shows the value of {key} to everyone who sees the run")


def _in_file(file: Any) -> list[dict[str, str]]:
    """The variables of a file; blank lines and those that begin with # mean nothing. Raises Usage with the line."""
    if file is None:
        return []
    try:
        lines = file.read().splitlines()
    except UnicodeDecodeError:
        raise Usage(f"{file.name} is not UTF-8") from None
    variables = []
    for number, line in enumerate(lines, 1):
        text = line.strip().removeprefix("export ")
        if text and not text.startswith("#"):
            try:
                variables.append(Variable().convert(text, None, click.get_current_context()))
            except click.BadParameter as error:
                raise Usage(f"{file.name}, line {number}: {error.message}") from None
    return variables
