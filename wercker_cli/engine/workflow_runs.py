"""Workflows as they run: what one begins with, and what follows a run that has passed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from wercker_cli.engine import secrets
from wercker_cli.engine.clock import now_ms
from wercker_cli.engine.store import NewRun, Row, Store, new_id

if TYPE_CHECKING:
    from wercker_cli.engine.workflows import Workflow


class Node(NamedTuple):
    """A node as the store keeps it; the names are those of `workflows.Node`."""

    name: str
    pipeline: str
    requires: list[str]
    artifact_pipeline: str
    env_file: str


def add(store: Store, workflow: Workflow) -> tuple[str, Node]:
    """The id of a workflow that starts now, and the node that it begins with; for a transaction."""
    made = new_id(now_ms())
    nodes = json.dumps([node._asdict() for node in workflow.nodes])
    store.write(
        "INSERT INTO workflows (id, name, nodes) VALUES (:id, :name, :nodes)", id=made, name=workflow.name, nodes=nodes
    )
    return made, next(node for node in _nodes(store, made) if not node.requires)


def follow(store: Store, run: str, values: list[str]) -> None:
    """Makes the runs that waited for nothing but this one, which has passed; for the transaction that ends it.

    `values` are those of its secret variables, which what follows gets too.
    """
    ended = store.run(run)
    if ended is None or ended["workflow"] is None:
        return
    nodes = _nodes(store, ended["workflow"])
    made = {row["node"]: row for row in _runs(store, ended["workflow"])}
    passed = {name: row["id"] for name, row in made.items() if row["result"] == "passed"}
    for node in nodes:
        if node.name not in made and ended["node"] in node.requires and passed.keys() >= set(node.requires):
            store.add_run(_new(store, ended, node, passed, values))


def env_file(run: Row) -> str:
    """The file of variables that the run's node names, '' for none."""
    nodes = json.loads(run["workflow_nodes"] or "[]")
    return next((str(node["env_file"]) for node in nodes if node["name"] == run["node"]), "")


def _new(store: Store, ended: Row, node: Node, passed: dict[str, str], values: list[str]) -> NewRun:
    return NewRun(
        application=ended["application"],
        pipeline=store.pipeline_called(ended["application"], node.pipeline),
        repository=ended["repository"],
        branch=ended["branch"],
        tag=ended["tag"],
        commit=ended["commit_hash"],
        message=ended["message"],
        env_vars=secrets.filled(json.loads(ended["env_vars"]), values),
        host_vars=json.loads(ended["host_vars"]),
        author=ended["author"],
        source_run=ended["id"],
        inputs=list(_inputs(node, passed)),
        workflow=ended["workflow"],
        node=node.name,
        base=ended["base"],
    )


def _inputs(node: Node, passed: dict[str, str]) -> Iterator[tuple[str, str]]:
    """What a run starts from: one artifact in place of the checkout, or a folder in it for each."""
    if node.artifact_pipeline or len(node.requires) == 1:
        yield "", passed[node.artifact_pipeline or node.requires[0]]
        return
    taken: set[str] = set()
    for name in node.requires:
        folder = _folder(name)
        while folder in taken:
            folder += "-"
        taken.add(folder)
        yield folder, passed[name]


def _folder(name: str) -> str:
    """The name of a node as that of a folder, which is inside of the checkout and no part of git's."""
    safe = name.replace("/", "-")
    return f"_{safe}" if safe.startswith(".") else safe


def _nodes(store: Store, workflow: str) -> list[Node]:
    row = store.one("SELECT nodes FROM workflows WHERE id = :id", id=workflow)
    return [Node(**node) for node in json.loads(row["nodes"])] if row else []


def _runs(store: Store, workflow: str) -> list[Row]:
    """The runs of a workflow, one of a node at most."""
    return store.all("SELECT id, node, result FROM runs WHERE workflow = :workflow", workflow=workflow)
