"""From the payload of a trigger to a run in the queue: which commit of which repository."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from wercker_cli.engine import checkouts, git, pipeline_file, secrets, snapshot
from wercker_cli.engine.faults import BadRequest, Missing, Unwell
from wercker_cli.engine.parameters import LONGEST_TEXT, Trigger
from wercker_cli.engine.store import NewRun, Row, Store
from wercker_cli.engine.variables import STEPS_PATH

if TYPE_CHECKING:
    from wercker_cli.engine.workflows import Workflow

HOST_VARS = ("PATH", "HOME", "USER", "LANG", "TZ", "TMPDIR")
HERE = {"WERCKER_CONTEXT": "engine"}  # whatever server its person works with, a step asks who runs it
ELSEWHERE = ("WERCKER_HOME", "XDG_STATE_HOME")  # where these move the state folder, steps have to find it too


class _Code(NamedTuple):
    """What a run is of."""

    repository: str
    branch: str
    tag: str
    commit: str
    message: str
    trouble: str = ""  # why it could not be fetched


def create_run(store: Store, wanted: Trigger, user: str, checkout: str | None, base: str) -> str:
    """The id of the new run. It is of the checkout that the caller is in, else of the one seen last.

    `base` is the root of the URLs in its variables.

    Raises Missing for an unknown pipeline or source run, BadRequest for a source run without an artifact, and for a
    branch, tag or commit that the repository does not have.
    """
    application = wanted.application if wanted.workflow else _pipeline(store, wanted.pipeline)["application"]
    source = _source(store, wanted.source_run, application) if wanted.source_run else None
    code = _code_of(source) if source and _is_of(source, wanted) else _code(store, wanted, application, checkout)
    new = NewRun(
        application=application,
        pipeline=wanted.pipeline,
        repository=code.repository,
        branch=code.branch,
        tag=code.tag,
        commit=code.commit,
        message=_told(wanted.message or code.message[:LONGEST_TEXT], wanted.env_vars),
        env_vars=wanted.env_vars,
        host_vars=_host_vars(store.home),
        author=user,
        source_run=wanted.source_run or None,
        trouble=code.trouble,
        base=base,
        inputs=[("", wanted.source_run)] if wanted.source_run else [],
    )
    workflow = _workflow(store, wanted, code) if wanted.workflow else None
    with store.transaction(durable=True):
        return store.add_run(_first_of(store, workflow, new) if workflow else new)


def _told(message: str, variables: list[dict[str, Any]]) -> str:
    """The message as everybody may read it."""
    values = secrets.values_of(variables)
    if not values:
        return message
    from wercker_cli.engine.mask import Mask

    return Mask(values).text(message)


def _workflow(store: Store, wanted: Trigger, code: _Code) -> Workflow:
    """The workflow as the wercker.yml of the commit has it; raises BadRequest with those that it has."""
    from wercker_cli.engine import wercker_yml

    if store.application_by_id(wanted.application) is None:
        raise Missing(f"There is no application {wanted.application}")
    kept = snapshot.repository(store.home, wanted.application)  # of a working tree, which the repository lacks
    holder = code.repository if git.commit_of(code.repository, code.commit) else kept
    name, text = pipeline_file.committed(holder, code.commit)
    workflows = {workflow.name: workflow for workflow in wercker_yml.read(text, name).workflows}
    if wanted.workflow not in workflows:
        known = ", ".join(workflows) or "none"
        raise BadRequest(f"The {name} of commit {code.commit} has no workflow {wanted.workflow!r}; it has: {known}")
    return workflows[wanted.workflow]


def _first_of(store: Store, workflow: Workflow, new: NewRun) -> NewRun:
    """The run with which the workflow begins; for a transaction. Its pipelines are known from now on."""
    from wercker_cli.engine import workflow_runs

    for node in workflow.nodes:
        checkouts.add_pipeline(store, new.application, node.pipeline)
    made, first = workflow_runs.add(store, workflow)
    return new._replace(pipeline=store.pipeline_called(new.application, first.pipeline), workflow=made, node=first.name)


def commit_of(store: Store, pipeline: str, branch: str, checkout: str | None) -> str:
    """The hash of the commit that such a run would be of; raises as `create_run` does."""
    row = _pipeline(store, pipeline)
    wanted = Trigger(pipeline, "", branch, "", "", "", [])
    return _commit(store, wanted, _root(store, row["application"], checkout), row["application"])[1].hash


def _pipeline(store: Store, pipeline: str) -> Row:
    row = store.pipeline(pipeline)
    if row is None:
        raise Missing(f"There is no pipeline {pipeline}")
    return row


def _source(store: Store, run: str, application: str) -> Row:
    """The run to start from; raises Missing for one that there is not, BadRequest for one that does not serve."""
    row = store.run(run)
    if row is None:
        raise Missing(f"sourceRunId: there is no run {run}")
    if row["application"] != application:
        raise BadRequest(f"sourceRunId: run {run} is of {row['application_owner']}/{row['application_name']}")
    from wercker_cli.engine import artifacts  # most runs have no source

    why = artifacts.lacking(store.home, row)
    if why:
        raise BadRequest(f"sourceRunId: {why[:1].lower()}{why[1:]}")
    return row


def _is_of(source: Row, wanted: Trigger) -> bool:
    """Whether what is wanted names no other commit than that of the source run."""
    same = all(given in {"", source[name]} for name, given in (("branch", wanted.branch), ("tag", wanted.tag)))
    return same and str(source["commit_hash"]).startswith(wanted.commit)


def _code_of(source: Row) -> _Code:
    """That of another run; its commit need not be there any more."""
    names = ("repository", "branch", "tag", "commit_hash", "message")
    return _Code(*(str(source[name]) for name in names))


def _code(store: Store, wanted: Trigger, application: str, checkout: str | None) -> _Code:
    root = _root(store, application, checkout)
    try:
        trouble = _refresh(store, application, root)
        branch, commit = _commit(store, wanted, root, application)
    except BadRequest:
        if not trouble:
            raise
        branch, commit = wanted.branch or wanted.tag, git.Commit(wanted.commit, "")
    except git.GitError as error:
        called = _called(store, application, root)
        if called == root:
            raise
        raise Unwell(error.message.replace(root, called)) from None  # no fault of whoever asked
    kept = snapshot.repository(store.home, application)
    return _Code(root if git.is_repository(root) else kept, branch, wanted.tag, commit.hash, commit.message, trouble)


def _refresh(store: Store, application: str, root: str) -> str:
    """Fetches what is new where `root` is the mirror of a URL; '', or git's words where that failed."""
    row = store.application_by_id(application)
    if row is None or not row["fetched_from"] or checkouts.served_from(store, row) != root:
        return ""
    from wercker_cli.engine import mirrors  # few triggers need it

    return mirrors.refresh(store, application, root)


