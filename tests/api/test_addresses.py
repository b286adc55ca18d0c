"""Hosts that are not there, proxies, and certificates."""

import socket
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import TOKEN, Connect
from tests.api.exchanges import ADDRESS, GET, PEM, POST, PUT, Raw, failure, head_of, server_tls
from tests.raw_server import Unread, json
from wercker_cli.api.transport import Request
from wercker_cli.errors import NotAllowed, Refused, Unreachable, Usage


def test_a_refused_connection_is_one_line(connect: Connect) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        for request in (GET, PUT, POST):
            error = failure(connect(url), request)
            assert (type(error), error.hint) == (Unreachable, ADDRESS)
            assert error.message == f"{url}/api/v3 cannot be reached: connection refused"


def test_an_unknown_host_is_one_line(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = failure(connect("http://ci.example.com"))
    assert (type(error), error.hint) == (Unreachable, ADDRESS)
    assert error.message == "http://ci.example.com/api/v3 cannot be found: name or service not known"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://a..b/", "WERCKER_API_URL is 'http://a..b/', which is no address of a server: it names no host"),
        ("ftp://x", "WERCKER_API_URL is 'ftp://x', which is no address of a server: it has to begin with http://"),
        ("http://[::1", "WERCKER_API_URL is 'http://[::1', which is no address of a server: Invalid IPv6 URL"),
        ("http://x:99999", "WERCKER_API_URL is 'http://x:99999', which is no address of a server: Port out of range"),
        ("http://x:y", "WERCKER_API_URL is 'http://x:y', which is no address of a server: Port could not be cast"),
        ("http://", "WERCKER_API_URL is 'http://', which is no address of a server: it names no host"),
        ("ci.example.com", "WERCKER_API_URL is 'ci.example.com', which is no address of a server: it has to begin"),
        (
            "http://x/?token=secret",
            "WERCKER_API_URL is 'http://x/', which is no address of a server: it has more than a host",
        ),
        ("http://x/a b", "WERCKER_API_URL is 'http://x/a b', which is no address of a server: it has more than a host"),
        ("http://me:secret@x", "WERCKER_API_URL holds a user name or password"),
        ("me:secret@x", "WERCKER_API_URL is 'x', which is no address of a server: it has to begin"),
        ("ftp://me:secret@x", "WERCKER_API_URL is 'ftp://x', which is no address of a server: it has to begin"),
        ("http://me:secret@x:99999", "WERCKER_API_URL is 'http://x:99999', which is no address of a server: Port"),
        ("http://me:secret@x y", "WERCKER_API_URL is 'http://x y', which is no address of a server: it names no"),
        ("http:/me:sec@ret@x", "WERCKER_API_URL is 'http:/x', which is no address of a server: it names no"),
        (f"http://{'a' * 64}.example.com", f"http://{'a' * 64}.example.com/api/v3 is no address of a server"),
    ],
)
def test_an_address_that_cannot_be_is_a_usage_error(connect: Connect, url: str, message: str) -> None:
    with pytest.raises(Usage) as caught:
        connect(url).send(GET)
    assert caught.value.message.startswith(message)
    assert "\n" not in caught.value.message
    assert "secret" not in caught.value.message


