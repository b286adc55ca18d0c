"""Random answers through every renderer: none raises but a WerckerError, and no terminal obeys any of them."""

import contextlib
import importlib
import io
import json
import pkgutil
import random
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.hostile.conftest import OBEYED, OURS
from tests.output.screens import PLAIN, RUN, Tty, shown
from tests.output.test_follow import State
from wercker_cli import output
from wercker_cli.errors import Exit, WerckerError
from wercker_cli.output import follow, logs
from wercker_cli.output.columns import FORMATS, Json, View
from wercker_cli.output.events import Recorder
from wercker_cli.output.live import Page
from wercker_cli.output.logs import LogWriter

ANSWERS = 10_000  # objects in all; each goes through every format of one view, in a pipe and on a terminal
A_LIST = 100  # of them in one example of hypothesis, which draws what they are made of, and how they are mixed
PAGES = 5  # of a list are also shown one by one, as `show` does
MOVES = re.compile(r"\x1b\[(?:\?25[lh]|\d*[AK]|2J|H)|\r")  # of the page that is drawn over itself
DYE = "\x1b[35;7m"  # a colour that we never use: it must not come through
WIDTHS = (1, 20, 40, 80, 132, 300)


def views() -> list[tuple[str, View]]:
    """Every view that a command can show in every format, wherever in the output it is defined."""
    names = [found.name for found in pkgutil.iter_modules(output.__path__)]
    modules = [vars(importlib.import_module(f"{output.__name__}.{name}")) for name in names]
    found = {
        id(value): (name, value)
        for module in modules
        for name, value in module.items()
        if isinstance(value, View) and value.fields
    }
    return sorted(found.values(), key=lambda item: item[0])


VIEWS = dict(views())
FIELDS = sorted({field for view in VIEWS.values() for field in view.fields})
INNER = ["id", "name", "meta", "username", "owner", "key", "value", "result"]
RIGHT: Json = {
    **RUN,
    "order": 3,
    "step": "get code",
    "displayName": "get the code",
    "type": "git",
    "permissions": "public",
    "name": "build",
    "value": "1",
}

TEXTS = st.text(
    st.sampled_from(
        "\x1b\x9b\x9d\x90\x07\x9c\x08\x00[]P\\m;0?\r\n\t\x7f\u2028\u202e\u2066\ud800\udc00 a=+-@é日😀\"'|<&`/.,"
    )
    | st.characters(),
    max_size=12,
)
SPECIAL = st.sampled_from(
    [
        f"{DYE}dyed",
        "\x1b]0;title\x07",
        "\x1b[2J\x1b[H",
        "[bold]x[/bold]",
        "[/]",
        "[link=http://x]y",
        "passed",
        "failed",
        "aborted",
        "running",
        "started",
        "notstarted",
        "finished",
        "2016-07-04T11:51:25.996Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31 23:59:59.9 -2359",
        "2016-07-04 11:51:25.996688998 +0000 UTC",
    ]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.integers(-(10**40), 10**40) | st.floats() | TEXTS | SPECIAL
NESTED = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(INNER) | TEXTS, inner, max_size=3),
    max_leaves=5,
)
POOLS = st.tuples(
    st.lists(NESTED, min_size=5, max_size=25), st.lists(TEXTS, min_size=1, max_size=5), st.integers(0, 2**32)
)


def answers(values: list[Any], keys: list[str], seed: int) -> list[Json]:
    """Objects whose fields are right, missing, or any of the values, with keys that nobody knows among them."""
    mix = random.Random(seed)

    def anything(depth: int = 0) -> Any:
        if depth < 2 and mix.random() < 0.2:
            inner = {mix.choice([*INNER, *keys]): anything(depth + 1) for _ in range(3)}
            return inner if mix.random() < 0.5 else [inner, anything(depth + 1)]
        return mix.choice(values)

    def one() -> Json:
        wrong = mix.random()
        found = {field: RIGHT.get(field) if mix.random() > wrong else anything() for field in FIELDS}
        missing = mix.random() ** 2
        return {key: value for key, value in found.items() if mix.random() > missing} | {mix.choice(keys): anything()}

    return [one() for _ in range(A_LIST)]


def assert_harmless(text: str) -> None:
    """Nothing that a terminal obeys but line ends and our own colours."""
    assert DYE not in text
    assert not OBEYED.search(OURS.sub("", text).replace("\r\n", "\n"))


def test_there_are_views() -> None:
    assert {"RUN", "RUNS", "STEPS", "PIPELINES"} <= VIEWS.keys()


@pytest.mark.parametrize("name", VIEWS)
def test_every_answer_is_shown_in_every_format_and_harmless(name: str) -> None:
    view = VIEWS[name]

    @settings(
        max_examples=-(-ANSWERS // A_LIST // len(VIEWS)),
        phases=[Phase.generate],  # lists of a hundred objects shrink for an hour
        report_multiple_bugs=False,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(POOLS, st.sampled_from(WIDTHS))
    def check(pool: tuple[list[Any], list[str], int], width: int) -> None:
        items = answers(*pool)
        environ = {"TERM": "xterm-256color", "COLUMNS": str(width)}
        everything: list[Json | list[Json]] = [items, *items[:PAGES]]
        for data in everything:
            for form in FORMATS:
                for stream in (io.StringIO(), Tty()):
                    assert_harmless(shown(data, view, form, stream=stream, environ=environ))
            for stream in (io.StringIO(), Tty()):
                text = shown(data, view, stream=stream, fields=view.fields)
                assert_harmless(text)
                assert json.loads(text) is not None
            with contextlib.suppress(WerckerError):  # jq has its own limits, and says so
                assert_harmless(shown(data, view, stream=Tty(), jq=".[]?, (.. | strings), ([..] | length)"))

    check()


@settings(max_examples=30, phases=[Phase.generate], derandomize=True, database=None, deadline=None)
@given(POOLS, st.sampled_from(WIDTHS))
def test_a_run_that_is_followed_may_answer_anything(pool: tuple[list[Any], list[str], int], width: int) -> None:
    items, texts = answers(*pool), [text for text in pool[1] if text] or ["x"]
    events = [
        State(run, items[number : number + 3], texts[number % len(texts)], *what)
        for number, run in enumerate(items)
        for what in ((), (run,), (run, texts[number % len(texts)].encode("utf-8", "surrogatepass")))
    ]
    environ = {**PLAIN, "COLUMNS": str(width), "LINES": "24"}

    def recorded(stream: io.StringIO) -> None:
        recorder = Recorder("r1", stream)
        recorder.follow(events)
        recorder.verdict(Exit.DONE, "finished")

    ways: list[Callable[[io.StringIO], object]] = [
        recorded,
        lambda stream: follow.lines(events, stream),
        lambda stream: follow.live(events[:30], Page(), stream, environ=environ),
        lambda stream: logs.follow(events, LogWriter(stream, environ=environ), stamps=True),
        lambda stream: logs.follow(events[:3], LogWriter(stream, environ=environ), tail=2),
    ]
    for write in ways:
        stream = Tty()
        write(stream)
        assert_harmless(MOVES.sub("", stream.getvalue()))
    pipe = io.StringIO()
    recorded(pipe)
    assert [json.loads(line)["run"] for line in pipe.getvalue().split("\n")[:-1]]
