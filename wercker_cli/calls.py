"""Calls of the API that no command makes: any method, any path below the root."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from wercker_cli.api.client import PAGE
from wercker_cli.api.transport import Request
from wercker_cli.app import Invocation
from wercker_cli.errors import Refused, Usage
from wercker_cli.settings import API_ROOT, quotable

Pairs = tuple[tuple[str, str], ...]

_CONTROL = r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]"


def target(path: str, server: str) -> tuple[str, Pairs]:
    """The path below the root of the API, and the query, of what a person typed.

    That may be a path with or without /api/v3, or a URL of `server`. Raises Usage for what is anywhere else.
    """
    from urllib.parse import parse_qsl, quote

    if re.search(_CONTROL, path):
        raise _elsewhere(path, "it has control characters in it", server)
    if path == server or path.startswith((f"{server}/", f"{server}?")):
        path = path.removeprefix(server)
    if re.match(r"[^/?]*:", path):
        raise _elsewhere(path, f"it is no address of {server}", server)
    if "#" in path:
        raise _elsewhere(path, "'#' is written as %23", server)
    place, _, query = path.partition("?")
    place = place if place.startswith("/") else f"/{place}"
    if place == API_ROOT or place.startswith(f"{API_ROOT}/"):
        place = place.removeprefix(API_ROOT) or "/"
    _check(place, path, server)
    return quote(place, safe="/%!$&'()*+,;=:@~"), tuple(parse_qsl(query, keep_blank_values=True))


def check_query(query: Pairs) -> None:
    """Raises Usage where the query holds a token: URLs end up in the logs of servers and proxies."""
    if any(name.lower() == "token" for name, _ in query):
        raise Usage("a token does not belong into a URL", hint="wercker auth login, or set WERCKER_TOKEN")


def body(fields: Pairs) -> bytes | None:
    """The fields as a JSON object of texts, None where there are none; raises Usage for a key that comes twice."""
    if not fields:
        return None
    import json

    if len(dict(fields)) < len(fields):
        raise Usage("a field is given twice, and an object has each key once")
    return json.dumps(dict(fields), ensure_ascii=False).encode()


def json_in(data: bytes, name: str) -> bytes:
    """The JSON of a file as it is sent; raises Usage for what is none."""
    import json

    try:
        text = data.decode("utf-8-sig")
        json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f" (at line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise Usage(f"{name} is no JSON{where}") from None
    return text.encode()


def answer(app: Invocation, method: str, path: str, query: Pairs, body: bytes | None, *, json: bool) -> Any:
    """What the server answers: read where it is JSON, else its bytes.

    With `json` everything that is not empty has to be JSON; raises Refused where it is not.
    """
    response = app.api.call(Request(method, path, query, body))
    if not response.body:
        return b""
    if json or "json" in response.headers.get("content-type", "").lower():
        return app.api.read(response)
    return response.body


def pages(app: Invocation, path: str, query: Pairs) -> Iterator[list[Any]]:
    """The items of an array, page by page, those with an id once; raises Refused where the answer is no array.

    `limit` in the query is the size of a page, `skip` where to begin. Raises Usage where they are no numbers.
    """
    size, skip = min(max(_number(query, "limit", PAGE), 1), PAGE), _number(query, "skip", 0)
    rest = [(name, value) for name, value in query if name not in {"limit", "skip"}]
    seen: set[str] = set()
    last = None
    while True:
        position = [("limit", str(size))] + ([("skip", str(skip))] if skip else [])
        page = app.api.read(app.api.call(Request("GET", path, (*rest, *position))))
        if not isinstance(page, list):
            raise Refused(f"{app.api.name} answered with no array, which alone has pages", hint="leave out --paginate")
        new = [item for item in page if _id(item) is None or _id(item) not in seen]
        if page == last or not new:  # a server that knows no pages, or rows that moved on meanwhile
            return
        yield new
        seen.update(str(_id(item)) for item in new)
        skip, last = skip + len(page), page
        if len(page) < size:
            return


def _id(item: Any) -> str | None:
    found = item.get("id") if isinstance(item, dict) else None
    return found if isinstance(found, str) else None


def _number(query: Pairs, name: str, default: int) -> int:
    given = dict(query).get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,9}", given):
        raise Usage(f"{name} has to be a number, and is {given!r}")
    return int(given)


def _check(place: str, path: str, server: str) -> None:
    """Raises Usage for a path that somebody on the way could take for one outside of the API."""
    from urllib.parse import unquote

    plain = place
    while (once := unquote(plain)) != plain:  # a proxy may decode, and the server once more
        plain = once
    if re.search(_CONTROL, plain):
        raise _elsewhere(path, "it has control characters in it", server)
    if "\\" in plain or "//" in plain:
        raise _elsewhere(path, "'//' and backslashes can lead to another host", server)
    if any(part.partition(";")[0] in {".", ".."} for part in plain.split("/")):
        raise _elsewhere(path, "'.' and '..' lead out of the API", server)


def _elsewhere(path: str, why: str, server: str) -> Usage:
    return Usage(
        f"{quotable(path)!r} is no path below {server}: {why}", hint="a path looks like /runs/577a4dbc3ec144923a02b6f9"
    )
