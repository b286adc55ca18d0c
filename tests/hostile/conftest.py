"""The command against servers that answer anything: in a process of its own, measured, or quickly in this one."""

import io
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

import pytest

from tests.conftest import WERCKER
from tests.output.screens import Tty
from tests.raw_server import Answer, RawServer
from wercker_cli.api import http
from wercker_cli.app import Invocation
from wercker_cli.cli import run

MOST = 100e6  # bytes of memory
SLACK = 20.0  # seconds to start and to end on a busy machine; what does not end in time never does
CODES = {0, 1, 2, 3, 4, 5, 10, 11, 124, 130}
OURS = re.compile(r"\x1b\[[0-9;]*m")  # colours
OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
PIPELINE = "5751377e7e1bd5f17f050bc4"
TRIGGER = ("runs", "trigger", "-p", PIPELINE)
SHOW = ("runs", "show", "r1")


class Outcome(NamedTuple):
    """What came of a command; `peak` is its memory in bytes, 0 where it ran in this process."""

    code: int
    out: str
    err: str
    seconds: float = 0
    peak: int = 0


class Ask(Protocol):
    """Runs the command against a server, for whatever exit code, and checks what holds of every outcome."""

    def __call__(self, url: str, *args: str, terminal: bool = False, timeout: float = 2) -> Outcome: ...


def check(done: Outcome, timeout: float) -> Outcome:
    """What holds of every outcome: a documented code, readable lines, nothing for a terminal to obey, in time."""
    assert done.code in CODES, done
    assert "Traceback" not in done.err, done.err
    assert "internal error" not in done.err, done.err
    for text in (done.out, done.err):
        assert not OBEYED.search(OURS.sub("", text).replace("\r\n", "\n")), repr(text)
    said = [line for line in done.err.splitlines() if line.startswith(("wercker: ", "hint: "))]
    if done.code in {1, 2, 3, 4, 5}:
        assert said, done
        assert len(done.err.splitlines()) <= 3, done.err  # a note may come before
        assert all(len(line) <= 1100 for line in said), done.err
    assert done.seconds < timeout + SLACK, done
    assert done.peak < MOST, done
    return done


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Ask:
    """The command in this process, its standard output and error a pipe or, as far as writing goes, a terminal."""
    monkeypatch.setattr(http, "BACKOFF", 0.005)

    def ask(url: str, *args: str, terminal: bool = False, timeout: float = 2) -> Outcome:
        out, err = (Tty(), Tty()) if terminal else (io.StringIO(), io.StringIO())
        environ = {"WERCKER_API_URL": url, "HOME": "/nonexistent", "TERM": "xterm-256color", "COLUMNS": "100"}
        began = time.monotonic()
        app = Invocation(environ, io.StringIO(), out, err)
        code = run([*args, "--request-timeout", str(timeout)], app)
        return check(Outcome(int(code), out.getvalue(), err.getvalue(), time.monotonic() - began), timeout)

    return ask


@pytest.fixture
def there(environ: dict[str, str], tmp_path: Path) -> Ask:
    """The installed command in a process of its own, in a pipe; its memory is measured."""
    measured = {"PYTHONPATH": str(Path(__file__).with_name("measured")), "PEAK_FILE": str(tmp_path / "peak")}

    def ask(url: str, *args: str, terminal: bool = False, timeout: float = 2) -> Outcome:
        assert not terminal, "the fixture `terminal` has one"
        began = time.monotonic()
        done = subprocess.run(
            [WERCKER, *args, "--request-timeout", str(timeout)],
            cwd=tmp_path,
            env={**environ, **measured, "WERCKER_API_URL": url},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )
        seconds = time.monotonic() - began
        peak = int((tmp_path / "peak").read_text()) * 1024
        outcome = Outcome(done.returncode, done.stdout.decode(), done.stderr.decode(), seconds, peak)
        return check(outcome, timeout)

    return ask


@pytest.fixture
def raw() -> Iterator[Callable[..., RawServer]]:
    """Starts servers that answer with exactly these bytes, and ends them after the test."""
    servers: list[RawServer] = []

    def start(*answers: Answer, **rest: object) -> RawServer:
        servers.append(RawServer(*answers, **rest))  # type: ignore[arg-type]  # the one other argument is tls
        return servers[-1]

    yield start
    for server in servers:
        server.close()
