"""What lies where in the state folder, beside the store.

runs/RUN/logs/N.log     the log of the step with "order" N
runs/RUN/artifact.tar.gz    what the run left
runs/RUN/checkout/      where that is its checkout: until somebody asks for the artifact
runs/RUN/artifacts/N.tar.gz what the step with "order" N left in WERCKER_REPORT_ARTIFACTS_DIR
runs/RUN/used/          the wercker.yml that the run went by
work/RUN/               the checkout and the rest of a run while it executes
cache/APPLICATION/      WERCKER_CACHE_DIR, of one run at a time
secrets/RUN             the values of its secret variables, until it has ended (secrets.py)
snapshots/              working trees as commits (snapshot.py)
mirrors/APPLICATION/    a repository that was given by URL (mirrors.py); new.* is one in the making
trash/                  working copies on their way out
pruned                  changed when the daily prune began (prune.py)
worker.log              what went wrong in a worker itself; worker.log.old, what did before
"""

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from wercker_cli.engine.clock import now_ms

LONGEST_LOG = 1_000_000  # bytes that a worker.log has before it becomes worker.log.old
LARGEST_CACHE = 1000 * 2**20  # bytes
LITTLE = 2**16  # bytes of room on a disk with which little can be done


def logs(home: str, run: str) -> str:
    """The folder of a run's logs."""
    return os.path.join(home, "runs", run, "logs")


def log(home: str, run: str, position: int) -> str:
    """The path of a step's log; it exists from the step's start on."""
    return os.path.join(logs(home, run), f"{position}.log")


def artifact(home: str, run: str) -> str:
    """The archive of what a run that passed left."""
    return os.path.join(home, "runs", run, "artifact.tar.gz")


def kept(home: str, run: str) -> str:
    """The checkout of a run that passed, of which that archive can be made."""
    return os.path.join(home, "runs", run, "checkout")


def step_artifacts(home: str, run: str, position: int) -> str:
    """The archive of what a step left, where it left something."""
    return os.path.join(home, "runs", run, "artifacts", f"{position}.tar.gz")


def left_by_steps(home: str, run: str) -> frozenset[str]:
    """The paths of all archives that steps of a run have left."""
    folder = os.path.dirname(step_artifacts(home, run, 0))
    try:
        return frozenset(os.path.join(folder, name) for name in os.listdir(folder))
    except FileNotFoundError:  # most leave nothing
        return frozenset()


def used(home: str, run: str) -> str:
    """The folder of the wercker.yml that a run went by."""
    return os.path.join(home, "runs", run, "used")


def work(home: str, run: str) -> str:
    """The folder that is a run's while it executes."""
    return os.path.join(home, "work", run)


def cache(home: str, application: str) -> str:
    """The folder that stays from run to run of an application."""
    return os.path.join(home, "cache", application)


def drop_large_cache(home: str, application: str, run: str) -> bool:
    """Whether the cache was larger than LARGEST_CACHE; then what is in it goes with the working copy of the run."""
    folder = cache(home, application)
    sizes = (_size(os.path.join(path, name)) for path, _, files in os.walk(folder) for name in files)
    if all(total <= LARGEST_CACHE for total in itertools.accumulate(sizes)):
        return False
    os.rename(folder, os.path.join(work(home, run), "session", f"cache-{os.urandom(4).hex()}"))
    os.mkdir(folder, mode=0o700)
    return True


def secrets(home: str) -> str:
    """The folder of what only running and waiting runs may know."""
    return os.path.join(home, "secrets")


def secret(home: str, run: str) -> str:
    """Where the values of a run's secret variables are until it has ended."""
    return os.path.join(secrets(home), run)


def worker_log(home: str) -> str:
    """Where a worker writes what went wrong in itself."""
    return os.path.join(home, "worker.log")


