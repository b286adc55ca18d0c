"""Repositories that are added by URL: what a run of one is of, and what happens when they cannot be fetched."""

import json
import os
import re
import shutil
import socket
import tarfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Checkout, Wercker, wait_until
from tests.engine.serving import API, Serve, Served, hurried
from tests.engine.stories import Story, read, script
from tests.engine.test_time_limits import is_alive


@pytest.fixture
def bare(checkout: Checkout, tmp_path: Path) -> Path:
    """A bare repository, to which the checkout pushes."""
    path = tmp_path / "site.git"
    checkout.git("init", "--quiet", "--bare", "--initial-branch=main", str(path))
    checkout.git("remote", "add", "origin", str(path))
    return path


def push(checkout: Checkout, **steps: str) -> str:
    """Commits a pipeline and pushes it; gives the commit's hash."""
    commit = checkout.commit(script(**steps))
    checkout.git("push", "--quiet", "--force", "origin", "HEAD")
    return commit


def trigger(served: Served, pipeline: str, **payload: str) -> dict[str, Any]:
    """A new run."""
    answer = served.ask("POST", f"{API}/runs/", json.dumps({"pipelineId": pipeline, **payload}))
    assert answer.status == 200, answer
    return dict(answer.json)


def fetched_by_ssh(wercker: Wercker, checkout: Checkout, bare: Path, tmp_path: Path) -> str:
    """The pipeline of a mirror, whose next fetch asks ssh."""
    push(checkout, says="echo")
    pipeline = wercker("pipelines", "add", str(bare), "-o", "id").out.strip()
    (mirror,) = (tmp_path / "home/.local/state/wercker/mirrors").iterdir()
    checkout.git("-C", str(mirror), "remote", "set-url", "origin", "ssh://localhost/a")
    return pipeline


def program(path: Path, code: str) -> Path:
    """A bash script that can be called."""
    path.write_text(f"#!/bin/bash\n{code}\n")
    path.chmod(0o755)
    return path


def finished(served: Served, wercker: Wercker, run: str, folder: Path) -> Story:
    """All about a run, once it has ended."""
    wait_until(lambda: served.get(f"/runs/{run}").json["status"] == "finished")
    return read(wercker, run, folder)


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_each_trigger_fetches_what_is_new(
    served: Served, wercker: Wercker, checkout: Checkout, bare: Path, tmp_path: Path, scheme: str
) -> None:
    first = push(checkout, says="echo one")
    added = wercker("pipelines", "add", f"{scheme}{bare}", "-o", "id")
    assert added.err == "added local/site\n"
    pipeline = added.out.strip()
    run = trigger(served, pipeline)
    assert (run["commitHash"], run["branch"], run["message"]) == (first, "main", "first")
    second = push(checkout, says="echo two")
    assert trigger(served, pipeline)["commitHash"] == second
    checkout.git("switch", "--quiet", "-c", "topic")
    third = push(checkout, says="echo three")
    newest = trigger(served, pipeline, branch="topic")
    assert newest["commitHash"] == third
    story = finished(served, wercker, newest["id"], tmp_path)
    assert (story.run["result"], story.logs["says"]) == ("passed", "three\n")
    logs = finished(served, wercker, run["id"], tmp_path).logs
    assert (logs["get code"], logs["says"]) == (f"commit {first} of local/site\n", "one\n")


def test_pipelines_that_are_pushed_later_become_known(
    served: Served, wercker: Wercker, checkout: Checkout, bare: Path
) -> None:
    push(checkout, says="echo")
    pipeline = wercker("pipelines", "add", str(bare), "--name", "acme/site", "-o", "id").out.strip()
    checkout.commit("build:\n  steps: []\ndeploy:\n  steps: []\n")
    checkout.git("push", "--quiet", "origin", "HEAD")
    trigger(served, pipeline)
    found = served.get("/applications/acme/site/pipelines").json
    assert [item["name"] for item in found] == ["build", "deploy"]


def test_a_branch_that_is_gone_is_gone(served: Served, wercker: Wercker, checkout: Checkout, bare: Path) -> None:
    push(checkout, says="echo")
    checkout.git("push", "--quiet", "origin", "HEAD:topic")
    pipeline = wercker("pipelines", "add", str(bare), "-o", "id").out.strip()
    trigger(served, pipeline, branch="topic")
    checkout.git("push", "--quiet", "origin", ":topic")
    answer = served.ask("POST", f"{API}/runs/", json.dumps({"pipelineId": pipeline, "branch": "topic"}))
    assert answer.fault == (400, "There is no branch topic in local/site")


