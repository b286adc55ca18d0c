"""What a column and a view are. Light: commands import their views from here at start-up."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from rich.console import Console

Json = dict[str, Any]

FORMATS = ("table", "json", "jsonl", "csv", "tsv", "markdown", "html", "id")


class Column(NamedTuple):
    """One column of a table, a pipe, a CSV file, or one line of a page. New columns go last: scripts count them.

    `read` gives the cell as text, whole, for scripts and files; it never raises, a missing key is "". Where they
    differ from it, `shown` gives it for people, in tables and pages, `screen` for a terminal alone: shorter, or
    relative to now, and `printed` for Markdown and HTML: short, but true tomorrow as well. `style` names the rich
    style of that text, `title` is the heading of a table.

    `width` is the least that the column keeps on a narrow terminal; None means never cut. `leaves` is the order in
    which columns leave a terminal that is too narrow even so; None means never. A column with a `span` exists on a
    terminal alone: a bar from start to end (seconds) in the time line of all rows.
    """

    name: str
    read: Callable[[Json], str]
    shown: Callable[[Json], str] | None = None
    screen: Callable[[Json], str] | None = None
    printed: Callable[[Json], str] | None = None
    title: str | None = None
    style: Callable[[Json], str] | None = None
    width: int | None = None
    leaves: int | None = None
    right: bool = False
    span: Callable[[Json], tuple[float, float] | None] | None = None

    def heading(self) -> str:
        """What stands above the column in a table."""
        return self.title or self.name.upper()

    def text(self, item: Json, *, terminal: bool) -> str:
        """The cell for people; not cleaned yet."""
        read = (terminal and self.screen) or self.shown or self.read
        return read(item)

    def printed_text(self, item: Json) -> str:
        """The cell for a document; not cleaned yet."""
        return (self.printed or self.shown or self.read)(item)

    def style_of(self, item: Json) -> str:
        """The rich style of the cell; "" is a plain one."""
        return self.style(item) if self.style else ""


class View(NamedTuple):
    """How one kind of object is shown: its columns in the order of a pipe, and the fields that `--json` takes.

    `screen` names the columns of a terminal in their order there (empty: all), `below` those of them that a narrow one
    shows on a second line, `printed` those of a list in Markdown or HTML (empty: as on a terminal). `note` is said
    below a row, or below such a list; `legend` below a table. `title` heads one object in a document: parts, of which
    each may be empty; without it the first column does. `name` is what the objects are. `draw` is for objects that
    a terminal shows in another way than as a page or as rows.
    """

    columns: tuple[Column, ...]
    fields: tuple[str, ...]
    empty: str = ""  # the note on a terminal where there is nothing to list
    screen: tuple[str, ...] = ()
    note: Callable[[Json], str] | None = None
    legend: str = ""
    draw: Callable[[Json, Console], None] | None = None
    below: tuple[str, ...] = ()
    printed: tuple[str, ...] = ()
    title: Callable[[Json], tuple[str, ...]] | None = None
    name: str = ""

    def in_pipe(self) -> list[Column]:
        """The columns of a pipe or a file, in their order."""
        return [column for column in self.columns if not column.span]

    def on_screen(self) -> list[Column]:
        """The columns of a terminal, in their order."""
        named = {column.name: column for column in self.columns}
        return [named[name] for name in self.screen or named]

    def in_document(self) -> list[Column]:
        """The columns of a list in Markdown or HTML, in their order."""
        named = {column.name: column for column in self.on_screen() if not column.span}
        return [named[name] for name in self.printed or named]

    def identity(self) -> Column:
        """The column that `-o id` prints."""
        return next((column for column in self.columns if column.name == "id"), self.columns[0])


class Format(NamedTuple):
    """What the person asked for: `name` one of FORMATS, or None for the default of a terminal or a pipe."""

    name: str | None = None
    fields: tuple[str, ...] = ()
    jq: str | None = None
