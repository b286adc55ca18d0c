"""How settings are shown: each with its value and where that came from."""

from wercker_cli.output.cells import get
from wercker_cli.output.columns import Column, View

SETTINGS = View(
    columns=(
        Column("name", lambda setting: get(setting, "name")),
        Column("value", lambda setting: get(setting, "value")),
        Column("origin", lambda setting: get(setting, "origin"), style=lambda _: "dim"),
    ),
    fields=("name", "value", "origin"),
    empty="no settings",
    name="settings",
)
