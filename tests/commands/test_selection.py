"""Finding runs: several statuses, windows of time, @me and @head, a choice, and the checkout's application."""

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import click
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.conftest import Checkout, Done, Terminal, Wercker, wait_until
from tests.engine.stories import script
from wercker_cli.app import Invocation
from wercker_cli.cli import root
from wercker_cli.commands import candidates

APPLICATION = "a" * 24


def made(number: int, created: str, **more: object) -> dict[str, object]:
    """A run."""
    return {"id": f"r{number}", "createdAt": created, "status": "finished", "result": "failed", **more}


Cached = Callable[[object], int]


class Lists:
    """A server whose lists depend on the query; it keeps the queries it got."""

    def __init__(self, http: HTTPServer) -> None:
        self.url = http.url_for("/")
        self.queries: list[dict[str, str]] = []
        self.rows: Callable[[dict[str, str]], list[dict[str, object]]] = lambda _: []
        http.expect_request("/api/v3/runs").respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        query = dict(request.args.items())
        self.queries.append(query)
        skip, limit = int(query.get("skip", 0)), int(query.get("limit", 20))
        return Response(json.dumps(self.rows(query)[skip : skip + limit]))


@pytest.fixture
def lists(httpserver: HTTPServer) -> Lists:
    """The server."""
    return Lists(httpserver)


@pytest.fixture
def listed(wercker: Wercker, lists: Lists) -> Callable[..., Done]:
    """`runs list` there, as ids."""

    def run(*args: str, code: int = 0) -> Done:
        args = ("runs", "list", "-a", APPLICATION, "-o", "id", *args)
        return wercker(*args, code=code, WERCKER_API_URL=lists.url)

    return run


def test_a_result_more_is_a_request_more_and_each_run_comes_once(lists: Lists, listed: Callable[..., Done]) -> None:
    both = made(3, "2026-01-03T00:00:00.000Z")
    lists.rows = lambda query: {
        "failed": [made(4, "2026-01-04T00:00:00.000Z"), both, made(1, "2026-01-01T00:00:00.000Z")],
        "aborted": [both, made(2, "2026-01-02T00:00:00.000Z")],
    }[query["result"]]
    done = listed("-r", "failed", "-r", "aborted", "-r", "failed", "-s", "finished")
    assert done == (0, "r4\nr3\nr2\nr1\n", "")
    asked = {"applicationId": APPLICATION, "status": "finished", "limit": "20"}
    assert lists.queries == [{**asked, "result": "failed"}, {**asked, "result": "aborted"}]
    assert listed("-r", "failed", "-r", "aborted", "-L", "2", "--skip", "1").out == "r3\nr2\n"


def test_the_oldest_first_of_several_results(lists: Lists, listed: Callable[..., Done]) -> None:
    lists.rows = lambda query: {
        "failed": [made(1, "2026-01-01T00:00:00.000Z"), made(4, "2026-01-04T00:00:00.000Z")],
        "aborted": [made(2, "2026-01-02T00:00:00.000Z")],
    }[query["result"]]
    assert listed("-r", "failed", "-r", "aborted", "--sort", "creationDateAsc").out == "r1\nr2\nr4\n"


@pytest.mark.parametrize("order", [-1, 1])
def test_a_window_stops_paging_early(lists: Lists, listed: Callable[..., Done], order: int) -> None:
    numbers = range(99, 0, -1) if order < 0 else range(51, 199)
    lists.rows = lambda _: [made(n, f"2026-01-01T{n // 60:02}:{n % 60:02}:00.000Z") for n in numbers]
    sort = "creationDateDesc" if order < 0 else "creationDateAsc"
    window = ("--since", "2026-01-01T01:15:00Z", "--until", "2026-01-01T01:17:00+00:00")
    done = listed(*window, "--sort", sort)
    assert done == (0, "".join(f"r{n}\n" for n in [75, 76, 77][::order]), "")
    assert [query.get("skip") for query in lists.queries] == [None, "20"]


def test_a_window_that_holds_nothing_is_refused(lists: Lists, listed: Callable[..., Done]) -> None:
    done = listed("--since", "2026-01-02", "--until", "2026-01-01", code=2)
    assert done.err == "wercker: --since is later than --until: no run can be between them\nhint: exchange them\n"
    assert lists.queries == []


