"""Repositories of every kind, and what happens to them while a run waits: a run, or one sentence."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import Checkout, Wercker, wait_until
from tests.engine.stories import read, run, script

HISTORY = script(log="git log --format=%s; git status --short; git fsck 2>&1 | grep -v dangling || true")


class At(Checkout):
    """A checkout that is there already."""

    def __init__(self, path: Path) -> None:
        self.path = path


def busy(wercker: Wercker, checkout: Checkout, go: Path) -> None:
    """Keeps every worker busy until the file is there."""
    for _ in range(max(2, os.cpu_count() or 1)):
        wercker("runs", "trigger", "-p", "wait", "-e", f"GO={go}", cwd=checkout.path)
    wait_until(lambda: wercker("runs", "list", "-s", "notstarted", "-o", "id", cwd=checkout.path).out == "")


WAIT = "\nwait: {steps: [script: {code: 'until [ -e \"$GO\" ]; do sleep 0.01; done'}]}\n"


def test_a_checkout_that_goes_while_its_run_waits(wercker: Wercker, checkout: Checkout, tmp_path: Path) -> None:
    checkout.commit(script(ok="true") + WAIT)
    busy(wercker, checkout, tmp_path / "go")
    waiting = wercker("runs", "trigger", "-p", "build", cwd=checkout.path).out.strip()
    shutil.rmtree(checkout.path)
    (tmp_path / "go").touch()
    wercker("runs", "watch", waiting, code=10)
    story = read(wercker, waiting, tmp_path)
    assert story.results == [("get code", "failed"), ("setup environment", "unknown")]
    assert story.steps[0]["message"] == f"There is no repository in {checkout.path} any more"


def test_a_commit_that_goes_while_its_run_waits(wercker: Wercker, checkout: Checkout, tmp_path: Path) -> None:
    checkout.commit(script(ok="true") + WAIT)
    busy(wercker, checkout, tmp_path / "go")
    gone = checkout.commit(script(other="true") + WAIT)
    waiting = wercker("runs", "trigger", "-p", "build", cwd=checkout.path).out.strip()
    checkout.git("reset", "--quiet", "--hard", "HEAD~")
    checkout.git("reflog", "expire", "--expire=now", "--all")
    checkout.git("gc", "--quiet", "--prune=now")
    (tmp_path / "go").touch()
    wercker("runs", "watch", waiting, cwd=checkout.path, code=10)
    story = read(wercker, waiting, checkout.path)
    assert story.steps[0]["message"].startswith("The code could not be had: ")
    assert gone in story.steps[0]["message"]
    done = wercker("runs", "trigger", "-p", "build", "-b", "main", "-c", gone, cwd=checkout.path, code=1)
    assert f"There is no commit {gone} in {checkout.path}" in done.err


@pytest.mark.parametrize("arguments", [["--depth=2"], ["--depth=2", "--no-single-branch"]])
def test_a_shallow_clone(wercker: Wercker, checkout: Checkout, tmp_path: Path, arguments: list[str]) -> None:
    for number in range(4):
        checkout.commit(HISTORY, f"commit {number}")
    shallow = tmp_path / "shallow"
    subprocess.run(["git", "clone", "-q", *arguments, f"file://{checkout.path}", shallow], check=True)
    assert run(wercker, At(shallow)).logs["log"] == "commit 3\ncommit 2\n"
    (shallow / "new").touch()
    tree = run(wercker, At(shallow), "--worktree").logs["log"]
    assert tree == "Working tree of shallow\ncommit 3\ncommit 2\n"


@pytest.mark.parametrize("depth", [[], ["--depth=2"]])
def test_a_linked_worktree(wercker: Wercker, checkout: Checkout, tmp_path: Path, depth: list[str]) -> None:
    for number in range(3):
        checkout.commit(HISTORY, f"commit {number}")
    clone, linked = At(tmp_path / "clone"), At(tmp_path / "linked")
    subprocess.run(["git", "clone", "-q", *depth, f"file://{checkout.path}", clone.path], check=True)
    clone.git("worktree", "add", "-q", "-b", "side", str(linked.path))
    linked.commit(HISTORY, "on the side")
    expected = "on the side\ncommit 2\ncommit 1\n" + ("" if depth else "commit 0\n")
    assert run(wercker, linked).logs["log"] == expected
    (linked.path / "new").touch()
    assert run(wercker, linked, "--worktree").logs["log"] == "Working tree of linked\n" + expected
    linked.git("checkout", "-q", "--detach")
    linked.commit(HISTORY, "on no branch")
    assert run(wercker, linked).logs["log"] == "on no branch\n" + expected


def test_a_checkout_whose_git_folder_is_elsewhere(wercker: Wercker, tmp_path: Path) -> None:
    apart = At(tmp_path / "apart")
    subprocess.run(["git", "init", "-q", f"--separate-git-dir={tmp_path}/elsewhere", apart.path], check=True)
    apart.commit(HISTORY)
    assert (apart.path / ".git").is_file()
    assert run(wercker, apart).logs["log"] == "first\n"


def test_an_unborn_branch(wercker: Wercker, checkout: Checkout) -> None:
    (checkout.path / "wercker.yml").write_text(script(ok="true"))
    done = wercker("runs", "trigger", "-p", "build", cwd=checkout.path, code=1)
    assert (
        f"There is no commit yet in {checkout.path}: commit, or run the files as they are with --worktree" in done.err
    )
    assert run(wercker, checkout, "--worktree").run["result"] == "passed"


def test_names_that_are_no_text(wercker: Wercker, checkout: Checkout) -> None:
    names = [b"new\nline", b"caf\xe9", b"-dash", b" blank ", b'qu"ote', b"\xff\xfe", b"a\tb"]
    for name in names:
        Path(os.fsdecode(bytes(checkout.path) + b"/" + name)).write_bytes(name)
    os.symlink("loop", checkout.path / "loop")
    os.symlink("..", checkout.path / "up")
    os.symlink("missing", os.fsdecode(bytes(checkout.path) + b"/dangling\n\xff"))
    checkout.commit(script(list='for f in *; do printf "%q\\n" "$f"; done; cp -a . "$WERCKER_OUTPUT_DIR"'))
    story = run(wercker, checkout)
    printed = story.logs["list"].splitlines()
    assert len(printed) == len(names) + 4
    assert story.run["result"] == "passed"
    changed = Path(os.fsdecode(bytes(checkout.path) + b"/caf\xe9"))
    changed.write_text("changed")
    done = wercker("runs", "trigger", "-p", "build", "--wait", cwd=checkout.path)
    assert "caf" in done.err
    assert run(wercker, checkout, "--worktree").run["result"] == "passed"


@pytest.mark.parametrize("name", ["-dash", "qu'o\"te $(id)", "ö"])
def test_a_folder_with_an_odd_name(wercker: Wercker, tmp_path: Path, name: str) -> None:
    odd = At(tmp_path / name)
    subprocess.run(["git", "init", "-q", "--", odd.path], check=True)
    odd.commit(HISTORY)
    assert run(wercker, odd).logs["log"] == "first\n"


def test_a_folder_with_a_line_break_in_its_name(wercker: Wercker, tmp_path: Path) -> None:
    odd = At(tmp_path / "new\nline")
    subprocess.run(["git", "init", "-q", "--", odd.path], check=True)
    odd.commit(HISTORY)
    assert run(wercker, odd, code=10).steps[0]["message"] == (
        f"git cannot share the objects of a folder with a line break in its name: {str(odd.path)!r}"
    )


def test_a_folder_and_a_branch_that_are_no_text(wercker: Wercker, checkout: Checkout, tmp_path: Path) -> None:
    odd = At(tmp_path / os.fsdecode(b"caf\xe9"))
    subprocess.run(["git", "init", "-q", "--", odd.path], check=True)
    odd.commit(HISTORY)
    assert wercker("runs", "trigger", "-p", "build", cwd=odd.path, code=1).err == (
        f"wercker: {str(odd.path)!r} is no UTF-8 text, and the engine can keep nothing else\n"
    )
    checkout.commit(HISTORY)
    checkout.git("checkout", "-q", "-b", odd.path.name)
    assert wercker("runs", "trigger", "-p", "build", cwd=checkout.path, code=1).err == (
        "wercker: the engine refused: 'caf\\udce9' is no UTF-8 text, and the engine can keep nothing else (400)\n"
    )


def test_a_message_that_is_no_text(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(HISTORY, os.fsdecode(b"caf\xe9"))
    assert run(wercker, checkout).run["message"] == "caf\u00e9"  # git takes it for Latin-1


def test_filters_and_line_ends(wercker: Wercker, checkout: Checkout, home: Path) -> None:
    (checkout.path / ".gitattributes").write_text("*.up filter=up\n*.bin filter=lfs diff=lfs merge=lfs -text\n")
    (checkout.path / "a.up").write_text("text\n")
    (checkout.path / "a.bin").write_text("version https://git-lfs.github.com/spec/v1\n")
    (checkout.path / "lines").write_text("a\nb\n")
    checkout.commit(script(show="cat a.up a.bin; wc -c <lines; git status --short"))
    checkout.git("config", "core.autocrlf", "true")
    checkout.git("config", "core.eol", "crlf")
    (home / ".gitconfig").write_text('[filter "up"]\n\tsmudge = tr a-z A-Z\n\tclean = tr A-Z a-z\n')
    shown = run(wercker, checkout).logs["show"]
    assert shown == "TEXT\nversion https://git-lfs.github.com/spec/v1\n4\n"


def test_a_filter_that_fails_is_gits_own_sentence(wercker: Wercker, checkout: Checkout, home: Path) -> None:
    (checkout.path / ".gitattributes").write_text("*.up filter=up\n")
    (checkout.path / "a.up").write_text("text\n")
    checkout.commit(script(ok="true"))
    (home / ".gitconfig").write_text('[filter "up"]\n\tsmudge = false\n\tclean = cat\n\trequired = true\n')
    story = run(wercker, checkout, code=10)
    assert story.steps[0]["message"] == "The code could not be had: fatal: a.up: smudge filter up failed"


def test_many_files(wercker: Wercker, checkout: Checkout) -> None:
    for folder in range(30):
        (checkout.path / str(folder)).mkdir()
        for number in range(100):
            (checkout.path / str(folder) / str(number)).touch()
    checkout.commit(script(count="find . -type f -not -path './.git/*' | wc -l"))
    assert run(wercker, checkout).logs["count"] == "3001\n"


SUBMODULES = script(
    show="cat lib/file lib/inner/file; git status --short",
    update="git submodule --quiet update --init --recursive && cat lib/inner/file",
)


@pytest.fixture
def nested(checkout: Checkout, tmp_path: Path) -> Checkout:
    """A clone of a repository with a submodule that has a submodule, whose origins are gone."""
    inner, lib = Checkout(tmp_path / "inner"), Checkout(tmp_path / "lib")
    for repository in (inner, lib):
        (repository.path / "file").write_text(f"{repository.path.name}\n")
        repository.commit(HISTORY)
    for repository, module in ((lib, inner), (checkout, lib)):
        repository.git(
            "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", f"{module.path}", module.path.name
        )
        repository.commit(SUBMODULES)
    clone = At(tmp_path / "clone")
    subprocess.run(["git", "clone", "-q", str(checkout.path), clone.path], check=True)
    clone.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init", "--recursive")
    for gone in (inner, lib):
        shutil.rmtree(gone.path)
    return clone


def test_submodules_come_from_the_persons_own_repository(wercker: Wercker, nested: Checkout) -> None:
    expected = {"show": "lib\ninner\n", "update": "inner\n"}
    assert run(wercker, nested).logs.items() >= expected.items()
    nested.git("checkout", "-q", "-b", "without")
    nested.git("rm", "-q", "lib")  # git keeps what it has of it
    nested.git("commit", "-q", "-m", "without")
    assert run(wercker, nested, "-b", "main").logs.items() >= expected.items()


def test_what_others_may_read_names_no_folder(wercker: Wercker, nested: Checkout) -> None:
    wercker("pipelines", "add", "--name", "acme/site", str(nested.path))
    of, lib = nested.git("rev-parse", "HEAD"), At(nested.path / "lib").git("rev-parse", "HEAD")
    inner = At(nested.path / "lib/inner").git("rev-parse", "HEAD")
    assert run(wercker, nested).logs["get code"].splitlines() == [
        f"commit {of} of acme/site",
        f"submodule lib: commit {lib} of acme/site/lib",
        f"submodule inner: commit {inner} of acme/site/lib/inner",
    ]


def test_a_commit_in_a_submodule_that_nobody_else_has(wercker: Wercker, nested: Checkout) -> None:
    lib = At(nested.path / "lib")
    (lib.path / "file").write_text("changed\n")
    lib.git("commit", "-q", "-a", "-m", "changed")
    assert run(wercker, nested, "--worktree").logs["show"].splitlines()[:2] == ["changed", "inner"]


def test_a_submodule_that_the_person_has_not_got_stays_empty(
    wercker: Wercker, nested: Checkout, tmp_path: Path
) -> None:
    bare = At(tmp_path / "bare")
    subprocess.run(["git", "clone", "-q", str(nested.path), bare.path], check=True)
    story = run(wercker, bare, code=10)
    assert story.logs["get code"].splitlines()[1:] == [
        f"submodule lib stays empty, as it is in {bare.path}: git submodule update --init gets it there"
    ]
    assert story.results[:2] == [("get code", "passed"), ("setup environment", "passed")]


def test_a_commit_that_the_submodule_has_not_got_is_a_sentence(wercker: Wercker, nested: Checkout) -> None:
    nested.git("update-index", "--cacheinfo", f"160000,{'1' * 40},lib")
    nested.git("commit", "-q", "-m", "ahead")
    message = run(wercker, nested, code=10).steps[0]["message"]
    assert message == f"The code could not be had: fatal: reference is not a tree: {'1' * 40}"


def test_what_a_step_pushes_goes_to_the_remote_and_never_to_the_persons_repository(
    wercker: Wercker, checkout: Checkout, tmp_path: Path
) -> None:
    code = "git push --quiet -f origin HEAD:refs/heads/pages; git push --quiet origin :kept || true; git fetch --quiet"
    checkout.commit(script(publish=f"git remote get-url --push origin; {code}"))
    checkout.git("branch", "kept")
    before = checkout.git("for-each-ref")
    story = run(wercker, checkout, code=10)
    assert "'/nowhere/this repository has no remote' does not appear to be a git repository" in story.logs["publish"]
    subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "remote.git"], check=True)
    checkout.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    story = run(wercker, checkout)
    assert story.logs["publish"].splitlines()[0] == str(tmp_path / "remote.git")
    listed = subprocess.run(
        ["git", "-C", tmp_path / "remote.git", "for-each-ref", "--format=%(refname)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert listed == "refs/heads/pages\n"
    assert checkout.git("for-each-ref") == before
