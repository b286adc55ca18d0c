"""How long an abort takes: python -m tests.bench.abort [ROUNDS]

Of a plain run, beside our own --help; and of the nastiest tree known, of which nothing may be alive afterwards.
"""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.bench.ground import Ground, ground, medians, rounds, seconds

PLAIN = "sleep 600"
# Ignores TERM, leaves the session, forks twice, hides its environment, is stopped, forks as fast as it can.
NASTY = r"""
trap '' TERM
(trap '' TERM; while :; do sleep 0.1; done) &
setsid bash -c 'trap "" TERM HUP; exec -a TAG sleep 600' &
setsid bash -c '(setsid bash -c "exec -a TAG sleep 600" &)'
env -i setsid bash -c 'trap "" TERM; exec -a TAG sleep 600' &
bash -c 'exec -a TAG sleep 600' & kill -STOP $!
(while :; do (exec -a TAG sleep 5) & sleep 0.01; done) &
wait
"""


def pipelines(tag: str) -> str:
    """A pipeline of each kind."""
    steps = {"plain": PLAIN, "nasty": NASTY.replace("TAG", tag)}
    return "".join(
        f"{name}:\n  steps:\n    - script:\n        code: |\n"
        + "".join(f"          {line}\n" for line in ["touch $STARTED", *code.strip().splitlines()])
        for name, code in steps.items()
    )


def abort(at: Ground, pipeline: str) -> float:
    """Seconds that the command takes which ends such a run."""
    started = at.folder / "started"
    started.unlink(missing_ok=True)
    run = at.wercker("runs", "trigger", "-p", pipeline, "-e", f"STARTED={started}").strip()
    while not started.exists():
        time.sleep(0.005)
    time.sleep(0.2)  # the tree grows
    return seconds(partial(at.wercker, "runs", "abort", run))


def alive(tag: str) -> list[str]:
    """The processes of that name."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if tag in path.read_bytes().decode(errors="replace").split("\0")[:1]:
                found.append(path.parent.name)
        except OSError:  # gone
            continue
    return found


def nasty(at: Ground, tag: str) -> float:
    """The same, and nothing is left."""
    took = abort(at, "nasty")
    if left := alive(tag):
        raise RuntimeError(f"still alive: {left}")
    return took


def main() -> None:
    """Measures all in turns, and prints the differences."""
    tag = f"nasty{time.monotonic_ns()}"
    with ground({"wercker.yml": pipelines(tag)}) as at:
        cases: dict[str, Callable[[], float]] = {
            "--help": partial(seconds, partial(at.wercker, "--help")),
            "plain": partial(abort, at, "plain"),
            "nasty": partial(nasty, at, tag),
        }
        found = medians(cases, rounds(9))
    print(f"abort of a plain run: {1000 * (found['plain'] - found['--help']):.0f} ms more than --help   (at most 50)")
    print(f"abort of the nastiest tree: {found['nasty']:.2f} s   (at most 1), nothing left")


if __name__ == "__main__":
    main()
