"""How runs are shown: RUNS in a list, RUN as a page."""

from wercker_cli.output import spans, times
from wercker_cli.output.cells import get, objects
from wercker_cli.output.columns import Column, Json, View
from wercker_cli.output.marks import mark_style, mark_text
from wercker_cli.output.text import first_line

FIELDS = (
    *("id", "url", "branch", "tag", "commitHash", "createdAt", "startedAt", "finishedAt", "message", "commits"),
    *(
        "progress",
        "result",
        "status",
        "user",
        "pipeline",
        "application",
        "sourceRun",
        "envVars",
        "pullRequest",
        "workflow",
    ),
)
SHORT_HASH = 7
HIDDEN = "***"  # in place of the value of a secret variable


def pipeline_name(run: Json) -> str:
    """The name of a run's pipeline, or what else there is to call it by."""
    return get(run, "pipeline.name") or get(run, "pipeline.pipelineName") or get(run, "pipeline.id")


def short_hash(run: Json) -> str:
    """The beginning of the hash of its commit."""
    return get(run, "commitHash")[:SHORT_HASH]


def author(run: Json) -> str:
    """The username, which `--author` filters on; else the name."""
    return get(run, "user.meta.username") or get(run, "user.name")


def _workflow(run: Json) -> str:
    """The workflow that a run is of, and which part of it."""
    name = get(run, "workflow.name")
    return f"{name}/{get(run, 'workflow.pipeline')}" if name else ""


RUNS = View(
    columns=(
        Column("id", lambda run: get(run, "id")),
        Column("result", lambda run: get(run, "result"), shown=mark_text, style=mark_style),
        Column("branch", lambda run: get(run, "branch") or get(run, "tag"), style=lambda _: "cyan", width=6, leaves=4),
        Column(
            "commit",
            lambda run: get(run, "commitHash"),
            screen=short_hash,
            printed=short_hash,
            style=lambda _: "dim",
            leaves=1,
        ),
        Column(
            "started",
            lambda run: times.iso(get(run, "startedAt")),
            screen=lambda run: times.ago(get(run, "startedAt"), times.now()),
            printed=lambda run: times.utc(get(run, "startedAt")),
            style=lambda _: "dim",
            leaves=5,
        ),
        Column("message", lambda run: first_line(get(run, "message")), width=12, leaves=2),
        Column("status", lambda run: get(run, "status")),
        Column("pipeline", pipeline_name, width=6, leaves=3),
        Column("author", author),
        Column("finished", lambda run: times.iso(get(run, "finishedAt"))),
    ),
    fields=FIELDS,
    empty="no runs found",
    screen=("id", "result", "pipeline", "branch", "commit", "started", "message"),
    below=("id", "message"),
    name="runs",
)

SLOW = "▲"


def compared(slow: set[str]) -> View:
    """RUNS for a terminal: with the time that each took, and a mark on those whose ids are among the `slow` ones."""

    def marked(run: Json) -> str:
        return f"{mark_text(run)} {SLOW}" if get(run, "id") in slow else mark_text(run)

    time = Column(
        "time",
        spans.finished_seconds,
        shown=spans.words,
        style=lambda run: "yellow" if get(run, "id") in slow else "dim",
        leaves=1,
        right=True,
    )
    columns = (column._replace(shown=marked) if column.name == "result" else column for column in RUNS.columns)
    return RUNS._replace(
        columns=(*columns, time),
        screen=("id", "result", "pipeline", "branch", "commit", "started", "time", "message"),
        legend=f"{SLOW} slower than is usual for its pipeline" if slow else "",
    )


NUMBERED = RUNS._replace(  # to choose from
    columns=(Column("#", lambda run: get(run, "#"), right=True), *RUNS.columns), screen=("#", *RUNS.screen[1:])
)


def _heading(run: Json) -> str:
    """The mark of a run, and the time it took or has been running."""
    took = spans.words(run)
    preposition = "in" if get(run, "status") == "finished" else "for"
    return f"{mark_text(run)} {preposition} {took}" if took else mark_text(run)


def _title(run: Json) -> tuple[str, ...]:
    return _heading(run), pipeline_name(run), get(run, "branch") or get(run, "tag"), short_hash(run)


def _moment(name: str, key: str) -> Column:
    return Column(
        name,
        lambda run: times.iso(get(run, key)),
        screen=lambda run: times.local(get(run, key), times.now()),
        printed=lambda run: times.utc(get(run, key)),
    )


def _env_names(run: Json) -> str:
    return ", ".join(get(variable, "key") for variable in objects(run.get("envVars")))


def _env_values(run: Json) -> str:
    variables = objects(run.get("envVars"))
    return "\n".join(
        f"{get(variable, 'key')}={HIDDEN if variable.get('protected') is True else get(variable, 'value')}"
        for variable in variables
    )


def source_run(run: Json) -> str:
    """The id of the run that this one started from; "" where there is none."""
    return get(run, "sourceRun.id") or get(run, "sourceRun")


def is_of_its_own(run: Json) -> bool:
    """Whether a trigger of its pipeline could make it again: the engine's workflows may give a run more than that."""
    workflow = run.get("workflow")
    if not isinstance(workflow, dict):
        return True
    inputs = [(get(one, "folder"), get(one, "run")) for one in objects(workflow.get("inputs"))]
    return inputs in ([], [("", source_run(run))]) and not get(workflow, "envFile")


def _application(run: Json) -> str:
    name = get(run, "application.name")
    owner = get(run, "application.owner.name") or get(run, "application.owner.meta.username")
    return f"{owner}/{name}" if owner and name else name or get(run, "application.id") or get(run, "application")


def run_view(*, show_env: bool) -> View:
    """The page of one run; `show_env` with the values of its environment variables, which may be secret."""
    return View(
        columns=(
            Column("result", lambda run: get(run, "result"), shown=_heading, style=mark_style),
            Column("status", lambda run: get(run, "status")),
            Column("pipeline", pipeline_name),
            Column("branch", lambda run: get(run, "branch"), style=lambda _: "cyan"),
            Column("tag", lambda run: get(run, "tag")),
            Column("commit", lambda run: get(run, "commitHash")),
            Column("author", author),
            Column("message", lambda run: get(run, "message")),
            _moment("created", "createdAt"),
            _moment("started", "startedAt"),
            _moment("finished", "finishedAt"),
            Column("duration", spans.finished_seconds, shown=spans.finished_words),
            Column("env", _env_values if show_env else _env_names),
            Column("source-run", source_run),
            Column("workflow", _workflow),
            Column("application", _application),
            Column("id", lambda run: get(run, "id")),
            Column("url", lambda run: get(run, "url")),
        ),
        fields=FIELDS,
        screen=(
            *("result", "pipeline", "branch", "tag", "commit", "author", "message"),
            *("created", "started", "finished", "env", "source-run", "workflow", "application", "id", "url"),
        ),
        title=_title,
        name="run",
    )


RUN = run_view(show_env=False)
RUN_WITH_ENV = run_view(show_env=True)
