"""What a server remembers of its answers is little, whoever asks for what."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import Checkout, Wercker
from tests.engine.conftest import STATE
from tests.engine.serving import API, Served
from wercker_cli.engine import parameters
from wercker_cli.engine.store import Store

LONG = "m" * parameters.LONGEST_TEXT


def resident(process: int) -> int:
    """Megabytes of a process that are in memory."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) // 1000


def test_large_answers_to_many_questions_take_no_memory(served: Served, wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit("build:\n  steps: []\n")
    pipeline = wercker("pipelines", "add", "--public", "-o", "id", cwd=checkout.path).out.strip()
    for _ in range(parameters.MAX_LIMIT):
        payload = json.dumps({"pipelineId": pipeline, "message": LONG})
        assert served.ask("POST", f"{API}/runs", payload).status == 200
    before = resident(served.process.pid)
    questions = [
        f"/runs?pipelineId={pipeline}&limit={'0' * some}20&x={more}" for some in range(7) for more in range(40)
    ]
    with ThreadPoolExecutor(4) as pool:
        sizes = set(pool.map(lambda question: len(served.get(question).body) // len(LONG), questions))
    assert sizes == {parameters.MAX_LIMIT}
    assert resident(served.process.pid) - before < 100


def test_what_is_remembered_is_forgotten_whoever_changes_anything(
    served: Served, wercker: Wercker, checkout: Checkout, home: Path
) -> None:
    checkout.commit("build:\n  steps: []\n")
    pipeline = wercker("pipelines", "add", "-o", "id", cwd=checkout.path).out.strip()
    wercker("runs", "trigger", "-p", "build", "--wait", cwd=checkout.path)
    store = Store(str(home / STATE))

    def told(_: int) -> str:
        [run] = served.get(f"/runs?pipelineId={pipeline}").json
        return str(run["message"])

    with ThreadPoolExecutor(8) as pool:
        for number in range(20):
            store.write("UPDATE runs SET message = :message", message=f"message {number}")
            assert set(pool.map(told, range(16))) == {f"message {number}"}
    store.close()


@pytest.mark.parametrize(
    "more",
    [
        "limit=1",
        "skip=1",
        "sort=creationDateAsc",
        "status=notstarted",
        "result=failed",
        "branch=other",
        "tag=v1",
        "commit=0000",
        "sourceRun=none",
        "author=nobody",
        "applicationId=none",
    ],
)
def test_what_is_remembered_answers_no_other_question(
    served: Served, wercker: Wercker, checkout: Checkout, more: str
) -> None:
    checkout.commit("build:\n  steps: []\n")
    pipeline = wercker("pipelines", "add", "-o", "id", cwd=checkout.path).out.strip()
    for _ in range(2):
        wercker("runs", "trigger", "-p", "build", "--wait", cwd=checkout.path)
    first = served.get(f"/runs?pipelineId={pipeline}")
    assert served.get(f"/runs?pipelineId={pipeline}&x=1").json == first.json
    other = served.get(f"/runs?pipelineId={pipeline}&{more}")
    assert other.json != first.json
    assert len(first.json) == 2
