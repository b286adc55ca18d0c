"""A step that prints a million lines: python -m tests.bench.output [ROUNDS]

The floor is bash alone, writing the same file. The worker's memory is its peak, beside that where nothing is
printed.
"""

import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.bench.ground import Ground, ground, medians, rounds, seconds

LINES = 1_000_000
LOUD = f"for ((n = 0; n < {LINES}; n++)); do echo line; done"
# Whose children the steps are: its peak says how much memory it ever had.
PEAK = "grep VmHWM /proc/$PPID/status > $PEAK"


def pipelines() -> str:
    """A pipeline that prints, and one that does not."""
    return "".join(
        f"{name}:\n  steps:\n    - script: {{code: '{code}; {PEAK}'}}\n"
        for name, code in (("loud", LOUD), ("quiet", "true"))
    )


def engine(at: Ground, pipeline: str) -> None:
    """A run, whose worker says how much memory it had."""
    at.wercker("runs", "trigger", "-p", pipeline, "--wait", "-e", f"PEAK={at.folder / pipeline}")


def floor(at: Ground) -> None:
    """bash alone."""
    with (at.folder / "log").open("w") as log:
        subprocess.run(["/bin/bash", "-c", LOUD], stdout=log, check=True)


def kilobytes(path: Path) -> int:
    """What /proc says in such a line."""
    return int(path.read_text().split()[1])


def main() -> None:
    """Measures both in turns, and prints what the lines cost and whether memory stays flat."""
    with ground({"wercker.yml": pipelines()}) as at:
        cases: dict[str, Callable[[], float]] = {
            "bash": partial(seconds, partial(floor, at)),
            "quiet": partial(seconds, partial(engine, at, "quiet")),
            "loud": partial(seconds, partial(engine, at, "loud")),
        }
        found = medians(cases, rounds(5))
        peaks = [kilobytes(at.folder / name) for name in ("quiet", "loud")]
    added = found["loud"] - found["quiet"]
    print(f"a million lines add {added:.2f} s, x{added / found['bash']:.2f} of bash alone   (at most 1.3)")
    print(f"the worker had {peaks[1]} kB, and {peaks[0]} kB where nothing is printed")


if __name__ == "__main__":
    main()
