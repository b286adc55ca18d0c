"""What HTTP asks of every answer, whatever route gives it."""

import json
import socket
import sqlite3
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.conftest import PATIENCE, WERCKER, Checkout, Wercker, wait_until
from tests.engine.conftest import STATE
from tests.engine.serving import API, Serve, Served, hurried
from tests.engine.stories import run, script
from wercker_cli.engine import channel, server

STORED = "private, no-cache, no-store, must-revalidate"
LOG = b"".join(b"%d\n" % number for number in range(1000))


class Ran(NamedTuple):
    """A server with an application of one run, which has passed."""

    served: Served
    application: str
    pipeline: str
    run: dict[str, Any]
    steps: dict[str, dict[str, Any]]

    def log(self) -> str:
        """The path of the log of its step "counts"."""
        return str(self.steps["counts"]["logUrl"]).removeprefix(self.served.url + API)


@pytest.fixture
def ran(served: Served, wercker: Wercker, checkout: Checkout) -> Ran:
    checkout.commit(script(counts="seq 0 999"))
    pipeline = wercker("pipelines", "add", "-o", "id", cwd=checkout.path).out.strip()
    created = served.ask("POST", f"{API}/runs/", json.dumps({"pipelineId": pipeline})).json
    wait_until(lambda: served.get(f"/runs/{created['id']}").json["status"] == "finished")
    run = served.get(f"/runs/{created['id']}").json
    assert run["result"] == "passed"
    steps = {step.get("displayName", step.get("step")): step for step in served.get(f"/runs/{run['id']}/steps").json}
    return Ran(served, run["application"]["id"], pipeline, run, steps)


def test_urls_are_the_servers_own(ran: Ran) -> None:
    assert ran.run["url"] == f"{ran.served.url}{API}/runs/{ran.run['id']}"
    assert ran.served.ask("GET", f"{API}/runs/{ran.run['id']}", headers={"Host": "localhost:81"}).json["url"] == (
        f"http://localhost:81{API}/runs/{ran.run['id']}"
    )


def test_the_urls_in_the_variables_of_a_run_are_the_servers_own(
    served: Served, wercker: Wercker, checkout: Checkout
) -> None:
    flow = "workflows: [{name: both, pipelines: [{name: build}, {name: again, requires: [build]}]}]\n"
    build = script(tells='echo "$WERCKER_RUN_URL $WERCKER_APPLICATION_URL"')
    checkout.commit(flow + build + build.replace("build:", "again:"))
    wercker("pipelines", "add", cwd=checkout.path)
    application = served.get("/applications/local/demo").json
    body = json.dumps({"applicationId": application["id"], "workflow": "both"})
    first = served.ask("POST", f"{API}/runs/", body).json["id"]
    wait_until(lambda: served.get(f"/runs?sourceRun={first}&applicationId={application['id']}&status=finished").json)
    for made in served.get(f"/runs?applicationId={application['id']}").json:
        told = wercker("runs", "logs", made["id"], "--step", "tells").out
        assert told == f"{made['url']} {application['url']}\n"


@pytest.mark.parametrize("path", ["/runs/{run}", "/runs?applicationId={application}", "{log}", "/runs/{run}/artifact"])
def test_an_etag_saves_the_body(ran: Ran, path: str) -> None:
    path = path.format(run=ran.run["id"], application=ran.application, log=ran.log())
    first = ran.served.get(path)
    etag = first.headers["etag"]
    assert (first.status, etag[:3], first.headers["cache-control"]) == (200, 'W/"', STORED)
    assert ran.served.get(path).headers["etag"] == etag
    for known in (etag, etag.removeprefix("W/"), f'"other", {etag}', "*"):
        again = ran.served.get(path, If_None_Match=known)
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", etag)
        assert again.headers["cache-control"] == STORED
    assert ran.served.get(path, If_None_Match='W/"other"').body == first.body


def test_another_answer_has_another_etag(ran: Ran) -> None:
    before = ran.served.get(f"/runs?applicationId={ran.application}")
    ran.served.ask("POST", f"{API}/runs", json.dumps({"pipelineId": ran.pipeline}))
    after = ran.served.get(f"/runs?applicationId={ran.application}", If_None_Match=before.headers["etag"])
    assert (after.status, len(after.json)) == (200, 2)


