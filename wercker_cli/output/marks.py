"""How a result looks: a symbol, a word and a colour, so that it is readable without any one of them."""

from typing import NamedTuple

from wercker_cli.output.cells import get
from wercker_cli.output.columns import Json
from wercker_cli.output.text import one_line


class Mark(NamedTuple):
    """What stands for a status and a result; `style` is rich's name of the colour."""

    symbol: str
    word: str
    style: str

    def __str__(self) -> str:
        return f"{self.symbol} {self.word}"


_RESULTS = {
    "passed": Mark("✓", "passed", "green"),
    "failed": Mark("✗", "failed", "red"),
    "aborted": Mark("⊘", "aborted", "yellow"),
}
_STATUSES = {
    "running": Mark("●", "running", "cyan"),
    "started": Mark("●", "started", "cyan"),
    "notstarted": Mark("○", "pending", "dim"),
}


def symbol(status: str, result: str) -> Mark:
    """The mark of a run or a step: its result, or its status while there is none."""
    mark = _RESULTS.get(result) or _STATUSES.get(status)
    if mark:
        return mark
    word = result if status == "finished" or not status else status
    return Mark("?", one_line(word) or "unknown", "dim")


def mark_of(item: Json) -> Mark:
    """The mark of a run or a step as the server sent it. A step behind one that failed will never start."""
    mark = symbol(get(item, "status"), get(item, "result"))
    return mark._replace(word="not run") if mark.word == "pending" and "order" in item else mark


def mark_text(item: Json) -> str:
    """Its symbol and its word."""
    return str(mark_of(item))


def mark_style(item: Json) -> str:
    """Its colour."""
    return mark_of(item).style
