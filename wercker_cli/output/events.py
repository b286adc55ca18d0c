"""A run as it goes, for programs: an object a line for each change and each line of a log, then the verdict.

The names of the fields stay:

    {"event": "run", "time": ..., "run": ID, "status": ..., "result": ...}
    {"event": "step", "time": ..., "run": ID, "step": NAME, "order": N, "status": ..., "result": ..., "message": ...}
    {"event": "log", "time": ..., "run": ID, "step": NAME, "order": N, "line": TEXT}
    {"event": "verdict", "time": ..., "run": ID, "status": ..., "result": ..., "exit": CODE, "reason": WHY}

`time` is when it was seen; `message` is null unless the server gave one; `reason` is one of finished, failed-step,
timeout, interrupted, unreachable, error. Each run of a workflow has its verdict; the last one is that of all, with the
reason workflow and the id of the first run.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from typing import TextIO

from wercker_cli.output import structured, times
from wercker_cli.output.columns import Json
from wercker_cli.output.follow import E
from wercker_cli.output.steps import step_name


class Recorder:
    """Writes the events of one run to a stream."""

    def __init__(self, run: str, stream: TextIO) -> None:
        self._run, self._stream = run, stream
        self._state: Json = {"status": None, "result": None}
        self._open: dict[str, tuple[codecs.IncrementalDecoder, str]] = {}  # of a step: a line that has not ended

    def follow(self, events: Iterable[E]) -> E:
        """Writes the events (one at least) as they come, and gives the last one; raises what they raise."""
        for event in events:
            if event.step is None:
                if event.run.get("status") != "finished":  # what its steps have done comes first
                    self._run_state(event.run)
            elif event.printed:
                self._log(event.step, self._lines(event.step, event.printed))
            else:
                self._log(event.step, self._rest(event.step))
                state = {key: event.step.get(key) for key in ("status", "result", "message")}
                self._write("step", {**_which(event.step), **state})
            self._stream.flush()
        if event.run.get("status") == "finished":
            self._run_state(event.run)
        return event

    def verdict(self, code: int, reason: str, **state: str) -> None:
        """The last line: how the run stands, the exit code, and why there is nothing more to come."""
        self._write("verdict", {**self._state, **state, "exit": code, "reason": reason})
        self._stream.flush()

    def _run_state(self, run: Json) -> None:
        state = {key: run.get(key) for key in self._state}
        if state != self._state:
            self._state = state
            self._write("run", state)

    def _log(self, step: Json, lines: list[str]) -> None:
        for line in lines:
            self._write("log", {**_which(step), "line": line})

    def _lines(self, step: Json, piece: bytes) -> list[str]:
        """The lines that a piece of a log completes, whole characters in each."""
        key = str(step.get("id"))
        decoder, rest = self._open.get(key) or (codecs.getincrementaldecoder("utf-8")(errors="replace"), "")
        *whole, rest = (rest + decoder.decode(piece)).split("\n")
        self._open[key] = decoder, rest
        return [line.removesuffix("\r") for line in whole]

    def _rest(self, step: Json) -> list[str]:
        """The last line of a step that has ended, where no line break did."""
        key = str(step.get("id"))
        if step.get("status") != "finished" or key not in self._open:
            return []
        decoder, rest = self._open.pop(key)
        rest += decoder.decode(b"", final=True)
        return [rest] if rest else []

    def _write(self, event: str, more: Json) -> None:
        structured.lines([{"event": event, "time": times.stamp(times.now()), "run": self._run, **more}], self._stream)


def _which(step: Json) -> Json:
    return {"step": step_name(step), "order": step.get("order")}
