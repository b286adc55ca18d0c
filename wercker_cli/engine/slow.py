"""Seats for what may take seconds: at most half of the threads of a server are in it, the others answer the rest."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from wercker_cli.engine.faults import Busy

SEATS = 8  # in this process
EACH = 4  # of them for one and the same: a remote that hangs must not keep the others from theirs
_AGAIN = 5  # seconds after which whoever found none may ask again
_taken: list[str] = []
_lock = threading.Lock()


@contextmanager
def seat(what: str) -> Iterator[None]:
    """Holds a seat for that mirror or run; raises Busy at once where none is free."""
    with _lock:
        same = _taken.count(what)
        if same == EACH or len(_taken) == SEATS:
            others = same if same == EACH else SEATS
            raise Busy(f"{others} others wait for something slow; try again in {_AGAIN} seconds", _AGAIN)
        _taken.append(what)
    try:
        yield
    finally:
        with _lock:
            _taken.remove(what)
