"""The workflows of a wercker.yml: which pipeline runs after which others. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from wercker_cli.engine import yaml_nodes
from wercker_cli.engine.mistakes import Found, listed, named
from wercker_cli.engine.yaml_nodes import Mapping, Scalar, Sequence

_KEYS = ("name", "pipelines")
_LONGEST_CYCLE = 10  # names that a message shows
_NODE_KEYS = ("name", "pipelineName", "requires", "artifactPipeline", "envFile")


class Node(NamedTuple):
    """One run of a workflow; it waits for the nodes that it `requires`. '' where the file has nothing."""

    name: str
    pipeline: str
    requires: tuple[str, ...]
    artifact_pipeline: str  # which of the required nodes gives what it starts from
    env_file: str


class Workflow(NamedTuple):
    """Nodes by the order of the file; exactly one requires nothing."""

    name: str
    nodes: tuple[Node, ...]


class _Entry(NamedTuple):
    """A node, and what stands where in the file."""

    node: Node
    place: yaml_nodes.Node
    parts: dict[str, yaml_nodes.Node]


def read(node: yaml_nodes.Node, pipelines: Collection[str], found: Found) -> tuple[Workflow, ...]:
    """The workflows below the key `workflows`, in a file that has these pipelines."""
    if yaml_nodes.is_null(node):
        return ()
    if not isinstance(node, Sequence):
        found.error(node, "workflows are a list: each has a 'name' and 'pipelines'")
        return ()
    workflows: dict[str, Workflow] = {}
    for item in node.items:
        parts = _parts(item, _KEYS, found)
        name = _name(item, parts, found)
        if name and name in workflows:
            found.error(parts["name"], f"there are two workflows {named(name)}")
        nodes = parts.get("pipelines")
        if isinstance(nodes, Sequence) and nodes.items:
            workflows[name] = Workflow(name, _nodes(nodes, name, pipelines, found))
        else:
            found.error(nodes or item, "a workflow needs 'pipelines', a list of them")
    return tuple(workflows.values())


def _nodes(listing: Sequence, workflow: str, pipelines: Collection[str], found: Found) -> tuple[Node, ...]:
    """The nodes of a workflow; they are checked when all of them are known."""
    entries: dict[str, _Entry] = {}
    for item in listing.items:
        entry = _entry(item, found)
        name = entry.node.name
        if name and name in entries:
            found.error(
                entry.place,
                f"workflow {named(workflow)} has two {named(name)}: "
                "a 'name' is unique, and 'pipelineName' says which pipeline runs",
            )
        elif name:
            entries[name] = entry
            _check(entry, pipelines, found)
    _check_order(entries, listing, workflow, found)
    return tuple(entry.node for entry in entries.values())


def _entry(item: yaml_nodes.Node, found: Found) -> _Entry:
    parts = _parts(item, _NODE_KEYS, found)
    name = _name(item, parts, found)
    requires = parts.get("requires")
    waits = requires.items if isinstance(requires, Sequence) else []
    if requires and not isinstance(requires, Sequence):
        found.error(requires, "'requires' is a list of names: each begins with a '-'")
    node = Node(
        name=name,
        pipeline=_text("pipelineName", parts, found) or name,
        requires=tuple(dict.fromkeys(wait.text for wait in waits if isinstance(wait, Scalar))),
        artifact_pipeline=_text("artifactPipeline", parts, found),
        env_file=_text("envFile", parts, found),
    )
    return _Entry(node, parts.get("name", item), parts)


def _check(entry: _Entry, pipelines: Collection[str], found: Found) -> None:
    """What can be said of a node without the others."""
    node = entry.node
    if node.pipeline not in pipelines:
        found.error(
            entry.parts.get("pipelineName", entry.place),
            f"there is no pipeline {named(node.pipeline)} in this file; its pipelines: {listed(pipelines)}",
        )
    if node.artifact_pipeline and node.artifact_pipeline not in node.requires:
        found.error(
            entry.parts["artifactPipeline"],
            f"'artifactPipeline' is one of those that {named(node.name)} requires: {listed(node.requires)}",
        )


def _check_order(entries: dict[str, _Entry], listing: Sequence, workflow: str, found: Found) -> None:
    """One node is there to begin with, and the others come after it."""
    for name, entry in entries.items():
        requires = entry.parts.get("requires")
        for wait in requires.items if isinstance(requires, Sequence) else []:
            if not isinstance(wait, Scalar):
                found.error(wait, "a text belongs here, not a list or a mapping")
            elif wait.text not in entries:
                found.error(
                    wait,
                    f"{named(name)} requires {named(wait.text)}, which workflow {named(workflow)} does not have; "
                    f"it has {listed(entries)}",
                )
    roots = [name for name, entry in entries.items() if not entry.node.requires]
    for name in roots[1:]:
        found.error(
            entries[name].place,
            f"workflow {named(workflow)} begins with one pipeline: "
            f"{named(name)} requires nothing, and neither does {named(roots[0])}",
        )
    cycle = _cycle({name: entry.node.requires for name, entry in entries.items()})
    if cycle:
        way = " requires ".join(map(named, cycle[:_LONGEST_CYCLE])) + ("…" if len(cycle) > _LONGEST_CYCLE else "")
        found.error(entries[cycle[0]].place, f"workflow {named(workflow)} goes round in a circle: {way}")
    elif entries and not roots:
        found.error(listing, f"workflow {named(workflow)} has no pipeline to begin with: each requires another")


def _cycle(requires: dict[str, tuple[str, ...]]) -> list[str]:
    """Names of which each requires the next; the last is the first again. [] where there is no way round."""
    import graphlib  # few files have workflows

    known = {name: [wait for wait in waits if wait in requires] for name, waits in requires.items()}
    try:
        graphlib.TopologicalSorter(known).prepare()
    except graphlib.CycleError as error:
        return list(reversed(error.args[1]))
    return []


def _parts(item: yaml_nodes.Node, keys: tuple[str, ...], found: Found) -> dict[str, yaml_nodes.Node]:
    """What a mapping has; other keys than these are warned of."""
    if not isinstance(item, Mapping):
        found.error(item, f"a mapping belongs here, with a {named(keys[0])}")
        return {}
    parts = yaml_nodes.values(item.pairs)
    for name, (key, _) in parts.items():
        if name not in keys:
            found.warning(key, f"{named(name)} means nothing here: the keys are {', '.join(keys)}")
    return {name: value for name, (_, value) in parts.items()}


def _name(item: yaml_nodes.Node, parts: dict[str, yaml_nodes.Node], found: Found) -> str:
    name = _text("name", parts, found)
    if not name and isinstance(item, Mapping):
        found.error(parts.get("name", item), "a 'name' is missing here")
    return name


def _text(key: str, parts: dict[str, yaml_nodes.Node], found: Found) -> str:
    node = parts.get(key)
    if node is None or isinstance(node, Scalar):
        return node.text if node else ""
    found.error(node, f"{named(key)} is a text, not a list or a mapping")
    return ""
