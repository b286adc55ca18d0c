"""Files of variables in a checkout: ENVIRONMENT at its root, and what a workflow names as `envFile`."""

import os
import re
from collections.abc import Collection, Iterator

from wercker_cli.errors import Refused

NAME = "ENVIRONMENT"
LARGEST = 2**20  # bytes; a larger one is something else

_VARIABLE = re.compile(r"(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)=([^\0]*)")


def read(root: str, name: str, taken: Collection[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """The variables of the file in their order, and notes on the lines that give none.

    ENVIRONMENT need not be there; raises Refused where another file is missing.

    A line is KEY=value, or `export KEY=value`; blanks around it do not count, quotes in the value do. `taken` are the
    names that are set already.
    """
    path = os.path.join(root, name)
    if not os.path.isfile(path):
        if name != NAME:
            raise Refused(f"there is no {name}, which the workflow names as 'envFile'")
        return [], []
    if os.path.getsize(path) > LARGEST:
        return [], [f"{name} is larger than {LARGEST // 2**20} MiB, and left out"]
    variables, notes = [], []
    for number, line in _lines(path):
        match = _VARIABLE.fullmatch(line)
        if match is None:
            notes.append(f"{name}, line {number}: this is no KEY=value, and left out")
        elif match[1] in taken:
            notes.append(f"{name}, line {number}: {match[1]} is set already, and stays as it is")
        else:
            variables.append((match[1], match[2]))
    return variables, notes


def _lines(path: str) -> Iterator[tuple[int, str]]:
    """The lines that are neither blank nor comments, with their numbers."""
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
        for number, line in enumerate(file.read().removeprefix("\ufeff").split("\n"), 1):
            text = line.strip()
            if text and not text.startswith("#"):
                yield number, text