@pytest.mark.parametrize("filters", [("-s", "running", "-s", "finished"), ("--since", "2025-01-01")])
def test_ids_of_any_kind_come_once_and_none_is_no_id(wercker: Wercker, lists: Lists, filters: tuple[str, ...]) -> None:
    ids: list[object] = [["r1"], ["r1"], {"r": 1}, 1, "1", 1, None]
    rows = [{**made(0, "2026-01-01T00:00:00.000Z"), "id": odd} for odd in ids]
    nameless = [{key: value for key, value in rows[0].items() if key != "id"}] * 2
    lists.rows = lambda _: rows + nameless
    done = wercker("runs", "list", "-a", APPLICATION, *filters, "-q", ".[].id", WERCKER_API_URL=lists.url)
    shown = [json.loads(line) if line[0] in "[{n" else line for line in done.out.splitlines()]
    count = 2 if "--since" in filters else 4
    assert shown == [["r1"], {"r": 1}, "1", "1", None, *[None] * count]


def test_days_are_whole_days(lists: Lists, listed: Callable[..., Done]) -> None:
    lists.rows = lambda _: [made(n, f"2026-01-0{n}T12:00:00.000Z") for n in (4, 3, 2, 1)]
    assert listed("--since", "2026-01-02", "--until", "2026-01-03").out == "r3\nr2\n"
    today = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    lists.rows = lambda _: [made(9, today), made(1, "2026-01-01T12:00:00.000Z")]
    assert listed("--since", "1h").out == listed("--since", "yesterday").out == listed("--since", "1w").out == "r9\n"
    ages = {number: time.gmtime(time.time() - number * 86400) for number in (13, 15)}
    lists.rows = lambda _: [made(n, time.strftime("%Y-%m-%dT%H:%M:%S.000Z", ago)) for n, ago in ages.items()]
    assert listed("--since", "2w").out == listed("--since", "1w7d").out == "r13\n"


@pytest.mark.parametrize("when", ["soon", "2026-13-01", "2026-02-30", "9999999999d", ""])
def test_a_time_that_is_none_is_refused(listed: Callable[..., Done], lists: Lists, when: str) -> None:
    assert "--since" in listed("--since", when, code=2).err
    assert lists.queries == []


def test_a_default_limit_that_hides_runs_is_said(lists: Lists, listed: Callable[..., Done]) -> None:
    lists.rows = lambda _: [made(n, "2026-01-01T00:00:00.000Z") for n in range(21)]
    done = listed()
    assert len(done.out.splitlines()) == 20
    assert done.err == "note: 20 is the limit, and there may be more; --limit 0 lists all\n"
    assert listed("-L", "5") == (0, "r0\nr1\nr2\nr3\nr4\n", "")
    assert (len(listed("-L", "0").out.splitlines()), listed("-L", "0").err) == (21, "")
    lists.rows = lambda _: [made(n, "2026-01-01T00:00:00.000Z") for n in range(19)]
    assert listed().err == ""


def test_who_i_am_is_unknown_to_a_server(listed: Callable[..., Done], lists: Lists) -> None:
    assert listed("-u", "@me", code=2).err.startswith("wercker: @me is known to the embedded engine only")
    assert lists.queries == []


def test_a_checkout_finds_its_application_by_its_remote_once_an_hour(
    wercker: Wercker, checkout: Checkout, httpserver: HTTPServer, lists: Lists
) -> None:
    httpserver.expect_request("/api/v3/applications/acme/site").respond_with_json({"id": APPLICATION})
    checkout.git("remote", "add", "origin", "git@example.com:acme/site.git")
    for _ in range(2):
        wercker("runs", "list", cwd=checkout.path, WERCKER_API_URL=lists.url)
    assert [request.path for request, _ in httpserver.log].count("/api/v3/applications/acme/site") == 1
    assert lists.queries == [{"applicationId": APPLICATION}] * 2


@pytest.fixture
def cached(checkout: Checkout, home: Path, httpserver: HTTPServer, lists: Lists, wercker: Wercker) -> Cached:
    """Lists the runs of a checkout of acme/site with such a file; gives how often its application was asked for."""
    httpserver.expect_request("/api/v3/applications/acme/site").respond_with_json({"id": APPLICATION})
    checkout.git("remote", "add", "origin", "git@example.com:acme/site.git")
    file = home / ".cache/wercker/applications.json"
    file.parent.mkdir(parents=True)

    def asked(kept: object) -> int:
        file.write_text(json.dumps(kept))
        wercker("runs", "list", cwd=checkout.path, WERCKER_API_URL=lists.url)
        return [request.path for request, _ in httpserver.log].count("/api/v3/applications/acme/site")

    return asked


