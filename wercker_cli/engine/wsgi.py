"""The routes as a WSGI application: what HTTP asks for around them, in one place."""

from __future__ import annotations

import hashlib
import os
import re
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from http.client import responses
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl

from wercker_cli.api.transport import Request, Response
from wercker_cli.engine import callers, tokens
from wercker_cli.engine.access import Access
from wercker_cli.engine.callers import Caller
from wercker_cli.engine.dispatch import Dispatcher
from wercker_cli.engine.faults import Fault, Missing, NotLoggedIn, Unwell, WrongMethod
from wercker_cli.engine.logins import Logins
from wercker_cli.engine.memory import Memory
from wercker_cli.engine.routes import ROOT, Site, answer, error_answer, json_answer, refusal
from wercker_cli.engine.store import Store
from wercker_cli.errors import WerckerError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HEALTH = "/healthz"
_OF_THE_STORE_ALONE = re.compile(rf"{ROOT}/runs(/|/[0-9a-f]+)?")  # what no file on the disk has a part in
LOOKING = 0.5  # seconds after which a thread looks whether its store is still the one in the state folder
LARGEST_KNOWN = 65536  # bytes of an answer that a thread remembers: a long list is some 20,000
BLOCK = 65536  # bytes of a file at a time
HEADERS = {  # of every answer
    "cache-control": "private, no-cache, no-store, must-revalidate",
    "x-content-type-options": "nosniff",
}


class Entry(NamedTuple):
    """A line of the request log; nothing that a client keeps secret is in it."""

    at: float  # seconds since 1970
    address: str
    user: str  # '' where nobody is logged in
    method: str
    path: str  # as it was sent, without the query
    status: int
    length: int  # bytes of the body
    seconds: float
    error: str = ""  # what went wrong in the server itself


class Service(NamedTuple):
    """What a server is told: its state folder, how many runs it has at once, and who writes the request log."""

    home: str
    workers: int
    log: Callable[[Entry], None]


def application(service: Service, rules: callers.Rules) -> WSGIApplication:
    """The API, and what is beside it, for several threads: each has its own connection to the store."""
    threads, logins = threading.local(), Logins()

    def desk() -> _Desk:
        now = time.time()
        if not hasattr(threads, "desk"):
            store = Store(service.home)
            threads.desk = _Desk(store, Dispatcher(store, service.workers), Memory(store), logins, rules)
            threads.looked = 0.0
        if now - threads.looked > LOOKING:
            threads.desk.store.look_again()
            threads.looked = now
        found: _Desk = threads.desk
        return found

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        began = time.time()
        caller = callers.caller(environ, rules)
        try:
            response, user = _respond(desk, caller, environ)
        except Exception as fault:  # a machine without files or memory left, or a bug of ours: the log has to tell
            said = f"{type(fault).__name__}: {fault}"
            response, user = error_answer(500, "Internal Server Error", said), ""
        error = response.body.decode() if response.status >= 500 else ""
        response = _for_http(environ, _without_folder(response, service.home) if response.status >= 400 else response)
        service.log(
            Entry(
                at=began,
                address=caller.address,
                user=user,
                method=environ["REQUEST_METHOD"],
                path=caller.path,
                status=response.status,
                length=int(response.headers["content-length"]),
                seconds=time.time() - began,
                error=error,
            )
        )
        start_response(f"{response.status} {responses[response.status]}", list(response.headers.items()))
        if response.file:
            return environ["wsgi.file_wrapper"](response.file, BLOCK)  # type: ignore[no-any-return]  # waitress's own
        return [response.body]

    return serve


class _Desk(NamedTuple):
    """What a thread answers with."""

    store: Store
    dispatcher: Dispatcher
    memory: Memory
    logins: Logins  # of all threads
    rules: callers.Rules


def _respond(find: Callable[[], _Desk], caller: Caller, environ: WSGIEnvironment) -> tuple[Response, str]:
    """The answer to a GET, also where only its head is asked for, or to whatever else was sent; and to whom."""
    user = ""
    try:
        desk = find()
        callers.check_host(caller, desk.rules)
        if caller.path == HEALTH:
            _check_is_get(_request(environ, caller.path))
            return _health(desk), user
        base = f"{caller.scheme}://{caller.host}{ROOT}"
        if not caller.path.startswith(f"{ROOT}/"):
            site = Site(desk.store, desk.dispatcher, user, None, base, Access.NOBODY)
            return _tagged(_page(site, _request(environ, caller.path))), user
        desk.memory.check()
        user, access = _logged_in(desk, caller)
        site = Site(desk.store, desk.dispatcher, user, None, base, access)
        return _answer(desk, site, environ, caller.path), user
    except Fault as fault:
        return refusal(fault), user
    except WerckerError as error:
        return refusal(Unwell(error.message)), user


