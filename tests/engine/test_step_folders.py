"""Steps that are kept in folders: where they are looked for, and what they are given."""

import os
from pathlib import Path

import pytest

from tests.conftest import Checkout, Wercker
from tests.engine.stories import run

BUILD = "build:\n  steps:\n"


def step(folder: Path, **files: str) -> None:
    """Writes a step's folder: `run_sh` is its run.sh, and so on."""
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)


def test_a_step_of_the_checkout_runs_in_the_shell_that_all_steps_share(wercker: Wercker, checkout: Checkout) -> None:
    step(
        checkout.path / "steps/greet",
        init_sh="GREETING=hello\n",
        run_sh=(
            'false\necho "$GREETING $WERCKER_GREET_WHO from $WERCKER_STEP_OWNER/$WERCKER_STEP_NAME"\n'
            'cat "$WERCKER_STEP_ROOT/word"\npwd\n'
        ),
        word="a word\n",
    )
    checkout.commit(
        BUILD
        + "    - script: {name: before, code: export PERSON=you}\n"
        + "    - 'acme/greet \"file://steps/greet\"': {who: $PERSON, name: say hello, cwd: steps}\n"
        + "    - script: {name: after, code: 'echo \"$GREETING\"'}\n"
    )
    story = run(wercker, checkout)
    *lines, folder = story.logs["say hello"].splitlines()
    assert lines == ["hello you from acme/greet", "a word"]
    assert folder.endswith("/source/steps")
    assert story.logs["after"] == "hello\n"


def test_the_checkout_comes_before_the_steps_path_and_that_before_the_built_in_ones(
    wercker: Wercker, checkout: Checkout, tmp_path: Path
) -> None:
    for place in ("first", "second"):
        for name in ("acme/deploy", "wercker/npm-test", "acme/other"):
            step(tmp_path / place / name, run_sh=f"echo {place} {name}\n")
    step(checkout.path / ".wercker/steps/acme/deploy", run_sh="echo the checkout\n")
    checkout.commit(BUILD + "    - acme/deploy@1.2.3\n    - npm-test\n    - acme/other: {}\n")
    path = f"{tmp_path}/nowhere:{tmp_path}/first:{tmp_path}/second"
    done = wercker("runs", "trigger", "-p", "build", "--wait", cwd=checkout.path, WERCKER_STEPS_PATH=path)
    logs = wercker("runs", "logs", done.out.strip(), cwd=checkout.path).out
    assert [line for line in logs.splitlines() if line.startswith(("first", "second", "the checkout"))] == [
        "the checkout",
        "first wercker/npm-test",
        "first acme/other",
    ]


def test_a_step_changes_nothing_outside_of_its_run(wercker: Wercker, checkout: Checkout, tmp_path: Path) -> None:
    step(
        tmp_path / "mine",
        run_sh='echo changed >"$WERCKER_STEP_ROOT/word"; cat "$WERCKER_STEP_ROOT/word"\n',
        word="mine\n",
    )
    checkout.commit(BUILD + f'    - mine "file://{tmp_path}/mine"\n')
    assert run(wercker, checkout).logs["mine"] == "changed\n"
    assert (tmp_path / "mine/word").read_text() == "mine\n"


def test_a_step_yml_declares_properties(wercker: Wercker, checkout: Checkout) -> None:
    step(
        checkout.path / ".wercker/steps/wercker/show",
        run_sh="env | grep ^WERCKER_SHOW_ | sort\n",
        step_yml="""
name: show
properties:
  - {name: key-id, type: string, required: true}
  - {name: mode, default: 0755}
  - {name: nothing, default: ""}
  - {name: emptied, default: full}
  - {name: not-given}
  - {name: expanded, default: $HOME_OF/lib}
""",
    )
    checkout.commit(
        BUILD
        + "    - script: {code: export HOME_OF=/opt}\n"
        + "    - show: {key_id: 010, emptied: '', undeclared: 'a  b'}\n"
    )
    assert run(wercker, checkout).logs["show"].splitlines() == [
        "WERCKER_SHOW_EMPTIED=",
        "WERCKER_SHOW_EXPANDED=/opt/lib",
        "WERCKER_SHOW_KEY_ID=010",
        "WERCKER_SHOW_MODE=0755",
        "WERCKER_SHOW_NOTHING=",
        "WERCKER_SHOW_UNDECLARED=a  b",
    ]


