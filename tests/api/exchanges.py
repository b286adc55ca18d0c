"""Requests and failures that the tests of the HTTP core share."""

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.raw_server import RawServer
from wercker_cli.api.http import Http
from wercker_cli.api.transport import Request
from wercker_cli.errors import WerckerError

Raw = Callable[..., RawServer]

ROOT = Path(__file__).parents[2]
PEM = str(Path(__file__).with_name("localhost.pem"))  # key and certificate of localhost and 127.0.0.1, until 2116
GET = Request("GET", "/runs")
PUT = Request("PUT", "/runs/r1/abort", body=b"{}")
POST = Request("POST", "/runs/", body=b'{"pipelineId": "p1"}')
ADDRESS = "wercker context show tells where this comes from"
DOWN = '{"statusCode": 503, "error": "Unavailable", "message": "back at noon"}'
CHUNKED = "Transfer-Encoding: chunked"


def server_tls() -> ssl.SSLContext:
    """What a server on localhost speaks TLS with."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    return context


def head_of(request: bytes) -> tuple[str, dict[str, str]]:
    """The first line of a request, and its headers."""
    first, *lines = request.decode().partition("\r\n\r\n")[0].split("\r\n")
    return first, dict(line.split(": ", 1) for line in lines)


def failure(transport: Http, request: Request = GET) -> WerckerError:
    """The error that this request ends with: one line, without the vocabulary of the libraries below."""
    with pytest.raises(WerckerError) as caught:
        transport.send(request)
    assert not [word for word in ("\n", "Error", "Exception", "Pool", "object at") if word in caught.value.message]
    return caught.value