def _page(site: Site, request: Request) -> Response:
    """A page for people, which shows what anybody may see; raises Missing where there is none, WrongMethod."""
    from wercker_cli.engine import page

    found = page.answer(site, request.path, dict(request.query), site.access.sees)
    if found is None:
        raise Missing(f"Nothing is at {request.path}")
    _check_is_get(request)
    return found


def _check_is_get(request: Request) -> None:
    if request.method != "GET":
        raise WrongMethod(f"{request.method} is not for this path; GET is", ["GET"])


def _answer(desk: _Desk, site: Site, environ: WSGIEnvironment, path: str) -> Response:
    """What the route answers, or has answered to the same question."""

    def ask() -> Response:
        desk.dispatcher.tend()
        request = _request(environ, path)
        return _tagged(answer(site, request)) if request.method == "GET" else answer(site, request)

    if environ["REQUEST_METHOD"] not in {"GET", "HEAD"} or not _OF_THE_STORE_ALONE.fullmatch(path):
        return ask()
    question = (site.access, site.base, path, environ["QUERY_STRING"])
    return desk.memory.ask(question, ask, lambda found: found.status == 200 and len(found.body) <= LARGEST_KNOWN)


def _logged_in(desk: _Desk, caller: Caller) -> tuple[str, Access]:
    """The name of a caller's token and what it allows; raises NotLoggedIn, TooManyFailures."""
    if caller.authorization is None:
        return "", Access.NOBODY
    find = partial(callers.token, caller, desk.store)
    row = desk.memory.ask(caller.authorization, find, lambda row: row is not None)
    if row is None or tokens.is_over(row):
        if re.match(r"Bearer\b", caller.authorization, re.IGNORECASE):  # nobody tries tokens with another scheme
            desk.logins.check(caller.address)  # a good token passes: others may come from the same address
            desk.logins.failed(caller.address)
        raise NotLoggedIn("Invalid token")
    return row["name"], Access.READ_ONLY if row["read_only"] else Access.MEMBER


def _request(environ: WSGIEnvironment, path: str) -> Request:
    method = "GET" if environ["REQUEST_METHOD"] == "HEAD" else environ["REQUEST_METHOD"]
    headers = {name[5:].replace("_", "-"): value for name, value in environ.items() if name.startswith("HTTP_")}
    headers["CONTENT-TYPE"] = environ.get("CONTENT_TYPE", "")
    if environ["REQUEST_METHOD"] != "GET" or "IF-RANGE" in headers:  # a weak ETag is none that a range may go by
        headers.pop("RANGE", None)
    query = parse_qsl(environ["QUERY_STRING"], keep_blank_values=True)
    return Request(method, path, tuple(query), environ["wsgi.input"].read(), headers)


def _health(desk: _Desk) -> Response:
    """Whether runs can be kept, and somebody takes those that wait; raises Unreachable, Refused or Unwell."""
    desk.dispatcher.tend()
    desk.store.check_writable()
    if desk.dispatcher.is_stuck():
        raise Unwell("Runs wait, and no worker takes them")
    return json_answer(200, {"status": "ok"})


def _tagged(response: Response) -> Response:
    """The same answer with an ETag, if it can have one."""
    if response.status != 200 or "etag" in response.headers:
        return response
    etag = f'W/"{hashlib.sha256(response.body).hexdigest()[:32]}"'
    return response._replace(headers={**response.headers, "etag": etag})


def _for_http(environ: WSGIEnvironment, response: Response) -> Response:
    """The same answer with the headers of every one, and without what the client has or does not want."""
    headers: dict[str, str] = {**HEADERS, **response.headers}
    if "GET" in headers.get("allow", "").split(", "):
        headers["allow"] += ", HEAD"
    response = response._replace(headers=headers)
    if "etag" in headers and "HTTP_IF_NONE_MATCH" in environ and _has(environ["HTTP_IF_NONE_MATCH"], headers["etag"]):
        return _without_body(response._replace(status=304), length="0")
    return _without_body(response, headers["content-length"]) if environ["REQUEST_METHOD"] == "HEAD" else response


def _without_folder(response: Response, home: str) -> Response:
    """The same refusal, which does not tell others where the state folder of the server is."""
    body = response.body.replace(os.fsencode(home), b"WERCKER_HOME")
    return response._replace(headers={**response.headers, "content-length": str(len(body))}, body=body)


def _has(known: str, etag: str) -> bool:
    """Whether an If-None-Match header names that ETag, strong or weak."""
    opaque = etag.removeprefix("W/")
    return known.strip() == "*" or any(tag.strip().removeprefix("W/") == opaque for tag in known.split(","))


def _without_body(response: Response, length: str) -> Response:
    if response.file:
        response.file.close()
    return response._replace(headers={**response.headers, "content-length": length}, body=b"", file=None)
