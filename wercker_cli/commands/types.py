"""The values that options and arguments take: what can be refused is refused here, before anything is sent."""

from __future__ import annotations

import re
from typing import Any

import click

from wercker_cli.app import LATEST

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
