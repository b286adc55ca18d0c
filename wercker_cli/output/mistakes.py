"""How the mistakes of a wercker.yml are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wercker_cli.output.cells import get
from wercker_cli.output.columns import Column, Json, View
from wercker_cli.output.text import clean, one_line

if TYPE_CHECKING:
    from rich.console import Console

_STYLES = {"error": "red", "warning": "yellow"}


def _style(item: Json) -> str:
    return _STYLES.get(get(item, "severity"), "")


def _draw(item: Json, console: Console) -> None:
    """The mistake as compilers tell it, and the line with a caret where there is one."""
    from rich.text import Text

    place = ":".join(one_line(get(item, key)) for key in ("file", "line", "column"))
    severity, message = one_line(get(item, "severity")), one_line(get(item, "message"))
    title = Text.assemble((f"{place}: ", "bold"), (f"{severity}: ", _style(item)), message)
    console.print(title, soft_wrap=True)
    line, _, caret = clean(get(item, "excerpt")).partition("\n")
    if line:
        console.print(Text.assemble(line, "\n", (caret, _style(item))), soft_wrap=True)


MISTAKES = View(
    columns=(
        Column("file", lambda item: get(item, "file")),
        Column("line", lambda item: get(item, "line"), right=True),
        Column("column", lambda item: get(item, "column"), right=True),
        Column("severity", lambda item: get(item, "severity"), style=_style),
        Column("message", lambda item: get(item, "message")),
    ),
    fields=("file", "line", "column", "message", "severity"),
    draw=_draw,
    name="mistakes",
)
