"""Contexts and config.toml, from outside: which server is asked, and what becomes of the file."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests.accounts.test_config import write
from tests.conftest import Checkout, Done, Terminal, Wercker
from wercker_cli.app import Invocation

PIPELINE = "b" * 24
ADDED = "added {0}, which is {1}\nhint: wercker context use {0}, wercker auth login --context {0}\n"


def expect(server: HTTPServer, token: str | None) -> None:
    """The next request comes with this token."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    query = {"pipelineId": PIPELINE}
    server.expect_ordered_request("/api/v3/runs", query_string=query, headers=headers).respond_with_json([])


def tokens(server: HTTPServer) -> list[str | None]:
    """The tokens that came, in their order."""
    return [request.headers.get("Authorization") for request, _ in server.log]


def test_a_context_from_its_first_day_to_its_last(wercker: Wercker, file: Path) -> None:
    root = "https://ci.example.com/api/v3"
    assert wercker("context", "list").out == "engine\tthe embedded engine\tnot needed\t\ttrue\n"
    added = wercker("context", "add", "ci", "--url", "https://ci.example.com/", "-a", "acme/site")
    assert added == Done(0, "", ADDED.format("ci", root))
    assert wercker("context", "use", "ci") == Done(0, "", "ci answers from now on\n")
    assert file.read_text() == f'current = "ci"\n\n[contexts.ci]\nurl = "{root}"\napplication = "acme/site"\n'
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert os.listdir(file.parent) == ["config.toml"]
    assert wercker("context", "list").out == (
        f"engine\tthe embedded engine\tnot needed\t\tfalse\nci\t{root}\tnone\tacme/site\ttrue\n"
    )
    shown = json.loads(wercker("context", "show", "-o", "json").out)
    assert [(setting["name"], setting["value"], setting["origin"]) for setting in shown][:4] == [
        ("context", "ci", "config.toml"),
        ("server", root, "config.toml [contexts.ci]"),
        ("token", "none", "default"),
        ("application", "acme/site", "config.toml [contexts.ci]"),
    ]
    assert wercker("context", "remove", "ci") == Done(0, "", "removed ci: the embedded engine answers from now on\n")
    assert wercker("context", "list").out == "engine\tthe embedded engine\tnot needed\t\ttrue\n"


def test_the_list_on_a_terminal(terminal: Terminal, wercker: Wercker) -> None:
    wercker("context", "add", "ci", "--url", "https://ci.example.com", "--application", "acme/site")
    screen, _ = terminal("context", "list", columns=90)
    assert screen == [
        "   NAME    SERVER                         TOKEN       APPLICATION",
        "●  engine  the embedded engine            not needed",
        "   ci      https://ci.example.com/api/v3  none        acme/site",
    ]


def test_the_engine_is_used_again(wercker: Wercker, file: Path) -> None:
    wercker("context", "use", "engine")
    assert not file.exists()
    text = write(file, 'current = "ci"\n[contexts.ci]\nurl = "https://ci.example.com"\n')
    wercker("context", "use", "engine")
    assert file.read_text() == text.removeprefix('current = "ci"\n')


def test_a_broken_file_is_no_matter_where_it_is_not_asked(wercker: Wercker, server: HTTPServer, file: Path) -> None:
    write(file, "broken")
    expect(server, None)
    assert wercker("runs", "list", "-p", PIPELINE, WERCKER_API_URL=server.url_for("/")) == Done(0, "", "")
    assert wercker("api", "GET", "/applications/nobody", "--context", "engine") == Done(0, "[]\n", "")


@pytest.mark.parametrize("name", ["engine", "WERCKER_API_URL", "", "a b", "-a", "a/b", "\x1b[2J"])
def test_a_name_that_cannot_be(wercker: Wercker, file: Path, name: str) -> None:
    done = wercker("context", "add", "--url", "http://h", "--", name, code=2)
    assert done.err.startswith("wercker: ")
    assert done.err.endswith("cannot be the name of a context\nhint: take letters, digits, '.', '_' and '-'\n")
    assert not file.exists()


