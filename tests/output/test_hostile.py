"""Whatever JSON a server sends, every renderer shows it, and no terminal obeys it."""

import io
import re
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.output.screens import PLAIN, SGR, Tty, shown
from tests.output.test_follow import State
from tests.output.test_text import HOSTILE, OBEYED
from wercker_cli.output import follow
from wercker_cli.output.columns import FORMATS, Json, View
from wercker_cli.output.follow import failure
from wercker_cli.output.live import Page
from wercker_cli.output.logs import LogWriter
from wercker_cli.output.pipelines import PIPELINES
from wercker_cli.output.runs import RUN_WITH_ENV, RUNS
from wercker_cli.output.settings import SETTINGS
from wercker_cli.output.steps import STEPS

VIEWS = (RUNS, RUN_WITH_ENV, STEPS, PIPELINES, SETTINGS)
KEYS = sorted({field for view in VIEWS for field in view.fields} | {"meta", "username", "owner", "key"})
TIMES = st.sampled_from(["2016-07-04T11:51:25.996Z", "0001-01-01T00:00:00Z", "9999-12-31 23:59:59.9 -2359", "x"])
WORDS = st.sampled_from(["passed", "failed", "aborted", "unknown", "running", "started", "notstarted", "finished"])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | HOSTILE | TIMES | WORDS
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | HOSTILE, inner, max_size=4),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=12)
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def assert_harmless(text: str) -> None:
    """Nothing that a terminal obeys but line ends and rich's colours."""
    assert not OBEYED.search(SGR.sub("", text).replace("\r\n", "\n"))


@QUICK
@given(items=st.lists(OBJECTS, max_size=3), view=st.sampled_from(VIEWS), width=st.integers(1, 150))
def test_every_format(items: list[Json], view: View, width: int) -> None:
    everything: list[Json | list[Json]] = [items, *items]
    for name in FORMATS:
        for data in everything:
            shown(data, view, name)
            environ = {"TERM": "xterm", "COLUMNS": str(width)}
            assert_harmless(shown(data, view, name, stream=Tty(), environ=environ))
    assert_harmless(shown(items, view, stream=Tty(), fields=view.fields))
    assert_harmless(shown(items, view, stream=Tty(), jq=".[]?, (.. | strings)"))


@QUICK
@given(items=st.lists(OBJECTS, max_size=3))
def test_a_pipe_gets_a_line_an_object_with_as_many_cells(items: list[Json]) -> None:
    lines = shown(items, RUNS, "tsv").split("\n")[:-1]
    assert [line.count("\t") for line in lines] == [len(RUNS.columns) - 1] * len(items)


@QUICK
@given(run=OBJECTS, steps=st.lists(OBJECTS, max_size=5), tail=HOSTILE, size=st.integers(1, 30))
def test_following_a_run(run: Json, steps: list[Json], tail: str, size: int) -> None:
    environ: dict[str, Any] = {"TERM": "xterm", "COLUMNS": str(size * 4), "LINES": str(size)}
    changes = [
        State(run, steps, "", step, printed) for step in steps for printed in (tail.encode("utf-8", "replace"), b"")
    ]
    states = [State(run, steps, tail), *changes, State(run, steps[:1], "")]
    stream = io.StringIO()
    follow.lines(states, stream)
    assert_harmless(stream.getvalue())
    page = Page()
    page.note(tail)
    screen = Tty()
    follow.live(states, page, screen, environ=environ)
    moves = re.compile(r"\x1b\[\?25[lh]|\x1b\[[0-9]*[AK]|\r")  # what rich itself needs to draw a page again
    assert_harmless(moves.sub("", screen.getvalue()))


@QUICK
@given(step=OBJECTS, log=HOSTILE)
def test_logs_and_failures(step: Json, log: str) -> None:
    raw = log.encode("utf-8", "surrogatepass")
    for stream in (io.StringIO(), Tty()):
        failure("577a", step, raw, stream, environ=PLAIN)
        assert_harmless(stream.getvalue())
    terminal = Tty()
    writer = LogWriter(terminal, environ={"TERM": "xterm"})
    writer.heading(step)
    writer.write(raw)
    writer.end()
    assert_harmless(re.sub(r"\x1b\[[0-9;:]*m", "", terminal.getvalue()))
