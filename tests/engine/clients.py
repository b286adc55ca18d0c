"""Clients that list, show, trigger and abort without a pause, while their server is killed; and what must hold then."""

import http.client
import json
import os
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from tests.conftest import PATIENCE
from tests.engine.serving import API, Served
from wercker_cli.engine import folders
from wercker_cli.engine.store import Store

# Both note that they have run; the other one can be aborted on its way.
PIPELINES = """
quick:
  steps:
    - script: {name: note, code: 'echo "$WERCKER_RUN_ID" >> "$HOME/ran"'}
slow:
  steps:
    - script: {name: note, code: 'echo "$WERCKER_RUN_ID" >> "$HOME/ran"'}
    - script: {name: wait, code: 'sleep 0.1'}
"""
EXPECTED = {"list": 200, "show": 200, "trigger": 200, "abort": 200}  # and a broken connection while nobody serves
OFTEN = {"list": 8, "show": 8, "trigger": 2, "abort": 1}  # how often each comes beside the others
AGAIN = 0.02  # seconds until a client asks again whose connection broke


class Asked(NamedTuple):
    """A request; times are of `time.monotonic`."""

    kind: str
    connected: float  # when its connection was made
    began: float
    ended: float
    status: int  # 0 where the connection broke
    body: bytes


class Outage(NamedTuple):
    """The time in which nobody serves: from the blow on until the next server listens."""

    began: float
    ended: float

    def explains(self, asked: Asked) -> bool:
        """Whether the connection of that request ended with the server, or found none."""
        return asked.connected <= self.ended and asked.ended >= self.began

    def delays(self, asked: Asked) -> bool:
        """Whether the request was under way then."""
        return asked.began <= self.ended and asked.ended >= self.began


class Client:
    """One of them, with what it asked and what it was told."""

    def __init__(self, name: str, port: int, token: str, pipelines: Sequence[str]) -> None:
        """`pipelines` are ids; the name decides what it asks in which order."""
        self.asked: list[Asked] = []
        self.tried: list[str] = []  # the messages of its triggers, each another one
        self.made: dict[str, str] = {}  # the runs that it was told of, by message
        self.aborted: set[str] = set()  # the runs whose end it asked for
        self.ended: dict[str, str] = {}  # the results that it was told of
        self._name, self._pipelines, self._chance = name, pipelines, random.Random(name)
        self._login = {"Authorization": f"Bearer {token}"}
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2 * PATIENCE)
        self._connected = 0.0

    @property
    def answers(self) -> int:
        """How many it got so far."""
        return sum(asked.status != 0 for asked in self.asked)

    def work(self, stop: threading.Event) -> None:
        """Asks until it is to stop."""
        while not stop.is_set():
            kind = self._chance.choices(list(OFTEN), list(OFTEN.values()))[0] if self.made else "trigger"
            getattr(self, f"_{kind}")()
            if self.asked[-1].status == 0:
                time.sleep(AGAIN)
        self._connection.close()

    def _list(self) -> None:
        self._ask("list", "GET", f"/runs?pipelineId={self._chance.choice(self._pipelines)}")

    def _show(self) -> None:
        self._note_end(self._ask("show", "GET", f"/runs/{self._any_run()}"))

    def _trigger(self) -> None:
        message = f"{self._name} {len(self.tried)}"
        self.tried.append(message)
        told = self._ask("trigger", "POST", "/runs", pipelineId=self._chance.choice(self._pipelines), message=message)
        if told:
            self.made[message] = told["id"]

    def _abort(self) -> None:
        run = self._any_run()
        self.aborted.add(run)
        self._note_end(self._ask("abort", "PUT", f"/runs/{run}/abort"))

    def _any_run(self) -> str:
        """One of its latest, which may still be on their way."""
        return self._chance.choice(list(self.made.values())[-5:])

    def _note_end(self, told: Any) -> None:
        if told and told["status"] == "finished":
            self.ended[told["id"]] = told["result"]

    def _ask(self, kind: str, method: str, path: str, **payload: str) -> Any:
        """What it is told; None where that is not what is expected."""
        began = time.monotonic()
        try:
            if self._connection.sock is None:
                self._connected = began
            self._connection.request(method, f"{API}{path}", json.dumps(payload) if payload else None, self._login)
            answer = self._connection.getresponse()
            status, body = answer.status, answer.read()
        except (ConnectionError, http.client.IncompleteRead):  # the server was killed
            self._connection.close()
            status, body = 0, b""
        self.asked.append(Asked(kind, self._connected, began, time.monotonic(), status, body))
        return json.loads(body) if status == EXPECTED[kind] else None


def lasting_port() -> int:
    """A free port that no connection gets by chance while its server is away: a client could connect to itself."""
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.randrange(10_000, lowest)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port


def load(
    clients: Sequence[Client], serve: Callable[[], Served], pause: Callable[[], None], kills: int
) -> tuple[list[Outage], Served]:
    """Lets them ask, and after a pause kills their server and starts the next one, so many times, with a pause behind.

    Gives the times without a server, and the last one.
    """
    outages = []
    stop = threading.Event()
    served = serve()
    with ThreadPoolExecutor(len(clients)) as pool:
        working = [pool.submit(client.work, stop) for client in clients]
        try:
            pause()
            for _ in range(kills):
                began = time.monotonic()
                served.process.kill()
                served.process.wait()
                served = serve()
                outages.append(Outage(began, time.monotonic()))
                pause()
        finally:
            stop.set()
        for client in working:
            client.result()
    return outages, served


def wrong(clients: Sequence[Client], outages: Sequence[Outage], store: Store, ran: Path) -> list[str]:
    """What must not be once all runs have ended, a sentence each; `ran` is the file in which they note themselves."""
    rows = {row["id"]: row for row in store.all("SELECT id, message, result FROM runs")}
    times = Counter(row["message"] for row in rows.values())
    executed = Counter(ran.read_text().split())
    aborted = set().union(*(client.aborted for client in clients))
    found = [f"PRAGMA integrity_check: {row[0]}" for row in store.all("PRAGMA integrity_check") if row[0] != "ok"]
    if os.path.exists(folders.worker_log(store.home)):
        found.append(Path(folders.worker_log(store.home)).read_text())
    for client in clients:
        for asked in client.asked:
            if asked.status not in {0, EXPECTED[asked.kind]}:
                found.append(f"{asked.kind}: {asked.status} {asked.body.decode()}")
            if asked.status == 0 and not any(outage.explains(asked) for outage in outages):
                found.append(f"{asked.kind}: the connection broke while the server was there")
        for message, run in client.made.items():
            if run not in rows or rows[run]["message"] != message:
                found.append(f"the run {run} ({message}) is lost")
        for run, result in client.ended.items():
            if run in rows and rows[run]["result"] != result:
                found.append(f"the run {run} had {result}, and has {rows[run]['result']}")
        found += [f"{message} was triggered {times[message]} times" for message in client.tried if times[message] > 1]
    for run, row in rows.items():
        if row["result"] != "passed" and not (row["result"] == "aborted" and run in aborted):
            found.append(f"the run {run} has {row['result']}")
        if executed[run] > 1 or (row["result"] == "passed" and not executed[run]):
            found.append(f"the run {run} has {row['result']}, and was executed {executed[run]} times")
    return found
