"""What JSON would weigh once it is read: `[],[],[],` takes thirty times its text."""

import re

JSON_MOST = 8 * 2**20  # bytes of text: twenty runs with a message of 64 KB, hundreds of variables, every sign escaped
READ_MOST = 40 * 10**6  # bytes in memory: with Python, requests and rich the process stays below 100 MB
_OBJECT, _LIST, _ITEM = 300, 90, 70  # bytes of Python for each brace, bracket and comma
_WIDE = re.compile(rb"[\xf0-\xf4]|\\u[dD][89abAB]")  # one such sign makes a text four times as long in memory


def weight(body: bytes) -> int:
    """About how many bytes of memory reading this JSON takes at most, its text included."""
    structure = body.count(b"{") * _OBJECT + body.count(b"[") * _LIST + body.count(b",") * _ITEM
    return structure + len(body) * (9 if _WIDE.search(body) else 3)
