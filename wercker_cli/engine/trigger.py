"""From the payload of a trigger to a run in the queue: which commit of which repository."""

import os

from wercker_cli.engine import checkouts, git, snapshot
from wercker_cli.engine.faults import BadRequest, Missing
from wercker_cli.engine.parameters import Trigger
from wercker_cli.engine.store import Row, Store
from wercker_cli.engine.variables import STEPS_PATH

HOST_VARS = ("PATH", "HOME", "USER", "LANG", "TZ", "TMPDIR")
HERE = {"WERCKER_CONTEXT": "engine"}  # whatever server its person works with, a step asks who runs it
ELSEWHERE = ("WERCKER_HOME", "XDG_STATE_HOME")  # where these move the state folder, steps have to find it too


def create_run(store: Store, wanted: Trigger, user: str, checkout: str | None) -> str:
    """The id of the new run. It is of the checkout that the caller is in, else of the one seen last.

    Raises Missing for an unknown pipeline, BadRequest for a branch, tag or commit that the repository does not have.
    """
    pipeline = _pipeline(store, wanted.pipeline)
    if wanted.source_run:
        raise BadRequest("sourceRunId: this engine cannot start from what another run left")
    root = _root(store, pipeline, checkout)
    branch, commit = _commit(store, wanted, root, pipeline["application"])
    kept = snapshot.repository(store.home, pipeline["application"])
    return store.create_run(
        pipeline=pipeline,
        repository=root if git.is_repository(root) else kept,
        branch=branch,
        tag=wanted.tag,
        commit=commit.hash,
        message=wanted.message or commit.message,
        env_vars=wanted.env_vars,
        host_vars=_host_vars(store.home),
        author=user,
    )


def commit_of(store: Store, pipeline: str, branch: str, checkout: str | None) -> str:
    """The hash of the commit that such a run would be of; raises as `create_run` does."""
    row = _pipeline(store, pipeline)
    wanted = Trigger(pipeline, "", branch, "", "", "", [])
    return _commit(store, wanted, _root(store, row, checkout), row["application"])[1].hash


def _pipeline(store: Store, pipeline: str) -> Row:
    row = store.pipeline(pipeline)
    if row is None:
        raise Missing(f"There is no pipeline {pipeline}")
    return row


def _host_vars(home: str) -> dict[str, str]:
    """The variables of this machine that reach a run."""
    moved = {"WERCKER_HOME": home} if any(name in os.environ for name in ELSEWHERE) else {}
    folders = os.environ.get(STEPS_PATH, "").split(os.pathsep)
    steps = {STEPS_PATH: os.pathsep.join(os.path.abspath(folder) for folder in folders if folder)}
    kept = {name: os.environ[name] for name in HOST_VARS if name in os.environ}
    return kept | HERE | moved | (steps if any(folders) else {})


def _root(store: Store, pipeline: Row, checkout: str | None) -> str:
    here = checkout and store.one(
        "SELECT path FROM checkouts WHERE path = :path AND application = :application",
        path=checkout,
        application=pipeline["application"],
    )
    return str(here["path"]) if here else checkouts.root_of(store, pipeline["application"])


def _commit(store: Store, wanted: Trigger, root: str, application: str) -> tuple[str, git.Commit]:
    """The branch and the commit; a folder that is no repository is taken as it is."""
    kept = snapshot.repository(store.home, application)
    if not git.is_repository(root) and not wanted.commit:
        os.makedirs(os.path.dirname(kept), mode=0o700, exist_ok=True)
        return wanted.branch or "HEAD", snapshot.take(root, kept)
    branch = wanted.branch or git.head_branch(root)
    if wanted.branch and not git.is_branch_name(root, branch):
        raise BadRequest(f"{branch!r} is no name of a branch")
    if wanted.commit:
        revisions, missing = [wanted.commit], f"There is no commit {wanted.commit} in {root}"
    elif wanted.tag:
        revisions, missing = [f"refs/tags/{wanted.tag}"], f"There is no tag {wanted.tag} in {root}"
        branch = wanted.tag
    elif wanted.branch and wanted.branch != "HEAD":
        revisions = [f"refs/heads/{branch}", f"refs/remotes/origin/{branch}"]
        missing = f"There is no branch {branch} in {root}"
    else:
        revisions = ["HEAD"]
        missing = f"There is no commit yet in {root}: commit, or run the files as they are with --worktree"
    found = git.commit_of(root, *revisions) if git.is_repository(root) else None
    if found is None and wanted.commit and os.path.isdir(kept):
        found = git.commit_of(kept, *revisions)
    if found is None:
        raise BadRequest(missing)
    return branch, found
