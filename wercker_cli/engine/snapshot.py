"""The working tree as it is, as a commit that no branch shows; nothing of the person's repository changes.

The objects of such commits are kept in a repository of our own for each application, so that git's pruning cannot
take them.
"""

import os

from wercker_cli.engine import git

_IDENTITY = {
    f"GIT_{role}_{part}": text
    for role in ("AUTHOR", "COMMITTER")
    for part, text in (("NAME", "wercker"), ("EMAIL", "wercker@localhost"))
}


def repository(home: str, application: str) -> str:
    """Where the snapshots of an application are kept."""
    return os.path.join(home, "snapshots", f"{application}.git")


def take(root: str, kept: str) -> git.Commit:
    """The working tree of `root` as a commit in the repository `kept`, uncommitted and untracked files included.

    A tree that is just what is checked out is that commit; the same tree twice is the same commit.
    """
    if not os.path.isdir(kept):
        git.git(os.path.dirname(root), "init", "--quiet", "--bare", "--template=", kept)
    is_repository = git.is_repository(root)
    head = git.commit_of(root, "HEAD") if is_repository else None
    env = _environment(root, kept, is_repository=is_repository)
    try:
        git.git(root, "add", "--all", env=env)
        tree = git.git(root, "write-tree", env=env)
        if not is_repository:
            os.replace(env["GIT_INDEX_FILE"], os.path.join(kept, "index"))  # the next snapshot reads what changed
    finally:
        _remove(env["GIT_INDEX_FILE"])
    if head and tree == git.git(root, "rev-parse", f"{head.hash}^{{tree}}"):
        return head
    parent = ["-p", head.hash] if head else []
    seconds = git.git(root, "log", "-1", "--no-show-signature", "--format=%ct", head.hash) if head else "0"
    dates = {"GIT_AUTHOR_DATE": f"@{seconds} +0000", "GIT_COMMITTER_DATE": f"@{seconds} +0000"}
    message = f"Working tree of {os.path.basename(root)}"
    commit = git.git(root, "commit-tree", tree, *parent, "-m", message, env={**env, **_IDENTITY, **dates})
    _keep(root, kept, commit, tree, env)
    return git.Commit(commit, message)


def _environment(root: str, kept: str, *, is_repository: bool) -> dict[str, str]:
    """Lets git read the person's objects and write its own into `kept`, with an index of our own."""
    index = os.path.join(kept, f"index.{os.getpid()}")  # another command may be at it too
    if not is_repository:
        _copy(os.path.join(kept, "index"), index)
        return {"GIT_DIR": kept, "GIT_WORK_TREE": root, "GIT_INDEX_FILE": index}
    own = git.git(root, "rev-parse", "--path-format=absolute", "--git-path", "objects", "--git-path", "index")
    objects, _, persons_index = own.partition("\n")
    _copy(persons_index, index)  # with it, git reads only the files that changed
    return {
        "GIT_INDEX_FILE": index,
        "GIT_OBJECT_DIRECTORY": os.path.join(kept, "objects"),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": objects,
    }


def _keep(root: str, kept: str, commit: str, tree: str, env: dict[str, str]) -> None:
    """Copies what the commit needs into `kept`, less what earlier snapshots brought there."""
    earlier = git.git(kept, "for-each-ref", "--format=^%(objectname)^{tree}", "refs/snapshots").split()
    needed = git.git(root, "rev-list", "--objects", "--no-object-names", tree, *earlier, env=env)
    pack = os.path.join(kept, "objects", "pack", "pack")
    git.git(root, "pack-objects", "--quiet", pack, env=env, given="\n".join([commit, *needed.split(), ""]).encode())
    git.git(kept, "update-ref", f"refs/snapshots/{commit}", commit)


def _copy(source: str, target: str) -> None:
    if not os.path.exists(source):
        return
    with open(source, "rb") as read, open(target, "wb") as written:
        written.write(read.read())


def _remove(path: str) -> None:
    try:
        os.remove(path)
    except FileNotFoundError:
        return
