"""What is wrong with a file: each mistake with its place, and the line with a caret below it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from itertools import islice
from typing import Literal, NamedTuple, Protocol

from wercker_cli.errors import Refused

WIDEST = 78  # columns of a terminal that an excerpt takes
MOST_KEPT = 1000  # mistakes of each severity
MOST_SHOWN = 10  # mistakes in an error
MOST_NAMES = 20  # that a message lists
LONGEST_NAME = 60  # characters of the file's that a message repeats

Severity = Literal["error", "warning"]

_BREAKS = "\r\n|[\n\r\x85\u2028\u2029]"  # those of YAML 1.1, which the parser counts
# What moves a cursor, joins characters, or shows a line in another order than it has.
_UNSAFE = r"[\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb]"


class Place(Protocol):
    """Where something begins; both count from 1."""

    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


class Spot(NamedTuple):
    """A place where nothing else is."""

    line: int
    column: int


class Mistake(NamedTuple):
    """One mistake; `text` is the line that it is in, line and column count from 1."""

    file: str
    line: int
    column: int
    message: str
    severity: Severity
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class InvalidFile(Refused):
    """A file that is no wercker.yml: its message is the first error; as a text it is all, each with line and caret."""

    def __init__(self, errors: list[Mistake]) -> None:
        first, *others = errors
        super().__init__(f"{first} (and {_more(len(others))})" if others else str(first))
        self.errors = errors

    def __str__(self) -> str:
        shown = [f"{error}\n{excerpt(error)}".rstrip("\n") for error in self.errors[:MOST_SHOWN]]
        if len(self.errors) > MOST_SHOWN:
            shown.append(f"and {_more(len(self.errors) - MOST_SHOWN)}, which wercker pipelines check shows")
        return "\n".join(shown)


def _more(number: int) -> str:
    return f"{number} more error{'' if number == 1 else 's'}"


class Found:
    """The mistakes in a file, as they are found: the first thousand errors, and as many warnings."""

    def __init__(self, text: str, file: str) -> None:
        self._text, self._file = text, file
        self._errors: dict[Mistake, None] = {}  # each once: an alias repeats what it stands for
        self._warnings: dict[Mistake, None] = {}

    def error(self, place: Place, message: str) -> None:
        """Adds what makes the file unusable."""
        self._add(self._errors, place, message, "error")

    def warning(self, place: Place, message: str) -> None:
        """Adds what is probably a slip."""
        self._add(self._warnings, place, message, "warning")

    @property
    def errors(self) -> list[Mistake]:
        """What makes the file unusable, from the top of the file to its end."""
        return sorted(self._errors, key=_place)

    @property
    def mistakes(self) -> list[Mistake]:
        """All of them, from the top of the file to its end."""
        return sorted([*self._errors, *self._warnings], key=_place)

    @cached_property
    def _lines(self) -> list[str]:
        return re.split(_BREAKS, self._text)

    def _add(self, among: dict[Mistake, None], place: Place, message: str, severity: Severity) -> None:
        if len(among) < MOST_KEPT:
            line = self._lines[place.line - 1] if place.line <= len(self._lines) else ""
            among[Mistake(self._file, place.line, place.column, message, severity, line)] = None


def _place(mistake: Mistake) -> tuple[int, int]:
    return mistake.line, mistake.column


def named(text: str) -> str:
    """A text of the file in quotes, on one line, without what a terminal would obey, and not too long."""
    return repr(text if len(text) <= LONGEST_NAME else f"{text[:LONGEST_NAME]}…")


def listed(names: Iterable[str]) -> str:
    """The names that there are, for a person who looks for another; not too many."""
    shown = [named(name) for name in islice(names, MOST_NAMES + 1)]
    return ", ".join([*shown[:MOST_NAMES], *(["…"] if len(shown) > MOST_NAMES else [])]) or "none"


def excerpt(mistake: Mistake) -> str:
    """The line of a mistake and a caret below its column; '' where the line is empty.

    A long line is cut around the column. Tabs become blanks, and what a terminal would obey a replacement character.
    """
    if not mistake.text.strip():
        return ""
    column = min(mistake.column, len(mistake.text) + 1) - 1
    start, end = max(0, column - WIDEST), column + WIDEST  # no more of a megabyte than can be seen
    before = _harmless(mistake.text[start:column]).expandtabs(4)
    behind = _harmless(mistake.text[start:end]).expandtabs(4)[len(before) :]
    more_before, more_behind = start > 0, end < len(mistake.text)
    if more_before or more_behind or width(before) + max(width(behind), 1) > WIDEST:
        before = _cut(before[::-1], WIDEST // 2, more=more_before)[::-1]
        behind = _cut(behind, WIDEST - width(before), more=more_behind)
    return f"{before}{behind}".rstrip() + f"\n{' ' * width(before)}^"


def width(text: str) -> int:
    """How many columns of a terminal a harmless text takes."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(
        0 if unicodedata.category(char) in {"Mn", "Me"} else 1 + (unicodedata.east_asian_width(char) in {"W", "F"})
        for char in text
    )


def _harmless(text: str) -> str:
    return text if text.isprintable() else re.sub(_UNSAFE, lambda found: "\t" if found[0] == "\t" else "\ufffd", text)


def _cut(text: str, most: int, *, more: bool) -> str:
    """As much of the text as fits into so many columns, with an ellipsis for the rest."""
    if width(text) <= most and not more:
        return text
    kept = text
    while width(kept) > most - 1:
        kept = kept[:-1]
    return f"{kept}…"