def test_a_connection_is_kept_after_a_304(ran: Ran) -> None:
    path = f"{API}/runs/{ran.run['id']}"
    etag = ran.served.ask("GET", path).headers["etag"]
    request = f"GET {path} HTTP/1.1\r\nHost: {ran.served.host}:{ran.served.port}\r\nIf-None-Match: {etag}\r\n"
    request += f"Authorization: Bearer {ran.served.token}\r\n"
    answers = ran.served.raw(f"{request}\r\n{request}Connection: close\r\n\r\n".encode())
    assert answers.count(b"HTTP/1.1 304 Not Modified\r\n") == 2


@pytest.mark.parametrize(
    ("asked", "status", "part", "span"),
    [
        ("bytes=0-9", 206, LOG[:10], f"bytes 0-9/{len(LOG)}"),
        ("bytes=3880-", 206, LOG[3880:], f"bytes 3880-{len(LOG) - 1}/{len(LOG)}"),
        ("bytes=-5", 206, LOG[-5:], f"bytes {len(LOG) - 5}-{len(LOG) - 1}/{len(LOG)}"),
        ("lines=1-2", 200, LOG, None),
        ("bytes=1-2,5-6", 200, LOG, None),
        ("bytes=4-2", 200, LOG, None),
    ],
)
def test_a_range_of_a_log(ran: Ran, asked: str, status: int, part: bytes, span: str | None) -> None:
    answer = ran.served.get(ran.log(), Range=asked)
    assert (answer.status, answer.headers.get("content-range")) == (status, span)
    assert int(answer.headers["content-length"]) == len(answer.body)
    assert answer.body == part
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_a_range_that_is_not_there_is_an_error_like_any_other(ran: Ran) -> None:
    answer = ran.served.get(ran.log(), Range="bytes=99999-")
    assert answer.fault == (416, f"There are {len(LOG)} bytes, and none of bytes=99999- is among them")
    assert answer.headers["content-range"] == f"bytes */{len(LOG)}"
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


def test_a_range_that_depends_on_a_weak_etag_is_all_of_it(ran: Ran) -> None:
    etag = ran.served.get(ran.log()).headers["etag"]
    assert ran.served.get(ran.log(), Range="bytes=0-9", If_Range=etag).body == LOG


@pytest.mark.parametrize("path", ["/runs/{run}", "{log}", "/runs/{run}/artifact", "/runs/nothing"])
def test_head_is_get_without_its_body(ran: Ran, path: str) -> None:
    path = f"{API}{path.format(run=ran.run['id'], log=ran.log())}"
    got, head = ran.served.ask("GET", path), ran.served.ask("HEAD", path, headers={"Range": "bytes=0-1"})
    assert (head.status, head.body) == (got.status, b"")
    assert {**head.headers, "date": ""} == {**got.headers, "date": ""}
    assert int(head.headers["content-length"]) == len(got.body)


def test_an_artifact_comes_whole_and_in_parts(ran: Ran, tmp_path: Path) -> None:
    whole = ran.served.get(f"/runs/{ran.run['id']}/artifact")
    assert (whole.status, whole.headers["content-type"], whole.body[:2]) == (200, "application/gzip", b"\x1f\x8b")
    parts = [ran.served.get(f"/runs/{ran.run['id']}/artifact", Range=span) for span in ("bytes=0-99", "bytes=100-")]
    assert b"".join(part.body for part in parts) == whole.body


def test_a_disk_that_is_full_when_an_artifact_is_packed_may_have_room_later(
    serve: Serve, wercker: Wercker, checkout: Checkout, home: Path
) -> None:
    checkout.commit(script(leaves="head -c 8M /dev/urandom >noise"))
    left = run(wercker, checkout).run["id"]
    wercker("pipelines", "add", "--public", cwd=checkout.path)
    served = serve(command=["prlimit", "--fsize=4000000", WERCKER])
    full = f"the artifact of run {left} could not be packed: File too large"
    assert served.get(f"/runs/{left}/artifact").fault == (503, full)
    assert sorted(path.name for path in (home / STATE / "runs" / left).iterdir()) == ["checkout", "logs", "used"]
    assert serve().get(f"/runs/{left}/artifact").status == 200