def test_the_default_branch_is_the_one_that_the_repository_has_by_now(
    served: Served, wercker: Wercker, checkout: Checkout, bare: Path
) -> None:
    push(checkout, says="echo")
    pipeline = wercker("pipelines", "add", str(bare), "--name", "acme/site", "-o", "id").out.strip()
    checkout.git("switch", "--quiet", "-c", "trunk")
    newest = checkout.commit("build:\n  steps: []\ndeploy:\n  steps: []\n")
    checkout.git("push", "--quiet", "origin", "HEAD")
    checkout.git("-C", str(bare), "symbolic-ref", "HEAD", "refs/heads/trunk")
    checkout.git("push", "--quiet", "origin", ":main")
    run = trigger(served, pipeline)
    assert (run["branch"], run["commitHash"]) == ("trunk", newest)
    found = served.get("/applications/acme/site/pipelines").json
    assert [item["name"] for item in found] == ["build", "deploy"]


def test_a_repository_whose_head_names_no_branch_has_its_only_one(
    served: Served, wercker: Wercker, checkout: Checkout, bare: Path, tmp_path: Path
) -> None:
    checkout.git("-C", str(bare), "symbolic-ref", "HEAD", "refs/heads/master")
    commit = push(checkout, says="echo")  # to main
    pipeline = wercker("pipelines", "add", str(bare), "-o", "id").out.strip()
    story = finished(served, wercker, trigger(served, pipeline)["id"], tmp_path)
    assert (story.run["branch"], story.run["commitHash"]) == ("main", commit)


@pytest.mark.parametrize("branch", ["", "main", "new"])
def test_a_fetch_that_fails_is_a_failed_run_with_gits_words(
    served: Served, wercker: Wercker, checkout: Checkout, bare: Path, tmp_path: Path, branch: str
) -> None:
    commit = push(checkout, says="echo")
    pipeline = wercker("pipelines", "add", str(bare), "-o", "id").out.strip()
    shutil.move(bare, tmp_path / "away.git")
    run = trigger(served, pipeline, **({"branch": branch} if branch else {}))
    assert run["commitHash"] == ("" if branch == "new" else commit)
    story = finished(served, wercker, run["id"], tmp_path)
    assert story.run["result"] == "failed"
    assert story.steps[0]["message"] == ("The code could not be fetched: fatal: Could not read from remote repository.")
    assert story.logs["get code"] == (
        f"fatal: '{bare}' does not appear to be a git repository\n\n"
        "Please make sure you have the correct access rights\nand the repository exists.\n"
        "The code could not be fetched: fatal: Could not read from remote repository.\n"
    )
    shutil.move(tmp_path / "away.git", bare)
    assert finished(served, wercker, trigger(served, pipeline)["id"], tmp_path).run["result"] == "passed"


def test_a_fetch_that_fails_is_told_once_to_whoever_waits(
    served: Served, wercker: Wercker, checkout: Checkout, bare: Path
) -> None:
    push(checkout, says="echo")
    pipeline = wercker("pipelines", "add", str(bare), "-o", "id").out.strip()
    bare.rename(bare.with_name("away.git"))
    asked = partial(wercker, WERCKER_API_URL=served.url, WERCKER_TOKEN=served.token)
    done = asked("runs", "trigger", "-p", pipeline, "--wait", code=10)
    assert done.err.partition("\n\n")[2] == (
        "✗ failed get code: The code could not be fetched: fatal: Could not read from remote repository.\n"
        f"  │ fatal: '{bare}' does not appear to be a git repository\n"
        "  │ \n"
        "  │ Please make sure you have the correct access rights\n"
        "  │ and the repository exists.\n"
        f"hint: wercker runs logs {done.out.strip()} --step 1\n"
    )


