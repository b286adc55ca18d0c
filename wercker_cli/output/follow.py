"""A run as it goes: a live page on a terminal, a line a change in a pipe; and at the end why it failed."""

from __future__ import annotations

import os
import shlex
import signal
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO, TypeVar

from wercker_cli.output.cells import get
from wercker_cli.output.columns import Json
from wercker_cli.output.marks import mark_of
from wercker_cli.output.screen import coloured, console, paper
from wercker_cli.output.spans import finished_words
from wercker_cli.output.steps import step_name
from wercker_cli.output.text import one_line, settled

if TYPE_CHECKING:
    from wercker_cli.output.live import Page

LAST_LINES = 20  # of the step that failed
TURNS = 10  # frames a second


class Event(Protocol):
    """A run as it is now; api/watch.py makes them. `step` None: all of it is new. Otherwise what that step did."""

    @property
    def run(self) -> Json:
        """The run."""

    @property
    def steps(self) -> list[Json]:
        """Its steps in their order."""

    @property
    def tail(self) -> str:
        """The last text of a log, "" where nobody asked for it."""

    @property
    def step(self) -> Json | None:
        """The step that has begun, printed or ended."""

    @property
    def printed(self) -> bytes:
        """What it printed; nothing where it has begun or ended."""


E = TypeVar("E", bound=Event)


def lines(events: Iterable[E], to: TextIO) -> E:
    """A line for each change until the events (one at least) end; gives the last one, raises what they raise."""
    stream = paper(to)
    for event in events:
        if event.step is not None and not event.printed:
            took = finished_words(event.step)
            name, word = one_line(step_name(event.step)), mark_of(event.step).word
            stream.write(f"{name}: {word}{f' ({took})' if took else ''}\n")
            stream.flush()
    took = finished_words(event.run)
    after = f" after {took}" if took else ""
    stream.write(f"run {one_line(get(event.run, 'id'))} {mark_of(event.run).word}{after}\n")
    stream.flush()
    return event


def live(
    events: Iterable[E],
    page: Page,
    stream: TextIO,
    *,
    color: str = "auto",
    environ: Mapping[str, str] = os.environ,
) -> E:
    """Keeps the page on a terminal until the events (one at least) end; gives the last one, raises what they raise."""
    from rich.live import Live

    out = console(stream, color, environ)
    with Live(page, console=out, refresh_per_second=TURNS, redirect_stdout=False, redirect_stderr=False) as shown:
        try:
            for event in events:
                page.event, page.trouble = event, None
                with _whole_frame():
                    shown.refresh()
        finally:
            page.settled = True
    return event


@contextmanager
def _whole_frame() -> Iterator[None]:
    """Lets a Ctrl-C wait until a frame is drawn: after half of one, the next would be drawn over lines above."""
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt


def failure(
    run: str,
    failed: Json | None,
    log: bytes | str,
    stream: TextIO,
    *,
    color: str = "auto",
    environ: Mapping[str, str] = os.environ,
) -> None:
    """Says which step of a run failed, why, what it printed last (`log` is the end of that), and what to type next."""
    shown = shlex.quote(one_line(run))
    if failed is None:
        paper(stream).write(f"hint: wercker runs steps {shown}\n")
        return
    from rich.text import Text

    out = console(stream, color, environ)
    mark, message = mark_of(failed), one_line(get(failed, "message"))
    title = Text.assemble("\n", (f"{mark} ", mark.style), (one_line(step_name(failed)), "bold"))
    out.print(title.append(f": {message}" if message else ""), soft_wrap=True)
    colour = coloured(stream, color, environ)
    for line in last_lines(log, LAST_LINES, keep_colour=colour):
        if line == message:  # it stands above
            continue
        paper(stream).write(f"  │ {line}\x1b[0m\n" if "\x1b" in line else f"  │ {line}\n")
    which = shlex.quote(one_line(get(failed, "order") or step_name(failed)))
    paper(stream).write(f"hint: wercker runs logs {shown} --step {which}\n")


def last_lines(log: bytes | str, count: int, *, keep_colour: bool = False) -> list[str]:
    """The last lines of a log, cleaned, without the blank ones at its end."""
    text = log.decode(errors="replace") if isinstance(log, bytes) else log
    lines = settled(text, keep_colour).expandtabs(8).rstrip().split("\n")
    return [line.rstrip() for line in lines[-count:]] if lines != [""] else []
