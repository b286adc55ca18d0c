"""What each command sends to a server, and what it refuses to send."""

import json
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests.conftest import Done, Wercker

APPLICATION, PIPELINE, RUN = "a" * 24, "b" * 24, "577a4dbc3ec144923a02b6f9"
SAMPLE: dict[str, Any] = {
    "id": RUN,
    "url": f"https://app.wercker.com/api/v3/runs/{RUN}",
    "branch": "master",
    "commitHash": "cd74a9994712960f19b4b563491f860f98fa7bb5",
    "createdAt": "2016-07-04T11:51:24.851Z",
    "finishedAt": "2016-07-04T11:51:34.284Z",
    "message": "My custom message!",
    "progress": 57,
    "result": "aborted",
    "startedAt": "2016-07-04T11:51:25.996Z",
    "status": "finished",
    "user": {"meta": {"username": "tonnu"}, "name": "Toon"},
    "pipeline": {"id": PIPELINE, "name": "initial-build"},
    "nobody": {"knows": [1.0, None]},
}


@pytest.fixture
def remote(wercker: Wercker, server: HTTPServer) -> Wercker:
    """The command, pointed at the server."""

    def run(*args: str, **rest: Any) -> Done:
        return wercker(*args, WERCKER_API_URL=server.url_for("/"), **rest)

    return run


def test_every_filter_becomes_its_parameter(remote: Wercker, server: HTTPServer) -> None:
    query = {
        "applicationId": APPLICATION,
        "pipelineId": PIPELINE,
        "limit": "7",
        "skip": "3",
        "sort": "creationDateAsc",
        "status": "finished",
        "result": "failed",
        "branch": "feature/a b&c",
        "commit": "cd74a99",
        "sourceRun": RUN,
        "author": "tønnu",
    }
    server.expect_ordered_request("/api/v3/runs", query_string=query).respond_with_json([])
    args = ["-a", APPLICATION, "-p", PIPELINE, "-L", "7", "--skip", "3", "--sort", "creationDateAsc", "-s", "finished"]
    args += ["-r", "failed", "-b", "feature/a b&c", "-c", "cd74a99", "--source-run", RUN, "-u", "tønnu"]
    assert remote("runs", "list", *args) == Done(0, "", "")


def test_only_what_was_given_is_sent(remote: Wercker, server: HTTPServer) -> None:
    server.expect_ordered_request("/api/v3/runs", query_string={"pipelineId": PIPELINE}).respond_with_json([SAMPLE])
    done = remote("runs", "list", "-p", PIPELINE, "--skip", "0", WERCKER_APPLICATION_ID=APPLICATION)
    assert done.out == (
        f"{RUN}\taborted\tmaster\tcd74a9994712960f19b4b563491f860f98fa7bb5\t2016-07-04T11:51:25.996Z\t"
        "My custom message!\tfinished\tinitial-build\ttonnu\t2016-07-04T11:51:34.284Z\n"
    )


def test_the_application_of_the_environment_is_the_last_resort(remote: Wercker, server: HTTPServer) -> None:
    server.expect_ordered_request("/api/v3/runs", query_string={"applicationId": APPLICATION}).respond_with_json([])
    remote("runs", "list", WERCKER_APPLICATION_ID=APPLICATION)


def test_names_become_ids(remote: Wercker, server: HTTPServer) -> None:
    pipelines = [{"id": PIPELINE, "name": "build"}, {"id": "c" * 24, "name": "test"}]
    server.expect_request("/api/v3/applications/acme/site").respond_with_json({"id": APPLICATION})
    server.expect_request("/api/v3/applications/acme/site/pipelines").respond_with_json(pipelines)
    query = {"applicationId": APPLICATION, "pipelineId": PIPELINE}
    server.expect_request("/api/v3/runs", query_string=query).respond_with_json([])
    remote("runs", "list", "-a", "acme/site", "-p", "build")
    done = remote("runs", "list", "-a", "acme/site", "-p", "none", code=5)
    root = server.url_for("/api/v3")
    assert done.err == f"wercker: no pipeline 'none' in acme/site on {root}\nhint: pipelines there: build, test\n"


