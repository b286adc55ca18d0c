"""What runs and steps leave, and runs that start from it."""

import gzip
import io
import json
import os
import signal
import subprocess
import tarfile
import time
from pathlib import Path

import pytest

from tests.conftest import WERCKER, Checkout, Wercker, wait_until
from tests.engine.stories import Story, read, run, script
from wercker_cli.api.transport import Request, Response
from wercker_cli.engine import folders, processes, queue
from wercker_cli.engine.dispatch import Dispatcher
from wercker_cli.engine.routes import Site, answer
from wercker_cli.engine.store import Store

DEPLOY = "deploy:\n  steps:\n    - script: "


def state(home: Path) -> str:
    """The engine's folder."""
    return str(home / ".local/state/wercker")


def get(home: Path, path: str, asked: str = "") -> Response:
    """The engine's answer, as a client over HTTP would get it."""
    store = Store(state(home))
    site = Site(store, Dispatcher(store), "tester", None, "http://x/api/v3")
    return answer(site, Request("GET", f"/api/v3{path}", headers={"Range": asked} if asked else {}))


def names(archive: bytes) -> list[str]:
    """What is in an archive."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return sorted(tar.getnames())


def artifact(home: Path, story: Story) -> list[str]:
    """What is in a run's artifact."""
    response = get(home, f"/runs/{story.run['id']}/artifact")
    assert response.status == 200, response.body
    assert response.headers["content-type"] == "application/gzip"
    assert response.file is not None
    body = response.file.read()
    assert response.headers["content-length"] == str(len(body))
    return names(body)


def deploy(code: str) -> str:
    """The pipeline "deploy" with one step of that code."""
    return f"{DEPLOY}{json.dumps({'name': 'look', 'code': code})}\n"


def test_output_is_the_artifact(wercker: Wercker, checkout: Checkout, home: Path) -> None:
    checkout.commit(script(make='cd "$WERCKER_OUTPUT_DIR"; mkdir d empty; touch d/f'))
    story = run(wercker, checkout)
    assert artifact(home, story) == ["d", "d/f", "empty"]


def test_without_output_the_checkout_is_the_artifact_less_git(wercker: Wercker, checkout: Checkout, home: Path) -> None:
    checkout.commit(script(make='mkdir -p "$WERCKER_OUTPUT_DIR/empty/folders"; echo built > built; mkdir -p sub/.git'))
    story = run(wercker, checkout)
    assert story.logs["store"] == "WERCKER_OUTPUT_DIR is empty: the checkout is the artifact of this run\n"
    once = artifact(home, story)
    assert once == ["built", "sub", "sub/.git", "wercker.yml"]
    assert artifact(home, story) == once
    assert sorted(os.listdir(f"{state(home)}/runs/{story.run['id']}")) == ["artifact.tar.gz", "logs", "used"]
    assert os.listdir(f"{state(home)}/trash") == []


def test_an_output_that_is_a_repository_keeps_it(wercker: Wercker, checkout: Checkout, home: Path) -> None:
    checkout.commit(script(make='git init -q "$WERCKER_OUTPUT_DIR"'))
    assert ".git/HEAD" in artifact(home, run(wercker, checkout))


def test_a_link_alone_is_output_too(wercker: Wercker, checkout: Checkout, home: Path) -> None:
    checkout.commit(script(make='ln -s / "$WERCKER_OUTPUT_DIR/root"'))
    assert artifact(home, run(wercker, checkout)) == ["root"]


def test_what_is_no_file_is_left_out_with_a_line_in_the_log(wercker: Wercker, checkout: Checkout, home: Path) -> None:
    checkout.commit(script(make='cd "$WERCKER_OUTPUT_DIR"; touch f; mkfifo "a\nb"'))
    story = run(wercker, checkout)
    assert artifact(home, story) == ["f"]
    assert story.logs["store"].startswith("left out: a\nb: it is no file, no link and no folder\n")


