"""What a run does: real bash in a real checkout, seen through the command line."""

import json
import os
import subprocess
import tarfile
from pathlib import Path

from tests.conftest import WERCKER, Checkout, Wercker, wait_until
from tests.engine.serving import both_ways, in_process
from tests.engine.stories import WITHOUT_POWERS, read, run, script

wercker = both_ways


def test_a_run_passes_through_all_of_its_steps(wercker: Wercker, checkout: Checkout) -> None:
    commit = checkout.commit(script(compile="echo compiled", test="echo tested >&2"), "subject\n\nbody")
    story = run(wercker, checkout)
    assert story.results == [
        ("get code", "passed"),
        ("setup environment", "passed"),
        ("wercker-init", "passed"),
        ("compile", "passed"),
        ("test", "passed"),
        ("store", "passed"),
    ]
    assert story.logs["compile"] == "compiled\n"
    assert story.logs["test"] == "tested\n"
    assert [step["order"] for step in story.steps] == [1, 2, 3, 4, 5, 6]
    assert [step.get("phase") for step in story.steps] == [None, None, *["mainSteps"] * 4]
    assert story.run["commitHash"] == commit
    assert story.run["branch"] == "main"
    assert story.run["message"] == "subject\n\nbody"
    assert (story.run["status"], story.run["result"], story.run["progress"]) == ("finished", "passed", 100)
    assert story.run["application"]["name"] == "demo"
    assert story.run["application"]["owner"]["name"] == "local"