@pytest.mark.parametrize("path", ["/runs", "/runs/"])
def test_a_trigger_with_and_without_the_slash(ran: Ran, path: str) -> None:
    answer = ran.served.ask("POST", f"{API}{path}", json.dumps({"pipelineId": ran.pipeline}))
    assert (answer.status, answer.json["pipeline"]["id"]) == (200, ran.pipeline)
    assert (
        ran.served.get(f"{path}?applicationId={ran.application}&nobody=knows&limit=1").json[0]["id"]
        == (answer.json["id"])
    )


@pytest.mark.parametrize("body", [b"{}", None, b"\xff junk", b"[" * 10000])
def test_an_abort_reads_no_body(ran: Ran, body: bytes | None) -> None:
    kinds = {"Content-Type": "text/plain"} if body else {}
    answer = ran.served.ask("PUT", f"{API}/runs/{ran.run['id']}/abort", body, kinds)
    assert (answer.status, answer.json) == (200, ran.run)


@pytest.mark.parametrize(
    ("body", "kind", "fault"),
    [
        (b"{", "application/json", (400, "The body is not JSON")),
        (b"", "", (400, "The body is not JSON")),
        (b"[]", "application/json; charset=utf-8", (400, "The body must be a JSON object")),
        (b"{}", "application/x-www-form-urlencoded", (415, "The body must be application/json, not "
         "application/x-www-form-urlencoded")),
        (b"{}", "application/vnd.api+json", (400, "pipelineId is required")),
        (b'{"pipelineId": "1", "colour": 1}', "", (400, "'colour' is no key of the payload; keys: pipelineId, "
         "sourceRunId, branch, tag, commitHash, message, envVars, applicationId, workflow")),
    ],
)  # fmt: skip
def test_a_bad_body(served: Served, body: bytes, kind: str, fault: tuple[int, str]) -> None:
    assert served.ask("POST", f"{API}/runs/", body, {"Content-Type": kind} if kind else {}).fault == fault


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/runs", "GET, POST, HEAD"),
        ("POST", "/runs/1", "GET, HEAD"),
        ("GET", "/runs/1/abort", "PUT"),
        ("OPTIONS", "/runs/1/steps", "GET, HEAD"),
        ("BREW", "/runs/1", "GET, HEAD"),
    ],
)
def test_a_method_that_is_not_for_the_path(served: Served, method: str, path: str, allowed: str) -> None:
    answer = served.ask(method, f"{API}{path}")
    assert answer.fault == (405, f"{method} is not for this path; {allowed.removesuffix(', HEAD')} is")
    assert answer.headers["allow"] == allowed


@pytest.mark.parametrize("path", ["/healthz", "/", "/page.css"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "BREW"])
def test_a_method_that_is_not_for_what_is_beside_the_api(served: Served, method: str, path: str) -> None:
    answer = served.ask(method, path)
    assert answer.fault == (405, f"{method} is not for this path; GET is")
    assert answer.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize("path", ["/runs", "/api/v3", "/api/v3/api/v3/runs", "/api/v3/runs/a%2fb", "//api/v3/runs"])
def test_nothing_is_elsewhere(served: Served, path: str) -> None:
    assert served.ask("GET", path).fault == (404, f"Nothing is at {path}")


