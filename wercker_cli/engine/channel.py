"""Connections to the server: waitress's, with the API's words for what it refuses itself, and an end to slow ones."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, WSGITask
from waitress.utilities import RequestEntityTooLarge, RequestHeaderFieldsTooLarge

from wercker_cli.engine.routes import error_answer
from wercker_cli.engine.wsgi import HEADERS, Entry

PATIENCE = 30  # seconds that a request may take to arrive, and that a connection may do nothing
LINGER = 5.0  # seconds in which a client whose request was refused may still read why


class _Parser(HTTPRequestParser):
    def parse_header(self, header_plus: bytes) -> None:
        """Reads the head of a request; waitress lets half of an address (http://[) end the connection.

        It also takes one that ends in two places, which a proxy may see as two requests.
        """
        try:
            super().parse_header(header_plus)
        except ValueError as error:
            raise ParsingError(f"Bad URI: {error}") from None
        if self.chunked and "CONTENT_LENGTH" in self.headers:
            raise ParsingError("a request has a Content-Length or a Transfer-Encoding, not both")


class _Task(WSGITask):
    wrote_header: bool = False  # as in waitress
    content_bytes_written: int = 0  # likewise

    def set_close_on_finish(self) -> None:
        """Keeps the connection after a 304 as well, which waitress ends for want of a length."""
        if not self.status.startswith("304") or "close" in self.request.headers.get("CONNECTION", "").lower():
            super().set_close_on_finish()

    def write(self, data: bytes) -> None:
        """Sends the head of an answer with the first of its body: waitress has a packet, and a wait, for each."""
        if self.wrote_header or not data or not self.has_body:
            super().write(data)
            return
        self.channel.write_soon(self.build_response_header() + data)
        self.wrote_header, self.content_bytes_written = True, len(data)


def _wrong_with(request: HTTPRequestParser) -> str:
    """Why waitress refuses a request."""
    if isinstance(request.error, RequestHeaderFieldsTooLarge):
        return f"The head of a request may have {request.adj.max_request_header_size - 1} bytes, and this one has more"
    if isinstance(request.error, RequestEntityTooLarge):
        size = request.content_length or "more"  # one in chunks does not say beforehand
        return f"A body may have {request.adj.max_request_body_size - 1} bytes, and this one has {size}"
    said = str(request.error.body)
    return f"{said[:1].upper()}{said[1:]}"


class _Refusal(ErrorTask):
    """What waitress answers itself: a request that is too large, or none."""

    def execute(self) -> None:
        """Writes the API's error object."""
        error = self.request.error
        response = error_answer(error.code, error.reason, _wrong_with(self.request))
        self.status = f"{error.code} {error.reason}"
        self.response_headers += {**HEADERS, **response.headers}.items()
        self.set_close_on_finish()
        self.content_length = len(response.body)
        self.write(response.body)
        self.channel.linger()
        self.channel.server.log(
            Entry(
                at=self.start_time,
                address=self.channel.addr[0],
                user="",
                method="-",
                path="-",
                status=error.code,
                length=len(response.body),
                seconds=time.time() - self.start_time,
            )
        )


class Channel(HTTPChannel):
    """One connection."""

    parser_class = _Parser
    task_class = _Task
    error_task_class = _Refusal
    _began = 0.0  # when the request began to arrive that is not complete yet
    _sent = 0.0  # when something could be sent the last time, or there was something to send again
    _lingers_until: float | None = None
    _drains = False
    close_when_flushed: bool = False  # as in waitress

    def received(self, data: bytes) -> bool:
        """Takes what has arrived, and notes when a request began."""
        before = self.request
        taken: bool = super().received(data)
        if self.request is not before:
            self._began = time.time()
        return taken

    def send_continue(self) -> None:
        """Tells the client to send the body; where there is none, waitress would wait for it."""
        if self.request.completed:
            self.request.expect_continue = False
        else:
            super().send_continue()

    def is_late(self, now: float) -> bool:
        """Whether its request takes too long to arrive, or its client too long to read why it was refused."""
        if self._lingers_until is not None:
            return now > self._lingers_until
        return self.request is not None and now - self._began > PATIENCE

    def is_stuck(self, now: float) -> bool:
        """Whether its client does not read what it has asked for."""
        return self.total_outbufs_len > 0 and now - self._sent > PATIENCE

    def write_soon(self, data: Any) -> int:
        """Sends it, or keeps it until the client reads; how many bytes it has."""
        if not self.total_outbufs_len:
            self._sent = time.time()
        size: int = super().write_soon(data)
        return size

    def _flush_some(self, do_close: bool = True) -> bool:
        flushed: bool = super()._flush_some(do_close)
        if flushed:
            self._sent = time.time()
        return flushed

    def linger(self) -> None:
        """Lets the client send the rest of a request that nobody reads, once the answer is out.

        A connection that is closed before is reset, and its client never sees the answer.
        """
        self._lingers_until = time.time() + LINGER

    def handle_write(self) -> None:
        """Sends what there is; after a refusal, says that this was all."""
        if self._lingers_until is None or self.will_close or not self.close_when_flushed:
            super().handle_write()
            return
        self._flush_exception(self._flush_some)
        if not self.total_outbufs_len:
            self.close_when_flushed, self._drains = False, True
            with suppress(OSError):  # the client is gone already
                self.socket.shutdown(socket.SHUT_WR)

    def readable(self) -> bool:
        """Whether to look at what the client sends."""
        return self._drains or super().readable()

    def handle_read(self) -> None:
        """Takes what the client has sent, or drops it where nobody wants it any more."""
        if not self._drains:
            super().handle_read()
            return
        try:
            self.recv(self.adj.recv_bytes)
        except OSError:
            self.handle_close()


class _NotYet(Exception):
    """There is no whole record."""


class SecureChannel(Channel):
    """One connection with TLS. OpenSSL does not let two threads use one connection at the same time."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._lock = threading.Lock()
        super().__init__(*args, **kwargs)

    def handle_read(self) -> None:
        """Takes what the client has sent, once a whole record of it is here."""
        with suppress(_NotYet):
            super().handle_read()

    def recv(self, buffer_size: int) -> bytes:
        """What has arrived; nothing at its end, which includes every fault of the other side."""
        data = b""
        try:
            with self._lock:
                data = self.socket.recv(buffer_size)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise _NotYet from None
        except OSError:  # no TLS, a wrong version of it, or gone
            pass
        if not data:
            self.handle_close()
        return data

    def send(self, data: bytes, do_close: bool = True) -> int:
        """How many bytes could be sent now."""
        try:
            with self._lock:
                return int(self.socket.send(data))
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return 0
        except OSError:  # gone
            if do_close:
                self.handle_close()
            return 0


class Server(TcpWSGIServer):
    """The listening socket, and who is connected."""

    channel_class = Channel

    def __init__(self, log: Callable[[Entry], None], *args: Any, **kwargs: Any) -> None:
        """`log` gets the requests that never reach the application."""
        self.log = log
        super().__init__(*args, **kwargs)

    def maintenance(self, now: float) -> None:
        """Ends the connections that do nothing, are late, or are stuck, which a thread may wait for."""
        super().maintenance(now)
        for channel in [*self.active_channels.values()]:
            if channel.is_late(now):
                channel.will_close = True
            if channel.is_stuck(now):
                channel.handle_close()

    def is_answering(self) -> bool:
        """Whether somebody waits for an answer, or for the rest of one."""
        return any(channel.requests or channel.total_outbufs_len for channel in self.active_channels.values())


class SecureServer(Server):
    """The same with TLS."""

    channel_class = SecureChannel
