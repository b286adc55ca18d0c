"""A hundred queued runs of `true`, drained: python -m tests.bench.drain [ROUNDS]

The floor is a loop of `git clone --local` and a bash that runs the step, one after the other. nq (one at a time) and
task-spooler (as many as the engine has workers) do the same from their queues; for them queuing counts too.
"""

import time
from collections.abc import Callable
from functools import partial

from tests.bench.ground import Ground, ground, medians, program, rounds, seconds
from wercker_cli.engine.dispatch import WORKERS
from wercker_cli.engine.objects import BASE
from wercker_cli.engine.parameters import Trigger
from wercker_cli.engine.store import Store
from wercker_cli.engine.trigger import create_run

RUNS = 100
STEP = 'git clone --quiet --local "$1" "$2" && cd "$2" && /bin/bash -c true && cd / && rm -rf "$2"'


def jobs(at: Ground) -> list[list[str]]:
    """Commands of which each does by itself what a run does."""
    return [["/bin/sh", "-c", STEP, "sh", str(at.demo), str(at.folder / f"clone{n}")] for n in range(RUNS)]


def floor(at: Ground) -> None:
    """One after the other."""
    for job in jobs(at):
        at.run(*job)


def nq(at: Ground) -> None:
    """Queued, and waited for."""
    queue = at.folder / "nq"
    for job in jobs(at):
        at.run("nq", "-c", *job, NQDIR=str(queue))
    at.run("nq", "-w", NQDIR=str(queue))


def tsp(at: Ground) -> None:
    """Queued, and waited for."""
    at.run("tsp", "-S", str(WORKERS))
    for job in [at.run("tsp", "-n", *job).strip() for job in jobs(at)]:
        at.run("tsp", "-w", job)
    at.run("tsp", "-K")


def engine(at: Ground) -> float:
    """Seconds from the command that calls the first worker to the end of the last run; they are queued before."""
    pipeline = at.wercker("pipelines", "list", "-o", "id").strip()
    store = Store(str(at.folder / ".local/state/wercker"))
    runs = [create_run(store, wanted(pipeline), "bench", str(at.demo), BASE) for _ in range(RUNS)]
    begin = time.perf_counter()
    at.wercker("runs", "list")  # whoever comes next calls workers for runs that wait for nobody
    while store.one("SELECT 1 FROM runs WHERE status <> 'finished' LIMIT 1"):
        time.sleep(0.002)
    took = time.perf_counter() - begin
    results = {row["result"] for row in (store.run(run) for run in runs) if row}
    store.close()
    if results != {"passed"}:
        raise RuntimeError(f"runs ended as {results}")
    return took


def wanted(pipeline: str) -> Trigger:
    """A trigger of nothing but a pipeline."""
    return Trigger(pipeline, source_run="", branch="", tag="", commit="", message="", env_vars=[])


def main() -> None:
    """Measures them in turns, and prints what the engine takes beside the others."""
    with ground({"wercker.yml": "build:\n  steps:\n    - script: {code: 'true'}\n"}) as at:
        others = {"floor": floor, **{who.__name__: who for who in (nq, tsp) if program(who.__name__)}}
        cases: dict[str, Callable[[], float]] = {"engine": partial(engine, at)}
        for name, other in others.items():
            cases[name] = partial(seconds, partial(other, at))
        found = medians(cases, rounds(5))
    ratios = ", ".join(f"x{found['engine'] / found[name]:.2f} of {name}" for name in others)
    print(f"{RUNS} runs in {found['engine']:.2f} s, {ratios}   (at most 1.5 of the floor)")


if __name__ == "__main__":
    main()