@pytest.mark.parametrize(("code", "said"), [("false", "failed"), ("kill -9 $PPID", "failed")])
def test_a_run_that_did_not_pass_has_none(
    wercker: Wercker, checkout: Checkout, home: Path, code: str, said: str
) -> None:
    checkout.commit(script(make=f'touch "$WERCKER_OUTPUT_DIR/f"; {code}'))
    story = run(wercker, checkout, code=10)
    response = get(home, f"/runs/{story.run['id']}/artifact")
    message = f"Run {story.run['id']} {said}: only a run that passed has an artifact"
    assert (response.status, json.loads(response.body)["message"]) == (404, message)
    done = wercker("runs", "trigger", "-p", "build", "--source-run", story.run["id"], cwd=checkout.path, code=1)
    assert f"sourceRunId: run {story.run['id']} {said}: only a run that passed has an artifact" in done.err


def test_an_archive_comes_in_ranges(wercker: Wercker, checkout: Checkout, home: Path) -> None:
    checkout.commit(script(make='touch "$WERCKER_OUTPUT_DIR/f"'))
    path = f"/runs/{run(wercker, checkout).run['id']}/artifact"
    whole = get(home, path).file
    assert whole is not None
    data = whole.read()
    for asked, first, last in (("bytes=0-9", 0, 9), ("bytes=5-", 5, len(data) - 1), ("bytes=-3", len(data) - 3, None)):
        response = get(home, path, asked)
        end = len(data) - 1 if last is None else last
        assert response.file is not None
        part = response.file.read()
        assert (response.status, part) == (206, data[first : end + 1])
        assert response.headers["content-range"] == f"bytes {first}-{end}/{len(data)}"
        assert response.headers["content-length"] == str(len(part))
    beyond = get(home, path, f"bytes={len(data)}-")
    assert (beyond.status, beyond.headers["content-range"]) == (416, f"bytes */{len(data)}")


def test_a_step_keeps_what_it_left_whatever_became_of_it(wercker: Wercker, checkout: Checkout, home: Path) -> None:
    left = 'echo x > "$WERCKER_REPORT_ARTIFACTS_DIR/{}"'
    checkout.commit(script(good=left.format("a.xml"), none="true", bad=left.format("b.xml") + "; false", never="true"))
    story = run(wercker, checkout, code=10)
    urls = [step["artifactsUrl"] for step in story.steps]
    good, bad = story.steps[3], story.steps[5]
    assert urls == [None, None, None, f"{good['url']}/artifacts", None, f"{bad['url']}/artifacts", None, None]
    for step, name in ((good, "a.xml"), (bad, "b.xml")):
        file = get(home, f"/runsteps/{step['id']}/artifacts").file
        assert file is not None
        assert names(file.read()) == [name]
    response = get(home, f"/runsteps/{story.steps[4]['id']}/artifacts")
    assert json.loads(response.body)["message"] == f"Step {story.steps[4]['id']} left no artifacts"


def test_a_step_has_its_artifacts_while_the_run_goes_on(wercker: Wercker, checkout: Checkout, home: Path) -> None:
    checkout.commit(script(first='touch "$WERCKER_REPORT_ARTIFACTS_DIR/f"', second="sleep 600"))
    named = wercker("runs", "trigger", "-p", "build", cwd=checkout.path).out.strip()
    kept = folders.step_artifacts(state(home), named, 4)
    wait_until(lambda: os.path.exists(kept))
    wercker("runs", "abort", named, cwd=checkout.path)


def test_an_aborted_step_keeps_what_it_had(wercker: Wercker, checkout: Checkout, home: Path) -> None:
    checkout.commit(script(wait='touch "$WERCKER_REPORT_ARTIFACTS_DIR/f"; echo ready; sleep 600'))
    named = wercker("runs", "trigger", "-p", "build", cwd=checkout.path).out.strip()
    wait_until(lambda: wercker("runs", "logs", named, cwd=checkout.path).out)
    wercker("runs", "abort", named, cwd=checkout.path)
    steps = json.loads(wercker("runs", "steps", named, "-o", "json", cwd=checkout.path).out)
    assert [step["artifactsUrl"] is not None for step in steps] == [False, False, False, True, False]


