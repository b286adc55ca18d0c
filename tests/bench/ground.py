"""What benchmarks stand on: a checkout and a home on tmpfs, and cases that take turns, so that a slow moment of the
machine hits all of them."""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

WERCKER = str(Path(sys.executable).with_name("wercker"))
TMPFS = "/dev/shm" if os.path.isdir("/dev/shm") else None  # timings of a disk are another story


class Ground(NamedTuple):
    """A folder of its own with a checkout in it, and an environment whose home it is."""

    folder: Path
    demo: Path
    environ: dict[str, str]

    def run(self, *command: str, **more: str) -> str:
        """What a command prints in the checkout; raises CalledProcessError where it fails."""
        done = subprocess.run(
            command, cwd=self.demo, env={**self.environ, **more}, capture_output=True, text=True, check=True
        )
        return done.stdout

    def wercker(self, *args: str, **more: str) -> str:
        """What our command prints there."""
        return self.run(WERCKER, *args, **more)


@contextmanager
def ground(files: Mapping[str, str]) -> Iterator[Ground]:
    """A checkout with these files in its only commit."""
    folder = Path(tempfile.mkdtemp(dir=TMPFS))
    demo = folder / "demo"
    found = Ground(folder, demo, {"HOME": str(folder), "PATH": os.environ["PATH"]})
    for name, text in files.items():
        (demo / name).parent.mkdir(parents=True, exist_ok=True)
        (demo / name).write_text(text)
    identity = ("-c", "user.name=bench", "-c", "user.email=bench@localhost")
    for command in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "-m", "bench")):
        found.run("git", *identity, *command)
    try:
        yield found
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # a worker may be clearing up as well


def seconds(work: Callable[[], object]) -> float:
    """How long that takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def medians(cases: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """The median of what each case gives, measured once a round."""
    measured: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, measure in cases.items():
            measured[name].append(measure())
    return {name: statistics.median(values) for name, values in measured.items()}


def rounds(default: int) -> int:
    """How many rounds the command line asks for."""
    return int(sys.argv[1]) if len(sys.argv) > 1 else default


def program(name: str) -> str | None:
    """The path of another program to compare with; None, and a line that says so, where it is not installed."""
    found = shutil.which(name)
    if not found:
        print(f"{name} is not installed: nothing is compared with it")
    return found
