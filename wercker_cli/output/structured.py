"""JSON: the server's own, some fields of it, or what jq makes of it."""

import json
import math
import re
from collections.abc import Iterable
from typing import Any, TextIO

from wercker_cli.errors import Refused, WerckerError
from wercker_cli.output.cells import pick
from wercker_cli.output.columns import Json
from wercker_cli.output.screen import paper, utf8
from wercker_cli.output.text import clean

# JSON may hold these as they are; a terminal, or a script that reads lines, must not see them.
_UNSAFE = re.compile(r"[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_MOST = 1.7976931348623157e308  # what jq prints for numbers that are too large for it
_COMPACT = (",", ":")


def whole(data: Json | Iterable[Json], stream: TextIO) -> None:
    """An object or a list, indented by two blanks; nothing of a list whose rest cannot be had."""
    if isinstance(data, dict):
        value(data, stream)
        return
    texts = [_text(item, stream, indent=2) for item in data]  # a third of the memory that the objects take
    for number, text in enumerate(texts):
        stream.write((",\n  " if number else "[\n  ") + text.replace("\n", "\n  "))
    stream.write("\n]\n" if texts else "[]\n")


def value(data: object, stream: TextIO) -> None:
    """Any JSON, indented by two blanks."""
    stream.write(_text(data, stream, indent=2) + "\n")


def lines(items: Iterable[Json], stream: TextIO) -> None:
    """An object a line, as they arrive."""
    for item in items:
        stream.write(_text(item, stream, separators=_COMPACT) + "\n")


def with_fields(item: Json, fields: tuple[str, ...]) -> Json:
    """Those fields alone, each under the name it was asked for; null where there is nothing."""
    return {field: pick(item, field) for field in fields}


def filtered(data: Json | list[Json], program: str, stream: TextIO) -> None:
    """What a jq program makes of the data: texts raw, everything else as compact JSON, a line each."""
    import jq

    given = _SURROGATE.sub("\ufffd", _dump(data, ensure_ascii=False))
    safe, out = stream.isatty(), paper(stream)
    try:
        for result in jq.compile(program).input_text(given):
            text = result if isinstance(result, str) else _text(result, stream, separators=_COMPACT)
            out.write((clean(text) if safe else text) + "\n")
    except ValueError as error:
        raise WerckerError(f"--jq: {reason(error)}", hint="wercker ... -o json shows what it is applied to") from None


def reason(error: ValueError) -> str:
    """The first line of jq's complaint."""
    return str(error).split("\n", 1)[0].removeprefix("jq: error: ").rstrip(":")


def _text(value: object, stream: TextIO, **layout: Any) -> str:
    text = _dump(value, ensure_ascii=not utf8(stream), **layout)
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _dump(value: object, **layout: Any) -> str:
    try:
        return json.dumps(value, allow_nan=False, **layout)
    except ValueError:  # a number such as 1e999 is JSON, but not its repr
        return json.dumps(_finite(value), **layout)
    except RecursionError:
        raise Refused("the answer is nested too deeply to be shown") from None


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return math.copysign(_MOST, value)
    return value
