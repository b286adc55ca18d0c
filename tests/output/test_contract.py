"""What scripts rely on: every column in its place, and every field of --json. New ones go last."""

import importlib
import pkgutil

from wercker_cli import output
from wercker_cli.output.columns import View

RUN_FIELDS = (
    *("id", "url", "branch", "tag", "commitHash", "createdAt", "startedAt", "finishedAt", "message", "commits"),
    *("progress", "result", "status", "user", "pipeline", "application", "sourceRun", "envVars", "pullRequest"),
)
RUN_COLUMNS = (
    *("result", "status", "pipeline", "branch", "tag", "commit", "author", "message", "created", "started"),
    *("finished", "duration", "env", "source-run", "application", "id", "url"),
)
CONTRACT = {
    "PIPELINES": (
        ("id", "name", "permissions", "type", "created"),
        ("id", "url", "createdAt", "name", "permissions", "pipelineName", "setScmProviderStatus", "type"),
    ),
    "RUN": (RUN_COLUMNS, RUN_FIELDS),
    "RUNS": (
        ("id", "result", "branch", "commit", "started", "message", "status", "pipeline", "author", "finished"),
        RUN_FIELDS,
    ),
    "RUN_WITH_ENV": (RUN_COLUMNS, RUN_FIELDS),
    "SETTINGS": (("name", "value", "origin"), ("name", "value", "origin")),
    "STEPS": (
        ("order", "step", "result", "status", "started", "finished", "duration", "id", "message"),
        (
            *("id", "url", "artifactsUrl", "createdAt", "startedAt", "finishedAt", "logUrl", "order", "result"),
            *("status", "step", "displayName", "phase", "message", "run", "project"),
        ),
    ),
}


def views() -> dict[str, View]:
    """Every view that a module of the output room holds, by its name."""
    modules = [info.name for info in pkgutil.walk_packages(output.__path__, f"{output.__name__}.")]
    held = [item for module in modules for item in vars(importlib.import_module(module)).items()]
    found = {id(value): (name, value) for name, value in held if isinstance(value, View)}
    named = dict(found.values())
    assert len(named) == len(found), "two views have one name"
    return named


def test_columns_and_fields_are_those_that_scripts_know() -> None:
    assert {
        name: (tuple(column.name for column in view.in_pipe()), view.fields) for name, view in views().items()
    } == CONTRACT


def test_no_view_names_a_column_twice_or_shows_one_it_lacks() -> None:
    for view in views().values():
        names = [column.name for column in view.columns]
        assert len(set(names)) == len(names)
        assert {*view.screen, *view.below, *view.printed} <= set(names)
