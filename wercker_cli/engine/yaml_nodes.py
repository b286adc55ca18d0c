"""From the text of a YAML file to its nodes: the first document, with aliases and `<<` resolved. Pure.

The nodes are made from the parser's events, and not with PyYAML's loaders: those follow a hundred thousand brackets
until the C stack is used up, and turn `0777` and `22:22` into numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml
from yaml.events import AliasEvent, MappingEndEvent, MappingStartEvent, ScalarEvent, SequenceEndEvent, StreamEndEvent
from yaml.reader import Reader

from wercker_cli.engine.pipeline_file import LARGEST

DEEPEST = 100  # lists and mappings inside of one another
MOST_TAGS = 100
MOST = 100_000  # values, each counted as often as aliases repeat it

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one is twenty times as fast
_TYPED = frozenset({"tag:yaml.org,2002:null", "tag:yaml.org,2002:bool"})
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {
    spelling: text
    for text, words in {"true": ("yes", "on", "true"), "false": ("no", "off", "false")}.items()
    for word in words
    for spelling in (word, word.capitalize(), word.upper())
}
_FORBIDDEN = Reader.NON_PRINTABLE  # of the parser in Python: another one like it would take 4 ms to compile
_TOO_DEEP = f"this is nested too deeply: {DEEPEST} lists or mappings at most"
_DASH_EXPECTED = "did not find expected '-' indicator"
_SAID_BETTER = {
    "mapping values are not allowed in this context": "a ':' cannot stand here: a text with one in it needs quotes",
    "found character that cannot start any token": "a text cannot begin with this character: it needs quotes",
    "found a tab character that violates indentation": "a tab cannot indent",
    "did not find expected key": "a key was expected here: is the indentation right, and every quote closed?",
    _DASH_EXPECTED: "the '-' of a list was expected here: is the indentation right?",
    "exceeded maximum nesting depth": _TOO_DEEP,
    "could not find expected ':'": "a ':' was expected before this: is the indentation right, and every quote closed?",
}


class NotYaml(Exception):
    """What is no YAML, or more than anyone writes; the place counts from 1."""

    def __init__(self, line: int, column: int, what: str) -> None:
        super().__init__(what)
        self.line, self.column, self.what = line, column, what


class Scalar(NamedTuple):
    """A text as it is written; a `plain` one is not quoted, and may be null or a boolean."""

    line: int
    column: int
    anchored: bool  # it or something in it has a name that an alias can use
    written: str
    plain: bool

    @property
    def text(self) -> str:
        """What it says; booleans are true and false, null is the empty text."""
        if not self.plain:
            return self.written
        return "" if self.written in _NULLS else _BOOLEANS.get(self.written, self.written)


class Sequence(NamedTuple):
    """A list."""

    line: int
    column: int
    anchored: bool
    items: list[Node]


class Mapping(NamedTuple):
    """Keys and values as they are written, what `<<` takes from elsewhere in front of them."""

    line: int
    column: int
    anchored: bool
    pairs: list[tuple[Scalar, Node]]


Node = Scalar | Sequence | Mapping


def compose(text: str) -> Node | None:
    """The first document of a YAML text, None where it has none; raises NotYaml."""
    if len(text) > LARGEST:
        raise NotYaml(1, 1, f"the file is larger than {LARGEST // 2**20} MiB")
    if text.count("%TAG") > MOST_TAGS:  # libyaml compares each with all before it
        raise NotYaml(1, 1, f"there are more than {MOST_TAGS} %TAG in the file")
    _refuse_forbidden(text)
    loader = _LOADER(text)
    try:
        composer = _Composer(loader)
        loader.get_event()  # the stream begins
        if isinstance(loader.get_event(), StreamEndEvent):
            return None
        node = composer.node(loader.get_event(), 0)
        loader.get_event()  # the document's end: what cannot be the end of one is a mistake
        return node
    except yaml.MarkedYAMLError as error:
        raise _explained(error, text) from None
    finally:
        loader.dispose()


def is_null(node: Node | None) -> bool:
    """Whether there is nothing: no key, or one with nothing behind it."""
    return node is None or (isinstance(node, Scalar) and node.plain and node.written in _NULLS)


def values(pairs: list[tuple[Scalar, Node]]) -> dict[str, tuple[Scalar, Node]]:
    """Each key with what belongs to it; of a key that is given twice, the last."""
    return {key.written: (key, value) for key, value in pairs}


def twice(pairs: list[tuple[Scalar, Node]]) -> Iterator[Scalar]:
    """The keys that were given before."""
    seen = set()
    for key, _ in pairs:
        if key.written in seen:
            yield key
        seen.add(key.written)


class _Composer:
    """Nodes from events; it knows the anchors so far, and how many values may still come."""

    def __init__(self, loader: Any) -> None:
        self.next = loader.get_event
        self.left = MOST
        self.anchors: dict[str, tuple[Node, int] | None] = {}  # a node and how many values it is; None while it is open

    def node(self, event: Any, depth: int) -> Node:
        """The node that begins with this event."""
        mark = event.start_mark
        line, column = mark.line + 1, mark.column + 1
        if type(event) is AliasEvent:
            return self.alias(event.anchor or "", line, column)
        before, self.left = self.left, self.left - 1
        if self.left < 0:
            raise _too_many(line, column)
        if depth > DEEPEST:
            raise NotYaml(line, column, _TOO_DEEP)
        name = event.anchor
        if name:
            self.anchors[name] = None
        made: Node
        if type(event) is ScalarEvent:
            if "\0" in event.value:
                raise NotYaml(line, column, "no text can hold the character U+0000")
            plain = event.tag in _TYPED if event.tag else event.implicit[0]
            made = Scalar(line, column, bool(name), event.value, plain)
        elif type(event) is MappingStartEvent:
            pairs = self.pairs(depth)
            anchored = bool(name) or any(key.anchored or value.anchored for key, value in pairs)
            made = Mapping(line, column, anchored, pairs)
        else:
            items = self.items(depth)
            made = Sequence(line, column, bool(name) or any(item.anchored for item in items), items)
        if name:
            self.anchors[name] = (made, before - self.left)
        return made

    def items(self, depth: int) -> list[Node]:
        """The nodes up to the end of a list."""
        items = []
        while type(event := self.next()) is not SequenceEndEvent:
            items.append(self.node(event, depth + 1))
        return items

    def alias(self, name: str, line: int, column: int) -> Node:
        """The node that an alias stands for."""
        if name not in self.anchors:
            raise NotYaml(line, column, f"nothing before this is called &{name[:40]}")
        found = self.anchors[name]
        if found is None:
            raise NotYaml(line, column, f"*{name[:40]} stands inside of what it stands for")
        node, size = found
        self.left -= size
        if self.left < 0:
            raise _too_many(line, column)
        return node

    def pairs(self, depth: int) -> list[tuple[Scalar, Node]]:
        """The keys and values up to the end of a mapping, with those that `<<` takes from elsewhere."""
        own: list[tuple[Scalar, Node]] = []
        merged: dict[str, tuple[Scalar, Node]] = {}
        while type(event := self.next()) is not MappingEndEvent:
            key = self.node(event, depth + 1)
            value = self.node(self.next(), depth + 1)
            if not isinstance(key, Scalar):
                raise NotYaml(key.line, key.column, "a key is a text; one that begins with a bracket needs quotes")
            if key.plain and key.written == "<<":
                for source in _sources(value):
                    for name, pair in values(source.pairs).items():
                        merged.setdefault(name, pair)
            else:
                own.append((key, value))
        names = {key.written for key, _ in own}
        return [pair for name, pair in merged.items() if name not in names] + own


def _sources(value: Node) -> Iterator[Mapping]:
    """What `<<` names; the first that has a key gives it."""
    for source in value.items if isinstance(value, Sequence) else [value]:
        if not isinstance(source, Mapping):
            raise NotYaml(source.line, source.column, "'<<' takes a mapping, or a list of them")
        yield source


def _too_many(line: int, column: int) -> NotYaml:
    return NotYaml(line, column, f"the file has more than {MOST:,} values, counting what aliases repeat")


def _refuse_forbidden(text: str) -> None:
    """A look of our own, because the parsers name such a place in bytes, or not at all."""
    found = _FORBIDDEN.search(text)
    if found:
        before = re.split("\r\n|[\n\r\x85\u2028\u2029]", text[: found.start()])
        raise NotYaml(
            len(before), len(before[-1]) + 1, f"this is not YAML: U+{ord(found[0]):04X} cannot stand in a YAML file"
        )


def _explained(error: yaml.MarkedYAMLError, text: str) -> NotYaml:
    mark = error.problem_mark or error.context_mark
    what = str(error.problem or error.context)
    if mark is None:
        return NotYaml(1, 1, f"this is not YAML: {what}")
    there = text[mark.index : mark.index + 2]
    if there.startswith("\t"):
        what = "a tab cannot indent"
    elif what == _DASH_EXPECTED and re.match(r"-\S", there):
        what = "the '-' of a list takes a blank behind it"
    what = _SAID_BETTER.get(what, what)
    return NotYaml(mark.line + 1, mark.column + 1, what if what is _TOO_DEEP else f"this is not YAML: {what}")
