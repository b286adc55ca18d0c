"""What a document says, whether Markdown or HTML: a heading, a table, and why something failed."""

from collections.abc import Iterable
from typing import NamedTuple

from wercker_cli.output.columns import Column, Json, View
from wercker_cli.output.text import clean, one_line


class Cell(NamedTuple):
    """A text, cleaned, and rich's name of its colour; `ours` says that no server had a hand in it."""

    text: str
    style: str = ""
    ours: bool = False


class Part(NamedTuple):
    """One object, or several. Of one the table holds facts and has no header; of none, `empty` says so."""

    name: str
    heading: list[Cell]
    header: list[str]
    rows: list[list[Cell]]
    notes: list[tuple[list[Cell], str]]  # texts below the table, each with the row that it is about
    empty: str


def part(data: Json | Iterable[Json], view: View) -> Part:
    """What a document says of an object or of several."""
    return _one(data, view) if isinstance(data, dict) else _several(data, view)


def _one(item: Json, view: View) -> Part:
    first, *columns = (column for column in view.on_screen() if not column.span)
    titles = map(one_line, view.title(item) if view.title else (first.printed_text(item),))
    heading = [Cell(title, "" if number else first.style_of(item)) for number, title in enumerate(titles) if title]
    facts = [(Cell(column.name.replace("-", " "), "dim", ours=True), _cell(item, column)) for column in columns]
    rows = [[label, value] for label, value in facts if value.text.strip()]
    return Part(view.name, heading, [], rows, [], "")


def _several(items: Iterable[Json], view: View) -> Part:
    columns = view.in_document()
    rows, notes = [], []
    for item in items:
        rows.append(row := [_cell(item, column) for column in columns])
        note = clean(view.note(item)).strip("\n") if view.note else ""
        notes += [([cell for cell in row if cell.text], note)] if note.strip() else []
    return Part(view.name, [], [column.heading().lower() for column in columns], rows, notes, view.empty)


def _cell(item: Json, column: Column) -> Cell:
    return Cell(clean(column.printed_text(item)).expandtabs(4), column.style_of(item))
