"""The engine's answers, request by request, as any client of the API would send them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Checkout
from wercker_cli.api.transport import Request
from wercker_cli.engine import checkouts, folders, queue
from wercker_cli.engine.dispatch import Dispatcher
from wercker_cli.engine.routes import Site, answer
from wercker_cli.engine.store import NewRun, Store

WORKER = "1-1-boot"  # no process of this boot has that name
PIPELINES = "build:\n  steps: []\ntest:\n  steps: []\n"


class Api:
    """The routes over a store with one application; requests are sent without anything in between."""

    def __init__(self, store: Store, checkout: Checkout) -> None:
        self.store, self.checkout = store, checkout
        self.application = str(checkouts.register(store, str(checkout.path), print)["id"])
        self.pipelines = {row["name"]: row for row in store.pipelines(self.application, skip=0, limit=20)}

    def send(self, method: str, path: str, body: object = None, **query: str) -> tuple[int, Any]:
        """The status and the JSON of the answer."""
        raw = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        site = Site(self.store, Dispatcher(self.store), "tester", str(self.checkout.path), "http://x/api/v3")
        response = answer(site, Request(method, path, tuple(query.items()), raw))
        assert response.headers["content-length"] == str(len(response.body))
        return response.status, json.loads(response.body)

    def add_run(
        self, pipeline: str = "build", *, branch: str = "main", author: str = "tester", commit: str = "a"
    ) -> str:
        """A run that waits; no worker is woken."""
        new = NewRun(
            application=self.application,
            pipeline=self.pipelines[pipeline]["id"],
            repository=str(self.checkout.path),
            branch=branch,
            tag="",
            commit=commit * 40,
            message="m",
            env_vars=[],
            host_vars={},
            author=author,
        )
        with self.store.transaction():
            return self.store.add_run(new)

    def list(self, **query: str) -> list[str]:
        """The ids of a list."""
        status, runs = self.send("GET", "/api/v3/runs", None, **query)
        assert status == 200, runs
        return [run["id"] for run in runs]


@pytest.fixture
def api(tmp_path: Path, checkout: Checkout) -> Iterator[Api]:
    checkout.commit(PIPELINES)
    store = Store(str(tmp_path / "state"))
    yield Api(store, checkout)
    store.close()


def test_lists_page_sort_and_hold_twenty_at_most(api: Api) -> None:
    runs = [api.add_run() for _ in range(25)]
    newest = runs[::-1]
    assert api.list(applicationId=api.application) == newest[:20]
    assert api.list(applicationId=api.application, skip="20") == newest[20:]
    assert api.list(applicationId=api.application, skip="0", limit="3") == newest[:3]
    assert api.list(applicationId=api.application, sort="creationDateAsc", limit="2", skip="1") == runs[1:3]
    assert api.list(applicationId=api.application, sort="creationDateDesc", limit="1") == newest[:1]


def test_every_filter_filters(api: Api) -> None:
    plain = api.add_run()
    other = api.add_run("test")
    branch = api.add_run(branch="side")
    author = api.add_run(author="ada")
    commit = api.add_run(commit="b")
    held = queue.claim(api.store, WORKER)
    assert held is not None
    assert held["id"] == plain
    everything = {"applicationId": api.application}
    assert api.list(pipelineId=api.pipelines["test"]["id"]) == [other]
    assert api.list(**everything, pipelineId=api.pipelines["test"]["id"]) == [other]
    assert api.list(**everything, branch="side") == [branch]
    assert api.list(**everything, author="ada") == [author]
    assert api.list(**everything, commit="b" * 40) == [commit]
    assert api.list(**everything, commit="bbbb") == [commit]
    assert api.list(**everything, sourceRun=plain) == []
    assert api.list(**everything, status="started") == [plain]
    assert api.list(**everything, status="notstarted") == [commit, author, branch, other]
    assert api.list(**everything, result="unknown", author="tester", branch="main") == [commit, other, plain]
    for unknown in ({"applicationId": "f" * 24}, {**everything, "pipelineId": "f" * 24}):
        assert api.send("GET", "/api/v3/runs", None, **unknown)[0] == 404
    queue.finish(api.store, plain, WORKER, "passed", "", lambda: None)
    assert api.list(**everything, result="passed", status="finished") == [plain]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({}, "Either applicationId or pipelineId must be specified"),
        ({"limit": "21"}, "limit must be from 1 to 20"),
        ({"limit": "0"}, "limit must be from 1 to 20"),
        ({"limit": "x"}, "limit must be a number, not 'x'"),
        ({"skip": "-1"}, "skip must be a number, not '-1'"),
        ({"sort": "up"}, "sort must be one of creationDateAsc, creationDateDesc, not 'up'"),
        ({"status": "done"}, "status must be one of notstarted, started, finished, running, not 'done'"),
        ({"result": "ok"}, "result must be one of aborted, unknown, passed, failed, not 'ok'"),
        ({"commit": "main"}, "commit must be a commit hash: 4 to 64 hexadecimal digits"),
    ],
)
def test_a_bad_query_is_a_400_that_says_what(api: Api, query: dict[str, str], message: str) -> None:
    scope = {"applicationId": api.application} if query else {}
    expected = {"statusCode": 400, "error": "Bad Request", "message": message}
    assert api.send("GET", "/api/v3/runs", None, **scope, **query) == (400, expected)


def test_an_unknown_query_parameter_is_ignored(api: Api) -> None:
    assert api.list(applicationId=api.application, nobody="knows") == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pipelineId": None}, "pipelineId is required"),
        ({"commitHash": "abcdef"}, "commitHash requires branch to be set"),
        ({"branch": "main", "commitHash": "HEAD"}, "commitHash must be a commit hash: 4 to 64 hexadecimal digits"),
        ({"branch": "main", "tag": "v1"}, "branch and tag exclude each other"),
        ({"branch": 1}, "branch must be a text"),
        ({"message": "\ud800"}, "message must be a text"),
        ({"message": "m" * 65_537}, "message is longer than 65536 characters"),
        ({"branch": "b" * 65_537}, "branch is longer than 65536 characters"),
        (
            {"nobody": 1},
            "'nobody' is no key of the payload; keys: pipelineId, sourceRunId, branch, tag, commitHash, "
            "message, envVars, applicationId, workflow",
        ),
        ({"workflow": "all"}, "workflow requires applicationId to be set"),
        ({"workflow": "all", "applicationId": "a" * 24}, "workflow and pipelineId exclude each other"),
        ({"envVars": {}}, "envVars must be an array of objects with key and value"),
        ({"envVars": [{"key": "A"}]}, "Each of envVars must be an object with key and value"),
        ({"envVars": [{"key": "A B", "value": ""}]}, "'A B' in envVars is no name of a variable"),
        ({"envVars": [{"key": "A", "value": 1}]}, "The value of A in envVars must be a text"),
    ],
)
def test_a_bad_payload_is_a_400_and_no_run(api: Api, change: dict[str, Any], message: str) -> None:
    payload = {"pipelineId": api.pipelines["build"]["id"], **change}
    status, said = api.send("POST", "/api/v3/runs/", payload)
    assert (status, said["message"]) == (400, message)
    assert api.list(applicationId=api.application) == []


@pytest.mark.parametrize("tag", ["v1~1", "v1^", "v1^{tree}", "../heads/main", "v1@{0}", "v1 "])
def test_a_tag_is_the_name_of_one_and_no_expression(api: Api, tag: str) -> None:
    api.checkout.commit(PIPELINES, "second")
    api.checkout.git("tag", "v1")
    status, said = api.send("POST", "/api/v3/runs/", {"pipelineId": api.pipelines["build"]["id"], "tag": tag})
    assert (status, said["message"]) == (400, f"{tag!r} is no name of a tag")
    assert api.list(applicationId=api.application) == []


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/api/v3/runs/{none}", 404, "There is no run {none}"),
        ("GET", "/api/v3/runs/{none}/steps", 404, "There is no run {none}"),
        ("PUT", "/api/v3/runs/{none}/abort", 404, "There is no run {none}"),
        ("GET", "/api/v3/runsteps/{none}", 404, "There is no step {none}"),
        ("GET", "/api/v3/runsteps/{none}/log", 404, "There is no step {none}"),
        ("GET", "/api/v3/applications/no/body", 404, "There is no application no/body"),
        ("GET", "/api/v3/applications/no/body/pipelines", 404, "There is no application no/body"),
        ("GET", "/api/v3/nothing", 404, "Nothing is at /api/v3/nothing"),
        ("GET", "/api/v3/runs/a%2Fb", 404, "Nothing is at /api/v3/runs/a%2Fb"),
        ("DELETE", "/api/v3/runs/{none}", 405, "DELETE is not for this path; GET is"),
        ("POST", "/api/v3/runs", 400, "The body is not JSON"),
    ],
)
def test_what_is_not_there(api: Api, method: str, path: str, status: int, message: str) -> None:
    none = "f" * 24
    code, said = api.send(method, path.replace("{none}", none))
    assert (code, said["statusCode"], said["message"]) == (status, status, message.replace("{none}", none))


def test_an_unknown_pipeline_is_a_404(api: Api) -> None:
    status, said = api.send("POST", "/api/v3/runs/", {"pipelineId": "f" * 24})
    assert (status, said["message"]) == (404, f"There is no pipeline {'f' * 24}")


def test_a_log_comes_whole_or_from_a_byte_on(api: Api) -> None:
    run = api.add_run()
    step = api.store.steps(run)[0]
    site = Site(api.store, Dispatcher(api.store), "tester", None, "http://x")

    def log(wanted: str = "") -> tuple[int, str, bytes]:
        headers = {"Range": wanted} if wanted else {}
        response = answer(site, Request("GET", f"/api/v3/runsteps/{step['id']}/log", headers=headers))
        return (
            response.status,
            response.headers.get("content-range", ""),
            response.file.read() if response.file else response.body,
        )

    assert log() == (200, "", b"")
    assert log("bytes=0-") == (200, "", b"")
    path = Path(folders.log(api.store.home, run, 1))
    path.parent.mkdir(parents=True)
    path.write_bytes(b"0123456789")
    assert log() == (200, "", b"0123456789")
    assert log("bytes=4-") == (206, "bytes 4-9/10", b"456789")
    assert log("bytes=4-5") == (206, "bytes 4-5/10", b"45")
    assert log("bytes=-3") == (206, "bytes 7-9/10", b"789")
    assert log("bytes=10-")[:2] == (416, "bytes */10")
    assert log("lines=1-2") == (200, "", b"0123456789")


def test_a_step_has_its_run_and_its_project(api: Api) -> None:
    run = api.add_run()
    step = api.store.steps(run)[0]["id"]
    status, shown = api.send("GET", f"/api/v3/runsteps/{step}")
    assert status == 200
    assert shown["step"] == "get code"
    assert shown["run"]["id"] == run
    assert shown["project"]["id"] == api.application
    assert shown["logUrl"] == f"http://x/api/v3/runsteps/{step}/log"


def test_applications_and_pipelines(api: Api) -> None:
    status, application = api.send("GET", "/api/v3/applications/local/demo")
    assert (status, application["id"], application["privacy"]) == (200, api.application, "private")
    assert api.send("GET", "/api/v3/applications/local") == (200, [application])
    status, pipelines = api.send("GET", "/api/v3/applications/local/demo/pipelines")
    assert [pipeline["name"] for pipeline in pipelines] == ["build", "test"]
    assert api.send("GET", "/api/v3/applications/local/demo/pipelines", None, skip="1", limit="1")[1] == pipelines[1:]


def test_new_pipelines_appear_and_a_broken_file_loses_none(api: Api) -> None:
    notes: list[str] = []
    api.checkout.commit(PIPELINES + "deploy:\n  steps: []\n")
    checkouts.register(api.store, str(api.checkout.path), notes.append)
    assert [row["name"] for row in api.store.pipelines(api.application, skip=0, limit=20)] == [
        "build",
        "test",
        "deploy",
    ]
    api.checkout.commit("build: [")
    checkouts.register(api.store, str(api.checkout.path), notes.append)
    assert len(api.store.pipelines(api.application, skip=0, limit=20)) == 3
    assert notes == [
        "note: wercker.yml:2:1: this is not YAML: did not find expected node content; its pipelines are those known "
        "from before"
    ]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("git@github.com:acme/site.git", "acme/site"),
        ("https://user:secret@git.example.com:8443/group/sub/tool", "sub/tool"),
        ("ssh://git@example.com/acme/site.git/", "acme/site"),
        ("../elsewhere", "local/demo"),
        ("/srv/git/acme/site.git", "local/demo"),
        ("file:///srv/git/acme/site.git", "local/demo"),
    ],
)
def test_an_application_is_named_after_its_remote(api: Api, url: str, name: str) -> None:
    api.checkout.git("remote", "add", "origin", url)
    row = checkouts.register(api.store, str(api.checkout.path), print)
    assert f"{row['owner']}/{row['name']}" == name


def test_two_folders_of_one_name_are_two_applications(api: Api, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    other = Checkout(tmp_path / "elsewhere" / "demo")
    other.commit(PIPELINES)
    row = checkouts.register(api.store, str(other.path), print)
    assert (row["owner"], row["name"]) == ("local", "demo-2")


def test_a_fault_of_the_engine_is_a_500(api: Api) -> None:
    api.store.write("DROP TABLE steps")
    run_ids = api.send("GET", f"/api/v3/runs/{'f' * 24}/steps")
    assert run_ids[0] == 404
    status, said = api.send("GET", f"/api/v3/runsteps/{'f' * 24}")
    assert (status, said) == (
        500,
        {"statusCode": 500, "error": "Internal Server Error", "message": "OperationalError: no such table: steps"},
    )
