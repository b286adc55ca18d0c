"""Text of strangers as HTML: nothing in it is markup, hides, or changes the order of what stands around it."""

import re
from functools import cache
from html import escape

_NO_CHARACTERS = "".join(chr(plane << 16 | 0xFFFE) + chr(plane << 16 | 0xFFFF) for plane in range(17))
# Controls, what is not seen, what shows text in another order than it has, line breaks that are none in HTML, halves.
_ODD = (
    "\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\xad\\u061c\\u180e\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f"
    f"\\ufdd0-\\ufdef\\ufeff\\ufff9-\\ufffb\\ud800-\\udfff{_NO_CHARACTERS}"
)


@cache
def _odd() -> re.Pattern[str]:
    return re.compile(f"[{_ODD}]")


def plain(text: str) -> str:
    """The text for a place that has no markup, a title say: what cannot be seen is told as ⟨U+202E⟩."""
    if text.isprintable():
        return text
    return _odd().sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text.replace("\r\n", "\n"))


def shown(text: str) -> str:
    """The text as HTML, for places between tags and inside quoted attributes."""
    return escape(plain(text))


def isolated(text: str) -> str:
    """The text as HTML, isolated: one that runs from right to left does not take its neighbours along."""
    return f"<bdi>{shown(text)}</bdi>"


def title(message: str) -> str:
    """The first line of a message that is not empty, for a place that has no markup."""
    return plain(next((line.strip() for line in message.splitlines() if line.strip()), "")) or "no message"