def test_an_unknown_application_names_those_that_exist(remote: Wercker, server: HTTPServer) -> None:
    fault = {"statusCode": 404, "error": "Not Found", "message": "nope"}
    server.expect_request("/api/v3/applications/acme/sight").respond_with_json(fault, status=404)
    server.expect_request("/api/v3/applications/acme").respond_with_json([{"id": APPLICATION, "name": "site"}])
    done = remote("runs", "list", "-a", "acme/sight", code=5)
    root = server.url_for("/api/v3")
    assert done.err == (
        f"wercker: no application acme/sight on {root}: nope (404)\nhint: applications of acme: acme/site\n"
    )


def test_a_high_limit_pages_in_twenties_and_repeats_no_run(remote: Wercker, server: HTTPServer) -> None:
    runs = [{"id": f"{number:024x}"} for number in range(50)]

    def expect(limit: int, skip: int, page: list[dict[str, str]]) -> None:
        query = {"pipelineId": PIPELINE, "limit": str(limit)} | ({"skip": str(skip)} if skip else {})
        server.expect_ordered_request("/api/v3/runs", query_string=query).respond_with_json(page)

    expect(20, 0, runs[:20])
    expect(20, 20, runs[19:39])  # a run came in meanwhile: everything moved by one
    expect(6, 40, runs[39:45])
    done = remote("runs", "list", "-p", PIPELINE, "-L", "45", "-o", "id")
    assert done.out.split() == [run["id"] for run in runs[:45]]


def test_json_is_the_servers_own(remote: Wercker, server: HTTPServer) -> None:
    server.expect_request(f"/api/v3/runs/{RUN}").respond_with_json(SAMPLE)
    assert remote("runs", "show", RUN, "-o", "json").out == json.dumps(SAMPLE, indent=2) + "\n"
    assert remote("runs", "show", RUN, "--json", "id,pipeline.name,sourceRun.id", "-q", ".").out == (
        f'{{"id":"{RUN}","pipeline.name":"initial-build","sourceRun.id":null}}\n'
    )
    assert remote("runs", "show", RUN, "-q", ".user.meta.username, .progress").out == "tonnu\n57\n"


def test_a_trigger_sends_its_flags_in_the_words_of_the_api(remote: Wercker, server: HTTPServer, tmp_path: Any) -> None:
    (tmp_path / "vars").write_text("# comment\n\nFILE=1\nexport B=a=b\n")
    payload = {
        "pipelineId": PIPELINE,
        "sourceRunId": RUN,
        "branch": "main",
        "commitHash": "cd74a99",
        "message": "mine: ü",
        "envVars": [
            {"key": "FILE", "value": "1"},
            {"key": "B", "value": "a=b"},
            {"key": "A", "value": "x=y z"},
            {"key": "A", "value": ""},
            {"key": "MINE", "value": "yours"},
        ],
    }
    server.expect_ordered_request("/api/v3/runs/", method="POST", json=payload).respond_with_json(SAMPLE)
    args = ["-p", PIPELINE, "--source-run", RUN, "-b", "main", "-c", "CD74A99", "-m", "mine: ü", "--env-file", "vars"]
    done = remote("runs", "trigger", *args, "-e", "A=x=y z", "-e", "A=", "-e", "MINE", MINE="yours")
    assert done == Done(0, f"{RUN}\n", f"triggered run {RUN} of initial-build on master\n")


def test_a_bare_trigger_sends_the_pipeline_alone(remote: Wercker, server: HTTPServer) -> None:
    server.expect_ordered_request("/api/v3/runs/", method="POST", json={"pipelineId": PIPELINE}).respond_with_json(
        SAMPLE
    )
    remote("runs", "trigger", "-p", PIPELINE)


def test_every_abort_is_tried_and_the_worst_code_counts(remote: Wercker, server: HTTPServer) -> None:
    fault = {"statusCode": 403, "error": "Forbidden", "message": "not yours"}
    for run, answer, status in (("r1", SAMPLE, 200), ("r2", {"message": "gone"}, 404), ("r3", fault, 403)):
        server.expect_ordered_request(f"/api/v3/runs/{run}/abort", method="PUT", json={}).respond_with_json(
            answer, status=status
        )
    server.expect_ordered_request("/api/v3/runs/r4/abort", method="PUT", json={}).respond_with_json(SAMPLE)
    done = remote("runs", "abort", "r1", "-", "r4", given="r2\nr3\n\n", code=5)
    root = server.url_for("/api/v3")
    assert done.out == f"{RUN}\n{RUN}\n"
    assert done.err == (
        "run r1 aborted\n"
        f"wercker: no run r2 on {root}: gone (404)\n"
        f"wercker: {root} does not allow this: not yours (403)\n"
        "run r4 aborted\n"
    )


