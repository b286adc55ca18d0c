"""The two clocks: of the day, for what people read, and of the machine, for leases."""

import time


def now_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def uptime_ms() -> int:
    """Milliseconds on a clock that stands still while the machine sleeps, and never jumps."""
    return time.monotonic_ns() // 1_000_000
