"""WERCKER_CACHE_DIR: the cache of an application, which one run at a time has; for the driver of a run."""

import os
from typing import IO

from wercker_cli.engine.artifacts import say
from wercker_cli.engine.port import Job, Port


def take(port: Port, job: Job, work: str, log: IO[bytes]) -> str:
    """The folder of the application's cache until the run ends; an empty one of its own where another run has that.

    Nobody waits for it: a step may wait for another run of its application.
    """
    cache = port.take_cache(job)
    if cache is None:
        cache = os.path.join(work, "cache")
        say(log.fileno(), "another run of this application has its cache: this one has an empty one that is not kept")
    # A step may have put something else in its place.
    if os.path.islink(cache) or (os.path.exists(cache) and not os.path.isdir(cache)):
        os.rename(cache, os.path.join(work, "session", "no-cache"))
    os.makedirs(cache, mode=0o700, exist_ok=True)
    drop_large(port, job, cache, log)  # of a run that failed: it had no "store"
    return cache


def drop_large(port: Port, job: Job, cache: str, log: IO[bytes]) -> None:
    """Empties the cache of the application where it has become too large; what is the run's own goes with it anyway."""
    if port.drop_large_cache(job, cache):
        say(log.fileno(), "the cache was larger than 1000 MB, and is dropped")
