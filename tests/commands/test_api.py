"""wercker api, from outside: what is sent, what is printed, and what never leaves."""

import json
import subprocess
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response
from werkzeug.wrappers import Request

from tests.conftest import WERCKER, Checkout, Done, Terminal, Wercker

RUN = "577a4dbc3ec144923a02b6f9"


@pytest.fixture
def remote(wercker: Wercker, server: HTTPServer) -> Wercker:
    """The command, pointed at the server."""

    def run(*args: str, **rest: Any) -> Done:
        return wercker("api", *args, WERCKER_API_URL=server.url_for("/"), WERCKER_TOKEN="tok", **rest)

    return run


def sent(server: HTTPServer) -> list[tuple[str, str, bytes]]:
    """Every request: its method, its path with the query as it came, and its body."""
    return [(request.method, request.environ["REQUEST_URI"], request.data) for request, _ in server.log]


@pytest.mark.parametrize(
    "path",
    ["/runs/R", "runs/R", "/api/v3/runs/R", "api/v3/runs/R", "{server}/api/v3/runs/R"],
)
def test_every_way_to_write_a_path(remote: Wercker, server: HTTPServer, path: str) -> None:
    server.expect_request("/api/v3/runs/R", headers={"Authorization": "Bearer tok"}).respond_with_json({"id": "R"})
    done = remote("GET", path.format(server=server.url_for("/").rstrip("/")))
    assert done == Done(0, '{\n  "id": "R"\n}\n', "")


def test_parameters_of_get_are_those_of_the_path_and_of_the_fields(remote: Wercker, server: HTTPServer) -> None:
    server.expect_request("/api/v3/runs").respond_with_json([])
    args = ["-f", "branch=a b&c=ü", "-f", "status=", "-f", "status=x"]
    assert remote("get", "/runs?limit=1&empty=", *args).out == "[]\n"
    assert sent(server) == [
        ("GET", "/api/v3/runs?limit=1&empty=&branch=a+b%26c%3D%C3%BC&status=&status=x", b""),
    ]


def test_fields_of_other_methods_are_an_object_of_texts(remote: Wercker, server: HTTPServer) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        server.expect_ordered_request(
            "/api/v3/runs", method=method, json={"branch": "ü=1", "n": "1"}, query_string={"x": "y"}
        ).respond_with_json({"id": RUN})
        assert remote(method, "/runs?x=y", "-f", "branch=ü=1", "-f", "n=1", "-q", ".id").out == f"{RUN}\n"


def test_without_fields_nothing_is_sent_along(remote: Wercker, server: HTTPServer) -> None:
    server.expect_request("/api/v3/runs/R/abort", method="PUT").respond_with_data("", status=204)
    assert remote("PUT", "/runs/R/abort") == Done(0, "", "")
    assert sent(server) == [("PUT", "/api/v3/runs/R/abort", b"")]
    assert remote("PUT", "/runs/R/abort", "-q", ".id") == Done(0, "", "")


def test_json_from_a_file_and_from_standard_input(remote: Wercker, server: HTTPServer, tmp_path: Any) -> None:
    text = '{"a": [1, 2.50, "ü"]}'
    (tmp_path / "body.json").write_text("\ufeff" + text)
    server.expect_request("/api/v3/runs", method="POST").respond_with_json({"ok": True})
    remote("POST", "/runs", "--input", "body.json")
    remote("POST", "/runs", "--input", "-", given=text)
    assert [body.decode() for _, _, body in sent(server)] == [text, text]
    assert server.log[0][0].content_type == "application/json"


def test_a_post_is_sent_once(remote: Wercker, server: HTTPServer) -> None:
    server.expect_request("/api/v3/runs").respond_with_json({"message": "later"}, status=503)
    assert remote("POST", "/runs", "-f", "a=b", code=3).err == (
        f"wercker: {server.url_for('/api/v3')} cannot answer now: later (503)\n"
        "hint: the request may have arrived: look at wercker runs list before you send it again\n"
    )
    assert len(server.log) == 1


@pytest.mark.parametrize(("status", "code"), [(400, 1), (401, 4), (403, 4), (404, 5), (500, 1), (301, 1)])
def test_errors_are_those_of_every_command(remote: Wercker, server: HTTPServer, status: int, code: int) -> None:
    server.expect_request("/api/v3/x").respond_with_json({"message": "no\x1b[2J"}, status=status)
    done = remote("GET", "/x", code=code)
    assert done.out == ""
    assert done.err.startswith("wercker: ")
    assert "\x1b" not in done.err


