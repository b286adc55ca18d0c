"""Work of our own that takes its time, in a process of its own: the run can be aborted meanwhile."""

import os
import signal
from collections.abc import Callable
from typing import NoReturn

from wercker_cli.engine import processes
from wercker_cli.engine.step_ends import sentence
from wercker_cli.errors import Refused, WerckerError

LONGEST = 4096  # bytes of what is said about a failure: a pipe holds them


def apart(work: Callable[[], None], pause: Callable[[], None]) -> None:
    """Returns when the work is done; until then `pause` is called, which waits a little, and may raise.

    Raises Refused where the work failed. Whatever is raised, the work has ended by then.
    """
    readable, writable = os.pipe()
    child = os.fork()
    if child == 0:
        _work(work, writable)
    os.close(writable)
    with open(readable, "rb") as told:
        try:
            while not (ended := os.waitpid(child, os.WNOHANG))[0]:
                pause()
        except BaseException:  # an abort, a lost run, or no more patience
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            raise
        if ended[1] != 0:
            said = told.read(LONGEST).decode(errors="replace")
            raise Refused(said or f"a process ended with wait status {ended[1]}")


def _work(work: Callable[[], None], writable: int) -> NoReturn:
    said = ""
    try:
        parent = os.getppid()
        processes.die_with_parent()
        if os.getppid() != parent:
            os._exit(1)
        signal.set_wakeup_fd(-1)  # the pipe behind it is the parent's
        work()
    except (WerckerError, OSError) as error:
        said = sentence(error)
    except BaseException as error:  # a bug of ours: it is told as the parent's would be
        said = f"internal error of the engine: {type(error).__name__}: {error}"
    os.write(writable, said.encode(errors="replace")[:LONGEST])
    os._exit(1 if said else 0)
