"""wercker pipelines check, as a person, a script and an editor see it."""

import json
from pathlib import Path

import pytest

from tests.conftest import Checkout, Terminal, Wercker

WRONG = """\
box: debian
build:
  steps:
    - script: make
    - script: {cod: make}
  stepz: 1
"""


def test_a_file_without_a_mistake_gets_a_sentence(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit("build:\n  steps:\n    - script: {code: make}\ntest: {steps: [script: {code: make test}]}\n")
    assert wercker("pipelines", "check", cwd=checkout.path) == (0, "", "wercker.yml: 2 pipelines, nothing wrong\n")
    (checkout.path / "src").mkdir()
    done = wercker("pipelines", "check", "-o", "json", cwd=checkout.path / "src")
    assert done == (0, "[]\n", "../wercker.yml: 2 pipelines, nothing wrong\n")


def test_a_pipe_gets_a_row_a_mistake(wercker: Wercker, tmp_path: Path) -> None:
    (tmp_path / "ci.yml").write_text(WRONG)
    assert wercker("pipelines", "check", "ci.yml", code=2) == (
        2,
        "ci.yml\t1\t1\twarning\t'box' means nothing here: steps run on this machine, not in a container\n"
        "ci.yml\t4\t15\terror\tthe step 'script' takes properties (name: value), not a text or a list\n"
        "ci.yml\t5\t7\twarning\tstep 'script' has no 'code', so it does nothing\n"
        "ci.yml\t6\t3\terror\t'stepz' in pipeline 'build' is neither a list of steps nor one of after-steps, "
        "base-path, box, docker, services, steps\n",
        "ci.yml: 2 errors, 2 warnings\n",
    )


def test_a_terminal_shows_the_lines_with_carets(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "wercker.yml").write_text("box: debian\nbuild:\n  steps:\n\t- script: mäke\n")
    screen, raw = terminal("pipelines", "check", code=2)
    assert screen == [
        "wercker.yml:4:1: error: this is not YAML: a tab cannot indent",
        "    - script: mäke",
        "^",
        "wercker.yml: 1 error",
    ]
    assert "\x1b[31merror: \x1b[0m" in raw


def test_standard_input_as_json_for_an_editor(wercker: Wercker) -> None:
    done = wercker("pipelines", "check", "-", "-o", "json", given="build:\n  steps: make\n", code=2)
    assert json.loads(done.out) == [
        {
            "file": "<stdin>",
            "line": 2,
            "column": 10,
            "message": "steps are a list: each begins with a '-'",
            "severity": "error",
        }
    ]
    assert done.err == "<stdin>: 1 error\n"


def test_steps_that_cannot_run_here_are_warnings(wercker: Wercker, checkout: Checkout, tmp_path: Path) -> None:
    for folder in (checkout.path / ".wercker/steps/acme/local", tmp_path / "shared/acme/shared", checkout.path / "ci"):
        folder.mkdir(parents=True)
    (checkout.path / "ci/step.yml").write_text(
        "properties:\n  - {name: host, required: true}\n  - {name: port, required: true}\n"
    )
    checkout.commit(
        """\
build:
  steps:
    - script: {code: make}
    - acme/local@1.2
    - acme/shared
    - acme/none
    - kept "file://ci": {host: h, port: 1}
    - gone "file://ci/gone"
    - needy "file://ci"
  prod:
    - internal/docker-push
  after-steps:
    - no-such-step
"""
    )
    done = wercker("pipelines", "check", cwd=checkout.path, WERCKER_STEPS_PATH=f"/nowhere:{tmp_path}/shared")
    nowhere = (
        "is nowhere to be found (looked in .wercker/steps/{0}, in /nowhere/{0}, in {1}/shared/{0}{2}): write its "
        "commands as the 'code' of a 'script' step, or put a folder with its run.sh there"
    )
    assert [line.split("\t", 1)[1] for line in done.out.splitlines()] == [
        f"6\t7\twarning\tstep 'acme/none' {nowhere.format('acme/none', tmp_path, '')}",
        "8\t7\twarning\tstep 'gone' is nowhere to be found (looked in ci/gone): write its commands as the 'code' of a "
        "'script' step, or put a folder with its run.sh there",
        "9\t7\twarning\tstep 'needy' needs 'host' and 'port'",
        "11\t7\twarning\tstep 'internal/docker-push' works on a container, and steps run on this machine here: write "
        "its commands as the 'code' of a 'script' step",
        f"13\t7\twarning\tstep 'no-such-step' "
        f"{nowhere.format('wercker/no-such-step', tmp_path, ', among the built-in ones')}",
    ]
    assert done.err == "wercker.yml: 1 pipeline, 5 warnings\n"


@pytest.mark.parametrize(
    ("data", "row"),
    [
        (b"a: \xff", "1\t4\terror\tthis is not UTF-8: a byte 0xff stands here"),
        (b"a: \0", "1\t4\terror\tthis is not YAML: U+0000 cannot stand in a YAML file"),
        (b"a" * (2**20 + 1), "1\t1\terror\tthe file is larger than 1 MiB"),
        (b"", "1\t1\terror\tthe file is empty: a pipeline is a name with 'steps' below it"),
    ],
)
def test_what_is_no_text_is_a_mistake_too(wercker: Wercker, tmp_path: Path, data: bytes, row: str) -> None:
    (tmp_path / "wercker.yml").write_bytes(data)
    done = wercker("pipelines", "check", code=2)
    assert (done.out, done.err) == (f"wercker.yml\t{row}\n", "wercker.yml: 1 error\n")


def test_without_a_file_it_says_what_to_name(wercker: Wercker, tmp_path: Path) -> None:
    done = wercker("pipelines", "check", code=2)
    assert done.err == "wercker: there is no wercker.yml here or above\nhint: name a file, or - for standard input\n"


def test_a_run_of_a_wrong_file_tells_the_same(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit("build:\n  steps:\n    - script: {code: ls}\n")
    wercker("pipelines", "list", cwd=checkout.path)
    checkout.commit("build:\n  steps:\n    - script: make\n    - script: [make]\n")
    done = wercker("runs", "trigger", "-p", "build", "--wait", cwd=checkout.path, code=10)
    log = wercker("runs", "logs", done.out.strip(), "--step", "2", cwd=checkout.path).out
    step = wercker("runs", "steps", done.out.strip(), "-q", ".[1].message", cwd=checkout.path).out
    assert step == (
        "wercker.yml:3:15: the step 'script' takes properties (name: value), not a text or a list (and 1 more error)\n"
    )
    assert log == (
        "wercker.yml:3:15: the step 'script' takes properties (name: value), not a text or a list\n"
        "    - script: make\n"
        "              ^\n"
        "wercker.yml:4:15: the step 'script' takes properties (name: value), not a text or a list\n"
        "    - script: [make]\n"
        "              ^\n"
    )
