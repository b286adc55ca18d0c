"""What a terminal shows of lists and of one object."""

from typing import Any

import pytest
from rich.cells import cell_len

from tests.output.screens import RUN, SGR, in_real_terminal, on_terminal, screen, shown
from wercker_cli.output.columns import Json
from wercker_cli.output.pipelines import PIPELINES
from wercker_cli.output.runs import RUN as PAGE
from wercker_cli.output.runs import RUN_WITH_ENV, RUNS
from wercker_cli.output.settings import SETTINGS
from wercker_cli.output.steps import STEPS


def run(number: int, status: str, result: str, **more: Any) -> Json:
    """A run like RUN, with another id."""
    return {**RUN, "id": f"577a4dbc3ec144923a02b6{number:02x}", "status": status, "result": result, **more}


def step(number: int, name: str, result: str, start: str | None, end: str | None, **more: Any) -> Json:
    """A step; `start` and `end` are seconds and minutes of 11 o'clock."""
    status = "finished" if end else "running" if start else "notstarted"
    found = {"id": f"577a4dbc3ec144923a02c7{number:02x}", "order": number, "displayName": name, "result": result}
    found |= {"startedAt": f"2016-07-04T11:{start}.000Z"} if start else {}
    found |= {"finishedAt": f"2016-07-04T11:{end}.000Z"} if end else {}
    return {**found, "status": status, **more}


RUNS_OF_ALL_KINDS = [
    run(1, "notstarted", "unknown", startedAt=None, branch="main", message="日本語のコミットメッセージ、長い"),
    run(2, "running", "unknown", startedAt="2016-07-04T11:59:59Z", branch="feature/a-long-name-indeed"),
    run(3, "finished", "passed", message="🎉 [bold]markup[/bold] is text, not markup"),
    run(4, "finished", "failed", message="", pipeline={"name": "deploy"}),
    run(5, "finished", "skipped", startedAt="2016-01-01T00:00:00Z"),
]


def test_runs_fit_eighty_columns_with_whole_ids() -> None:
    assert on_terminal(RUNS_OF_ALL_KINDS, RUNS).splitlines() == [
        "ID                        RESULT     PIPELINE  BRANCH   STARTED     MESSAGE",
        "577a4dbc3ec144923a02b601  ○ pending  initial…  main                 日本語のコ…",
        "577a4dbc3ec144923a02b602  ● running  initial…  featur…  just now    My custom m…",
        "577a4dbc3ec144923a02b603  ✓ passed   initial…  master   8 min ago   🎉 [bold]ma…",
        "577a4dbc3ec144923a02b604  ✗ failed   deploy    master   8 min ago",
        "577a4dbc3ec144923a02b605  ? skipped  initial…  master   2016-01-01  My custom m…",
    ]


def test_a_wide_terminal_has_room_for_the_commit_and_the_message() -> None:
    assert on_terminal(RUNS_OF_ALL_KINDS, RUNS, 120).splitlines()[:3] == [
        "ID                        RESULT     PIPELINE       BRANCH                  COMMIT   STARTED     MESSAGE",
        "577a4dbc3ec144923a02b601  ○ pending  initial-build  main                    cd74a99              "
        "日本語のコミットメッ…",
        "577a4dbc3ec144923a02b602  ● running  initial-build  feature/a-long-name-i…  cd74a99  just now    "
        "My custom message!",
    ]


@pytest.mark.parametrize("columns", [20, 40, 50, 65, 66, 80, 90, 100, 120, 200])
def test_no_line_is_wider_than_the_terminal_and_no_id_is_cut(columns: int) -> None:
    lines = on_terminal(RUNS_OF_ALL_KINDS, RUNS, columns).splitlines()
    with_ids = lines[2::2] if columns < 66 else lines[1:]
    assert max(map(cell_len, lines)) <= max(columns, 2 + 24)
    assert all(item["id"] in line for item, line in zip(RUNS_OF_ALL_KINDS, with_ids, strict=True))


def test_steps_show_their_share_of_the_time_and_why_they_failed() -> None:
    steps = [
        step(1, "get code", "passed", "50:00", "50:10"),
        step(2, "setup environment", "passed", "50:10", "50:40"),
        step(3, "npm install in a folder", "passed", "50:40", "50:40"),
        step(10, "測試 報告", "failed", "50:40", "54:10", message="Command exited with\n\x1b[2Jexit code: 2"),
        step(11, "store", "unknown", "59:50", None),
        step(12, "later", "unknown", None, None),
    ]
    assert on_terminal(steps, STEPS).splitlines() == [
        " #  STEP               RESULT           TIME  TIMELINE  ID",
        " 1  get code           ✓ passed         10 s  ▏         577a4dbc3ec144923a02c701",
        " 2  setup environment  ✓ passed         30 s  ▍         577a4dbc3ec144923a02c702",
        " 3  npm install in a…  ✓ passed        0.0 s   ▏        577a4dbc3ec144923a02c703",
        "10  測試 報告          ✗ failed   3 min 30 s   ██▊      577a4dbc3ec144923a02c70a",
        "    Command exited with",
        "    exit code: 2",
        "11  store              ● running        10 s         ▏  577a4dbc3ec144923a02c70b",
        "12  later              ○ not run                        577a4dbc3ec144923a02c70c",
    ]


