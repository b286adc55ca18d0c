"""Secret variables: the steps of a run see them, whoever looks at the run does not, and they end with it."""

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests.conftest import Checkout, Terminal, Wercker, wait_until
from tests.engine.stories import read, script
from wercker_cli.api.client import Client
from wercker_cli.engine import processes, queue
from wercker_cli.engine.app import Engine
from wercker_cli.engine.dispatch import WORKERS
from wercker_cli.engine.store import Store

TOKEN = "s3cret-$HOME-`id`"
TRIGGER = ("runs", "trigger", "-p", "build", "--secret-env", "TOKEN")
HIDDEN = {"key": "TOKEN", "value": None, "protected": True}


@pytest.fixture
def state(home: Path) -> Path:
    """The state folder of the engine."""
    return home / ".local/state/wercker"


def holding(state: Path, secret: str) -> list[str]:
    """The files of the state folder in which the secret stands, but for what is about to be deleted."""
    found = subprocess.run(["grep", "-rlF", secret, state], capture_output=True, text=True, check=False).stdout.split()
    return [str(Path(path).relative_to(state)) for path in found]


def started(wercker: Wercker, checkout: Checkout, ready: Path) -> str:
    """The id of a run with a secret that goes on until the file `ready` is taken away."""
    made = wercker(*TRIGGER, "-e", f"READY={ready}", cwd=checkout.path, TOKEN=TOKEN).out.strip()
    wait_until(ready.exists)
    return made


def test_steps_see_a_secret_as_it_is_and_nobody_else_does(wercker: Wercker, checkout: Checkout, state: Path) -> None:
    checkout.commit(
        script(
            first=f'[ "${{TOKEN:3}}${{TOKEN:0:3}}" = \'{TOKEN[3:]}{TOKEN[:3]}\' ] && echo "<$TOKEN> $OTHER"; '
            'set -x; : it is "$TOKEN"; exit 0',
            second='echo "${#TOKEN} ${TOKEN^^}"; fail "no entry with $TOKEN"',
        )
    )
    done = wercker(
        *TRIGGER, "-e", "TOKEN=plain", "-e", "OTHER=of $TOKEN", "--wait", cwd=checkout.path, code=10, TOKEN=TOKEN
    )
    story = read(wercker, done.out.strip(), checkout.path)
    stars = "*" * len(TOKEN)
    assert story.logs["first"].splitlines()[:3] == [f"<{stars}> of {stars}", f"+++ : it is '{stars}'", "+++ exit 0"]
    assert story.logs["second"].startswith(f"{len(TOKEN)} {TOKEN.upper()}\n")  # what a step makes of it is its own
    assert story.steps[4]["message"] == f"no entry with {stars}"
    assert TOKEN not in done.err
    assert story.run["envVars"] == [
        {"key": "TOKEN", "value": "plain"},
        {"key": "OTHER", "value": "of $TOKEN"},
        HIDDEN,
    ]
    shown = wercker("runs", "show", story.run["id"], "--show-env", cwd=checkout.path).out
    assert "TOKEN=***" in shown
    wait_until(lambda: os.listdir(state / "trash") == [])
    assert holding(state, TOKEN) == []
    assert os.listdir(state / "secrets") == []


def test_while_a_run_lives_one_file_of_its_owner_alone_holds_its_secrets(
    wercker: Wercker, checkout: Checkout, state: Path, tmp_path: Path
) -> None:
    checkout.commit(script(wait='touch "$READY"; while [ -e "$READY" ]; do sleep 0.01; done'))
    ready = tmp_path / "ready"
    made = started(wercker, checkout, ready)
    assert holding(state, TOKEN) == [f"secrets/{made}"]
    assert (state / "secrets" / made).stat().st_mode & 0o777 == 0o600
    ready.unlink()
    wercker("runs", "watch", made, cwd=checkout.path)
    assert os.listdir(state / "secrets") == []


