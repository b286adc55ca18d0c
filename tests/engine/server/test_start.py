"""wercker server start: where it listens, what it prints, and how it goes."""

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import WERCKER, Checkout, Wercker, wait_until
from tests.engine.serving import Answer, Serve, Served, hurried
from tests.engine.stories import read, script
from wercker_cli.engine import queue
from wercker_cli.engine.clock import now_ms
from wercker_cli.engine.dispatch import Dispatcher
from wercker_cli.engine.store import Store


def test_the_first_line_is_the_url_and_each_request_leaves_a_line(served: Served) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", served.url)
    assert served.ask("GET", "/healthz").json == {"status": "ok"}
    served.ask("GET", "/api/v3/runs?token=s3cret")
    served.ask("GET", "/api/v3/runs", headers={"Authorization": "Bearer s3cret"})
    served.ask("POST", "/api/v3/no%0aline", b"s3cret")
    lines = [re.sub(r"^\S+Z 127|\d+ ms$", "", line) for line in served.log()]
    assert lines == [
        ".0.0.1 - GET /healthz 200 15 B ",
        ".0.0.1 tester GET /api/v3/runs 400 105 B ",
        ".0.0.1 - GET /api/v3/runs 401 67 B ",
        ".0.0.1 tester POST /api/v3/no%0aline 404 82 B ",
    ]


def test_the_log_as_json(serve: Serve, wercker: Wercker) -> None:
    served = serve("--log-format", "json", token=wercker("server", "token", "create", "tester").out.strip())
    served.get("/runs?applicationId=1")
    (line,) = map(json.loads, served.log())
    assert line.pop("time").endswith("Z")
    assert 0 < line.pop("seconds") < 10
    assert line == {
        "address": "127.0.0.1",
        "user": "tester",
        "method": "GET",
        "path": "/api/v3/runs",
        "status": 404,
        "length": 76,
        "error": "",
    }


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_with_success(served: Served, how: signal.Signals) -> None:
    assert served.end(how) == 0
    assert served.log() == []


def test_what_is_being_answered_is_answered_before_the_server_goes(
    served: Served, wercker: Wercker, checkout: Checkout
) -> None:
    checkout.commit(script(stays="trap '' TERM; echo up; sleep 600 & wait; sleep 600"))
    wercker("pipelines", "add", cwd=checkout.path)
    run = wercker("runs", "trigger", "-p", "build", cwd=checkout.path).out.strip()
    wait_until(lambda: "up\n" in read(wercker, run, checkout.path).logs.get("stays", ""))
    with socket.create_connection((served.host, served.port), timeout=20) as connection:
        login = f"Host: localhost\r\nAuthorization: Bearer {served.token}\r\n\r\n"
        connection.sendall(f"PUT /api/v3/runs/{run}/abort HTTP/1.1\r\n{login}".encode())
        time.sleep(0.1)
        assert served.end() == 0
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b'"result":"aborted"' in answer


def test_a_run_outlives_the_server(served: Served, wercker: Wercker, checkout: Checkout, tmp_path: Path) -> None:
    checkout.commit(script(waits=f"until [ -e {tmp_path}/go ]; do sleep 0.01; done"))
    pipeline = wercker("pipelines", "add", "-o", "id", cwd=checkout.path).out.strip()
    run = served.ask("POST", "/api/v3/runs/", json.dumps({"pipelineId": pipeline})).json["id"]
    assert served.end() == 0
    (tmp_path / "go").touch()
    wercker("runs", "watch", run, cwd=checkout.path)
    assert read(wercker, run, checkout.path).run["result"] == "passed"


def test_a_port_that_is_taken(served: Served, wercker: Wercker) -> None:
    assert wercker("server", "start", "--port", str(served.port), code=1).err == (
        f"wercker: port {served.port} of 127.0.0.1 is taken\nhint: --port 0 takes one that is free\n"
    )


def test_a_host_that_is_none(wercker: Wercker) -> None:
    said = wercker("server", "start", "--host", "203.0.113.7", "--port", "0", code=2).err
    assert said == "wercker: 203.0.113.7 is no address of this machine\n"


def test_a_state_folder_of_a_newer_version(wercker: Wercker, tmp_path: Path) -> None:
    store = Store(str(tmp_path / "state"))
    store.write("PRAGMA user_version = 9999")
    store.close()
    said = wercker("server", "start", "--port", "0", code=1, WERCKER_HOME=store.home).err
    assert said == (
        f"wercker: the state folder {store.home} was made by a newer wercker\n"
        "hint: upgrade wercker, or set WERCKER_HOME\n"
    )


def test_a_state_folder_that_a_newer_version_takes_over_while_the_server_goes_on(served: Served, home: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: served.ask("GET", "/healthz"), range(50)))  # all threads have opened the store
    store = Store(str(home / ".local/state/wercker"))
    ours = store.all("PRAGMA user_version")[0][0]
    store.write(f"PRAGMA user_version = {ours + 1}")
    newer = "the state folder WERCKER_HOME was made by a newer wercker"
    assert {served.ask("GET", "/healthz").fault for _ in range(20)} == {(503, newer)}
    wait_until(lambda: served.get("/applications/local").body.endswith(f'"message":"{newer}"}}'.encode()))
    assert store.all("PRAGMA user_version")[0][0] == ours + 1
    store.write(f"PRAGMA user_version = {ours}")
    store.close()
    assert served.ask("GET", "/healthz").json == {"status": "ok"}


