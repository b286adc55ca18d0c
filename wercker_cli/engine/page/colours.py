"""A log as HTML: colours (SGR) as classes, every other control sequence gone, lines as a terminal leaves them."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import NamedTuple

from wercker_cli.engine.page.text import shown

# Sequences that carry text (window titles, images) end at their terminator or, cut, with the line.
_TOKENS = r"""
    \x1b\[(?P<sgr>[0-9;:]*)m
  | (?P<gone>
      (?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?
    | (?:\x1b[]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n\r]*(?:\x07|\x1b\\|\x9c)?
    | \x1b[ -/]*[0-~]?
    | [\x00-\x08\x0b-\x1f\x7f-\x9f]
    )
"""
_TURNED_ON = {1: "bold", 2: "dim", 3: "italic", 4: "underlined", 7: "inverse", 9: "struck"}
_TURNED_OFF = {22: {"bold", "dim"}, 23: {"italic"}, 24: {"underlined"}, 27: {"inverse"}, 29: {"struck"}}
_FORE, _BACK = 38, 48  # begin a colour of several numbers
_LEVELS = (0, 95, 135, 175, 215, 255)  # of the cube in a palette of 256 colours


class Style(NamedTuple):
    """How text looks; colours are the 16 of a terminal, None for its own."""

    effects: frozenset[str] = frozenset()
    fore: int | None = None
    back: int | None = None


_PLAIN = Style()


@cache
def _tokens() -> re.Pattern[str]:
    return re.compile(_TOKENS, re.VERBOSE)


def coloured(log: bytes) -> str:
    """The log as HTML, for a `pre`."""
    text = "\n".join(map(_last_written, log.decode(errors="replace").split("\n")))
    return "".join(_span(style, part) for style, part in _parts(text))


def _last_written(line: str) -> str:
    """What a terminal shows of a line: what came after the last carriage return."""
    return line.rstrip("\r").rpartition("\r")[2] if "\r" in line else line


def _parts(text: str) -> Iterator[tuple[Style, str]]:
    """The pieces of text, each as long as its style lasts."""
    style, pieces, start = _PLAIN, [], 0
    for token in _tokens().finditer(text):
        pieces.append(text[start : token.start()])
        start = token.end()
        after = style if token["sgr"] is None else _after(style, token["sgr"])
        if after != style:
            yield style, "".join(pieces)
            style, pieces = after, []
    yield style, "".join([*pieces, text[start:]])


def _span(style: Style, text: str) -> str:
    names = _classes(style)
    return f'<span class="{names}">{shown(text)}</span>' if names and text else shown(text)


def _classes(style: Style) -> str:
    """The names of a style; a colour behind text decides that of the text, so that it stays readable."""
    fore: int | str | None = style.fore
    back: int | str | None = style.back
    if "inverse" in style.effects:
        fore, back = back, "ink" if fore is None else fore
    colour = [f"back-{back}"] if back is not None else [f"fore-{fore}"] if fore is not None else []
    return " ".join([*sorted(style.effects - {"inverse"}), *colour])


def _after(style: Style, parameters: str) -> Style:
    """The style after "1;31" and the like."""
    codes = iter(parameters.split(";"))
    for code in codes:
        first, *more = code.split(":")  # 38:5:N is another spelling of 38;5;N, and 38:2::R:G:B of 38;2;R;G;B
        number = _number(first)
        if number in {_FORE, _BACK}:
            colour = _colour(iter([part for part in more if part]) if more else codes)
            style = style._replace(fore=colour) if number == _FORE else style._replace(back=colour)
        else:
            style = _simple(style, number)
    return style


def _simple(style: Style, code: int) -> Style:
    """The style after a code that stands for itself; what hides text or lets it blink changes nothing."""
    if code == 0:
        return _PLAIN
    if code in _TURNED_ON:
        return style._replace(effects=style.effects | {_TURNED_ON[code]})
    if code in _TURNED_OFF:
        return style._replace(effects=style.effects - _TURNED_OFF[code])
    tens, ones = divmod(code, 10)
    bright = 8 if tens in {9, 10} else 0
    colour = ones + bright if ones < 8 else None
    if code == _FORE + 1 or (tens in {3, 9} and colour is not None):
        return style._replace(fore=colour)
    if code == _BACK + 1 or (tens in {4, 10} and colour is not None):
        return style._replace(back=colour)
    return style


def _colour(numbers: Iterator[str]) -> int | None:
    """One of 16 for "5;N" of a palette or "2;R;G;B"; None where it is cut."""
    size = {"5": 1, "2": 3}.get(next(numbers, ""), 0)
    given = [min(_number(part), 255) for part in islice(numbers, size)]
    if not given or len(given) < size:
        return None
    return _of_palette(given[0]) if size == 1 else _nearest(*given)


def _of_palette(number: int) -> int:
    if number < 16:
        return number
    if number < 232:
        cube = number - 16
        return _nearest(*(_LEVELS[cube // step % 6] for step in (36, 6, 1)))
    return _nearest(*[8 + 10 * (number - 232)] * 3)


def _nearest(red: int, green: int, blue: int) -> int:
    """The one of 16 colours that is most like it."""
    most = max(red, green, blue)
    if most < 48:
        return 0
    hue = sum(bit for bit, part in ((1, red), (2, green), (4, blue)) if part > most / 2)
    if hue == 7 and most < 128:
        return 8
    return hue + 8 if most > 191 else hue


def _number(digits: str) -> int:
    return int(digits[:4] or 0)
