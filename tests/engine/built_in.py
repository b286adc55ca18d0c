"""Running built-in steps and reading what they said, with names in place of the paths of the run's folders."""

import json
import re
from pathlib import Path
from typing import Protocol

from tests.conftest import Checkout, Wercker
from tests.engine.stories import Story, run

Step = str | dict[str, dict[str, str]]


class Play(Protocol):
    """Commits a wercker.yml with these steps, runs it, and reads its story: no colours, and names for paths."""

    def __call__(
        self, *steps: Step, after: tuple[Step, ...] = (), env: tuple[str, ...] = (), code: int = 0
    ) -> Story: ...


def player(wercker: Wercker, checkout: Checkout, home: Path) -> Play:
    """A Play in that checkout."""

    def play(*steps: Step, after: tuple[Step, ...] = (), env: tuple[str, ...] = (), code: int = 0) -> Story:
        checkout.commit(json.dumps({"build": {"steps": steps, "after-steps": after}}))
        story = run(wercker, checkout, *(part for one in env for part in ("-e", one)), code=code)
        state = home / ".local/state/wercker"

        def named(text: str) -> str:
            text = re.sub(r"\x1b\[\d*m", "", text)
            text = text.replace(f"{state}/work/{story.run['id']}", "PIPELINE")
            return text.replace(f"{state}/cache/{story.run['application']['id']}", "CACHE")

        return story._replace(
            steps=[{**step, "message": named(step.get("message") or "")} for step in story.steps],
            logs={name: named(log) for name, log in story.logs.items()},
        )

    return play


def script(code: str) -> Step:
    """A script step, whose log is called "script"."""
    return {"script": {"code": code}}


def why(story: Story) -> str:
    """The message of the step that failed."""
    return str(next(step["message"] for step in story.steps if step["result"] == "failed"))
