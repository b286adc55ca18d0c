"""Clients that ask without a pause while their server is killed: nothing that they were told of is lost or doubled."""

import signal
from pathlib import Path

from tests.conftest import Checkout, Wercker, wait_until
from tests.engine.clients import PIPELINES, Client, lasting_port, load, wrong
from tests.engine.serving import Serve
from tests.engine.torture.proc import belonging_to
from wercker_cli.engine.store import Store

CLIENTS, KILLS, ANSWERS = 3, 2, 20  # answers that each client gets from each server


def test_kills_of_the_server_under_load_lose_and_double_nothing(
    serve: Serve, wercker: Wercker, checkout: Checkout, home: Path
) -> None:
    checkout.commit(PIPELINES)
    pipelines = wercker("pipelines", "add", "-o", "id", cwd=checkout.path).out.split()
    token, port = wercker("server", "token", "create", "tester").out.strip(), lasting_port()
    clients = [Client(f"client {number}", port, token, pipelines) for number in range(CLIENTS)]

    def pause() -> None:
        before = [client.answers for client in clients]
        wait_until(lambda: all(client.answers >= n + ANSWERS for client, n in zip(clients, before, strict=True)))

    outages, served = load(clients, lambda: serve("--port", str(port)), pause, KILLS)
    store = Store(str(home / ".local/state/wercker"))
    wait_until(lambda: not store.one("SELECT 1 FROM runs WHERE status <> 'finished'"))
    assert served.end(signal.SIGTERM) == 0
    wait_until(lambda: belonging_to(home) == [])
    assert wrong(clients, outages, store, home / "ran") == []
    asked = {request.kind for client in clients for request in client.asked if request.status}
    assert asked == {"list", "show", "trigger", "abort"}
    store.close()