def note_fault(home: str) -> None:
    """Adds the traceback of the exception that is handled to the worker's log."""
    import traceback

    path = worker_log(home)
    if os.path.exists(path) and os.path.getsize(path) > LONGEST_LOG:
        os.replace(path, f"{path}.old")
    with open(path, "a", encoding="utf-8") as log:
        log.write(f"{now_ms()}\n{traceback.format_exc()}\n")


def database(home: str) -> str:
    """The path of the store."""
    return os.path.join(home, "wercker.db")


def mirrors(home: str) -> str:
    """The folder of the repositories that were given by URL."""
    return os.path.join(home, "mirrors")


def mirror(home: str, application: str) -> str:
    """The repository of an application that was given by URL."""
    return os.path.join(mirrors(home), application)


def prepare(home: str) -> None:
    """Makes what only its owner may read, also inside a folder that was there before, or with a database restored."""
    os.makedirs(home, mode=0o700, exist_ok=True)
    for folder in ("runs", "work", "cache", "snapshots", "trash"):
        os.makedirs(os.path.join(home, folder), mode=0o700, exist_ok=True)
    if not os.path.exists(database(home)):
        make_private(database(home))
    elif os.stat(database(home)).st_mode & 0o077:
        os.chmod(database(home), 0o600)


def make_private(path: str) -> None:
    """Makes an empty file that only its owner may read, where there is none."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def is_full(folder: str) -> bool:
    """Whether little can be kept on its disk any more."""
    room = os.statvfs(folder)
    return room.f_bavail * room.f_frsize < LITTLE


def holds_files(folder: str) -> bool:
    """Whether there is more than folders in it."""
    return any(
        files or any(os.path.islink(os.path.join(path, name)) for name in below)
        for path, below, files in os.walk(folder)
    )


def set_aside(home: str, run: str, *, passed: bool) -> None:
    """Takes the working copy of a run away; where it passed and has no archive yet, its checkout is kept."""
    checkout = os.path.join(work(home, run), "source")
    if passed and not os.path.exists(artifact(home, run)) and not os.path.islink(checkout):
        _open(checkout)
        _try(os.rename, checkout, kept(home, run))
    if not passed:  # a worker that was killed may have come as far as keeping something
        _try(os.remove, artifact(home, run))
        discard(home, kept(home, run))
    discard(home, work(home, run))


@contextmanager
def locked(folder: str) -> Iterator[None]:
    """Within this nobody else has the lock of that folder; raises FileNotFoundError where there is none."""
    import fcntl

    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def discard(home: str, folder: str) -> None:
    """Moves a folder to the trash, if it is there."""
    if not os.path.isdir(folder):
        return
    trash = os.path.join(home, "trash")
    os.makedirs(trash, mode=0o700, exist_ok=True)
    try:
        os.rename(folder, os.path.join(trash, f"{os.path.basename(folder)}.{os.urandom(4).hex()}"))
    except FileNotFoundError:  # somebody else discards it too
        return


def empty_trash(home: str) -> None:
    """Deletes what was set aside, as far as it can be deleted: a step may have left files of another user."""
    import shutil

    trash = os.path.join(home, "trash")
    for name in os.listdir(trash) if os.path.isdir(trash) else []:
        folder = os.path.join(trash, name)
        shutil.rmtree(folder, ignore_errors=True)
        if os.path.isdir(folder):
            _unlock(folder)
            shutil.rmtree(folder, ignore_errors=True)


def _size(path: str) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:  # the run still works on it, or it is another user's
        return 0


def _unlock(folder: str) -> None:
    """Lets what a step made read-only (a module cache, say) be deleted."""
    _open(folder)
    for path, folders, _ in os.walk(folder):
        for below in (os.path.join(path, name) for name in folders):
            if not os.path.islink(below):
                _open(below)


def _open(folder: str) -> None:
    _try(os.chmod, folder, 0o700)


def _try(change: Callable[..., None], *arguments: object) -> None:
    try:
        change(*arguments)
    except OSError:  # not there, or another user's: steps do what they like with their working copy
        return
