"""The process that drains the queue and goes away when it is empty: python -m wercker_cli.engine.worker HOME WORKERS"""

import os
import sys

from wercker_cli.engine import dispatch, folders, processes, queue
from wercker_cli.engine.driver import drive
from wercker_cli.engine.port import Port
from wercker_cli.engine.store import Store


def work(store: Store, worker: str, workers: int) -> None:
    """Runs what is queued, one after the other, until nothing waits, or the state folder is gone.

    `workers` is how many of its kind there may be.
    """
    dispatcher = dispatch.Dispatcher(store, workers)
    port, wakeup = Port(store, worker), processes.wakeup()
    while store.is_there():
        job = port.claim()
        if job:
            if queue.waiting(store, most=1):  # a run may have queued several behind it
                processes.adopt_orphans(adopt=False)  # another worker is nothing of ours
                dispatcher.wake()
            drive(job, port, wakeup)
            folders.empty_trash(store.home)
        elif queue.leave(store, worker):
            from wercker_cli.engine import prune  # nobody waits by now

            prune.daily(store)
            return


if __name__ == "__main__":
    if os.fork() == 0:
        processes.detach()
        dispatch.run_worker(sys.argv[1], int(sys.argv[2]))
