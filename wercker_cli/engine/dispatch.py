"""Where runs execute: on this machine, in detached workers that a command leaves behind.

Each of these is a hint that may be lost or doubled: only the claim decides who runs a run (queue.py). Process ids are
looked at here alone.
"""

import os
import signal

from wercker_cli.engine import folders, processes, queue
from wercker_cli.engine.store import Store, now_ms

WORKERS = max(2, os.cpu_count() or 1)  # at most; each has one run at a time


def wake(store: Store) -> None:
    """Makes sure that somebody takes the queued run, without waiting for it."""
    if sum(processes.alive(worker) for worker in queue.workers(store)) < WORKERS:
        store.close()
        _leave_a_worker_behind(store.home)


def cancel(worker: str) -> None:
    """Tells a worker to look at its run's abort flag now."""
    processes.notify(worker)


def tend(store: Store) -> None:
    """Settles the runs of workers that are gone, and wakes one where a run waits for nobody."""
    for row in queue.held(store):
        gone = row["lease_until"] < queue.clock() or not processes.alive(row["worker"])
        if gone and queue.settle(store, row["id"], row["worker"]):
            logs = folders.logs(store.home, row["id"])
            processes.end_marked(f"WERCKER_RUN_ID={row['id']}", logs, spared(store) | {os.getpid()})
            folders.clean(store.home, row["id"], keep_output=False)
    if queue.waiting(store):
        wake(store)


def spared(store: Store) -> frozenset[int]:
    """The process ids of the workers: a step that triggers a run leaves one behind, which is no part of its own run."""
    return frozenset(processes.pid(worker) for worker in queue.workers(store) if processes.alive(worker))


def enlist(store: Store, worker: str) -> bool:
    """Whether there is work for one more; if so, it is on the list, and those that died are off it."""
    with store.transaction():
        listed = queue.workers(store)
        dead = [other for other in listed if not processes.alive(other)]
        for other in dead:
            queue.strike(store, other)
        if len(listed) - len(dead) >= WORKERS:
            return False
        queue.enlist(store, worker)
        return True


def _leave_a_worker_behind(home: str) -> None:
    """Forks twice: the worker's modules are warm, and nothing of this command's session, streams or files is its."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        os.setsid()
        if os.fork() == 0:
            _become_a_worker(home)
    finally:
        os._exit(0)


def _become_a_worker(home: str) -> None:
    os.chdir("/")
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    for descriptor in os.listdir("/proc/self/fd"):
        if int(descriptor) > 2:
            _close(int(descriptor))
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        from wercker_cli.engine.worker import work

        work(home)
    except BaseException:  # the last resort of a process that nobody watches
        import traceback

        with open(folders.worker_log(home), "a", encoding="utf-8") as log:
            log.write(f"{now_ms()}\n{traceback.format_exc()}\n")


def _close(descriptor: int) -> None:
    try:
        os.close(descriptor)
    except OSError:  # the one that listed the folder
        return
