"""Logging in and out, from outside: where the token goes, and that it is never seen."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests.conftest import WERCKER, Done, Terminal, Wercker, wait_until
from tests.raw_server import RawServer, hang
from tests.raw_server import json as answer

SECRET = "s3cret-T0ken.value"
BACKENDS = str(Path(__file__).parent)
REFUSAL = {"statusCode": 401, "error": "Unauthorized", "message": "Invalid Token"}


NONE: dict[str, Any] = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}


def expect(server: HTTPServer, status: int = 400, token: str = SECRET) -> None:
    """The token is looked at once, with this answer."""
    body = REFUSAL if status == 401 else {"statusCode": status, "message": "which application?"}
    server.expect_ordered_request(
        "/api/v3/runs", method="GET", query_string={"limit": "1"}, headers={"Authorization": f"Bearer {token}"}
    ).respond_with_json([] if status == 200 else body, status=status)


@pytest.mark.parametrize("given", [SECRET, f"{SECRET}\n", f"{SECRET}\r\n"])
@pytest.mark.parametrize("status", [200, 400, 403, 404])
def test_a_token_from_standard_input(
    wercker: Wercker, server: HTTPServer, ci: str, file: Path, status: int, given: str
) -> None:
    expect(server, status)
    done = wercker("auth", "login", "--context", "ci", given=given, **NONE)
    assert done == Done(0, "", f"logged in to ci: the token is in {file}\nnote: there is no system keyring\n")
    assert file.read_text() == f'[contexts.ci]\nurl = "{ci}"\ntoken = "{SECRET}"\n'
    assert file.stat().st_mode & 0o777 == 0o600
    assert wercker("auth", "logout", "--context", "ci") == Done(0, "", "logged out of ci\n")
    assert file.read_text() == f'[contexts.ci]\nurl = "{ci}"\n'
    assert wercker("auth", "logout", "--context", "ci") == Done(0, "", "there is no token of ci\n")


@pytest.fixture
def remembered(wercker: Wercker, ci: str, file: Path) -> Wercker:
    """The command, logged in to the server."""
    file.write_text(f'current = "ci"\n{file.read_text()}token = "{SECRET}"\n')
    return wercker


def test_a_token_from_the_terminal_is_not_seen(terminal: Terminal, server: HTTPServer, ci: str, file: Path) -> None:
    expect(server)

    def press(shown: str) -> bytes:
        return f"{SECRET}\r".encode() if shown.endswith("): ") else b""

    screen, raw = terminal("--context", "ci", "auth", "login", columns=200, press=press, **NONE)
    assert SECRET not in raw
    assert screen == [
        f"Token for ci ({ci}):",
        f"logged in to ci: the token is in {file}",
        "note: there is no system keyring",
    ]
    assert f'token = "{SECRET}"' in file.read_text()


@pytest.mark.parametrize(
    ("keys", "code", "said"),
    [
        (b"\x04", 2, ["wercker: no token was given", "hint: wercker auth login < FILE reads it from a file"]),
        (b"\r", 2, ["wercker: no token was given", "hint: wercker auth login < FILE reads it from a file"]),
        (b"\x03", 130, []),
    ],
)
def test_no_token_from_the_terminal(
    terminal: Terminal, server: HTTPServer, ci: str, file: Path, keys: bytes, code: int, said: list[str]
) -> None:
    before = file.read_text()
    screen, _ = terminal(
        "--context", "ci", "auth", "login", code=code, columns=100, press=lambda shown: keys * shown.endswith("): ")
    )
    assert screen == [f"Token for ci ({ci}):", *said]
    assert file.read_text() == before
    assert server.log == []


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        ("", 2, "no token was given\nhint: wercker auth login < FILE reads it from a file"),
        ("\n", 2, "no token was given\nhint: wercker auth login < FILE reads it from a file"),
        (
            f"{SECRET} {SECRET}",
            4,
            "what was given holds characters that cannot go into an HTTP header (a blank, a line break, an accent?)\n"
            "hint: copy the token again, without anything around it",
        ),
        ("x" * 70000, 4, "what was given is no token: it has 65536 characters or more"),
    ],
)
def test_what_is_no_token_is_not_sent(
    wercker: Wercker, server: HTTPServer, ci: str, given: str, code: int, said: str
) -> None:
    assert wercker("auth", "login", "--context", "ci", given=given, code=code) == Done(code, "", f"wercker: {said}\n")
    assert server.log == []


def test_bytes_that_are_no_text_are_no_token(environ: dict[str, str], ci: str) -> None:
    done = subprocess.run(
        [WERCKER, "--debug", "--context", "ci", "auth", "login"],
        env={**environ, "PYTHONIOENCODING": "utf-8:strict"},
        input=SECRET.encode() + b"\xff",
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (4, b"")
    assert done.stderr == b"wercker: what was given is no token: it is not text\n"


def test_a_refused_token_is_not_kept(wercker: Wercker, server: HTTPServer, ci: str, file: Path) -> None:
    before = file.read_text()
    expect(server, 401)
    done = wercker("auth", "login", "--context", "ci", "--debug", given=SECRET, code=4, **NONE)
    assert done.err.splitlines()[-1] == f"wercker: {ci} does not accept this token: it was not kept"
    assert SECRET not in done.err
    assert file.read_text() == before


@pytest.mark.parametrize("status", [302, 400, 401, 500])
def test_a_server_that_repeats_the_token(remembered: Wercker, server: HTTPServer, status: int) -> None:
    server.expect_request("/api/v3/runs").respond_with_json(
        {"message": f"{SECRET} is bad"}, status=status, headers={"Location": f"/login?token={SECRET}"}
    )
    done = remembered("runs", "list", "-p", "b" * 24, "--debug", code=4 if status == 401 else 1)
    assert "[token]" in done.err
    assert SECRET not in done.err


@pytest.mark.parametrize(("status", "code"), [(500, 1), (503, 3), (302, 1)])
def test_a_server_that_says_nothing_about_the_token(
    wercker: Wercker, server: HTTPServer, ci: str, file: Path, status: int, code: int
) -> None:
    before = file.read_text()
    server.expect_request("/api/v3/runs").respond_with_data("", status=status)
    done = wercker("auth", "login", "--context", "ci", "--request-timeout", "2", given=SECRET, code=code)
    assert done.err.startswith(f"wercker: {ci} ")
    assert file.read_text() == before


def test_a_server_that_is_not_there(wercker: Wercker, file: Path) -> None:
    closed = RawServer()
    closed.close()
    wercker("context", "add", "ci", "--url", closed.url)
    before = file.read_text()
    done = wercker("auth", "login", "--context", "ci", "--debug", given=SECRET, code=3)
    assert SECRET not in done.err
    assert file.read_text() == before


def test_where_no_token_can_be_kept(wercker: Wercker) -> None:
    for command in ("login", "logout"):
        assert wercker("auth", command, given=SECRET, code=2).err == (
            "wercker: the embedded engine needs no token\n"
            "hint: name a server with --context NAME; wercker context add NAME --url URL makes one\n"
        )
        assert wercker("auth", command, given=SECRET, code=2, WERCKER_API_URL="http://h").err == (
            "wercker: WERCKER_API_URL names a server that has no context which could keep a token\n"
            "hint: wercker context add NAME --url http://h/api/v3, or set WERCKER_TOKEN\n"
        )


def test_the_environments_token_is_not_sent_at_login(wercker: Wercker, server: HTTPServer, ci: str, file: Path) -> None:
    wercker("context", "use", "ci")
    expect(server)
    done = wercker("auth", "login", given=SECRET, WERCKER_TOKEN="another", **NONE)
    assert done.err.splitlines()[-1] == "note: WERCKER_TOKEN is set here, and comes before it"
    assert f'token = "{SECRET}"' in file.read_text()


def test_the_status_of_every_server(wercker: Wercker, server: HTTPServer, file: Path) -> None:
    closed = RawServer()
    closed.close()
    file.parent.mkdir(parents=True)
    url = server.url_for("/api/v3")
    file.write_text(
        f'current = "good"\n[contexts.good]\nurl = "{url}"\ntoken = "good"\n[contexts.bad]\nurl = "{url}"\n'
        f'token = "bad"\n[contexts.none]\nurl = "{url}"\n[contexts.away]\nurl = "{closed.url}"\ntoken = "away"\n'
    )
    file.chmod(0o600)
    expect(server, 400, "good")
    expect(server, 401, "bad")
    done = wercker("auth", "status", "-o", "json", code=4)
    rows = [(row["context"], row["token"], row["state"]) for row in json.loads(done.out)]
    assert rows == [
        ("good", "file", "accepted"),
        ("bad", "file", "refused"),
        ("none", "none", "no token"),
        ("away", "file", "unreachable"),
    ]
    assert json.loads(done.out)[3]["message"].startswith(f"{closed.url}/api/v3 cannot be reached: ")
    assert wercker("auth", "status", "--context", "away", code=3).out.startswith("away\t")
    expect(server, 400, "good")
    assert wercker("auth", "status", "--context", "good").out == f"good\t{url}\tfile\taccepted\t\n"


def test_a_context_that_cannot_be_used_hides_no_other(wercker: Wercker, server: HTTPServer, file: Path) -> None:
    file.parent.mkdir(parents=True)
    url = server.url_for("/api/v3")
    file.write_text(
        f'[contexts.odd]\nurl = "ci.example.com"\n[contexts.bad]\nurl = "{url}"\ntoken = "sec ret"\n'
        f'[contexts.good]\nurl = "{url}"\ntoken = "good"\n'
    )
    file.chmod(0o600)
    expect(server, 400, "good")
    done = wercker("auth", "status", "-o", "json", code=4)
    assert [(row["context"], row["state"]) for row in json.loads(done.out)] == [
        ("odd", "unknown"),
        ("bad", "unreadable"),
        ("good", "accepted"),
    ]
    assert "sec ret" not in done.out + done.err


@pytest.mark.parametrize("command", ["login", "logout"])
def test_a_token_that_cannot_be_sent_is_repaired_by_its_command(
    wercker: Wercker, server: HTTPServer, ci: str, file: Path, command: str
) -> None:
    before = file.read_text()
    file.write_text(f'{before}token = "sec ret"\n')
    if command == "login":
        expect(server)
    wercker("auth", command, "--context", "ci", given=SECRET, **NONE)
    assert file.read_text() == before + (f'token = "{SECRET}"\n' if command == "login" else "")


def test_the_environments_token_is_shown_to_the_server_in_force_alone(
    wercker: Wercker, server: HTTPServer, file: Path
) -> None:
    url = server.url_for("/api/v3")
    file.parent.mkdir(parents=True)
    file.write_text(f'[contexts.own]\nurl = "{url}"\ntoken = "own"\n[contexts.bare]\nurl = "{url}"\n')
    file.chmod(0o600)
    expect(server, 400, "env")
    expect(server, 400, "own")
    done = wercker("auth", "status", WERCKER_API_URL=url, WERCKER_TOKEN="env")
    assert done.out == (
        f"WERCKER_API_URL\t{url}\tWERCKER_TOKEN\taccepted\t\nown\t{url}\tfile\taccepted\t\n"
        f"bare\t{url}\tnone\tno token\t\n"
    )


def test_the_engine_has_no_status(wercker: Wercker) -> None:
    assert wercker("auth", "status", "--context", "engine", code=2).err.startswith(
        "wercker: the embedded engine needs no token\n"
    )
    assert wercker("auth", "status") == Done(0, "", "")


def test_the_status_on_a_terminal(terminal: Terminal, server: HTTPServer, file: Path) -> None:
    screen, _ = terminal("auth", "status", columns=90)
    assert screen == ["no server has a name here: wercker context add NAME --url URL"]
    url = server.url_for("/api/v3")
    file.parent.mkdir(parents=True)
    file.write_text(f'[contexts.ci]\nurl = "{url}"\ntoken = "bad"\n')
    file.chmod(0o600)
    expect(server, 401, "bad")
    screen, _ = terminal("auth", "status", columns=90, code=4)
    wide = len(url) + 2
    assert screen == [f"CONTEXT  {'SERVER':{wide}}TOKEN  STATE", f"ci       {url:{wide}}file   refused"]


def test_the_token_is_in_no_process_list(environ: dict[str, str], wercker: Wercker) -> None:
    raw = RawServer(hang)
    try:
        wercker("context", "add", "ci", "--url", raw.url)
        command = [WERCKER, "auth", "login", "--context", "ci", "--request-timeout", "20"]
        with subprocess.Popen(command, env=environ, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as login:
            assert login.stdin
            login.stdin.write(SECRET.encode())
            login.stdin.close()
            wait_until(lambda: raw.received)
            seen = [Path(f"/proc/{login.pid}/{name}").read_bytes() for name in ("cmdline", "environ")]
            login.kill()
            assert login.stderr
            assert SECRET.encode() not in login.stderr.read()
        assert not any(SECRET.encode() in part for part in seen)
        assert SECRET.encode() in raw.received[0]
        assert SECRET.encode() not in raw.received[0].split(b"\r\n")[0]
    finally:
        raw.close()


def test_a_fault_of_our_own_tells_no_token(environ: dict[str, str], wercker: Wercker, file: Path) -> None:
    raw = RawServer(answer("[]"))
    try:
        wercker("context", "add", "ci", "--url", raw.url)
        script = (
            "import sys\nfrom wercker_cli.accounts import config\nfrom wercker_cli.cli import main\n"
            "def broken(path, text): raise KeyError(path)\n"
            "config._replace = broken\nsys.argv[1:] = ['--debug', '--context', 'ci', 'auth', 'login']\nmain()\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", script],
            env={**environ, **NONE},
            input=SECRET,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert "Traceback" in done.stderr
        assert SECRET not in done.stdout + done.stderr
        assert SECRET not in file.read_text()
    finally:
        raw.close()
