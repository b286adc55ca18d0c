"""Aborts of the nastiest tree of processes that is known: two seconds later nothing of it is alive."""

import os
import subprocess
import time
from pathlib import Path
from statistics import median

import pytest

from tests.conftest import WERCKER, Checkout, Wercker, wait_until
from tests.engine.stories import script
from tests.engine.torture.proc import belonging_to, living

ROUNDS = 10  # of two aborts at once
SOON = 2.0  # seconds, on a machine that has nothing else to do:
USUAL = 1.0  # seconds that two triggers take there at most; where they take longer, so does all else

# Whatever outlives its test ends by itself, by $LIFE. The chains are never more than a few processes each.
NASTY = r"""
trap '' TERM HUP INT
export LIFE=$((SECONDS + 60))
deaf='trap "" TERM HUP; echo $$ >> "$PIDS"; while ((SECONDS < 60)); do sleep 0.1; done'
note() { echo $! >> "$PIDS"; }

bash -c "$deaf" & note
setsid bash -c "$deaf" & note
setsid bash -c '(setsid sleep 60 & echo $! >> "$PIDS")'
env -i PIDS="$PIDS" setsid bash -c "$deaf" >/dev/null 2>&1 & note
(exec <&- >&- 2>&-; unset WERCKER_SESSION; cd /; exec setsid env -i sleep 60) & note
sleep 60 & note; kill -STOP $!
setsid bash -c 'kill -STOP $$' & note
set -m; sleep 60 & note; (trap "" TERM; sleep 60) & note; set +m
coproc sleep 60; note
sleep 60 | (trap '' PIPE TERM; sleep 60) & note

chain() { ((SECONDS < LIFE)) && chain & exit; }
(trap '' TERM; chain) &
(trap '' TERM; set -m; chain) &
cat > leap.sh <<'SH'
trap '' TERM; ((SECONDS < 60)) && LEAPS=$((LEAPS + 1)) && [ "$LEAPS" -lt 20000 ] && setsid -f bash "$0"
SH
LEAPS=0 setsid -f bash leap.sh
for i in 1 2 3; do (trap '' TERM; while ((SECONDS < LIFE)); do /bin/true; done) & note; done
echo up >> "$PIDS"
wait
"""


@pytest.mark.timeout(300)  # some 15 seconds, where nothing else is going on
def test_nothing_survives_an_abort(
    wercker: Wercker, checkout: Checkout, home: Path, tmp_path: Path, environ: dict[str, str]
) -> None:
    checkout.commit(script(nasty=NASTY))
    took = []
    for number in range(ROUNDS):
        pids = [tmp_path / f"pids{number}.{twin}" for twin in range(2)]
        begin = time.monotonic()
        runs = [
            wercker("runs", "trigger", "-p", "build", "-e", f"PIDS={file}", cwd=checkout.path).out.strip()
            for file in pids
        ]
        slowness = max(1.0, (time.monotonic() - begin) / USUAL)
        for file in pids:
            wait_until_up(file)
        begin = time.monotonic()
        aborts = [
            subprocess.Popen([WERCKER, "runs", "abort", run], cwd=checkout.path, env=environ, stderr=subprocess.PIPE)
            for run in runs
        ]
        said = [abort.communicate()[1].decode() for abort in aborts]
        took.append((time.monotonic() - begin) / slowness)
        assert said == [f"run {run} aborted\n" for run in runs]
        noted = {int(word) for file in pids for word in file.read_text().split() if word != "up"}
        assert noted.isdisjoint(pid for pid, _ in living())
        assert [command for command in belonging_to(home) if "sleep" in command or "bash" in command] == []
    assert median(took) < SOON
    state = home / ".local/state/wercker"
    wait_until(lambda: (os.listdir(state / "work"), os.listdir(state / "trash")) == ([], []))


def wait_until_up(pids: Path) -> None:
    """Returns when the tree stands whose ids are in that file."""
    wait_until(lambda: pids.exists() and "up" in pids.read_text())
