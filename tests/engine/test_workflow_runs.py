"""Workflows as they run: what follows what, what each starts from, and how the whole ends."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Checkout, Wercker, wait_until
from tests.engine.stories import read

PIPELINES = """
build:
  steps:
    - script: {name: make, code: 'echo "built $STAGE" >"$WERCKER_OUTPUT_DIR/made"; cp -r conf "$WERCKER_OUTPUT_DIR"'}
unit:
  steps:
    - script: {name: test, code: 'cat made; ${UNIT:-true}; echo tested >"$WERCKER_OUTPUT_DIR/report"'}
lint:
  steps:
    - script: {name: look, code: 'echo "strict: $STRICT"; ${LINT:-true}'}
deploy:
  steps:
    - script: {name: show, code: 'find . -type f | sort; echo "deploy: $DEPLOY of $WERCKER_DEPLOY_ID, build: [$BUILD]"'}
"""
WORKFLOW = """
workflows:
  - name: all
    pipelines:
      - name: build
      - {name: unit, requires: [build]}
      - {name: lint, requires: [build], envFile: conf/lint.env}
      - {name: deploy, requires: [unit, lint]}
"""


@pytest.fixture
def demo(checkout: Checkout) -> Checkout:
    """A checkout with a workflow in which two runs follow the first, and one follows both."""
    (checkout.path / "conf").mkdir()
    (checkout.path / "conf/lint.env").write_text("STRICT=yes\n")
    checkout.commit(WORKFLOW + PIPELINES)
    return checkout


def runs(wercker: Wercker, checkout: Checkout) -> dict[str, dict[str, Any]]:
    """The runs of the application by the names of their pipelines."""
    found = json.loads(wercker("runs", "list", "--limit", "0", "-o", "json", cwd=checkout.path).out)
    return {run["pipeline"]["name"]: run for run in found}


def test_a_workflow_runs_to_its_end(wercker: Wercker, demo: Checkout) -> None:
    done = wercker("runs", "trigger", "--workflow", "all", "-e", "STAGE=one", "--wait", cwd=demo.path)
    made = runs(wercker, demo)
    assert {name: run["result"] for name, run in made.items()} == dict.fromkeys(
        ("build", "unit", "lint", "deploy"), "passed"
    )
    assert done.out == f"{made['build']['id']}\n"
    said = [line for line in done.err.splitlines() if line.startswith(("triggered", "run ")) and "passed" not in line]
    assert said == [
        f"triggered run {made['build']['id']} of build on main",
        f"run {made['unit']['id']} of unit follows",
        f"run {made['lint']['id']} of lint follows",
        f"run {made['deploy']['id']} of deploy follows",
    ]
    assert {name: run.get("sourceRun", {}).get("id") for name, run in made.items() if name != "deploy"} == {
        "build": None,
        "unit": made["build"]["id"],
        "lint": made["build"]["id"],
    }
    assert made["deploy"]["sourceRun"]["id"] in {made["unit"]["id"], made["lint"]["id"]}
    assert {run["workflow"]["name"] for run in made.values()} == {"all"}
    assert {run["commitHash"] for run in made.values()} == {made["build"]["commitHash"]}


def test_each_starts_from_what_those_before_it_left(wercker: Wercker, demo: Checkout) -> None:
    wercker("runs", "trigger", "--workflow", "all", "-e", "STAGE=one", "--wait", cwd=demo.path)
    made = runs(wercker, demo)
    logs = {name: read(wercker, run["id"], demo.path).logs for name, run in made.items()}
    assert logs["unit"]["test"] == "built one\n"
    assert logs["lint"]["look"] == "strict: yes\n"
    assert logs["deploy"]["show"].splitlines() == [
        "./lint/conf/lint.env",
        "./lint/made",
        "./lint/wercker.yml",
        "./unit/report",
        "./wercker.yml",
        f"deploy: true of {made['deploy']['id']}, build: []",
    ]
    assert logs["deploy"]["get code"].splitlines() == [
        f"the artifact of run {made['unit']['id']}, in the folder unit",
        f"the artifact of run {made['lint']['id']}, in the folder lint",
    ]


def test_one_of_several_artifacts_can_be_picked(wercker: Wercker, demo: Checkout) -> None:
    demo.commit(WORKFLOW.replace("[unit, lint]}", "[unit, lint], artifactPipeline: unit}") + PIPELINES)
    wercker("runs", "trigger", "--workflow", "all", "--wait", cwd=demo.path)
    story = read(wercker, runs(wercker, demo)["deploy"]["id"], demo.path)
    assert story.logs["show"].splitlines()[:2] == ["./report", "./wercker.yml"]


def test_a_failed_run_starts_nothing_behind_it_and_is_the_exit_code(wercker: Wercker, demo: Checkout) -> None:
    done = wercker("runs", "trigger", "--workflow", "all", "-e", "UNIT=false", "--wait", cwd=demo.path, code=10)
    made = runs(wercker, demo)
    assert {name: run["result"] for name, run in made.items()} == {
        "build": "passed",
        "unit": "failed",
        "lint": "passed",
    }
    assert f"hint: wercker runs logs {made['unit']['id']} --step 4" in done.err


def test_an_abort_starts_nothing_behind_it(wercker: Wercker, demo: Checkout) -> None:
    code = 'wercker runs abort "$WERCKER_RUN_ID"; sleep 100'
    demo.commit(WORKFLOW + PIPELINES.replace("cat made;", f"{code};".replace("'", "''")))
    wercker("runs", "trigger", "--workflow", "all", "--wait", cwd=demo.path, code=11)
    made = runs(wercker, demo)
    assert {name: run["result"] for name, run in made.items()} == {
        "build": "passed",
        "unit": "aborted",
        "lint": "passed",
    }


def test_without_waiting_it_goes_on_by_itself(wercker: Wercker, demo: Checkout) -> None:
    wercker("runs", "trigger", "--workflow", "all", cwd=demo.path)
    wait_until(lambda: [run["result"] for run in runs(wercker, demo).values()] == ["passed"] * 4)


def test_all_runs_are_shown_as_one_answer(wercker: Wercker, demo: Checkout) -> None:
    done = wercker("runs", "trigger", "--workflow", "all", "--wait", "-q", "[.[].pipeline.name]", cwd=demo.path)
    assert json.loads(done.out) == ["build", "unit", "lint", "deploy"]


def test_secrets_reach_what_follows_and_are_gone_at_the_end(wercker: Wercker, demo: Checkout, home: Path) -> None:
    demo.commit(WORKFLOW + PIPELINES.replace("find . -type f | sort", 'echo "${#TOKEN} $TOKEN"'))
    wercker(
        "runs", "trigger", "--workflow", "all", "--secret-env", "TOKEN", "--wait", cwd=demo.path, TOKEN="hunter2hunter2"
    )
    made = runs(wercker, demo)
    assert read(wercker, made["deploy"]["id"], demo.path).logs["show"].splitlines()[0] == f"14 {'*' * 14}"
    wait_until(lambda: not any((home / ".local/state/wercker/secrets").iterdir()))


def test_the_working_tree_can_be_what_a_workflow_begins_with(wercker: Wercker, demo: Checkout) -> None:
    (demo.path / "wercker.yml").write_text(
        "workflows:\n  - {name: new, pipelines: [{name: one}, {name: two, requires: [one]}]}\n"
        "one:\n  steps: []\ntwo:\n  steps: []\n"
    )
    wercker("runs", "trigger", "--workflow", "new", "--worktree", "--wait", cwd=demo.path)
    assert {name: run["result"] for name, run in runs(wercker, demo).items()} == {"one": "passed", "two": "passed"}


@pytest.mark.parametrize(
    ("workflows", "args", "code", "sentence"),
    [
        (WORKFLOW, ("--workflow", "nightly"), 1, "has no workflow 'nightly'; it has: all"),
        ("", ("--workflow", "all"), 1, "has no workflow 'all'; it has: none"),
        (WORKFLOW.replace("[build]", "[deploy]"), ("--workflow", "all"), 1, "goes round in a circle"),
        (WORKFLOW + "      - {name: nope, requires: [build]}\n", ("--workflow", "all"), 1, "no pipeline 'nope'"),
        (WORKFLOW, ("--workflow", "all", "-p", "build"), 2, "--workflow and --pipeline exclude each other"),
        (WORKFLOW, ("--workflow", "all", "--reuse"), 2, "--workflow and --reuse exclude each other"),
        (
            WORKFLOW,
            ("--workflow", "all", "--source-run", "a" * 24),
            2,
            "--workflow and --source-run exclude each other",
        ),
    ],
)
def test_what_cannot_run_is_refused_before_anything_does(
    wercker: Wercker, checkout: Checkout, home: Path, workflows: str, args: tuple[str, ...], code: int, sentence: str
) -> None:
    checkout.commit(PIPELINES)
    wercker("pipelines", "list", cwd=checkout.path)
    checkout.commit(workflows + PIPELINES)
    assert sentence in wercker("runs", "trigger", *args, cwd=checkout.path, code=code).err
    store = sqlite3.connect(home / ".local/state/wercker/wercker.db")
    assert store.execute("SELECT count(*) FROM runs").fetchone() == (0,)
    assert store.execute("SELECT count(*) FROM workflows").fetchone() == (0,)


def test_the_file_of_variables_may_be_of_the_commit_where_the_artifact_lacks_it(
    wercker: Wercker, demo: Checkout
) -> None:
    demo.commit(WORKFLOW + PIPELINES.replace('; cp -r conf "$WERCKER_OUTPUT_DIR"', ""))
    wercker("runs", "trigger", "--workflow", "all", "--wait", cwd=demo.path)
    assert read(wercker, runs(wercker, demo)["lint"]["id"], demo.path).logs["look"] == "strict: yes\n"


def test_a_file_of_variables_that_is_nowhere_fails_the_run(wercker: Wercker, demo: Checkout) -> None:
    demo.commit(WORKFLOW.replace("lint.env", "no.env") + PIPELINES)
    wercker("runs", "trigger", "--workflow", "all", "--wait", cwd=demo.path, code=10)
    story = read(wercker, runs(wercker, demo)["lint"]["id"], demo.path)
    assert story.steps[1]["message"] == "there is no conf/no.env, which the workflow names as 'envFile'"


def test_names_that_are_the_same_as_folders_get_two(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(
        "workflows:\n  - name: all\n    pipelines: [{name: one}, {name: a/b, pipelineName: two, requires: [one]}, "
        "{name: a-b, pipelineName: two, requires: [one]}, {name: .git, pipelineName: two, requires: [one]}, "
        "{name: all, pipelineName: three, requires: [a/b, a-b, .git]}]\n"
        "one:\n  steps: []\ntwo:\n  steps: []\nthree:\n  steps:\n    - script: {name: show, code: ls -A}\n"
    )
    wercker("runs", "trigger", "--workflow", "all", "--wait", cwd=checkout.path)
    story = read(wercker, runs(wercker, checkout)["three"]["id"], checkout.path)
    assert story.logs["show"].split() == ["_.git", "a-b", "a-b-", "wercker.yml"]


def test_a_run_that_no_trigger_of_its_pipeline_could_make_is_not_run_again(wercker: Wercker, demo: Checkout) -> None:
    wercker("runs", "trigger", "--workflow", "all", "--wait", cwd=demo.path)
    made = runs(wercker, demo)
    for name in ("deploy", "lint"):
        assert wercker("runs", "rerun", made[name]["id"], cwd=demo.path, code=1).err == (
            f"wercker: run {made[name]['id']} has of its workflow 'all' what no trigger of its pipeline alone can give "
            "it\nhint: wercker runs trigger --workflow all\n"
        )
    wercker("runs", "rerun", made["unit"]["id"], "--wait", cwd=demo.path)


def test_with_fail_fast_nothing_more_is_waited_for(wercker: Wercker, demo: Checkout) -> None:
    args = ("-e", "UNIT=false", "-e", "LINT=sleep 600", "--wait", "--fail-fast")
    done = wercker("runs", "trigger", "--workflow", "all", *args, cwd=demo.path, code=10)
    assert f"hint: wercker runs logs {runs(wercker, demo)['unit']['id']} --step 4\n" in done.err
    wercker("runs", "abort", runs(wercker, demo)["lint"]["id"], cwd=demo.path)


def test_a_link_to_the_file_and_an_empty_pipeline_beside_it(wercker: Wercker, checkout: Checkout) -> None:
    (checkout.path / "ci").mkdir()
    (checkout.path / "ci/real.yml").write_text(WORKFLOW.replace("name: unit", "name: empty") + PIPELINES + "empty:\n")
    (checkout.path / "wercker.yml").symlink_to("ci/real.yml")
    checkout.git("add", "--all")
    checkout.git("commit", "--quiet", "-m", "a link")
    done = wercker("runs", "trigger", "--workflow", "all", "--wait", cwd=checkout.path, code=1)
    assert "requires 'unit', which workflow 'all' does not have" in done.err


def test_the_last_word_is_about_the_whole(wercker: Wercker, demo: Checkout) -> None:
    args = ("runs", "trigger", "--workflow", "all", "--wait", "-e", "UNIT=false")
    done = wercker(*args, cwd=demo.path, code=10)
    unit = runs(wercker, demo)["unit"]["id"]
    assert done.err.splitlines()[-1] == f"workflow all: run {unit} of unit failed"
    done = wercker(*args, "-o", "jsonl", cwd=demo.path, code=10)
    *_, last = (json.loads(line) for line in done.out.splitlines())
    assert (last["event"], last["exit"], last["result"], last["reason"]) == ("verdict", 10, "failed", "workflow")
    done = wercker("runs", "trigger", "--workflow", "all", "--wait", cwd=demo.path)
    assert done.err.splitlines()[-1] == "workflow all: all passed"


def test_the_newest_run_can_be_the_source(wercker: Wercker, demo: Checkout) -> None:
    wercker("runs", "trigger", "-p", "build", "--wait", cwd=demo.path)
    built = wercker("runs", "list", "-o", "id", cwd=demo.path).out.strip()
    wercker("runs", "trigger", "-p", "unit", "--source-run", "@latest", "--wait", cwd=demo.path)
    assert runs(wercker, demo)["unit"]["sourceRun"]["id"] == built
