"""The variables that the engine gives a run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wercker_cli.engine.port import Job

STEPS_PATH = "WERCKER_STEPS_PATH"  # folders of steps on this machine, with ":" between them


def variables(job: Job, *, work: str, root: str, cache: str, source_dir: str) -> Iterator[tuple[str, str]]:
    """Names and values in the order in which they are exported, before those of the ENVIRONMENT file and the user's.

    `work` is the run's folder, `root` the checkout in it.
    """
    kind = "DEPLOY" if job.source else "BUILD"
    yield from {"WERCKER": "true", "CI": "true", kind: "true", "TERM": "xterm-256color"}.items()
    yield "WERCKER_ROOT", root
    yield "WERCKER_SOURCE_DIR", source_dir
    yield "WERCKER_OUTPUT_DIR", os.path.join(work, "output")
    yield "WERCKER_CACHE_DIR", cache
    yield "WERCKER_PIPELINE_DIR", work
    yield "WERCKER_REPORT_DIR", os.path.join(work, "report")
    for name in ("RUN", kind):
        yield f"WERCKER_{name}_ID", job.run
        yield f"WERCKER_{name}_URL", job.url
    yield "WERCKER_APPLICATION_ID", job.application
    yield "WERCKER_APPLICATION_NAME", job.application_name
    yield "WERCKER_APPLICATION_OWNER_NAME", job.application_owner
    yield "WERCKER_APPLICATION_URL", job.application_url
    yield "WERCKER_GIT_BRANCH", job.branch
    yield "WERCKER_GIT_COMMIT", job.commit
    yield "WERCKER_GIT_TAG", job.tag
    yield "WERCKER_GIT_DOMAIN", job.remote.domain
    yield "WERCKER_GIT_OWNER", job.remote.owner
    yield "WERCKER_GIT_REPOSITORY", job.remote.repository
    yield "WERCKER_STARTED_BY", job.started_by
    yield "WERCKER_MAIN_PIPELINE_STARTED", str(job.started)
