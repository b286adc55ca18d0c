"""The page that a terminal shows of a run while it is waited for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.control import Control
from rich.text import Text

from wercker_cli.output.cells import get
from wercker_cli.output.columns import Json
from wercker_cli.output.follow import TURNS, Event, last_lines
from wercker_cli.output.marks import mark_of
from wercker_cli.output.runs import SHORT_HASH, pipeline_name
from wercker_cli.output.spans import seconds, words
from wercker_cli.output.steps import step_name
from wercker_cli.output.text import one_line
from wercker_cli.output.times import duration

if TYPE_CHECKING:
    from rich.console import Console, ConsoleDimensions, ConsoleOptions

FEW = 5  # rows that leave no room for more than the steps
BAR = 30  # columns
TAIL = 5  # last lines of the running step
TIME = 12  # columns for the time of a step
SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


class Page:
    """What rich draws of a run, again and again.

    `settled` is how it stays on the screen at the end: every step, and nothing that moves.
    """

    def __init__(self, usual: float | None = None) -> None:
        self.usual = usual  # seconds that a run of this pipeline takes otherwise
        self.event: Event | None = None
        self.trouble: str | None = None
        self.settled = False
        self._size: ConsoleDimensions | None = None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text | Control]:
        """The lines of the page: no wider than the terminal, and no more than it has."""
        if self._shrunk(console.size):  # it has wrapped the last page, in a way of its own: begin anew
            yield Control.clear()
            yield Control.home()
        if self.event is not None:
            yield from self._page(self.event, options.max_width, options.max_height or console.height)

    def note(self, text: str) -> None:
        """Shows a sentence until there is something new: written beside the page, it would be drawn over."""
        self.trouble = text

    def _shrunk(self, size: ConsoleDimensions) -> bool:
        before, self._size = self._size, size
        return before is not None and (size.width < before.width or size.height < before.height)

    def _page(self, event: Event, columns: int, rows: int) -> Iterator[Text]:
        steps = event.steps
        yield _title(event.run)
        longest = max((Text(one_line(step_name(step))).cell_len for step in steps), default=0)
        width = max(1, min(longest, columns - len("  ✓ ") - TIME))
        lines = [_step(step, width, still=self.settled) for step in steps]
        if self.settled:
            yield from lines
            return
        room = max(rows - 2, 1)  # less the title and the cursor's line
        forecast = _forecast(event.run, self.usual) if room > FEW else None
        trouble = _line("  ", one_line(self.trouble), style="yellow") if self.trouble else None
        for extra in filter(None, (forecast, trouble)):
            yield extra
            room = max(room - 1, 1)
        current, tail = _current(steps), _tail(event.tail)
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


def _forecast(run: Json, usual: float | None) -> Text | None:
    """How far the run is, as a bar and in words; None where nothing tells."""
    passed = seconds(run)
    if passed is None or get(run, "status") == "finished":
        return None
    if usual:
        left = usual - passed
        words = f"usually {duration(usual)}" + (
            f" · {duration(left)} left" if left > 0 else f" · {duration(-left)} longer than that"
        )
        return _bar(passed / usual).append(f" {words}", "dim")
    progress = run.get("progress")
    return _bar(progress / 100).append(f" {progress} %", "dim") if type(progress) is int and progress > 0 else None


def _bar(share: float) -> Text:
    full = max(0, min(BAR, int(share * BAR)))
    return _line("  ", ("━" * full, "cyan"), ("─" * (BAR - full), "dim"))


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
