"""Variables for a run: --env and --env-file."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import click

from wercker_cli.commands.shape import option
from wercker_cli.commands.types import is_whole
from wercker_cli.errors import Usage

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


def variable_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--env and --env-file."""
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


def in_file(file: Any) -> list[dict[str, str]]:
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
