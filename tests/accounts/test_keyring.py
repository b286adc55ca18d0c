"""Tokens in the system keyring, from outside, and in the file where that does not work."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests.accounts.test_auth import NONE, SECRET, expect
from tests.conftest import Done, Wercker
from wercker_cli.accounts import tokens
from wercker_cli.app import Invocation
from wercker_cli.errors import Usage

BACKENDS = str(Path(__file__).parent)


def keyring(backend: str, tmp_path: Path) -> dict[str, Any]:
    """The environment with that keyring."""
    return {
        "PYTHONPATH": BACKENDS,
        "PYTHON_KEYRING_BACKEND": f"keyrings_of_tests.{backend}",
        "KEYRING_FILE": str(tmp_path / "keyring.json"),
    }


def test_a_life_in_the_keyring(wercker: Wercker, server: HTTPServer, ci: str, file: Path, tmp_path: Path) -> None:
    env = keyring("InFile", tmp_path)
    expect(server)
    done = wercker("auth", "login", "--context", "ci", given=SECRET, **env)
    assert done == Done(0, "", "logged in to ci: the token is in the system keyring\n")
    assert file.read_text() == f'[contexts.ci]\nurl = "{ci}"\nkeyring = true\n'
    assert json.loads((tmp_path / "keyring.json").read_text()) == {f"wercker-cli: ci {ci}": SECRET}

    expect(server)
    shown = wercker("auth", "status", **env)
    assert shown == Done(0, f"ci\t{ci}\tkeyring\taccepted\t\n", "")
    assert "token\tset, not shown\tkeyring\n" in wercker("context", "show", "--context", "ci").out
    assert wercker("context", "list").out.splitlines()[1] == f"ci\t{ci}\tkeyring\t\tfalse"

    query = {"pipelineId": "b" * 24}
    server.expect_ordered_request(
        "/api/v3/runs", query_string=query, headers={"Authorization": f"Bearer {SECRET}"}
    ).respond_with_json([])
    debug = wercker("runs", "list", "-p", "b" * 24, "--context", "ci", "--debug", **env)
    assert SECRET not in debug.err

    assert wercker("auth", "logout", "--context", "ci", **env) == Done(0, "", "logged out of ci\n")
    assert file.read_text() == f'[contexts.ci]\nurl = "{ci}"\n'
    assert json.loads((tmp_path / "keyring.json").read_text()) == {}


@pytest.fixture
def kept(wercker: Wercker, server: HTTPServer, ci: str, tmp_path: Path) -> dict[str, Any]:
    """The environment with a keyring that has the token of the context."""
    expect(server)
    wercker("auth", "login", "--context", "ci", given=SECRET, **keyring("InFile", tmp_path))
    return keyring("InFile", tmp_path)


def test_a_removed_context_leaves_nothing_in_the_keyring(
    wercker: Wercker, kept: dict[str, Any], file: Path, tmp_path: Path
) -> None:
    assert wercker("context", "remove", "ci", **kept) == Done(0, "", "removed ci\n")
    assert json.loads((tmp_path / "keyring.json").read_text()) == {}
    assert file.read_text() == ""


def test_a_context_whose_address_was_changed_has_no_token(
    wercker: Wercker, kept: dict[str, Any], ci: str, file: Path
) -> None:
    file.write_text(file.read_text().replace(ci, "http://elsewhere.example.com/api/v3"))
    done = wercker("runs", "list", "-p", "b" * 24, "--context", "ci", code=4, **kept)
    assert done.err == (
        "wercker: the token belongs into the system keyring: it is not there any more\n"
        "hint: wercker auth login keeps it anew\n"
    )


def test_a_keyring_that_comes_later_empties_the_file(
    wercker: Wercker, server: HTTPServer, ci: str, file: Path, tmp_path: Path
) -> None:
    expect(server)
    wercker("auth", "login", "--context", "ci", given=SECRET, **NONE)
    assert SECRET in file.read_text()
    expect(server)
    wercker("auth", "login", "--context", "ci", given=SECRET, **keyring("InFile", tmp_path))
    assert file.read_text() == f'[contexts.ci]\nurl = "{ci}"\nkeyring = true\n'


UNWRITABLE = """
import sys
from wercker_cli.accounts import config
from wercker_cli.cli import main
def full(path, text): raise OSError(28, "No space left on device")
config._replace = full
sys.argv[1:] = ["--context", "ci", "auth", "login"]
main()
"""


def logged_in_on_a_full_disk(environ: dict[str, str]) -> int:
    """The exit code of a login that cannot write config.toml."""
    command = [sys.executable, "-c", UNWRITABLE]
    return subprocess.run(command, env=environ, input=b"another", capture_output=True, check=False).returncode


def test_a_file_that_cannot_be_written_leaves_no_token_that_nobody_knows_of(
    environ: dict[str, str], wercker: Wercker, server: HTTPServer, ci: str, file: Path, tmp_path: Path
) -> None:
    before, env = file.read_text(), keyring("InFile", tmp_path)
    expect(server, token="another")
    assert logged_in_on_a_full_disk({**environ, **env}) == 1
    assert file.read_text() == before
    assert json.loads((tmp_path / "keyring.json").read_text()) == {}
    expect(server)
    wercker("auth", "login", "--context", "ci", given=SECRET, **env)
    expect(server, token="another")
    assert logged_in_on_a_full_disk({**environ, **env}) == 1
    assert json.loads((tmp_path / "keyring.json").read_text()) == {f"wercker-cli: ci {ci}": "another"}


def test_a_keyring_that_takes_nothing_any_more_keeps_no_old_token(
    wercker: Wercker, server: HTTPServer, kept: dict[str, Any], ci: str, file: Path, tmp_path: Path
) -> None:
    expect(server, token="another")
    full = {**kept, "PYTHON_KEYRING_BACKEND": "keyrings_of_tests.Forgetful"}
    wercker("auth", "login", "--context", "ci", given="another", **full)
    assert file.read_text() == f'[contexts.ci]\nurl = "{ci}"\ntoken = "another"\n'
    assert json.loads((tmp_path / "keyring.json").read_text()) == {}


@pytest.mark.parametrize("change", [tokens.forget, lambda app, name: tokens.keep(app, name, SECRET)])
def test_a_context_that_has_gone_meanwhile(
    kept: dict[str, Any], home: Path, file: Path, change: Callable[..., object]
) -> None:
    app = Invocation({"XDG_CONFIG_HOME": str(home / ".config"), "WERCKER_CONTEXT": "ci"})
    assert tokens.context(app) == "ci"
    file.write_text("")
    with pytest.raises(Usage, match="the context ci is not there any more"):
        change(app, "ci")


@pytest.mark.parametrize(
    ("backend", "why"),
    [
        ("Locked", "the system keyring cannot be used (KeyringLocked)"),
        ("Forgetful", "the system keyring does not keep it"),
        ("Missing", "the system keyring cannot be used (AttributeError)"),
    ],
)
def test_a_keyring_that_does_not_work_leaves_it_to_the_file(
    wercker: Wercker, server: HTTPServer, ci: str, file: Path, tmp_path: Path, backend: str, why: str
) -> None:
    expect(server)
    done = wercker("auth", "login", "--context", "ci", "--debug", given=SECRET, **keyring(backend, tmp_path))
    assert done.err.endswith(f"logged in to ci: the token is in {file}\nnote: {why}\n")
    assert SECRET not in done.err
    assert f'token = "{SECRET}"' in file.read_text()


def test_without_the_package_the_file_keeps_it(
    wercker: Wercker, server: HTTPServer, ci: str, file: Path, tmp_path: Path
) -> None:
    (tmp_path / "keyring.py").write_text("raise ModuleNotFoundError('keyring')\n")
    expect(server)
    done = wercker("auth", "login", "--context", "ci", given=SECRET, PYTHONPATH=str(tmp_path))
    assert done.err == (f"logged in to ci: the token is in {file}\nnote: wercker-cli[keyring] is not installed\n")


def test_a_keyring_that_was_locked_since(
    wercker: Wercker, kept: dict[str, Any], ci: str, file: Path, tmp_path: Path
) -> None:
    before, locked = file.read_text(), keyring("Locked", tmp_path)
    why = "the system keyring cannot be used (KeyringLocked)"
    for debug in ([], ["--debug"]):
        done = wercker("runs", "list", "-p", "b" * 24, "--context", "ci", *debug, code=4, **locked)
        assert done == Done(
            4,
            "",
            f"wercker: the token belongs into the system keyring: {why}\nhint: wercker auth login keeps it anew\n",
        )
    assert wercker("auth", "status", code=4, **locked).out == (
        f"ci\t{ci}\tkeyring\tunreadable\tthe token belongs into the system keyring: {why}\n"
    )
    done = wercker("auth", "logout", "--context", "ci", code=4, **locked)
    assert done.err == f"wercker: the token of ci is still in the system keyring: {why}\n"
    assert file.read_text() == before
    done = wercker("context", "remove", "ci", **locked)
    assert done.err == f"removed ci\nnote: its token is still in the system keyring: {why}\n"
    assert file.read_text() == ""
