"""What JSON would weigh once it is read: `[],[],[],` takes thirty times its text."""

import re

JSON_MOST = 8 * 2**20  # bytes of text: twenty runs with a message of 64 KB, hundreds of variables, every sign escaped
READ_MOST = 40 * 10**6  # bytes in memory: with Python, requests and rich the process stays below 100 MB
_OBJECT, _LIST, _KEY, _ITEM = 300, 90, 150, 70  # bytes of Python for each brace, bracket, colon and comma
_WIDE = re.compile(rb"[\xf0-\xf4]|\\u[dD][89abAB]")  # one such sign makes a text four times as long in memory


def weight(body: bytes) -> int:
    """About how many bytes of memory reading this JSON takes at most, its text included."""
    costs = {b"{": _OBJECT, b"[": _LIST, b":": _KEY, b",": _ITEM}
    structure = sum(body.count(sign) * cost for sign, cost in costs.items())
    return structure + len(body) * (9 if _WIDE.search(body) else 3)
