"""How long a server asks to be left alone."""

import re
import time

LONGEST = 3600.0  # seconds: a server's clock may be off by a year


def seconds(header: str) -> float | None:
    """A Retry-After header (seconds or a date) as seconds from now, at most LONGEST; None for what makes no sense."""
    text = header.strip()
    if re.fullmatch(r"[0-9]+", text):
        return min(float(text[:9]) if len(text) < 10 else LONGEST, LONGEST)
    from email.utils import parsedate_to_datetime  # costs local commands what they rarely need

    try:
        wait = parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, OverflowError, TypeError):  # no date, or none that a calendar has
        return None
    return min(wait, LONGEST) if wait > 0 else None
