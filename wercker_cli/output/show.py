"""From objects to output: picks the format, and says before anything is sent whether it can be given."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TextIO

from wercker_cli.errors import Usage
from wercker_cli.output import delimited
from wercker_cli.output.columns import Format, Json, View
from wercker_cli.output.screen import paper


def check(asked: Format, view: View) -> None:
    """Raises Usage for a combination, a field or a jq program that cannot be."""
    for flag, given in (("--json", asked.fields), ("--jq", asked.jq is not None)):
        if given and asked.name not in {None, "json"}:
            raise Usage(f"-o {asked.name} and {flag} exclude each other: {flag} is JSON", hint="leave out one of them")
    known = f"the fields are {', '.join(view.fields)}"
    for field in asked.fields:
        if not field:
            raise Usage("--json names no field", hint=known)
        if field.partition(".")[0] not in view.fields or "" in field.split("."):
            raise Usage(f"--json knows no field {field!r}", hint=known)
    if asked.jq is not None:
        _check_jq(asked.jq)


def _check_jq(program: str) -> None:
    import jq

    from wercker_cli.output.structured import reason

    try:
        jq.compile(program)
    except ValueError as error:
        raise Usage(f"--jq {program!r} is no jq program: {reason(error)}", hint="quote it, as in -q '.[].id'") from None


def show(
    data: Json | Iterable[Json],
    view: View,
    asked: Format,
    stream: TextIO,
    aside: TextIO = sys.stderr,
    color: str = "auto",
    environ: Mapping[str, str] = os.environ,
    below: Callable[[], tuple[Iterable[Json], View]] | None = None,
) -> None:
    """One object or several to the stream, in the format that was asked for; to `aside` that there are none.

    `below` gives what belongs to the object, and follows it in a document (Markdown, HTML) alone.
    """
    if asked.fields or asked.jq is not None or asked.name == "json":
        _show_json(data, asked, stream)
        return
    name = asked.name or ("table" if stream.isatty() else "tsv")
    if name == "table":
        _show_table(data, view, stream, aside, color, environ)
    elif name == "jsonl":
        from wercker_cli.output import structured

        structured.lines(_items(data), stream)
    elif name in {"markdown", "html"}:
        _show_document(name, [(data, view), *([below()] if below else [])], stream)
    elif name == "id":
        delimited.ids(_items(data), view, paper(stream))
    else:
        _show_rows(name, data, view, paper(stream))


def _items(data: Json | Iterable[Json]) -> Iterable[Json]:
    return [data] if isinstance(data, dict) else data


def _show_json(data: Json | Iterable[Json], asked: Format, stream: TextIO) -> None:
    from wercker_cli.output import structured

    if asked.fields:
        picked = (structured.with_fields(item, asked.fields) for item in _items(data))
        data = next(picked) if isinstance(data, dict) else picked
    if asked.jq is not None:
        structured.filtered(data if isinstance(data, dict) else list(data), asked.jq, stream)
    else:
        structured.whole(data, stream)


def _show_table(
    data: Json | Iterable[Json], view: View, stream: TextIO, aside: TextIO, color: str, environ: Mapping[str, str]
) -> None:
    from wercker_cli.output import table
    from wercker_cli.output.screen import console

    out = console(stream, color, environ)
    if isinstance(data, dict):
        if view.draw:
            view.draw(data, out)
        else:
            table.page(data, view, out)
        return
    items = list(data)
    if items and view.draw:
        for item in items:
            view.draw(item, out)
    elif items:
        table.table(items, view, out)
    elif stream.isatty() and view.empty:
        aside.write(f"{view.empty}\n")


def _show_document(name: str, shown: list[tuple[Json | Iterable[Json], View]], stream: TextIO) -> None:
    from wercker_cli.output import document, html, markdown

    parts = [document.part(data, view) for data, view in shown]
    if name == "markdown":
        markdown.write(parts, paper(stream))
    else:
        html.write(parts, stream)


def _show_rows(name: str, data: Json | Iterable[Json], view: View, stream: TextIO) -> None:
    """Rows of whole cells; one object is a row a field."""
    columns = view.in_pipe()
    header = ["field", "value"] if isinstance(data, dict) else [column.name for column in columns]
    rows: Iterable[list[str]]
    rows = delimited.pairs(data, view) if isinstance(data, dict) else (delimited.cells(item, columns) for item in data)
    if name == "tsv":
        delimited.tsv(rows, stream)
    else:
        delimited.csv(header, rows, stream)
