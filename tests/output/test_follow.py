"""A run that is waited for: a line a change in a pipe, a page on a terminal, and why it failed."""

import io
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.output.screens import PLAIN, SGR, Tty, in_real_terminal, screen
from wercker_cli.output import follow, live
from wercker_cli.output.columns import Json
from wercker_cli.output.follow import failure, last_lines
from wercker_cli.output.screen import console

RUN: Json = {
    "id": "577a4dbc3ec144923a02b6f9",
    "branch": "main",
    "commitHash": "cd74a9994712960f19b4b563491f860f98fa7bb5",
    "pipeline": {"name": "build"},
    "status": "running",
    "result": "unknown",
    "startedAt": "2016-07-04T11:59:48.000Z",
}
FAILED = RUN | {"status": "finished", "result": "failed", "finishedAt": "2016-07-04T12:00:00.000Z"}
GET_CODE: Json = {
    "id": "1",
    "order": 1,
    "step": "get code",
    "status": "finished",
    "result": "passed",
    "startedAt": "2016-07-04T11:59:48.000Z",
    "finishedAt": "2016-07-04T11:59:49.200Z",
}
COMPILE: Json = {"id": "2", "order": 2, "displayName": "測試", "status": "notstarted", "result": "unknown"}
COMPILING = COMPILE | {"status": "running", "startedAt": "2016-07-04T11:59:50.000Z"}
COMPILED = COMPILING | {
    "status": "finished",
    "result": "failed",
    "finishedAt": "2016-07-04T12:00:00.000Z",
    "message": "Command exited with exit code: 2",
}
STORE: Json = {"id": "3", "order": 3, "displayName": "store", "status": "notstarted", "result": "unknown"}


class State(NamedTuple):
    """As api/watch.py makes them."""

    run: Json
    steps: list[Json]
    tail: str
    step: Json | None = None
    printed: bytes = b""


STATES = [
    State(RUN | {"status": "notstarted", "startedAt": None}, [], ""),
    State(RUN, [GET_CODE, COMPILE, STORE], ""),
    State(RUN, [GET_CODE, COMPILING, STORE], "\x1b[31mone\x1b[0m\n\x1b[2Jtwo\n10%\r20%"),
    State(RUN, [GET_CODE, COMPILING, STORE], ""),
    State(FAILED, [GET_CODE, COMPILED, STORE], ""),
]


CHANGES = [
    STATES[1],
    STATES[1]._replace(step=GET_CODE),
    STATES[2],
    STATES[2]._replace(step=COMPILING),
    STATES[2]._replace(step=COMPILING, printed=b"one\n"),
    STATES[4],
    STATES[4]._replace(step=COMPILED),
]


def test_a_pipe_gets_a_line_a_change() -> None:
    stream = io.StringIO()
    assert follow.lines(CHANGES, stream) is CHANGES[-1]
    assert stream.getvalue() == (
        "get code: passed (1.2 s)\n測試: running\n測試: failed (10 s)\nrun 577a4dbc3ec144923a02b6f9 failed after 12 s\n"
    )


def watched(states: list[State], columns: int = 80, rows: int = 24) -> tuple[list[list[str]], str]:
    """What a terminal shows after each state, then at the end; and everything that was written."""
    stream = Tty()
    seen: list[list[str]] = []

    def one_by_one() -> Iterator[State]:
        for state in states:
            yield state
            seen.append(screen(stream.getvalue(), columns, rows))

    environ = {**PLAIN, "COLUMNS": str(columns), "LINES": str(rows)}
    assert follow.live(one_by_one(), live.Page(), stream, environ=environ) is states[-1]
    return [*seen, screen(stream.getvalue(), columns, rows)], stream.getvalue()


@pytest.fixture(autouse=True)
def still_spinner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "SPINNER", "*")


def test_a_long_name_leaves_room_for_the_time() -> None:
    seen, _ = watched([State(RUN, [GET_CODE, COMPILING | {"displayName": "name " * 30}], "")], 40)
    assert seen[0][1:] == [
        "  ✓ get code                       1.2 s",
        "  * name name name name nam…        10 s",
    ]


def test_a_terminal_shows_the_steps_and_the_last_lines_of_the_one_that_runs() -> None:
    seen, _ = watched(STATES)
    assert seen[0] == ["○ pending · build · main · cd74a99 · 577a4dbc3ec144923a02b6f9"]
    assert seen[2] == [
        "● running · 12 s · build · main · cd74a99 · 577a4dbc3ec144923a02b6f9",
        "  ✓ get code       1.2 s",
        "  * 測試            10 s",
        "    │ one",
        "    │ two",
        "    │ 20%",
        "  ○ store",
    ]


def test_the_last_state_stays_and_nothing_in_it_moves() -> None:
    seen, raw = watched(STATES)
    assert seen[-1] == [
        "✗ failed · 12 s · build · main · cd74a99 · 577a4dbc3ec144923a02b6f9",
        "  ✓ get code       1.2 s",
        "  ✗ 測試            10 s",
        "  ○ store",
    ]
    assert raw.endswith("\x1b[?25h")


