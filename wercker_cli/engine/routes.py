"""The API's endpoints, a function each, spelled as in its text; and the one place where a fault becomes an answer."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from wercker_cli.api.transport import Request, Response
from wercker_cli.engine import checkouts, folders, git, objects, parameters, queue, secrets
from wercker_cli.engine.access import Access
from wercker_cli.engine.dispatch import Dispatcher
from wercker_cli.engine.faults import Busy, Fault, Missing, WrongMethod
from wercker_cli.engine.store import Row, Store
from wercker_cli.errors import NotFound, Unreachable, WerckerError

if TYPE_CHECKING:
    from wercker_cli.engine.mask import Mask

ROOT = "/api/v3"
ABORT_WAIT = 10.0  # seconds until an abort is answered though the run has not ended
ARCHIVE = "application/gzip"
_RUN_SLASH = re.compile(r"(?<=/runs)/$")


class Site(NamedTuple):
    """What every route needs: the store, who runs, who asks, the checkout they are in, the root of the URLs."""

    store: Store
    dispatcher: Dispatcher
    user: str
    checkout: str | None
    base: str
    access: Access = Access.OWNER


class Call(NamedTuple):
    """One request, for the routes: who asks where, and what."""

    site: Site
    query: Mapping[str, str]
    body: bytes | None
    headers: Mapping[str, str]


Handler = Callable[..., Any]
_ROUTES: list[tuple[str, re.Pattern[str], Handler]] = []


def route(method: str, path: str) -> Callable[[Handler], Handler]:
    """Adds an endpoint; `:name` in its path is an argument of the function."""
    pattern = re.compile(re.sub(r":(\w+)", r"(?P<\1>[^/]+)", path))

    def add(handler: Handler) -> Handler:
        _ROUTES.append((method, pattern, handler))
        return handler

    return add


def answer(site: Site, request: Request) -> Response:
    """The answer to a request, whatever happens: a fault of our own is a 500."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    call = Call(site, dict(request.query), request.body, headers)
    try:
        found = _dispatch(call, request.method, _RUN_SLASH.sub("", request.path))
    except Fault as fault:
        return refusal(fault)
    except NotFound as error:
        return error_answer(404, "Not Found", error.message)
    except Unreachable as error:
        return error_answer(503, "Service Unavailable", error.message)
    except WerckerError as error:
        return error_answer(400, "Bad Request", error.message)
    except Exception as error:  # a bug of ours must not end whoever asks
        return error_answer(500, "Internal Server Error", f"{type(error).__name__}: {error}")
    return found if isinstance(found, Response) else json_answer(200, found)


def refusal(fault: Fault) -> Response:
    """The API's error object for a fault."""
    response = error_answer(fault.status, fault.title, fault.message)
    return response._replace(headers={**response.headers, **fault.headers})


def _dispatch(call: Call, method: str, path: str) -> Any:
    allowed = []
    for known, pattern, handler in _ROUTES:
        match = pattern.fullmatch(path.removeprefix(ROOT))
        if match and known == method:
            arguments = {name: _unquoted(value) for name, value in match.groupdict().items()}
            if any("/" in value for value in arguments.values()):
                break
            return handler(call, **arguments)
        if match:
            allowed.append(known)
    if allowed:
        raise WrongMethod(f"{method} is not for this path; {', '.join(allowed)} is", allowed)
    raise Missing(f"Nothing is at {path}")


@route("GET", "/runs")
def runs(call: Call) -> list[objects.Json]:
    """The runs of an application or a pipeline."""
    filters, page = parameters.run_filters(call.query), parameters.page(call.query)
    if "application" in filters:
        _application_by_id(call, filters["application"])
    if "pipeline" in filters:
        _application_of(call, filters["pipeline"])
    rows = call.site.store.runs(filters, ascending=parameters.ascending(call.query), skip=page.skip, limit=page.limit)
    return [objects.run_object(row, call.site.base, whole=False) for row in rows]