def test_a_run_can_be_named_by_its_url_or_as_the_latest(remote: Wercker, server: HTTPServer) -> None:
    root = server.url_for("/api/v3")
    server.expect_request(f"/api/v3/runs/{RUN}/steps").respond_with_json([])
    remote("runs", "steps", f"{root}/runs/{RUN}")
    query = {"applicationId": APPLICATION, "branch": "main", "limit": "1"}
    server.expect_request("/api/v3/runs", query_string=query).respond_with_json([SAMPLE])
    remote("runs", "steps", "@latest", "-a", APPLICATION, "-b", "main")
    done = remote("runs", "steps", f"https://elsewhere.example.com/api/v3/runs/{RUN}", code=2)
    assert done.err == (
        f"wercker: https://elsewhere.example.com/api/v3/runs/{RUN} is no run of {root}\n"
        f"hint: a run's URL here looks like {root}/runs/ID\n"
    )


@pytest.mark.parametrize("address", ["", "/", "/api/v3"])
def test_the_url_of_another_context_is_told_apart(remote: Wercker, home: Path, address: str) -> None:
    file = home / ".config/wercker/config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(f'[contexts.other]\nurl = "other"\n[contexts.ci]\nurl = "https://ci.example.com{address}"\n')
    file.chmod(0o600)
    for command in ("show", "rerun"):
        done = remote("runs", command, f"https://ci.example.com/api/v3/runs/{RUN}", code=2)
        assert done.err.splitlines()[1] == "hint: the context ci has it: wercker --context ci runs ..."
    for content in ("broken", '[contexts.ci]\nurl = "https://c.example.com"\n'):
        file.write_text(content)
        done = remote("runs", "show", f"https://ci.example.com/api/v3/runs/{RUN}", code=2)
        assert done.err.splitlines()[1].startswith("hint: a run's URL here looks like ")


@pytest.mark.parametrize(
    ("args", "quoted"),
    [
        (["runs", "show", "https://me:s3cret@other/api/v3/runs/R"], "https://other/api/v3/runs/R is no run of "),
        (["runs", "show", "https://other/runs/R?token=s3cret"], "https://other/runs/R is no run of "),
        (["api", "GET", "http://me:s3cret@other/runs"], "'http://other/runs' is no path below "),
        (["api", "GET", "http://other/runs?token=s3cret"], "'http://other/runs' is no path below "),
    ],
)
def test_an_address_of_another_server_is_quoted_without_its_secrets(
    remote: Wercker, server: HTTPServer, args: list[str], quoted: str
) -> None:
    done = remote(*args, code=2)
    assert done.err.startswith(f"wercker: {quoted}{server.url_for('/api/v3')}")
    assert "s3cret" not in done.err


def test_a_note_for_a_run_without_a_commit_names_no_tag(remote: Wercker, server: HTTPServer) -> None:
    server.expect_request(f"/api/v3/runs/{RUN}").respond_with_json(SAMPLE)
    again = {"id": "r2", "commitHash": "cd74a99"}
    server.expect_request("/api/v3/runs/", method="POST").respond_with_json(again)
    assert remote("runs", "rerun", RUN).err == "triggered run r2\n"


def test_logs_ask_for_pieces_and_take_whole_ones(remote: Wercker, server: HTTPServer) -> None:
    steps = [
        {"id": "s1", "step": "get code", "order": 1, "result": "passed"},
        {"id": "s2", "displayName": "go test", "order": 2, "result": "failed"},
    ]
    server.expect_request(f"/api/v3/runs/{RUN}/steps").respond_with_json(steps)
    server.expect_request("/api/v3/runsteps/s1/log").respond_with_data("cloned\n")
    server.expect_request("/api/v3/runsteps/s2/log").respond_with_data(
        "\x1b[31mFAIL\x1b[0m\r\n\xff\n".encode("latin-1")
    )
    assert remote("runs", "logs", RUN, "--step", "1").out == "cloned\n"
    assert remote("runs", "logs", RUN, "--step", "get code").out == "cloned\n"
    done = remote("runs", "logs", RUN, "--step", "3", code=5)
    assert done.err == f"wercker: no step '3' in run {RUN}\nhint: its steps: 1 get code, 2 go test\n"


