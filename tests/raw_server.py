"""A server that is a bare socket, for answers that no HTTP library would send."""

import contextlib
import itertools
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import NamedTuple


class Unread(NamedTuple):
    """An answer that takes the connection before its request has been read."""

    end: Callable[[socket.socket], None]


Answer = bytes | Callable[[socket.socket], None] | Unread  # bytes are sent, and the connection closed


class RawServer:
    """Gives each connection the next of its answers, and none to those that come after the last one."""

    def __init__(self, *answers: Answer, tls: ssl.SSLContext | None = None) -> None:
        self.received: list[bytes] = []  # a request a connection, as it came; empty where it was not read
        self._answers = answers
        self._tls = tls
        self._connection: socket.socket | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))  # from here on the kernel takes connections
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        """Ends the server, also one that still talks to somebody."""
        for held in (self._listener, self._connection):
            if held:
                with contextlib.suppress(OSError):
                    held.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        for answer in itertools.chain(self._answers, itertools.repeat(b"")):
            try:
                self._connection, _ = self._listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), self._encrypted(self._connection) as connection:
                self.received.append(b"" if isinstance(answer, Unread) else _read(connection))
                if isinstance(answer, bytes):
                    connection.sendall(answer)
                elif isinstance(answer, Unread):
                    answer.end(connection)
                else:
                    answer(connection)

    @contextlib.contextmanager
    def _encrypted(self, connection: socket.socket) -> Iterator[socket.socket]:
        with connection:
            if self._tls is None:
                yield connection
            else:
                with self._tls.wrap_socket(connection, server_side=True) as encrypted:
                    yield encrypted


def response(*headers: str, body: bytes = b"", status: str = "200 OK") -> bytes:
    """An answer with exactly these headers."""
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode() + body


def json(body: str = "{}", *headers: str, status: str = "200 OK") -> bytes:
    """An answer with nothing wrong."""
    length = f"Content-Length: {len(body.encode())}"
    return response(*headers, length, "Connection: close", body=body.encode(), status=status)


def reset(connection: socket.socket) -> None:
    """Breaks the connection off (RST instead of FIN)."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def _reset_unread(connection: socket.socket) -> None:
    connection.recv(1, socket.MSG_PEEK)  # an earlier reset would be one of connect()
    reset(connection)


reset_unread = Unread(_reset_unread)


def drip(head: bytes, piece: bytes, every: float = 0.02) -> Callable[[socket.socket], None]:
    """Sends `head`, then `piece` again and again, `every` so many seconds, until the other side has gone."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(head)
        connection.settimeout(every)
        while True:
            with contextlib.suppress(TimeoutError):
                if not connection.recv(1):
                    return
            connection.sendall(piece)

    return answer


hang = drip(b"", b"")


def after(head: bytes, end: Callable[[socket.socket], object]) -> Callable[[socket.socket], None]:
    """Sends `head`, then does `end`."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(head)
        end(connection)

    return answer


def _read(connection: socket.socket) -> bytes:
    """A request with its body."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return data
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while len(body) < sum(map(int, lengths)):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
