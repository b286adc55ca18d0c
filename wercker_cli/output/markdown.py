"""Markdown to paste into a ticket. What a server sent stays text there: no link, no mention, no markup.

Escaping would not do: GitHub and GitLab look for links, mentions and issues in what the escaped text becomes. They look
for none in code, so every text is code, but for marks, times and numbers, whose shapes have no room for anything else.
"""

import re
from typing import TextIO

from tabulate import tabulate

from wercker_cli.output.document import Cell, Part

_DURATION = r"[0-9.]+[ ](s|min|h)([ ][0-9]+[ ](s|min))?"
_SAFE = rf"""
    [✓✗⊘●○?][ ][a-z ]+([ ](in|for)[ ]{_DURATION})?  # a mark
  | {_DURATION}
  | [0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[ ][0-9:]{{8}}[ ]UTC
  | [0-9]*
"""


def write(parts: list[Part], stream: TextIO) -> None:
    """The parts, one below the other, in GitHub's Markdown."""
    stream.write("\n\n".join(block for part in parts for block in _blocks(part)) + "\n")


def _blocks(part: Part) -> list[str]:
    heading = [f"### {_line(part.heading)}"] if part.heading else []
    table = [_table(part)] if part.rows else [part.empty] if part.empty else []
    return heading + table + [f"{_line(row)}\n\n{_block(text)}" for row, text in part.notes]


def _table(part: Part) -> str:
    rows = [[_inline(cell).replace("|", "\\|") for cell in row] for row in part.rows]
    header = part.header or [""] * len(rows[0])  # GitHub knows no table without one
    return tabulate(rows, headers=header, tablefmt="github", disable_numparse=True)


def _line(cells: list[Cell]) -> str:
    return " · ".join(map(_inline, cells))


def _inline(cell: Cell) -> str:
    if cell.ours or re.fullmatch(_SAFE, cell.text, re.VERBOSE):
        return cell.text
    return "<br>".join(_code(line) if line.strip() else "" for line in cell.text.strip("\n").split("\n"))


def _code(line: str) -> str:
    quotes = "`" * (_backticks(line) + 1)
    blank = " " if line[0] in "` " or line[-1] in "` " else ""  # Markdown takes one from either end
    return f"{quotes}{blank}{line}{blank}{quotes}"


def _block(text: str) -> str:
    fence = "`" * max(3, _backticks(text) + 1)
    return f"{fence}\n{text}\n{fence}"


def _backticks(text: str) -> int:
    """How many there are in a row at most."""
    return max(map(len, re.findall("`+", text)), default=0)