def test_a_bar_is_never_outside_of_its_column() -> None:
    times = ["00:00", "00:01", "20:00", "40:00", "59:59"]
    steps = [
        step(number, "x", "passed", start, end)
        for number, (start, end) in enumerate((start, end) for start in times for end in times)
    ]
    for columns in (60, 80, 120):
        for line in on_terminal(steps, STEPS, columns).splitlines()[1:]:
            assert len(line) == line.index("577a") + 24 <= columns


def test_a_run_is_a_page() -> None:
    assert on_terminal(RUN, PAGE).splitlines() == [
        "⊘ aborted in 8.3 s",
        "pipeline     initial-build",
        "branch       master",
        "commit       cd74a9994712960f19b4b563491f860f98fa7bb5",
        "author       tonnu",
        "message      My custom   message!",
        "",
        "             Why it is.",
        "created      2016-07-04 11:51:24 UTC · 8 min ago",
        "started      2016-07-04 11:51:25 UTC · 8 min ago",
        "finished     2016-07-04 11:51:34 UTC · 8 min ago",
        "env          STAGE, TOKEN",
        "source run   577a48b83828f9673b03e4a9",
        "application  wercker/docs",
        "id           577a4dbc3ec144923a02b6f9",
        "url          https://app.wercker.com/api/v3/runs/577a4dbc3ec144923a02b6f9",
    ]


def test_a_page_shows_secrets_only_when_it_is_asked_to() -> None:
    lines = on_terminal(RUN, RUN_WITH_ENV).splitlines()
    assert lines[11:14] == ["env          STAGE=test", "             TOKEN=a", "             b"]


def test_a_page_has_only_what_there_is() -> None:
    running = {"id": "x", "status": "running", "result": "unknown", "startedAt": "2016-07-04T11:59:00Z"}
    assert on_terminal(running, PAGE) == (
        "● running for 1 min 00 s\nstarted  2016-07-04 11:59:00 UTC · 1 min ago\nid       x\n"
    )
    assert on_terminal({}, PAGE) == "? unknown\n"


def test_a_long_line_of_a_page_is_folded_below_its_beginning() -> None:
    assert on_terminal({"id": "x", "message": "word " * 12 + "y" * 60}, PAGE, 40).splitlines()[1:] == [
        "message  word word word word word word",
        "         word word word word word word",
        "         yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
        "         yyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
        "id       x",
    ]


def test_pipelines_and_settings() -> None:
    pipeline = {"id": "5751377e7e1bd5f17f050bc4", "pipelineName": "build", "permissions": "public", "type": "git"}
    assert on_terminal([pipeline | {"createdAt": "2016-06-30T07:53:34.294Z"}], PIPELINES).splitlines() == [
        "ID                        NAME   PERMISSIONS  TYPE  CREATED",
        "5751377e7e1bd5f17f050bc4  build  public       git   4 days ago",
    ]
    assert on_terminal([{"name": "server", "value": "x" * 70, "origin": "WERCKER_API_URL"}], SETTINGS) == (
        f"NAME    VALUE{' ' * 65}  ORIGIN\nserver  {'x' * 70}  WERCKER_API_URL\n"
    )


@pytest.mark.parametrize(
    ("color", "environ", "coloured"),
    [
        ("auto", {}, True),
        ("auto", {"NO_COLOR": "1"}, False),
        ("auto", {"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}, False),
        ("auto", {"TERM": "dumb"}, False),
        ("auto", {"TERM": "dumb", "CLICOLOR_FORCE": "1"}, True),
        ("always", {"NO_COLOR": "1"}, True),
        ("never", {"CLICOLOR_FORCE": "1"}, False),
    ],
)
def test_colour_on_a_terminal(color: str, environ: dict[str, str], coloured: bool) -> None:
    from tests.output.screens import Tty

    text = shown([RUN], RUNS, stream=Tty(), color=color, environ={"TERM": "xterm", **environ})
    assert ("\x1b[33m⊘ aborted\x1b[0m" in text) is coloured
    assert ("\x1b" in text) is coloured


def test_colour_in_a_pipe_only_where_it_is_forced() -> None:
    assert "\x1b" not in shown([RUN], RUNS, "table", environ={"TERM": "xterm"})
    forced = shown([RUN], RUNS, "table", environ={"TERM": "xterm", "CLICOLOR_FORCE": "1"})
    assert SGR.sub("", forced) == shown([RUN], RUNS, "table")
    assert "\x1b[33m⊘ aborted\x1b[0m" in forced
    assert shown([RUN], RUNS, color="always") == shown([RUN], RUNS)


PROGRAM = """
import os, sys
from tests.output.test_table import RUNS_OF_ALL_KINDS
from wercker_cli.output import times
from wercker_cli.output.columns import Format
from wercker_cli.output.runs import RUNS
from wercker_cli.output.show import show
times.now = lambda: 1467633600.0
show(RUNS_OF_ALL_KINDS, RUNS, Format(), sys.stdout)
"""


@pytest.mark.parametrize("columns", [80, 120])
def test_a_real_terminal_shows_the_same_as_wide_as_it_is(columns: int) -> None:
    raw = in_real_terminal(PROGRAM, columns)
    assert screen(raw, columns) == screen(on_terminal(RUNS_OF_ALL_KINDS, RUNS, columns), columns)
    assert "\x1b[32m✓ passed" in raw
