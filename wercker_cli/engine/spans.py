"""Which bytes a Range header asks for."""

import re

_RANGE = r"bytes=(\d{1,18})-(\d{0,18})|bytes=-(\d{1,18})"


def span(asked: str, size: int) -> tuple[int, int] | None:
    """The first and the last byte of "bytes=FIRST-LAST", "bytes=FIRST-" or "bytes=-LENGTH", of so many bytes.

    None is all of them: for no such header, and for no bytes. There are none in it where the first is behind the last.
    """
    wanted = re.fullmatch(_RANGE, asked)
    if not wanted or not size:
        return None
    if wanted[3]:
        return max(0, size - int(wanted[3])), size - 1
    return int(wanted[1]), min(int(wanted[2] or size), size - 1)
