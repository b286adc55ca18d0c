"""The process that drains the queue and goes away when it is empty."""

from wercker_cli.engine import dispatch, processes, queue
from wercker_cli.engine.driver import drive
from wercker_cli.engine.objects import BASE
from wercker_cli.engine.port import Port
from wercker_cli.engine.store import Store


def work(home: str) -> None:
    """Runs what is queued, one after the other, until nothing waits."""
    store, worker = Store(home), processes.identity()
    if not dispatch.enlist(store, worker):
        return
    port, wakeup = Port(store, worker, BASE), processes.wakeup()
    while True:
        job = port.claim()
        if job:
            drive(job, port, wakeup)
        elif queue.leave(store, worker):
            return