def test_a_state_folder_that_is_replaced_is_found(served: Served, wercker: Wercker, home: Path, tmp_path: Path) -> None:
    assert served.get("/applications/local").status == 200
    (home / ".local/state/wercker").rename(tmp_path / "before")
    wait_until(lambda: served.get("/applications/local").status == 503)
    wercker("server", "token", "create", "tester")
    served.token = wercker("server", "token", "create", "another").out.strip()
    wait_until(lambda: served.get("/applications/local").status == 200)


def test_what_the_server_cannot_do_is_a_503_and_in_the_log(served: Served, home: Path, tmp_path: Path) -> None:
    state = home / ".local/state/wercker"
    state.rename(tmp_path / "away")
    wait_until(lambda: served.ask("GET", "/healthz").status == 503)
    message = served.ask("GET", "/healthz").fault[1]
    assert message == "there is no database in the state folder WERCKER_HOME any more"  # it is nobody's business where
    assert f'"message":"there is no database in the state folder {state} any more"' in served.log()[-1]
    assert served.get("/applications/local").fault == (503, message)
    page = served.ask("GET", "/")
    assert (page.status, str(home) in page.body.decode()) == (503, False)
    assert not state.exists()  # a new one would hide that
    (tmp_path / "away").rename(state)
    wait_until(lambda: served.ask("GET", "/healthz").status == 200)
    assert served.get("/applications/local").status == 200


def test_what_the_machine_refuses_is_in_the_log_and_the_server_goes_on(served: Served, home: Path) -> None:
    secrets = home / ".local/state/wercker/secrets"

    def lines(of: str) -> list[str]:
        return [line.split(" ", 1)[1].replace(str(secrets), "FOLDER") for line in served.log() if of in line]

    keeper = "- - - - 500 0 B 0 ms looking after the workers: "
    secrets.touch()
    wait_until(lambda: lines(keeper) == [f"{keeper}NotADirectoryError: [Errno 20] Not a directory: 'FOLDER'"])
    status, message = served.ask("GET", "/healthz").fault
    assert (status, message) == (500, "NotADirectoryError: [Errno 20] Not a directory: 'WERCKER_HOME/secrets'")
    assert lines("GET /healthz 500")[0].endswith("Not a directory: 'FOLDER'\"}")
    secrets.unlink()
    secrets.symlink_to(secrets)
    wait_until(lambda: len(lines(keeper)) > 1)  # while nobody asks
    assert lines(keeper)[-1] == f"{keeper}OSError: [Errno 40] Too many levels of symbolic links: 'FOLDER'"
    secrets.unlink()
    assert served.ask("GET", "/healthz").json == {"status": "ok"}


def test_pipelines_that_a_served_checkout_has_got_are_listed(
    served: Served, wercker: Wercker, checkout: Checkout
) -> None:
    checkout.commit("build:\n  steps: []\n")
    wercker("pipelines", "add", cwd=checkout.path)
    checkout.commit("build:\n  steps: []\ntest:\n  steps: []\n")
    checkout.git("remote", "add", "origin", "https://example.com/acme/site.git")  # it stays what it was added as
    wait_until(lambda: names(served.get("/applications/local/demo/pipelines")) == ["build", "test"])
    (checkout.path / "wercker.yml").write_text("build:\n  steps: []\ndeploy:\n  steps: []\n")
    wait_until(lambda: names(served.get("/applications/local/demo/pipelines")) == ["build", "test", "deploy"])
    assert served.get("/applications/acme").json == []


def test_reading_writes_nothing(serve: Serve, wercker: Wercker, checkout: Checkout, home: Path) -> None:
    checkout.commit("build:\n  steps: []\n")
    wercker("pipelines", "add", "--public", cwd=checkout.path)
    served = serve(command=hurried("server", "TENDING", 600))
    before = dump(home)
    checkout.git("remote", "add", "origin", "https://example.com/acme/site.git")
    checkout.commit("build:\n  steps: []\ntest:\n  steps: []\n")
    assert names(served.get("/applications/local/demo/pipelines")) == ["build"]
    assert dump(home) == before


def names(answer: Answer) -> list[str]:
    """Those of the things in a list."""
    return [thing["name"] for thing in answer.json]


def dump(home: Path) -> list[str]:
    """All that is in the database."""
    with closing(sqlite3.connect(home / ".local/state/wercker/wercker.db")) as db:
        return list(db.iterdump())


def test_a_privileged_port(environ: dict[str, str], tmp_path: Path) -> None:
    power = "-net_bind_service"
    powerless = ["setpriv", f"--bounding-set={power}", f"--inh-caps={power}"] if os.getuid() == 0 else []
    command = [*powerless, WERCKER, "server", "start", "--port", "80"]
    done = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        1,
        "wercker: port 80 of 127.0.0.1 is for privileged programs only\nhint: --port with a number from 1024 on\n",
    )


def test_runs_that_wait_for_nobody_are_noticed(wercker: Wercker, checkout: Checkout, home: Path) -> None:
    checkout.commit("build:\n  steps: []\n")
    wercker("runs", "trigger", "-p", "build", "--wait", cwd=checkout.path)
    store = Store(str(home / ".local/state/wercker"))
    dispatcher = Dispatcher(store, workers=0)
    wait_until(lambda: not queue.workers(store))
    assert not dispatcher.is_stuck()
    store.write(
        """
        UPDATE runs SET status = 'notstarted', result = 'unknown', finished_at = NULL, created_at = :now
        """,
        now=now_ms(),
    )
    assert not dispatcher.is_stuck()
    store.write("UPDATE runs SET created_at = :long_ago", long_ago=now_ms() - 11_000)
    assert dispatcher.is_stuck()
    store.close()