def test_a_small_screen_shows_the_newest_steps_and_at_the_end_all_are_in_the_scrollback() -> None:
    before = [GET_CODE | {"id": f"b{number}", "step": f"step {number}"} for number in range(20)]
    states = [
        State(RUN, [*before, COMPILING, STORE], "".join(f"line {number} {'x' * 80}\n" for number in range(9))),
        State(FAILED, [*before, COMPILED, STORE], ""),
    ]
    seen, raw = watched(states, 40, 8)
    assert seen[0] == [
        "● running · 12 s · build · main · cd74a…",
        "  … 19 more above",
        "  ✓ step 19       1.2 s",
        "  * 測試           10 s",
        f"    │ line 6 {'x' * 26}…",
        f"    │ line 7 {'x' * 26}…",
        f"    │ line 8 {'x' * 26}…",
    ]
    whole = screen(raw, 40, 60)
    assert [line.split()[2] for line in whole[1:21]] == [str(number) for number in range(20)]


@pytest.mark.parametrize(("columns", "rows"), [(1, 1), (5, 2), (20, 3), (30, 4), (80, 5)])
def test_any_size_of_screen_will_do(columns: int, rows: int) -> None:
    for lines in watched(STATES, columns, rows)[0]:
        assert len(lines) <= max(rows, 4)


def test_an_interrupted_wait_leaves_a_page_that_does_not_move() -> None:
    stream = Tty()

    def interrupted() -> Iterator[State]:
        yield STATES[2]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        follow.live(interrupted(), live.Page(), stream, environ={**PLAIN, "COLUMNS": "80", "LINES": "24"})
    assert screen(stream.getvalue()) == [
        "● running · 12 s · build · main · cd74a99 · 577a4dbc3ec144923a02b6f9",
        "  ✓ get code       1.2 s",
        "  ● 測試            10 s",
        "  ○ store",
    ]


def test_a_failed_run_says_why_and_what_to_type_next() -> None:
    stream = io.StringIO()
    log = "".join(f"\x1b[31mline {number}\x1b[0m\r\n" for number in range(30)).encode() + b"\xff\n\n"
    failure("577a4dbc3ec144923a02b6f9", COMPILED, log, stream, environ={})
    lines = "".join(f"  │ line {number}\n" for number in range(11, 30))
    assert stream.getvalue() == (
        f"\n✗ failed 測試: Command exited with exit code: 2\n{lines}  │ \ufffd\n"
        "hint: wercker runs logs 577a4dbc3ec144923a02b6f9 --step 2\n"
    )


def test_the_colours_of_a_log_stay_on_a_terminal_and_end_with_their_line() -> None:
    stream = Tty()
    failure("577a", COMPILED, b"\x1b[2J\x1b[31mred\nplain\n", stream, environ={"TERM": "xterm"})
    assert "  │ \x1b[31mred\x1b[0m\n  │ plain\n" in stream.getvalue()


def test_a_failed_run_without_a_failed_step_names_the_steps() -> None:
    stream = io.StringIO()
    failure("577a", None, b"", stream, environ={})
    assert stream.getvalue() == "hint: wercker runs steps 577a\n"


def test_a_step_without_a_number_is_named() -> None:
    stream = io.StringIO()
    failure("577a", {"displayName": "it's \x1b[2Jall", "result": "failed"}, "", stream, environ={})
    assert stream.getvalue() == ("\n✗ failed it's all\n" + "hint: wercker runs logs 577a --step 'it'\"'\"'s all'\n")


def test_no_log_has_no_last_lines() -> None:
    assert last_lines(b"", 5) == last_lines("\n \n", 5) == []


PROGRAM = """
import sys
from tests.output.test_follow import STATES
from wercker_cli.output import times
from wercker_cli.output.follow import live
from wercker_cli.output.live import Page
times.now = lambda: 1467633600.0
print("before")
live(STATES, Page(), sys.stdout)
print("after")
"""


def test_a_real_terminal_keeps_what_was_there_before() -> None:
    raw = in_real_terminal(PROGRAM)
    assert screen(raw) == [
        "before",
        "✗ failed · 12 s · build · main · cd74a99 · 577a4dbc3ec144923a02b6f9",
        "  ✓ get code       1.2 s",
        "  ✗ 測試            10 s",
        "  ○ store",
        "after",
    ]
    assert SGR.search(raw)


def test_after_a_terminal_has_shrunk_the_page_begins_anew() -> None:
    stream = Tty()
    page = live.Page()
    page.event = STATES[1]
    for columns in ("80", "60", "90"):
        console(stream, "never", {**PLAIN, "COLUMNS": columns, "LINES": "24"}).print(page)
    assert stream.getvalue().count("\x1b[2J\x1b[H") == 1


@pytest.mark.parametrize(
    ("more", "usual", "line"),
    [
        ({}, 24.0, "  ━━━━━━━━━━━━━━━─────────────── usually 24 s · 12 s left"),
        ({}, 9.0, "  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ usually 9.0 s · 3.0 s longer than that"),
        ({"progress": 10}, None, "  ━━━─────────────────────────── 10 %"),
        ({"progress": None}, None, "  ✓ get code       1.2 s"),
    ],
)
def test_how_much_is_left(more: Json, usual: float | None, line: str) -> None:
    stream = Tty()
    states = [State(RUN | more, [GET_CODE, COMPILING], "")]
    seen: list[str] = []

    def events() -> Iterator[State]:
        yield from states
        seen.extend(screen(stream.getvalue(), 80, 24))

    follow.live(events(), live.Page(usual), stream, environ={**PLAIN, "COLUMNS": "80", "LINES": "24"})
    assert seen[1] == line
