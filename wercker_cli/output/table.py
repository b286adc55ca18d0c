"""Tables and pages for people, drawn with rich. No text here is ever read as rich's markup."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from wercker_cli.output.columns import Column, Json, View
from wercker_cli.output.text import clean, one_line

if TYPE_CHECKING:
    from rich.console import Console

GAP = 2  # blanks between columns
NARROW = 66  # columns; on fewer an id, which is never cut, leaves too little room for what people look for
BAR, LONGEST_BAR = 8, 40  # columns that a bar has, and grows to where there is room
LONGEST_PART = 8192  # characters of a line that are wrapped at once
_EIGHTHS = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")


def table(items: Sequence[Json], view: View, console: Console) -> None:
    """A row an object, or two on a narrow terminal. On a terminal cells are short, and fit its width."""
    terminal = console.is_terminal
    narrow = terminal and console.width < NARROW
    columns = [column for column in view.on_screen() if terminal or not column.span]
    lower = [column for column in columns if narrow and column.name in view.below]
    columns, texts, widths = _fitted(items, [column for column in columns if column not in lower], console, indent=0)
    second = _fitted(items, lower, console, indent=GAP)
    header = [Text(column.heading(), "dim") for column in columns]
    _print(console, _row(header, columns, widths))
    extent = _extent(columns, items)
    for item, cells, below in zip(items, texts, second[1], strict=True):
        styled = [
            Text(_bar(column.span(item), extent, width) if column.span else cell, column.style_of(item))
            for cell, column, width in zip(cells, columns, widths, strict=True)
        ]
        _print(console, _row(styled, columns, widths))
        if lower:
            row = _row([Text(cell, "dim") for cell in below], second[0], second[2])
            _print(console, Text(" " * GAP).append_text(row))
        if view.note:
            _note(view.note(item), widths[0] + GAP, console)
    if view.legend:
        _print(console, Text(view.legend, "dim"))


def page(item: Json, view: View, console: Console) -> None:
    """One object: the first column as a heading, then a line a column; what it lacks is left out."""
    heading, *columns = view.on_screen()
    found = [(column, _lines(item, column, console.is_terminal)) for column in columns]
    labels = max((len(column.name) for column, lines in found if lines), default=0) + GAP
    title = Text(one_line(heading.text(item, terminal=console.is_terminal)), heading.style_of(item))
    title.stylize("bold")
    _print(console, title)
    for column, lines in found:
        for number, line in enumerate(lines):
            label = "" if number else column.name.replace("-", " ")
            value = Text(line, column.style_of(item))
            for part in value.wrap(console, max(console.width - labels, 20), overflow="fold"):
                row = Text.assemble((label.ljust(labels), "dim"), part)
                row.rstrip()
                _print(console, row)
                label = ""


def fit(columns: list[Column], texts: list[list[str]], room: int) -> tuple[list[Column], list[list[str]], list[int]]:
    """The columns that have room, their cells, and their widths: the widest give way first, then some leave."""
    while True:
        natural = [
            max([len(column.heading()), BAR if column.span else 0, *(cell_len(row[number]) for row in texts)])
            for number, column in enumerate(columns)
        ]
        least = [
            min(width, max(column.width, len(column.heading()))) if column.width else width
            for width, column in zip(natural, columns, strict=True)
        ]
        free = room - GAP * (len(columns) - 1)
        leaving = [column for column in columns if column.leaves]
        if sum(least) <= free or not leaving:
            return columns, texts, _grown(_shrunk(natural, least, free), columns, free)
        gone = columns.index(min(leaving, key=lambda column: column.leaves or 0))
        columns = columns[:gone] + columns[gone + 1 :]
        texts = [row[:gone] + row[gone + 1 :] for row in texts]


def _fitted(
    items: Sequence[Json], columns: list[Column], console: Console, indent: int
) -> tuple[list[Column], list[list[str]], list[int]]:
    texts = [[_cell(item, column, console.is_terminal) for column in columns] for item in items]
    return fit(columns, texts, console.width - indent)


def _shrunk(natural: list[int], least: list[int], free: int) -> list[int]:
    """Widths that fit: no column is wider than one limit, unless it has to be."""
    limit = min(max(natural, default=0), max(free, 0))
    while (widths := [max(low, min(width, limit)) for width, low in zip(natural, least, strict=True)]) != least:
        if sum(widths) <= free:
            break
        limit -= 1
    return widths


def _grown(widths: list[int], columns: list[Column], free: int) -> list[int]:
    """Bars take what is left over."""
    spare = free - sum(widths)
    return [
        min(width + max(spare, 0), LONGEST_BAR) if column.span else width
        for width, column in zip(widths, columns, strict=True)
    ]


def _cell(item: Json, column: Column, terminal: bool) -> str:
    return "" if column.span else one_line(column.text(item, terminal=terminal))


def _lines(item: Json, column: Column, terminal: bool) -> list[str]:
    """The lines of a value, without blank ones around them."""
    text = clean(column.text(item, terminal=terminal)).expandtabs(4).strip("\n")
    return [part for line in text.split("\n") for part in _parts(line)] if text.strip() else []


def _parts(line: str) -> list[str]:
    """A line in pieces that can be wrapped one by one: rich takes a hundred bytes for each of its characters."""
    return [line[start : start + LONGEST_PART] for start in range(0, len(line), LONGEST_PART)] or [line]


def _row(cells: list[Text], columns: list[Column], widths: list[int]) -> Text:
    row = Text()
    for cell, column, width in zip(cells, columns, widths, strict=True):
        if cell.cell_len > width:
            cell.truncate(width - 1, overflow="crop")
            cell.rstrip()
            cell.append("…")
        blanks = " " * (width - cell.cell_len)
        row.append_text(Text.assemble(blanks, cell) if column.right else Text.assemble(cell, blanks)).append(" " * GAP)
    row.rstrip()
    return row


def _note(text: str, indent: int, console: Console) -> None:
    """A few words below a row, wrapped."""
    lines = [part for line in clean(text).expandtabs(4).split("\n") if line.strip() for part in _parts(line)]
    for line in lines:
        for part in Text(line, "red").wrap(console, max(console.width - indent, 20), overflow="fold"):
            part.rstrip()
            _print(console, Text.assemble(" " * indent, part))


def _extent(columns: list[Column], items: Sequence[Json]) -> tuple[float, float]:
    """From the first start to the last end of all bars, in seconds."""
    spans = [span for column in columns if column.span for item in items if (span := column.span(item))]
    return min((start for start, _ in spans), default=0.0), max((end for _, end in spans), default=0.0)


def _bar(span: tuple[float, float] | None, extent: tuple[float, float], width: int) -> str:
    """A span in a time line of so many columns, in steps of an eighth of a column; never nothing."""
    if span is None:
        return ""
    whole = max(extent[1] - extent[0], 1e-9)
    length = max(1, round((span[1] - span[0]) / whole * width * 8))
    full, rest = divmod(length, 8)
    start = min(round((span[0] - extent[0]) / whole * width), width - full - (rest > 0))
    return " " * start + "█" * full + _EIGHTHS[rest]


def _print(console: Console, text: Text) -> None:
    """One line, neither wrapped nor cut."""
    console.print(text, soft_wrap=True)
