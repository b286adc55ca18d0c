"""Whatever is sent to the server, it stays well, and no larger than it was."""

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import pytest

from tests.conftest import Checkout, Wercker, wait_until
from tests.engine import fuzzing
from tests.engine.server.test_memory import resident
from tests.engine.serving import API, Serve, Served
from tests.engine.stories import script

EACH = 1000  # requests of one client
FIRST, OTHERS = range(4), range(4, 20)  # clients; the first ones warm the server up
GROWTH = 5  # megabytes at most, from then on
STATUSES = {200, 206, 304, 400, 401, 403, 404, 405, 413, 415, 416, 429, 431, 501}  # 501: a Transfer-Encoding


@pytest.fixture
def served(serve: Serve, wercker: Wercker) -> Served:
    """A server whose log is for programs."""
    return serve("--log-format", "json", token=wercker("server", "token", "create", "alice").out.strip())


@pytest.fixture
def known(served: Served, wercker: Wercker, checkout: Checkout) -> fuzzing.Known:
    """What there is after a run that passed."""
    checkout.commit(script(test="seq 0 999"))
    pipeline = wercker("pipelines", "add", "--public", "-o", "id", cwd=checkout.path).out.strip()
    run = served.ask("POST", f"{API}/runs", json.dumps({"pipelineId": pipeline})).json
    wait_until(lambda: served.get(f"/runs/{run['id']}").json["status"] == "finished")
    [step] = [step for step in served.get(f"/runs/{run['id']}/steps").json if step.get("displayName") == "test"]
    names = {"run": run["id"], "step": step["id"], "application": run["application"]["id"], "pipeline": pipeline}
    checkout.path.rename(checkout.path.with_name("gone"))  # a payload may be right, and then it runs nothing
    return fuzzing.Known({**names, "owner": "local", "name": "demo"}, served.token)


def test_twenty_thousand_requests_that_nobody_would_send(served: Served, known: fuzzing.Known) -> None:
    def client(seed: int) -> list[int]:
        return fuzzing.statuses((served.host, served.port), [*islice(fuzzing.requests(seed, known), EACH)])

    def statuses(seeds: Iterable[int]) -> list[int]:
        return [status for found in clients.map(client, seeds) for status in found]

    with ThreadPoolExecutor(4) as clients:
        found = statuses(FIRST)
        before = resident(served.process.pid)
        found += statuses(OTHERS)
    assert resident(served.process.pid) - before <= GROWTH
    assert len(found) == 20_000
    assert set(found) == {fuzzing.GONE, *STATUSES}
    assert {json.loads(line)["status"] for line in served.log()} == STATUSES
    assert served.ask("GET", "/healthz").json == {"status": "ok"}
