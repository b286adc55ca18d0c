"""Looking at a run again and again, until it has finished."""

import time
from collections.abc import Iterator
from typing import NamedTuple

from wercker_cli.api.client import Client, Json

SLOWER = 0.05  # the pause grows with the time that has passed: a run of a minute is looked at every few seconds


class TimedOut(Exception):
    """The time to wait is over; the run goes on."""


class State(NamedTuple):
    """A run as it was at one moment; `tail` is the end of what its running step has printed."""

    run: Json
    steps: list[Json]
    tail: str


def watch(api: Client, run: str, *, timeout: float | None, tail: bool) -> Iterator[State]:
    """The states of a run, the last one finished; raises TimedOut after `timeout` seconds."""
    shortest, longest = api.transport.polling
    start = time.monotonic()
    while True:
        now = api.run(run)  # before its steps: once it has finished, they have too
        steps = api.steps(run)
        finished = now.get("status") == "finished"
        running = next((step for step in steps if step.get("status") == "running"), None)
        shown = api.log_end(api.id_of(running)) if tail and running else b""
        yield State(now, steps, shown.decode(errors="replace"))
        if finished:
            return
        passed = time.monotonic() - start
        left = timeout - passed if timeout is not None else longest
        if left <= 0:
            raise TimedOut
        time.sleep(min(left, longest, max(shortest, passed * SLOWER)))
