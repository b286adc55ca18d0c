"""The working tree as it is, as a commit that no branch shows; nothing of the person's repository changes.

The objects of such commits are kept in a repository of our own for each application, so that git's pruning cannot
take them.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import get_ident

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
        _make(root, kept)
    with _locked(kept, fcntl.LOCK_SH):
        return _take(root, kept)


def _make(root: str, kept: str) -> None:
    """Makes the repository whole before anybody sees it: others may be about to make it as well."""
    made = f"{kept}.{_own()}"
    git.git(os.path.dirname(root), "init", "--quiet", "--bare", "--template=", made)
    try:
        os.rename(made, kept)
    except OSError:
        if not os.path.isdir(kept):
            raise
        import shutil  # few come here

        shutil.rmtree(made)


def _own() -> str:
    """What nobody else's files are called at this moment: other commands may be at it too, and threads of a server."""
    return f"{os.getpid()}.{get_ident()}"


def drop(kept: str, is_needed: Callable[[str], bool], before: float) -> None:
    """Deletes the snapshots that are not needed and were last taken `before` (seconds since 1970), and packs the rest.

    While another command takes one, nothing happens.
    """
    try:
        with _locked(kept, fcntl.LOCK_EX | fcntl.LOCK_NB):
            for commit in _snapshots(kept):
                if os.stat(_ref(kept, commit)).st_mtime < before and not is_needed(commit):
                    git.git(kept, "update-ref", "-d", f"refs/snapshots/{commit}")
            _repack(kept)
    except BlockingIOError:  # the lock
        return


def _repack(kept: str) -> None:
    """One pack of what the snapshots hold in place of all objects, of which git alone could make none: the parents of
    the commits are in the person's repository."""
    import shutil  # every run loads this module, and few come here

    objects = os.path.join(kept, "objects")
    packs = os.path.join(objects, "pack")
    before, commits, done = os.listdir(packs), _snapshots(kept), os.path.join(kept, "packed")
    if _read(done).split() == commits:
        return
    new = _pack(kept, commits) if commits else ""
    for name in sorted(before):  # .idx before .pack: whoever reads the old one finds the new one
        if not (new and name.startswith(f"pack-{new}.")):
            os.remove(os.path.join(packs, name))
    for name in os.listdir(objects):
        if len(name) == len("00"):
            shutil.rmtree(os.path.join(objects, name))
    _remove(os.path.join(kept, "index"))  # it names objects that are gone
    with open(done, "w", encoding="ascii") as file:  # last, so that a repacking that was killed is done again
        file.write("\n".join(commits))


def _pack(kept: str, commits: list[str]) -> str:
    """The name of a new pack with all that these snapshots need."""
    trees = "".join(f"{commit}^{{tree}}\n" for commit in commits)
    needed = git.git(kept, "rev-list", "--objects", "--no-object-names", "--stdin", given=trees.encode()).split()
    pack = os.path.join(kept, "objects", "pack", "pack")
    return git.git(kept, "pack-objects", "--quiet", pack, given="\n".join([*commits, *needed, ""]).encode())


def _snapshots(kept: str) -> list[str]:
    return git.git(kept, "for-each-ref", "--format=%(objectname)", "refs/snapshots").split()


def _ref(kept: str, commit: str) -> str:
    """The file of a snapshot's ref: we never let git pack them, as their times say when they were last taken."""
    return os.path.join(kept, "refs", "snapshots", commit)


@contextmanager
def _locked(kept: str, operation: int) -> Iterator[None]:
    """Keeps out who would delete what a snapshot builds on; raises BlockingIOError where that was asked for."""
    folder = os.open(kept, os.O_RDONLY)
    try:
        fcntl.flock(folder, operation)
        yield
    finally:
        os.close(folder)


def _take(root: str, kept: str) -> git.Commit:
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
    index = os.path.join(kept, f"index.{_own()}")
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
    os.utime(_ref(kept, commit))  # git leaves a ref alone that is there already


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:
            return file.read()
    except FileNotFoundError:
        return ""


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