def test_a_name_that_is_taken_and_one_that_is_not_there(wercker: Wercker, file: Path) -> None:
    wercker("context", "add", "ci", "--url", "http://h")
    before = file.read_text()
    assert wercker("context", "add", "ci", "--url", "http://other", code=2).err == (
        "wercker: there is a context ci already\nhint: wercker context remove ci\n"
    )
    unknown = "names the context 'x', and there is none: known are engine, ci\nhint: wercker context add x --url URL\n"
    assert wercker("runs", "list", "--context", "x", code=2).err == f"wercker: --context {unknown}"
    assert wercker("runs", "list", code=2, WERCKER_CONTEXT="x").err == f"wercker: WERCKER_CONTEXT {unknown}"
    assert wercker("context", "use", "x", code=2).err == f"wercker: NAME {unknown}"
    for name, shown in (("", " "), ("WERCKER_API_URL", " WERCKER_API_URL ")):
        nothing = unknown.replace("'x'", repr(name)).replace(" x ", shown)
        assert wercker("runs", "list", "--context", name, code=2).err == f"wercker: --context {nothing}"
    assert wercker("context", "remove", "x", code=2).err == f"wercker: NAME {unknown}"
    assert wercker("context", "remove", "engine", code=2).err == (
        "wercker: the embedded engine is always there\nhint: wercker context use NAME lets a server answer\n"
    )
    assert file.read_text() == before
    write(file, 'current = "x"\n' + before)
    assert wercker("runs", "list", code=2).err == f"wercker: config.toml {unknown}"


@pytest.mark.parametrize(
    "url",
    [
        "ci.example.com",
        "http://",
        "http://h/?token=secret",
        "http://me:secret@h",
        "me:secret@h",
        "ftp://me:secret@h",
        "http://me:secret@h:99999",
        "http://me:secret@h h",
    ],
)
def test_an_address_that_cannot_be(wercker: Wercker, file: Path, url: str) -> None:
    done = wercker("context", "add", "ci", "--url", url, code=2)
    assert done.err.startswith("wercker: --url ")
    assert "secret" not in done.err
    assert not file.exists()


def test_the_order_of_what_decides(wercker: Wercker, file: Path) -> None:
    wercker("context", "add", "a", "--url", "http://a")
    wercker("context", "add", "b", "--url", "http://b")
    wercker("context", "add", "c", "--url", "http://c")
    wercker("context", "use", "a")

    def decided(*args: str, **environ: Any) -> list[str]:
        shown = wercker("context", "show", *args, **environ).out.splitlines()
        return shown[0].split("\t")[1:] + shown[1].split("\t")[1:2]

    assert decided() == ["a", "config.toml", "http://a/api/v3"]
    assert decided(WERCKER_CONTEXT="b") == ["b", "WERCKER_CONTEXT", "http://b/api/v3"]
    both: dict[str, Any] = {"WERCKER_CONTEXT": "b", "WERCKER_API_URL": "http://u"}
    assert decided(**both) == ["WERCKER_API_URL", "WERCKER_API_URL", "http://u/api/v3"]
    assert decided("--context", "c", **both) == ["c", "--context", "http://c/api/v3"]
    assert decided("--context", "engine", **both) == ["engine", "--context", "the embedded engine"]
    said = wercker("context", "use", "b", **both).err
    assert said == (
        "b answers from now on\nnote: WERCKER_API_URL is set here, and comes before it\n"
        "note: WERCKER_CONTEXT is set here, and comes before it\n"
    )


def test_whose_token_goes_where(wercker: Wercker, server: HTTPServer, file: Path) -> None:
    url = server.url_for("/")
    write(file, f'[contexts.ci]\nurl = "{url}"\ntoken = "own"\n[contexts.bare]\nurl = "{url}"\n')

    def sent(*args: str, **environ: Any) -> str | None:
        server.clear()
        expect(server, None)
        wercker("runs", "list", "-p", PIPELINE, *args, **environ)
        return tokens(server)[0]

    assert sent("--context", "ci") == "Bearer own"
    assert sent(WERCKER_CONTEXT="ci") == "Bearer own"
    assert sent(WERCKER_API_URL=url) is None
    assert sent(WERCKER_API_URL=url, WERCKER_TOKEN="env") == "Bearer env"
    assert sent(WERCKER_CONTEXT="ci", WERCKER_TOKEN="env") == "Bearer env"
    assert sent("--context", "ci", WERCKER_TOKEN="env") == "Bearer own"
    assert sent("--context", "bare", WERCKER_TOKEN="env") is None
    elsewhere: dict[str, Any] = {"WERCKER_API_URL": "http://elsewhere.example.com", "WERCKER_TOKEN": "env"}
    assert sent("--context", "ci", **elsewhere) == "Bearer own"
    assert sent("--context", "bare", **elsewhere) is None