@pytest.mark.parametrize("tail", ["", "/", "/api/v3", "/api/v3/"])
def test_an_address_may_name_the_root_of_the_api_or_leave_it_out(raw: Raw, connect: Connect, tail: str) -> None:
    server = raw(json("[]"))
    transport = connect(server.url + tail)
    transport.send(GET)
    assert transport.server == f"{server.url}/api/v3"
    assert head_of(server.received[0])[0] == "GET /api/v3/runs HTTP/1.1"


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "tab\t", "münze", "nul\0", "\x7f"])
def test_a_token_that_fits_no_header_is_not_sent_and_not_shown(connect: Connect, token: str) -> None:
    with pytest.raises(NotAllowed) as caught:
        connect("http://127.0.0.1", WERCKER_TOKEN=token)
    assert caught.value.message == (
        "WERCKER_TOKEN holds characters that cannot go into an HTTP header (a blank, a line break, an accent?)"
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.9.8.7", "ci.localhost", "LOCALHOST", "[::1]"])
def test_no_proxy_comes_between_loopback_and_us(
    raw: Raw, connect: Connect, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, server = raw(), raw(json("[1]"))
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, proxy.url)
    monkeypatch.setenv("no_proxy", "example.com")
    monkeypatch.setattr(socket, "getaddrinfo", _everything_is_here)
    assert connect(f"http://{host}:{server.port}").send(GET).body == b"[1]"
    assert proxy.received == []


def test_other_hosts_are_asked_by_way_of_the_proxy(raw: Raw, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = raw(json("[1]"))
    monkeypatch.setenv("http_proxy", proxy.url)
    assert connect("http://ci.example.com", WERCKER_TOKEN=TOKEN).send(GET).body == b"[1]"
    first, headers = head_of(proxy.received[0])
    assert first == "GET http://ci.example.com/api/v3/runs HTTP/1.1"
    assert headers["Authorization"] == f"Bearer {TOKEN}"


def test_no_proxy_of_the_environment_counts(raw: Raw, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy, server = raw(), raw(json("[1]"))
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.setenv("no_proxy", "example.com")
    monkeypatch.setattr(socket, "getaddrinfo", _everything_is_here)
    assert connect(f"http://ci.example.com:{server.port}").send(GET).body == b"[1]"
    assert proxy.received == []


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_not_there_is_named_without_its_password(
    connect: Connect, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        proxy = f"127.0.0.1:{closed.getsockname()[1]}"
        monkeypatch.setenv(f"{scheme}_proxy", f"http://me:secret@{proxy}")
        error = failure(connect(f"{scheme}://ci.example.com"))
    assert error.message == f"the proxy {proxy} cannot be reached: connection refused"
    assert error.hint == "name ci.example.com in no_proxy to go there directly"


def test_a_proxy_that_does_not_let_us_through_is_one_line(
    raw: Raw, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = raw(json(status="403 Forbidden"))
    monkeypatch.setenv("https_proxy", proxy.url)
    error = failure(connect("https://ci.example.com", WERCKER_TOKEN=TOKEN), POST)
    assert (
        error.message == f"the proxy 127.0.0.1:{proxy.port} cannot be reached: tunnel connection failed: 403 Forbidden"
    )
    assert TOKEN.encode() not in proxy.received[0]
    assert len(proxy.received) == 1


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1080", "gopher://127.0.0.1", "http://", "http://:secret@:::"])
def test_a_proxy_that_cannot_be_used_is_one_line(connect: Connect, proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("all_proxy", proxy)
    error = failure(connect("http://ci.example.com"))
    assert (type(error), error.message) == (
        Usage,
        "the proxy that the environment names is no address that can be used",
    )


def _everything_is_here(host: str, port: int, *_: object, **__: object) -> list[tuple[Any, ...]]:
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]


@pytest.mark.parametrize("name", ["WERCKER_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_certificate_of_a_named_bundle_is_trusted(raw: Raw, connect: Connect, name: str) -> None:
    server = raw(json("[1]"), tls=server_tls())
    bundle: dict[str, Any] = {name: PEM}
    assert connect(server.url, **bundle).send(GET).body == b"[1]"


def test_an_explicit_bundle_beats_the_environments(raw: Raw, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    server = raw(json("[1]"), tls=server_tls())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    assert connect(server.url, WERCKER_CA_BUNDLE=PEM, REQUESTS_CA_BUNDLE="/nowhere").send(GET).body == b"[1]"


@pytest.mark.parametrize("request_", [GET, POST], ids=lambda request: request.method)
def test_a_certificate_that_nobody_vouches_for_ends_it(raw: Raw, connect: Connect, request_: Request) -> None:
    server = raw(tls=server_tls())
    error = failure(connect(server.url, WERCKER_TOKEN=TOKEN), request_)
    assert (type(error), error.hint) == (Refused, ADDRESS)
    assert error.message == f"{server.url}/api/v3 shows a certificate that is not trusted: self-signed certificate"
    assert server.received == []


def test_a_certificate_of_another_host_ends_it(raw: Raw, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    server = raw(tls=server_tls())
    monkeypatch.setattr(socket, "getaddrinfo", _everything_is_here)
    error = failure(connect(f"https://ci.example.com:{server.port}", WERCKER_CA_BUNDLE=PEM))
    assert error.message == (
        f"https://ci.example.com:{server.port}/api/v3 shows a certificate that is not trusted: "
        "hostname mismatch, certificate is not valid for 'ci.example.com'."
    )


def test_https_where_only_http_is_spoken_is_one_line(raw: Raw, connect: Connect) -> None:
    def complain(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(json(status="400 Bad Request"))

    url = raw(Unread(complain)).url.replace("http:", "https:")
    error = failure(connect(url))
    assert (type(error), error.hint) == (Refused, "is it an http:// address?")
    assert error.message.startswith(f"{url}/api/v3 does not speak TLS as it should: ")  # OpenSSL's words change


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "no such file or directory"),
        ("-----BEGIN", "it holds no PEM certificates"),
        ("", "it holds no PEM certificates"),
    ],
)
def test_a_bundle_that_cannot_be_read_is_one_line(
    connect: Connect, tmp_path: Path, content: str | None, why: str
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(Usage) as caught:
        connect("https://127.0.0.1", WERCKER_CA_BUNDLE=str(path))
    assert caught.value.message == f"the CA bundle {str(path)!r} is none: {why}"


def test_nothing_is_printed(raw: Raw, connect: Connect, capfd: pytest.CaptureFixture[str]) -> None:
    failure(connect(raw().url, WERCKER_TOKEN=TOKEN))
    assert capfd.readouterr() == ("", "")
