"""A store in which much has happened at known times, and its pages as a browser gets them."""

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import parse_qsl
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIEnvironment

from wercker_cli.api.transport import Request, Response
from wercker_cli.engine import folders, page
from wercker_cli.engine.dispatch import Dispatcher
from wercker_cli.engine.routes import Site, answer
from wercker_cli.engine.store import Store

BASE = "http://ci.example.com/api/v3"
START = 1467633084000  # 2016-07-04 11:51:24 UTC, in milliseconds
_COMMIT = "cd74a9994712960f19b4b563491f860f98fa7bb5"


class Past:
    """A store that is written into by hand; ids are numbers."""

    def __init__(self, home: Path) -> None:
        self.store = Store(str(home))

    def site(self) -> Site:
        """What the routes and the pages need."""
        return Site(self.store, Dispatcher(self.store), "tester", None, BASE)

    def get(self, path: str, **query: str) -> Response:
        """A page, which is there."""
        found = page.answer(self.site(), path, query)
        assert found is not None
        assert found.headers["content-length"] == str(len(found.body))
        return found

    def application(self, number: int, name: str, *pipelines: str, public: bool = True, owner: str = "acme") -> None:
        """An application with pipelines, whose ids begin with its number."""
        self.store.write(
            "INSERT INTO applications (id, owner, name, remote, public, created_at, updated_at)"
            " VALUES (:id, :owner, :name, '', :public, 0, 0)",
            id=_id(number), owner=owner, name=name, public=public,
        )  # fmt: skip
        for place, pipeline in enumerate(pipelines):
            self.store.write(
                "INSERT INTO pipelines (id, application, name, created_at) VALUES (:id, :application, :name, 0)",
                id=_id(number + place), application=_id(number), name=pipeline,
            )  # fmt: skip

    def run(self, number: int, application: int, *, pipeline: int | None = None, **more: object) -> str:
        """The id of a run that passed in 10 seconds, unless `more`, which are columns, says otherwise."""
        started = START + 60_000 * number
        row = {
            "id": _id(number),
            "application": _id(application),
            "pipeline": _id(application if pipeline is None else pipeline),
            "repository": "", "branch": "main", "tag": "", "commit_hash": _COMMIT, "message": "Fix it",
            "env_vars": "[]", "host_vars": "{}", "author": "ada", "created_at": started - 1000, "started_at": started,
            "finished_at": started + 10_000, "progress": 100, "status": "finished", "result": "passed", **more,
        }  # fmt: skip
        _insert(self.store, "runs", row)
        return _id(number)

    def step(self, run: int, position: int, name: str, log: bytes | None = b"", **more: object) -> None:
        """A step that passed in a second, unless `more` says otherwise; without a log it has not started."""
        started = START + 60_000 * run + 1000 * position
        row = {
            "id": _id(1000 * run + position), "run": _id(run), "position": position, "name": name,
            "phase": "" if position < 3 else "mainSteps", "created_at": started, "started_at": started,
            "finished_at": started + 1000, "status": "finished", "result": "passed", **more,
        }  # fmt: skip
        _insert(self.store, "steps", row)
        if log is not None:
            path = Path(folders.log(self.store.home, _id(run), position))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(log)

    def steps(self, run: int, *names: str) -> None:
        """The steps that every run begins with, and more, all of which passed."""
        for position, name in enumerate(("get code", "setup environment", "wercker-init", *names), 1):
            self.step(run, position, name, f"{name}\n".encode())


WAITS: Mapping[str, Any] = {
    "status": "notstarted", "result": "unknown", "started_at": None, "finished_at": None, "progress": 0,
}  # fmt: skip
RUNS: Mapping[str, Any] = {
    "status": "running", "result": "unknown", "finished_at": None, "progress": 57, "worker": "1-1-boot",
}  # fmt: skip
STEP_WAITS: Mapping[str, Any] = {
    "status": "notstarted", "result": "unknown", "started_at": None, "finished_at": None,
}  # fmt: skip
STEP_RUNS: Mapping[str, Any] = {"status": "running", "result": "unknown", "finished_at": None}
FAILED: Mapping[str, Any] = {"result": "failed", "message": "Command exited with exit code: 2"}


def eventful(home: Path) -> Past:
    """Runs of all kinds, of two public applications and one that is not."""
    past = Past(home)
    past.application(100, "shop", "build", "deploy")
    past.application(200, "site", "build")
    past.application(300, "secret", "build", public=False)
    past.run(1, 300, message="Nobody sees this")
    past.steps(1)
    past.run(2, 100)
    past.steps(2, "compile", "test")
    past.run(3, 100, pipeline=101, source_run=_id(2), result="failed", message="Deploy it\n\nwith care", tag="v1.2")
    past.steps(3)
    past.step(3, 4, "copy", b"\x1b[32mcopy\x1b[0m a\ncopy b\n\x1b[1;31merror:\x1b[0m no room\n", **FAILED)
    past.step(3, 5, "store", None, **STEP_WAITS)
    past.step(3, 6, "tell", b"told\n", phase="finalSteps")
    variables = [{"key": "LEVEL", "value": "3 < 4"}, {"key": "TOKEN", "value": None, "protected": True}]
    past.run(4, 200, result="aborted", branch="feature/search", author="grace", env_vars=json.dumps(variables))
    past.steps(4)
    past.step(4, 4, "index", b"", result="aborted")
    past.run(5, 200, message="Count all words", **RUNS)
    past.steps(5)
    past.step(5, 4, "count", b"1\n2\n3\n", **STEP_RUNS)
    past.step(5, 5, "store", None, **STEP_WAITS)
    past.run(6, 100, message="Wait", **WAITS)
    past.step(6, 1, "get code", None, **STEP_WAITS)
    past.step(6, 2, "setup environment", None, **STEP_WAITS)
    return past


@contextmanager
def served(past: Past, port: int = 0) -> Iterator[str]:
    """The root of a server of the pages, the way that a real one has it: with ETags."""

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        store = Store(past.store.home)  # a connection is for one thread
        try:
            site = Site(store, Dispatcher(store), "tester", None, f"http://{environ['HTTP_HOST']}/api/v3")
            response = _response(site, environ)
        finally:
            store.close()
        reasons = {200: "OK", 304: "Not Modified", 404: "Not Found"}
        start_response(f"{response.status} {reasons[response.status]}", [*response.headers.items()])
        return [response.body]

    with make_server("127.0.0.1", port, application, _Server, _Silent) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def _response(site: Site, environ: WSGIEnvironment) -> Response:
    query = dict(parse_qsl(environ.get("QUERY_STRING", "")))
    found = page.answer(site, environ["PATH_INFO"], query)
    response = found or answer(site, Request("GET", environ["PATH_INFO"], tuple(query.items())))
    if response.file:
        with response.file as file:
            response = response._replace(body=file.read())
    tag = f'W/"{hashlib.sha256(response.body).hexdigest()}"'
    if environ.get("HTTP_IF_NONE_MATCH") == tag:
        return Response(304, {"etag": tag}, b"")
    return response._replace(headers={**response.headers, "etag": tag})


class _Server(ThreadingMixIn, WSGIServer):
    """A thread a connection: browsers keep some open without a word, and nobody waits for those."""

    daemon_threads = True
    block_on_close = False


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that it has there
        """Tests say what went wrong themselves."""


def _insert(store: Store, table: str, row: Mapping[str, object]) -> None:
    names = ", ".join(row)
    store.write(f"INSERT INTO {table} ({names}) VALUES ({', '.join(f':{name}' for name in row)})", **row)


def _id(number: int) -> str:
    return f"{number:024x}"