def test_a_required_property_that_is_missing_fails_the_step_before_it_starts(
    wercker: Wercker, checkout: Checkout
) -> None:
    step(
        checkout.path / ".wercker/steps/acme/send",
        run_sh="echo sent\n",
        step_yml="properties:\n  - name: channel-name\n    required: true\n",
    )
    checkout.commit(BUILD + "    - script: {name: first, code: echo ran}\n    - acme/send\n")
    story = run(wercker, checkout, code=10)
    assert story.results[3:5] == [("first", "passed"), ("send", "failed")]
    assert story.steps[4]["message"] == "The property 'channel-name' of step 'send' is required, and was not given"
    assert "sent" not in story.logs["send"]


@pytest.mark.parametrize(
    ("files", "result", "printed"),
    [
        ({"readme": "nothing to run"}, "passed", ""),
        ({"run_sh": "echo in; return 0; echo not here"}, "passed", "in\n"),
        ({"run_sh": "echo in; return 3"}, "failed", "in\n"),
        ({"run_sh": "echo in; false"}, "failed", "in\n"),
        ({"run_sh": "echo never", "init_sh": "return 1"}, "failed", ""),
    ],
)
def test_what_counts_is_the_status_of_the_sourced_file(
    wercker: Wercker, checkout: Checkout, files: dict[str, str], result: str, printed: str
) -> None:
    step(checkout.path / "it", **files)
    checkout.commit(BUILD + '    - it "file://it"\n')
    story = run(wercker, checkout, code=0 if result == "passed" else 10)
    assert story.results[3] == ("it", result)
    assert story.logs["it"] == printed


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        (
            "acme/deploy@1.2: {key: value}",
            "wercker.yml, line 4: step 'acme/deploy' is nowhere to be found (looked in .wercker/steps/acme/deploy): "
            "write its commands as the 'code' of a 'script' step, or put a folder with its run.sh there",
        ),
        (
            "hipchat-notify",
            "wercker.yml, line 4: step 'hipchat-notify' is nowhere to be found (looked in "
            ".wercker/steps/wercker/hipchat-notify, among the built-in ones): "
            "write its commands as the 'code' of a 'script' step, or put a folder with its run.sh there",
        ),
        (
            'it "file://steps/it"',
            "wercker.yml, line 4: step 'it' is nowhere to be found (looked in steps/it): "
            "write its commands as the 'code' of a 'script' step, or put a folder with its run.sh there",
        ),
        (
            "internal/docker-push: {tag: latest}",
            "wercker.yml, line 4: step 'internal/docker-push' works on a container, and steps run on this machine "
            "here: write its commands as the 'code' of a 'script' step",
        ),
        (
            "wercker/..",
            "wercker.yml, line 4: step '..' is nowhere to be found: "
            "write its commands as the 'code' of a 'script' step, or put a folder with its run.sh there",
        ),
    ],
)
@pytest.mark.parametrize("where", ["steps", "after-steps"])
def test_a_step_that_cannot_be_had_fails_the_run_before_any_step(
    wercker: Wercker, checkout: Checkout, written: str, sentence: str, where: str
) -> None:
    steps = f"  steps:\n    - script: {{code: 'true'}}\n    - {written}\n"
    checkout.commit(f"build:\n{steps}" if where == "steps" else f"build:\n{steps.replace('steps:', 'after-steps:', 1)}")
    story = run(wercker, checkout, code=10)
    assert story.results == [("get code", "passed"), ("setup environment", "failed")]
    assert story.steps[1]["message"] == sentence


def test_a_step_whose_folder_the_ignore_file_matches_is_not_there(wercker: Wercker, checkout: Checkout) -> None:
    step(checkout.path / "steps/it", run_sh="echo ran\n")
    (checkout.path / ".werckerignore").write_text("steps/\n")
    checkout.commit(BUILD + '    - it "file://steps/it"\n')
    assert "nowhere to be found (looked in steps/it)" in run(wercker, checkout, code=10).steps[1]["message"]


def test_a_folder_that_cannot_be_copied_is_a_sentence(wercker: Wercker, checkout: Checkout, tmp_path: Path) -> None:
    step(tmp_path / "mine", run_sh="echo ran\n")
    os.mkfifo(tmp_path / "mine/pipe")
    checkout.commit(BUILD + f'    - mine "file://{tmp_path}/mine"\n')
    assert f"`{tmp_path}/mine/pipe` is a named pipe" in run(wercker, checkout, code=10).steps[1]["message"]
