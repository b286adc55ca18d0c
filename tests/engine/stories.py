"""Running a pipeline and reading what came of it, as a script would."""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from tests.conftest import Checkout, Wercker

_POWERS = "-dac_override,-dac_read_search"
# What a command begins with for which the modes of files count, even where the tests are root.
WITHOUT_POWERS = ["setpriv", f"--bounding-set={_POWERS}", f"--inh-caps={_POWERS}"] if os.getuid() == 0 else []


class Story(NamedTuple):
    """A finished run, its steps, and what each step printed, by the step's name."""

    run: dict[str, Any]
    steps: list[dict[str, Any]]
    logs: dict[str, str]

    @property
    def results(self) -> list[tuple[str, str]]:
        """The steps and how they ended, in order."""
        return [(name(step), step["result"]) for step in self.steps]


def name(step: dict[str, Any]) -> str:
    """What a step is called."""
    return str(step.get("step") or step["displayName"])


def script(**steps: str) -> str:
    """A wercker.yml whose pipeline "build" has these script steps."""
    parts = [f"    - script: {json.dumps({'name': name, 'code': code})}\n" for name, code in steps.items()]
    return "build:\n  steps:\n" + "".join(parts)


def run(wercker: Wercker, checkout: Checkout, *args: str, pipeline: str = "build", code: int = 0) -> Story:
    """Triggers the pipeline, waits for its end, and reads everything about it."""
    done = wercker("runs", "trigger", "-p", pipeline, "--wait", *args, cwd=checkout.path, code=code)
    return read(wercker, done.out.strip(), checkout.path)


def read(wercker: Wercker, run: str, folder: Path) -> Story:
    """What is known of a run."""
    steps = json.loads(wercker("runs", "steps", run, "-o", "json", cwd=folder).out)
    logs = {name(step): wercker("runs", "logs", run, "--step", str(step["order"]), cwd=folder).out for step in steps}
    return Story(json.loads(wercker("runs", "show", run, "-o", "json", cwd=folder).out), steps, logs)
