"""Repositories given by URL: copies in the state folder, which fetch what is new at each trigger.

A mirror is a repository with an empty working tree, whose branches and tags are those of the URL.
"""

import fcntl
import math
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO

from wercker_cli.engine import checkouts, folders, git, pipeline_file, slow
from wercker_cli.engine.store import Row, Store
from wercker_cli.errors import NotFound, Refused

SECONDS = 25.0  # that whoever waits for the answer to a trigger waits for a fetch, of others too
UNFINISHED = "new."  # what the name of a mirror begins with that is being made
ABANDONED = 86_400.0  # seconds after which whoever made one of those was killed
GOING = 2.0  # seconds that a git may take to leave
_POLL = 0.02  # seconds between two looks at a lock
_FETCHED, _TIDIED = "fetched", "tidied"  # files that are locks
_NO_GC = ("-c", "gc.auto=0", "-c", "maintenance.auto=false")  # it would go on behind the fetch, in a backup's way
_TOO_LONG = "git fetch took longer than {:g} seconds"
_REFS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
_URL = r"""(?<=://)(?:[^/\s]*@)?([^?\s'"]*)(?:\?[^\s'"]*)?"""


def is_source(text: str) -> bool:
    """Whether that is a URL, or the path of a bare repository, which has no checkout to run."""
    bare = all(os.path.exists(os.path.join(text, part)) for part in ("HEAD", "objects", "refs"))
    return bare or (not os.path.exists(text) and git.is_url(text))


def add(store: Store, url: str, name: str, note: Callable[[str], None], *, public: bool | None) -> Row:
    """The application of a repository, called `name` (OWNER/NAME) or after its URL, and served from its mirror.

    Raises Refused with git's words where it cannot be fetched or has no wercker.yml, NotFound where it is empty.
    """
    if os.path.exists(url):
        url = os.path.realpath(url)
    os.makedirs(folders.mirrors(store.home), mode=0o700, exist_ok=True)
    _discard_abandoned(store.home)
    made = tempfile.mkdtemp(prefix=UNFINISHED, dir=folders.mirrors(store.home))
    try:
        git.git(made, "init", "--quiet", "--template=")
        git.git(made, "config", "remote.origin.url", url)  # alone: _REFS says what is fetched
        trouble = _fetch(made, None)
        if trouble:
            raise Refused(f"{_shown(url)} cannot be fetched: {git.verdict(trouble)}")
        if not _pipeline_file(made):
            raise NotFound(f"there is no commit in {_shown(url)} yet")
        with store.transaction():  # a prune forgets an application that has no folder
            row = checkouts.name_application(store, name or _name(_shown(url)), _shown(url), public=public)
            root = folders.mirror(store.home, row["id"])
            folders.discard(store.home, root)
            os.rename(made, root)
            checkouts.serve(store, row["id"], folders.mirror("", row["id"]), _shown(url))
    finally:
        shutil.rmtree(made, ignore_errors=True)
    _learn_pipelines(store, row["id"], root, note)
    return row


def _discard_abandoned(home: str) -> None:
    for entry in os.scandir(folders.mirrors(home)):
        if entry.name.startswith(UNFINISHED) and _age(entry.path) > ABANDONED:
            folders.discard(home, entry.path)


def refresh(store: Store, application: str, root: str) -> str:
    """Fetches what is new into the application's mirror at `root`; '', or git's words where that failed.

    Raises Busy where too many wait for a fetch already.
    """
    before = git.commit_of(root, "HEAD")
    with slow.seat(root):
        trouble = _fetch_once(root)
    if not trouble and git.commit_of(root, "HEAD") != before:
        _learn_pipelines(store, application, root, lambda _: None)
    return trouble


def _fetch_once(root: str) -> str:
    """Fetches, unless somebody else began to do so after this was called: then that one's outcome is its own."""
    called = time.monotonic()
    until = called + SECONDS
    try:
        with _locked(root, _FETCHED, until) as lock:
            began, _, trouble = os.pread(lock, os.fstat(lock).st_size, 0).decode().partition("\n")
            if called <= float(began or 0) <= time.monotonic():  # it may be of before a restart
                return trouble
            _remove_locks(os.path.join(root, ".git"))
            now = time.monotonic()
            trouble = _fetch(root, until)
            os.truncate(lock, 0)
            os.pwrite(lock, f"{now}\n{trouble}".encode(), 0)
            return trouble
    except TimeoutError:
        return _TOO_LONG.format(SECONDS)


def _remove_locks(repository: str) -> None:
    """Removes what a git has left there that was killed before it could; to be called by whoever holds the mirror.

    One that outlives a killed server may still be at work, for no longer than any.
    """
    for folder, below, files in os.walk(repository):
        below[:] = set(below) - {"objects"}
        for path in (os.path.join(folder, name) for name in files if name.endswith(".lock")):
            if _age(path) > SECONDS + GOING:
                os.remove(path)