def test_a_fetch_that_takes_too_long_is_a_failed_run(
    serve: Serve, wercker: Wercker, checkout: Checkout, bare: Path, tmp_path: Path
) -> None:
    push(checkout, says="echo")
    pipeline = wercker("pipelines", "add", str(bare), "--name", "acme/site", "-o", "id").out.strip()
    (mirror,) = (tmp_path / "home/.local/state/wercker/mirrors").iterdir()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        checkout.git("-C", str(mirror), "remote", "set-url", "origin", f"git://127.0.0.1:{silent.getsockname()[1]}/a")
        alice = wercker("server", "token", "create", "alice").out.strip()
        served = serve(token=alice, command=hurried("mirrors", "SECONDS", 1))
        began = time.monotonic()
        run = trigger(served, pipeline)
        assert time.monotonic() - began < 10
    story = finished(served, wercker, run["id"], tmp_path)
    message = "The code could not be fetched: git fetch took longer than 1 seconds"
    assert (story.steps[0]["message"], story.logs["get code"]) == (message, f"{message}\n")
    assert not list((mirror / ".git").rglob("*.lock"))


def test_what_a_killed_git_has_left_is_removed(
    served: Served, wercker: Wercker, checkout: Checkout, bare: Path, tmp_path: Path
) -> None:
    push(checkout, says="echo")
    pipeline = wercker("pipelines", "add", str(bare), "-o", "id").out.strip()
    (mirror,) = (tmp_path / "home/.local/state/wercker/mirrors").iterdir()
    for left in ("packed-refs.lock", "HEAD.lock", "refs/heads/main.lock"):
        (mirror / ".git" / left).touch()
        os.utime(mirror / ".git" / left, (0, 0))
    commit = push(checkout, says="echo more")
    story = finished(served, wercker, trigger(served, pipeline)["id"], tmp_path)
    assert (story.run["result"], story.run["commitHash"]) == ("passed", commit)


def test_many_fetches_are_packed_once_a_day_and_not_behind_a_fetch(
    served: Served, wercker: Wercker, checkout: Checkout, bare: Path, tmp_path: Path
) -> None:
    push(checkout, says="echo")
    pipeline = wercker("pipelines", "add", str(bare), "-o", "id").out.strip()
    state = tmp_path / "home/.local/state/wercker"
    (mirror,) = (state / "mirrors").iterdir()
    for limit in ("fetch.unpackLimit", "gc.autoPackLimit"):
        checkout.git("-C", str(mirror), "config", limit, "1")
    (state / "pruned").touch()
    for number in range(3):
        push(checkout, says=f"echo {number}")
        finished(served, wercker, trigger(served, pipeline)["id"], tmp_path)
    packs = mirror / ".git/objects/pack"
    assert len([*packs.glob("*.pack")]) == 3
    os.utime(state / "pruned", (0, 0))
    finished(served, wercker, trigger(served, pipeline)["id"], tmp_path)
    wait_until(lambda: len([*packs.glob("*.pack")]) == 1)


def test_a_mirror_that_was_never_finished_goes_with_the_next_and_is_in_no_backup(
    wercker: Wercker, checkout: Checkout, bare: Path, tmp_path: Path
) -> None:
    push(checkout, says="echo")
    mirrors = tmp_path / "home/.local/state/wercker/mirrors"
    mirrors.mkdir(mode=0o700, parents=True)
    for age, name in ((3600, "new.young"), (2 * 86_400, "new.old")):
        (mirrors / name).mkdir()
        os.utime(mirrors / name, (time.time() - age, time.time() - age))
    wercker("server", "backup", "all.tar.gz")
    with tarfile.open(tmp_path / "all.tar.gz") as archive:
        assert not [name for name in archive.getnames() if "new." in name]
    wercker("pipelines", "add", str(bare))
    assert [path.name for path in mirrors.glob("new.*")] == ["new.young"]


def test_git_sees_no_more_of_the_servers_environment_than_a_fetch_needs(
    serve: Serve, wercker: Wercker, checkout: Checkout, bare: Path, tmp_path: Path
) -> None:
    pipeline = fetched_by_ssh(wercker, checkout, bare, tmp_path)
    ssh = program(tmp_path / "ssh", f"env >{tmp_path}/seen; exit 1")
    alice = wercker("server", "token", "create", "alice").out.strip()
    served = serve(token=alice, GIT_SSH_COMMAND=str(ssh), SSH_AUTH_SOCK="/agent", DATABASE_PASSWORD="s3cret")
    finished(served, wercker, trigger(served, pipeline)["id"], tmp_path)
    seen = (tmp_path / "seen").read_text()
    assert f"GIT_SSH_COMMAND={ssh}\n" in seen
    assert "SSH_AUTH_SOCK=/agent\n" in seen
    assert "s3cret" not in seen


