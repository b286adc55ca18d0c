"""What an ignore file keeps out of the checkout of a run; git says what it matches."""

import os

from wercker_cli.engine import git

FILE_NAME = ".werckerignore"  # unless the wercker.yml names another


def leave_out(root: str, ignore_file: str, kept: str) -> str:
    """Takes the committed files out of the checkout that its ignore file matches, but for the file `kept`.

    Gives a sentence about it, '' where there is no ignore file. git takes what is missing for unchanged, so that the
    steps see a clean work tree. Raises GitError where git cannot do it.
    """
    patterns = os.path.join(root, ignore_file or FILE_NAME)
    if not git.is_repository(root):  # no checkout was made: these are the files that another run left
        return ""
    if not os.path.isfile(patterns):
        return f"there is no {ignore_file}, which 'ignore-file' names" if ignore_file else ""
    matched = git.git(root, "ls-files", "-z", "--cached", "--ignored", f"--exclude-from={patterns}").split("\0")
    left_out = [name for name in matched if name and name != kept]
    listed = "\0".join(left_out).encode(errors="surrogateescape")
    git.git(root, "update-index", "-z", "--skip-worktree", "--stdin", given=listed)
    for name in left_out:
        _remove(root, name)
    few = "file is" if len(left_out) == 1 else "files are"
    return f"{len(left_out)} {few} left out of the checkout, as {ignore_file or FILE_NAME} says"


def _remove(root: str, name: str) -> None:
    """Removes a file and the folders that it leaves empty. What is in a submodule was never there."""
    path = os.path.join(root, name)
    if os.path.lexists(path) and not (os.path.isdir(path) and not os.path.islink(path)):
        os.remove(path)
    folder = os.path.dirname(name)
    while folder and not os.listdir(os.path.join(root, folder)):
        os.rmdir(os.path.join(root, folder))
        folder = os.path.dirname(folder)
