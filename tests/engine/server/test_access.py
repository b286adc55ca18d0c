"""Who may see and do what through the server."""

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import Checkout, Wercker, wait_until
from tests.engine.serving import API, Serve, Served
from tests.engine.stories import run, script
from wercker_cli.engine.logins import Logins
from wercker_cli.engine.store import Store


class Place(NamedTuple):
    """An application with a run."""

    application: str
    name: str
    pipeline: str
    run: str
    step: str

    def paths(self) -> list[str]:
        """Everything that can be read of it."""
        return [
            f"/runs?applicationId={self.application}",
            f"/runs?pipelineId={self.pipeline}",
            f"/runs/{self.run}",
            f"/runs/{self.run}/steps",
            f"/runs/{self.run}/artifact",
            f"/runsteps/{self.step}",
            f"/runsteps/{self.step}/log",
            f"/applications/local/{self.name}",
            f"/applications/local/{self.name}/pipelines",
        ]


@pytest.fixture
def place(wercker: Wercker, tmp_path: Path) -> Callable[..., Place]:
    """Makes applications, which are known as `add` says: None for one that was never added."""

    def make(name: str, *add: str | None) -> Place:
        checkout = Checkout(tmp_path / name)
        checkout.commit(script(says="echo hello > kept"))
        story = run(wercker, checkout)
        if None not in add:
            wercker("pipelines", "add", str(checkout.path), *[str(word) for word in add])
        return Place(
            story.run["application"]["id"],
            name,
            story.run["pipeline"]["id"],
            story.run["id"],
            next(step["id"] for step in story.steps if step.get("displayName") == "says"),
        )

    return make


def statuses(served: Served, place: Place) -> set[int]:
    """What reading everything of an application is answered with."""
    return {served.get(path).status for path in place.paths()}


def writes(served: Served, place: Place) -> list[tuple[int, str]]:
    """What the server says to a trigger and an abort."""
    trigger = served.ask("POST", f"{API}/runs/", json.dumps({"pipelineId": place.pipeline}))
    abort = served.ask("PUT", f"{API}/runs/{place.run}/abort")
    return [(200, "") if answer.status == 200 else answer.fault for answer in (trigger, abort)]


def test_only_what_was_added_exists_and_without_a_token_only_what_is_public(
    serve: Serve, place: Callable[..., Place], wercker: Wercker
) -> None:
    unknown, private, public = place("unknown", None), place("private"), place("public", "--public")
    full = wercker("server", "token", "create", "alice").out.strip()
    reading = wercker("server", "token", "create", "bob", "--read-only").out.strip()
    served = serve()

    assert [statuses(served, where) for where in (unknown, private, public)] == [{404}, {404}, {200}]
    needs_a_token = (401, "This needs a token")
    assert [writes(served, where) for where in (unknown, private, public)] == [
        [needs_a_token, not_there(unknown)],
        [needs_a_token, not_there(private)],
        [needs_a_token, needs_a_token],
    ]
    assert served.ask("POST", f"{API}/runs/", "no JSON").fault == needs_a_token
    assert [app["name"] for app in served.get("/applications/local").json] == ["public"]

    served.token = reading
    assert [statuses(served, where) for where in (unknown, private, public)] == [{404}, {200}, {200}]
    only_reads = (403, "This token may only read")
    assert writes(served, unknown) == [only_reads, not_there(unknown)]
    assert [writes(served, where) for where in (private, public)] == [[only_reads] * 2] * 2
    assert served.ask("POST", f"{API}/runs/", "no JSON").fault == only_reads

    served.token = full
    assert [statuses(served, where) for where in (unknown, private, public)] == [{404}, {200}, {200}]
    assert writes(served, unknown) == [(404, f"There is no pipeline {unknown.pipeline}"), not_there(unknown)]
    assert [writes(served, where) for where in (private, public)] == [[(200, "")] * 2] * 2
    assert served.get(f"/runs?applicationId={private.application}").json[0]["user"]["name"] == "alice"
    assert [app["name"] for app in served.get("/applications/local").json] == ["private", "public"]

    body = json.dumps({"pipelineId": private.pipeline, "sourceRunId": unknown.run})
    assert served.ask("POST", f"{API}/runs/", body).fault == (404, f"sourceRunId: there is no run {unknown.run}")


def not_there(place: Place) -> tuple[int, str]:
    """The answer to an abort of what does not exist."""
    return 404, f"There is no run {place.run}"