def _age(path: str) -> float:
    """Seconds since it was last written; 0 where it is gone."""
    with suppress(FileNotFoundError):
        return time.time() - os.stat(path).st_mtime
    return 0.0


def tidy(home: str) -> None:
    """Packs what many fetches have brought; a backup waits for it, and a fetch does not."""
    for root in whole(home):
        with _locked(root, _TIDIED), suppress(git.GitError):  # a full disk, say: there is another day
            git.git(root, "-c", "gc.autoDetach=false", "gc", "--auto", "--quiet")


def whole(home: str) -> list[str]:
    """The folders of the mirrors; of none that is in the making."""
    kept = folders.mirrors(home)
    names = sorted(os.listdir(kept)) if os.path.isdir(kept) else []
    return [os.path.join(kept, name) for name in names if not name.startswith(UNFINISHED)]


@contextmanager
def held(root: str) -> Iterator[None]:
    """Keeps a mirror as it is."""
    with _locked(root, _TIDIED), _locked(root, _FETCHED):
        yield


@contextmanager
def _locked(root: str, what: str, until: float = math.inf) -> Iterator[int]:
    """Has that lock of a mirror; raises TimeoutError where others have it until then, on the machine's clock.

    Gives its file, in which a fetch notes when it began, on that clock, and in a further line what went wrong.
    """
    lock = os.open(os.path.join(root, ".git", what), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        while not _taken(lock):
            if time.monotonic() > until:
                raise TimeoutError
            time.sleep(_POLL)
        yield lock
    finally:
        os.close(lock)


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _fetch(root: str, until: float | None) -> str:
    """Makes the mirror what its URL is by now, with its default branch; '', or what git says went wrong.

    What takes longer than until that time, of the monotonic clock, is wrong as well.
    """
    try:
        _ask(root, until, *_NO_GC, "fetch", "--quiet", "--prune", "--update-head-ok", "origin", *_REFS)
        branch = re.match(r"ref: (refs/heads/\S+)\tHEAD", _ask(root, until, "ls-remote", "--symref", "origin", "HEAD"))
        head = branch[1] if branch else _only_branch(root)
        if head:
            git.git(root, "symbolic-ref", "HEAD", head)
    except git.GitError as error:
        return error.message
    except subprocess.TimeoutExpired:
        return _TOO_LONG.format(SECONDS)
    return ""


def _only_branch(root: str) -> str:
    """The one branch of a repository whose HEAD names none that is there; '' where there are several, or none."""
    branches = git.git(root, "for-each-ref", "--count=2", "--format=%(refname)", "refs/heads").split()
    return branches[0] if len(branches) == 1 else ""


def _ask(root: str, until: float | None, *args: str) -> str:
    """What a git prints that asks another machine; ssh and the like, which it starts, end with it.

    Raises GitError with all that it says went wrong, TimeoutExpired at that time (of the monotonic clock).
    """
    with tempfile.TemporaryFile() as told, tempfile.TemporaryFile() as said:  # pipes may stay open in what ssh leaves
        process = subprocess.Popen(
            ["git", *git.NO_HOOKS, "-C", root, *args],
            env=git.environment(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=said,
            start_new_session=True,
        )
        try:
            code = process.wait(None if until is None else max(0, until - time.monotonic()))
        finally:
            _end(process)
        if code:
            raise git.GitError(_shown(_read(said).strip() or f"exit code {code}"))
        return _read(told)


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends a git that still runs, and what it has started; it removes its locks if it is asked kindly."""
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(GOING)
    with suppress(ProcessLookupError):  # all of them are gone
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _pipeline_file(root: str) -> tuple[str, str] | None:
    """The name and the text of the wercker.yml of the default branch, None where there is no commit yet.

    Raises Refused where it has none, or none that is text.
    """
    head = git.commit_of(root, "HEAD")
    return pipeline_file.committed(root, head.hash) if head else None


def _learn_pipelines(store: Store, application: str, root: str, note: Callable[[str], None]) -> None:
    """Makes the pipelines known that the wercker.yml of the default branch names."""
    from wercker_cli.engine import wercker_yml  # most commands read none

    try:
        found = _pipeline_file(root)
        file = wercker_yml.read(found[1], found[0]) if found else None
    except Refused as error:
        note(f"note: {error.message}; its pipelines are those known from before")
        return
    for pipeline in [*file.pipelines, *sorted(file.empty)] if file else []:
        checkouts.add_pipeline(store, application, pipeline)


def _name(url: str) -> str:
    """OWNER/NAME of a URL, local/NAME where it has no owner."""
    remote = git.remote(url)
    if remote.owner:
        return f"{remote.owner}/{remote.repository}"
    return f"{checkouts.LOCAL}/{git.name(os.path.basename(url.rstrip('/')).removesuffix('.git'))}"


def _shown(text: str) -> str:
    """The text without what a URL in it has before the host, which may be a password, and behind a question mark."""
    return re.sub(_URL, r"\1", text)
