"""The values that options and arguments take: what can be refused is refused here, before anything is sent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from wercker_cli.selection import HEAD, LATEST

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# Patterns are compiled when they are first used: most commands use none of them.

_CONTROL = r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]"
_COMMIT = r"[0-9a-fA-F]{4,64}"
_DURATION = r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?"


LONGEST = 1e9  # seconds: some thirty years, which timers and calendars can hold


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


class Pipeline(Text):
    """A pipeline's id or name."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from wercker_cli.commands import candidates

        return candidates.complete(candidates.pipelines, ctx, incomplete)


class Branch(Text):
    """A branch's name."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from wercker_cli.commands import candidates

        return candidates.complete(candidates.branches, ctx, incomplete)


class Target(Text):
    """A deploy target's name."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from wercker_cli.commands import candidates

        return candidates.complete(candidates.targets, ctx, incomplete)


class Run(Id):
    """An id, a run's URL, @latest or @head."""

    name = "run"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if "://" in value:
            return Text.convert(self, value, param, ctx)
        if value.startswith("@") and value not in {LATEST, HEAD}:
            self.fail(f"{value!r} is no run: it is an id, a run's URL, {LATEST} or {HEAD}", param, ctx)
        return super().convert(value, param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from wercker_cli.commands import candidates

        return candidates.complete(candidates.runs, ctx, incomplete)


class Application(Id):
    """An id, or OWNER/NAME."""

    name = "application"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        for part in value.split("/") if value.count("/") == 1 else [value]:
            super().convert(part, param, ctx)
        return value


class OwnerAndName(click.ParamType[str]):
    """OWNER/NAME, for something that gets this name."""

    name = "name"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        import re

        part = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
        if not re.fullmatch(f"{part}/{part}", value):
            self.fail(f"{value!r} is no name: write OWNER/NAME, of letters, digits and . _ -", param, ctx)
        return value


class Commit(click.ParamType[str]):
    """A commit hash, its beginning, or @head."""

    name = "commit"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value == HEAD:
            return value
        if not re.fullmatch(_COMMIT, value):
            self.fail(f"{value!r} is no commit hash: 4 to 64 hexadecimal digits, or {HEAD}", param, ctx)
        return value.lower()


class Count(click.IntRange):
    """A number that is not negative."""

    name = "number"


class Duration(click.ParamType[float]):
    """A time span such as 90, 90s, 10m, 1h30m, 2d or 2w, in seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        span = _seconds(str(value))
        if span is None:
            self.fail(f"{value!r} is no time span: write 90s, 10m or 1h30m", param, ctx)
        return span


class When(click.ParamType[float]):
    """A moment in seconds since 1970: a date, a time, "yesterday", "today", or how long ago as 2h, 3d or 2w.

    A day is all of it: as the `end` of a window it is its last moment. Without a zone it is that of this machine.
    """

    name = "when"

    def __init__(self, *, end: bool = False) -> None:
        self.end = end

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        import time

        span = None if str(value).isdigit() else _seconds(str(value))
        if span is not None:
            return time.time() - span
        moment = self._day(str(value)) or _moment(str(value))
        if moment is None:
            self.fail(f"{value!r} is no time: write 2026-11-24, 2026-11-24T13:00, yesterday, 2h, 3d or 2w", param, ctx)
        return moment

    def _day(self, value: str) -> float | None:
        from datetime import date, datetime, timedelta

        named = {"today": 0, "yesterday": 1}
        try:
            day = date.today() - timedelta(named[value]) if value in named else date.fromisoformat(value)
            start = datetime(day.year, day.month, day.day).astimezone()
            following = (start.replace(tzinfo=None) + timedelta(1)).astimezone()  # a day can have 23 hours
        except (ValueError, OverflowError):
            return None
        return following.timestamp() - 0.001 if self.end else start.timestamp()


def is_whole(text: str) -> bool:
    """Whether UTF-8 can carry it: bytes of a command line that are no UTF-8 come as half characters."""
    return not re.search("[\ud800-\udfff]", text)


def _seconds(span: str) -> float | None:
    match = re.fullmatch(_DURATION, span) if span else None
    if match is None:
        return None
    weeks, days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    total = (weeks * 7 + days) * 86400 + hours * 3600 + minutes * 60 + seconds
    return total if total <= LONGEST else None


def _moment(text: str) -> float | None:
    from datetime import datetime

    try:
        return datetime.fromisoformat(text).astimezone().timestamp()
    except (ValueError, OverflowError):
        return None