def test_what_was_public_is_so_until_it_is_made_private(
    serve: Serve, place: Callable[..., Place], wercker: Wercker, tmp_path: Path
) -> None:
    added, served = place("added", "--public"), serve()
    for option, status in (([], 200), (["--private"], 404), ([], 404), (["--public"], 200)):
        wercker("pipelines", "add", str(tmp_path / "added"), *option)
        assert statuses(served, added) == {status}


def test_a_run_is_of_the_folder_that_was_added_wherever_else_its_application_is(
    served: Served, place: Callable[..., Place], wercker: Wercker, tmp_path: Path
) -> None:
    added = place("added")
    checkout = Checkout.__new__(Checkout)
    checkout.path = tmp_path / "added"
    checkout.git("remote", "add", "origin", "https://example.com/acme/site.git")
    wercker("pipelines", "add", str(checkout.path))
    checkout.git("clone", "--quiet", ".", "../other")
    other = Checkout.__new__(Checkout)
    other.path = tmp_path / "other"
    other.git("remote", "set-url", "origin", "https://example.com/acme/site.git")
    hidden = other.commit(script(hidden="echo"))
    wercker("runs", "list", cwd=other.path)
    (pipeline,) = served.get("/applications/acme/site/pipelines").json
    body = {"pipelineId": pipeline["id"], "branch": "main"}
    run = served.ask("POST", f"{API}/runs/", json.dumps(body)).json
    assert run["commitHash"] == checkout.git("rev-parse", "HEAD")
    body["commitHash"] = hidden
    assert served.ask("POST", f"{API}/runs/", json.dumps(body)).fault == (
        400,
        f"There is no commit {hidden} in acme/site",
    )
    assert added.application


def test_a_token_is_shown_once_and_only_its_hash_is_kept(wercker: Wercker, home: Path) -> None:
    done = wercker("server", "token", "create", "alice")
    assert re.fullmatch(r"wercker_[\w-]{43}\n", done.out)
    assert done.err == "this is the only time that the token of alice is shown: wercker auth login keeps it elsewhere\n"
    kept = b"".join(path.read_bytes() for path in (home / ".local/state/wercker").glob("wercker.db*"))
    assert b"alice" in kept
    assert done.out.strip().encode() not in kept
    assert done.out.strip().removeprefix("wercker_").encode() not in kept


def test_tokens_are_listed_and_revoked(serve: Serve, wercker: Wercker, home: Path) -> None:
    alice = wercker("server", "token", "create", "alice").out.strip()
    wercker("server", "token", "create", "bob", "--read-only", "--expires", "90d")
    rows = [line.split("\t") for line in wercker("server", "token", "list").out.splitlines()]
    assert [(row[0], row[1], bool(row[3]), row[4]) for row in rows] == [
        ("alice", "full", False, "false"),
        ("bob", "read-only", True, "false"),
    ]
    assert wercker("server", "token", "create", "alice", code=1).err == (
        "wercker: there is a token called alice already\nhint: wercker server token revoke alice\n"
    )
    assert wercker("server", "token", "create", "a b", code=2).err == (
        "wercker: 'a b' is no name for a token\nhint: letters, digits and . _ @ -, at most 64 of them\n"
    )
    assert wercker("server", "token", "create", "carol", "--expires", "0d", code=2).err == (
        "wercker: a token that expires at once lets nobody in\nhint: --expires 90d\n"
    )
    served = serve(token=alice)
    assert served.get("/applications/nobody").json == []
    assert wercker("server", "token", "revoke", "alice").err == "the token of alice counts no more\n"
    assert served.get("/applications/nobody").fault == (401, "Invalid token")
    assert wercker("server", "token", "revoke", "alice", code=5).err == (
        "wercker: there is no token called alice\nhint: wercker server token list\n"
    )


def test_an_expired_token_counts_no_more(served: Served, wercker: Wercker, home: Path) -> None:
    store = Store(str(home / ".local/state/wercker"))
    store.write("UPDATE tokens SET expires_at = 1")
    store.close()
    answer = served.get("/applications/nobody")
    assert answer.fault == (401, "Invalid token")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert wercker("server", "token", "list", "--json", "name,expired").out == (
        '[\n  {\n    "name": "tester",\n    "expired": true\n  }\n]\n'
    )


@pytest.mark.parametrize("login", ["", "Bearer", "Basic dXNlcjpwYXNz", "Bearer a b", "bearer wercker_\xff"])
def test_a_login_that_is_none(served: Served, login: str) -> None:
    assert served.get("/applications/nobody", Authorization=login).fault == (401, "Invalid token")


def test_the_scheme_may_be_written_in_any_case(served: Served) -> None:
    assert served.get("/applications/nobody", Authorization=f"bearer {served.token}").status == 200


