"""Logs: bytes in a pipe, clean text with its colours on a terminal, wherever the pieces are cut."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.output.screens import PLAIN, Tty
from wercker_cli.output.logs import LONGEST, LogWriter
from wercker_cli.output.text import settled

LOG = "\x1b[1;32mgrün\x1b[0m\x1b[2J 日本\r\n10%\r20%\r100%\n\x1b]0;title\x07last \x1b[31mred".encode() + b"\xff"
COLOURED = "\x1b[1;32mgrün\x1b[0m 日本\n100%\nlast \x1b[31mred\ufffd\n\x1b[0m"
STEP = {"step": "get\x1b[2J code", "status": "finished", "result": "passed", "startedAt": "2016-07-04T11:51:26.035Z"}


def written(pieces: list[bytes], stream: io.StringIO, **environ: str) -> str:
    """What a terminal gets of these pieces."""
    writer = LogWriter(stream, environ={"TERM": "xterm", **environ})
    for piece in pieces:
        writer.write(piece)
    writer.end()
    return stream.getvalue()


def test_a_pipe_gets_the_bytes_as_they_are() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    stream.write("before\n")
    writer = LogWriter(stream, color="always", environ={})
    writer.heading(STEP)
    writer.write(LOG[:7])
    writer.write(LOG[7:])
    writer.end()
    assert raw.getvalue() == b"before\n" + LOG


def test_a_stream_of_text_gets_text() -> None:
    assert written([LOG[:8], LOG[8:]], io.StringIO()) == LOG.decode(errors="replace")


@pytest.mark.parametrize("cut", range(len(LOG) + 1))
def test_a_terminal_gets_clean_text_wherever_the_log_is_cut(cut: int) -> None:
    assert written([LOG[:cut], LOG[cut:]], Tty()) == COLOURED


def test_a_terminal_without_colours_gets_none() -> None:
    assert written([LOG], Tty(), NO_COLOR="1") == "grün 日本\n100%\nlast red\ufffd\n"


def test_lines_are_written_as_they_come_and_long_ones_are_not_waited_for() -> None:
    stream = Tty()
    writer = LogWriter(stream, environ=PLAIN)
    writer.write(b"one\ntwo")
    assert stream.getvalue() == "one\n"
    writer.write(b"\n" + b"x" * (LONGEST + 1))
    assert stream.getvalue() == "one\ntwo\n" + "x" * (LONGEST + 1)


def test_one_log_begins_anew_after_another() -> None:
    stream = Tty()
    writer = LogWriter(stream, environ={"TERM": "xterm"})
    for piece in (b"\x1b[31m\xe6", b"", b"next\n"):
        writer.write(piece)
        writer.end()
    assert stream.getvalue() == "\x1b[31m\ufffd\n\x1b[0mnext\n"


def test_a_heading_is_for_a_terminal() -> None:
    stream = Tty()
    LogWriter(stream, environ=PLAIN).heading({**STEP, "finishedAt": "2016-07-04T11:51:29.035Z"})
    assert stream.getvalue() == "✓ get code · 3.0 s\n"


@given(st.lists(st.binary() | st.sampled_from([b"\x1b[", b"31m", b"\n", b"\r", b"\xe6\x97", b"\xa5", b"\x1b]0;"])))
def test_the_pieces_do_not_matter(pieces: list[bytes]) -> None:
    text = settled(b"".join(pieces).decode(errors="replace"))
    expected = text + "\n" if b"".join(pieces) and not text.endswith("\n") else text
    assert written(pieces, Tty(), NO_COLOR="1").rstrip("\n") == expected.rstrip("\n")
