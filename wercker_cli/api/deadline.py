"""A time limit that also ends what drips: a socket's own limit starts anew with every byte."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class DeadlineError(BaseException):
    """Time is up. No Exception, so that no library takes it for one of its own."""


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raises DeadlineError inside after that many seconds, whatever it waits for.

    Signals reach the main thread only: another one has to make do with the time limits of its sockets.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_: object) -> None:
        raise DeadlineError

    began = time.monotonic()
    handler = signal.signal(signal.SIGALRM, end)
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - began), 0.001), interval)