def test_an_address_that_fails_again_and_again_has_to_wait(served: Served) -> None:
    answers = [served.get("/applications/nobody", Authorization="Bearer wrong") for _ in range(7)]
    assert [answer.status for answer in answers] == [401] * 6 + [429]
    assert answers[-1].fault == (429, "Too many failed logins from this address")
    assert answers[-1].headers["retry-after"] == "1"
    assert served.get("/applications/nobody").status == 200  # of somebody else at the same address
    assert served.get("/applications/nobody", Authorization="Bearer wrong").status == 429
    assert served.ask("GET", "/healthz", headers={"Authorization": ""}).status == 200
    wait_until(lambda: served.get("/applications/nobody", Authorization="Bearer wrong").status == 401)


def test_a_login_of_another_kind_is_no_failure(served: Served) -> None:
    for login in [*["Basic dXNlcjpwYXNz"] * 7, "Bearer wrong"]:
        assert served.get("/applications/nobody", Authorization=login).fault == (401, "Invalid token")


def test_the_wait_doubles_and_ends() -> None:
    logins, waits = Logins(), []
    for _ in range(14):
        logins.failed("192.0.2.1")
        waits.append(round(logins._failures["192.0.2.1"].until - logins._failures["192.0.2.1"].last))
    assert waits == [0] * 5 + [1, 2, 4, 8, 16, 32, 60, 60, 60]
    logins.check("192.0.2.2")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.2", "localhost.evil.example", "[::1]"])
def test_a_host_that_is_not_ours_is_refused(served: Served, host: str) -> None:
    answer = served.ask("GET", "/healthz", headers={"Host": f"{host}:{served.port}"})
    assert answer.fault == (403, f"This server does not go by the name {host}; --allowed-host adds it")


@pytest.mark.parametrize("host", ["[.]", "[1]", "[::1::]", "[1.2.3.4]", "[:]:80"])
def test_a_host_that_is_none_is_refused_everywhere(serve: Serve, host: str) -> None:
    served = serve("--host", "0.0.0.0", "--insecure-bind")  # answers to any name
    for path in ("/", "/page.css", "/runs/1", "/healthz", f"{API}/openapi.json"):
        answer = served.ask("GET", path, headers={"Host": host})
        assert answer.fault == (400, "The header Host is missing, or names no host")
    assert served.ask("GET", "/", headers={"Host": "[2001:db8::1]:80"}).status == 200


def test_hosts_that_are_ours(serve: Serve) -> None:
    served = serve("--allowed-host", "ci.example", "--allowed-host", "Other.example")
    hosts = ["localhost", "LOCALHOST:1", "127.0.0.1", f"127.0.0.1:{served.port}", "ci.example.:80", "other.example"]
    assert {served.ask("GET", "/healthz", headers={"Host": host}).status for host in hosts} == {200}


def test_no_other_origin_is_let_in(served: Served) -> None:
    asked = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    for method in ("GET", "OPTIONS"):
        headers = served.ask(method, f"{API}/runs", headers=asked).headers
        assert not [name for name in headers if name.startswith("access-control")]


def test_other_machines_need_tls_or_a_word(wercker: Wercker) -> None:
    assert wercker("server", "start", "--host", "0.0.0.0", "--port", "0", code=2).err == (
        "wercker: other machines could connect to 0.0.0.0, and others read their tokens on the way\n"
        "hint: --cert FILE --key FILE for TLS, --behind-proxy where a proxy does that, or --insecure-bind\n"
    )


@pytest.mark.parametrize(
    ("option", "note"),
    [
        ("--insecure-bind", "other machines can connect to 0.0.0.0, and others can read their tokens on the way"),
        ("--behind-proxy", "whoever can connect to 0.0.0.0 is believed to be a proxy, which says for whom it asks"),
    ],
)
def test_an_exposed_server_says_so(serve: Serve, option: str, note: str) -> None:
    served = serve("--host", "0.0.0.0", option)
    assert served.url == f"http://127.0.0.1:{served.port}"
    assert served.log() == [f"note: {note}"]
    assert served.ask("GET", "/healthz", headers={"Host": "any.example"}).status == 200


