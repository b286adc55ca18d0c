"""What lies where in the state folder, beside the store.

runs/RUN/logs/N.log     the log of the step with "order" N
runs/RUN/artifact/      what the run left in WERCKER_OUTPUT_DIR
work/RUN/               the checkout and the rest of a run while it executes
cache/APPLICATION/      WERCKER_CACHE_DIR
snapshots/              working trees as commits (snapshot.py)
trash/                  working copies on their way out
worker.log              what went wrong in a worker itself
"""

import os


def logs(home: str, run: str) -> str:
    """The folder of a run's logs."""
    return os.path.join(home, "runs", run, "logs")


def log(home: str, run: str, position: int) -> str:
    """The path of a step's log; it exists from the step's start on."""
    return os.path.join(logs(home, run), f"{position}.log")


def work(home: str, run: str) -> str:
    """The folder that is a run's while it executes."""
    return os.path.join(home, "work", run)


def cache(home: str, application: str) -> str:
    """The folder that stays from run to run of an application."""
    return os.path.join(home, "cache", application)


def worker_log(home: str) -> str:
    """Where a worker writes what went wrong in itself."""
    return os.path.join(home, "worker.log")


def clean(home: str, run: str, *, keep_output: bool) -> None:
    """Takes the working copy of a run away, in one move, and then deletes it."""
    import shutil

    folder = work(home, run)
    if not os.path.isdir(folder):
        return
    output = os.path.join(folder, "output")
    if keep_output and any(files for _, _, files in os.walk(output)):
        os.rename(output, os.path.join(home, "runs", run, "artifact"))
    trash = os.path.join(home, "trash")
    os.makedirs(trash, exist_ok=True)
    os.rename(folder, os.path.join(trash, run))
    shutil.rmtree(os.path.join(trash, run), onerror=_unlock)


def _unlock(_function: object, path: str, _error: object) -> None:
    """Deletes what a step made read-only (a module cache, say)."""
    import shutil

    parent = os.path.dirname(path)
    os.chmod(parent, 0o700)
    if os.path.isdir(path) and not os.path.islink(path):
        os.chmod(path, 0o700)
        shutil.rmtree(path, ignore_errors=True)
    elif os.path.lexists(path):
        os.remove(path)
