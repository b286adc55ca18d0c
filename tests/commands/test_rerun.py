"""Running again: rerun, trigger --reuse, and git bisect."""

import json
import subprocess
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from tests.conftest import Checkout, Wercker
from tests.engine.stories import run as story
from tests.engine.stories import script

REPOSITORY = Path(__file__).parents[2]
SAMPLE = {
    "id": "r1",
    "status": "finished",
    "result": "failed",
    "branch": "main",
    "commitHash": "cd74a9994712960f19b4b563491f860f98fa7bb5",
    "message": "My message",
    "envVars": [{"key": "A", "value": "1"}, {"key": "B", "value": "$A/2"}],
    "sourceRun": {"id": "r0", "result": "passed"},
    "pipeline": {"id": "b" * 24, "name": "build"},
}


@pytest.fixture
def server(httpserver: HTTPServer) -> HTTPServer:
    """A server that knows that run."""
    httpserver.expect_request("/api/v3/runs/r1").respond_with_json(SAMPLE)
    return httpserver


def test_everything_is_sent_again_and_new_variables_come_last(wercker: Wercker, server: HTTPServer) -> None:
    payload = {
        "pipelineId": "b" * 24,
        "sourceRunId": "r0",
        "branch": "main",
        "commitHash": SAMPLE["commitHash"],
        "message": "My message",
        "envVars": [*SAMPLE["envVars"], {"key": "B", "value": "3"}],
    }
    again = {**SAMPLE, "id": "r2", "status": "notstarted", "result": "unknown"}
    server.expect_oneshot_request("/api/v3/runs/", method="POST", json=payload).respond_with_json(again)
    done = wercker("runs", "rerun", "r1", "-e", "B=3", WERCKER_API_URL=server.url_for("/"))
    assert done == (0, "r2\n", "triggered run r2 of build on main\n")
    server.check()


def test_a_tag_that_has_moved_is_said(wercker: Wercker, httpserver: HTTPServer) -> None:
    tagged = {**SAMPLE, "tag": "v1", "branch": "v1", "sourceRun": None, "envVars": []}
    httpserver.expect_request("/api/v3/runs/r1").respond_with_json(tagged)
    payload = {"pipelineId": "b" * 24, "tag": "v1", "message": "My message"}
    moved = {"id": "r2", "commitHash": "f" * 40}
    httpserver.expect_oneshot_request("/api/v3/runs/", method="POST", json=payload).respond_with_json(moved)
    done = wercker("runs", "rerun", "r1", WERCKER_API_URL=httpserver.url_for("/"))
    assert done == (0, "r2\n", f"note: the tag v1 has moved: this run is of {'f' * 40}\ntriggered run r2\n")


@pytest.mark.parametrize("missing", ["pipeline", "branch", "commitHash"])
def test_a_run_that_does_not_say_enough_is_not_sent_again(
    wercker: Wercker, httpserver: HTTPServer, missing: str
) -> None:
    run = {key: value for key, value in SAMPLE.items() if key != missing}
    httpserver.expect_request("/api/v3/runs/r1").respond_with_json(run)
    done = wercker("runs", "rerun", "r1", code=1, WERCKER_API_URL=httpserver.url_for("/"))
    assert done.err.startswith("wercker: the run does not say which")
    assert len(httpserver.log) == 1


def test_a_run_that_passed_is_its_own_answer_for_who_wants_failed_ones_only(
    wercker: Wercker, checkout: Checkout
) -> None:
    checkout.commit(script(one='echo "$WORD"; [ "$WORD" != bad ]'))
    passed = story(wercker, checkout).run["id"]
    done = wercker("runs", "rerun", passed, "--failed-only", "--wait", cwd=checkout.path)
    assert done == (0, f"{passed}\n", f"run {passed} passed: it is not run again\n")
    failed = story(wercker, checkout, "-e", "WORD=bad", "-m", "mine", code=10).run
    again = wercker("runs", "rerun", failed["id"], "--failed-only", "-e", "WORD=good", "--wait", cwd=checkout.path)
    run = json.loads(wercker("runs", "show", again.out.strip(), "-o", "json").out)
    assert (run["result"], run["message"], run["commitHash"]) == ("passed", "mine", failed["commitHash"])
    assert run["envVars"] == [{"key": "WORD", "value": "bad"}, {"key": "WORD", "value": "good"}]