@pytest.mark.parametrize("entry", [[], None, "x", {}, ["id"], ["id", "now"], [1, 2.0], [["id"], 1e10], ["id", None]])
def test_what_makes_no_sense_in_the_cache_is_asked_for_again(cached: Cached, lists: Lists, entry: object) -> None:
    assert cached({f"{lists.url}api/v3 acme/site": entry, "other": entry}) == 1
    assert lists.queries == [{"applicationId": APPLICATION}]


@pytest.mark.parametrize(("age", "asked"), [(0.0, 0), (3500.0, 0), (3601.0, 1), (-100.0, 1)])
def test_an_application_is_remembered_for_an_hour(cached: Cached, lists: Lists, age: float, asked: int) -> None:
    assert cached({f"{lists.url}api/v3 acme/site": ["c" * 24, time.time() - age]}) == asked
    assert lists.queries == [{"applicationId": APPLICATION if asked else "c" * 24}]


def test_outside_of_a_checkout_a_server_needs_a_name(wercker: Wercker, lists: Lists) -> None:
    done = wercker("runs", "list", code=2, WERCKER_API_URL=lists.url)
    assert done.err.splitlines()[0] == (
        "wercker: no application and no pipeline is named, and there is no checkout with a remote here"
    )


@pytest.fixture
def two_commits(wercker: Wercker, checkout: Checkout) -> tuple[str, str]:
    """Two runs, each of another commit, the second one checked out."""
    runs = []
    for message in ("first", "second"):
        checkout.commit(script(one="true"), message)
        runs.append(wercker("runs", "trigger", "-p", "build", "--wait", cwd=checkout.path).out.strip())
    return runs[0], runs[1]


def test_the_commit_that_is_checked_out(wercker: Wercker, checkout: Checkout, two_commits: tuple[str, str]) -> None:
    first, second = two_commits
    for commit, run in (("HEAD", second), ("HEAD~1", first)):
        checkout.git("checkout", "--quiet", commit)
        assert wercker("runs", "list", "-c", "@head", "-o", "id", cwd=checkout.path).out == f"{run}\n"
        assert wercker("runs", "show", "@head", "-q", ".id", cwd=checkout.path).out == f"{run}\n"
    checkout.commit(script(one="false"), "third")
    done = wercker("runs", "show", "@head", code=5, cwd=checkout.path)
    assert done.err.startswith("wercker: there is no run yet of the commit that is checked out that @head could be")


def test_my_runs(wercker: Wercker, checkout: Checkout, two_commits: tuple[str, str]) -> None:
    assert wercker("runs", "list", "-u", "@me", "-o", "id", cwd=checkout.path).out.split() == [*reversed(two_commits)]


def test_a_run_can_be_chosen_on_a_terminal(
    terminal: Terminal, checkout: Checkout, two_commits: tuple[str, str]
) -> None:
    screen, _ = terminal(
        *("runs", "show", "-q", ".id"),
        cwd=checkout.path,
        press=lambda seen: b"2\n" if "Which run?" in seen else b"",
    )
    assert [line.split()[:3] for line in screen[1:3]] == [["1", "✓", "passed"], ["2", "✓", "passed"]]
    assert screen[-2:] == ["Which run? [1-2, default 1] 2", two_commits[0]]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (b"3\n", ["wercker: '3' is none of them", "hint: type a number from 1 to 2"]),
        (b"0\n", ["wercker: '0' is none of them", "hint: type a number from 1 to 2"]),
        (b"\x04", ["wercker: there was no answer"]),
    ],
)
def test_a_choice_that_is_none(
    terminal: Terminal, checkout: Checkout, two_commits: tuple[str, str], keys: bytes, said: list[str]
) -> None:
    screen, _ = terminal(
        *("runs", "show"), cwd=checkout.path, code=2, press=lambda seen: keys if "Which run?" in seen else b""
    )
    assert screen[-len(said) :] == said


