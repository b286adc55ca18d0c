"""The few things that the engine asks git."""

import os
import re
import shlex
from collections.abc import Mapping
from typing import NamedTuple

from wercker_cli.errors import Refused

# What a git hook sets for its own repository must not steer ours; nor may reading write the person's index.
_REPOSITORY_VARIABLES = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
)
NO = {1, 2}  # exit codes of "there is none"; 128 is trouble
NO_HOOKS = ("-c", "core.hooksPath=/dev/null")
_SCP = r"(?:[^@/]+@)?(?P<host>[^:/]+):(?P<path>(?!//).+)"
_URL = r"(?:https?|ssh|git|git\+ssh)://(?:[^/]*@)?(?P<host>[^:/]+)(?::\d+)?/(?P<path>[^?#]+)(?:[?#].*)?"
OWNER_AND_NAME = 2
LONGEST_COMPLAINT = 65536  # bytes
_ODD = r"[^A-Za-z0-9._-]+"


class GitError(Refused):
    """git said no; the message is its own, `code` its exit code."""

    code = 0


class Commit(NamedTuple):
    """A commit and what its author wrote."""

    hash: str
    message: str


class Remote(NamedTuple):
    """Where a repository comes from: "github.com", "OWNER", "NAME"; all '' without such a remote."""

    domain: str
    owner: str
    repository: str


def git(folder: str, *args: str, env: Mapping[str, str] | None = None, given: bytes | None = None) -> str:
    """What `git ARGS` prints in that folder, less the last line break; raises GitError with what it complains of."""
    import subprocess  # most commands ask git nothing

    command = ["git", *NO_HOOKS, "-C", folder, *args]
    try:
        done = subprocess.run(command, env=environment(os.environ, env), input=given, capture_output=True, check=False)
    except FileNotFoundError:
        raise GitError("git is not installed, and the engine needs it", hint="install git") from None
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines() or [f"exit code {done.returncode}"]
        error = GitError(f"git {args[0]} in {folder}: {_last(said)}", hint=_hint(folder, said))
        error.code = done.returncode
        raise error
    return done.stdout.decode(errors="surrogateescape").removesuffix("\n")


def blob(repository: str, commit: str, path: str) -> bytes | None:
    """What is in a file of a commit, through links within it; None where there is no such file."""
    asked = f"{commit}:{path}\n".encode(errors="surrogateescape")
    told = git(repository, "cat-file", "--batch", "--follow-symlinks", given=asked)
    head, _, content = told.encode(errors="surrogateescape").partition(b"\n")
    return content if head.split()[1:2] == [b"blob"] else None


def asked(folder: str, *args: str) -> str | None:
    """What git answers to a question, or None for its "no". Raises GitError for anything else."""
    try:
        return git(folder, *args)
    except GitError as error:
        if error.code in NO:
            return None
        raise


def complaint(log: str, start: int, code: int) -> str:
    """What a git that failed with that exit code has said in a log, from a byte on."""
    with open(log, "rb") as file:
        file.seek(start)
        said = file.read(LONGEST_COMPLAINT).decode(errors="replace")
    return verdict(said) or f"git exited with exit code {code}"


def verdict(said: str) -> str:
    """The line that says what went wrong, among all that git has said; '' where it was silent."""
    lines = [line for line in said.splitlines() if line]
    return _last(lines) if lines else ""


