"""Looking at a run again and again, until it has finished: the one wait loop."""

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from wercker_cli.api.client import Client, Json
from wercker_cli.errors import NotAllowed, NotFound, Refused, Unreachable, WerckerError

SLOWER = 0.05  # the pause grows with the time that has passed: a run of a minute is looked at every few seconds
SLOWEST_RETRY = 30.0  # seconds between two answers that fail
AFTER_STEPS = "finalSteps"  # their phase


class TimedOut(Exception):
    """The time to wait is over; the run goes on."""


class GaveUp(Exception):
    """There is nothing more to be seen of the run, for the reason of `error`; it goes on."""

    def __init__(self, error: WerckerError) -> None:
        super().__init__(error.message)
        self.error = error


class Patience(NamedTuple):
    """How long and how often to look, in seconds; `interval` None is often at first, and seldom later."""

    timeout: float | None = None
    interval: float | None = None
    retry_for: float = 300.0  # how long an outage may last
    fail_fast: bool = False  # whether a failed step is the end


class Event(NamedTuple):
    """A run as it is now, and what is new: all of it where `step` is None.

    Otherwise that step has `printed` something, or, where that is empty, begun or ended.
    """

    run: Json
    steps: list[Json]
    tail: str  # the end of what the running step has printed, where that was asked for
    step: Json | None = None
    printed: bytes = b""


def watch(
    api: Client,
    run: str,
    patience: Patience,
    *,
    known: bool,
    tail: bool = False,
    logs: Callable[[Json], bool] = lambda _: False,
    note: Callable[[str], None],
) -> Iterator[Event]:
    """What happens to a run until it has finished, each change and each byte of the `logs` of those steps once.

    Raises TimedOut. Answers that fail are noted once and asked for again, as long as the patience says; then, and
    where the token is not accepted any more, it raises GaveUp. The first answer has to come, unless the run is
    `known` to be there. A log that cannot be read keeps no verdict back.
    """
    look = _Look(api, run, tail=tail, logs=logs, note=note)
    shortest, longest = api.transport.polling
    start = answered = time.monotonic()
    failures = 0
    while True:
        pause = patience.interval or min(max(shortest, (time.monotonic() - start) * SLOWER), longest)
        ends = None if patience.timeout is None else start + patience.timeout
        try:  # no time to wait is one look, which has the time of any other
            yield from look.now(ends if patience.timeout else None)
        except NotAllowed as error:
            if not look.last:
                raise
            raise GaveUp(error) from error
        except (Unreachable, Refused) as error:
            if not (known or look.last):
                raise
            if ends is not None and time.monotonic() >= ends:
                raise TimedOut from error
            if time.monotonic() - answered > patience.retry_for:
                if look.is_over(fail_fast=patience.fail_fast):
                    return
                raise GaveUp(Unreachable(error.message, hint=error.hint)) from error
            if not failures:
                goes_on = "" if look.is_over(fail_fast=False) else ", the run goes on"
                note(f"note: {_one_line(error)}; asking again for {_words(patience.retry_for)}{goes_on}")
            failures += 1
            pause = max(pause, min(pause * 2**failures, SLOWEST_RETRY), _asked(error))
        else:
            answered, failures = time.monotonic(), 0
            if look.is_over(fail_fast=patience.fail_fast):
                return
        now = time.monotonic()
        left = [ends - now] if ends is not None else []
        if left and left[0] <= 0:
            raise TimedOut
        left += [max(answered + patience.retry_for - now, 0) + 0.01] if failures else []
        time.sleep(min(pause, *left) if left else pause)


def logs_so_far(api: Client, steps: list[Json]) -> Iterator[Event]:
    """What these steps have printed so far, as the events of one look.

    Raises NotFound where a log is missing, behind those that there are.
    """
    yield Event({}, steps, "")
    missing: NotFound | None = None
    for step in steps:
        if step.get("status") != "notstarted":
            try:
                for piece in api.log(api.id_of(step)):
                    yield Event({}, steps, "", step, piece)
            except NotFound as error:
                missing = missing or error
    if missing:
        raise missing


def _asked(error: WerckerError) -> float:
    """How many seconds a server wants to be left alone."""
    return error.retry_after or 0.0 if isinstance(error, Unreachable) else 0.0


def _one_line(error: WerckerError) -> str:
    """A server's words as they can stand in a note: what begins a line must be ours."""
    return " ".join(error.message.split())


def _words(seconds: float) -> str:
    return f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds:g} s"


class _Look:
    """What has been seen of a run so far, and how to see more."""

    def __init__(
        self, api: Client, run: str, *, tail: bool, logs: Callable[[Json], bool], note: Callable[[str], None]
    ) -> None:
        self._api, self._run, self._tail, self._logs, self._note = api, run, tail, logs, note
        self._unreadable: set[str] = set()  # steps whose log cannot be read, which is said once
        self._read: dict[str, int] = {}  # bytes of the log of a step
        self._seen: dict[str, tuple[object, object]] = {}  # its status and result
        self.last: Event | None = None

    def now(self, ends: float | None) -> Iterator[Event]:
        """The run, then what each step has done since the last time: begun, printed, ended.

        No answer is waited for beyond the moment `ends`, on the clock that never jumps.
        """
        with self._api.until(ends):
            yield from self._events()

    def _events(self) -> Iterator[Event]:
        run = self._api.run(self._run)  # before its steps: once it has finished, they have too
        steps = self._api.steps(self._run)
        running = next((step for step in steps if step.get("status") == "running"), None)
        tail = log_end(self._api, running).decode(errors="replace") if self._tail and running else ""
        self.last = now = Event(run, steps, tail)
        yield now
        for number, step in enumerate(steps):
            yield from self._news(now, step, str(step.get("id") or number))

    def _news(self, now: Event, step: Json, key: str) -> Iterator[Event]:
        word, finished = (step.get("status"), step.get("result")), step.get("status") == "finished"
        if word[0] == "notstarted" or (finished and self._seen.get(key) == word):
            return
        if not finished and self._seen.get(key) != word:
            self._seen[key] = word
            yield now._replace(step=step)
        if self._logs(step):
            for piece in self._pieces(key):
                self._read[key] = self._read.get(key, 0) + len(piece)
                yield now._replace(step=step, printed=piece)
        if finished:
            self._seen[key] = word
            yield now._replace(step=step)

    def _pieces(self, step: str) -> Iterator[bytes]:
        try:
            yield from self._api.log(step, self._read.get(step, 0))
        except (NotFound, NotAllowed):  # a server may keep no logs, which is no reason to stop
            return
        except Refused as error:  # nor is one that fails at them
            if step not in self._unreadable:
                self._unreadable.add(step)
                self._note(f"note: the log of a step cannot be read: {_one_line(error)}")

    def is_over(self, *, fail_fast: bool) -> bool:
        """Whether there is nothing more to wait for."""
        if self.last is None:
            return False
        failed = fail_fast and any(_fails_the_run(step) for step in self.last.steps)
        return failed or self.last.run.get("status") == "finished"


def _fails_the_run(step: Json) -> bool:
    """An after-step that failed leaves the result alone."""
    return step.get("result") == "failed" and step.get("phase") != AFTER_STEPS


def log_end(api: Client, step: Json) -> bytes:
    """The last of what a step printed; nothing where the server keeps no logs, which is no reason to stop."""
    try:
        return api.log_end(api.id_of(step))
    except WerckerError:
        return b""
