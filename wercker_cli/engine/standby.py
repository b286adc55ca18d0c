"""A worker that gets ready while the command that will need one is still being loaded.

Most of what a short run takes is Python loading modules, the command's and the worker's: so they load side by side.
"""

import os
from collections.abc import Callable

_gates: list[int] = []  # of one worker at most: a byte through it calls that, and its end sends it away


def start(state_folder: Callable[[], str | None]) -> None:
    """Leaves a process behind that becomes a worker of that state folder once it is called; else it ends with us."""
    behind_the_gate, gate = os.pipe()
    if os.fork():
        os.close(behind_the_gate)
        _gates.append(gate)  # in this process alone: in the other one that number will soon be another file's
        return
    try:
        from wercker_cli.engine import processes

        processes.detach(behind_the_gate)
        home = state_folder()
        if home and os.fork() == 0:
            from wercker_cli.engine import dispatch

            dispatch.run_worker(home, dispatch.WORKERS, behind_the_gate)
    finally:
        os._exit(0)


def call() -> bool:
    """Whether there was one, and it is on its way."""
    if not _gates:
        return False
    gate = _gates.pop()
    try:
        os.write(gate, b"!")
    except BrokenPipeError:  # it saw that there is no room for one more
        return False
    finally:
        os.close(gate)
    return True
