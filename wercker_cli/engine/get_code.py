"""The step "get code": a clean checkout of exactly the run's commit, with its submodules, without any network."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from wercker_cli.engine import git
from wercker_cli.errors import Refused

if TYPE_CHECKING:
    from wercker_cli.engine.port import Job

Run = Callable[[list[str]], None]  # runs a command that may take long; raises GitError where it fails
Say = Callable[[str], None]

_CLONE = ("clone", "--quiet", "--shared", "--template=")
# The trigger has looked into the repository, which git does only where the person trusts it. For a clone git asks
# again, and means the folder .git in it, so that what it says to type (git.py) would not be enough.
_OF_SOMEBODY_ELSE = "--upload-pack=git -c safe.directory='*' upload-pack"
NOWHERE = "/nowhere/this repository has no remote"
_GITLINK = "160000"


def check_out(job: Job, root: str, run: Run, say: Say) -> None:
    """Makes the checkout of a run at `root`; raises Refused, with the reason, where that cannot be done."""
    if job.trouble:
        say(job.trouble)
        raise Refused(f"The code could not be fetched: {git.verdict(job.trouble)}")
    if not os.path.isdir(job.repository):
        raise Refused(f"There is no repository in {job.called} any more")
    if "\n" in job.repository:
        raise Refused(f"git cannot share the objects of a folder with a line break in its name: {job.called!r}")
    say(f"commit {job.commit} of {job.called}")
    kept = os.path.isdir(job.snapshots) and job.snapshots != job.repository
    on_branch = ["--detach"] if job.branch == "HEAD" or job.tag else ["-B", job.branch]
    reference = ["--reference", job.snapshots] if kept else []
    _clone(job.repository, root, run, job.origin, [*on_branch, job.commit], *reference)
    _submodules(job.repository, job.called, root, run, say)


def content(job: Job, file: str) -> bytes | None:
    """What is in a file of the run's commit; None where it has none, or the commit is not there any more."""
    if os.path.isabs(file) or ".." in file.split("/") or "\n" in file:
        return None
    for repository in (job.repository, job.snapshots):
        if git.is_repository(repository) or os.path.isdir(os.path.join(repository, "objects")):
            found = git.blob(repository, job.commit, file)
            if found is not None:
                return found
    return None


def _clone(repository: str, root: str, run: Run, origin: str, commit: list[str], *more: str) -> None:
    """A checkout that reads the objects of the repository; what a step pushes goes where that would push it.

    Without a word about it, a push would write the branches of the person's own repository.
    """
    more = ("--config", f"remote.origin.pushurl={origin or NOWHERE}", *more)
    more = more if os.stat(repository).st_uid == os.geteuid() else (*more, _OF_SOMEBODY_ELSE)
    by_itself = commit == ["-B", *git.head(repository)]  # a clone checks that out
    how = [] if by_itself else ["--no-checkout"]
    run(["git", *git.NO_HOOKS, *_CLONE, *how, *more, "--", repository, root])
    if not by_itself or commit != ["-B", *git.head(root)]:  # somebody may have committed since
        run(["git", *git.NO_HOOKS, "-C", root, "checkout", "--quiet", *commit, "--"])
    if os.path.isfile(os.path.join(repository, ".git")):  # git overlooks that a linked worktree is of a shallow clone
        shallow = git.git(repository, "rev-parse", "--path-format=absolute", "--git-path", "shallow")
        if os.path.exists(shallow):
            import shutil  # rarely needed, and slow to load

            shutil.copy(shallow, os.path.join(root, ".git", "shallow"))


def _submodules(repository: str, called: str, root: str, run: Run, say: Say) -> None:
    """The submodules that the person's repository has got; the others stay empty, with a line in the log."""
    for name, path, commit in _listed(root):
        source = _source(repository, name, path)
        if source is None:
            say(f"submodule {path} stays empty, as it is in {called}: git submodule update --init gets it there")
            continue
        inner = source if called == repository else f"{called}/{path}"
        say(f"submodule {path}: commit {commit} of {inner}")
        below = os.path.join(root, path)
        _clone(source, below, run, "", ["--detach", commit])
        _submodules(source, inner, below, run, say)


def _listed(root: str) -> Iterator[tuple[str, str, str]]:
    """The names, paths and commits of the submodules of a checkout."""
    if not os.path.exists(os.path.join(root, ".gitmodules")):
        return
    paths = git.asked(root, "config", "--file", ".gitmodules", "-z", "--get-regexp", r"^submodule\..*\.path$")
    for entry in (paths or "").split("\0")[:-1]:
        key, _, path = entry.partition("\n")
        name = key.removeprefix("submodule.").removesuffix(".path")
        staged = git.git(root, "--literal-pathspecs", "ls-files", "--stage", "-z", "--", path)
        mode, commit = staged.split(" ", 2)[:2] if staged else ("", "")
        if mode == _GITLINK and ".." not in name.split("/"):
            yield name, path, commit


def _source(repository: str, name: str, path: str) -> str | None:
    """Where the person has that submodule: where it is checked out, else where git keeps it; None for nowhere."""
    checked_out = os.path.join(repository, path)
    if git.is_repository(checked_out):
        return checked_out
    kept = os.path.join(repository, "modules", name)  # where `repository` is such a place itself
    if git.is_repository(repository):
        kept = git.git(repository, "rev-parse", "--path-format=absolute", "--git-path", f"modules/{name}")
    return kept if os.path.isdir(kept) else None
