"""After-steps: they run after a pass and after a failed step, and leave the result alone."""

import json

from tests.conftest import Checkout, Wercker
from tests.engine.stories import run


def pipeline(steps: dict[str, str], after: dict[str, str]) -> str:
    """A pipeline "build" with these script steps and after-steps."""

    def written(scripts: dict[str, str]) -> str:
        return "".join(f"    - script: {json.dumps({'name': name, 'code': code})}\n" for name, code in scripts.items())

    return f"build:\n  steps:\n{written(steps)}  after-steps:\n{written(after)}"


TELL = 'echo "$WERCKER_RESULT [$WERCKER_FAILED_STEP_DISPLAY_NAME] [$WERCKER_FAILED_STEP_MESSAGE] [$MAIN]"'


def test_after_a_pass_they_run_in_a_session_of_their_own(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(pipeline({"main": "export MAIN=1; cd /"}, {"tell": TELL, "where": "info hello; pwd; cat <&0"}))
    story = run(wercker, checkout)
    assert [(step.get("displayName"), step.get("phase"), step["result"]) for step in story.steps[2:]] == [
        ("wercker-init", "mainSteps", "passed"),
        ("main", "mainSteps", "passed"),
        ("store", "mainSteps", "passed"),
        ("wercker-init", "finalSteps", "passed"),
        ("tell", "finalSteps", "passed"),
        ("where", "finalSteps", "passed"),
    ]
    assert story.logs["tell"] == "passed [] [] []\n"
    assert story.logs["where"].startswith("hello\n/")
    assert story.run["progress"] == 100


def test_after_a_failed_step_they_know_which_and_why(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(
        pipeline({"check $HOME": "fail 'no $licence `id` \"here\"'", "never": "true"}, {"tell": TELL, "next": "true"})
    )
    story = run(wercker, checkout, code=10)
    assert story.results[3:] == [
        ("check $HOME", "failed"),
        ("never", "unknown"),
        ("store", "unknown"),
        ("wercker-init", "passed"),
        ("tell", "passed"),
        ("next", "passed"),
    ]
    assert story.logs["tell"] == 'failed [check $HOME] [no $licence `id` "here"] []\n'


def test_their_own_failure_is_shown_and_changes_nothing(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(pipeline({"main": "true"}, {"breaks": "fail broken", "never": "true"}))
    story = run(wercker, checkout)
    assert story.results[5:] == [("wercker-init", "passed"), ("breaks", "failed"), ("never", "unknown")]
    assert story.steps[6]["message"] == "broken"
    assert story.run["result"] == "passed"
    watched = wercker("runs", "watch", story.run["id"], "--fail-fast", cwd=checkout.path)
    assert "breaks" in watched.out


def test_nothing_of_the_main_steps_is_alive_by_then(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(
        pipeline(
            {"main": 'sleep 1000 & echo $! >"$WERCKER_CACHE_DIR/pid"'},
            {"look": 'if kill -0 "$(<"$WERCKER_CACHE_DIR/pid")" 2>/dev/null; then echo alive; else echo gone; fi'},
        )
    )
    assert run(wercker, checkout).logs["look"] == "gone\n"


def test_after_an_abort_they_do_not_run(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(pipeline({"main": 'wercker runs abort "$WERCKER_RUN_ID"; sleep 100'}, {"never": "true"}))
    story = run(wercker, checkout, code=11)
    assert story.results[5:] == [("wercker-init", "unknown"), ("never", "unknown")]
