"""The process that drains the queue and goes away when it is empty: python -m wercker_cli.engine.worker HOME"""

import os
import sys

from wercker_cli.engine import dispatch, folders, processes, queue
from wercker_cli.engine.driver import drive
from wercker_cli.engine.objects import BASE
from wercker_cli.engine.port import Port
from wercker_cli.engine.store import Store


def work(home: str) -> None:
    """Runs what is queued, one after the other, until nothing waits, or the state folder is gone."""
    store, worker = Store(home), processes.identity()
    if not dispatch.enlist(store, worker):
        return
    port, wakeup = Port(store, worker, BASE), processes.wakeup()
    while store.is_there():
        job = port.claim()
        if job:
            drive(job, port, wakeup)
            folders.empty_trash(home)
        elif queue.leave(store, worker):
            from wercker_cli.engine import prune  # nobody waits by now

            prune.daily(store)
            return


if __name__ == "__main__":
    if os.fork() == 0:
        dispatch.detach()
        dispatch.run_worker(sys.argv[1])
