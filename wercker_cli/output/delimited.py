"""Rows for scripts: tab-separated, comma-separated, or ids alone. Each is written as it arrives."""

import re
from collections.abc import Iterable
from typing import TextIO

from wercker_cli.output.columns import Column, Json, View
from wercker_cli.output.text import clean, one_line

# What a spreadsheet takes for a formula, also behind blanks and in the full-width forms of Japanese keyboards.
_FORMULA = r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\n]"
_NUMBER = r"-[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?"


def cells(item: Json, columns: list[Column]) -> list[str]:
    """The cells of a row: whole, cleaned, several lines where they have several."""
    return [clean(column.read(item)) for column in columns]


def pairs(item: Json, view: View) -> list[list[str]]:
    """One object as rows of field and value; what it lacks is left out."""
    columns = view.in_pipe()
    read = zip(columns, cells(item, columns), strict=True)
    return [[column.name, value] for column, value in read if value]


def tsv(rows: Iterable[list[str]], stream: TextIO) -> None:
    """Rows without a header; line breaks and tabs in a cell become blanks."""
    for row in rows:
        stream.write("\t".join([one_line(cell) for cell in row]) + "\n")


def csv(header: list[str], rows: Iterable[list[str]], stream: TextIO) -> None:
    """Rows as RFC 4180 wants them, with a header, and with nothing that a spreadsheet would calculate."""
    from csv import writer

    lines = writer(stream)
    lines.writerow(header)
    lines.writerows([_defused(cell) for cell in row] for row in rows)


def _defused(cell: str) -> str:
    """The cell, behind an apostrophe where it begins like a formula and is no number."""
    if cell[:1].isalnum() or not re.match(_FORMULA, cell) or re.fullmatch(_NUMBER, cell):
        return cell
    return f"'{cell}"


def ids(items: Iterable[Json], view: View, stream: TextIO) -> None:
    """The id of each, a line each."""
    read = view.identity().read
    for item in items:
        stream.write(one_line(read(item)) + "\n")
