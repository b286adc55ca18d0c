"""How pipelines are shown."""

from wercker_cli.output import times
from wercker_cli.output.cells import get
from wercker_cli.output.columns import Column, View

PIPELINES = View(
    columns=(
        Column("id", lambda pipeline: get(pipeline, "id")),
        Column(
            "name",
            lambda pipeline: get(pipeline, "name") or get(pipeline, "pipelineName"),
            style=lambda _: "bold",
            width=10,
        ),
        Column("permissions", lambda pipeline: get(pipeline, "permissions"), leaves=2),
        Column("type", lambda pipeline: get(pipeline, "type"), leaves=1),
        Column(
            "created",
            lambda pipeline: times.iso(get(pipeline, "createdAt")),
            screen=lambda pipeline: times.ago(get(pipeline, "createdAt"), times.now()),
            printed=lambda pipeline: times.utc(get(pipeline, "createdAt")),
            style=lambda _: "dim",
            leaves=3,
        ),
    ),
    fields=("id", "url", "createdAt", "name", "permissions", "pipelineName", "setScmProviderStatus", "type"),
    empty="no pipelines found",
    name="pipelines",
)
