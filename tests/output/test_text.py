"""Control and escape sequences go as a whole; everything else stays."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wercker_cli.output.text import clean, first_line, one_line, settled

HOSTILE = st.text(
    st.one_of(st.sampled_from("\x1b\x9b\x9d\x90\x07\x9c[]P\\m;0?\r\n\t\x7f\u202e\u2066\ud800 aé日"), st.characters())
)
OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain é 日本語 🎉", "plain é 日本語 🎉"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[2J\x1b[1;1Hgone", "gone"),
        ("\x1b[?1049h\x1b[>4;2mkeys", "keys"),
        ("a\x9b31mb", "ab"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("before\x1b]0;never ends", "before"),
        ("before\x1b]0;never ends\nnext line", "before\nnext line"),
        ("\x1bP1$tsixel\x1b\\x\x1b_apc\x1b\\y\x1b^pm\x1b\\z\x1bXsos\x1b\\", "xyz"),
        ("\x9d0;title\x9cafter", "after"),
        ("\x1bc\x1b(B\x1b7reset", "reset"),
        ("end\x1b", "end"),
        ("end\x1b[", "end"),
        ("two\x1b\x1b[0mtimes", "twotimes"),
        ("bell\x07 back\x08 del\x7f nul\x00", "bell back del nul"),
        ("\u202egnp.exe\u2066", "gnp.exe"),
        ("half \ud83d\ude00 \udc00", "half \ufffd\ufffd \ufffd"),
        ("one\r\ntwo\r\r\nthree\rfour\u2028five", "one\ntwo\nthree\nfour\nfive"),
        ("tab\tstays", "tab\tstays"),
        ("non\u00a0breaking", "non\u00a0breaking"),
    ],
)
def test_what_a_terminal_would_obey_is_removed(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_colours_of_a_log_can_stay_and_nothing_else_does() -> None:
    text = "\x1b[1;31mred\x1b[0m\x1b[2J\x1b[38:5:1mx\x1b]0;t\x07\x1b[>1m"
    assert clean(text, keep_colour=True) == "\x1b[1;31mred\x1b[0m\x1b[38:5:1mx"


def test_lines_become_blanks_where_they_are_not_kept() -> None:
    assert clean("a\nb\tc\r\nd", keep_lines=False) == "a b c d"
    assert one_line(" a \n\n\t b\r\nc ") == "a b c"


def test_the_first_line_is_the_first_one_with_something_on_it() -> None:
    assert first_line("\n \r\n\x1b[1m\nFix\tit\nbody") == "Fix it"
    assert first_line("\n\n") == ""


def test_a_progress_bar_is_what_it_was_last() -> None:
    assert settled("10%\r20%\r30%\nnext\r\n") == "30%\nnext\n"


@given(HOSTILE)
def test_whatever_the_text_nothing_to_obey_is_left(text: str) -> None:
    assert not OBEYED.search(clean(text))
    assert not OBEYED.search(settled(text))
    assert not re.search(r"[\n\t]", one_line(text) + first_line(text) + clean(text, keep_lines=False))
    assert not OBEYED.search(re.sub(r"\x1b\[[0-9;:]*m", "", clean(text, keep_colour=True)))


@given(st.text(st.characters(categories=["L", "N", "P", "S", "M"])))
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert clean(text) == text


def test_a_long_text_of_beginnings_is_cleaned_in_no_time() -> None:
    for begin in ("\x1b]", "\x9d\n", "\x1b[", "\r", "\x1b[0", " \t", " ", "\r "):
        assert len(one_line(begin * 200_000 + "\n")) <= 200_000 * len(begin)
        settled(begin * 200_000 + "\0")
