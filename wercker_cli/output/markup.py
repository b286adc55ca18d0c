"""Tables to paste: Markdown and HTML. Cells stay text, whatever markup they hold."""

from collections.abc import Iterable
from html import escape
from typing import TextIO

from tabulate import tabulate

_MARKDOWN = {"\\": "\\\\", "|": "\\|", "<": "&lt;", "&": "&amp;", "\n": "<br>"}


def markdown(header: list[str], rows: Iterable[list[str]], stream: TextIO) -> None:
    """A table of GitHub's Markdown."""
    table = str.maketrans(_MARKDOWN)
    _write("github", header, [[cell.translate(table) for cell in row] for row in rows], stream)


def html(header: list[str], rows: Iterable[list[str]], stream: TextIO) -> None:
    """An HTML table element."""
    _write("unsafehtml", header, [[escape(cell).replace("\n", "<br>") for cell in row] for row in rows], stream)


def _write(kind: str, header: list[str], rows: list[list[str]], stream: TextIO) -> None:
    stream.write(tabulate(rows, headers=header, tablefmt=kind, disable_numparse=True) + "\n")
