"""Logs on a page: their colours and nothing else to obey, their end first, their secrets never."""

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

import html5lib
import pytest
from hypothesis import given, settings
from hypothesis.strategies import binary, lists, sampled_from

from tests.engine.pages import RUNS, STEP_RUNS, STEP_WAITS, Past
from wercker_cli.engine import secrets
from wercker_cli.engine.page import log
from wercker_cli.engine.page.colours import coloured

CSS = (Path(log.__file__).parent / "page.css").read_text(encoding="utf-8")
PIECES = [
    b"\x1b",
    b"[",
    b"]",
    b"3",
    b"8",
    b";",
    b":",
    b"m",
    b"K",
    b"\r",
    b"\n",
    b"\x07",
    b"\\",
    b"<",
    b"\xc2\x9b",
    b"a",
]


@pytest.fixture
def past(tmp_path: Path) -> Iterator[Past]:
    made = Past(tmp_path / "state")
    made.application(100, "shop", "build")
    yield made
    made.store.close()


def main(past: Past, path: str = f"/runs/{1:024x}/steps/1", **query: str) -> Element:
    """What is on a page of a step."""
    body = past.get(path, **query).body.decode()
    tree: Element = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(body)
    found = tree.find(".//main")
    assert found is not None
    return found


def shown(past: Past, **query: str) -> str:
    """The text of a log, as a page has it."""
    return "".join(next(main(past, **query).iter("pre")).itertext())


def end(past: Past, **query: str) -> str:
    """What stands below a log."""
    return "".join(next(p for p in main(past, **query).iter("p") if p.attrib.get("id") == "end").itertext())