@route("POST", "/runs")
def trigger(call: Call) -> objects.Json:
    """A new run, which waits for a worker."""
    from wercker_cli.engine.trigger import create_run  # most commands only look

    call.site.access.check_may_write()
    parameters.check_is_json(call.headers)
    wanted = parameters.trigger(call.body)
    if wanted.workflow:
        application = _application_by_id(call, wanted.application)
    else:
        application = _application_of(call, wanted.pipeline)
    source = call.site.store.run(wanted.source_run) if wanted.source_run else None
    if source and not call.site.access.sees(source):
        raise Missing(f"sourceRunId: there is no run {wanted.source_run}")
    checkout = call.site.checkout if call.site.access is Access.OWNER else _served_from(call, application)
    run = create_run(call.site.store, wanted, call.site.user, checkout, call.site.base)
    created = objects.run_object(_run(call, run), call.site.base, whole=True)
    call.site.dispatcher.wake()
    return created


@route("GET", "/runs/:run")
def run(call: Call, run: str) -> objects.Json:
    """One run."""
    return objects.run_object(_run(call, run), call.site.base, whole=True)


@route("GET", "/runs/:run/steps")
def steps(call: Call, run: str) -> list[objects.Json]:
    """The steps of a run, by `order`."""
    return _step_objects(call, call.site.store.steps(_run(call, run)["id"]))


@route("PUT", "/runs/:run/abort")
def abort(call: Call, run: str) -> objects.Json:
    """The run after its abort, when nothing of it is alive any more; a finished one as it is."""
    store = call.site.store
    _run(call, run)
    call.site.access.check_may_write()
    aborting = queue.abort(store, run)
    if aborting and not aborting["worker"]:
        secrets.forget(store.home, run)
    if aborting and aborting["worker"]:
        _await_end(call, run, aborting["worker"])
    return objects.run_object(_run(call, run), call.site.base, whole=True)


@route("GET", "/runsteps/:step")
def step(call: Call, step: str) -> objects.Json:
    """One step, with its run and its application."""
    row = _step(call, step)
    run = objects.run_object(_run(call, row["run"]), call.site.base, whole=False)
    return {**_step_objects(call, [row])[0], "run": run, "project": run["application"]}


@route("GET", "/runsteps/:step/log")
def log(call: Call, step: str) -> Response:
    """What a step has printed so far, or the range of bytes that was asked for; secrets are masked."""
    row = _step(call, step)
    mask = secrets.mask(call.site.store.home, row["run"])
    kind, growing = "text/plain; charset=utf-8", row["status"] != "finished"
    try:
        path = folders.log(call.site.store.home, row["run"], row["position"])
        return _file(call, path, kind, mask=mask, growing=growing)
    except FileNotFoundError:  # a step that has not started
        return Response(200, {"content-type": kind, "content-length": "0"}, b"")


@route("GET", "/runs/:run/artifact")
def artifact(call: Call, run: str) -> Response:
    """What a run left, as an archive, or the range of bytes that was asked for."""
    from wercker_cli.engine import artifacts  # most commands only look

    return _file(call, artifacts.of_run(call.site.store.home, _run(call, run)), ARCHIVE)


@route("GET", "/runsteps/:step/artifacts")
def step_artifacts(call: Call, step: str) -> Response:
    """What a step left in WERCKER_REPORT_ARTIFACTS_DIR, as an archive."""
    from wercker_cli.engine import artifacts

    return _file(call, artifacts.of_step(call.site.store.home, _step(call, step)), ARCHIVE)


@route("GET", "/applications/:owner")
def applications(call: Call, owner: str) -> list[objects.Json]:
    """The applications of an owner."""
    found = call.site.store.applications(owner)
    return [_application(call, row) for row in found if call.site.access.sees(row)]


@route("GET", "/applications/:owner/:name")
def application(call: Call, owner: str, name: str) -> objects.Json:
    """One application."""
    return _application(call, _application_row(call, owner, name))