def test_a_path_as_a_proxy_is_asked(served: Served) -> None:
    answer = served.raw(b"GET http://localhost/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert answer.endswith(b'\r\n\r\n{"status":"ok"}')


@pytest.mark.parametrize("length", [b"", b"Content-Length: 0\r\n"])
def test_a_client_that_waits_to_send_no_body_is_answered(served: Served, length: bytes) -> None:
    waits = b"PUT /api/v3/runs/1/abort HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n%b\r\n" % length
    answer = served.raw(waits + b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert answer.endswith(b'\r\n\r\n{"status":"ok"}')


def test_a_client_that_waits_to_send_its_body_is_told_to(served: Served) -> None:
    head = f"POST /api/v3/runs HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {served.token}\r\n".encode()
    with socket.create_connection((served.host, served.port), timeout=PATIENCE) as connection:
        connection.sendall(head + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        assert connection.recv(100).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(("length", "status"), [(2**20, 400), (2**20 + 1, 413), (30_000_000, 413)])
def test_a_body_is_capped_at_a_mebibyte(served: Served, length: int, status: int) -> None:
    answer = served.ask("POST", f"{API}/runs/", b"[" * length)
    too_large = f"A body may have 1048576 bytes, and this one has {length}"
    assert answer.fault == (status, too_large if status == 413 else "The body is not JSON")
    assert answer.headers.get("connection") == ("close" if status == 413 else None)


def test_a_chunked_body_is_capped_as_well(served: Served) -> None:
    head = b"POST /api/v3/runs/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = served.raw(head + 70 * (b"4000\r\n" + 0x4000 * b"a" + b"\r\n"))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2]) == {
        "statusCode": 413,
        "error": "Request Entity Too Large",
        "message": "A body may have 1048576 bytes, and this one has more",
    }


def test_a_head_is_capped_at_32_kibibytes(served: Served) -> None:
    answer = served.raw(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + 33_000 * b"x" + b"\r\n\r\n")
    assert json.loads(answer.partition(b"\r\n\r\n")[2]) == {
        "statusCode": 431,
        "error": "Request Header Fields Too Large",
        "message": "The head of a request may have 32768 bytes, and this one has more",
    }


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + 33_000 * b"x", b"431"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET http://[ HTTP/1.1\r\nHost: localhost\r\n\r\n", b"400"),
        (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nno header\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n", b"501"),
        (b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n", b"400"),
        (b"GET /healthz HTTP/1.1\r\nHost: a<b\r\nConnection: close\r\n\r\n", b"400"),
    ],
)
def test_what_is_no_request_gets_an_error_object_too(served: Served, sent: bytes, status: bytes) -> None:
    head, _, body = served.raw(sent).partition(b"\r\n\r\n")
    assert head.split(b" ")[1] == status
    assert f"content-length: {len(body)}".encode() in head.lower()
    assert list(json.loads(body)) == ["statusCode", "error", "message"]
    assert f" {status.decode()} {len(body)} B " in served.log()[-1]


@pytest.mark.parametrize("start", [b"", b"GET /healthz HTTP/1.1\r\n", b"POST / HTTP/1.1\r\nContent-Length: 99\r\n\r\n"])
def test_a_slow_client_is_cut(serve: Serve, start: bytes) -> None:
    served = serve(command=hurried("channel", "PATIENCE", 2))
    began = time.monotonic()
    with socket.create_connection((served.host, served.port)) as connection:
        connection.sendall(start)
        connection.settimeout(0.2)
        while not _is_gone(connection):
            if start:
                connection.sendall(b"a")
            assert time.monotonic() - began < PATIENCE
    assert 2 <= time.monotonic() - began < 6
    assert served.ask("GET", "/healthz").status == 200


def test_clients_that_ask_on_and_read_nothing_are_cut(serve: Serve) -> None:
    served = serve(command=hurried("channel", "PATIENCE", 2))
    request = b"GET /api/v3/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with ExitStack() as stack:
        for _ in range(server.THREADS):
            connection = stack.enter_context(socket.create_connection((served.host, served.port)))
            connection.sendall(1000 * request)
        assert served.ask("GET", "/healthz").status == 200


def test_a_request_that_ends_in_two_places_is_none(served: Served) -> None:
    head = b"POST /api/v3/runs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
    head, _, body = served.raw(head + b"0\r\n\r\nGET / HTTP/1.1\r\n").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(body)["message"] == "A request has a Content-Length or a Transfer-Encoding, not both"


def test_whoever_asks_how_it_is_changes_nothing(served: Served, home: Path) -> None:
    database = sqlite3.connect(home / STATE / "wercker.db")
    before = database.execute("PRAGMA data_version").fetchone()
    assert served.ask("GET", "/healthz").status == 200
    assert database.execute("PRAGMA data_version").fetchone() == before
    database.close()


def test_thirty_seconds_are_how_long_a_request_may_take() -> None:
    assert channel.PATIENCE == 30


def _is_gone(connection: socket.socket) -> bool:
    """Whether the other side has closed the connection, as far as can be said in a moment."""
    try:
        return not connection.recv(1)
    except TimeoutError:
        return False
    except ConnectionError:
        return True