def environment(caller: Mapping[str, str], more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for git: the caller's, less what points it to another repository."""
    kept = {name: value for name, value in caller.items() if name not in _REPOSITORY_VARIABLES}
    return {**kept, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", **(more or {})}


def is_repository(root: str) -> bool:
    """Whether the folder is the top of a git work tree."""
    return os.path.exists(os.path.join(root, ".git"))


def top(folder: str) -> str | None:
    """The top of the work tree that a folder is in, or None."""
    while not is_repository(folder):
        folder, below = os.path.dirname(folder), folder
        if folder == below:
            return None
    return folder


def is_branch_name(root: str, branch: str) -> bool:
    """Whether git could have a branch of that name."""
    return asked(root, "check-ref-format", f"refs/heads/{branch}") is not None


def is_tag_name(root: str, tag: str) -> bool:
    """Whether git could have a tag of that name."""
    return asked(root, "check-ref-format", f"refs/tags/{tag}") is not None


def head_branch(root: str) -> str:
    """The branch that is checked out; "HEAD" where it is none."""
    return _branch_in_head(root) or asked(root, "symbolic-ref", "--quiet", "--short", "HEAD") or "HEAD"


def _branch_in_head(root: str) -> str:
    """The same, where a plain repository tells it without a process; else ''."""
    try:
        with open(os.path.join(root, ".git", "HEAD"), encoding="utf-8") as file:
            ref = file.read().rstrip("\n")
    except (OSError, UnicodeDecodeError):  # another worktree, or a name that git has to spell
        return ""
    branch = ref.removeprefix("ref: refs/heads/")
    return "" if branch in {ref, ".invalid"} else branch  # a detached HEAD, or refs that are not kept in files


def head(root: str) -> tuple[str, str]:
    """The branch that is checked out and its commit, where a plain repository tells both without a process; else ''."""
    branch = _branch_in_head(root)
    try:
        with open(os.path.join(root, ".git", "refs", "heads", branch), encoding="ascii") as file:
            return branch, file.read().strip()
    except (OSError, UnicodeDecodeError):  # packed, or none
        return branch, ""


def branches(root: str) -> list[str]:
    """The local branches and those of "origin", each once, the one with the newest commit first."""
    found = git(
        root, "for-each-ref", "--sort=-committerdate", "--format=%(refname)", "refs/heads", "refs/remotes/origin"
    )
    names = (ref.removeprefix("refs/heads/").removeprefix("refs/remotes/origin/") for ref in found.split())
    return [name for name in dict.fromkeys(names) if name != "HEAD"]


def commit_of(root: str, *revisions: str) -> Commit | None:
    """The commit of the first of these revisions that exists, or None."""
    asked_for = "".join(f"{revision}^{{commit}}\n" for revision in revisions if "\n" not in revision)
    rest = git(root, "cat-file", "--batch", given=os.fsencode(asked_for)).encode(errors="surrogateescape")
    while rest:
        header, _, rest = rest.partition(b"\n")
        found = re.fullmatch(rb"([0-9a-f]+) commit (\d+)", header)
        if found:
            return Commit(found[1].decode(), _message(rest[: int(found[2])]))
    return None


def _message(commit: bytes) -> str:
    """What the author of a commit object wrote."""
    head, _, message = commit.partition(b"\n\n")
    encoding = re.search(rb"^encoding (.+)$", head, re.MULTILINE)
    try:
        return message.decode(encoding[1].decode() if encoding else "utf-8", "replace").strip()
    except (LookupError, UnicodeDecodeError):  # no encoding that anybody knows
        return message.decode(errors="replace").strip()


def changed_files(root: str) -> list[str]:
    """The files that differ from the commit that is checked out, untracked ones included."""
    entries = git(root, "status", "--porcelain", "--no-renames", "-z").split("\0")
    return [entry[3:] for entry in entries if entry]


def origin(root: str) -> str:
    """The URL of the remote "origin", or ''."""
    return asked(root, "remote", "get-url", "origin") or ""


def remote(url: str) -> Remote:
    """Whose repository a remote's URL names; the path of a folder on this machine names nobody's."""
    match = re.fullmatch(_URL, url) or (None if "://" in url else re.fullmatch(_SCP, url))
    parts = match["path"].strip("/").removesuffix(".git").split("/") if match else []
    if match is None or len(parts) < OWNER_AND_NAME or not all(re.sub(_ODD, "", part) for part in parts[-2:]):
        return Remote("", "", "")
    return Remote(match["host"], name(parts[-2]), name(parts[-1]))


def is_url(text: str) -> bool:
    """Whether git would take that for the address of a repository."""
    return "://" in text or re.fullmatch(_SCP, text) is not None


def name(text: str) -> str:
    """A text as it can stand in OWNER/NAME."""
    return re.sub(_ODD, "-", text).strip("-.") or "unnamed"


def _hint(folder: str, lines: list[str]) -> str | None:
    """What to type where git does not trust a repository of another user, as in many containers."""
    distrusts = any("dubious ownership" in line for line in lines)
    return f"git config --global --add safe.directory {shlex.quote(folder)}" if distrusts else None


def _last(lines: list[str]) -> str:
    """The line that says what is wrong: git puts hints behind it."""
    fatal = [line for line in lines if line.startswith(("fatal:", "error:"))]
    return (fatal or lines)[-1]
