"""What a wercker.yml means: each folder of cases/ is a checkout, beside what comes of it in expected.txt.

That is the commands, as typed in the checkout, each followed by what it says, or by the run that it made: its result,
its steps with their results and messages, and their logs. To run one by hand:

    cp -r tests/engine/cases/cwd /tmp && cd /tmp/cwd && wercker runs trigger -p build --wait

A new case needs the commands alone: WRITE_CASES=1 pytest tests/engine/test_cases.py writes the rest.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Checkout
from tests.engine.stories import name
from wercker_cli.api.client import Client
from wercker_cli.engine.app import Engine
from wercker_cli.engine.user import username

CASES = Path(__file__).parent / "cases"
EXPECTED = "expected.txt"
ID = r"[0-9a-f]{24}"


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir()))
def test_a_wercker_yml_does_what_is_written_beside_it(case: str, tmp_path: Path, environ: dict[str, str]) -> None:
    expected = CASES / case / EXPECTED
    said = outcome(case, re.findall(r"^\$ (.*)$", expected.read_text(), re.MULTILINE), tmp_path, environ)
    if "WRITE_CASES" in os.environ:  # after a change that is meant: what git shows then has to be read
        expected.write_text(said)
    assert said == expected.read_text()


def outcome(case: str, commands: list[str], folder: Path, environ: dict[str, str]) -> str:
    """What the commands of the case come to, with words in place of what is never the same."""
    checkout = Checkout(folder / "demo")
    shutil.copytree(CASES / case, checkout.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns(EXPECTED))
    commit = checkout.commit((checkout.path / "wercker.yml").read_text())
    said = "".join(f"{line}\n" for command in commands for line in _transcript(command, checkout.path, environ))
    words = {
        "\x1b": r"\e",
        f"{environ['HOME']}/.local/state/wercker": "STATE",
        environ["PATH"]: "PATH",
        environ["HOME"]: "HOME",
        str(checkout.path): "CHECKOUT",
        commit: "COMMIT",
        f"STARTED_BY={username()}": "STARTED_BY=USER",
    }
    for text, word in words.items():
        said = said.replace(text, word)
    said = re.sub(rf"(?<=report/){ID}|(?<=STEP_ID=){ID}", "STEP", said)
    said = re.sub(rf"(?<=of run ){ID}", "ANOTHER", said)
    return re.sub(r"(?<=PIPELINE_STARTED=)\d+", "SECONDS", said)


def _transcript(command: str, folder: Path, environ: dict[str, str]) -> Iterator[str]:
    """The lines of one command; where it made a run, those of the run in place of its own."""
    yield f"$ {command}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    if not re.fullmatch(ID, done.stdout.strip()):
        yield from [*done.stdout.splitlines(), *done.stderr.splitlines(), f"exit code {done.returncode}"]
        return
    client = Client(Engine(f"{environ['HOME']}/.local/state/wercker", str(folder)))
    run = client.run(done.stdout.strip())
    yield f"run {run['result']}"
    for line in _steps(client, run["id"]):
        yield line.replace(run["id"], "RUN").replace(run["application"]["id"], "APPLICATION")


def _steps(client: Client, run: str) -> Iterator[str]:
    """The steps of a run, each with its message, and below it what it printed."""
    for step in client.steps(run):
        message = f" ({step['message']})" if "message" in step else ""
        yield f"{name(step)}: {step['result']}{message}"
        log = b"".join(client.log(step["id"])).decode()
        yield from (f"    {line}".rstrip() for line in log.splitlines())
