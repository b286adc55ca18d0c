"""A list out of the server beside a bare waitress that answers the same bytes: python -m tests.bench.serve [ROUNDS]

Both have as many threads. They are asked in turns, over connections that stay open, one request at a time on each.
"""

import json
import selectors
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.bench.ground import WERCKER, Ground, ground, rounds

RUNS = 20  # in the list
CLIENTS = 8
SLICE = 0.5  # seconds in which one of the two is asked before it is the other's turn
BARE = """
import json, logging, sys, waitress
from wercker_cli.engine.server import THREADS
status, headers, body = json.loads(sys.stdin.readline())
headers, body = [tuple(header) for header in headers], body.encode()
def application(environ, start_response):
    start_response(status, headers)
    return [body]
logging.getLogger("waitress").setLevel(logging.CRITICAL)  # how long its queue is
server = waitress.create_server(application, host="127.0.0.1", port=0, threads=THREADS, ident="wercker")
print(f"http://127.0.0.1:{server.effective_port}", flush=True)
server.run()
"""


class Answer(NamedTuple):
    """What came back: all of it but what waitress adds by itself."""

    status: str
    headers: list[tuple[str, str]]
    body: str
    size: int  # bytes of it on the wire


def answer(url: str, request: bytes) -> Answer:
    """The first answer on a new connection."""
    with connected(url) as connection, connection.makefile("rb") as stream:
        connection.sendall(request)
        head = list(iter(stream.readline, b"\r\n"))
        lines = [line.decode().rstrip().partition(": ") for line in head[1:]]
        headers = [(name, value) for name, _, value in lines if name not in {"Date", "Server"}]
        length = int(dict(headers).get("Content-Length", 0)) if b" 200 " in head[0] else 0
        body = stream.read(length)
    return Answer(head[0].decode().split(" ", 1)[1].rstrip(), headers, body.decode(), sum(map(len, head)) + 2 + length)


def rate(url: str, request: bytes) -> float:
    """Answers a second."""
    size = answer(url, request).size
    with ExitStack() as stack, selectors.DefaultSelector() as ready:
        for _ in range(CLIENTS):
            connection = stack.enter_context(connected(url))
            ready.register(connection, selectors.EVENT_READ, [0])
            connection.sendall(request)
        count, begin = 0, time.perf_counter()
        while time.perf_counter() < begin + SLICE:
            for key, _ in ready.select():
                connection = key.fileobj  # type: ignore[assignment]  # what was registered
                key.data[0] += len(connection.recv(65536))
                if key.data[0] == size:
                    count, key.data[0] = count + 1, 0
                    connection.sendall(request)
        return count / (time.perf_counter() - begin)


def connected(url: str) -> socket.socket:
    """A connection to it."""
    place = urlsplit(url)
    return socket.create_connection((place.hostname or "", place.port or 0))


@contextmanager
def started(at: Ground, command: Sequence[str], given: str = "") -> Iterator[str]:
    """The URL that a server prints first; it gets a line, and its log goes into a file."""
    with (at.folder / "log").open("a") as log:
        process = subprocess.Popen(
            command, env=at.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{given}\n")
        process.stdin.flush()
        yield process.stdout.readline().strip()
        process.terminate()


def main() -> None:
    """Asks both in turns; prints the medians, and that of the ratios of each round."""
    with ground({"wercker.yml": "build:\n  steps:\n    - script: {code: 'true'}\n"}) as at, ExitStack() as stack:
        pipeline = at.wercker("pipelines", "add", "-o", "id").strip()
        for _ in range(RUNS):
            at.wercker("runs", "trigger", "-p", "build", "--wait")
        token = at.wercker("server", "token", "create", "bench").strip()
        ours = stack.enter_context(started(at, [WERCKER, "server", "start", "--port", "0"]))
        asked = (
            f"GET /api/v3/runs?pipelineId={pipeline} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n"
            f"User-Agent: bench\r\nAuthorization: Bearer {token}\r\n"
        )
        whole = f"{asked}\r\n".encode()
        found = answer(ours, whole)
        known = f"{asked}If-None-Match: {dict(found.headers)['Etag']}\r\n\r\n".encode()
        bare = stack.enter_context(started(at, [sys.executable, "-c", BARE], json.dumps(found[:3])))
        assert answer(bare, whole).body == found.body
        assert answer(ours, known).status.startswith("304")
        for name, request in {"GET /runs": whole, "with If-None-Match": known}.items():
            pairs = [(rate(ours, request), rate(bare, whole)) for _ in range(rounds(9))]
            of_us, of_it = (statistics.median(rates) for rates in zip(*pairs, strict=True))
            ratio = statistics.median(one / other for one, other in pairs)
            print(f"{name:18} {of_us:5.0f} a second, x{ratio:.2f} of a bare waitress at {of_it:.0f}   (at least 0.55)")


if __name__ == "__main__":
    main()