def test_a_failed_step_fails_the_run_and_ends_it_there(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(script(boom="echo before; false; echo after", never="echo never"))
    story = run(wercker, checkout, code=10)
    assert story.results[3:] == [("boom", "failed"), ("never", "unknown"), ("store", "unknown")]
    assert story.logs["boom"] == "before\n"
    assert story.steps[3]["message"] == "Command exited with exit code: 1"
    assert story.steps[4]["status"] == "notstarted"
    assert story.run["result"] == "failed"


def test_all_steps_share_one_shell_but_not_its_errexit(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(
        script(
            first="export A=1; f() { echo from f; }; cd /; set -u",
            second='f; echo "$A $0 $#"; pwd; [[ $- == *u* ]] && echo still u; cat',
            third="#!/bin/sh\nfalse\necho goes on",
        )
    )
    story = run(wercker, checkout)
    first, shell, place, option = story.logs["second"].splitlines()
    assert (first, shell, option) == ("from f", "1 /bin/bash 0", "still u")
    assert place.endswith("/source")
    assert story.logs["third"] == "goes on\n"


def test_exit_0_passes_the_step_and_the_next_one_gets_a_new_shell(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(script(leaves="A=1; exit 0; echo not this", next='echo "A=[$A] $WERCKER"'))
    story = run(wercker, checkout)
    assert story.logs["leaves"] == "'exit 0' ended the shell that all steps share: the next step gets a new one\n"
    assert story.logs["next"] == "A=[] true\n"


def test_exit_codes_and_signals_are_told(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(script(leaves="exit 7"))
    assert run(wercker, checkout, code=10).steps[3]["message"] == "Command exited with exit code: 7"
    checkout.commit(script(dies="kill -9 $$"))
    assert run(wercker, checkout, code=10).steps[3]["message"] == "Command exited with exit code: 137 (SIGKILL)"


def test_a_step_says_why_it_failed(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(script(check='fail "no <b>licence</b> in $PWD/x"'))
    story = run(wercker, checkout, code=10)
    assert story.steps[3]["message"].startswith("no <b>licence</b> in /")
    assert "failed: no <b>licence</b>" in story.logs["check"]


def test_return_stops_a_step_early(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(script(early="echo a; return 0; echo b", late="return 3"))
    story = run(wercker, checkout, code=10)
    assert story.logs["early"] == "a\n"
    assert story.steps[4]["message"] == "Command exited with exit code: 3"


def test_a_step_runs_where_its_cwd_says(wercker: Wercker, checkout: Checkout) -> None:
    (checkout.path / "src" / "a").mkdir(parents=True)
    (checkout.path / "src" / "a" / "f").write_text("")
    checkout.commit(
        'build:\n  steps:\n    - script: {name: set, code: "export D=a"}\n'
        "    - script: {name: in, cwd: src/$D, code: ls}\n    - script: {name: lost, cwd: nowhere, code: ls}\n"
    )
    story = run(wercker, checkout, code=10)
    assert story.logs["in"] == "f\n"
    assert story.steps[5]["result"] == "failed"
    assert story.steps[5]["message"] == "There is no folder nowhere to run in"


def test_env_vars_come_last_in_their_order_and_run_nothing(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(script(show='printf "%s|" "$A" "$B" "$C" "$WERCKER_GIT_BRANCH"'))
    variables = ["A=x", 'B=$A/lib ${A} $(id) `id` "q" \\ $1 =', "A=two\nlines", "WERCKER_GIT_BRANCH=mine"]
    story = run(wercker, checkout, *(word for variable in variables for word in ("-e", variable)), "-e", "C=$B$A")
    b = 'x/lib x $(id) `id` "q" \\ $1 ='
    assert story.logs["show"] == f"two\nlines|{b}|{b}two\nlines|mine|"
    assert [variable["key"] for variable in story.run["envVars"]] == ["A", "B", "A", "WERCKER_GIT_BRANCH", "C"]


@in_process
def test_a_run_sees_its_variables_and_nothing_else_of_ours(wercker: Wercker, checkout: Checkout, home: Path) -> None:
    commit = checkout.commit(script(show="env -0"))
    checkout.git("remote", "add", "origin", "git@github.com:acme/site.git")
    done = wercker("runs", "trigger", "-p", "build", "-w", cwd=checkout.path, SECRET="hidden", WERCKER_TOKEN="t0ken")
    story = read(wercker, done.out.strip(), checkout.path)
    seen = dict(line.split("=", 1) for line in story.logs["show"].split("\0") if line)
    work = str(home / f".local/state/wercker/work/{story.run['id']}")
    step = f"{work}/report/{story.steps[3]['id']}"
    assert seen.pop("WERCKER_SESSION") == story.run["id"]  # the mark by which leftovers are found
    for name in ("SHLVL", "_", "PWD", "OLDPWD", "PATH", "WERCKER_MAIN_PIPELINE_STARTED"):
        seen.pop(name, None)
    run_url = story.run["url"]
    assert seen == {
        "WERCKER": "true",
        "CI": "true",
        "BUILD": "true",
        "TERM": "xterm-256color",
        "HOME": str(home),
        "USER": "tester",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "WERCKER_CONTEXT": "engine",
        "WERCKER_ROOT": f"{work}/source",
        "WERCKER_SOURCE_DIR": f"{work}/source",
        "WERCKER_OUTPUT_DIR": f"{work}/output",
        "WERCKER_CACHE_DIR": str(home / f".local/state/wercker/cache/{story.run['application']['id']}"),
        "WERCKER_PIPELINE_DIR": work,
        "WERCKER_REPORT_DIR": f"{work}/report",
        "WERCKER_RUN_ID": story.run["id"],
        "WERCKER_RUN_URL": run_url,
        "WERCKER_BUILD_ID": story.run["id"],
        "WERCKER_BUILD_URL": run_url,
        "WERCKER_APPLICATION_ID": story.run["application"]["id"],
        "WERCKER_APPLICATION_NAME": "site",
        "WERCKER_APPLICATION_OWNER_NAME": "acme",
        "WERCKER_APPLICATION_URL": story.run["application"]["url"],
        "WERCKER_GIT_BRANCH": "main",
        "WERCKER_GIT_COMMIT": commit,
        "WERCKER_GIT_TAG": "",
        "WERCKER_GIT_DOMAIN": "github.com",
        "WERCKER_GIT_OWNER": "acme",
        "WERCKER_GIT_REPOSITORY": "site",
        "WERCKER_STARTED_BY": story.run["user"]["meta"]["username"],
        "WERCKER_STEP_ROOT": step,
        "WERCKER_STEP_ID": story.steps[3]["id"],
        "WERCKER_STEP_NAME": "script",
        "WERCKER_STEP_OWNER": "wercker",
        "WERCKER_REPORT_MESSAGE_FILE": f"{step}/message",
        "WERCKER_REPORT_NUMBERS_FILE": f"{step}/numbers.ini",
        "WERCKER_REPORT_ARTIFACTS_DIR": f"{step}/artifacts",
    }


@in_process
def test_a_run_is_of_its_commit_and_leaves_the_tree_alone(wercker: Wercker, checkout: Checkout) -> None:
    (checkout.path / "file").write_text("committed")
    checkout.commit(script(look="cat file; ls untracked; echo written > file; git log --oneline | wc -l"))
    (checkout.path / "file").write_text("changed")
    (checkout.path / "untracked").write_text("")
    done = wercker("runs", "trigger", "-p", "build", "--wait", cwd=checkout.path, code=10)
    assert "note: the run is of the commit, without your changes to file, untracked (--worktree runs them)" in done.err
    assert read(wercker, done.out.strip(), checkout.path).logs["look"].startswith("committed")
    assert (checkout.path / "file").read_text() == "changed"


def test_the_branch_and_the_commit_that_were_asked_for(wercker: Wercker, checkout: Checkout) -> None:
    first = checkout.commit(script(say="echo one; git rev-parse --abbrev-ref HEAD"))
    checkout.git("checkout", "--quiet", "-b", "side")
    side = checkout.commit(script(say="echo two; git rev-parse --abbrev-ref HEAD"))
    checkout.git("checkout", "--quiet", "main")
    story = run(wercker, checkout, "-b", "side")
    assert (story.run["commitHash"], story.logs["say"]) == (side, "two\nside\n")
    story = run(wercker, checkout, "-b", "side", "-c", first[:8])
    assert (story.run["commitHash"], story.logs["say"]) == (first, "one\nside\n")
    done = wercker("runs", "trigger", "-p", "build", "-b", "none", cwd=checkout.path, code=1)
    assert "There is no branch none in " in done.err


def test_what_cannot_run_fails_in_setup_with_a_sentence(wercker: Wercker, checkout: Checkout) -> None:
    cases = {
        "other:\n  steps: []\n": ("the wercker.yml of this commit has no pipeline 'build'; its pipelines: other"),
        "build:\n": "pipeline 'build' has nothing in the wercker.yml of this commit",
        "build: [\n": "wercker.yml:2:1: this is not YAML: did not find expected node content",
    }
    checkout.commit(script(ok="true"))
    run(wercker, checkout)
    for text, sentence in cases.items():
        checkout.commit(text)
        story = run(wercker, checkout, code=10)
        assert story.results == [("get code", "passed"), ("setup environment", "failed")]
        assert story.steps[1]["message"] == sentence
        assert story.logs["setup environment"] == sentence + "\n"


def test_the_output_stays_and_the_working_copy_goes(wercker: Wercker, checkout: Checkout, home: Path) -> None:
    checkout.commit(script(make='mkdir "$WERCKER_OUTPUT_DIR/d"; echo x > "$WERCKER_OUTPUT_DIR/d/f"; chmod -R a-w .'))
    story = run(wercker, checkout)
    state = home / ".local/state/wercker"
    with tarfile.open(state / "runs" / story.run["id"] / "artifact.tar.gz") as artifact:
        assert artifact.getnames() == ["d", "d/f"]
    assert story.logs["store"] == "what is in WERCKER_OUTPUT_DIR is the artifact of this run\n"
    assert os.listdir(state / "work") == []
    wait_until(lambda: os.listdir(state / "trash") == [])
    assert state.stat().st_mode & 0o777 == 0o700


def test_background_processes_end_with_the_run(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(script(leave="sleep 600 & echo $!"))
    story = run(wercker, checkout)
    assert not os.path.exists(f"/proc/{story.logs['leave'].strip()}")


def test_a_step_can_trigger_another_run(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(
        script(start="wercker runs trigger -p other") + "other:\n  steps:\n    - script: {code: sleep 0.5}\n"
    )
    story = run(wercker, checkout)
    second = story.logs["start"].splitlines()[-1]
    assert story.run["result"] == "passed"
    wait = wercker("runs", "show", second, "-q", ".result", cwd=checkout.path)
    while wait.out == "unknown\n":
        wait = wercker("runs", "show", second, "-q", ".result", cwd=checkout.path)
    assert wait.out == "passed\n"


def test_a_step_that_empties_its_own_log_is_noted(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(script(loses="echo one; echo two > /dev/stderr", keeps="echo one; echo two >>/dev/stderr"))
    story = run(wercker, checkout)
    assert story.logs["setup environment"].splitlines()[0] == (
        "step 'loses' (line 3) has '> /dev/stderr', which empties its log, as that is a file: "
        "'>>' in place of '>' does not"
    )
    assert (story.logs["loses"], story.logs["keeps"]) == ("two\n", "one\ntwo\n")
    assert "keeps" not in story.logs["setup environment"]


def test_a_step_finds_the_engine_that_runs_it(wercker: Wercker, checkout: Checkout, tmp_path: Path) -> None:
    checkout.commit(script(ask="wercker runs show -q .id; wercker runs list -o id"))
    home = str(tmp_path / "moved")
    run = wercker("runs", "trigger", "-p", "build", "-w", cwd=checkout.path, WERCKER_HOME=home).out.strip()
    done = wercker("runs", "logs", run, "--step", "ask", cwd=checkout.path, WERCKER_HOME=home)
    assert done.out == f"{run}\n{run}\n"


def test_what_is_probably_a_slip_is_noted(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(
        "build:\n  steps: []\n  steps:\n    - script: {cod: ls}\n  prod: [script: {code: 'true'}]\n"
        "deploy:\n  prod: []\n"
    )
    story = run(wercker, checkout, "-e", "WERCKER_DEPLOYTARGET_NAME=nope")
    assert story.logs["setup environment"].splitlines() == [
        "'steps' is given twice (wercker.yml, line 3): the last counts",
        "there is no deploy target 'nope', so 'steps' run; deploy targets: prod",
        "step 'script' (line 4) has no 'code', so it does nothing",
        "pipeline 'build' of wercker.yml: 1 step",
    ]
    story = run(wercker, checkout, pipeline="deploy")
    assert story.logs["setup environment"].splitlines()[1] == "pipeline 'deploy' has no steps; its deploy targets: prod"


def test_a_step_cannot_confuse_the_driver(wercker: Wercker, checkout: Checkout) -> None:
    trap = "trap 'echo 3 >&87; echo junk >&87; echo 9 1.000 passed >&87' EXIT"
    checkout.commit(script(odd=f"unset EPOCHREALTIME; {trap}"))
    assert run(wercker, checkout).run["result"] == "passed"


def test_what_cannot_be_deleted_fails_no_run(wercker: Wercker, checkout: Checkout, home: Path) -> None:
    checkout.commit(script(lock="mkdir d; touch d/f; chattr +i d/f 2>/dev/null || true"))
    assert run(wercker, checkout).run["result"] == "passed"
    trash = home / ".local/state/wercker/trash"
    subprocess.run(["chattr", "-R", "-i", str(trash)], capture_output=True, check=False)


def test_read_only_leftovers_go_without_the_rights_of_root(
    environ: dict[str, str], checkout: Checkout, home: Path
) -> None:
    checkout.commit(script(lock="mkdir -p a/b/c; touch a/b/c/f a/g; chmod -R a-w .; chmod 0 a/b/c a/b a"))
    command = [*WITHOUT_POWERS, WERCKER, "runs", "trigger", "-p", "build", "--wait"]
    subprocess.run(command, cwd=checkout.path, env=environ, capture_output=True, check=True, timeout=60)
    wait_until(lambda: os.listdir(home / ".local/state/wercker/trash") == [])


def test_a_folder_without_git_runs_as_it_is(wercker: Wercker, tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / ".gitignore").write_text("ignored\n")
    (folder / "ignored").write_text("")
    (folder / "kept").write_text("")
    (folder / "wercker.yml").write_text(script(look="ls -A | grep -v .git$"))
    done = wercker("runs", "trigger", "-p", "build", "--wait", cwd=folder)
    story = read(wercker, done.out.strip(), folder)
    assert story.logs["look"] == ".gitignore\nkept\nwercker.yml\n"
    assert sorted(os.listdir(folder)) == [".gitignore", "ignored", "kept", "wercker.yml"]


@in_process
def test_the_working_tree_runs_and_nothing_of_the_repository_changes(wercker: Wercker, checkout: Checkout) -> None:
    (checkout.path / ".gitignore").write_text("ignored\n")
    (checkout.path / "gone").write_text("")
    checkout.commit(script(look="cat new; ls; git log --format=%s"))
    (checkout.path / "gone").unlink()
    (checkout.path / "new").write_text("staged\n")
    checkout.git("add", "new")
    (checkout.path / "new").write_text("as it is\n")
    (checkout.path / "ignored").write_text("")

    def state() -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in checkout.path.rglob("*") if path.is_file()}

    before = state()
    story = run(wercker, checkout, "--worktree")
    assert story.logs["look"] == "as it is\nnew\nwercker.yml\nWorking tree of demo\nfirst\n"
    assert state() == before
    again = run(wercker, checkout, "--worktree")
    assert again.run["commitHash"] == story.run["commitHash"]


@in_process
def test_the_commit_itself_runs_where_nothing_was_changed(wercker: Wercker, checkout: Checkout) -> None:
    commit = checkout.commit(script(ok="true"))
    assert run(wercker, checkout, "--worktree").run["commitHash"] == commit


def test_json_of_a_run_has_every_field_of_the_specification(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(script(ok="true"))
    story = run(wercker, checkout)
    assert list(story.run) == [
        *("id", "url", "branch", "commitHash", "createdAt", "envVars", "finishedAt", "message", "commits", "progress"),
        *("result", "startedAt", "status", "user", "pipeline", "application"),
    ]
    assert list(story.run["pipeline"]) == [
        *("id", "url", "createdAt", "name", "permissions", "pipelineName", "setScmProviderStatus", "type"),
    ]
    assert list(story.run["user"]) == ["meta", "userId", "avatar", "name", "type"]
    assert list(story.steps[0]) == [
        *("id", "url", "artifactsUrl", "createdAt", "finishedAt", "logUrl", "order", "result", "startedAt", "status"),
        "step",
    ]
    listed = json.loads(wercker("runs", "list", "-o", "json", cwd=checkout.path).out)
    assert listed == [{key: value for key, value in story.run.items() if key not in {"envVars", "commits"}}]


def test_a_source_dir_outside_of_the_checkout_is_none(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit("source-dir: ../output\nbuild:\n  steps: []\n")
    story = run(wercker, checkout, code=10)
    assert story.steps[1]["message"] == "there is no folder ../output in this commit, which 'source-dir' names"