@route("GET", "/applications/:owner/:name/pipelines")
def pipelines(call: Call, owner: str, name: str) -> list[objects.Json]:
    """The pipelines of an application."""
    page, application = parameters.page(call.query), _application_row(call, owner, name)
    rows = call.site.store.pipelines(application["id"], skip=page.skip, limit=page.limit)
    return [
        objects.pipeline_object(row["id"], row["name"], row["created_at"], row["public"], call.site.base)
        for row in rows
    ]


@route("GET", "/openapi.json")
def description(call: Call) -> objects.Json:
    """What this API is, for programs to read."""
    from wercker_cli.engine import openapi

    return openapi.document(call.site.base)


def _await_end(call: Call, run: str, worker: str) -> None:
    """Returns when nothing of an aborted run is alive any more, or it takes too long, or too many wait already."""
    from wercker_cli.engine import slow  # most commands only look

    call.site.dispatcher.cancel(worker)
    deadline = time.monotonic() + ABORT_WAIT
    with suppress(Busy), slow.seat(run):  # it ends also while nobody waits for it
        while _run(call, run)["status"] != "finished" and time.monotonic() < deadline:
            call.site.dispatcher.cancel(worker)
            call.site.dispatcher.tend()
            time.sleep(0.003)


def _file(call: Call, path: str, kind: str, *, mask: Mask | None = None, growing: bool = False) -> Response:
    from wercker_cli.engine import files

    return files.answer(path, kind, call.headers.get("range", ""), mask=mask, growing=growing)


def _step_objects(call: Call, rows: list[Row]) -> list[objects.Json]:
    """The steps of one run."""
    home = call.site.store.home
    left = folders.left_by_steps(home, rows[0]["run"]) if rows else ()
    return [
        objects.step_object(
            row, call.site.base, left_artifacts=folders.step_artifacts(home, row["run"], row["position"]) in left
        )
        for row in rows
    ]


def _unquoted(part: str) -> str:
    if "%" not in part:
        return part
    from urllib.parse import unquote  # costs a local command what ids never need

    return unquote(part)


def _run(call: Call, run: str) -> Row:
    row = call.site.store.run(run)
    if row is None or not call.site.access.sees(row):
        raise Missing(f"There is no run {run}")
    return row


def _step(call: Call, step: str) -> Row:
    row = call.site.store.step(step)
    run = row and call.site.store.run(row["run"])
    if row is None or run is None or not call.site.access.sees(run):
        raise Missing(f"There is no step {step}")
    return row


def _application_row(call: Call, owner: str, name: str) -> Row:
    row = call.site.store.application(owner, name)
    if row is None or not call.site.access.sees(row):
        raise Missing(f"There is no application {owner}/{name}")
    return row


def _application_by_id(call: Call, application: str) -> Row:
    row = call.site.store.application_by_id(application)
    if row is None or not call.site.access.sees(row):
        raise Missing(f"There is no application {application}")
    return row


def _served_from(call: Call, application: Row) -> str:
    """The one folder whose code somebody else may run."""
    folder = checkouts.served_from(call.site.store, application)
    if not os.path.isdir(folder):
        raise Missing("The folder that this application was added from is gone")
    return folder


def _application_of(call: Call, pipeline: str) -> Row:
    row = call.site.store.application_with(pipeline)
    if row is None or not call.site.access.sees(row):
        raise Missing(f"There is no pipeline {pipeline}")
    return row


def _application(call: Call, row: Row) -> objects.Json:
    return objects.application_object(row, git.remote(row["remote"]), call.site.base)


def json_answer(status: int, value: Any) -> Response:
    """A value as the body of an answer."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(status, {"content-type": "application/json; charset=utf-8", "content-length": str(len(body))}, body)


def error_answer(status: int, title: str, message: str) -> Response:
    """The API's error object."""
    return json_answer(status, {"statusCode": status, "error": title, "message": message})