def test_a_run_starts_from_the_output_of_another(wercker: Wercker, checkout: Checkout) -> None:
    made = 'cd "$WERCKER_OUTPUT_DIR"; echo built > app; chmod 0750 app; ln -s app link; touch -d @7 app'
    commit = checkout.commit(script(make=made) + deploy("ls -A; stat -c '%a %Y' app; readlink link; env"), "the source")
    source = run(wercker, checkout).run
    checkout.commit(script(other="false"), "something newer")
    story = run(wercker, checkout, "--source-run", source["id"], pipeline="deploy")
    listed, seen = story.logs["look"].split("link\n", 1)[0], story.logs["look"]
    assert listed == "app\n"
    assert seen.splitlines()[1:5] == ["link", "wercker.yml", "750 7", "app"]
    assert story.logs["get code"] == f"the artifact of run {source['id']}, in place of a checkout\n"
    variables = dict(line.split("=", 1) for line in seen.splitlines()[5:] if "=" in line)
    assert (variables["DEPLOY"], variables.get("BUILD")) == ("true", None)
    assert variables["WERCKER_DEPLOY_ID"] == variables["WERCKER_RUN_ID"] == story.run["id"]
    assert variables["WERCKER_DEPLOY_URL"] == variables["WERCKER_RUN_URL"] == story.run["url"]
    assert not {name for name in variables if name.startswith("WERCKER_BUILD")}
    assert variables["WERCKER_GIT_COMMIT"] == commit
    assert story.run["sourceRun"] == {"id": source["id"], "url": source["url"], "result": "passed"}
    assert (story.run["branch"], story.run["commitHash"], story.run["message"]) == ("main", commit, "the source")


def test_the_file_in_the_artifact_wins(wercker: Wercker, checkout: Checkout) -> None:
    inside = deploy("echo from the artifact")
    made = f"cat > $WERCKER_OUTPUT_DIR/wercker.yml <<'END'\n{inside}END\n"
    checkout.commit(script(make=made) + deploy("echo from the commit"))
    source = run(wercker, checkout).run["id"]
    story = run(wercker, checkout, "--source-run", source, pipeline="deploy")
    assert story.logs["look"] == "from the artifact\n"


def test_the_file_that_the_source_went_by_is_handed_on(wercker: Wercker, checkout: Checkout) -> None:
    made = 'rm wercker.yml; echo broken > ewok.yml; touch "$WERCKER_OUTPUT_DIR/f"'
    checkout.commit(script(make=made) + deploy('touch "$WERCKER_OUTPUT_DIR/g"; rm wercker.yml; ls'))
    first = run(wercker, checkout).run["id"]
    second = run(wercker, checkout, "--source-run", first, pipeline="deploy").run["id"]
    third = run(wercker, checkout, "--source-run", second, pipeline="deploy")
    assert third.logs["look"] == "g\n"


