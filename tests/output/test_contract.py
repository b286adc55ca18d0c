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
CONTEXT = ("name", "server", "token", "application", "current")
STATUS = ("context", "server", "token", "state", "message")
LIST_COLUMNS = ("id", "result", "branch", "commit", "started", "message", "status", "pipeline", "author", "finished")
CONTRACT = {
    "answers._ANYTHING": ((), ()),  # wercker api: what it shows is the server's affair
    "contexts.CONTEXTS": (CONTEXT, CONTEXT),
    "contexts.STATUSES": (STATUS, STATUS),
    "pipelines.PIPELINES": (
        ("id", "name", "permissions", "type", "created"),
        ("id", "url", "createdAt", "name", "permissions", "pipelineName", "setScmProviderStatus", "type"),
    ),
    "runs.RUN": (RUN_COLUMNS, RUN_FIELDS),
    "runs.NUMBERED": (("#", *LIST_COLUMNS), RUN_FIELDS),  # on a terminal alone
    "runs.RUNS": (LIST_COLUMNS, RUN_FIELDS),
    "runs.RUN_WITH_ENV": (RUN_COLUMNS, RUN_FIELDS),
    "settings.SETTINGS": (("name", "value", "origin"), ("name", "value", "origin")),
    "stats.FLAKY": (("pipeline", "commit", "result", "runs", "newest"), ()),  # these two on a page of stats alone
    "stats.STEPS": (("step", "pipeline", "runs", "p50", "p90"), ()),
    "stats.STATS": (
        ("pipeline", "runs", "passed", "failed", "aborted", "other", "success", "p50", "p90", "id"),
        (
            *("from", "until", "runs", "passed", "failed", "aborted", "other", "successRate", "p50", "p90"),
            *("pipelines", "flaky", "stepsOf", "steps"),
        ),
    ),
    "steps.STEPS": (
        ("order", "step", "result", "status", "started", "finished", "duration", "id", "message"),
        (
            *("id", "url", "artifactsUrl", "createdAt", "startedAt", "finishedAt", "logUrl", "order", "result"),
            *("status", "step", "displayName", "phase", "message", "run", "project"),
        ),
    ),
}


def views() -> dict[str, View]:
    """Every view that a module of the output room holds, each once, where it is at home."""
    found: dict[int, tuple[str, View]] = {}
    for info in pkgutil.walk_packages(output.__path__, f"{output.__name__}."):
        for name, value in vars(importlib.import_module(info.name)).items():
            if isinstance(value, View):
                found.setdefault(id(value), (f"{info.name.removeprefix(f'{output.__name__}.')}.{name}", value))
    return dict(found.values())


def test_columns_and_fields_are_those_that_scripts_know() -> None:
    assert {
        name: (tuple(column.name for column in view.in_pipe()), view.fields) for name, view in views().items()
    } == CONTRACT


def test_no_view_names_a_column_twice_or_shows_one_it_lacks() -> None:
    for view in views().values():
        names = [column.name for column in view.columns]
        assert len(set(names)) == len(names)
        assert set(view.screen) <= set(names)