def test_the_application_of_a_context_is_the_last_resort(wercker: Wercker, server: HTTPServer) -> None:
    wercker("context", "add", "ci", "--url", server.url_for("/"), "--application", "a" * 24)
    given: list[tuple[str, dict[str, Any]]] = [("a" * 24, {}), ("c" * 24, {"WERCKER_APPLICATION_ID": "c" * 24})]
    for application, environ in given:
        query = {"applicationId": application}
        server.expect_ordered_request("/api/v3/runs", query_string=query).respond_with_json([])
        wercker("--context", "ci", "runs", "list", **environ)


def test_the_certificates_of_a_context(wercker: Wercker, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    wercker("context", "add", "ci", "--url", "https://127.0.0.1:1", "--ca-bundle", "ca.pem")

    def bundle(**environ: Any) -> list[str]:
        return wercker("context", "show", "--context", "ci", **environ).out.splitlines()[4].split("\t")[1:]

    assert bundle(REQUESTS_CA_BUNDLE="/other") == [str(tmp_path / "ca.pem"), "config.toml [contexts.ci]"]
    assert bundle(WERCKER_CA_BUNDLE="/mine") == ["/mine", "WERCKER_CA_BUNDLE"]


def test_a_token_that_no_header_can_carry_is_not_shown(wercker: Wercker, file: Path) -> None:
    write(file, '[contexts.ci]\nurl = "http://127.0.0.1:1"\ntoken = "sec ret"\n')
    done = wercker("runs", "show", "577a4dbc3ec144923a02b6f9", "--context", "ci", "--debug", code=4)
    assert done.err == (
        "wercker: config.toml [contexts.ci] holds characters that cannot go into an HTTP header "
        "(a blank, a line break, an accent?)\nhint: copy the token again, without anything around it\n"
    )


def test_a_token_that_cannot_be_sent_is_no_matter_to_who_sends_none(
    wercker: Wercker, checkout: Checkout, file: Path
) -> None:
    checkout.commit("build:\n  steps: []\n")
    write(file, '[contexts.ci]\nurl = "http://127.0.0.1:1"\ntoken = "sec ret"\n')
    assert wercker("runs", "list", cwd=checkout.path, WERCKER_TOKEN="a b") == Done(0, "", "")
    assert "sec ret" not in wercker("context", "list", WERCKER_TOKEN="a b").out
    assert "token\tset, not shown\t" in wercker("context", "show", "--context", "ci").out


def test_what_only_the_engine_can_do(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit("build:\n  steps: []\n")
    wercker("context", "add", "ci", "--url", "http://127.0.0.1:1")
    wercker("context", "use", "ci")
    assert wercker("pipelines", "add", cwd=checkout.path, code=2).err == (
        "wercker: only the embedded engine can do this, and config.toml [contexts.ci] names a server\n"
        "hint: --context engine asks the engine\n"
    )
    assert wercker("pipelines", "add", "--context", "engine", "-o", "json", cwd=checkout.path).code == 0


def test_a_step_asks_the_engine_that_runs_it(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit("build:\n  steps:\n    - script: {code: wercker runs show -q .branch}\n")
    wercker("context", "add", "ci", "--url", "http://127.0.0.1:1")
    wercker("context", "use", "ci")
    engine = ["--context", "engine"]
    run = wercker("runs", "trigger", "-p", "build", "--wait", *engine, cwd=checkout.path).out.strip()
    assert "\nmain\n" in wercker("runs", "logs", run, *engine).out


def test_another_context_gets_nothing_of_the_environments_server(file: Path) -> None:
    write(file, '[contexts.ci]\nurl = "http://h"\ntoken = "own"\napplication = "acme/site"\n')
    environ = {
        "XDG_CONFIG_HOME": str(file.parent.parent),
        "WERCKER_API_URL": "http://env",
        "WERCKER_TOKEN": "env",
        "WERCKER_APPLICATION_ID": "env",
        "WERCKER_CONTEXT": "env",
        "WERCKER_DEBUG": "1",
    }
    here = Invocation(environ)
    here.request_timeout, here.color = 3.0, "never"
    there = here.in_context("ci")
    settings = there.settings
    assert (settings.context, settings.api_url.value, settings.token.value) == ("ci", "http://h/api/v3", "own")
    assert settings.application.value == "acme/site"
    assert (there.request_timeout, there.color, there.debug) == (3.0, "never", True)
    assert (there.stdin, there.stdout, there.stderr) == (here.stdin, here.stdout, here.stderr)
    assert here.settings.context == "WERCKER_API_URL"
    assert here.in_context("engine").settings.api_url.value is None
