"""A step that takes too long, or is silent for too long, is ended; the after-steps run."""

from tests.conftest import Checkout, Wercker
from tests.engine.stories import run


def test_a_step_that_takes_too_long_fails(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(
        """
command-timeout: 0.02
build:
  steps:
    - script: {name: quick, code: "true"}
    - script: {name: slow, code: "while :; do echo tick; sleep 0.1; done"}
    - script: {name: never, code: "true"}
  after-steps:
    - script: {name: tell, code: 'echo "$WERCKER_FAILED_STEP_MESSAGE"'}
"""
    )
    story = run(wercker, checkout, code=10)
    said = "Command timed out"
    assert story.results[3:] == [
        ("quick", "passed"),
        ("slow", "failed"),
        ("never", "unknown"),
        ("store", "unknown"),
        ("wercker-init", "passed"),
        ("tell", "passed"),
    ]
    assert story.steps[4]["message"] == said
    assert story.logs["slow"].splitlines()[0] == "tick"
    assert story.logs["slow"].splitlines()[-1] == "Command timed out (the limit is 1.2 seconds)"
    assert story.logs["tell"] == f"{said}\n"


def test_a_step_that_prints_nothing_for_too_long_fails_and_its_children_end(
    wercker: Wercker, checkout: Checkout
) -> None:
    checkout.commit(
        """
no-response-timeout: 0.01
build:
  steps:
    - script: {name: mute, code: 'trap "" TERM; (trap "" TERM; echo $BASHPID; sleep 1000)'}
"""
    )
    story = run(wercker, checkout, code=10)
    assert story.steps[3]["message"] == "Command timed out after no response"
    pid, said = story.logs["mute"].splitlines()
    assert said == "Command timed out after no response (the limit is 0.6 seconds)"
    assert not is_alive(int(pid))


def is_alive(pid: int) -> bool:
    """Whether the process that printed its id still sleeps."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return b"bash" in file.read()
    except FileNotFoundError:
        return False


def test_a_time_limit_that_is_no_number_is_an_error_of_the_file(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit("build:\n  steps: []\n")
    run(wercker, checkout)
    checkout.commit("command-timeout: soon\nbuild:\n  steps: []\n")
    story = run(wercker, checkout, code=10)
    assert "command-timeout is a number of minutes, not 'soon'" in story.steps[1]["message"]
