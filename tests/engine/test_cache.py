"""WERCKER_CACHE_DIR stays with its application, and with the run that has it until that has ended."""

import os
import signal
from pathlib import Path

from tests.conftest import Checkout, Wercker, wait_until
from tests.engine.stories import read, script
from wercker_cli.engine import processes, queue
from wercker_cli.engine.store import Store


def test_a_killed_run_has_the_cache_until_nothing_of_it_is_alive(
    wercker: Wercker, checkout: Checkout, home: Path, tmp_path: Path
) -> None:
    ready = tmp_path / "ready"
    checkout.commit(
        script(hold=f'echo kept > "$WERCKER_CACHE_DIR/file"; touch {ready}; sleep 600')
        + 'test:\n  steps:\n    - script: {name: look, code: ls "$WERCKER_CACHE_DIR"}\n'
    )
    holds = wercker("runs", "trigger", "-p", "build", cwd=checkout.path).out.strip()
    wait_until(ready.exists)

    def seen() -> str:
        made = wercker("runs", "trigger", "-p", "test", "--wait", cwd=checkout.path).out.strip()
        return read(wercker, made, checkout.path).logs["look"]

    assert seen() == ""
    store = Store(str(home / ".local/state/wercker"))
    worker = next(row["worker"] for row in queue.held(store) if row["id"] == holds)
    store.close()
    os.kill(processes.pid(worker), signal.SIGKILL)
    wait_until(lambda: processes.alive(worker) is False)
    assert seen() == "file\n"