def pages_of(items: list[Any]) -> Any:
    """A handler that answers limit and skip as the API does."""

    def handler(request: Request) -> Response:
        limit, skip = int(request.args.get("limit", "20")), int(request.args.get("skip", "0"))
        return Response(json.dumps(items[skip : skip + limit]), content_type="application/json")

    return handler


@pytest.mark.parametrize("count", [0, 1, 20, 45, 60])
def test_all_pages_of_an_array(remote: Wercker, server: HTTPServer, count: int) -> None:
    items = [{"id": f"{number:024x}"} for number in range(count)]
    server.expect_request("/api/v3/runs").respond_with_handler(pages_of(items))
    assert json.loads(remote("GET", "/runs?a=b", "--paginate").out) == items
    assert [uri for _, uri, _ in sent(server)] == [
        f"/api/v3/runs?a=b&limit=20{f'&skip={skip}' if skip else ''}" for skip in range(0, count + 1, 20)
    ]
    lines = remote("GET", "/runs", "--paginate", "-o", "jsonl").out.splitlines()
    assert [json.loads(line) for line in lines] == items
    assert remote("GET", "/runs", "--paginate", "-q", "length").out == f"{count}\n"


def test_pages_begin_and_are_as_large_as_the_query_says(remote: Wercker, server: HTTPServer) -> None:
    server.expect_request("/api/v3/x").respond_with_handler(pages_of([1, 1, 2, None, "a", 1]))
    assert (
        remote("GET", "/x", "--paginate", "-f", "limit=2", "-f", "skip=1", "-q", "tojson").out == '[1,2,null,"a",1]\n'
    )
    assert [uri for _, uri, _ in sent(server)] == [f"/api/v3/x?limit=2&skip={skip}" for skip in (1, 3, 5)]
    done = remote("GET", "/x", "--paginate", "-f", "limit=many", code=2)
    assert done.err == "wercker: limit has to be a number, and is 'many'\n"


def test_a_server_without_pages_is_asked_twice_at_most(remote: Wercker, server: HTTPServer) -> None:
    for items in ([{"id": str(n)} for n in range(30)], list(range(30))):
        server.clear()
        server.expect_request("/api/v3/x").respond_with_json(items)
        assert json.loads(remote("GET", "/x", "--paginate").out) == items
        assert len(server.log) == 2


def test_rows_that_move_while_one_pages_come_once(remote: Wercker, server: HTTPServer) -> None:
    rows = [{"id": str(number)} for number in range(25)]
    server.expect_ordered_request("/api/v3/x").respond_with_json(rows[:20])
    server.expect_ordered_request("/api/v3/x").respond_with_json(rows[19:])
    assert json.loads(remote("GET", "/x", "--paginate").out) == rows


def test_pages_arrive_as_they_come(remote: Wercker, server: HTTPServer) -> None:
    server.expect_ordered_request("/api/v3/x").respond_with_json([{"id": str(n)} for n in range(20)])
    server.expect_ordered_request("/api/v3/x").respond_with_json({"message": "gone"}, status=404)
    assert len(remote("GET", "/x", "--paginate", "-o", "jsonl", code=5).out.splitlines()) == 20


def test_an_object_has_no_pages(remote: Wercker, server: HTTPServer) -> None:
    server.expect_request("/api/v3/x").respond_with_json({"id": "1"})
    assert remote("GET", "/x", "--paginate", code=1).err == (
        f"wercker: {server.url_for('/api/v3')} answered with no array, which alone has pages\n"
        "hint: leave out --paginate\n"
    )


@pytest.mark.parametrize(
    ("body", "shown", "lines"),
    [
        ("null", "null\n", "null\n"),
        ('"a"', '"a"\n', '"a"\n'),
        ("5", "5\n", "5\n"),
        ("[1, [2]]", "[\n  1,\n  [\n    2\n  ]\n]\n", "1\n[2]\n"),
    ],
)
def test_any_json(remote: Wercker, server: HTTPServer, body: str, shown: str, lines: str) -> None:
    server.expect_request("/api/v3/x").respond_with_data(body, content_type="application/json")
    assert remote("GET", "/x").out == shown
    assert remote("GET", "/x", "-o", "jsonl").out == lines
    assert remote("GET", "/x", "-q", ".").out == (lines if body[0] != "[" else "[1,[2]]\n").replace('"', "")


LOG = b"\x1b[31mred\x1b[0m \x1b[2Jhidden\x07 \xff\r\nend"


def test_a_log_in_a_pipe_is_its_bytes(environ: dict[str, str], server: HTTPServer) -> None:
    server.expect_request("/api/v3/runsteps/S/log").respond_with_data(LOG, content_type="text/plain")
    command = [WERCKER, "api", "GET", "/runsteps/S/log"]
    done = subprocess.run(
        command, env={**environ, "WERCKER_API_URL": server.url_for("/")}, capture_output=True, check=True
    )
    assert done.stdout == LOG