def test_a_script_has_to_name_a_run(wercker: Wercker, checkout: Checkout, two_commits: tuple[str, str]) -> None:
    for command in ("show", "steps", "logs", "watch", "abort"):
        done = wercker("runs", command, cwd=checkout.path, code=2)
        assert done.err == "wercker: RUN is missing\nhint: name one: an id, a run's URL, @latest or @head\n"


@pytest.fixture
def running(wercker: Wercker, checkout: Checkout) -> list[str]:
    """Three runs that do not end by themselves, the last one of another pipeline."""
    checkout.commit(script(long="sleep 60") + script(long="sleep 60").replace("build:", "other:"))
    ids = [
        wercker("runs", "trigger", "-p", name, cwd=checkout.path).out.strip() for name in ("build", "build", "other")
    ]
    wait_until(lambda: wercker("runs", "list", "-s", "running", "-o", "id", cwd=checkout.path).out)
    return ids


def results(wercker: Wercker, folder: Path) -> dict[str, str]:
    """Every run with its result."""
    return dict(line.split("\t")[:2] for line in wercker("runs", "list", cwd=folder).out.splitlines())


def test_filters_select_what_to_abort(wercker: Wercker, checkout: Checkout, running: list[str]) -> None:
    done = wercker("runs", "abort", "-p", "build", cwd=checkout.path, code=2)
    assert done.err == f"wercker: this would abort 2 runs, {running[1]} first\nhint: add --yes\n"
    assert set(results(wercker, checkout.path).values()) == {"unknown"}
    done = wercker("runs", "abort", "-p", "build", "--yes", cwd=checkout.path)
    assert done.out == f"{running[1]}\n{running[0]}\n"
    assert results(wercker, checkout.path) == {
        running[0]: "aborted",
        running[1]: "aborted",
        running[2]: "unknown",
    }
    done = wercker("runs", "abort", "-p", "build", "--yes", cwd=checkout.path)
    assert done == (0, "", "note: no run that could be aborted fits\n")


@pytest.mark.parametrize(("keys", "result", "last"), [(b"y\n", "aborted", "aborted"), (b"\n", "unknown", "nothing")])
def test_a_person_is_asked_before_runs_are_aborted(
    wercker: Wercker,
    terminal: Terminal,
    checkout: Checkout,
    running: list[str],
    keys: bytes,
    result: str,
    last: str,
) -> None:
    _, raw = terminal(
        *("runs", "abort", "--since", "1h"),
        cwd=checkout.path,
        press=lambda seen: keys if "Abort 3 runs? [y/N]" in seen else b"",
    )
    assert last in raw
    assert set(results(wercker, checkout.path).values()) == {result}


@pytest.mark.parametrize("odd", ["@latest", "@head", "http://x/y"])
def test_what_a_server_calls_an_id_is_one(wercker: Wercker, httpserver: HTTPServer, lists: Lists, odd: str) -> None:
    lists.rows = lambda _: [{"id": odd}]
    httpserver.expect_request(re.compile("/api/v3/runs/.*"), method="PUT").respond_with_json({"result": "aborted"})
    done = wercker("runs", "abort", "-s", "running", "-a", APPLICATION, "--yes", WERCKER_API_URL=lists.url)
    assert done == (0, f"{odd}\n", f"run {odd} aborted\n")
    asked = [request.environ["REQUEST_URI"] for request, _ in httpserver.log]
    assert asked[-1] == f"/api/v3/runs/{quote(odd, safe='')}/abort"
    assert len(asked) == 2


def test_enter_alone_aborts_nothing(
    wercker: Wercker, terminal: Terminal, checkout: Checkout, running: list[str]
) -> None:
    def press(keys: bytes) -> Callable[[str], bytes]:
        return lambda seen: keys if "Which run? [1-3] " in seen else b""

    screen, _ = terminal("runs", "abort", cwd=checkout.path, code=2, press=press(b"\n"))
    assert screen[-2:] == ["wercker: '' is none of them", "hint: type a number from 1 to 3"]
    assert set(results(wercker, checkout.path).values()) == {"unknown"}
    terminal("runs", "abort", cwd=checkout.path, press=press(b"3\n"))
    assert results(wercker, checkout.path)[running[0]] == "aborted"


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (("r1", "-b", "main"), "RUN and filters exclude each other: filters select runs by themselves"),
        (("@latest", "-s", "running"), "RUN and filters exclude each other: filters select runs by themselves"),
        (("@latest", "--yes"), "--yes is for filters: a run that is named is aborted without a question"),
        (("-s", "finished"), "a run that has finished cannot be aborted"),
    ],
)
def test_what_cannot_be_meant(wercker: Wercker, lists: Lists, args: tuple[str, ...], error: str) -> None:
    done = wercker("runs", "abort", *args, code=2, WERCKER_API_URL=lists.url)
    assert done.err.splitlines()[0] == f"wercker: {error}"
    assert lists.queries == []


