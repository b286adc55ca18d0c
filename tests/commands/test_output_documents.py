"""Documents from the real command: a run with its steps, and nothing asked for in vain."""

import re

import pytest
from pytest_httpserver import HTTPServer

from tests.commands.test_requests import RUN, SAMPLE
from tests.conftest import Checkout, Done, Wercker
from tests.engine.stories import script


def test_a_failed_run_to_paste_into_a_ticket(wercker: Wercker, checkout: Checkout) -> None:
    commit = checkout.commit(script(compile="true", test="exit 3"), "Break it (#1) for @all")
    run = wercker("runs", "trigger", "-p", "build", "--wait", cwd=checkout.path, code=10).out.strip()
    text = wercker("runs", "show", run, "-o", "markdown", cwd=checkout.path).out
    lines = re.sub(r"\d+\.\d s", "N s", text).splitlines()
    assert lines[0] == f"### ✗ failed in N s · `build` · `main` · `{commit[:7]}`"
    assert re.sub(" +", " ", lines[8]) == "| message | `Break it (#1) for @all` |"
    assert [re.sub(" +", " ", line) for line in lines[-14:]] == [
        "| # | step | result | time |",
        "|-----|---------------------|-----------|--------|",
        "| 1 | `get code` | ✓ passed | N s |",
        "| 2 | `setup environment` | ✓ passed | N s |",
        "| 3 | `wercker-init` | ✓ passed | N s |",
        "| 4 | `compile` | ✓ passed | N s |",
        "| 5 | `test` | ✗ failed | N s |",
        "| 6 | `store` | ○ not run | |",
        "",
        "5 · `test` · ✗ failed · N s",
        "",
        "```",
        "Command exited with exit code: 3",
        "```",
    ]
    steps = wercker("runs", "steps", run, "-o", "markdown", cwd=checkout.path).out
    assert text.endswith(f"\n\n{steps}")


@pytest.mark.parametrize("name", ["json", "jsonl", "csv", "tsv", "id", "table"])
def test_steps_are_asked_for_by_documents_alone(wercker: Wercker, httpserver: HTTPServer, name: str) -> None:
    httpserver.expect_ordered_request(f"/api/v3/runs/{RUN}").respond_with_json(SAMPLE)
    wercker("runs", "show", RUN, "-o", name, WERCKER_API_URL=httpserver.url_for("/"))
    httpserver.check()


def test_no_half_a_document(wercker: Wercker, httpserver: HTTPServer) -> None:
    httpserver.expect_ordered_request(f"/api/v3/runs/{RUN}").respond_with_json(SAMPLE)
    httpserver.expect_ordered_request(f"/api/v3/runs/{RUN}/steps").respond_with_json({"message": "no"}, status=403)
    done = wercker("runs", "show", RUN, "-o", "html", WERCKER_API_URL=httpserver.url_for("/"), code=4)
    name = httpserver.url_for("/api/v3")
    assert done == Done(4, "", f"wercker: {name} does not allow this: no (403)\n")
