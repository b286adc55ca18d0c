"""A page in one file of HTML: nothing to load, no script, and what a server sent stays text."""

from html import escape
from typing import TextIO

from tabulate import tabulate

from wercker_cli.output.document import Cell, Part
from wercker_cli.output.screen import utf8

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --green: #1a7f37; --red: #cf222e; --yellow: #9a6700; --cyan: #0a7a8f }}
@media (prefers-color-scheme: dark) {{
  :root {{ --green: #3fb950; --red: #f85149; --yellow: #d29922; --cyan: #39c5cf }}
}}
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 75em; padding: 0 1em }}
h1 {{ font-size: 1.4em }}
table {{ border-collapse: collapse; margin: 1.5em 0 }}
th, td {{ border-bottom: 1px solid #8884; padding: .3em .9em .3em 0; text-align: start; vertical-align: top }}
td, pre {{ overflow-wrap: break-word; white-space: pre-wrap }}
pre {{ background: #8882; padding: .7em 1em }}
.green {{ color: var(--green) }} .red {{ color: var(--red) }} .yellow {{ color: var(--yellow) }}
.cyan {{ color: var(--cyan) }} .dim {{ opacity: .65 }} .bold {{ font-weight: bold }}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def write(parts: list[Part], stream: TextIO) -> None:
    """The parts as one page, in UTF-8; in ASCII where the stream lacks characters."""
    first = parts[0]
    title = " · ".join(cell.text for cell in first.heading) or f"wercker {first.name}".strip()
    page = _PAGE.format(title=escape(title), body="\n".join(map(_part, parts)))
    stream.write(page if utf8(stream) else page.encode("ascii", "xmlcharrefreplace").decode("ascii"))


def _part(part: Part) -> str:
    heading = [f"<h1>{_line(part.heading)}</h1>"] if part.heading else []
    table = [_table(part)] if part.rows else [f"<p>{escape(part.empty)}</p>"] if part.empty else []
    return "\n".join(heading + table + [f"<p>{_line(row)}</p>\n<pre>{escape(text)}</pre>" for row, text in part.notes])


def _table(part: Part) -> str:
    rows = [[_inline(cell) for cell in row] for row in part.rows]
    # No alignment, as that pads the cells.
    return tabulate(rows, headers=part.header, tablefmt="unsafehtml", disable_numparse=True, stralign=None)


def _line(cells: list[Cell]) -> str:
    return " · ".join(map(_inline, cells))


def _inline(cell: Cell) -> str:
    """The text, isolated, so that one that runs from right to left does not take its neighbours along."""
    kind = f' class="{escape(cell.style)}"' if cell.style else ""
    return f"<bdi{kind}>{escape(cell.text)}</bdi>" if cell.text else ""