def test_what_a_fetch_has_started_ends_with_it_whatever_it_thinks_of_that(
    serve: Serve, wercker: Wercker, checkout: Checkout, bare: Path, tmp_path: Path
) -> None:
    pipeline = fetched_by_ssh(wercker, checkout, bare, tmp_path)
    deaf = program(tmp_path / "ssh", f"trap '' TERM; echo $$ >{tmp_path}/pid; read -r _ 7<>{tmp_path}/never <&7")
    os.mkfifo(tmp_path / "never")
    alice = wercker("server", "token", "create", "alice").out.strip()
    served = serve(
        token=alice, command=hurried("mirrors", "SECONDS", 1), GIT_SSH_COMMAND=str(deaf), GIT_SSH_VARIANT="simple"
    )
    story = finished(served, wercker, trigger(served, pipeline)["id"], tmp_path)
    assert story.steps[0]["message"] == "The code could not be fetched: git fetch took longer than 1 seconds"
    assert not is_alive(int((tmp_path / "pid").read_text()))


def test_a_remote_that_hangs_leaves_half_of_the_server_to_others(
    serve: Serve, wercker: Wercker, checkout: Checkout, bare: Path, tmp_path: Path
) -> None:
    push(checkout, sleeps="sleep 600")
    pipeline = wercker("pipelines", "add", str(bare), "--name", "acme/site", "-o", "id").out.strip()
    (mirror,) = (tmp_path / "home/.local/state/wercker/mirrors").iterdir()
    alice = wercker("server", "token", "create", "alice").out.strip()
    served = serve(token=alice, command=hurried("mirrors", "SECONDS", 5))
    sleeping = trigger(served, pipeline)["id"]
    wait_until(lambda: served.get(f"/runs/{sleeping}").json["status"] == "running")
    payload, began = json.dumps({"pipelineId": pipeline}), time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as silent, ThreadPoolExecutor(8) as pool:
        checkout.git("-C", str(mirror), "remote", "set-url", "origin", f"git://127.0.0.1:{silent.getsockname()[1]}/a")
        triggers = [pool.submit(served.ask, "POST", f"{API}/runs/", payload) for _ in range(8)]
        wait_until(lambda: sum(trigger.done() for trigger in triggers) == 4)
        refused = [trigger.result() for trigger in triggers if trigger.done()]
        waiting = [trigger for trigger in triggers if not trigger.done()]
        assert served.ask("GET", "/healthz").status == 200
        assert served.ask("GET", "/").status == 200
        assert served.ask("PUT", f"{API}/runs/{sleeping}/abort").json["result"] in {"unknown", "aborted"}
        assert not any(trigger.done() for trigger in waiting)
    assert time.monotonic() - began < 10  # they do not wait for one after the other
    assert finished(served, wercker, sleeping, tmp_path).run["result"] == "aborted"
    assert {(answer.fault, answer.headers["retry-after"]) for answer in refused} == {
        ((503, "4 others wait for something slow; try again in 5 seconds"), "5")
    }
    stories = [finished(served, wercker, trigger.result().json["id"], tmp_path) for trigger in waiting]
    assert {story.steps[0]["message"] for story in stories} == {
        "The code could not be fetched: git fetch took longer than 5 seconds"
    }
    assert len(served.get(f"/runs?pipelineId={pipeline}").json) == 5


def test_triggers_at_once_fetch_one_after_the_other(
    served: Served, wercker: Wercker, checkout: Checkout, bare: Path
) -> None:
    push(checkout, says="echo")
    pipeline = wercker("pipelines", "add", str(bare), "-o", "id").out.strip()
    commit = push(checkout, says="echo again")
    with ThreadPoolExecutor(4) as pool:  # more would be refused
        runs = list(pool.map(lambda _: trigger(served, pipeline), range(8)))
    assert {run["commitHash"] for run in runs} == {commit}
    assert len({run["id"] for run in runs}) == 8


def test_adding_the_same_url_again_is_no_second_application(wercker: Wercker, checkout: Checkout, bare: Path) -> None:
    push(checkout, says="echo")
    first = wercker("pipelines", "add", str(bare), "-o", "id").out
    assert wercker("pipelines", "add", str(bare), "-o", "id").out == first
    mirrors = bare.parent / "home/.local/state/wercker/mirrors"
    assert len(list(mirrors.iterdir())) == 1