def test_half_a_secret_is_not_shown_before_it_is_known_what_follows(
    wercker: Wercker, checkout: Checkout, state: Path, tmp_path: Path
) -> None:
    halves = 'printf "is it %s" "${TOKEN::8}"; touch "$READY"; while [ -e "$READY" ]; do sleep 0.01; done'
    checkout.commit(script(tell=f'echo "$TOKEN"; {halves}; echo "${{TOKEN:8}} or ${{TOKEN::8}}"'))
    ready = tmp_path / "ready"
    made = started(wercker, checkout, ready)
    client = Client(Engine(str(state), str(checkout.path)))
    step = client.steps(made)[3]["id"]
    stars, half = "*" * len(TOKEN), TOKEN[:8]
    whole = f"{stars}\nis it {stars} or {half}\n".encode()
    seen = b"".join(client.log(step))
    assert seen == whole[: len(TOKEN) + len("\nis it ")]
    assert client.log_end(step) == seen
    assert (state / "runs" / made / "logs/4.log").read_text() == f"{TOKEN}\nis it {half}"
    ready.unlink()
    wercker("runs", "watch", made, cwd=checkout.path)
    assert seen + b"".join(client.log(step, len(seen))) == whole
    assert b"".join(client.log(step, len(TOKEN) + 10)) == whole[len(TOKEN) + 10 :]
    assert (state / "runs" / made / "logs/4.log").read_bytes() == whole