@pytest.mark.parametrize("follow", [[], ["--follow"]])
def test_a_step_without_a_log_hides_no_other(remote: Wercker, server: HTTPServer, follow: list[str]) -> None:
    steps = [{"id": f"s{number}", "order": number, "status": "finished", "result": "passed"} for number in (1, 2, 3)]
    server.expect_request(f"/api/v3/runs/{RUN}").respond_with_json({**SAMPLE, "result": "passed"})
    server.expect_request(f"/api/v3/runs/{RUN}/steps").respond_with_json(steps)
    server.expect_request("/api/v3/runsteps/s1/log").respond_with_data("one\n")
    server.expect_request("/api/v3/runsteps/s2/log").respond_with_json({"message": "gone"}, status=404)
    server.expect_request("/api/v3/runsteps/s3/log").respond_with_data("three\n")
    done = remote("runs", "logs", RUN, *follow, code=0 if follow else 5)
    assert done.out == "one\nthree\n"
    assert ("gone (404)" in done.err) == (not follow)


BAD = [
    (["runs", "list", "-p", PIPELINE, "-s", "done"], "invalid value for '--status' / '-s': 'done' is not one of"),
    (["runs", "list", "-p", PIPELINE, "-r", "ok"], "invalid value for '--result' / '-r': 'ok' is not one of"),
    (["runs", "list", "-p", PIPELINE, "-L", "-1"], "invalid value for '--limit' / '-L': -1 is not in the range x>=0"),
    (["runs", "list", "-p", PIPELINE, "--skip", "x"], "invalid value for '--skip': 'x' is not a valid number"),
    (["runs", "list", "-p", PIPELINE, "--sort", "up"], "invalid value for '--sort': 'up' is not one of"),
    (["runs", "list", "-p", PIPELINE, "-b", ""], "invalid value for '--branch' / '-b': it must not be empty"),
    (["runs", "list", "-p", PIPELINE, "-b", "a\nb"], "invalid value for '--branch' / '-b': 'a\\nb' has control"),
    (["runs", "list", "-p", PIPELINE, "-c", "main"], "invalid value for '--commit' / '-c': 'main' is no commit hash"),
    (["runs", "list", "-a", "a/b/c"], "invalid value for '--application' / '-a': 'a/b/c' is no id"),
    (["runs", "list", "-a", "../b"], "invalid value for '--application' / '-a': '..' is no id"),
    (["runs", "list"], "no application and no pipeline is named"),
    (["runs", "list", "-p", "build"], "'build' is the name of a pipeline, and names are known within an application"),
    (["runs", "show", "a/b"], "invalid value for 'RUN': 'a/b' is no id"),
    (["runs", "show", ".."], "invalid value for 'RUN': '..' is no id"),
    (["runs", "show", "a?b"], "invalid value for 'RUN': 'a?b' is no id"),
    (["runs", "steps", "a#b"], "invalid value for 'RUN': 'a#b' is no id"),
    (["runs", "logs", "a\x1bb"], "invalid value for 'RUN': 'a\\x1bb' has control characters in it"),
    (["runs", "abort", "ok", ""], "invalid value for 'RUN...': it must not be empty"),
    (["runs", "abort"], "RUN is missing"),
    (["runs", "show", "@first"], "invalid value for 'RUN': '@first' is no run"),
    (["runs", "trigger"], "--pipeline is missing"),
    (["runs", "trigger", "-p", PIPELINE, "-c", "abcdef"], "--commit needs --branch"),
    (["runs", "trigger", "-p", PIPELINE, "-e", "A B=1"], "invalid value for '--env' / '-e': 'A B' is no name"),
    (["runs", "trigger", "-p", PIPELINE, "-e", "UNSET"], "invalid value for '--env' / '-e': 'UNSET' is not set here"),
    (["runs", "trigger", "-p", PIPELINE, "--timeout", "5"], "--timeout is for --wait"),
    (["runs", "trigger", "-p", PIPELINE, "-w", "--timeout", "x"], "invalid value for '--timeout': 'x' is no time span"),
    (["runs", "trigger", "-p", PIPELINE, "--worktree"], "only the embedded engine can do this"),
    (["runs", "trigger", "-a", "acme/site", "-p", "build", "--worktree"], "only the embedded engine can do this"),
    (["runs", "trigger", "-a", "acme/site", "-p", "b", "--worktree", "-b", "x"], "--worktree is what is checked out"),
    (["runs", "trigger", "-a", "acme/site"], "--pipeline is missing"),
    (["runs", "show", "a..b"], "invalid value for 'RUN': 'a..b' is no id"),
    (["runs", "trigger", "-p", PIPELINE, "--json", "nope"], "--json knows no field 'nope'"),
    (["runs", "show", RUN, "-q", ".["], "--jq '.[' is no jq program"),
    (["runs", "show", RUN, "-o", "csv", "-q", "."], "-o csv and --jq"),
    (["runs", "lst"], "no such command 'lst'"),
    (["runs", "list", "--limt", "3"], "no such option '--limt'"),
]


