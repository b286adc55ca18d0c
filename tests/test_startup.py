"""What a command loads: start-up stays fast only while someone watches."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Checkout, Wercker
from wercker_cli import __version__
from wercker_cli.cli import COMMANDS

HEAVY = (
    "requests",
    "urllib3",
    "rich",
    "tabulate",
    "jq",
    "yaml",
    "sqlite3",
    "json",
    "subprocess",
    "ctypes",
    "http",
    "tomllib",
    "tomlkit",
    "keyring",
)
SCRIPT = """
import sys
from wercker_cli.cli import main
try:
    main()
except SystemExit as done:
    code = done.code
loaded = {name for name in sys.modules if "." not in name}
print("LOADED", code, *sorted(loaded & set(HEAVY)), file=sys.stderr)
print("OURS", *sorted(name for name in sys.modules if name.startswith("wercker_cli")), file=sys.stderr)
""".replace("HEAVY", repr(HEAVY))


def loaded(environ: dict[str, str], *args: str, cwd: Path, **more: str) -> tuple[list[str], list[str]]:
    """The heavy modules and our own that a command line loads."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *args],
        env={**environ, **more},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    lines = {line.split()[0]: line.split()[1:] for line in done.stderr.splitlines() if line[:4] in {"LOAD", "OURS"}}
    assert lines["LOADED"][0] == "0", done.stderr
    return lines["LOADED"][1:], lines["OURS"]


ALWAYS = [
    "wercker_cli",
    "wercker_cli.app",
    "wercker_cli.cli",
    "wercker_cli.commands",
    "wercker_cli.commands.shape",
    "wercker_cli.errors",
    "wercker_cli.output",
    "wercker_cli.output.columns",
]


@pytest.mark.parametrize("args", [["--version"], ["runs", "list", "--help"], ["completion", "bash"]])
def test_version_help_and_completion_load_click_alone(environ: dict[str, str], tmp_path: Path, args: list[str]) -> None:
    assert loaded(environ, *args, cwd=tmp_path)[0] == []


def test_the_version_loads_little_of_ours(environ: dict[str, str], tmp_path: Path) -> None:
    assert loaded(environ, "--version", cwd=tmp_path)[1] == ALWAYS


def test_completing_loads_click_alone(environ: dict[str, str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**environ, "_WERCKER_COMPLETE": "bash_complete", "COMP_WORDS": "wercker runs l", "COMP_CWORD": "2"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["plain,list", "plain,logs"]
    assert "LOADED 0\n" in done.stderr


def test_a_local_list_in_a_pipe_loads_no_http_and_no_tables(
    environ: dict[str, str], checkout: Checkout, wercker: Wercker
) -> None:
    checkout.commit("build:\n  steps: []\n")
    wercker("runs", "trigger", "-p", "build", "--wait", cwd=checkout.path)
    heavy, _ = loaded(environ, "runs", "list", cwd=checkout.path)
    assert heavy == ["json", "sqlite3"]


def test_a_check_of_a_file_in_a_pipe_loads_yaml_alone(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "wercker.yml").write_text("build:\n  steps: [script: {code: ls}, npm-install, nowhere]\n")
    assert loaded(environ, "pipelines", "check", "wercker.yml", cwd=tmp_path)[0] == ["yaml"]


def test_a_config_file_costs_a_local_list_its_reading_alone(
    environ: dict[str, str], checkout: Checkout, wercker: Wercker
) -> None:
    checkout.commit("build:\n  steps: []\n")
    wercker("runs", "list", cwd=checkout.path)
    before = loaded(environ, "runs", "list", cwd=checkout.path)
    wercker("context", "add", "ci", "--url", "http://127.0.0.1:1")
    heavy, ours = loaded(environ, "runs", "list", cwd=checkout.path)
    assert (heavy, ours) == (
        [*before[0], "tomllib"],
        sorted([*before[1], "wercker_cli.accounts", "wercker_cli.accounts.config"]),
    )


def leaves(table: dict[str, object], path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command and group."""
    found: list[tuple[str, ...]] = [path]
    for name, entry in table.items():
        below = (*path, name)
        found += leaves(entry[1], below) if isinstance(entry, tuple) else [below]
    return found


@pytest.mark.parametrize("path", leaves(COMMANDS), ids=" ".join)
def test_every_command_has_help_with_examples_and_few_words(wercker: Wercker, path: tuple[str, ...]) -> None:
    shown = wercker(*path, "--help").out
    assert shown.startswith(f"Usage: {' '.join(['wercker', *path])} ")
    assert "Global options:" in shown
    assert (path and path[-1] in {"runs", "pipelines", "context", "auth", "server", "token"}) or "Examples:" in shown
    assert max(map(len, shown.splitlines())) <= 100


def test_wercker_alone_prints_its_help(wercker: Wercker) -> None:
    assert wercker().out == wercker("--help").out


def test_the_module_is_the_command(environ: dict[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "wercker_cli", "--version"]
    done = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == f"wercker {__version__}\n"
