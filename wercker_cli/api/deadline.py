"""A time limit that also ends what drips: a socket's own limit starts anew with every byte."""

import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

_now = threading.local()  # `ends`: the moment at which the time limit of this thread is over


class DeadlineError(BaseException):
    """Time is up. No Exception, so that no library takes it for one of its own."""


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raises DeadlineError inside after that many seconds, whatever it waits for.

    Signals reach the main thread only: another one has to make do with the time limits of its sockets, and of `apart`.
    """
    began = time.monotonic()
    _now.ends = began + seconds
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_: object) -> None:
        raise DeadlineError

    handler = signal.signal(signal.SIGALRM, end)
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - began), 0.001), interval)


def apart(work: Callable[[], T]) -> T:
    """What `work` gives or raises, from a thread of its own; raises DeadlineError when the time limit here is over.

    For what no signal ends: the C library looks a name up to its own end. The thread is left behind then, and ends
    with the process at the latest.
    """
    done: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            done.put((work(), None))
        except BaseException as error:  # whatever it is, it is raised where somebody waits
            done.put((None, error))

    threading.Thread(target=run, daemon=True).start()
    try:
        result, error = done.get(timeout=max(0.0, _now.ends - time.monotonic()))
    except queue.Empty:
        raise DeadlineError from None
    if error:
        raise error
    return result  # type: ignore[return-value]  # there is one where there is no error
