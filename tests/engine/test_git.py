"""What git refuses is said in its own words."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import Checkout, Wercker
from tests.engine.stories import run, script
from wercker_cli.engine import git


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder to somebody else")
def test_a_repository_of_somebody_else_is_gits_own_sentence_and_what_to_type(
    wercker: Wercker, checkout: Checkout, environ: dict[str, str]
) -> None:
    checkout.commit(script(ok="true"))
    subprocess.run(["chown", "-R", "12345", str(checkout.path)], check=True)
    done = wercker("runs", "trigger", "-p", "build", cwd=checkout.path, code=1)
    assert "detected dubious ownership in repository" in done.err
    hint = done.err.splitlines()[-1].removeprefix("hint: ")
    assert hint == f"git config --global --add safe.directory {checkout.path}"
    subprocess.run(hint.split(), env=environ, check=True)
    assert run(wercker, checkout).run["result"] == "passed"


def test_without_git_that_is_what_is_said(wercker: Wercker, checkout: Checkout, tmp_path: Path) -> None:
    checkout.commit(script(ok="true"))
    empty = tmp_path / "bin"
    empty.mkdir()
    done = wercker("runs", "trigger", "-p", "build", cwd=checkout.path, code=1, PATH=str(empty))
    assert done.err == "wercker: git is not installed, and the engine needs it\nhint: install git\n"


def test_a_commit_that_is_not_there_is_none(checkout: Checkout) -> None:
    commit = checkout.commit(script(ok="true"))
    path = str(checkout.path)
    assert git.commit_of(path, "f" * 40) is None
    assert git.commit_of(path, "ffff") is None
    assert git.commit_of(path, "refs/heads/none", "refs/heads/main") == git.Commit(commit, "first")


def test_a_revision_of_two_lines_is_none(checkout: Checkout) -> None:
    checkout.commit(script(ok="true"))
    assert git.commit_of(str(checkout.path), "refs/tags/none\nHEAD") is None


def test_a_message_is_read_in_its_own_encoding(checkout: Checkout) -> None:
    checkout.commit(script(ok="true"))
    for encoding, message in (("ISO-8859-1", "Grüße"), ("UTF-8", "Grüße\n\nzwei Absätze"), ("none", "plain")):
        (checkout.path / "message").write_bytes(message.encode("latin-1" if encoding == "ISO-8859-1" else "utf-8"))
        checkout.git("-c", f"i18n.commitEncoding={encoding}", "commit", "--quiet", "--allow-empty", "-F", "message")
        found = git.commit_of(str(checkout.path), "HEAD")
        assert found == git.Commit(checkout.git("rev-parse", "HEAD"), message)


@pytest.mark.parametrize("branch", ["main", "feature/ö", "HEAD"])
def test_the_branch_is_known_in_a_clone_and_in_a_worktree(checkout: Checkout, tmp_path: Path, branch: str) -> None:
    checkout.commit(script(ok="true"))
    other = tmp_path / "other"
    if branch == "HEAD":
        checkout.git("checkout", "--quiet", "--detach")
        checkout.git("worktree", "add", "--quiet", "--detach", str(other))
    else:
        checkout.git("checkout", "--quiet", "-B", branch)
        checkout.git("worktree", "add", "--quiet", "-b", f"{branch}-2", str(other))
    assert git.head_branch(str(checkout.path)) == branch
    assert git.head_branch(str(other)) == (branch if branch == "HEAD" else f"{branch}-2")


def test_a_pipeline_may_have_any_name(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit("'ö blank/slash': {steps: [script: {code: 'true'}]}")
    wercker("runs", "trigger", "-p", "ö blank/slash", "--wait", cwd=checkout.path)
