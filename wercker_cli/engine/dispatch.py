"""Where runs execute: on this machine, in detached workers that a command leaves behind.

Process ids mean something here and in the driver of a run, and nowhere else.
"""

import importlib
import os
import sys
import threading
import time

from wercker_cli.engine import folders, processes, queue, secrets, standby
from wercker_cli.engine.clock import now_ms, uptime_ms
from wercker_cli.engine.store import Store

WORKERS = max(2, os.cpu_count() or 1)  # at most; each has one run at a time
# What a worker of a server, and git in it, read of its environment; steps could read all of it in /proc.
NEEDED = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "XDG_CONFIG_HOME", "PYTHONPATH")
LAZY = 19  # everybody else first
STUCK = 10_000  # milliseconds that a run may wait where nobody is at work
GETTING_UP = 0.3  # seconds that a worker may take to join, before it is called again


class Dispatcher:
    """What routes ask for. All of it are hints that may be lost or doubled: only the claim decides who runs a run."""

    def __init__(self, store: Store, workers: int = WORKERS) -> None:
        """`workers` is how many runs there may be at once."""
        self._store = store
        self._workers = workers
        self._woke = 0.0

    def wake(self) -> None:
        """Makes sure that somebody takes what is queued, without waiting for it."""
        self._woke = time.monotonic()
        missing = min(room(self._store, self._workers), queue.waiting(self._store, most=self._workers))
        if missing > 0 and standby.call():
            missing -= 1
        if missing > 0:
            self._store.close()
        for _ in range(missing):
            leave_a_worker_behind(self._store.home, self._workers)

    def cancel(self, worker: str) -> None:
        """Tells a worker to look at its run's abort flag now; one in another container looks every second."""
        processes.notify(worker)

    def tend(self) -> None:
        """Clears up after workers that are gone, and wakes others where runs wait for nobody.

        What was killed before it could forget the secrets of a run that has ended is made up for.
        """
        gone = [worker for worker in queue.workers(self._store) if processes.alive(worker) is False]
        for row in queue.held(self._store):
            if row["lease_until"] < uptime_ms() or processes.alive(row["worker"]) is False:
                self._settle(row["id"], row["worker"])
        for run in secrets.kept(self._store.home):
            if queue.is_over(self._store, run):
                secrets.forget(self._store.home, run)
        if gone:
            folders.empty_trash(self._store.home)
            queue.strike(self._store, gone)  # last: until then whoever comes next does all of this again
        if time.monotonic() - self._woke > GETTING_UP and queue.waiting(self._store, most=1):
            self.wake()

    def is_stuck(self) -> bool:
        """Whether runs have waited for a worker for longer than it takes to get one."""
        since = queue.waiting_since(self._store)
        return since is not None and now_ms() - since > STUCK and room(self._store, self._workers) == self._workers

    def _settle(self, run: str, worker: str) -> None:
        """Clears up first: once the run has ended nobody looks for what it left."""
        home = self._store.home
        mark = f"{processes.MARK}={run}"
        work, logs = folders.work(home, run), folders.logs(home, run)
        processes.end_left_behind(mark, work, logs, spared(self._store) | {os.getpid()})
        folders.set_aside(home, run, passed=False)
        secrets.forget(home, run)
        queue.settle(self._store, run, worker)


def spared(store: Store) -> frozenset[int]:
    """The process ids of the workers: a step that triggers a run leaves one behind, which is no part of its own run."""
    return frozenset(processes.pid(worker) for worker in queue.workers(store) if processes.alive(worker))


def enlist(store: Store, worker: str, workers: int) -> bool:
    """Whether there is room for one more among so many; if so, it is on the list."""
    with store.transaction():
        if room(store, workers) <= 0:
            return False
        queue.enlist(store, worker)
        return True


def room(store: Store, workers: int) -> int:
    """For how many more there is room among so many."""
    return workers - sum(processes.alive(worker) is True for worker in queue.workers(store))


def leave_a_worker_behind(home: str, workers: int) -> None:
    """Starts a worker that has nothing of this command's session, streams or files.

    Forks twice: the worker's modules are warm. Beside threads (the live view, a server) a fork is not safe, and a
    new process takes its place.
    """
    if threading.active_count() > 1:
        command = [sys.executable, "-P", "-m", "wercker_cli.engine.worker", home, str(workers)]
        environment = {name: os.environ[name] for name in NEEDED if name in os.environ}
        parent = os.posix_spawn(sys.executable, command, environment)
        threading.Thread(target=os.waitpid, args=(parent, 0), daemon=True).start()  # it forks, and ends at once
        return
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        processes.detach()
        if os.fork() == 0:
            run_worker(home, workers)
    finally:
        os._exit(0)


def run_worker(home: str, workers: int, gate: int | None = None) -> None:
    """Drains the queue in a process below this one, which clears up if that is killed.

    With a gate it does so once it is called through that (standby.py).
    """
    processes.adopt_orphans()  # of the worker: whatever hides from those who come later is still below us
    worker = os.fork()
    if worker == 0:
        _drain(home, workers, gate)
        return
    if gate is not None:
        os.close(gate)
    os.nice(LAZY)  # the worker comes first
    while (ended := os.wait())[0] != worker:
        continue
    if os.WIFSIGNALED(ended[1]) and os.path.exists(folders.database(home)):
        store = Store(home)
        processes.end_descendants(lambda: spared(store))
        Dispatcher(store, workers).tend()


def _drain(home: str, workers: int, gate: int | None) -> None:
    """Drains the queue; what goes wrong in the worker itself is in its log, as nobody watches."""
    try:
        store, name = Store(home), processes.identity()
        if gate is not None and not _called(gate, store, workers):
            store.close()
            return
        if enlist(store, name, workers):  # first: until then the end of a run would take it for a part of that
            from wercker_cli.engine import worker

            worker.work(store, name, workers)
    except BaseException:  # whatever it is, nobody else would hear of it
        folders.note_fault(home)


def _called(gate: int, store: Store, workers: int) -> bool:
    """Loads what steps need, and waits; whether there is something to do."""
    if os.path.exists(folders.database(store.home)) and room(store, workers) <= 0:
        return False
    for module in ("worker", "plan"):
        importlib.import_module(f"wercker_cli.engine.{module}")
    called = os.read(gate, 1) != b""
    os.close(gate)
    return called
