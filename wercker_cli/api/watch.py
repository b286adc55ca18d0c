"""Looking at a run again and again, until it has finished."""

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from wercker_cli.api.client import Client, Json
from wercker_cli.errors import Refused, Unreachable, WerckerError

SLOWER = 0.05  # the pause grows with the time that has passed: a run of a minute is looked at every few seconds
RETRY_FOR = 300.0  # seconds that an outage may last


class TimedOut(Exception):
    """The time to wait is over; the run goes on."""


class State(NamedTuple):
    """A run as it was at one moment; `tail` is the end of what its running step has printed."""

    run: Json
    steps: list[Json]
    tail: str


def watch(api: Client, run: str, *, timeout: float | None, tail: bool, note: Callable[[str], None]) -> Iterator[State]:
    """The states of a run, the last one finished; raises TimedOut after `timeout` seconds.

    Answers that fail are noted once and asked for again; raises their error after RETRY_FOR seconds without another.
    """
    shortest, longest = api.transport.polling
    start = answered = time.monotonic()
    down = False
    while True:
        pause = max(shortest, (time.monotonic() - start) * SLOWER)
        try:
            state = _look(api, run, tail=tail)
        except (Unreachable, Refused) as error:
            if time.monotonic() - answered > RETRY_FOR:
                raise
            if not down:
                note(f"note: {error.message}; asking again for {RETRY_FOR / 60:g} min, the run goes on")
            down, pause = True, longest
        else:
            answered, down = time.monotonic(), False
            yield state
            if state.run.get("status") == "finished":
                return
        left = timeout - (time.monotonic() - start) if timeout is not None else longest
        if left <= 0:
            raise TimedOut
        time.sleep(min(left, longest, pause))


def _look(api: Client, run: str, *, tail: bool) -> State:
    now = api.run(run)  # before its steps: once it has finished, they have too
    steps = api.steps(run)
    running = next((step for step in steps if step.get("status") == "running"), None)
    return State(now, steps, log_end(api, running).decode(errors="replace") if tail and running else "")


def log_end(api: Client, step: Json) -> bytes:
    """The last of what a step printed; nothing where the server keeps no logs, which is no reason to stop."""
    try:
        return api.log_end(api.id_of(step))
    except WerckerError:
        return b""