def _host_vars(home: str) -> dict[str, str]:
    """The variables of this machine that reach a run."""
    moved = {"WERCKER_HOME": home} if any(name in os.environ for name in ELSEWHERE) else {}
    folders = os.environ.get(STEPS_PATH, "").split(os.pathsep)
    steps = {STEPS_PATH: os.pathsep.join(os.path.abspath(folder) for folder in folders if folder)}
    kept = {name: os.environ[name] for name in HOST_VARS if name in os.environ}
    return kept | HERE | moved | (steps if any(folders) else {})


def _root(store: Store, application: str, checkout: str | None) -> str:
    """The folder whose code runs: where the caller is, if that is of the application, else any of its own."""
    row = store.application_by_id(application)
    if checkout and row and checkout == checkouts.served_from(store, row):
        return checkout
    here = checkout and store.one(
        "SELECT path FROM checkouts WHERE path = :path AND application = :application",
        path=checkout,
        application=application,
    )
    return str(here["path"]) if here else checkouts.root_of(store, application)


def _called(store: Store, application: str, root: str) -> str:
    """What messages call the folder: OWNER/NAME where others may read them."""
    row = store.application_by_id(application)
    return f"{row['owner']}/{row['name']}" if row and row["served_from"] else root


def _commit(store: Store, wanted: Trigger, root: str, application: str) -> tuple[str, git.Commit]:
    """The branch and the commit; a folder that is no repository is taken as it is."""
    called, kept = _called(store, application, root), snapshot.repository(store.home, application)
    if not git.is_repository(root) and not wanted.commit:
        os.makedirs(os.path.dirname(kept), mode=0o700, exist_ok=True)
        return wanted.branch or "HEAD", snapshot.take(root, kept)
    branch = wanted.branch or git.head_branch(root)
    if wanted.branch and not git.is_branch_name(root, branch):
        raise BadRequest(f"{branch!r} is no name of a branch")
    if wanted.tag and not git.is_tag_name(root, wanted.tag):
        raise BadRequest(f"{wanted.tag!r} is no name of a tag")
    if wanted.commit:
        revisions, missing = [wanted.commit], f"There is no commit {wanted.commit} in {called}"
    elif wanted.tag:
        revisions, missing = [f"refs/tags/{wanted.tag}"], f"There is no tag {wanted.tag} in {called}"
        branch = wanted.tag
    elif wanted.branch and wanted.branch != "HEAD":
        revisions = [f"refs/heads/{branch}", f"refs/remotes/origin/{branch}"]
        missing = f"There is no branch {branch} in {called}"
    else:
        revisions = ["HEAD"]
        missing = f"There is no commit yet in {called}: commit, or run the files as they are with --worktree"
    found = git.commit_of(root, *revisions) if git.is_repository(root) else None
    if found is None and wanted.commit and os.path.isdir(kept):
        found = git.commit_of(kept, *revisions)
    if found is None or not found.hash.startswith(wanted.commit):  # a branch may be called as a commit
        raise BadRequest(missing)
    return branch, found
