"""The ENVIRONMENT file at the root of a checkout: variables for its runs, where nothing else sets them."""

import os
import re
from collections.abc import Collection, Iterator

NAME = "ENVIRONMENT"
LARGEST = 2**20  # bytes that are read

_VARIABLE = re.compile(r"(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)=([^\0]*)")


def read(root: str, taken: Collection[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """The variables of the file in their order, and notes on the lines that give none. A file that is not there has
    neither.

    A line is KEY=value, or `export KEY=value`; blanks around it do not count, quotes in the value do. `taken` are the
    names that are set already.
    """
    variables, notes = [], []
    for number, line in _lines(os.path.join(root, NAME)):
        match = _VARIABLE.fullmatch(line)
        if match is None:
            notes.append(f"{NAME}, line {number}: this is no KEY=value, and left out")
        elif match[1] in taken:
            notes.append(f"{NAME}, line {number}: {match[1]} is set already, and stays as it is")
        else:
            variables.append((match[1], match[2]))
    return variables, notes


def _lines(path: str) -> Iterator[tuple[int, str]]:
    """The lines that are neither blank nor comments, with their numbers."""
    if not os.path.isfile(path):
        return
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
        for number, line in enumerate(file.read(LARGEST).removeprefix("\ufeff").split("\n"), 1):
            text = line.strip()
            if text and not text.startswith("#"):
                yield number, text
