"""How contexts and their tokens are shown. No view has a token in it."""

from wercker_cli.output.cells import get
from wercker_cli.output.columns import Column, Json, View
from wercker_cli.output.text import first_line


def _mark(item: Json) -> str:
    return "●" if item.get("current") else ""


CONTEXTS = View(
    columns=(
        Column("name", lambda item: get(item, "name")),
        Column("server", lambda item: get(item, "server")),
        Column("token", lambda item: get(item, "token"), style=lambda _: "dim"),
        Column("application", lambda item: get(item, "application")),
        Column("current", lambda item: get(item, "current"), screen=_mark, title=" "),
    ),
    fields=("name", "server", "token", "application", "current"),
    screen=("current", "name", "server", "token", "application"),
    name="contexts",
)


_STYLES = {"accepted": "green", "refused": "red", "unreadable": "red", "unreachable": "yellow", "unknown": "yellow"}


def _state_style(item: Json) -> str:
    return _STYLES.get(get(item, "state"), "dim")


def _why(item: Json) -> str:
    """Below a row: what went wrong while the server was asked."""
    return first_line(get(item, "message"))


STATUSES = View(
    columns=(
        Column("context", lambda item: get(item, "context")),
        Column("server", lambda item: get(item, "server")),
        Column("token", lambda item: get(item, "token")),
        Column("state", lambda item: get(item, "state"), style=_state_style),
        Column("message", lambda item: get(item, "message")),
    ),
    fields=("context", "server", "token", "state", "message"),
    screen=("context", "server", "token", "state"),
    empty="no server has a name here: wercker context add NAME --url URL",
    note=_why,
    name="tokens",
)
