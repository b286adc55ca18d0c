"""The page that a terminal shows of a run while it is waited for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.text import Text

from wercker_cli.output.cells import get
from wercker_cli.output.columns import Json
from wercker_cli.output.follow import TURNS, State, last_lines
from wercker_cli.output.marks import mark_of
from wercker_cli.output.runs import SHORT_HASH, pipeline_name
from wercker_cli.output.spans import words
from wercker_cli.output.steps import step_name
from wercker_cli.output.text import one_line

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions

TAIL = 5  # last lines of the running step
TIME = 12  # columns for the time of a step
SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


class Page:
    """What rich draws of a run, again and again.

    `settled` is how it stays on the screen at the end: every step, and nothing that moves.
    """

    def __init__(self) -> None:
        self.state: State | None = None
        self.settled = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        """The lines of the page: no wider than the terminal, and no more than it has."""
        if self.state is None:
            return
        steps = self.state.steps
        yield _title(self.state.run)
        longest = max((Text(one_line(step_name(step))).cell_len for step in steps), default=0)
        width = max(1, min(longest, options.max_width - len("  ✓ ") - TIME))
        lines = [_step(step, width, still=self.settled) for step in steps]
        if self.settled:
            yield from lines
            return
        current, tail = _current(steps), _tail(self.state.tail)
        room = max((options.max_height or console.height) - 2, 1)  # less the title and the cursor's line
        if len(lines) + len(tail) > room:
            tail = tail[-(room - 3) :] if room > 3 else []  # the step itself comes first
        lines[current + 1 : current + 1] = tail
        if len(lines) > room:
            lines = _newest(lines, current + 1 + len(tail), room)
        yield from lines


def _current(steps: list[Json]) -> int:
    """The position of the step that runs, else of the last one that does not wait; -1 where there is none."""
    begun = [number for number, step in enumerate(steps) if mark_of(step).word != "not run"]
    running = [number for number in begun if get(steps[number], "status") == "running"]
    return (running or begun or [-1])[-1]


def _newest(lines: list[Text], end: int, room: int) -> list[Text]:
    """So many lines, with the one before `end` among them; the first one says how many are left out above."""
    start = max(0, end - room + 1)
    return [_line(f"  … {start} more above", style="dim"), *lines[start:]][:room] if start else lines[:room]


def _title(run: Json) -> Text:
    mark = mark_of(run)
    text = _line((str(mark), f"bold {mark.style}"))
    took = words(run)
    text.append(f" · {took}" if took else "", "dim")
    named = [pipeline_name(run), get(run, "branch") or get(run, "tag"), get(run, "commitHash")[:SHORT_HASH]]
    for part in filter(None, [*named, get(run, "id")]):
        text.append(" · ", "dim").append(one_line(part))
    return text


def _step(step: Json, width: int, *, still: bool) -> Text:
    mark, took = mark_of(step), words(step)
    running = get(step, "status") == "running" and not still
    symbol = SPINNER[int(time.monotonic() * TURNS) % len(SPINNER)] if running else mark.symbol
    name = Text(one_line(step_name(step)), "dim" if mark.word == "not run" else "")
    name.truncate(width, overflow="ellipsis", pad=True)
    text = _line("  ", (symbol, mark.style), " ", name)
    return text.append(f"{took:>{TIME}}", "dim") if took else text


def _tail(log: str) -> list[Text]:
    return [_line("    │ ", line, style="dim") for line in last_lines(log, TAIL)]


def _line(*parts: str | Text | tuple[str, str], style: str = "") -> Text:
    """A line that is cut where the terminal ends."""
    return Text.assemble(*parts, style=style, no_wrap=True, overflow="ellipsis")
