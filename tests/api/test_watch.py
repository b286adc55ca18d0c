"""When the one wait loop looks, how long it waits between, and when it gives up: with a clock that nobody waits for."""

from contextlib import AbstractContextManager, nullcontext
from types import SimpleNamespace
from typing import Any, cast

import pytest

from wercker_cli.api import watch as looking
from wercker_cli.api.client import Client
from wercker_cli.api.watch import Event, GaveUp, Patience, TimedOut, watch
from wercker_cli.errors import Refused, Unreachable, WerckerError

RUNNING, FINISHED = {"status": "running"}, {"status": "finished", "result": "passed"}
STEP = {"id": "s1", "status": "finished", "result": "passed"}
DOWN = Unreachable("it is down")


class Clock:
    """Time that passes where somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.now += seconds


class Api:
    """Answers with the next of these, and with the last one again and again."""

    transport = SimpleNamespace(polling=(1.0, 2.0))

    def __init__(self, *answers: dict[str, str] | WerckerError, log: WerckerError | None = None) -> None:
        self.answers, self.fault = list(answers), log
        self.limits: list[float | None] = []

    def until(self, ends: float | None) -> AbstractContextManager[None]:
        self.limits.append(ends)
        return nullcontext()

    def run(self, _run: str) -> dict[str, str]:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, WerckerError):
            raise answer
        return answer

    def steps(self, _run: str) -> list[dict[str, str]]:
        return [STEP] if self.fault else []

    def log(self, _step: str, _skip: int) -> list[bytes]:
        assert self.fault
        raise self.fault


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time of the wait loop."""
    clock = Clock()
    monkeypatch.setattr(looking, "time", clock)
    return clock


def watched(api: Api, notes: list[str] | None = None, *, known: bool = True, **patience: Any) -> list[Event]:
    """All events, where the wait ends as it should."""
    note = (notes if notes is not None else []).append
    return list(watch(cast("Client", api), "r1", Patience(**patience), known=known, logs=lambda _: True, note=note))


def test_the_pause_grows_with_the_time_that_has_passed_up_to_the_longest(clock: Clock) -> None:
    watched(Api(*[RUNNING] * 60, FINISHED))
    assert clock.slept[:23] == [1.0] * 21 + [1.05, 1.1025]
    assert clock.slept[-1] == 2.0


def test_a_pause_that_was_chosen_does_not_grow(clock: Clock) -> None:
    watched(Api(*[RUNNING] * 40, FINISHED), interval=3.0)
    assert clock.slept == [3.0] * 40


def test_answers_that_fail_are_asked_for_less_and_less_often(clock: Clock) -> None:
    watched(Api(RUNNING, *[DOWN] * 6, FINISHED))
    assert clock.slept == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_a_server_that_wants_to_be_left_alone_is(clock: Clock) -> None:
    watched(Api(RUNNING, Unreachable("later", retry_after=77.0), FINISHED))
    assert clock.slept == [1.0, 77.0]


def test_a_server_may_not_ask_for_more_than_the_patience(clock: Clock) -> None:
    with pytest.raises(GaveUp):
        watched(Api(RUNNING, Unreachable("later", retry_after=77.0)), retry_for=10.0)
    assert clock.slept == [1.0, 9.01]


def test_after_an_answer_an_outage_begins_anew_and_is_said_anew(clock: Clock) -> None:
    notes: list[str] = []
    watched(Api(RUNNING, DOWN, DOWN, RUNNING, DOWN, FINISHED), notes, retry_for=60.0)
    assert clock.slept == [1.0, 2.0, 4.0, 1.0, 2.0]
    assert notes == ["note: it is down; asking again for 1 min, the run goes on"] * 2


def test_an_outage_long_after_the_start_has_all_of_the_patience(clock: Clock) -> None:
    watched(Api(*[RUNNING] * 50, DOWN, FINISHED), interval=1.0, retry_for=5.0)
    assert clock.slept == [1.0] * 50 + [2.0]


def test_the_patience_counts_from_the_last_answer(clock: Clock) -> None:
    with pytest.raises(GaveUp) as gave_up:
        watched(Api(*[RUNNING] * 3, DOWN), interval=1.0, retry_for=10.0)
    assert clock.slept == [1.0, 1.0, 1.0, 2.0, 4.0, 3.01]  # three looks, then ten seconds from the last of them
    assert str(gave_up.value.error) == "it is down"


def test_the_time_to_wait_ends_at_its_moment(clock: Clock) -> None:
    api = Api(RUNNING)
    with pytest.raises(TimedOut):
        watched(api, timeout=7.5, interval=2.0)
    assert clock.slept == [2.0, 2.0, 2.0, 1.5]
    assert set(api.limits) == {1007.5}


def test_no_time_to_wait_is_one_look_that_has_the_time_of_any_other(clock: Clock) -> None:
    api = Api(RUNNING)
    with pytest.raises(TimedOut):
        watched(api, timeout=0.0)
    assert (clock.slept, api.limits) == ([], [None])


def test_an_outage_ends_with_the_time_to_wait(clock: Clock) -> None:
    with pytest.raises(TimedOut):
        watched(Api(RUNNING, DOWN), timeout=5.0)
    assert sum(clock.slept) == 5.0


def test_the_first_answer_has_to_come_where_nobody_knows_the_run(clock: Clock) -> None:
    with pytest.raises(Unreachable):
        watched(Api(DOWN), known=False)
    assert clock.slept == []


def test_a_log_of_a_finished_run_that_does_not_come_keeps_no_verdict_back(clock: Clock) -> None:
    notes: list[str] = []
    events = watched(Api(FINISHED, log=DOWN), notes, retry_for=10.0)
    assert events[-1].run == FINISHED
    assert notes == ["note: it is down; asking again for 10 s"]
    assert sum(clock.slept) < 30


def test_a_log_that_is_refused_is_said_once_and_costs_no_time(clock: Clock) -> None:
    notes: list[str] = []
    watched(Api(RUNNING, FINISHED, log=Refused("no\nlog")), notes)
    assert notes == ["note: the log of a step cannot be read: no log"]
    assert clock.slept == [1.0]
