"""Eight clients of a server that is killed ten times: python -m tests.bench.load [SECONDS]

They list, show, trigger and abort without a pause, while runs really execute. Nothing that they were told of may be
lost or doubled.
"""

import random
import statistics
import time
from collections import Counter
from collections.abc import Sequence

from tests.bench.ground import WERCKER, Ground, ground, rounds
from tests.engine.clients import EXPECTED, PIPELINES, Client, Outage, lasting_port, load, wrong
from tests.engine.serving import Served, launch
from tests.engine.torture.proc import belonging_to
from wercker_cli.engine.store import Store

CLIENTS, KILLS = 8, 10
PATIENCE = 600.0  # seconds in which what was queued has to end


def until_ended(at: Ground, store: Store, served: Served) -> float:
    """Seconds until nothing runs or waits any more; then the server and its workers have to go."""
    began = time.monotonic()
    while store.one("SELECT 1 FROM runs WHERE status <> 'finished' LIMIT 1"):
        if time.monotonic() - began > PATIENCE:
            raise RuntimeError("runs do not end")
        time.sleep(0.05)
    took = time.monotonic() - began
    served.end()
    while left := belonging_to(at.folder):
        if time.monotonic() - began > PATIENCE:
            raise RuntimeError(f"still alive: {left}")
        time.sleep(0.05)
    return took


def print_times(clients: Sequence[Client], outages: Sequence[Outage]) -> None:
    """How long each kind of request took, as far as the server was there."""
    asked = [one for client in clients for one in client.asked]
    undisturbed = [one for one in asked if not any(outage.delays(one) for outage in outages)]
    away = sum(outage.ended - outage.began for outage in outages)
    broken = sum(one.status == 0 for one in asked)
    print(f"{len(asked)} requests, {broken} of them broken; {len(outages)} outages of {away:.1f} s together")
    for kind in EXPECTED:
        took = [1000 * (one.ended - one.began) for one in undisturbed if one.kind == kind]
        hundredths = statistics.quantiles(took, n=100)
        print(f"{kind:7} {len(took):6}   p50 {hundredths[49]:6.1f} ms   p99 {hundredths[98]:6.1f} ms")


def main() -> None:
    """Lets them ask, waits for the end of all runs, looks for what is wrong, and prints the times."""
    with ground({"wercker.yml": PIPELINES}) as at:
        pipelines = at.wercker("pipelines", "add", "-o", "id").split()
        token, port = at.wercker("server", "token", "create", "bench").strip(), lasting_port()
        clients = [Client(f"client {number}", port, token, pipelines) for number in range(CLIENTS)]
        command = [WERCKER, "server", "start", "--port", str(port)]
        log = at.folder / "server.log"
        chance, mean = random.Random(CLIENTS), rounds(60) / (KILLS + 1)
        outages, served = load(
            clients,
            lambda: launch(command, at.environ, log),
            lambda: time.sleep(chance.uniform(0.5, 1.5) * mean),
            KILLS,
        )
        store = Store(str(at.folder / ".local/state/wercker"))
        took = until_ended(at, store, served)
        results = Counter(row["result"] for row in store.all("SELECT result FROM runs"))
        found = wrong(clients, outages, store, at.folder / "ran")
        if "Traceback" in log.read_text():
            found.append(log.read_text())
        store.close()
    print_times(clients, outages)
    untold = results.total() - sum(len(client.made) for client in clients)
    print(f"{results.total()} runs, {untold} of them unanswered, all ended {took:.1f} s later: {dict(results)}")
    if found:
        raise RuntimeError("\n".join(found))


if __name__ == "__main__":
    main()
