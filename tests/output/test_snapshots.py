"""Screens as people see them, to be looked at: tests/output/snapshots/, a file a width.

After a change that is meant: .venv/bin/python -m tests.output.test_snapshots, and read the difference.
"""

from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.output.conftest import NOW
from tests.output.screens import RUN, in_real_terminal, on_terminal, screen
from tests.output.test_table import RUNS_OF_ALL_KINDS, run, step
from wercker_cli.output import times
from wercker_cli.output.pipelines import PIPELINES
from wercker_cli.output.runs import RUN as PAGE
from wercker_cli.output.runs import RUNS, compared
from wercker_cli.output.steps import STEPS

SNAPSHOTS = Path(__file__).parent / "snapshots"
WIDTHS = (40, 50, 65, 80, 120, 300)
COMBINING = "e\u0301" * 24  # an e and an acute accent each

ARABIC = "مرحبا بالعالم هذا نص طويل"

RUNS_IN_ALL_SCRIPTS = [
    *RUNS_OF_ALL_KINDS,
    run(6, "finished", "passed", branch="שלום-עולם", message=f"{ARABIC}، {ARABIC}"),
    run(7, "finished", "failed", branch="日本語のブランチの名前", message=f"{COMBINING} combining"),
    run(8, "running", "unknown", startedAt="2016-07-04T11:00:00Z", message="👩‍👩‍👧‍👦 👍🏽 🇩🇪 ❤️ emoji in parts"),
]
STEPS_IN_ALL_SCRIPTS = [
    step(1, "get code", "passed", "50:00", "50:10"),
    step(2, "setup environment", "passed", "50:10", "50:40"),
    step(3, "npm install in a folder that is far away", "passed", "50:40", "50:40"),
    step(4, COMBINING, "aborted", "50:40", "50:41"),
    step(10, "測試 報告", "failed", "50:40", "54:10", message="Command exited with exit code: 2, كما هو متوقع"),
    step(11, "👩‍👩‍👧‍👦 test", "unknown", "59:50", None),
    step(12, "later", "unknown", None, None),
]
PIPELINE = {"id": "5751377e7e1bd5f17f050bc4", "name": "build", "permissions": "public", "type": "git"}


def screens(columns: int) -> str:
    """What a terminal of that width shows, one screen below the other."""
    shown = {
        "runs list": on_terminal(RUNS_IN_ALL_SCRIPTS, compared({RUNS_IN_ALL_SCRIPTS[-2]["id"]}), columns),
        "runs steps": on_terminal(STEPS_IN_ALL_SCRIPTS, STEPS, columns),
        "runs show": on_terminal(RUN, PAGE, columns),
        "pipelines list": on_terminal([PIPELINE | {"createdAt": RUN["createdAt"]}], PIPELINES, columns),
    }
    return "\n".join(f"$ wercker {command}\n{text}" for command, text in shown.items())


@pytest.mark.parametrize("columns", WIDTHS)
def test_a_screen_is_the_one_that_was_looked_at(columns: int) -> None:
    assert screens(columns) == (SNAPSHOTS / f"{columns}-columns.txt").read_text(encoding="utf-8")


def test_no_line_is_wider_than_the_terminal() -> None:
    for columns in (*range(40, 101), *range(110, 301, 10)):
        assert max(map(cell_len, screens(columns).splitlines())) <= columns


PROGRAM = """
import os, sys
from tests.output.test_table import RUNS_OF_ALL_KINDS
from wercker_cli.output import times
from wercker_cli.output.columns import Format
from wercker_cli.output.runs import RUNS
from wercker_cli.output.show import show
if not os.environ["TERM"]:
    del os.environ["TERM"]
times.now = lambda: 1467633600.0
show(RUNS_OF_ALL_KINDS, RUNS, Format(), sys.stdout)
"""


@pytest.mark.parametrize(
    "environ",
    [
        {"TERM": "dumb"},
        {"TERM": ""},
        {"TERM": "unknown"},
        {"TERM": "vt100", "NO_COLOR": "1"},
        {"TERM": "dumb", "LANG": "C"},
        {"TERM": "dumb", "LC_ALL": "C"},
    ],
    ids=str,
)
@pytest.mark.parametrize("columns", [50, 80])
def test_any_terminal_shows_the_same(environ: dict[str, str], columns: int) -> None:
    raw = in_real_terminal(PROGRAM, columns, 24, **environ)
    assert screen(raw, columns) == on_terminal(RUNS_OF_ALL_KINDS, RUNS, columns).splitlines()
    assert "\x1b" not in raw


def test_a_terminal_that_lacks_characters_shows_what_it_can() -> None:
    raw = in_real_terminal(PROGRAM, 80, TERM="dumb", PYTHONIOENCODING="ascii")
    assert screen(raw) == [
        "ID                        RESULT     PIPELINE  BRANCH   STARTED     MESSAGE",
        "577a4dbc3ec144923a02b601  . pending  initial~  main                 ?????~",
        "577a4dbc3ec144923a02b602  * running  initial~  featur~  just now    My custom m~",
        "577a4dbc3ec144923a02b603  + passed   initial~  master   8 min ago   ? [bold]ma~",
        "577a4dbc3ec144923a02b604  x failed   deploy    master   8 min ago",
        "577a4dbc3ec144923a02b605  ? skipped  initial~  master   2016-01-01  My custom m~",
    ]


if __name__ == "__main__":
    times.now = lambda: times.parse(NOW) or 0.0
    for width in WIDTHS:
        (SNAPSHOTS / f"{width}-columns.txt").write_text(screens(width), encoding="utf-8")
