"""A full disk fails the run with a sentence; the store survives, and with room again runs pass."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Checkout

MAY_MOUNT = subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode == 0
CHECK = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('PRAGMA integrity_check').fetchone()[0])"

PIPELINES = """
ok: {steps: [script: {name: ok, code: 'true'}]}
fill: {steps: [script: {name: fill, code: head -c 9M /dev/zero >filled}]}
loud: {steps: [script: {name: loud, code: head -c 9M /dev/zero}]}
wait: {steps: [script: {name: wait, code: 'touch "$UP"; while [ ! -e "$GO" ]; do sleep 0.01; done'}]}
"""

# Sees to it that no command and no step can write more than 2 MB: the disk in a namespace of its own, where it may be
# mounted, or else each file.
SMALL_DISK = 'mount -t tmpfs -o size=2m none "$WERCKER_HOME"'
SMALL_FILES = "export PYTHONDONTWRITEBYTECODE=1; ulimit -f 2000"

OWN_FAULT = """
wercker runs trigger -p ok --wait 2>/dev/null | wc -w
for pipeline in fill loud; do
    wercker runs trigger -p $pipeline --wait -q .result 2>/dev/null
    echo "exit code $?"
    wercker runs steps @latest -q '.[] | select(.result == "failed") | .displayName + ": " + .message'
    rm -rf "$WERCKER_HOME"/runs/*  # the log has filled the disk
done
wercker runs trigger -p ok --wait -q .result 2>/dev/null
"""

FAULT_OF_OTHERS = """
run=$(wercker runs trigger -p wait -e UP="$OUT/up" -e GO="$OUT/go" 2>/dev/null)
until [ -e "$OUT/up" ]; do sleep 0.01; done
cat /dev/zero >"$WERCKER_HOME/fill" 2>/dev/null
touch "$OUT/go"
while [ -e "$WERCKER_HOME/work/$run" ]; do sleep 0.01; done
rm "$WERCKER_HOME/fill"
wercker runs watch $run >/dev/null 2>&1
wercker runs show $run -q .status
rm -rf "$WERCKER_HOME"/*  # with no room left for a new one
cat /dev/zero >"$WERCKER_HOME/fill" 2>/dev/null
for command in 'trigger -p ok' list; do
    wercker runs $command
    echo "exit code $?"
done
rm "$WERCKER_HOME/fill"
wercker runs trigger -p ok --wait -q .result 2>/dev/null
"""

AFTERWARDS = """
until [ -z "$(ls "$WERCKER_HOME/work" "$WERCKER_HOME/trash" | grep -v :)" ]; do sleep 0.01; done
"$PYTHON" -c "$CHECK" "$WERCKER_HOME/wercker.db"
"""


def story(lines: str, checkout: Checkout, tmp_path: Path, environ: dict[str, str], *, mount: bool) -> list[str]:
    """What that script prints, on a state folder of little room."""
    checkout.commit(PIPELINES)
    (tmp_path / "state").mkdir()
    done = subprocess.run(
        [*(["unshare", "-rm"] if mount else []), "bash", "-c", (SMALL_DISK if mount else SMALL_FILES) + lines],
        cwd=checkout.path,
        env={
            **environ,
            "WERCKER_HOME": str(tmp_path / "state"),
            "OUT": str(tmp_path),
            "PYTHON": sys.executable,
            "CHECK": CHECK,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.splitlines()


@pytest.mark.parametrize("mount", [False, True] if MAY_MOUNT else [False])
def test_a_run_that_fills_the_disk_fails_with_a_sentence(
    checkout: Checkout, tmp_path: Path, environ: dict[str, str], mount: bool
) -> None:
    said = story(OWN_FAULT + AFTERWARDS, checkout, tmp_path, environ, mount=mount)
    full = [
        f"the state folder {tmp_path}/state cannot be used: database or disk is full",
        "no space is left on the disk",
    ]
    why = "|".join(full) if mount else r"Command exited with exit code: 153 \(SIGXFSZ\)"
    failed = f"(wercker-init|fill|loud): .*({why}).*"  # it may be full before the store knows how far bash is
    expected = ["1", "failed", "exit code 10", failed, "failed", "exit code 10", failed, "passed", "ok"]
    assert len(said) == len(expected)
    assert [re.fullmatch(pattern, line) and pattern for pattern, line in zip(expected, said, strict=True)] == expected


if MAY_MOUNT:

    def test_a_disk_that_others_fill_is_said_and_survived(
        checkout: Checkout, tmp_path: Path, environ: dict[str, str]
    ) -> None:
        said = story(FAULT_OF_OTHERS + AFTERWARDS, checkout, tmp_path, environ, mount=True)
        why = "(disk I/O error|database or disk is full)"  # as far as SQLite comes
        refused = [
            f"wercker: the state folder {tmp_path}/state cannot be used: {why}",
            "hint: make room on its disk, or try again later",
            "exit code 3",
        ]
        expected = ["finished", *refused, *refused, "passed", "ok"]
        assert re.fullmatch("\n".join(expected), "\n".join(said)), said
