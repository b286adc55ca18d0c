"""The server is as its description says, whatever it is asked: the requests are made up from that description."""

import json
from typing import Any, NamedTuple

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from requests import Session
from schemathesis import Case, GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import ignored_auth

from tests.conftest import Checkout, Wercker, wait_until
from tests.engine.serving import API, Serve, Served

Operation = APIOperation[Any, Any, Any, Any]

EXAMPLES = 30  # requests of each operation
PIPELINES = """\
build:
  steps:
    - script: {name: test, code: 'echo left > "$WERCKER_REPORT_ARTIFACTS_DIR/report"'}
workflows:
  - name: all
    pipelines: [{name: build}]
"""
NEEDED = {"GET /runs": {"applicationId": "0" * 24}}  # this or a pipeline, for which OpenAPI has no words


class Place(NamedTuple):
    """A server with an application that anybody may see, and the names of what there is."""

    served: Served
    names: dict[str, str]

    def met(self, case: Case[Any]) -> Case[Any]:
        """The same request, of what there is."""
        case.path_parameters, case.query = self._named(case.path_parameters), self._named(case.query)
        if isinstance(case.body, dict):
            case.body = self._named(case.body)
        return case

    def _named(self, parts: dict[str, Any]) -> dict[str, Any]:
        texts = [key for key, part in parts.items() if part and isinstance(part, str)]
        return {**parts, **{key: self.names[key] for key in texts if key in self.names}}


@pytest.fixture
def place(serve: Serve, wercker: Wercker, checkout: Checkout) -> Place:
    """Where a run has passed that left something."""
    commit = checkout.commit(PIPELINES)
    checkout.git("tag", "v1")
    pipeline = wercker("pipelines", "add", "--public", "-o", "id", cwd=checkout.path).out.strip()
    served = serve(token=wercker("server", "token", "create", "tester").out.strip())
    run = served.ask("POST", f"{API}/runs", json.dumps({"pipelineId": pipeline})).json
    wait_until(lambda: served.get(f"/runs/{run['id']}").json["status"] == "finished")
    [step] = [step for step in served.get(f"/runs/{run['id']}/steps").json if step["artifactsUrl"]]
    names = {
        "run": run["id"],
        "step": step["id"],
        "owner": "local",
        "name": "demo",
        "applicationId": run["application"]["id"],
        "pipelineId": pipeline,
        "sourceRunId": run["id"],
        "workflow": "all",
        "branch": "main",
        "tag": "v1",
        "commitHash": commit,
    }
    return Place(served, names)


def operations(served: Served) -> list[Operation]:
    """All that its description describes."""
    schema = schemathesis.openapi.from_dict(served.get("/openapi.json").json)
    schema.location = served.url  # not that of the description, which is an operation like any other
    schema.config.generation.update(with_security_parameters=False)  # a caller has a token, or none
    accepted, refused = schema.config.checks.positive_data_acceptance, schema.config.checks.negative_data_rejection
    accepted.expected_statuses = [*accepted.expected_statuses, "416"]  # nobody knows how long a file is
    refused.expected_statuses = [*refused.expected_statuses, "413"]  # a text that is too long may be far too long
    return [operation for path in schema.values() for operation in path.values()]


def answers(place: Place, operation: Operation, login: dict[str, str]) -> set[int]:
    """The statuses of the answers to requests that are right by the description and to others, all as described."""
    right, wrong = (operation.as_strategy(mode, query=NEEDED.get(operation.label)) for mode in GenerationMode)
    anything = right | wrong
    seen: set[int] = set()

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],  # on a machine that is busy
    )
    @given(anything | anything.map(place.met))
    def ask(case: Case[Any]) -> None:
        # That check sends so many wrong tokens that they are answered with 429, of which it does not know.
        answer = case.call_and_validate(session=session, headers=login, excluded_checks=[ignored_auth])
        assert answer.status_code < 500
        seen.add(answer.status_code)

    with Session() as session:
        ask()
    return seen


@pytest.mark.parametrize(
    ("token", "writing"), [([], 200), (["--read-only"], 403), (None, 401)], ids=["member", "reader", "nobody"]
)
def test_every_answer_is_as_described(place: Place, wercker: Wercker, token: list[str] | None, writing: int) -> None:
    login = {}
    if token is not None:
        login = {"Authorization": f"Bearer {wercker('server', 'token', 'create', 'alice', *token).out.strip()}"}
    seen = {operation.label: answers(place, operation, login) for operation in operations(place.served)}
    writes = {"POST /runs", "PUT /runs/{run}/abort"}
    assert writes < seen.keys()
    for label, statuses in seen.items():
        assert statuses & {200, 401, 403} == {writing if label in writes else 200}, label
