"""How long runs take, as ratios to a floor in one run: python tests/bench/runs.py [ROUNDS]

The floor is `git clone --local` and one bash that runs the same steps.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WERCKER = str(Path(sys.executable).with_name("wercker"))
TMPFS = "/dev/shm" if os.path.isdir("/dev/shm") else None  # timings of a disk are another story
SIZES = (1, 10, 100)


def pipelines() -> str:
    """A pipeline of each size, and one whose step says when it began."""
    text = "first:\n  steps:\n    - script: {code: 'echo $EPOCHREALTIME > $BEGAN'}\n"
    for size in SIZES:
        text += f"steps{size}:\n  steps:\n" + "    - script: {code: 'true'}\n" * size
    return text


def floor(demo: Path, target: Path, size: int) -> float:
    """Seconds for the clone and the steps."""
    begin = time.perf_counter()
    subprocess.run(["git", "clone", "--quiet", "--local", str(demo), str(target)], check=True)
    subprocess.run(["/bin/bash", "-c", "true\n" * size], cwd=target, check=True)
    seconds = time.perf_counter() - begin
    shutil.rmtree(target)
    return seconds


def floor_first(demo: Path, target: Path) -> float:
    """Seconds until the step's first byte."""
    begin = time.time()
    subprocess.run(["git", "clone", "--quiet", "--local", str(demo), str(target)], check=True)
    said = subprocess.run(["/bin/bash", "-c", "echo $EPOCHREALTIME"], cwd=target, check=True, capture_output=True)
    shutil.rmtree(target)
    return float(said.stdout) - begin


def main(rounds: int) -> None:
    """Measures the floor and the engine in turns, and prints the medians' ratios."""
    folder = Path(tempfile.mkdtemp(dir=TMPFS))
    demo, began = folder / "demo", folder / "began"
    demo.mkdir()
    (demo / "wercker.yml").write_text(pipelines())
    environment = {"HOME": str(folder), "PATH": os.environ["PATH"]}
    identity = ["-c", "user.name=bench", "-c", "user.email=bench@localhost"]
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "-m", "bench"]):
        subprocess.run(["git", *identity, "-C", str(demo), *command], check=True)

    def wercker(*args: str) -> None:
        subprocess.run([WERCKER, *args], cwd=demo, env=environment, capture_output=True, check=True)

    times: dict[str, list[float]] = {}
    for _ in range(rounds):
        for size in SIZES:
            times.setdefault(f"floor {size}", []).append(floor(demo, folder / "clone", size))
            begin = time.perf_counter()
            wercker("runs", "trigger", "-p", f"steps{size}", "--wait")
            times.setdefault(f"engine {size}", []).append(time.perf_counter() - begin)
        times.setdefault("floor first", []).append(floor_first(demo, folder / "clone"))
        start = time.time()
        wercker("runs", "trigger", "-p", "first", "--wait", "-e", f"BEGAN={began}")
        times.setdefault("engine first", []).append(float(began.read_text()) - start)
    shutil.rmtree(folder)
    for case in ("first", *map(str, SIZES)):
        engine, least = statistics.median(times[f"engine {case}"]), statistics.median(times[f"floor {case}"])
        shown = "first byte" if case == "first" else f"{case} steps"
        print(f"{shown:10} x{engine / least:.2f} of the floor, {1000 * (engine - least):.0f} ms more")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
