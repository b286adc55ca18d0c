"""Reads wercker.yml: from text to pipelines, steps, boxes and workflows. Pure: no files, no network, nothing runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from wercker_cli.engine import yaml_nodes
from wercker_cli.engine.mistakes import Found, InvalidFile, Spot, listed, named
from wercker_cli.engine.yaml_nodes import Mapping, Node, NotYaml, Scalar, Sequence

if TYPE_CHECKING:
    from wercker_cli.engine.workflows import Workflow

RESERVED = frozenset(
    {"box", "services", "source-dir", "command-timeout", "no-response-timeout", "ignore-file", "workflows"}
)
CONTAINERS = frozenset({"box", "services"})
NOT_STEPS = CONTAINERS | {"base-path", "docker"}  # keys of a pipeline that may be lists, or anything
KNOWN = NOT_STEPS | {"steps", "after-steps"}  # every other key of a pipeline is a deploy target
NOT_PROPERTIES = ("name", "cwd", "checkpoint")
SCRIPT = "script"
LONGEST_TIMEOUT = 1e6  # minutes

_Pairs = list[tuple[Scalar, Node]]
_Parts = dict[str, tuple[Scalar, Node]]


class Step(NamedTuple):
    """One step as it was written; `name` without owner and version. Line and column count from 1."""

    owner: str
    name: str
    source: str  # "file://..." of a step kept in a folder, else ''
    display: str
    cwd: str
    properties: dict[str, str]
    line: int
    column: int = 1

    @property
    def is_script(self) -> bool:
        """Whether its 'code' is what it does."""
        return (self.owner, self.name, self.source) == ("wercker", SCRIPT, "")


class Box(NamedTuple):
    """A container: of the steps, or of a service beside them."""

    id: str
    tag: str
    line: int
    column: int


class Pipeline(NamedTuple):
    """One pipeline; `targets` are the steps of its deploy targets, `unused` what means nothing on this machine."""

    name: str
    steps: tuple[Step, ...]
    after_steps: tuple[Step, ...]
    targets: dict[str, tuple[Step, ...]]
    unused: tuple[str, ...]
    box: Box | None
    services: tuple[Box, ...]


class File(NamedTuple):
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
    box: Box | None = None
    services: tuple[Box, ...] = ()
    workflows: tuple[Workflow, ...] = ()


def read(text: str, file: str) -> File:
    """What a wercker.yml says; raises InvalidFile with everything that is wrong with it."""
    result, found = check(text, file)
    if result is None:
        raise InvalidFile(found.errors)
    return result


def check(text: str, file: str) -> tuple[File | None, Found]:
    """What a wercker.yml says, None where it has errors; and its mistakes."""
    text = text.removeprefix("\ufeff")
    found = Found(text, file)
    result = None
    try:
        result = _file(yaml_nodes.compose(text), found)
    except NotYaml as mistake:
        found.error(mistake, mistake.what)
    return None if found.errors else result, found


def _file(root: Node | None, found: Found) -> File | None:
    if root is None or yaml_nodes.is_null(root):
        found.error(Spot(1, 1), "the file is empty: a pipeline is a name with 'steps' below it")
        return None
    if not isinstance(root, Mapping):
        found.error(root, "a file is a mapping: names of pipelines with 'steps' below them")
        return None
    top = yaml_nodes.values(root.pairs)
    pipelines: dict[str, Pipeline] = {}
    empty = []
    twice = _twice(root.pairs, found)
    unused = _unused(top, CONTAINERS, found)
    for name, (key, value) in top.items():
        if name in RESERVED:
            continue
        if yaml_nodes.is_null(value):
            empty.append(name)
            found.warning(key, f"pipeline {named(name)} has nothing: its 'steps' stand below it, further to the right")
        elif isinstance(value, Mapping) and _is_pipeline(value):
            twice |= _twice(value.pairs, found)
            pipelines[name] = _pipeline(key, value, found)
        elif not value.anchored:
            found.warning(key, f"{named(name)} is no pipeline and is ignored: a pipeline has 'steps' directly below it")
    if not pipelines and not empty:
        found.warning(root, "the file has no pipeline: that is a name with 'steps' below it")
    return File(
        pipelines=pipelines,
        empty=frozenset(empty),
        source_dir=_top_text("source-dir", top, found),
        ignore_file=_top_text("ignore-file", top, found),
        command_timeout=_minutes("command-timeout", top, found),
        no_response_timeout=_minutes("no-response-timeout", top, found),
        unused=unused,
        twice=twice,
        box=_box(top, found),
        services=_services(top, found),
        workflows=_workflows(top["workflows"][1], [*pipelines, *empty], found) if "workflows" in top else (),
    )


def _workflows(node: Node, pipelines: list[str], found: Found) -> tuple[Workflow, ...]:
    from wercker_cli.engine import workflows  # few files have any

    return workflows.read(node, pipelines, found)


def _twice(pairs: _Pairs, found: Found) -> dict[str, int]:
    """The keys that are given again, with the line of the last; each is a warning."""
    again = list(yaml_nodes.twice(pairs))
    for key in again:
        found.warning(key, f"{named(key.written)} is given twice: the last counts")
    return {key.written: key.line for key in again}


def _top_text(key: str, top: _Parts, found: Found) -> str:
    return _text(top[key][1], found) if key in top else ""


def _minutes(key: str, top: _Parts, found: Found) -> float:
    """0 or less means the default, as does a key that is not there."""
    text = _top_text(key, top, found).strip()
    try:
        minutes = float(text or 0)
    except ValueError:  # said below
        minutes = LONGEST_TIMEOUT
    if not minutes < LONGEST_TIMEOUT:  # nor is a NaN
        found.error(top[key][1], f"{key} is a number of minutes, not {named(text)}")
        return 0
    return max(0.0, minutes)


def _is_pipeline(node: Mapping) -> bool:
    return any(key.written == "steps" or isinstance(value, Sequence) for key, value in node.pairs)


def _pipeline(name: Scalar, node: Mapping, found: Found) -> Pipeline:
    parts = yaml_nodes.values(node.pairs)
    targets = {}
    for key, (place, value) in parts.items():
        if key in KNOWN:
            continue
        if isinstance(value, Sequence):
            targets[key] = _steps(value, found)
        else:
            found.error(
                place,
                f"{named(key)} in pipeline {named(name.written)} is neither a list of steps nor one of "
                f"{', '.join(sorted(KNOWN))}",
            )
    pipeline = Pipeline(
        name.written,
        steps=_steps(parts["steps"][1], found) if "steps" in parts else (),
        after_steps=_steps(parts["after-steps"][1], found) if "after-steps" in parts else (),
        targets=targets,
        unused=_unused(parts, NOT_STEPS, found),
        box=_box(parts, found),
        services=_services(parts, found),
    )
    _, steps = parts.get("steps", (name, None))
    if yaml_nodes.is_null(steps) or (isinstance(steps, Sequence) and not steps.items):
        known = f"; its deploy targets: {listed(targets)}" if targets else ""
        found.warning(name, f"pipeline {named(name.written)} has no steps{known}")
    return pipeline


def _unused(parts: _Parts, keys: frozenset[str], found: Found) -> tuple[str, ...]:
    """Those of the keys that are there; each is a warning."""
    unused = tuple(key for key in parts if key in keys)
    for key in unused:
        found.warning(parts[key][0], f"{key!r} means nothing here: steps run on this machine, not in a container")
    return unused


def _box(parts: _Parts, found: Found) -> Box | None:
    return _container(parts["box"][1], found) if "box" in parts else None


def _services(parts: _Parts, found: Found) -> tuple[Box, ...]:
    """The services of a file or a pipeline."""
    if "services" not in parts:
        return ()
    node = parts["services"][1]
    if isinstance(node, Sequence):
        return tuple(box for item in node.items if (box := _container(item, found)))
    if not yaml_nodes.is_null(node):
        found.error(node, "services are a list")
    return ()


def _container(node: Node, found: Found) -> Box | None:
    """A box or a service: its name alone, or a mapping with an id."""
    if isinstance(node, Scalar):
        return Box(node.text, "", node.line, node.column)
    parts = yaml_nodes.values(node.pairs) if isinstance(node, Mapping) else {}
    if "id" not in parts:
        found.error(node, "a box or a service is a name, or a mapping with an 'id'")
        return None
    tag = _text(parts["tag"][1], found) if "tag" in parts else ""
    return Box(_text(parts["id"][1], found), tag, node.line, node.column)


def _steps(node: Node, found: Found) -> tuple[Step, ...]:
    if isinstance(node, Sequence):
        return tuple(step for item in node.items if (step := _step(item, found)))
    if not yaml_nodes.is_null(node):
        found.error(node, "steps are a list: each begins with a '-'")
    return ()


def _step(node: Node, found: Found) -> Step | None:
    """A step in any of its spellings: a bare name, a name with properties, or properties beside the name."""
    if isinstance(node, Scalar) and not yaml_nodes.is_null(node):
        return _named(node, {}, node, found)
    if not isinstance(node, Mapping) or not node.pairs:
        found.error(node, "a step is a name, or a name with properties")
        return None
    (first, below), *others = node.pairs  # real files have a property called like the step
    if yaml_nodes.is_null(below):
        if first.text == SCRIPT and not others:
            found.error(node, "the step 'script' has no properties: it needs at least 'code'")
            return None
    elif not isinstance(below, Mapping):
        found.error(below, f"the step {named(first.text)} takes properties (name: value), not a text or a list")
        return None
    pairs = below.pairs if isinstance(below, Mapping) else []
    _twice(pairs, found)
    _twice(others, found)
    properties = {key: _text(value, found) for key, (_, value) in yaml_nodes.values([*pairs, *others]).items()}
    return _named(first, properties, node, found)


def _named(first: Scalar, properties: dict[str, str], place: Node, found: Found) -> Step | None:
    """Splits 'owner/name@version' or 'name "file://folder"'; takes what is no property out of the properties."""
    text = first.text
    name, _, source = text.partition(" ")
    source = source.strip().strip("\"'")
    name = name.partition("@")[0]
    owner, slash, short = name.partition("/")
    short = short if slash else name
    if not short or (slash and not owner):
        found.error(first, f"a step has a name, or OWNER/NAME, and not {named(text)}")
        return None
    step = Step(
        owner=owner if slash else "wercker",
        name=short,
        source=source,
        display=properties.get("name") or (text if source and not source.startswith("file:") else short),
        cwd=properties.get("cwd", ""),
        properties={key: value for key, value in properties.items() if key not in NOT_PROPERTIES},
        line=place.line,
        column=place.column,
    )
    if step.is_script and not properties.get("code"):
        found.warning(place, f"step {named(step.display)} has no 'code', so it does nothing")
    return step


def _text(node: Node, found: Found) -> str:
    """What a scalar says; a list or a mapping is a mistake, and nothing."""
    if isinstance(node, Scalar):
        return node.text
    found.error(node, "a text belongs here, not a list or a mapping")
    return ""
