"""What tests of the server stand on: a real one, in a process of its own, asked over real sockets."""

import getpass
import http.client
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from tests.conftest import PATIENCE, WERCKER, Done, Wercker

API = "/api/v3"

_HURRY = """
import importlib, sys
module, name, value = sys.argv[1:4]
setattr(importlib.import_module(f"wercker_cli.engine.{module}"), name, float(value))
del sys.argv[1:4]
from wercker_cli.cli import main
main()
"""


def hurried(module: str, name: str, seconds: float) -> list[str]:
    """The command, with less patience than it has."""
    return [sys.executable, "-c", _HURRY, module, name, str(seconds)]


class Answer(NamedTuple):
    """What came back; names of headers in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def fault(self) -> tuple[int, str]:
        """The error object, which has to be one and to fit the status."""
        said = self.json
        assert list(said) == ["statusCode", "error", "message"]
        assert said["statusCode"] == self.status
        assert int(self.headers["content-length"]) == len(self.body)
        return self.status, said["message"]


class Served:
    """A server that listens."""

    def __init__(self, url: str, process: subprocess.Popen[str], log: Path, token: str) -> None:
        self.url, self.process, self._log, self.token = url, process, log, token
        self.host, self.port = urlsplit(url).hostname or "", urlsplit(url).port or 0

    def ask(
        self, method: str, path: str, body: bytes | str | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request, on a connection of its own; with the token, where there is one."""
        login = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        connection = http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)
        connection.request(method, path, body, {"Host": f"{self.host}:{self.port}", **login, **(headers or {})})
        answer = connection.getresponse()
        found = Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        connection.close()
        return found

    def get(self, path: str, **headers: str) -> Answer:
        """A GET below the root of the API; `_` in the name of a header is a dash."""
        return self.ask("GET", f"{API}{path}", headers={name.replace("_", "-"): text for name, text in headers.items()})

    def raw(self, sent: bytes) -> bytes:
        """What comes back for these bytes until the server closes the connection."""
        with socket.create_connection((self.host, self.port), timeout=2 * PATIENCE) as connection:
            connection.sendall(sent)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def log(self) -> list[str]:
        """The lines of the request log so far."""
        return self._log.read_text().splitlines()

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """The exit code of the server, which is asked to go."""
        self.process.send_signal(how)
        return self.process.wait(PATIENCE)


def launch(command: Sequence[str], environ: Mapping[str, str], log: Path, token: str = "") -> Served:
    """The server that this command is, once it listens; it stands in the folder of its log."""
    with log.open("a") as stderr:
        process = subprocess.Popen(
            command, env=environ, cwd=log.parent, stdout=subprocess.PIPE, stderr=stderr, text=True
        )
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert url, log.read_text()
    return Served(url, process, log, token)


Serve = Callable[..., Served]


@pytest.fixture
def serve(environ: dict[str, str], home: Path, tmp_path: Path) -> Iterator[Serve]:
    """Starts servers on free ports; they are ended with the test, and none of them may have had a traceback."""
    servers: list[tuple[subprocess.Popen[str], Path]] = []

    def start(*args: str, command: Sequence[str] = (WERCKER,), token: str = "", **more: str) -> Served:
        log = tmp_path / f"server-{len(servers)}.log"
        served = launch([*command, "server", "start", "--port", "0", *args], {**environ, **more}, log, token)
        servers.append((served.process, log))
        return served

    yield start
    for process, log in servers:
        if process.poll() is None:
            process.terminate()
            process.wait(PATIENCE)
        if process.stdout:
            process.stdout.close()
        assert "Traceback" not in log.read_text()


@pytest.fixture
def served(serve: Serve, wercker: Wercker) -> Served:
    """A server without any option, asked by whoever has the token "tester"."""
    return serve(token=wercker("server", "token", "create", "tester").out.strip())


@pytest.fixture(params=["in process", "a server"])
def both_ways(request: pytest.FixtureRequest, wercker: Wercker) -> Wercker:
    """The command, with either of the engine's two ways to answer; for a module that calls this `wercker`."""
    return _through(request.getfixturevalue("serve"), wercker) if request.param == "a server" else wercker


in_process = pytest.mark.parametrize("wercker", ["in process"], indirect=True)  # what no server can do


def _through(serve: Serve, wercker: Wercker) -> Wercker:
    """The command as it asks a server; the checkout that it is called in is added there first."""
    token = wercker("server", "token", "create", getpass.getuser()).out.strip()
    there = {"WERCKER_API_URL": serve().url, "WERCKER_TOKEN": token}

    def run(*args: str, code: int = 0, cwd: Path | None = None, given: str = "", **environ: str) -> Done:
        more = {**there, **environ}
        if cwd:
            more |= {"WERCKER_APPLICATION_ID": wercker("pipelines", "add", cwd=cwd).err.split()[-1]}
        return wercker(*args, code=code, cwd=cwd, given=given, **more)

    return run