def test_a_working_tree_runs_again_as_it_was(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(script(one="cat file"))
    (checkout.path / "file").write_text("as it was\n")
    first = story(wercker, checkout, "--worktree")
    (checkout.path / "file").unlink()
    again = wercker("runs", "rerun", first.run["id"], "--wait", cwd=checkout.path.parent).out.strip()
    assert wercker("runs", "logs", again, "--step", "one").out == "as it was\n"


def test_what_has_passed_already_is_not_run_again(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(script(one='[ "$WORD" != bad ]'))
    reuse = ("runs", "trigger", "-p", "build", "--reuse", "--wait")

    def reused(*args: str, code: int = 0) -> str:
        return wercker(*reuse, *args, cwd=checkout.path, code=code).out.strip()

    first = reused()
    assert reused() == first
    assert reused("-c", "@head") == reused("-b", "main") == first
    other = reused("-e", "WORD=x")
    assert other != first
    assert reused("-e", "WORD=x") == other
    failed = reused("-e", "WORD=bad", code=10)
    assert reused("-e", "WORD=bad", code=10) != failed
    done = wercker(*reuse, cwd=checkout.path)
    assert done.err == f"run {first} passed already, with this commit and these variables\n"
    (checkout.path / "new").write_text("")
    changed = reused("--worktree")
    assert changed != first
    assert reused("--worktree") == changed
    checkout.commit(script(one="true"), "second")
    assert reused() not in {first, changed}


def test_what_is_not_run_again_still_ends_the_events_with_its_verdict(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(script(one="true"))
    passed = story(wercker, checkout).run["id"]
    for command in (("trigger", "-p", "build", "--reuse"), ("rerun", passed, "--failed-only")):
        done = wercker("runs", *command, "--wait", "-o", "jsonl", cwd=checkout.path)
        events = [json.loads(line) for line in done.out.splitlines()]
        assert {event.pop("run") for event in events} == {passed}
        assert all(event.pop("time") for event in events)
        assert events == [
            {"event": "run", "status": "finished", "result": "passed"},
            {"event": "verdict", "status": "finished", "result": "passed", "exit": 0, "reason": "finished"},
        ]
        shown = wercker("runs", *command, "-o", "jsonl", cwd=checkout.path).out
        assert json.loads(shown)["id"] == passed


def test_a_pipeline_that_is_not_there_has_passed_nothing(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(script(one="true"))
    reuse = ("runs", "trigger", "-p", "f" * 24, "--reuse")
    done = wercker(*reuse, cwd=checkout.path, code=5)
    assert done.err.startswith("wercker: ")
    assert wercker(*reuse[:-1], cwd=checkout.path, code=5).code == 5


def test_a_server_is_sent_no_branch_called_head(wercker: Wercker, checkout: Checkout, httpserver: HTTPServer) -> None:
    commit = checkout.commit(script(one="true"))
    checkout.git("checkout", "--quiet", "--detach")
    trigger = ("runs", "trigger", "-p", "b" * 24, "-c", "@head")
    done = wercker(*trigger, cwd=checkout.path, code=2, WERCKER_API_URL=httpserver.url_for("/"))
    assert done.err == ("wercker: no branch is checked out, and a server wants the commit's\nhint: add --branch NAME\n")
    payload = {"pipelineId": "b" * 24, "branch": "main", "commitHash": commit}
    httpserver.expect_oneshot_request("/api/v3/runs/", method="POST", json=payload).respond_with_json({"id": "r2"})
    wercker(*trigger, "-b", "main", cwd=checkout.path, WERCKER_API_URL=httpserver.url_for("/"))
    httpserver.check()


def test_a_run_that_has_not_finished_is_not_known_to_have_failed(wercker: Wercker, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/api/v3/runs/r1").respond_with_json({**SAMPLE, "status": "running", "result": "unknown"})
    done = wercker("runs", "rerun", "r1", "--failed-only", code=1, WERCKER_API_URL=httpserver.url_for("/"))
    assert done.err == "wercker: run r1 has not finished\nhint: wercker runs watch, then run it again\n"
    assert len(httpserver.log) == 1


def test_the_output_that_was_asked_for_is_that_of_the_run_elsewhere(
    wercker: Wercker, checkout: Checkout, httpserver: HTTPServer
) -> None:
    commit = checkout.commit(script(one="true"))
    httpserver.expect_request("/api/v3/runs/r1").respond_with_json({**SAMPLE, "commitHash": commit})
    rerun = ("runs", "rerun", "r1", "--context", "engine", "--wait")
    for output, shown in (
        (("-o", "csv"), "field,value\n"),
        (("--json", "result"), '{\n  "result": "passed"\n}'),
        (("-q", ".result"), "passed"),
    ):
        done = wercker(*rerun, *output, cwd=checkout.path, WERCKER_API_URL=httpserver.url_for("/"))
        assert done.out.startswith(shown)


def test_a_server_alone_knows_its_newest_commit(wercker: Wercker, httpserver: HTTPServer) -> None:
    done = wercker(*("runs", "trigger", "-p", "b" * 24, "--reuse"), code=2, WERCKER_API_URL=httpserver.url_for("/"))
    assert done.err == (
        "wercker: --reuse needs --commit: the server alone knows its newest one\nhint: add --commit @head\n"
    )
    assert httpserver.log == []


def test_the_failing_run_of_a_server_comes_to_ones_own_desk(
    wercker: Wercker, checkout: Checkout, httpserver: HTTPServer
) -> None:
    commit = checkout.commit(script(one='echo "$A and $B"; false'))
    httpserver.expect_request("/api/v3/runs/r1").respond_with_json({**SAMPLE, "commitHash": commit})
    url = httpserver.url_for("/")
    rerun = ("runs", "rerun", "r1", "--context", "engine", "--wait")
    done = wercker(*rerun, cwd=checkout.path, code=10, WERCKER_API_URL=url, WERCKER_TOKEN="secret")
    assert done.err.startswith("note: its source run is not known there, and left out\ntriggered run ")
    assert [request.method for request, _ in httpserver.log] == ["GET"]
    here = done.out.strip()
    assert wercker("runs", "logs", here, "--step", "one").out == "1 and 1/2\n"
    run = json.loads(wercker("runs", "show", here, "-o", "json").out)
    assert (run["commitHash"], run["branch"], run["message"]) == (commit, "main", "My message")


def test_a_commit_that_is_not_here_has_to_be_fetched(wercker: Wercker, checkout: Checkout, server: HTTPServer) -> None:
    checkout.commit(script(one="true"))
    rerun = ("runs", "rerun", "r1", "--context", "engine")
    done = wercker(*rerun, cwd=checkout.path, code=5, WERCKER_API_URL=server.url_for("/"))
    assert done.err == (
        f"wercker: commit {SAMPLE['commitHash']} is not in this checkout\nhint: git fetch origin main\n"
    )


def test_what_is_to_be_pasted_is_quoted_and_no_option_of_git(
    wercker: Wercker, checkout: Checkout, httpserver: HTTPServer, tmp_path: Path
) -> None:
    checkout.commit(script(one="true"))
    hostile = {**SAMPLE, "branch": "main; touch PWNED", "commitHash": f"--output={tmp_path}/written"}
    httpserver.expect_request("/api/v3/runs/r1").respond_with_json(hostile)
    rerun = ("runs", "rerun", "r1", "--context", "engine")
    done = wercker(*rerun, cwd=checkout.path, code=5, WERCKER_API_URL=httpserver.url_for("/"))
    assert done.err.splitlines()[1] == "hint: git fetch origin 'main; touch PWNED'"
    assert not (tmp_path / "written").exists()


def recipe() -> str:
    """The script of the README for git bisect."""
    text = (REPOSITORY / "README.md").read_text()
    start = text.index("git bisect run")
    return text[start : text.index("```", start)].strip()


def test_the_recipe_of_the_readme_finds_the_commit(
    checkout: Checkout, environ: dict[str, str], wercker: Wercker
) -> None:
    commits = []
    for number in range(1, 9):
        broken = number >= 6
        commits.append(checkout.commit(script(test="false" if broken else "true"), f"commit {number}"))
    checkout.git("bisect", "start", commits[-1], commits[0])
    done = subprocess.run(
        ["bash", "-c", recipe()], cwd=checkout.path, env=environ, capture_output=True, text=True, check=True
    )
    assert f"{commits[5]} is the first bad commit" in done.stdout
    checkout.git("bisect", "reset")
    runs = wercker("runs", "list", cwd=checkout.path).out
    assert {line.split("\t")[1] for line in runs.splitlines()} == {"passed", "failed"}


def test_trouble_stops_the_recipe_instead_of_blaming_a_commit(checkout: Checkout, environ: dict[str, str]) -> None:
    commits = [checkout.commit(script(test="true"), f"commit {number}") for number in range(4)]
    checkout.git("bisect", "start", commits[-1], commits[0])
    down = {**environ, "WERCKER_API_URL": "http://localhost:1"}
    done = subprocess.run(["bash", "-c", recipe()], cwd=checkout.path, env=down, capture_output=True, check=False)
    assert done.returncode != 0
    assert b"first bad commit" not in done.stdout
