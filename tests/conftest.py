"""What the tests stand on: the installed command, real checkouts, real terminals."""

import fcntl
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

import pyte
import pytest
from pytest_httpserver import HTTPServer

from wercker_cli.engine import dispatch, processes, queue
from wercker_cli.engine.store import Store

WERCKER = shutil.which("wercker", path=str(Path(sys.executable).parent)) or "wercker is not installed"
PATIENCE = 20.0  # seconds after which something that should happen will not


def needs(program: str) -> pytest.MarkDecorator:
    """Where a program is not installed the tests with it are left out; CI installs them all and leaves none out."""
    return pytest.mark.skipif(not shutil.which(program) and not os.environ.get("CI"), reason=f"{program} is not here")


class Done(NamedTuple):
    """What came of a command."""

    code: int
    out: str
    err: str


class Wercker(Protocol):
    """Runs the command; any other exit code than `code` fails the test."""

    def __call__(self, *args: str, code: int = 0, cwd: Path | None = None, given: str = "", **environ: str) -> Done: ...


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """An empty home directory; what still runs in its engine at the end of the test is ended."""
    folder = tmp_path / "home"
    folder.mkdir()
    yield folder
    state = folder / ".local/state/wercker"
    if (state / "wercker.db").exists():
        store = Store(str(state))
        for worker in queue.workers(store):
            if processes.alive(worker):
                os.kill(processes.pid(worker), signal.SIGKILL)
        store.write("UPDATE runs SET abort = 1 WHERE status <> 'finished'")
        for row in store.all("SELECT id FROM runs WHERE status = 'notstarted'"):
            queue.abort(store, row["id"])
        dispatch.Dispatcher(store).tend()
        store.close()


@pytest.fixture
def environ(home: Path) -> dict[str, str]:
    """An environment with nothing of ours in it."""
    return {
        "HOME": str(home),
        "PATH": f"{Path(WERCKER).parent}:{os.environ['PATH']}",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "USER": "tester",
    }


@pytest.fixture
def wercker(environ: dict[str, str], tmp_path: Path) -> Wercker:
    """The installed command, in a pipe."""

    def run(*args: str, code: int = 0, cwd: Path | None = None, given: str = "", **more: str) -> Done:
        done = subprocess.run(
            [WERCKER, *args],
            cwd=cwd or tmp_path,
            env={**environ, **more},
            input=given,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        result = Done(done.returncode, done.stdout, done.stderr)
        assert "Traceback" not in result.err, result.err
        assert result.code == code, result
        return result

    return run


@pytest.fixture
def server(httpserver: HTTPServer) -> Iterator[HTTPServer]:
    """A server of the API; a request that no test announced fails the test."""
    yield httpserver
    httpserver.check()


class Terminal(Protocol):
    """Runs the command on a terminal of that size; gives its exit code, what the screen shows, and the raw bytes."""

    def __call__(
        self,
        *args: str,
        code: int = 0,
        cwd: Path | None = None,
        columns: int = 80,
        press: Callable[[str], bytes] | None = None,
        **environ: str,
    ) -> tuple[list[str], str]: ...


@pytest.fixture
def terminal(environ: dict[str, str], tmp_path: Path) -> Terminal:
    """The installed command, on a real pseudo-terminal; `press` answers what it shows with keys, once."""

    def run(
        *args: str,
        code: int = 0,
        cwd: Path | None = None,
        columns: int = 80,
        press: Callable[[str], bytes] | None = None,
        **more: str,
    ) -> tuple[list[str], str]:
        pid, fd = pty.fork()
        if pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
            os.chdir(cwd or tmp_path)
            os.execve(WERCKER, [WERCKER, *args], {**environ, "TERM": "xterm-256color", **more})
        raw, deadline = b"", time.monotonic() + 3 * PATIENCE
        try:
            while piece := _next_piece(fd, deadline):
                raw += piece
                keys = press(raw.decode(errors="replace")) if press else b""
                if keys:
                    os.write(fd, keys)
                    press = None
        except BaseException:  # whatever ends the test ends the command
            os.kill(pid, signal.SIGKILL)
            raise
        finally:
            os.close(fd)
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        text = raw.decode()
        screen = pyte.Screen(columns, 50)
        pyte.Stream(screen).feed(text)
        assert status == code, text
        return [line.rstrip() for line in screen.display if line.strip()], text

    return run


def _next_piece(terminal: int, deadline: float) -> bytes:
    """What a terminal received next, nothing where the other side has closed; fails the test after the deadline."""
    ready, _, _ = select.select([terminal], [], [], max(deadline - time.monotonic(), 0))
    assert ready, "the command does not end"
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other side has closed
        return b""


class Checkout:
    """A real git repository with a wercker.yml."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *args: str) -> str:
        """What git prints there."""
        identity = ["-c", "user.name=A U Thor", "-c", "user.email=author@example.com"]
        done = subprocess.run(
            ["git", *identity, "-C", str(self.path), *args], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def commit(self, pipelines: str, message: str = "first") -> str:
        """Commits that wercker.yml; gives the commit's hash."""
        (self.path / "wercker.yml").write_text(pipelines)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A checkout called "demo" with nothing in it yet."""
    return Checkout(tmp_path / "demo")


def wait_until(condition: Callable[[], object]) -> None:
    """Returns as soon as the condition holds; fails the test where it never does."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "this never happened"
        time.sleep(0.01)