@pytest.mark.parametrize(("args", "message"), BAD, ids=[" ".join(args) for args, _ in BAD])
def test_a_bad_value_is_named_and_nothing_is_sent(
    remote: Wercker, server: HTTPServer, args: list[str], message: str
) -> None:
    done = remote(*args, code=2)
    first, hint = done.err.splitlines()
    assert first.startswith(f"wercker: {message}")
    assert hint.startswith("hint: ")
    assert done.out == ""
    assert server.log == []


def test_a_misspelt_word_gets_a_suggestion(wercker: Wercker) -> None:
    assert wercker("runs", "lst", code=2).err == (
        "wercker: no such command 'lst'\nhint: did you mean list? (wercker runs --help)\n"
    )
    assert wercker("rnus", code=2).err == "wercker: no such command 'rnus'\nhint: did you mean runs? (wercker --help)\n"
    assert wercker("runs", "list", "--limt", "3", code=2).err == (
        "wercker: no such option '--limt'\nhint: did you mean --limit? (wercker runs list --help)\n"
    )


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (400, 1, "{root} refused: why (400)"),
        (401, 4, "{root} does not allow this: why (401)"),
        (403, 4, "{root} does not allow this: why (403)"),
        (404, 5, f"no run {RUN} on {{root}}: why (404)"),
        (409, 1, "{root} refused: why (409)"),
        (500, 1, "{root} refused: why (500)"),
    ],
)
def test_the_exit_code_and_the_servers_words(
    remote: Wercker, server: HTTPServer, status: int, code: int, said: str
) -> None:
    fault = {"statusCode": status, "error": "E", "message": "why"}
    server.expect_request(f"/api/v3/runs/{RUN}").respond_with_json(fault, status=status)
    first = remote("runs", "show", RUN, code=code).err.splitlines()[0]
    assert first == "wercker: " + said.format(root=server.url_for("/api/v3"))


def test_the_trace_id_is_shown(remote: Wercker, server: HTTPServer) -> None:
    server.expect_request("/api/v3/runs/", method="POST").respond_with_json(
        {"message": "no"}, status=400, headers={"X-Wercker-Trace-Id": "abc-1"}
    )
    done = remote("runs", "trigger", "-p", PIPELINE, code=1)
    assert done.err == f"wercker: {server.url_for('/api/v3')} refused: no (400, trace abc-1)\n"


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("<html><title>Sign in</title>", "HTML beginning with '<html><title>Sign in</title>'"),
        ("null", "null where an object belongs"),
        ("[]", "an array where an object belongs"),
        ('{"id": "57', 'text beginning with \'{"id": "57\''),
        ("", "nothing"),
        ("NaN", "text beginning with 'NaN'"),
        ("[" * 100_000, "text beginning with '" + "[" * 80 + "'"),
    ],
    ids=["html", "null", "list", "cut", "nothing", "nan", "deep"],
)
def test_what_is_not_the_api_is_shown_for_what_it_is(remote: Wercker, server: HTTPServer, body: str, what: str) -> None:
    server.expect_request(f"/api/v3/runs/{RUN}").respond_with_data(body)
    assert remote("runs", "show", RUN, code=1).err == (
        f"wercker: {server.url_for('/api/v3')} answered {what}: this is not the runs API\n"
        "hint: wercker context show tells where the address comes from\n"
    )