def completed(wercker: Wercker, words: str, folder: Path) -> list[str]:
    """What bash would offer for the last word."""
    line = words.split(" ")
    done = wercker(
        cwd=folder,
        COMP_WORDS=words,
        COMP_CWORD=str(len(line) - 1),
        _WERCKER_COMPLETE="bash_complete",
    )
    assert done.err == ""
    return [offered.removeprefix("plain,") for offered in done.out.split()]


def test_a_shell_completes_runs_pipelines_and_branches(
    wercker: Wercker, checkout: Checkout, two_commits: tuple[str, str]
) -> None:
    checkout.git("branch", "feature/x")
    first, second = two_commits
    assert completed(wercker, "wercker runs show ", checkout.path) == [second, first, "@latest", "@head"]
    assert completed(wercker, f"wercker runs logs {first[:-1]}", checkout.path) == [
        run for run in (second, first) if run.startswith(first[:-1])
    ]
    assert completed(wercker, "wercker runs trigger -p b", checkout.path) == ["build"]
    assert completed(wercker, "wercker runs list -b f", checkout.path) == ["feature/x"]
    assert completed(wercker, "wercker runs show ", checkout.path.parent) == []


def test_a_shell_completes_runs_of_the_context_that_was_typed(
    wercker: Wercker, checkout: Checkout, two_commits: tuple[str, str], home: Path
) -> None:
    wercker("context", "add", "ci", "--url", "http://localhost:1")
    assert completed(wercker, "wercker --context ci runs show ", checkout.path) == []
    assert completed(wercker, "wercker runs show --context ci ", checkout.path) == []
    wercker("context", "use", "ci")
    assert completed(wercker, "wercker runs show ", checkout.path) == []
    assert completed(wercker, "wercker --context engine runs show ", checkout.path)[:2] == [*reversed(two_commits)]


@pytest.mark.parametrize("text", ['colour = "blue"\n', "broken", 'current = "nobody"\n', "contexts = 1\n"])
def test_completion_is_silent_whatever_is_wrong(
    wercker: Wercker, checkout: Checkout, two_commits: tuple[str, str], home: Path, text: str
) -> None:
    (home / ".config/wercker").mkdir(parents=True)
    (home / ".config/wercker/config.toml").write_text(text)
    offered = completed(wercker, "wercker runs show ", checkout.path)  # nothing on standard error
    assert offered == ([*reversed(two_commits), "@latest", "@head"] if text.startswith("colour") else [])


def test_a_fault_of_our_own_is_no_traceback_in_the_line_that_is_typed() -> None:
    def broken(_app: Invocation, _given: dict[str, object]) -> Iterator[tuple[str, str]]:
        yield "one", ""
        raise KeyError("two")

    assert candidates.complete(broken, click.Context(root, obj=Invocation()), "") == []


def test_a_shell_completes_contexts(wercker: Wercker, tmp_path: Path) -> None:
    wercker("context", "add", "ci", "--url", "http://localhost:1")
    assert completed(wercker, "wercker runs list --context ", tmp_path) == ["engine", "ci"]
    assert completed(wercker, "wercker context use c", tmp_path) == ["ci"]


def test_a_shell_completes_the_deploy_targets_of_the_checkout(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit("build:\n  steps: []\n  beta: []\ndeploy:\n  steps: []\n  staging: []\n  production: []\n")
    assert completed(wercker, "wercker runs trigger --target ", checkout.path) == ["beta", "staging", "production"]
    assert completed(wercker, "wercker runs trigger -p deploy --target s", checkout.path) == ["staging"]
    assert completed(wercker, "wercker runs trigger --target ", checkout.path.parent) == []
    (checkout.path / "wercker.yml").write_text("build: [")
    assert completed(wercker, "wercker runs trigger --target ", checkout.path) == []