def test_a_run_starts_from_the_checkout_of_another(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(script(make="mkdir out; echo built > out/app; chmod a-w out") + deploy("cat out/app; ls -A"))
    source = run(wercker, checkout).run["id"]
    story = run(wercker, checkout, "--source-run", source, pipeline="deploy")
    assert story.logs["look"] == "built\nout\nwercker.yml\n"
    listed = wercker("runs", "list", "--source-run", source, "-o", "id", cwd=checkout.path).out
    assert listed == f"{story.run['id']}\n"


def test_a_rerun_and_a_reuse_keep_the_source(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(script(make='touch "$WERCKER_OUTPUT_DIR/f"') + deploy("true"))
    source = run(wercker, checkout).run["id"]
    first = run(wercker, checkout, "--source-run", source, pipeline="deploy").run["id"]
    checkout.commit(script(), "newer")
    checkout.git("reflog", "expire", "--expire=now", "--all")
    again = wercker("runs", "rerun", first, "--wait", "-o", "json", cwd=checkout.path)
    assert json.loads(again.out)["sourceRun"]["id"] == source
    reuse = ("runs", "trigger", "-p", "deploy", "--reuse", "--source-run", source)
    assert wercker(*reuse, cwd=checkout.path).out == f"{json.loads(again.out)['id']}\n"


def test_another_commit_can_be_named(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(script(make='touch "$WERCKER_OUTPUT_DIR/f"') + deploy("true"))
    source = run(wercker, checkout).run["id"]
    newer = checkout.commit(script(), "newer")
    story = run(
        wercker, checkout, "--source-run", source, "-b", "main", "-c", newer, "-m", "mine", pipeline="deploy"
    ).run
    assert (story["commitHash"], story["message"]) == (newer, "mine")


def test_a_source_that_cannot_be_is_refused_before_anything_is_made(
    wercker: Wercker, checkout: Checkout, home: Path, tmp_path: Path
) -> None:
    checkout.commit(script(make="true") + deploy("true"))
    source = run(wercker, checkout).run["id"]
    other = Checkout(tmp_path / "other")
    other.commit(script(make="true"))
    stranger = run(wercker, other).run["id"]
    os.rename(folders.kept(state(home), source), tmp_path / "gone")
    cases = {
        "f" * 24: (5, f"sourceRunId: there is no run {'f' * 24}"),
        stranger: (1, f"sourceRunId: run {stranger} is of local/other"),
        source: (1, f"sourceRunId: the artifact of run {source} is not kept any more"),
    }
    for named, (code, sentence) in cases.items():
        done = wercker("runs", "trigger", "-p", "deploy", "--source-run", named, cwd=checkout.path, code=code)
        assert sentence in done.err
    assert wercker("runs", "list", "-p", "deploy", cwd=checkout.path).out == ""


def test_a_run_that_has_not_finished_is_no_source(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(script(wait="sleep 600"))
    named = wercker("runs", "trigger", "-p", "build", cwd=checkout.path).out.strip()
    done = wercker("runs", "trigger", "-p", "build", "--source-run", named, cwd=checkout.path, code=1)
    assert f"sourceRunId: run {named} has not finished: it has no artifact" in done.err
    wercker("runs", "abort", named, cwd=checkout.path)


@pytest.mark.parametrize("code", ["rm -rf $PWD", "d=$PWD; cd /; rm -rf $d; ln -s / $d"])
def test_a_run_may_do_away_with_its_checkout(wercker: Wercker, checkout: Checkout, home: Path, code: str) -> None:
    checkout.commit(script(gone=code))
    story = run(wercker, checkout)
    response = get(home, f"/runs/{story.run['id']}/artifact")
    assert json.loads(response.body)["message"] == f"The artifact of run {story.run['id']} is not kept any more"


def test_a_checkout_that_cannot_be_moved_fails_no_run(wercker: Wercker, checkout: Checkout, home: Path) -> None:
    checkout.commit(script(lock="chattr +i . 2>/dev/null || true"))
    assert run(wercker, checkout).run["result"] == "passed"
    subprocess.run(["chattr", "-R", "-i", state(home)], capture_output=True, check=False)


def test_a_damaged_artifact_fails_the_run_with_a_sentence(wercker: Wercker, checkout: Checkout, home: Path) -> None:
    checkout.commit(script(make='touch "$WERCKER_OUTPUT_DIR/f"') + deploy("true"))
    source = run(wercker, checkout).run["id"]
    path = Path(folders.artifact(state(home), source))
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:600]))
    story = run(wercker, checkout, "--source-run", source, pipeline="deploy", code=10)
    assert story.results == [("get code", "failed"), ("setup environment", "unknown")]
    assert story.steps[0]["message"].startswith("the archive is damaged: ")


AFTER = "  after-steps:\n    - script: "


def test_after_steps_change_nothing_of_the_artifact(wercker: Wercker, checkout: Checkout, home: Path) -> None:
    code = json.dumps({"name": "late", "code": 'touch late; echo x > "$WERCKER_REPORT_ARTIFACTS_DIR/of-late"; false'})
    checkout.commit(script(make="touch built") + f"{AFTER}{code}\n")
    story = run(wercker, checkout)
    assert artifact(home, story) == ["built", "wercker.yml"]
    left = get(home, f"/runsteps/{story.steps[-1]['id']}/artifacts").file
    assert left is not None
    assert names(left.read()) == ["of-late"]


def test_an_abort_ends_the_packing(wercker: Wercker, checkout: Checkout, home: Path) -> None:
    checkout.commit(script(make='truncate -s 100G "$WERCKER_OUTPUT_DIR/huge"'))
    named = wercker("runs", "trigger", "-p", "build", cwd=checkout.path).out.strip()
    wait_until(Path(state(home), "work", named, "unfinished.tar.gz").exists)
    began = time.monotonic()
    done = wercker("runs", "abort", named, "-o", "json", cwd=checkout.path)
    assert (json.loads(done.out)[0]["result"], time.monotonic() - began < 5) == ("aborted", True)
    assert sorted(os.listdir(f"{state(home)}/runs/{named}")) == ["logs", "used"]


def test_an_abort_does_not_wait_for_what_a_step_left(wercker: Wercker, checkout: Checkout, home: Path) -> None:
    left = 'truncate -s 100G "$WERCKER_REPORT_ARTIFACTS_DIR/huge"'
    checkout.commit(script(make=f"{left}; echo ready; sleep 600"))
    named = wercker("runs", "trigger", "-p", "build", cwd=checkout.path).out.strip()
    wait_until(lambda: wercker("runs", "logs", named, cwd=checkout.path).out.endswith("ready\n"))
    wercker("runs", "abort", named, cwd=checkout.path)
    log = wercker("runs", "logs", named, "--step", "make", cwd=checkout.path).out
    sentence = "what is in WERCKER_REPORT_ARTIFACTS_DIR is not kept: the run was aborted, and it takes too long\n"
    assert log == f"ready\n{sentence}"
    assert not os.listdir(Path(state(home), "runs", named, "artifacts"))


def test_a_worker_that_is_killed_leaves_nobody_packing(wercker: Wercker, checkout: Checkout, home: Path) -> None:
    checkout.commit(script(make='truncate -s 100G "$WERCKER_OUTPUT_DIR/huge"'))
    named = wercker("runs", "trigger", "-p", "build", cwd=checkout.path).out.strip()
    wait_until(Path(state(home), "work", named, "unfinished.tar.gz").exists)
    worker = processes.pid(queue.workers(Store(state(home)))[0])
    packing = Path(f"/proc/{worker}/task/{worker}/children").read_text().split()
    assert len(packing) == 1
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: not os.path.exists(f"/proc/{packing[0]}"))
    assert wercker("runs", "show", named, "-q", ".result", cwd=checkout.path).out == "failed\n"
    assert sorted(os.listdir(f"{state(home)}/runs/{named}")) == ["logs", "used"]