def test_a_proxy_says_who_asks_and_by_which_name(serve: Serve, place: Callable[..., Place], wercker: Wercker) -> None:
    added = place("added", "--public")
    told = {"X-Forwarded-For": "6.6.6.6, 192.0.2.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "ci.example"}
    served = serve("--behind-proxy", "--allowed-host", "ci.example")
    run = served.ask("GET", f"{API}/runs/{added.run}", headers=told).json
    assert run["url"] == f"https://ci.example{API}/runs/{added.run}"
    assert served.log()[-1].split()[1] == "192.0.2.9"
    for other in ("unknown", "192.0.2.9:80", "", "6.6.6.6, nobody - GET /admin"):
        served.ask("GET", "/healthz", headers={**told, "X-Forwarded-For": other})
        assert served.log()[-1].split()[1] == "127.0.0.1"
    evil = {**told, "X-Forwarded-Host": "evil.example"}
    assert served.ask("GET", "/healthz", headers=evil).status == 403


def test_nobody_else_is_believed(serve: Serve, place: Callable[..., Place]) -> None:
    added = place("added", "--public")
    told = {"X-Forwarded-For": "192.0.2.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
    served = serve()
    run = served.ask("GET", f"{API}/runs/{added.run}", headers=told).json
    assert run["url"] == f"{served.url}{API}/runs/{added.run}"
    assert served.log()[-1].split()[1] == "127.0.0.1"


def test_a_run_sees_nothing_of_the_servers_environment(
    serve: Serve, wercker: Wercker, checkout: Checkout, tmp_path: Path
) -> None:
    show = r'tr "\0" "\n" </proc/$pid/environ; set -- $(</proc/$pid/stat); pid=$4'
    above = f"pid=$PPID; for _ in worker guardian; do {show}; done"
    checkout.commit(script(tells="env", above=above))
    (tmp_path / "json.py").write_text("raise RuntimeError('this is no module of the server')")
    pipeline = wercker("pipelines", "add", str(checkout.path), "-o", "id").out.strip()
    alice = wercker("server", "token", "create", "alice").out.strip()
    served = serve(token=alice, WERCKER_TOKEN="s3cret", DATABASE_PASSWORD="s3cret")
    started = served.ask("POST", f"{API}/runs/", json.dumps({"pipelineId": pipeline})).json["id"]
    wercker("runs", "watch", started)
    told = wercker("runs", "logs", started).out
    assert told.count("\nHOME=") + told.count("\nPATH=") >= 4  # of bash, and of those above it
    assert "WERCKER_STARTED_BY=alice\n" in told
    assert "s3cret" not in told
    assert alice not in told


def test_what_git_says_of_a_folder_does_not_name_it(
    served: Served, place: Callable[..., Place], tmp_path: Path
) -> None:
    added = place("added")
    (tmp_path / "added/.git/HEAD").unlink()
    assert served.ask("POST", f"{API}/runs/", json.dumps({"pipelineId": added.pipeline})).fault == (
        503,
        "git symbolic-ref in local/added: fatal: not a git repository (or any of the parent directories): .git",
    )


def test_a_branch_that_is_called_as_a_commit_is_none(served: Served, checkout: Checkout, wercker: Wercker) -> None:
    commit = checkout.commit(script(says="echo"))
    checkout.git("branch", "cafe")
    pipeline = wercker("pipelines", "add", str(checkout.path), "--name", "acme/site", "-o", "id").out.strip()
    payload = {"pipelineId": pipeline, "branch": "main"}
    answer = served.ask("POST", f"{API}/runs/", json.dumps({**payload, "commitHash": "cafe"}))
    assert answer.fault == (400, "There is no commit cafe in acme/site")
    assert served.ask("POST", f"{API}/runs/", json.dumps({**payload, "commitHash": commit[:7]})).status == 200


def test_a_folder_that_is_no_repository_is_the_same_to_all_who_trigger_at_once(
    served: Served, wercker: Wercker, tmp_path: Path
) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "wercker.yml").write_text(script(says="echo"))
    for number in range(200):
        (folder / f"{number}").write_text(f"{number}")
    pipeline = wercker("pipelines", "add", str(folder), "-o", "id").out.strip()
    with ThreadPoolExecutor(8) as pool:
        payload = json.dumps({"pipelineId": pipeline})
        answers = list(pool.map(lambda _: served.ask("POST", f"{API}/runs/", payload), range(16)))
    assert [answer.status for answer in answers] == [200] * 16, [answer.json for answer in answers]
    assert len({answer.json["commitHash"] for answer in answers}) == 1


def test_a_folder_that_is_gone_runs_nothing_else(served: Served, place: Callable[..., Place], tmp_path: Path) -> None:
    added = place("added")
    (tmp_path / "added").rename(tmp_path / "gone")
    body = json.dumps({"pipelineId": added.pipeline})
    assert served.ask("POST", f"{API}/runs/", body).fault == (
        404,
        "The folder that this application was added from is gone",
    )
    assert served.get(f"/runs/{added.run}").status == 200
