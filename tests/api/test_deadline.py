"""What no signal ends must not hold a command up."""

import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from tests.api.conftest import Connect
from tests.raw_server import RawServer, json
from wercker_cli.api.transport import Request
from wercker_cli.errors import Unreachable

GET = Request("GET", "/runs")


@pytest.mark.parametrize("anywhere", ["main", "other"])
def test_a_lookup_that_is_stuck_ends_in_time(connect: Connect, anywhere: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck, threads = threading.Event(), []

    def look_up(*_: object, **__: object) -> None:
        threads.append(threading.current_thread())
        stuck.wait()

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    transport = connect("http://ci.example.com", timeout=0.3)
    with ThreadPoolExecutor(1) as pool:
        ask = pool.submit(transport.send, GET).result if anywhere == "other" else partial(transport.send, GET)
        with pytest.raises(Unreachable) as caught:
            ask()
    assert caught.value.message == "http://ci.example.com/api/v3 did not answer within 0.3 s"
    assert threads[0].is_alive()  # nobody has waited for it
    assert threads[0] not in {threading.main_thread(), *pool._threads}
    stuck.set()
    for thread in threads:
        thread.join()


def test_a_lookup_that_fails_fails_here(
    raw: Callable[..., RawServer], connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, real, tries = raw(json("[1]")), socket.getaddrinfo, []

    def look_up(*args: Any, **more: Any) -> Any:
        tries.append(args)
        if len(tries) < 3:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure")
        return real(*args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert connect(server.url).send(GET).body == b"[1]"
    assert len(tries) == 3
