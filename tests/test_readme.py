"""Every command that the README shows is run, in its order."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from tests.conftest import Checkout

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PIPELINES = """
build:
  steps:
    - script: {name: compile, code: echo compiling; echo made >"$WERCKER_OUTPUT_DIR/made"}
deploy:
  steps:
    - script: {code: echo $STAGE}
"""
RUN = {"id": "577a4dbc3ec144923a02b6f9", "status": "finished", "result": "passed"}


def shown() -> list[str]:
    """The lines in the README's blocks of bash."""
    return "".join(re.findall(r"```bash\n(.*?)```", README, re.DOTALL)).splitlines()


def test_the_commands_work_as_they_stand(environ: dict[str, str], checkout: Checkout, httpserver: HTTPServer) -> None:
    commit = checkout.commit(PIPELINES)
    run = {**RUN, "branch": "main", "commitHash": commit, "pipeline": {"id": "b" * 24, "name": "build"}}
    api = "/api/v3"
    application = {"id": "a" * 24, "name": "site"}
    httpserver.expect_request(f"{api}/applications/acme/site").respond_with_json(application)
    httpserver.expect_request(f"{api}/applications/acme/site/pipelines").respond_with_json(
        [{"id": "b" * 24, "name": "build"}]
    )
    httpserver.expect_request(f"{api}/runs").respond_with_json([run])
    httpserver.expect_request(f"{api}/runs/", method="POST").respond_with_json(run)
    httpserver.expect_request(f"{api}/runs/{RUN['id']}").respond_with_json(run)
    httpserver.expect_request(f"{api}/runs/{RUN['id']}/steps").respond_with_json([])
    blocks = [
        "\n".join(line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ "))
        for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    ]
    assert len(blocks) > 5
    commands = [f"(\n{block}\n)".replace("https://ci.example.com", httpserver.url_for("/")) for block in blocks]
    done = subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", "\n".join(commands)],
        cwd=checkout.path,
        env={**environ, "CI_TOKEN": "secret"},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    httpserver.check()


@pytest.mark.timeout(400)
def test_the_first_command_works_in_a_copy_without_git(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    ignored = shutil.ignore_patterns(".git", ".venv", ".*_cache", "__pycache__", ".hypothesis")
    shutil.copytree(ROOT, copy, ignore=ignored)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("WERCKER_", "VIRTUAL_ENV"))}
    done = subprocess.run(
        ["bash", "-c", shown()[0]],
        cwd=copy,
        env={**kept, "XDG_STATE_HOME": str(tmp_path / "state")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"[0-9a-f]{24}\n", done.stdout)
    assert "passed" in done.stderr.splitlines()[-1]


def test_the_second_command_is_what_ci_runs() -> None:
    assert shown()[1].endswith("pytest")
    assert "eval \"$(grep -m1 'pytest$' README.md)\"" in (ROOT / ".ci/run").read_text()


def test_the_exit_codes_of_the_readme_are_those_of_the_man_pages() -> None:
    from wercker_cli.errors import Exit
    from wercker_cli.manual import EXIT_STATUS

    table = re.findall(r"^\| (\d+) \|", README, re.MULTILINE)
    assert [int(code) for code in table] == [int(code) for code, _ in EXIT_STATUS] == sorted(Exit)
