"""How the tokens of a server are shown. None of it is secret."""

from wercker_cli.output import times
from wercker_cli.output.cells import get
from wercker_cli.output.columns import Column, Json, View


def _end(item: Json) -> str:
    """When it ends, for a person."""
    at = get(item, "expiresAt")
    return f"{'expired ' if item.get('expired') else ''}{times.local(at, times.now())}" if at else "never"


TOKENS = View(
    columns=(
        Column("name", lambda item: get(item, "name"), style=lambda _: "bold"),
        Column("access", lambda item: get(item, "access")),
        Column(
            "created",
            lambda item: times.iso(get(item, "createdAt")),
            screen=lambda item: times.ago(get(item, "createdAt"), times.now()),
            style=lambda _: "dim",
        ),
        Column(
            "expires",
            lambda item: times.iso(get(item, "expiresAt")),
            screen=_end,
            style=lambda item: "red" if item.get("expired") else "",
        ),
        Column("expired", lambda item: get(item, "expired")),
    ),
    fields=("name", "access", "createdAt", "expiresAt", "expired"),
    screen=("name", "access", "created", "expires"),
    empty="nobody has a token: wercker server token create NAME",
    name="tokens",
)
