"""The engine as a server: its socket, its signals, its log."""

from __future__ import annotations

import errno
import logging
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any, NamedTuple

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.task import ThreadedTaskDispatcher

from wercker_cli.engine import callers, checkouts, processes, slow, tls, wsgi
from wercker_cli.engine.channel import PATIENCE, SecureServer, Server
from wercker_cli.engine.dispatch import NEEDED, Dispatcher
from wercker_cli.engine.store import Store
from wercker_cli.engine.trigger import ELSEWHERE
from wercker_cli.engine.variables import STEPS_PATH
from wercker_cli.errors import Refused, Usage, WerckerError

THREADS = 2 * slow.SEATS  # requests that are answered at once
CONNECTIONS = 500  # at once
LARGEST_BODY = 2**20  # bytes
LARGEST_HEADER = 2**15  # bytes
LEAVING = 30.0  # seconds that what is being answered may take once the server was asked to go
TENDING = 0.5  # seconds between two looks at the workers and the served checkouts, where nobody asks

_KEPT = frozenset((*NEEDED, *ELSEWHERE, STEPS_PATH))  # variables that the engine reads
_OF_A_FETCH = "(GIT|SSH|SSL)_.*|.*_(proxy|PROXY)"  # and those that git and ssh read


class Address(NamedTuple):
    """Where to listen, and what protects it there."""

    host: str
    port: int  # 0 for any that is free
    cert: str | None = None  # the file of a certificate: over TLS
    key: str | None = None  # the file of its key, where it is not in that one
    behind_proxy: bool = False  # whoever connects is a proxy, which says for whom
    insecure_bind: bool = False  # other machines may connect without either
    allowed_hosts: Sequence[str] = ()  # names that it goes by, beside its own


def serve(
    address: Address, service: wsgi.Service, listening: Callable[[str], None], note: Callable[[str], None]
) -> None:
    """Answers until SIGTERM or Ctrl-C, and then what was asked before; a second one ends that too.

    `listening` gets the URL, `note` what is to be known of an address that others can reach. Raises Refused where the
    port or the state folder cannot be had, Usage for a host that this machine has not, for one that is not protected,
    and for files that are no certificate.
    """
    processes.conceal()  # steps are of the same user
    _forget_environment()
    logging.getLogger("waitress").setLevel(logging.CRITICAL)  # what concerns a request is in our own log
    store = Store(service.home)
    store.one("SELECT 1")
    listener = _listener(address)
    local = ip_address(listener.getsockname()[0]).is_loopback
    if not local:
        note(_exposed(address))
    if address.cert:
        listener = tls.secured(listener, address.cert, address.key)
    scheme = "https" if address.cert else "http"
    rules = callers.Rules(_names(address, listener) if local else frozenset(), address.behind_proxy)
    server = _server(listener, scheme, service, rules)
    stop = threading.Event()
    keeper = threading.Thread(target=_keep, args=(service, stop), daemon=True)
    with _signals(server, stop):
        keeper.start()
        listening(f"{scheme}://{_reached_as(address, listener)}:{server.effective_port}")
        while not stop.is_set():
            _turn(server)
    wasyncore.dispatcher.close(server)
    end = time.monotonic() + LEAVING
    while server.is_answering() and time.monotonic() < end:
        _turn(server, 0.1)
    server.task_dispatcher.shutdown()
    keeper.join()
    store.close()


def _forget_environment() -> None:
    """Keeps what the processes need that it starts: a step could read the rest in the /proc of a git that fetches."""
    for name in [*os.environ]:
        if name not in _KEPT and not re.fullmatch(_OF_A_FETCH, name):
            del os.environ[name]


def _turn(server: Server, timeout: float = 1.0) -> None:
    wasyncore.loop(timeout, use_poll=True, map=server._map, count=1)