@pytest.mark.parametrize(
    ("text", "html"),
    [
        (b"plain\n", "plain\n"),
        (b'a < b & "c"', "a &lt; b &amp; &quot;c&quot;"),
        (b"\x1b[1;31mred\x1b[0m not", '<span class="bold fore-1">red</span> not'),
        (b"\x1b[31mred\x1b[39m not", '<span class="fore-1">red</span> not'),
        (b"\x1b[31m\x1b[31mone\x1b[31m span\x1b[m", '<span class="fore-1">one span</span>'),
        (b"\x1b[32mtwo\nlines\x1b[m\n", '<span class="fore-2">two\nlines</span>\n'),
        (b"\x1b[92mbright\x1b[m", '<span class="fore-10">bright</span>'),
        (b"\x1b[44mblue\x1b[49m", '<span class="back-4">blue</span>'),
        (b"\x1b[33;44mreadable\x1b[m", '<span class="back-4">readable</span>'),
        (b"\x1b[103mbright\x1b[m", '<span class="back-11">bright</span>'),
        (b"\x1b[7mturned\x1b[27m", '<span class="back-ink">turned</span>'),
        (b"\x1b[31;7mturned\x1b[m", '<span class="back-1">turned</span>'),
        (b"\x1b[44;7mturned\x1b[m", '<span class="back-ink">turned</span>'),
        (
            b"\x1b[1;2;3;4;9mall\x1b[22;23;24;29m none",
            '<span class="bold dim italic struck underlined">all</span> none',
        ),
        (b"\x1b[38;5;9mpalette\x1b[m", '<span class="fore-9">palette</span>'),
        (b"\x1b[38;5;46mcube\x1b[m", '<span class="fore-10">cube</span>'),
        (b"\x1b[38;5;240mgrey\x1b[m", '<span class="fore-8">grey</span>'),
        (b"\x1b[38;5;16mblack\x1b[m", '<span class="fore-0">black</span>'),
        (b"\x1b[38;2;128;0;0mtrue\x1b[m", '<span class="fore-1">true</span>'),
        (b"\x1b[38:2::255:255:255mtrue\x1b[m", '<span class="fore-15">true</span>'),
        (b"\x1b[48:5:4mtrue\x1b[m", '<span class="back-4">true</span>'),
        (b"\x1b[38;5mcut", "cut"),
        (b"\x1b[38;2;1;2mcut", "cut"),
        (b"\x1b[38;9;1mbold", '<span class="bold">bold</span>'),
        (b"\x1b[8;5;99;38mhidden is seen", "hidden is seen"),
        (b"\x1b[" + b"9" * 9999 + b"mhuge", "huge"),
        (b"\x1b[2J\x1b[10;5Hmoved\x1b[K\x1b7", "moved"),
        (b"\x1b]0;a title\x07said\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "saidlink"),
        (b"\x1b]0;cut\nnext", "\nnext"),
        (b"\x1bPq image\x1b\\ text", " text"),
        (b"10 %\r50 %\r100 %\r\ndone\r\n", "100 %\ndone\n"),
        (b"bell\x07 back\x08 null\x00", "bell back null"),
        ("\u202eabc\u2028\u200b".encode(), "⟨U+202E⟩abc⟨U+2028⟩⟨U+200B⟩"),
        (b"\xff\xfe bytes", "\ufffd\ufffd bytes"),
        ("日本 ✓ 👩‍👩‍👧".encode(), "日本 ✓ 👩‍👩‍👧"),
        (b"\x1b", ""),
        (b"", ""),
    ],
)
def test_colours_are_classes_and_nothing_else_is_obeyed(text: bytes, html: str) -> None:
    assert coloured(text) == html


@settings(deadline=None)
@given(lists(sampled_from(PIECES), max_size=40).map(b"".join) | binary())
def test_whatever_is_printed_is_valid(printed: bytes) -> None:
    html = coloured(printed)
    body = f"<!doctype html><title></title><pre>\n{html}</pre>"
    tree: Element = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(body)
    [pre] = tree.iter("pre")
    assert {element.tag for element in pre.iter()} <= {"pre", "span"}
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", "".join(pre.itertext()))
    names = {name for element in pre.iter("span") for name in element.attrib["class"].split()}
    assert {name for name in names if f".{name} {{" not in CSS} == set()


def test_the_end_of_a_long_log_comes_first_and_the_rest_page_by_page(past: Past) -> None:
    lines = b"".join(b"%d: %s\n" % (number, b"x" * (number % 100)) for number in range(8000))
    past.run(1, 100)
    past.step(1, 1, "talk", lines)
    assert shown(past).endswith(f"7999: {'x' * 99}\n")
    assert end(past) == "The end · 451 kB as text"
    parts = [shown(past)]
    query: dict[str, str] = {}
    while earlier := [link for link in main(past, **query).iter("a") if link.text == "Earlier lines"]:
        query = {"before": earlier[0].attrib["href"].rpartition("=")[2]}
        parts.append(shown(past, **query))
        assert end(past, **query) == "The end of the log · 451 kB as text"
    assert len(parts) == 4
    assert "".join(reversed(parts)).encode() == lines
    for nonsense in ("0", "-1", "x", "9" * 15, "9" * 30):
        assert shown(past, before=nonsense) in parts[:1]


def test_a_line_that_fills_pages_is_cut(past: Past) -> None:
    past.run(1, 100)
    past.step(1, 1, "talk", b"x" * (log.PIECE + 10))
    assert shown(past) == "x" * log.PIECE
    assert shown(past, before="10") == "x" * 10


@pytest.mark.parametrize(
    ("more", "printed", "ending"),
    [
        (STEP_WAITS, None, "The step has not started · 0 bytes as text"),
        (STEP_RUNS, b"", "The step still runs · 0 bytes as text"),
        (STEP_RUNS, b"1", "The step still runs · 1 byte as text"),
        ({}, b"", "It printed nothing · 0 bytes as text"),
        ({}, b"\n\nx", "The end · 3 bytes as text"),
    ],
)
def test_the_end_tells_how_far_a_step_is(
    past: Past, more: dict[str, object], printed: bytes | None, ending: str
) -> None:
    past.run(1, 100, **RUNS)
    past.step(1, 1, "talk", printed, **more)
    assert end(past) == ending
    assert shown(past).encode() == (printed or b"")


def test_a_step_behind_one_that_failed_did_not_run(past: Past) -> None:
    past.run(1, 100, result="failed")
    past.step(1, 1, "never", None, **STEP_WAITS)
    assert "".join(next(main(past).iter("h1")).itertext()) == "○ not run never"


def test_secrets_are_masked_on_every_page(past: Past) -> None:
    run = past.run(1, 100, **RUNS)
    secrets.keep(past.store.home, run, [{"key": "TOKEN", "value": "sesame", "protected": True}])
    past.step(1, 1, "talk", b"open sesame\nopen ses", **STEP_RUNS)
    assert shown(past) == "open ******\nopen "
    past.store.write("UPDATE runs SET status = 'finished', result = 'failed', finished_at = 0, worker = NULL")
    past.store.write("UPDATE steps SET status = 'finished', result = 'failed', finished_at = 0, message = 'no'")
    reason = next(main(past, f"/runs/{1:024x}").iter("pre"))
    assert "".join(reason.itertext()) == "open ******\nopen ses"


def test_a_run_that_failed_shows_the_last_lines_of_the_step(past: Past) -> None:
    past.run(1, 100, result="failed")
    past.step(1, 1, "fine", b"fine\n")
    past.step(1, 2, "talk", b"".join(b"%d\n" % number for number in range(100)), result="failed", message="no")
    past.step(1, 3, "after", b"after\n", result="failed", message="worse", phase="finalSteps")
    page = main(past, f"/runs/{1:024x}")
    assert "".join(next(page.iter("pre")).itertext()).split() == [str(number) for number in range(80, 100)]
    assert "".join(next(page.iter("section")).itertext()).strip().splitlines()[:2] == [
        "Why it failed",
        "Step 2, talk: no",
    ]


def test_a_run_that_passed_needs_no_reason(past: Past) -> None:
    past.run(1, 100)
    past.step(1, 1, "after", b"after\n", result="failed", message="worse", phase="finalSteps")
    page = main(past, f"/runs/{1:024x}")
    assert [section.attrib for section in page.iter("section")] == [{"aria-labelledby": "steps"}]
    assert "worse" in "".join(page.itertext())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_can_be_read(scheme: str) -> None:
    light, dark = CSS.split("@media (prefers-color-scheme: dark)")[:2]
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]+);", light if scheme == "light" else dark.partition("body {")[0]))
    assert len(colours) == 27
    for name in colours.keys() - {"ground", "box", "line"}:
        for ground in ("ground", "box"):
            assert contrast(colours[name], colours[ground]) >= 4.5, (name, ground)


def contrast(one: str, other: str) -> float:
    """The ratio of two colours, as the guidelines for accessible content count it: 4.5 is enough for text."""
    lights = sorted((_luminance(one), _luminance(other)))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
