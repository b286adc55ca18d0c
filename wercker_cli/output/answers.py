"""Any answer of a server: JSON as it was asked for, everything else as text."""

from collections.abc import Iterable, Mapping
from typing import Any, TextIO

from wercker_cli.output import structured
from wercker_cli.output.columns import Format, View
from wercker_cli.output.logs import LogWriter
from wercker_cli.output.show import check as check_format

_ANYTHING = View(columns=(), fields=())


def check(asked: Format) -> None:
    """Raises Usage for a combination of formats, or a jq program, that cannot be."""
    check_format(asked, _ANYTHING)


def value(found: Any, asked: Format, stream: TextIO) -> None:
    """Any JSON; `jsonl` gives a list an item a line."""
    if asked.jq is not None:
        structured.filtered(found, asked.jq, stream)
    elif asked.name == "jsonl":
        structured.lines(found if isinstance(found, list) else [found], stream)
    else:
        structured.value(found, stream)


def pages(found: Iterable[list[Any]], asked: Format, stream: TextIO) -> None:
    """The pages of one list; `jsonl` gives each of them when it comes."""
    if asked.name != "jsonl":
        value([item for page in found for item in page], asked, stream)
        return
    for page in found:
        structured.lines(page, stream)
        stream.flush()


def text(body: bytes, stream: TextIO, color: str, environ: Mapping[str, str]) -> None:
    """What is no JSON: its bytes in a pipe, harmless text on a terminal."""
    writer = LogWriter(stream, color=color, environ=environ)
    writer.write(body)
    writer.end()