def _server(listener: socket.socket, scheme: str, service: wsgi.Service, rules: callers.Rules) -> Server:
    threads = ThreadedTaskDispatcher()
    threads.set_thread_count(THREADS)
    return (SecureServer if scheme == "https" else Server)(
        service.log,
        wsgi.application(service, rules),
        _sock=listener,
        dispatcher=threads,
        adj=Adjustments(
            ident="wercker",
            threads=THREADS,
            url_scheme=scheme,
            connection_limit=CONNECTIONS,
            clear_untrusted_proxy_headers=False,  # callers.py reads them, where they are to be believed
            channel_timeout=PATIENCE,
            cleanup_interval=1,
            outbuf_high_watermark=2**20,  # bytes that a client has not read yet when the next answer has to wait
            max_request_body_size=LARGEST_BODY + 1,
            max_request_header_size=LARGEST_HEADER + 1,
            recv_bytes=65536,  # a record of TLS at the least
            asyncore_use_poll=True,
        ),
        sockinfo=(listener.family, listener.type, listener.proto, listener.getsockname()),
        bind_socket=False,
    )


def _listener(address: Address) -> socket.socket:
    """A socket that is bound, and does not listen yet."""
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError) as error:
        raise Usage(f"there is no host {address.host}: {error}") from None
    family, kind, protocol, _, place = found[0]
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(place)
    except OSError as error:
        listener.close()
        raise _not_bound(address, error) from None
    return listener


def _exposed(address: Address) -> str:
    """What is to be known where other machines can connect; raises Usage where that was not thought of."""
    if address.cert:
        return f"note: other machines can connect to {address.host}, over TLS"
    if address.behind_proxy:
        return f"note: whoever can connect to {address.host} is believed to be a proxy, which says for whom it asks"
    if address.insecure_bind:
        return f"note: other machines can connect to {address.host}, and others can read their tokens on the way"
    raise Usage(
        f"other machines could connect to {address.host}, and others read their tokens on the way",
        hint="--cert FILE --key FILE for TLS, --behind-proxy where a proxy does that, or --insecure-bind",
    )


def _names(address: Address, listener: socket.socket) -> frozenset[str]:
    """The names in URLs by which programs on this machine may know the server."""
    own = (_name(address.host), _name(listener.getsockname()[0]), "localhost")
    return frozenset(name.lower().rstrip(".") for name in (*own, *address.allowed_hosts))


def _not_bound(address: Address, error: OSError) -> WerckerError:
    where = f"port {address.port} of {address.host}"
    if error.errno == errno.EADDRINUSE:
        return Refused(f"{where} is taken", hint="--port 0 takes one that is free")
    if error.errno == errno.EACCES:
        return Refused(f"{where} is for privileged programs only", hint="--port with a number from 1024 on")
    if error.errno == errno.EADDRNOTAVAIL:
        return Usage(f"{address.host} is no address of this machine")
    return Refused(f"{where} cannot be used: {error.strerror}")


def _reached_as(address: Address, listener: socket.socket) -> str:
    """The host in a URL that leads there from this machine: no name is needed for that."""
    if ip_address(listener.getsockname()[0]).is_unspecified:
        return "127.0.0.1" if listener.family == socket.AF_INET else "[::1]"
    return _name(address.host)


def _name(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _keep(service: wsgi.Service, stop: threading.Event) -> None:
    """Settles runs whose worker has died, wakes others, and looks for new pipelines, also while nobody asks."""
    store = Store(service.home)
    dispatcher = Dispatcher(store, service.workers)
    said, seen = "", dict[str, str]()
    while not stop.wait(TENDING):
        try:
            store.look_again()
            dispatcher.tend()
            checkouts.look_at_served(store, seen)
            trouble = ""
        except WerckerError:  # a full disk: whoever asks is told, and the next turn tries again
            continue
        except Exception as error:  # a machine without files or processes left, or a bug of ours: likewise
            trouble = f"{type(error).__name__}: {error}"
        if trouble and trouble != said:
            service.log(
                wsgi.Entry(time.time(), "-", "", "-", "-", 500, 0, 0.0, f"looking after the workers: {trouble}")
            )
        said = trouble
    store.close()


@contextmanager
def _signals(server: Server, stop: threading.Event) -> Iterator[None]:
    """Lets the first SIGTERM or Ctrl-C stop the server, and the second end the process."""

    def asked(number: int, _frame: Any) -> None:
        signal.signal(number, before[signal.Signals(number)])
        stop.set()
        server.pull_trigger()

    before = {number: signal.signal(number, asked) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
