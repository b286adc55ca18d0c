"""Steps that work against the run they are in: it ends well, or failed with a sentence, and leaves nothing."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Checkout, Wercker, wait_until
from tests.engine.stories import run, script
from tests.engine.torture.proc import belonging_to


@pytest.fixture(autouse=True)
def nothing_is_left(home: Path) -> Iterator[None]:
    """Looks for working copies and processes after each test."""
    yield
    state = home / ".local/state/wercker"
    wait_until(lambda: (os.listdir(state / "work"), os.listdir(state / "trash")) == ([], []))
    wait_until(lambda: belonging_to(home) == [])


@pytest.mark.parametrize(
    "code",
    [
        'rm -rf "$WERCKER_ROOT"',
        'cd /; mv "$WERCKER_ROOT" "$HOME/away"',
        'cd /; rm -rf "$WERCKER_ROOT"; ln -s "$WERCKER_ROOT" "$WERCKER_ROOT"',
    ],
)
def test_a_step_that_takes_the_checkout_away(wercker: Wercker, checkout: Checkout, code: str, home: Path) -> None:
    checkout.commit(script(hostile=code, next="echo here"))
    story = run(wercker, checkout, code=10)
    root = home / f".local/state/wercker/work/{story.run['id']}/source"
    assert story.results[3:] == [("hostile", "passed"), ("next", "failed"), ("store", "unknown")]
    assert story.steps[4]["message"] == f"There is no folder {root} to run in"


def test_a_step_that_takes_the_whole_working_copy_away(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(script(hostile='rm -rf "$WERCKER_PIPELINE_DIR"', next="echo here"))
    story = run(wercker, checkout, code=10)
    assert story.results[3:] == [("hostile", "passed"), ("next", "failed"), ("store", "unknown")]
    assert "failed: There is no folder " in story.logs["next"]
    assert story.steps[4]["message"] == "Command exited with exit code: 1"


@pytest.mark.parametrize(
    "code",
    [
        'mkfifo "$WERCKER_REPORT_MESSAGE_FILE"',
        'mkfifo "$WERCKER_REPORT_MESSAGE_FILE"; sleep 600 7<>"$WERCKER_REPORT_MESSAGE_FILE" &',
        'mkdir "$WERCKER_REPORT_MESSAGE_FILE"',
        'ln -s /dev/zero "$WERCKER_REPORT_MESSAGE_FILE"',
        'ln -s "$WERCKER_REPORT_MESSAGE_FILE" "$WERCKER_REPORT_MESSAGE_FILE"',
        'rm -rf "$WERCKER_REPORT_DIR"',
        'cd "$WERCKER_STEP_ROOT" && seq 2000 | xargs touch',
    ],
)
def test_a_step_that_spoils_its_report(wercker: Wercker, checkout: Checkout, code: str) -> None:
    checkout.commit(script(hostile=code, next="echo here"))
    story = run(wercker, checkout, "--timeout", "15")
    assert story.logs["next"] == "here\n"
    assert "message" not in story.steps[3]


def test_a_message_of_any_length_is_cut(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(script(hostile='head -c 50M /dev/zero | tr "\\0" x >"$WERCKER_REPORT_MESSAGE_FILE"'))
    assert run(wercker, checkout).steps[3]["message"] == "x" * 2000