def test_a_full_disk_fails_the_run_with_a_sentence(
    environ: dict[str, str], wercker: Wercker, checkout: Checkout
) -> None:
    noise = 'for n in 1 2 3 4 5 6; do head -c 900000 /dev/urandom > "$WERCKER_OUTPUT_DIR/$n"; done'
    checkout.commit(script(make=noise))
    no_bytecode = "export PYTHONDONTWRITEBYTECODE=1"  # Python would leave it cut off
    limited = f'{no_bytecode}; ulimit -f 2000; exec "{WERCKER}" runs trigger -p build --wait'  # KiB, as a full disk
    done = subprocess.run(["bash", "-c", limited], cwd=checkout.path, env=environ, capture_output=True, check=False)
    assert done.returncode == 10
    story = read(wercker, done.stdout.decode().strip(), checkout.path)
    assert story.results[-1] == ("store", "failed")
    assert story.steps[-1]["message"] == "File too large"


def test_an_ignore_file_is_for_a_checkout_alone(wercker: Wercker, checkout: Checkout) -> None:
    (checkout.path / ".werckerignore").write_text("secret\n")
    (checkout.path / "secret").touch()
    checkout.commit(script(make="touch secret") + deploy("ls -A"))
    source = run(wercker, checkout).run["id"]
    story = run(wercker, checkout, "--source-run", source, pipeline="deploy")
    assert story.logs["look"] == ".werckerignore\nsecret\nwercker.yml\n"


def test_many_can_ask_for_an_artifact_at_once(
    environ: dict[str, str], wercker: Wercker, checkout: Checkout, tmp_path: Path, home: Path
) -> None:
    checkout.commit(script(make="for n in {1..500}; do echo $n > $n; done"))
    named = run(wercker, checkout).run["id"]
    asking = [
        subprocess.Popen([WERCKER, "runs", "artifacts", named, "-D", str(tmp_path / str(number))], env=environ)
        for number in range(4)
    ]
    assert [process.wait(60) for process in asking] == [0] * 4
    assert {len(os.listdir(tmp_path / str(number))) for number in range(4)} == {501}
    assert sorted(os.listdir(f"{state(home)}/runs/{named}")) == ["artifact.tar.gz", "logs", "used"]
