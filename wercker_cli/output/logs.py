"""The log of a step: in a pipe its bytes, on a terminal its text, with the colours it has and nothing else."""

from __future__ import annotations

import codecs
import os
from collections import deque
from collections.abc import Iterable, Mapping
from typing import TextIO

from wercker_cli.output import times
from wercker_cli.output.columns import Json
from wercker_cli.output.follow import E
from wercker_cli.output.screen import coloured, console, paper
from wercker_cli.output.text import settled

LONGEST = 65536  # characters: a line longer than this is not waited for
RESET = "\x1b[0m"


NO_TIME = b"-".ljust(25)  # where a line was printed before anyone looked


def follow(events: Iterable[E], writer: LogWriter, *, tail: int | None = None, stamps: bool = False) -> E:
    """Writes what steps print, step by step, until the events (one at least) end; gives the last one.

    Raises what the events raise.

    `tail` leaves out all but the last lines of what a step had printed before the first look; `stamps` puts before
    each line when it was seen.
    """
    looks = 0
    known: dict[str, tuple[Json, LastLines]] = {}  # by the step's id
    show = _Steps(writer, stamps)
    try:
        for event in events:
            if event.step is None:
                looks += 1
                if looks == 2:
                    show.all(known)
            elif event.printed and looks == 1 and tail is not None:
                known.setdefault(str(event.step.get("id")), (event.step, LastLines(tail)))[1].add(event.printed)
            elif event.printed:
                show.piece(event.step, event.printed, seen_live=looks > 1)
            writer.flush()
    finally:  # Ctrl-C, a time limit or an outage: what was read is shown, and its colour ends
        show.all(known)
        writer.end()
    return event


class LastLines:
    """The last lines of what was added, piece by piece."""

    def __init__(self, count: int) -> None:
        self._kept: deque[bytes] = deque(maxlen=count)
        self._rest = b""

    def add(self, piece: bytes) -> None:
        """Adds a piece, which may end inside a line."""
        *whole, self._rest = (self._rest + piece).split(b"\n")
        self._kept.extend(line + b"\n" for line in whole)

    def bytes(self) -> bytes:
        """The lines, with their line breaks."""
        if self._rest:
            self._kept.append(self._rest)
        return b"".join(self._kept)


class _Steps:
    """Writes pieces of logs; a heading goes before the first one of a step."""

    def __init__(self, writer: LogWriter, stamps: bool) -> None:
        self._writer, self._stamps = writer, stamps
        self._step: object = None
        self._fresh = True  # whether the next byte begins a line

    def piece(self, step: Json, piece: bytes, *, seen_live: bool) -> None:
        if step.get("id") != self._step:
            if self._stamps and not self._fresh:
                self._writer.write(b"\n")
            self._writer.end()
            self._writer.heading(step)
            self._step, self._fresh = step.get("id"), True
        if self._stamps:
            before = times.stamp(times.now()).encode() + b" " if seen_live else NO_TIME
            begun, self._fresh = self._fresh, piece.endswith(b"\n")
            piece = (before if begun else b"") + piece[:-1].replace(b"\n", b"\n" + before) + piece[-1:]
        self._writer.write(piece)

    def all(self, known: dict[str, tuple[Json, LastLines]]) -> None:
        """What was printed before the first look."""
        for step, lines in known.values():
            printed = lines.bytes()
            if printed:
                self.piece(step, printed, seen_live=False)
        known.clear()


class LogWriter:
    """Writes logs to a stream, in pieces that may be cut anywhere.

    A terminal gets whole lines: what a program overwrote on its line (a progress bar) is shown as it was last.
    """

    def __init__(self, stream: TextIO, *, color: str = "auto", environ: Mapping[str, str] = os.environ) -> None:
        self.stream = stream
        self._terminal = stream.isatty()
        self._colour = coloured(stream, color, environ)
        self._console = (color, environ)
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._rest = ""  # of a line that is not complete
        self._dyed = False  # whether a log left its colour on

    def heading(self, step: Json) -> None:
        """Says on a terminal which step comes now, how it ended, and how long it took."""
        if not self._terminal:
            return
        from rich.text import Text

        from wercker_cli.output.marks import mark_of
        from wercker_cli.output.spans import words
        from wercker_cli.output.steps import step_name
        from wercker_cli.output.text import one_line

        mark, took = mark_of(step), words(step)
        line = Text.assemble((mark.symbol, mark.style), " ", (one_line(step_name(step)), "bold"))
        line.append(f" · {took}" if took else "", "dim")
        console(self.stream, *self._console).print(line, soft_wrap=True)

    def write(self, piece: bytes) -> None:
        """Writes the next piece of a log."""
        if not self._terminal:
            self._write_raw(piece)
            return
        self._rest += self._decoder.decode(piece)
        whole, newline, self._rest = self._rest.rpartition("\n")
        self._write_text(whole + newline)
        if len(self._rest) > LONGEST:
            self._write_text(self._rest)
            self._rest = ""

    def flush(self) -> None:
        """Lets out what was written."""
        self.stream.flush()

    def end(self) -> None:
        """Writes what is left of a log, and ends its line and its colour on a terminal."""
        if self._terminal:
            self._rest += self._decoder.decode(b"", final=True)
            self._decoder.reset()
            self._write_text(self._rest + "\n" if self._rest else "")
            self._rest = ""
            if self._dyed:
                self.stream.write(RESET)
                self._dyed = False
        self.stream.flush()

    def _write_raw(self, piece: bytes) -> None:
        raw = getattr(self.stream, "buffer", None)
        if raw is None:  # a stream of text, in a program that uses this one
            self.stream.write(self._decoder.decode(piece))
            return
        self.stream.flush()
        raw.write(piece)

    def _write_text(self, text: str) -> None:
        shown = settled(text, keep_colour=self._colour)
        self._dyed = self._dyed or "\x1b" in shown
        paper(self.stream).write(shown)