def test_what_follows_a_log_sees_stars(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(script(tell='for i in {1..2000}; do echo "$i $TOKEN"; done'))
    made = wercker(*TRIGGER, cwd=checkout.path, TOKEN=TOKEN).out.strip()
    followed = wercker("runs", "logs", made, "--step", "tell", "--follow", cwd=checkout.path).out
    assert followed == "".join(f"{number} {'*' * len(TOKEN)}\n" for number in range(1, 2001))


def test_a_killed_worker_leaves_no_secret(wercker: Wercker, checkout: Checkout, state: Path, tmp_path: Path) -> None:
    checkout.commit(script(tell='echo "$TOKEN"; touch "$READY"; sleep 600'))
    made = started(wercker, checkout, tmp_path / "ready")
    store = Store(str(state))
    worker = queue.held(store)[0]["worker"]
    store.close()
    os.kill(processes.pid(worker), signal.SIGKILL)
    wait_until(lambda: processes.alive(worker) is False)
    story = read(wercker, made, checkout.path)
    assert (story.run["result"], story.logs["tell"]) == ("failed", "*" * len(TOKEN) + "\n")
    assert holding(state, TOKEN) == []


def test_a_run_that_never_started_leaves_none_and_nor_does_one_that_was_never_made(
    wercker: Wercker, checkout: Checkout, state: Path
) -> None:
    checkout.commit(script(wait="sleep 600"))
    busy = [wercker("runs", "trigger", "-p", "build", cwd=checkout.path).out.strip() for _ in range(WORKERS)]
    waits = wercker(*TRIGGER, cwd=checkout.path, TOKEN=TOKEN).out.strip()
    assert holding(state, TOKEN) == [f"secrets/{waits}"]
    wercker("runs", "abort", waits, cwd=checkout.path)
    assert holding(state, TOKEN) == []
    (state / "secrets" / ("0" * 24)).write_text(f'["{TOKEN}')
    wercker("runs", "list", cwd=checkout.path)
    assert holding(state, TOKEN) == []
    wercker("runs", "abort", *busy, cwd=checkout.path)


def test_what_a_step_put_among_the_logs_is_left_alone(
    wercker: Wercker, checkout: Checkout, state: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine").write_text(TOKEN)
    logs = state / "runs/$WERCKER_RUN_ID/logs"
    links = f'ln -s {tmp_path}/mine "{logs}/90"; ln -s nowhere "{logs}/91"; mkdir "{logs}/92"'
    checkout.commit(script(tell=f'echo "$TOKEN"; {links}'))
    story = read(wercker, wercker(*TRIGGER, "--wait", cwd=checkout.path, TOKEN=TOKEN).out.strip(), checkout.path)
    assert story.logs["tell"] == "*" * len(TOKEN) + "\n"
    assert (tmp_path / "mine").read_text() == TOKEN
    assert os.listdir(state / "secrets") == []


def test_a_rerun_asks_for_the_value_again(wercker: Wercker, checkout: Checkout, terminal: Terminal) -> None:
    checkout.commit(script(tell='printf "%s|" "$PLAIN" "${TOKEN@Q}" | tr a-z A-Z'))
    first = run_with_secret(wercker, checkout)
    rerun = ("runs", "rerun", first, "--wait")

    def told(made: str) -> str:
        return wercker("runs", "logs", made, "--step", "tell", cwd=checkout.path).out

    assert wercker(*rerun, cwd=checkout.path, code=2).err == (
        "wercker: TOKEN is a secret of that run, and its value is not kept\nhint: set TOKEN in the environment\n"
    )
    assert told(wercker(*rerun, cwd=checkout.path, TOKEN="second").out.strip()) == "X|'SECOND'|"
    assert told(wercker(*rerun, "-e", "TOKEN=open", cwd=checkout.path).out.strip()) == "X|'OPEN'|"

    def press(shown: str) -> bytes:
        return b"typed\n" * shown.endswith("run: ")

    screen, _ = terminal(*rerun, "-o", "id", cwd=checkout.path, press=press)
    assert screen[0] == "TOKEN, a secret of that run:"
    assert not any("typed" in line for line in screen)
    newest = json.loads(wercker("runs", "show", "@latest", "-o", "json", cwd=checkout.path).out)
    assert (told(newest["id"]), newest["envVars"]) == ("X|'TYPED'|", [{"key": "PLAIN", "value": "x"}, HIDDEN])


def run_with_secret(wercker: Wercker, checkout: Checkout) -> str:
    """The id of a run that passed, with a plain and a secret variable."""
    return wercker(*TRIGGER, "-e", "PLAIN=x", "--wait", cwd=checkout.path, TOKEN=TOKEN).out.strip()


def test_a_run_is_reused_whatever_the_secret_was(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(script(ok="true"))
    first = run_with_secret(wercker, checkout)
    again = wercker(*TRIGGER, "-e", "PLAIN=x", "--reuse", cwd=checkout.path, TOKEN="another")
    assert again.out.strip() == first
    plain = wercker("runs", "trigger", "-p", "build", "-e", "PLAIN=x", "-e", "TOKEN=x", "--reuse", cwd=checkout.path)
    assert plain.out.strip() != first


@pytest.mark.parametrize("shown", [None, TOKEN])
def test_a_server_is_told_that_it_is_a_secret(wercker: Wercker, httpserver: HTTPServer, shown: str | None) -> None:
    pipeline = "b" * 24
    payload = {"pipelineId": pipeline, "envVars": [{"key": "TOKEN", "value": TOKEN, "protected": True}]}
    answer: dict[str, Any] = {"id": "r1", "envVars": [{"key": "TOKEN", "value": shown}]}
    httpserver.expect_oneshot_request("/api/v3/runs/", method="POST", json=payload).respond_with_json(answer)
    server = httpserver.url_for("/api/v3")
    done = wercker("runs", "trigger", "-p", pipeline, "--secret-env", "TOKEN", WERCKER_API_URL=server, TOKEN=TOKEN)
    note = f"note: {server} shows the value of TOKEN to everyone who sees the run\n" if shown else ""
    assert done == (0, "r1\n", f"{note}triggered run r1\n")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("NOWHERE", "'NOWHERE' is not set here"),
        ("TOKEN=x", "a command line is no place for the value of 'TOKEN': set it, and give TOKEN alone"),
        ("a-b", "'a-b' is no name of a variable"),
    ],
)
def test_a_secret_comes_from_the_environment_alone(wercker: Wercker, given: str, said: str) -> None:
    done = wercker("runs", "trigger", "-p", "b" * 24, "--secret-env", given, code=2, TOKEN=TOKEN)
    assert f"'--secret-env': {said}" in done.err
    assert TOKEN not in done.err


def test_a_debugging_person_sees_no_secret(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(script(ok="true"))
    done = wercker("--debug", *TRIGGER, "--wait", cwd=checkout.path, TOKEN=TOKEN)
    assert '"protected": true' in done.err
    assert "s3cret" not in done.err


def test_a_message_that_holds_a_secret_is_masked(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(script(one="true"))
    done = wercker(*TRIGGER, "-m", f"with {TOKEN} in it", "--wait", cwd=checkout.path, TOKEN=TOKEN)
    shown = json.loads(wercker("runs", "show", done.out.strip(), "-o", "json", cwd=checkout.path).out)
    assert shown["message"] == f"with {'*' * len(TOKEN)} in it"
