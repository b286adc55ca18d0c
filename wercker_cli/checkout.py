"""What git tells of the folder that one stands in, whoever answers."""

import os
import re

from wercker_cli.errors import Usage

_HASH = r"[0-9a-f]{4,64}"


def remote() -> str | None:
    """OWNER/NAME of the remote "origin", or None."""
    from wercker_cli.engine import git

    root = _top()
    found = git.remote(git.origin(root)) if root else None
    return f"{found.owner}/{found.repository}" if found and found.owner else None


def branches() -> list[str]:
    """The branches, the one with the newest commit first."""
    from wercker_cli.engine import git

    root = _top()
    return git.branches(root) if root else []


def head() -> tuple[str, str]:
    """The branch ("HEAD" for none) and the commit that are checked out; raises Usage where there is no commit."""
    from wercker_cli.engine import git

    root = _top()
    commit = git.commit_of(root, "HEAD") if root else None
    if root is None or commit is None:
        raise Usage("@head is the commit that is checked out, and there is none here", hint="go into a checkout")
    return git.head_branch(root), commit.hash


def has(commit: str) -> bool:
    """Whether the repository holds that commit; what is no hash is none, and no option of git either."""
    from wercker_cli.engine import git

    root = _top()
    return root is not None and bool(re.fullmatch(_HASH, commit)) and git.commit_of(root, commit) is not None


def _top() -> str | None:
    from wercker_cli.engine import git  # most commands ask git nothing

    try:
        return git.top(os.getcwd())
    except FileNotFoundError:  # the folder was deleted
        return None
