"""The description of the API and the API are one: what it says is so, and there is nothing else."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import openapi_spec_validator
import pytest

from tests.conftest import Checkout, Wercker
from tests.engine.conftest import STATE
from wercker_cli.api.transport import Request, Response
from wercker_cli.engine import checkouts, parameters, routes
from wercker_cli.engine.dispatch import Dispatcher
from wercker_cli.engine.store import Store

BASE = "https://ci.example.com/api/v3"
PIPELINES = """\
build:
  steps:
    - script: {name: test, code: 'echo out; echo left > "$WERCKER_REPORT_ARTIFACTS_DIR/report"'}
  after-steps:
    - script: {name: report, code: 'true'}
deploy:
  steps:
    - script: {name: copy, code: exit 3}
workflows:
  - name: all
    pipelines: [{name: build}, {name: deploy, requires: [build]}]
"""


class Described:
    """The routes over a store in which things have happened; every answer is held against the description."""

    def __init__(self, store: Store, checkout: Checkout) -> None:
        self._site = routes.Site(store, Dispatcher(store), "tester", str(checkout.path), BASE)
        self.document = json.loads(self.send("GET", "/openapi.json").body)
        self.seen: set[tuple[str, str, int]] = set()

    def send(self, method: str, path: str, body: object = None, **query: str) -> Response:
        """The plain answer."""
        raw = None if body is None else json.dumps(body).encode()
        response = routes.answer(self._site, Request(method, f"/api/v3{path}", tuple(query.items()), raw))
        if response.file:
            with response.file as file:
                return response._replace(body=file.read())
        return response

    def ask(self, method: str, path: str, body: object = None, *, status: int = 200, **query: str) -> Any:
        """The answer of that status, which is as described; text where it is no JSON."""
        response = self.send(method, path, body, **query)
        assert response.status == status, response
        template, operation = self._operation(method, path)
        described = operation["responses"].get(str(status), operation["responses"]["default"])
        self.seen.add((method, template, status))
        [kind] = described["content"]
        assert response.headers["content-type"].startswith(kind)
        if kind != "application/json":
            return response.body
        answer = json.loads(response.body)
        self.check(answer, self.closed(described["content"][kind]["schema"]))
        return answer

    def check(self, value: object, schema: dict[str, Any]) -> None:
        """Fails unless the value is of the schema, the formats in it too."""
        whole = {**schema, "components": self.closed(self.document["components"])}
        jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker()).validate(value)

    def closed(self, schema: Any) -> Any:
        """The schema, in which a key that is not named is a mistake."""
        if isinstance(schema, list):
            return [self.closed(part) for part in schema]
        if not isinstance(schema, dict):
            return schema
        parts = {key: self.closed(value) for key, value in schema.items()}
        names_keys = parts.get("type") == "object" and "properties" in parts
        return {"additionalProperties": False, **parts} if names_keys else parts

    def _operation(self, method: str, path: str) -> tuple[str, dict[str, Any]]:
        for template, operations in self.document["paths"].items():
            if method.lower() in operations and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
                return template, operations[method.lower()]
        raise AssertionError(f"{method} {path} is not described")


@pytest.fixture
def described(checkout: Checkout, tmp_path: Path) -> Iterator[Described]:
    """Where nothing has happened yet."""
    checkout.commit(PIPELINES)
    store = Store(str(tmp_path / "state"))
    checkouts.register(store, str(checkout.path), print)
    yield Described(store, checkout)
    store.close()


@pytest.fixture
def lively(wercker: Wercker, checkout: Checkout, home: Path) -> Iterator[Described]:
    """Where a workflow has run, whose second pipeline failed."""
    checkout.commit(PIPELINES)
    wercker("pipelines", "add", str(checkout.path), "--public")
    wercker("runs", "trigger", "--workflow", "all", "--wait", cwd=checkout.path, code=10)
    checkout.git("tag", "v1")
    store = Store(str(home / STATE))
    yield Described(store, checkout)
    store.close()


def test_the_description_is_valid(described: Described) -> None:
    openapi_spec_validator.validate(described.document)
    assert described.document["servers"] == [{"url": BASE}]


def test_every_route_is_described_and_nothing_else(described: Described) -> None:
    told = {(method.upper(), path) for path, operations in described.document["paths"].items() for method in operations}
    known = {(method, re.sub(r"\(\?P<(\w+)>[^)]+\)", r"{\1}", path.pattern)) for method, path, _ in routes._ROUTES}
    assert told == known | {("GET", "/healthz")}
    assert described.document["paths"]["/healthz"]["get"]["servers"] == [{"url": "https://ci.example.com"}]
    names = [
        operation["operationId"]
        for operations in described.document["paths"].values()
        for operation in operations.values()
    ]
    assert len(set(names)) == len(names)


def test_every_query_parameter_and_payload_key_is_described(described: Described) -> None:
    def queries(path: str) -> set[str]:
        return {
            parameter["name"]
            for parameter in described.document["paths"][path]["get"]["parameters"]
            if parameter["in"] == "query"
        }

    page = {"limit", "skip"}
    assert queries("/runs") == parameters._FILTERS.keys() | page | {"sort"}
    assert queries("/applications/{owner}/{name}/pipelines") == page
    assert described.document["components"]["schemas"]["Trigger"]["properties"].keys() == set(parameters.PAYLOAD)


def test_reading_needs_no_token_and_writing_does(described: Described) -> None:
    needs = {
        (method, path): operation["security"]
        for path, operations in described.document["paths"].items()
        for method, operation in operations.items()
    }
    assert [needs.pop(("get", path)) for path in ("/openapi.json", "/healthz")] == [[], []]
    for (method, _), security in needs.items():
        assert security == ([{"bearer": []}, {}] if method == "get" else [{"bearer": []}])


def test_every_answer_is_as_described(lively: Described) -> None:
    ask = lively.ask
    [application] = ask("GET", "/applications/local")
    assert ask("GET", "/applications/local/demo") == application
    pipelines = {row["name"]: row for row in ask("GET", "/applications/local/demo/pipelines")}
    deploy, build = ask("GET", "/runs", applicationId=application["id"], limit="2", skip="0")
    assert ask("GET", f"/runs/{build['id']}") == {**build, "envVars": [], "commits": []}
    failed = [step for step in ask("GET", f"/runs/{deploy['id']}/steps") if step["result"] == "failed"]
    assert [step["message"] for step in failed] == ["Command exited with exit code: 3"]
    [test] = [step for step in ask("GET", f"/runs/{build['id']}/steps") if step.get("displayName") == "test"]
    assert ask("GET", f"/runsteps/{test['id']}")["project"] == build["application"]
    assert ask("GET", f"/runsteps/{test['id']}/log").endswith(b"out\n")
    assert ask("GET", f"/runsteps/{test['id']}/artifacts")
    assert ask("GET", f"/runs/{build['id']}/artifact")
    payload = {
        "pipelineId": pipelines["build"]["id"],
        "tag": "v1",
        "message": "again",
        "envVars": [{"key": "A", "value": "b"}, {"key": "SECRET", "value": "hidden", "protected": True}],
    }
    lively.check(payload, {"$ref": "#/components/schemas/Trigger"})
    run = ask("POST", "/runs", payload)["id"]
    assert ask("PUT", f"/runs/{run}/abort")["envVars"][1] == {"key": "SECRET", "value": None, "protected": True}
    tagged = ask("GET", f"/runs/{run}")
    keys = {key for found in (deploy, build, tagged) for key in found}
    assert keys == lively.document["components"]["schemas"]["RunInFull"]["properties"].keys()
    assert ask("GET", "/openapi.json") == lively.document
    operations = {(method, path) for method, path, status in lively.seen if status == 200}
    assert len(operations) == len(routes._ROUTES)


def test_refusals_are_as_described(described: Described) -> None:
    nothing = "0" * 24
    for path in ("/runs/{}", "/runs/{}/steps", "/runs/{}/artifact", "/runsteps/{}", "/runsteps/{}/log"):
        described.ask("GET", path.format(nothing), status=404)
    described.ask("GET", "/applications/nobody/nothing", status=404)
    described.ask("PUT", f"/runs/{nothing}/abort", status=404)
    described.ask("GET", "/runs", status=400)
    described.ask("POST", "/runs", {"nobody": "knows"}, status=400)
    assert described.ask("POST", "/runs", {"pipelineId": nothing}, status=404)["error"] == "Not Found"


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"branch": "b", "commitHash": "ABCDEF", "tag": "", "sourceRunId": None, "message": "two\nlines"},
        {"message": 65_536 * "😀"},
        {"tag": "v", "branch": None, "commitHash": "", "envVars": None, "applicationId": "", "workflow": ""},
        {"envVars": [{"key": "A", "value": ""}, {"key": "A", "value": "b", "protected": False}]},
    ],
)
def test_a_payload_that_is_understood_is_one_by_the_description(described: Described, more: dict[str, Any]) -> None:
    payload = {"pipelineId": "0" * 24, **more}
    described.check(payload, {"$ref": "#/components/schemas/Trigger"})
    assert described.ask("POST", "/runs", payload, status=404)["message"] == f"There is no pipeline {'0' * 24}"


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"pipelineId": "x", "nobody": "knows"},
        {"pipelineId": "x", "commitHash": "abcd"},
        {"pipelineId": "x", "branch": "b", "commitHash": "HEAD"},
        {"pipelineId": "x", "envVars": [{"key": "A"}]},
        {"pipelineId": "x", "envVars": [{"key": "1A", "value": ""}]},
        {"pipelineId": "x", "envVars": [{"key": "A", "value": "", "secret": True}]},
        {"pipelineId": "x", "message": 1},
        {"pipelineId": "x", "message": False},
        {"pipelineId": "x", "tag": []},
        {"workflow": "all"},
        {"pipelineId": "", "message": None},
        {"pipelineId": "x", "commitHash": "abcd", "branch": ""},
        {"pipelineId": "x", "branch": "b", "tag": "v"},
        {"applicationId": "x", "workflow": "all", "pipelineId": "x"},
        {"applicationId": "x", "workflow": "all", "sourceRunId": "x"},
        {"pipelineId": "x", "message": "\0"},
        {"pipelineId": "x", "message": 65_537 * "m"},
    ],
)
def test_a_payload_that_is_refused_is_none_by_the_description(described: Described, payload: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        described.check(payload, {"$ref": "#/components/schemas/Trigger"})
    described.ask("POST", "/runs", payload, status=400)
