"""What scripts rely on: every column in its place, and every field of --json. New ones go last."""

import importlib
import pkgutil

from wercker_cli import output
from wercker_cli.output.columns import View

RUN_FIELDS = (
    *("id", "url", "branch", "tag", "commitHash", "createdAt", "startedAt", "finishedAt", "message", "commits"),
    *("progress", "result", "status", "user", "pipeline", "application", "sourceRun", "envVars", "pullRequest"),
    "workflow",
)
RUN_COLUMNS = (
    *("result", "status", "pipeline", "branch", "tag", "commit", "author", "message", "created", "started"),
    *("finished", "duration", "env", "source-run", "workflow", "application", "id", "url"),
)
CONTEXT = ("name", "server", "token", "application", "current")
STATUS = ("context", "server", "token", "state", "message")
LIST_COLUMNS = ("id", "result", "branch", "commit", "started", "message", "status", "pipeline", "author", "finished")
CONTRACT = {
    "_ANYTHING": ((), ()),  # wercker api: what it shows is the server's affair
    "CONTEXTS": (CONTEXT, CONTEXT),
    "STATUSES": (STATUS, STATUS),
    "MISTAKES": (
        ("file", "line", "column", "severity", "message"),
        ("file", "line", "column", "message", "severity"),
    ),
    "PIPELINES": (
        ("id", "name", "permissions", "type", "created"),
        ("id", "url", "createdAt", "name", "permissions", "pipelineName", "setScmProviderStatus", "type"),
    ),
    "FILES": (("path",), ("path",)),
    "RUN": (RUN_COLUMNS, RUN_FIELDS),
    "NUMBERED": (("#", *LIST_COLUMNS), RUN_FIELDS),  # on a terminal alone
    "RUNS": (LIST_COLUMNS, RUN_FIELDS),
    "RUN_WITH_ENV": (RUN_COLUMNS, RUN_FIELDS),
    "SETTINGS": (("name", "value", "origin"), ("name", "value", "origin")),
    "FLAKY": (("pipeline", "commit", "result", "runs", "newest"), ()),  # these two on a page of stats alone
    "SLOWEST_STEPS": (("step", "pipeline", "runs", "p50", "p90"), ()),
    "STATS": (
        ("pipeline", "runs", "passed", "failed", "aborted", "other", "success", "p50", "p90", "id"),
        (
            *("from", "until", "runs", "passed", "failed", "aborted", "other", "successRate", "p50", "p90"),
            *("pipelines", "flaky", "stepsOf", "steps"),
        ),
    ),
    "TOKENS": (
        ("name", "access", "created", "expires", "expired"),
        ("name", "access", "createdAt", "expiresAt", "expired"),
    ),
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
