"""Reads wercker.yml: from text to pipelines and steps. Pure: no files, no network, nothing runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from wercker_cli.errors import Refused

RESERVED = frozenset(
    {"box", "services", "source-dir", "command-timeout", "no-response-timeout", "ignore-file", "workflows"}
)
NOT_STEPS = frozenset({"box", "services", "base-path", "docker"})  # keys of a pipeline that may be lists, or anything
NOT_PROPERTIES = ("name", "cwd", "checkpoint")
LARGEST = 2**20  # characters
MERGE = "tag:yaml.org,2002:merge"
MOST_MERGED = 200  # keys that `<<` takes from one mapping

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one reads a hundred steps in 2 ms instead of 50
_BOOLEANS = {"yes": "true", "on": "true", "true": "true", "no": "false", "off": "false", "false": "false"}


class InvalidFile(Refused):
    """A file that is no wercker.yml; the message begins with FILE:LINE:COLUMN."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step as it was written; `name` without owner and version."""

    owner: str
    name: str
    source: str  # "file://..." of a step kept in a folder, else ''
    display: str
    cwd: str
    properties: dict[str, str]
    line: int


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One pipeline; `targets` are the steps of its deploy targets, `unused` what means nothing on this machine."""

    name: str
    steps: tuple[Step, ...] = ()
    after_steps: tuple[Step, ...] = ()
    targets: dict[str, tuple[Step, ...]] = field(default_factory=dict)
    unused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class File:
    """What a wercker.yml says; `empty` are the pipelines that are named and have nothing, `twice` the keys that are
    given again in the same mapping, with the line of the last. Timeouts are minutes, 0 where the file has none."""

    pipelines: dict[str, Pipeline]
    empty: frozenset[str]
    source_dir: str
    ignore_file: str
    command_timeout: float
    no_response_timeout: float
    unused: tuple[str, ...]
    twice: dict[str, int]


def read(text: str, file: str) -> File:
    """The pipelines of a wercker.yml; raises InvalidFile with the place of the first mistake."""
    try:
        root = _compose(text, file)
        if root is not None:
            _merge(root, file, set())
        return _file(root, file)
    except RecursionError:  # a thousand brackets, or an anchor that holds itself
        raise InvalidFile(f"{file}: this is nested too deeply") from None


def _file(root: yaml.Node | None, file: str) -> File:
    if root is None:
        raise InvalidFile(f"{file}: the file is empty", hint="a pipeline is a name with steps below it")
    if not isinstance(root, yaml.MappingNode):
        raise _mistake(file, root, "a file is a mapping of names to pipelines")
    top = dict(_items(root))
    pipelines = {
        name: _pipeline(name, node, file)
        for name, node in top.items()
        if name not in RESERVED and isinstance(node, yaml.MappingNode) and _is_pipeline(node)
    }
    return File(
        pipelines=pipelines,
        empty=frozenset(name for name, node in top.items() if name not in RESERVED and _is_nothing(node)),
        source_dir=_text(top["source-dir"], file) if "source-dir" in top else "",
        ignore_file=_text(top["ignore-file"], file) if "ignore-file" in top else "",
        command_timeout=_minutes("command-timeout", top, file),
        no_response_timeout=_minutes("no-response-timeout", top, file),
        unused=tuple(key for key in ("box", "services") if key in top),
        twice=_twice(root) | {key: line for name in pipelines for key, line in _twice(top[name]).items()},
    )


def _minutes(key: str, top: dict[str, yaml.Node], file: str) -> float:
    """0 or less means the default, as does a key that is not there."""
    text = _text(top[key], file).strip() if key in top else ""
    try:
        minutes = float(text or 0)
    except ValueError:
        raise _mistake(file, top[key], f"{key} is a number of minutes, not {text!r}") from None
    if not minutes < 1e6:
        raise _mistake(file, top[key], f"{key} is a number of minutes, not {text!r}")
    return max(0.0, minutes)


def _twice(mapping: yaml.Node) -> dict[str, int]:
    seen: set[str] = set()
    found = {}
    for key, _ in mapping.value:
        if isinstance(key, yaml.ScalarNode):
            if key.value in seen:
                found[key.value] = key.start_mark.line + 1
            seen.add(key.value)
    return found


def _compose(text: str, file: str) -> yaml.Node | None:
    if len(text) > LARGEST:
        raise InvalidFile(f"{file}: the file is larger than {LARGEST // 2**20} MiB")
    loader = None
    try:
        loader = _LOADER(text.removeprefix("\ufeff"))
        return loader.get_node() if loader.check_node() else None  # the first document only
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise InvalidFile(f"{file}{place}: this is not YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise InvalidFile(f"{file}: this is not YAML: {' '.join(str(error).split())}") from None
    finally:
        if loader:
            loader.dispose()


def _is_pipeline(node: yaml.MappingNode) -> bool:
    return any(key == "steps" or isinstance(value, yaml.SequenceNode) for key, value in _items(node))


def _pipeline(name: str, node: yaml.MappingNode, file: str) -> Pipeline:
    steps: tuple[Step, ...] = ()
    after_steps: tuple[Step, ...] = ()
    targets: dict[str, tuple[Step, ...]] = {}
    unused = []
    for key, value in _items(node):
        if key == "steps":
            steps = _steps(value, file)
        elif key == "after-steps":
            after_steps = _steps(value, file)
        elif key in NOT_STEPS:
            unused.append(key)
        elif isinstance(value, yaml.SequenceNode):
            targets[key] = _steps(value, file)
        else:
            raise _mistake(file, value, f"{key!r} in pipeline {name!r} is neither a list of steps nor a known key")
    return Pipeline(name, steps, after_steps, targets, tuple(unused))


def _steps(node: yaml.Node, file: str) -> tuple[Step, ...]:
    if _is_nothing(node):
        return ()
    if not isinstance(node, yaml.SequenceNode):
        raise _mistake(file, node, "steps are a list")
    return tuple(_step(item, file) for item in node.value)


def _step(node: yaml.Node, file: str) -> Step:
    """A step in any of its spellings: a bare name, a name with properties, or properties beside the name."""
    line = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode) and not _is_nothing(node):
        return _named(_text(node, file), {}, line)
    if not isinstance(node, yaml.MappingNode) or not node.value:
        raise _mistake(file, node, "a step is a name, or a name with properties")
    (first, below), *others = node.value
    name, beside = _text(first, file), _pairs(others)  # real files have a property called like the step
    properties = {}
    if isinstance(below, yaml.MappingNode):
        properties = {key: _text(value, file) for key, value in _items(below)}
    elif not _is_nothing(below):
        raise _mistake(file, below, f"the step {name!r} takes properties (name: value), not a text or a list")
    elif name == "script" and not beside:
        raise _mistake(file, node, "the step 'script' has no properties: it needs at least 'code'")
    properties |= {key: _text(value, file) for key, value in beside.items()}
    return _named(name, properties, line)


def _named(text: str, properties: dict[str, str], line: int) -> Step:
    """Splits 'owner/name@version' or 'name "file://folder"'; takes what is no property out of the properties."""
    name, _, source = text.partition(" ")
    source = source.strip().strip("\"'")
    name = name.partition("@")[0]
    owner, slash, short = name.partition("/")
    rest = {key: value for key, value in properties.items() if key not in NOT_PROPERTIES}
    short = short if slash else name
    return Step(
        owner=owner if slash else "wercker",
        name=short,
        source=source,
        display=properties.get("name") or (text if source and not source.startswith("file:") else short),
        cwd=properties.get("cwd", ""),
        properties=rest,
        line=line,
    )


def _merge(node: yaml.Node, file: str, done: set[int]) -> None:
    """Resolves `<<` in every mapping below a node, each once: an alias is the node itself, however often it stands."""
    if id(node) in done or isinstance(node, yaml.ScalarNode):
        return
    done.add(id(node))
    for item in node.value:
        for below in item if isinstance(item, tuple) else [item]:
            _merge(below, file, done)
    if isinstance(node, yaml.MappingNode) and any(key.tag == MERGE for key, _ in node.value):
        own = [(key, value) for key, value in node.value if key.tag != MERGE]
        names = {key.value for key, _ in own if isinstance(key, yaml.ScalarNode)}
        merged: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        for source in _sources(node):
            if len(source.value) > MOST_MERGED:
                raise _mistake(file, source, "this is too much to merge")
            for key, value in source.value:
                if key.tag == MERGE:  # a mapping that merges itself
                    continue
                merged.setdefault(key.value if isinstance(key, yaml.ScalarNode) else "", (key, value))
        node.value = [pair for name, pair in merged.items() if name not in names] + own


def _sources(node: yaml.MappingNode) -> Iterator[yaml.MappingNode]:
    """What `<<` names in a mapping; the first that has a key gives it."""
    for key, value in node.value:
        if key.tag == MERGE:
            for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                if isinstance(source, yaml.MappingNode):
                    yield source


def _items(node: yaml.MappingNode) -> Iterator[tuple[str, yaml.Node]]:
    """The pairs of a mapping; a key given twice: the last counts."""
    return iter(_pairs(node.value).items())


def _pairs(pairs: list[tuple[yaml.Node, yaml.Node]]) -> dict[str, yaml.Node]:
    return {key.value: value for key, value in pairs if isinstance(key, yaml.ScalarNode)}


def _text(node: yaml.Node, file: str) -> str:
    """A scalar as it was written; booleans become true and false, null the empty text."""
    if not isinstance(node, yaml.ScalarNode):
        raise _mistake(file, node, "a text belongs here, not a list or a mapping")
    if node.tag == "tag:yaml.org,2002:null":
        return ""
    if node.tag == "tag:yaml.org,2002:bool":
        return _BOOLEANS.get(node.value.lower(), str(node.value))
    return str(node.value)


def _is_nothing(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def _mistake(file: str, node: yaml.Node, what: str) -> InvalidFile:
    mark = node.start_mark
    return InvalidFile(f"{file}:{mark.line + 1}:{mark.column + 1}: {what}")
