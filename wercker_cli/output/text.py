"""Text from a server is hostile: here it loses whatever a terminal would obey."""

import re
from functools import cache

# Sequences go as a whole. Those that carry text (window titles, images) end at their terminator or, cut, with the line.
_SEQUENCE = r"""
    (?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?                        # CSI
  | (?:\x1b[]PX^_]|[\x90\x98\x9d-\x9f])                      # OSC, DCS, SOS, PM, APC
    [^\x07\x1b\x9c\n\r]*(?:\x07|\x1b\\|\x9c)?
  | \x1b[ -/]*[0-~]?                                         # every other escape
  | [\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]                    # other control characters
  | [\u202a-\u202e\u2066-\u2069]                             # what shows text in another order than it has
"""
_COLOUR = r"(?P<colour>\x1b\[[0-9;:]*m) | "
_BREAKS = r"\r+\n?|\n|\u2028|\u2029"  # every pattern here takes time that grows with the text, not with its square


@cache
def _pattern(source: str) -> re.Pattern[str]:
    """Compiled when first needed: most texts have nothing to remove."""
    return re.compile(source, re.VERBOSE)


def clean(text: str, keep_colour: bool = False, keep_lines: bool = True) -> str:
    """The text without control and escape sequences; half characters (lone surrogates) become U+FFFD.

    Every line break becomes a line feed, carriage returns too, so that nothing can be overwritten. Line feeds
    and tabs stay; without `keep_lines` they become blanks. With `keep_colour` colours (SGR) stay.
    """
    if text.isprintable():
        return text
    text = _pattern(_BREAKS).sub("\n", text)
    if keep_colour:
        text = _pattern(_COLOUR + _SEQUENCE).sub(lambda found: found["colour"] or "", text)
    else:
        text = _pattern(_SEQUENCE).sub("", text)
    text = _pattern(r"[\ud800-\udfff]").sub("\ufffd", text)
    return text if keep_lines else _pattern(r"[\t\n]").sub(" ", text)


def one_line(text: str) -> str:
    """The whole text, cleaned, on one line: line breaks and tabs, with the blanks around them, become one blank."""
    if text.isprintable():
        return text
    parts = (part.strip(" ") for part in _pattern(r"[\t\n]").split(clean(text)))
    return " ".join(part for part in parts if part)


def first_line(text: str) -> str:
    """The first line that is not empty, cleaned, with blanks for tabs."""
    if text.isprintable():
        return text
    return next((line.strip() for line in clean(text).split("\n") if line.strip()), "").replace("\t", " ")


def settled(text: str, keep_colour: bool = False) -> str:
    """A log, cleaned, with each line as a terminal would leave it: what came after the last carriage return."""
    return "\n".join(clean(_last_written(line), keep_colour) for line in text.split("\n"))


def _last_written(line: str) -> str:
    return line.rstrip("\r").rpartition("\r")[2] if "\r" in line else line