def test_what_cannot_be_added(wercker: Wercker, tmp_path: Path, checkout: Checkout, bare: Path) -> None:
    assert wercker("pipelines", "add", "nowhere", code=5).err == (
        "wercker: nowhere is no folder, and no URL of a repository\n"
    )
    assert wercker("pipelines", "add", f"file://{tmp_path}/none.git", code=1).err.startswith(
        f"wercker: file://{tmp_path}/none.git cannot be fetched: fatal: "
    )
    assert wercker("pipelines", "add", str(bare), code=5).err == f"wercker: there is no commit in {bare} yet\n"
    checkout.git("commit", "--quiet", "--allow-empty", "-m", "empty")
    checkout.git("push", "--quiet", "origin", "HEAD")
    assert re.fullmatch(
        r"wercker: commit [0-9a-f]{40} has no wercker.yml at its root\n",
        wercker("pipelines", "add", str(bare), code=1).err,
    )
    assert wercker("pipelines", "add", "--name", "site", code=2).err.startswith(
        "wercker: invalid value for '--name': 'site' is no name: write OWNER/NAME"
    )
    mirrors = tmp_path / "home/.local/state/wercker/mirrors"
    assert list(mirrors.iterdir()) == []


SECRETIVE = ["user:s3cret@{}", "user:p@s3cret@{}", "user:p?s3cret@{}?p=s3cret", "s3cret@{}", "{}?token=s3cret"]


@pytest.mark.parametrize("shape", SECRETIVE)
def test_a_password_in_a_url_is_in_no_message(wercker: Wercker, shape: str) -> None:
    said = wercker("pipelines", "add", f"https://{shape.format('127.0.0.1:1/acme/site.git')}", code=1).err
    assert "s3cret" not in said
    assert said.startswith("wercker: https://127.0.0.1:1/acme/site.git cannot be fetched: fatal: ")


@pytest.mark.parametrize("shape", SECRETIVE)
def test_a_password_in_a_url_reaches_no_run(
    served: Served, wercker: Wercker, checkout: Checkout, bare: Path, home: Path, tmp_path: Path, shape: str
) -> None:
    url = f"https://{shape.format('example.com/acme/site.git')}"
    checkout.git("config", "--file", str(home / ".gitconfig"), f"url.{bare}.insteadOf", url)
    show = 'echo "$WERCKER_GIT_DOMAIN $WERCKER_GIT_OWNER $WERCKER_GIT_REPOSITORY"'
    push(checkout, tells=f"cat .git/config; {show}")
    pipeline = wercker("pipelines", "add", url, "-o", "id").out.strip()
    story = finished(served, wercker, trigger(served, pipeline)["id"], tmp_path)
    assert "\tpushurl = https://example.com/acme/site.git\n" in story.logs["tells"]
    assert story.logs["tells"].endswith("\nexample.com acme site\n")
    assert "s3cret" not in f"{story} {served.get('/applications/acme/site').body.decode()}"


def test_a_name_for_a_checkout_stays(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit("build:\n  steps: []\n")
    assert wercker("pipelines", "add", "--name", "acme/site", cwd=checkout.path).err == "added acme/site\n"
    checkout.git("remote", "add", "origin", "https://example.com/other/name.git")
    checkout.commit("build:\n  steps: []\ntest:\n  steps: []\n")
    run = wercker("runs", "trigger", "-p", "test", "--wait", cwd=checkout.path).out.strip()
    shown = json.loads(wercker("runs", "show", run, "-o", "json", cwd=checkout.path).out)
    assert (shown["application"]["owner"]["name"], shown["application"]["name"]) == ("acme", "site")


def test_the_command_runs_a_mirror_from_anywhere(wercker: Wercker, checkout: Checkout, bare: Path) -> None:
    push(checkout, says="echo one")
    wercker("pipelines", "add", str(bare), "--name", "acme/site")
    commit = push(checkout, says="echo two")
    run = wercker("runs", "trigger", "-a", "acme/site", "-p", "build", "--wait").out.strip()
    assert wercker("runs", "show", run, "-q", ".commitHash").out == f"{commit}\n"
    assert wercker("runs", "logs", run, "--step", "says").out == "two\n"
