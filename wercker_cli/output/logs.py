"""The log of a step: in a pipe its bytes, on a terminal its text, with the colours it has and nothing else."""

from __future__ import annotations

import codecs
import os
from collections.abc import Mapping
from typing import TextIO

from wercker_cli.output.columns import Json
from wercker_cli.output.screen import coloured, console, paper
from wercker_cli.output.text import settled

LONGEST = 65536  # characters: a line longer than this is not waited for
RESET = "\x1b[0m"


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
