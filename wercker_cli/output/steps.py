"""How the steps of a run are shown."""

from wercker_cli.output import spans, times
from wercker_cli.output.cells import get
from wercker_cli.output.columns import Column, Json, View
from wercker_cli.output.marks import mark_style, mark_text

FIELDS = (
    *("id", "url", "artifactsUrl", "createdAt", "startedAt", "finishedAt", "logUrl", "order", "result", "status"),
    *("step", "displayName", "phase", "message", "run", "project"),
)


def step_name(step: Json) -> str:
    """What a step is called: `step` for the internal ones, `displayName` for the others; never empty."""
    return get(step, "step") or get(step, "displayName") or f"step {get(step, 'order')}".strip()


def _failure(step: Json) -> str:
    """Why it failed, in the server's words."""
    return get(step, "message") if get(step, "result") == "failed" else ""


STEPS = View(
    columns=(
        Column("order", lambda step: get(step, "order"), style=lambda _: "dim", title="#", right=True),
        Column("step", step_name, width=8),
        Column("result", lambda step: get(step, "result"), shown=mark_text, style=mark_style),
        Column("status", lambda step: get(step, "status")),
        Column("started", lambda step: times.iso(get(step, "startedAt"))),
        Column("finished", lambda step: times.iso(get(step, "finishedAt"))),
        Column("duration", spans.finished_seconds, shown=spans.words, title="TIME", right=True),
        Column("id", lambda step: get(step, "id"), style=lambda _: "dim"),
        Column("message", lambda step: get(step, "message")),
        Column("timeline", lambda _: "", style=mark_style, leaves=1, span=spans.span),
    ),
    fields=FIELDS,
    empty="this run has no steps yet",
    screen=("order", "step", "result", "duration", "timeline", "id"),
    note=_failure,
    printed=("order", "step", "result", "duration"),
    name="steps",
)
