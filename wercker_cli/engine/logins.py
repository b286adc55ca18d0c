"""Logins that fail, which slow down the address that they come from."""

import threading
import time
from typing import NamedTuple

from wercker_cli.engine.faults import TooManyFailures

FREE = 5  # failures that cost nothing
LONGEST = 60  # seconds between two tries
FORGOTTEN = 900.0  # seconds after which an address starts anew
MOST = 10_000  # addresses that are remembered


class _Failures(NamedTuple):
    number: int
    last: float
    until: float


class Logins:
    """Who failed how often; for several threads."""

    def __init__(self) -> None:
        self._failures: dict[str, _Failures] = {}
        self._lock = threading.Lock()

    def check(self, address: str) -> None:
        """Raises TooManyFailures where that address has to wait before it may try again."""
        now = time.monotonic()
        with self._lock:
            known = self._failures.get(address)
        if known and now < known.until:
            raise TooManyFailures("Too many failed logins from this address", seconds=int(known.until - now) + 1)

    def failed(self, address: str) -> None:
        """Notes a failure; from the sixth on each makes the next try wait twice as long."""
        now = time.monotonic()
        with self._lock:
            known = self._failures.pop(address, None)
            count = 1 if known is None or now - known.last > FORGOTTEN else known.number + 1
            wait = 0 if count <= FREE else min(LONGEST, 2 ** min(count - FREE - 1, 10))
            self._failures[address] = _Failures(count, now, now + wait)
            if len(self._failures) > MOST:
                del self._failures[next(iter(self._failures))]  # the one that failed longest ago
