"""Hiding secrets in logs: byte for byte, whatever part is read, and before it is whole."""

import io
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wercker_cli.engine.mask import PIECE, Mask

FEW = st.text("ab'\n", max_size=60).map(str.encode)  # few letters: secrets overlap themselves and one another
STARS = bytes.maketrans(b"abecrst", b"*" * 7)
SECRETS = st.lists(st.text("ab'\n", min_size=1, max_size=6), min_size=1, max_size=3)


def hidden(secret: str, log: str) -> str:
    """The whole log, masked."""
    data = log.encode()
    return Mask([secret]).read(io.BytesIO(data), 0, len(data)).decode()


def test_each_byte_becomes_a_star_and_line_breaks_stay() -> None:
    assert hidden("s3cret", "a s3cret and s3crets3cret, no s3cre\n") == "a ****** and ************, no s3cre\n"
    assert hidden("ü", "grün") == "gr**n"
    assert hidden("aba", "x ababa x") == "x ***** x"


def test_a_secret_of_several_lines_is_hidden_line_by_line() -> None:
    key = "-----BEGIN\n  abcdef\n}\n-----END\n"
    assert hidden(key, f"<{key}>\nabcdef\r\n}}\nEND\n") == "<**********\n********\n*\n********\n>\n******\r\n}\nEND\n"
    assert hidden("padded\n", "it is padded") == "it is ******"


def test_what_bash_makes_of_it_is_hidden_too() -> None:
    secret = 'it\'s "50$"'
    traced, listed = r"+ curl 'it'\''s " + '"50$"' + "'", r'declare -x T="it' + "'" + r's \"50\$\""'
    assert hidden(secret, traced) == "+ curl '*************'"
    assert hidden(secret, listed) == 'declare -x T="*************"'


def test_what_bash_spells_out_is_hidden_too() -> None:
    secret = "s3cr\tet\x1b-w'örd"
    for listed in (rb"declare -x T=$'s3cr\tet\E-w\'\xc3\xb6rd'", rb"declare -x T=$'s3cr\tet\E-w\'\303\266rd'"):
        said = listed.replace(b"\\xc3\\xb6", "ö".encode())
        assert Mask([secret]).read(io.BytesIO(said), 0, len(said)).strip(b"*'") == b"declare -x T=$"


def test_a_log_that_is_half_overwritten_can_be_overwritten_again(tmp_path: Path) -> None:
    secret, log = "abcdefgh", tmp_path / "log"
    text = b"x" * (PIECE - 4) + b"abcdefgh" + b"y" * PIECE + b"abcdefgh"
    log.write_bytes(text)
    left, write = [1], os.pwrite

    def once(*args: Any) -> int:
        if not left:
            raise InterruptedError
        left.pop()
        return write(*args)

    with open(log, "r+b") as file, pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "pwrite", once)
        with pytest.raises(InterruptedError):
            Mask([secret]).overwrite(file)
    with open(log, "r+b") as file:
        Mask([secret]).overwrite(file)
    assert log.read_bytes() == text.replace(b"abcdefgh", b"*" * 8)


def test_a_line_break_that_is_spelt_out_is_one() -> None:
    assert hidden(r"-----BEGIN\nabcdef", "-----BEGIN\nabcdef\n") == "**********\n******\n"


@given(SECRETS, FEW, st.integers(0, 60), st.integers(0, 60))
def test_a_part_is_masked_as_the_whole_is(secrets: list[str], log: bytes, first: int, length: int) -> None:
    whole = Mask(secrets).read(io.BytesIO(log), 0, len(log))
    assert len(whole) == len(log)
    assert Mask(secrets).read(io.BytesIO(log), first, first + length) == whole[first : first + length]


@given(SECRETS, FEW, st.lists(st.integers(1, 9)))
def test_a_follower_sees_what_a_reader_of_the_whole_does(secrets: list[str], log: bytes, pieces: list[int]) -> None:
    hiding, seen, written = Mask(secrets), b"", 0
    for piece in [*pieces, len(log)]:
        written = min(written + piece, len(log))
        so_far = io.BytesIO(log[:written])
        end = hiding.settled(so_far, written)
        assert end >= len(seen)
        seen += hiding.read(so_far, len(seen), end)
    seen += hiding.read(io.BytesIO(log), len(seen), len(log))
    assert seen == hiding.read(io.BytesIO(log), 0, len(log))


def test_a_file_is_masked_for_good_as_it_was_for_readers(tmp_path: Path) -> None:
    hiding = Mask(["abab", "secret\n"])
    for before in range(8):  # secrets lie across the border between two pieces, wherever that is
        log = (b"-" * (PIECE - before) + b"abababsecret\n") * 2 + b"aba"
        (tmp_path / "log").write_bytes(log)
        with open(tmp_path / "log", "r+b") as file:
            hiding.overwrite(file)
            assert hiding.read(file, 0, len(log)) == log.translate(STARS)[:-3] + b"aba"
        assert (tmp_path / "log").read_bytes() == log.translate(STARS)[:-3] + b"aba"