def test_a_log_on_a_terminal_harms_nothing(terminal: Terminal, server: HTTPServer) -> None:
    server.expect_request("/api/v3/runsteps/S/log").respond_with_data(LOG, content_type="text/plain")
    screen, raw = terminal("api", "GET", "/runsteps/S/log", WERCKER_API_URL=server.url_for("/"))
    assert screen == ["red hidden �", "end"]
    assert "\x1b[2J" not in raw


def test_what_is_no_json_has_no_other_format(remote: Wercker, server: HTTPServer) -> None:
    server.expect_request("/api/v3/x").respond_with_data("a log", content_type="text/plain")
    assert remote("GET", "/x").out == "a log"
    for args in (["-q", "."], ["-o", "jsonl"]):
        assert remote("GET", "/x", *args, code=1).out == ""


@pytest.mark.parametrize(
    "path",
    [
        "/../x",
        "/runs/../../x",
        "/runs/..",
        "/./x",
        "/runs/%2e%2e/x",
        "/runs/%2E./x",
        "/runs/%252e%252e/x",
        "/runs/..%2fx",
        "/runs/..;a=b/x",
        "/runs\\..\\x",
        "/runs/%5c..",
        "//evil.example.com/x",
        "/api/v3//evil.example.com/x",
        "/runs//x",
        "/runs/%2f/x",
        "https://evil.example.com/api/v3/runs",
        "http://evil.example.com@{host}/api/v3/runs",
        "{server}.evil.example.com/api/v3/runs",
        "{server}@evil.example.com/api/v3/runs",
        "{server}/other/runs",
        "file:///etc/passwd",
        "javascript:x",
        "/runs\nX: y",
        "/runs%0d%0aX",
        "/runs/%00",
        "/runs\x1b[2J",
        "/runs#x",
        "/runs?token=abc",
        "/runs?a=b&Token=abc",
        "/runs\udcff",
    ],
)
def test_a_path_elsewhere_is_not_sent(remote: Wercker, server: HTTPServer, path: str) -> None:
    root = server.url_for("/").rstrip("/")
    done = remote("GET", path.format(server=root, host=root.partition("//")[2]), code=2)
    assert done.out == ""
    assert done.err.startswith(("wercker: '", "wercker: a token does not belong into a URL"))
    assert "\x1b" not in done.err
    assert len(done.err.splitlines()) == 2
    assert server.log == []


@pytest.mark.parametrize(
    "args",
    [
        ["FETCH", "/x"],
        ["GET"],
        ["GET", "/x", "-f", "a"],
        ["GET", "/x", "-f", "=a"],
        ["GET", "/x", "-f", "token=abc"],
        ["GET", "/x", "--input", "-"],
        ["POST", "/x", "--input", "-", "-f", "a=b"],
        ["POST", "/x", "--input", "nothing.json"],
        ["POST", "/x", "--input", "-"],
        ["POST", "/x", "--paginate"],
        ["POST", "/x", "-f", "a=b", "-f", "a=c"],
        ["GET", "/x", "-q", ".["],
        ["GET", "/x", "-q", ".", "-o", "jsonl"],
        ["GET", "/x", "-o", "csv"],
    ],
)
def test_a_command_line_that_cannot_be_is_not_sent(remote: Wercker, server: HTTPServer, args: list[str]) -> None:
    done = remote(*args, code=2, given='{"a": NaN')
    assert done.out == ""
    assert done.err.startswith("wercker: ")
    assert server.log == []


def test_the_engine_answers_too(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit("build:\n  steps:\n    - script: {name: hello, code: echo hello}\n")
    run = wercker("runs", "trigger", "-p", "build", "--wait", cwd=checkout.path, code=0).out.strip()
    assert wercker("api", "GET", f"/runs/{run}", "-q", ".result").out == "passed\n"
    assert wercker("api", "GET", f"wercker://local/api/v3/runs/{run}", "-q", ".id").out == f"{run}\n"
    steps = json.loads(wercker("api", "GET", f"/runs/{run}/steps", "--paginate").out)
    step = next(step["id"] for step in steps if "hello" in json.dumps(step))
    assert "hello\n" in wercker("api", "GET", f"/runsteps/{step}/log").out
    assert wercker("api", "PUT", f"/runs/{run}/abort", "-q", ".status").out == "finished\n"
    done = wercker("api", "GET", "/runs/000000000000000000000000", code=5)
    assert done.err.startswith("wercker: nothing found on the engine: ")
