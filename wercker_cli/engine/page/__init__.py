"""Pages for people, to look and not to touch: the newest runs, one run, the log of a step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources import files

from wercker_cli.api.transport import Response
from wercker_cli.engine.page import run, runs, step
from wercker_cli.engine.page.frame import View, document, response
from wercker_cli.engine.page.text import isolated
from wercker_cli.engine.routes import Site
from wercker_cli.engine.store import Row
from wercker_cli.errors import WerckerError

_FILES = {
    "/page.css": "text/css; charset=utf-8",
    "/page.js": "text/javascript; charset=utf-8",
    "/page.svg": "image/svg+xml",
}


def public(application: Row) -> bool:
    """Whether everybody may see an application."""
    return bool(application["public"])


def answer(site: Site, path: str, query: Mapping[str, str], visible: Callable[[Row], bool] = public) -> Response | None:
    """The page at a path below the root of the server, for GET; None where there never is one.

    Only applications that are `visible` are on it. A run that is not there, or not visible, has a page with status
    404; trouble with the store one that says so. The same state of the store gives the same bytes.
    """
    if path in _FILES:
        return response(200, _FILES[path], files(__name__).joinpath(path[1:]).read_bytes())
    view = View(site, visible)
    try:
        return _page(view, path.split("/")[1:], query)
    except WerckerError as error:
        return _message(view, 503, "This cannot be shown now", error.message)
    except Exception as error:  # a bug of ours must not end whoever asks
        return _message(view, 500, "This is a bug of wercker", f"{type(error).__name__}: {error}")


def _page(view: View, parts: list[str], query: Mapping[str, str]) -> Response | None:
    match parts:
        case [""]:
            return runs.page(view, query)
        case ["runs", name]:
            row = view.run(name)
            return run.page(view, row) if row else _missing(view)
        case ["runs", name, "steps", number]:
            row = view.run(name)
            position = int(number) if number.isascii() and number.isdigit() and len(number) < 6 else 0
            return (step.page(view, row, position, query) if row else None) or _missing(view)
    return None


def _missing(view: View) -> Response:
    return _message(view, 404, "Nothing is here", "There is no such run or step, or it is not public.")


def _message(view: View, status: int, name: str, text: str) -> Response:
    body = f"<h1>{name}</h1>\n<p>{isolated(text)}</p>"
    return document(name, [view.home, name], body, status=status)
