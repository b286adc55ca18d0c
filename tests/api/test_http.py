"""What goes out to a server, and what comes of its answers."""

import gzip
import socket
import zlib
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from tests.api.conftest import TOKEN, Connect
from tests.api.exchanges import GET, POST, PUT, Raw, head_of
from tests.raw_server import after, json, response
from wercker_cli import __version__
from wercker_cli.api.client import Client
from wercker_cli.api.transport import Request
from wercker_cli.errors import Refused


def test_a_request_carries_the_token_and_says_who_asks(raw: Raw, connect: Connect) -> None:
    server = raw(json())
    query = (("branch", "a b&c=ü"), ("status", "started"), ("status", "finished"))
    connect(server.url, WERCKER_TOKEN=TOKEN).send(Request("GET", "/runs/a%2Fb%3F", query))
    assert head_of(server.received[0]) == (
        "GET /api/v3/runs/a%2Fb%3F?branch=a+b%26c%3D%C3%BC&status=started&status=finished HTTP/1.1",
        {
            "Host": f"127.0.0.1:{server.port}",
            "User-Agent": f"wercker-cli/{__version__}",
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
            "Connection": "keep-alive",
            "Authorization": f"Bearer {TOKEN}",
        },
    )


def test_a_body_is_sent_as_json_and_headers_of_the_request_count(raw: Raw, connect: Connect) -> None:
    server = raw(json(), json())
    transport = connect(server.url)
    transport.send(POST)
    first, headers = head_of(server.received[0])
    assert first == "POST /api/v3/runs/ HTTP/1.1"
    assert headers["Content-Type"] == "application/json"
    assert server.received[0].endswith(b'\r\n\r\n{"pipelineId": "p1"}')
    part = {"Range": "bytes=0-9", "Accept-Encoding": "identity"}
    answer = transport.send(Request("GET", "/runsteps/s/log", headers=part))
    assert answer.file
    assert answer.file.read() == b"{}"
    answer.file.close()
    headers = head_of(server.received[1])[1]
    assert (headers["Range"], headers["Accept-Encoding"]) == ("bytes=0-9", "identity")


@pytest.mark.parametrize("token", [TOKEN, ""])
def test_netrc_never_replaces_the_token_nor_stands_in_for_one(
    raw: Raw, connect: Connect, token: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in (".netrc", "_netrc", "other"):
        (tmp_path / name).write_text("machine 127.0.0.1 login me password secret\ndefault login me password secret\n")
        (tmp_path / name).chmod(0o600)
    server = raw(json(), json())
    transport = connect(server.url, WERCKER_TOKEN=token)
    transport.send(GET)
    monkeypatch.setenv("NETRC", str(tmp_path / "other"))
    transport.send(GET)
    sent = [head_of(request)[1].get("Authorization") for request in server.received]
    assert sent == [f"Bearer {TOKEN}" if token else None] * 2


def test_one_connection_serves_several_requests(raw: Raw, connect: Connect) -> None:
    def again(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(response("Content-Length: 3", body=b"[2]"))

    server = raw(after(response("Content-Length: 3", body=b"[1]"), again))
    transport = connect(server.url)
    assert [transport.send(GET).body for _ in range(2)] == [b"[1]", b"[2]"]
    assert len(server.received) == 1


def test_an_answer_is_whole_and_its_headers_are_in_lower_case(httpserver: HTTPServer, connect: Connect) -> None:
    body = "[{}]".ljust(100_000).encode()
    httpserver.expect_request("/api/v3/runs").respond_with_data(body, headers={"ETag": 'W/"1"'})
    answer = connect(httpserver.url_for("/api/v3/")).send(GET)
    assert (answer.status, answer.body, answer.headers["etag"]) == (200, body, 'W/"1"')
    assert all(name == name.lower() for name in answer.headers)


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "GZIP", "identity"])
def test_compressed_answers_are_decompressed(raw: Raw, connect: Connect, encoding: str) -> None:
    text = b"[" + b" " * 1_000_000 + b"]"
    body = {"i": text, "d": zlib.compress(text)}.get(encoding[0], gzip.compress(text))
    server = raw(response(f"Content-Encoding: {encoding}", f"Content-Length: {len(body)}", body=body))
    assert connect(server.url).send(GET).body == text


def test_the_servers_own_words_and_trace_id_are_shown(raw: Raw, connect: Connect) -> None:
    fault = '{"statusCode": 422, "error": "Unprocessable", "message": "no such branch"}'
    server = raw(json(fault, "X-Wercker-Trace-Id: 3f2a", status="422 Unprocessable"))
    with pytest.raises(Refused) as caught:
        Client(connect(server.url)).trigger({"pipelineId": "p1"})
    assert caught.value.message == f"{server.url}/api/v3 refused: no such branch (422, trace 3f2a)"


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("<html>\n<title>Log in</title>", "HTML beginning with '<html> <title>Log in</title>'"),
        ("null", "null where an array of objects belongs"),
        ("{}", "an object where an array of objects belongs"),
        ("[1]", "an array where an array of objects belongs"),
        ('[{"id": "r', """text beginning with '[{"id": "r'"""),
        ("", "nothing"),
    ],
)
def test_an_answer_that_is_not_the_api_is_quoted(raw: Raw, connect: Connect, body: str, what: str) -> None:
    server = raw(json(body))
    with pytest.raises(Refused) as caught:
        list(Client(connect(server.url)).runs([]))
    assert caught.value.message == f"{server.url}/api/v3 answered {what}: this is not the runs API"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("request_", [GET, PUT, POST], ids=lambda request: request.method)
def test_a_redirect_is_not_followed_and_the_token_goes_nowhere(
    raw: Raw, connect: Connect, status: int, request_: Request
) -> None:
    elsewhere = raw(json())
    server = raw(json("moved", f"Location: {elsewhere.url}/x", status=f"{status} Moved"))
    answer = connect(server.url, WERCKER_TOKEN=TOKEN).send(request_)
    assert (answer.status, answer.headers["location"], answer.body) == (status, f"{elsewhere.url}/x", b"moved")
    assert (len(server.received), elsewhere.received) == (1, [])


def test_a_redirect_is_an_error_that_names_its_target(raw: Raw, connect: Connect) -> None:
    server = raw(json("", "Location: https://elsewhere.example.com/", status="302 Found"))
    with pytest.raises(Refused) as caught:
        Client(connect(server.url)).run("r1")
    assert caught.value.message == (
        f"{server.url}/api/v3 redirects to https://elsewhere.example.com/, which is not followed"
    )
