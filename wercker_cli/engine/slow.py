"""Seats for what may take seconds: at most half of the threads of a server are in it, the others answer the rest."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from wercker_cli.engine.faults import Busy

SEATS = 4  # in this process
_AGAIN = 5  # seconds after which whoever found none may ask again
_seats = threading.BoundedSemaphore(SEATS)


@contextmanager
def seat() -> Iterator[None]:
    """Holds a seat; raises Busy at once where none is free."""
    if not _seats.acquire(blocking=False):
        raise Busy(f"{SEATS} others wait for something slow; try again in {_AGAIN} seconds", _AGAIN)
    try:
        yield
    finally:
        _seats.release()
