"""The README's hook: what is pushed to a repository, runs on a server."""

import json
import re
import subprocess
from pathlib import Path

from tests.conftest import Checkout, Wercker
from tests.engine.serving import Serve
from tests.engine.stories import script

README = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")


def test_a_push_runs_what_was_pushed(
    serve: Serve, wercker: Wercker, checkout: Checkout, tmp_path: Path, home: Path, environ: dict[str, str]
) -> None:
    checkout.commit(script(says="echo hello"))
    site = tmp_path / "site.git"
    checkout.git("clone", "--quiet", "--bare", ".", str(site))
    wercker("pipelines", "add", str(site), "--name", "acme/site")
    (home / ".wercker-push-token").write_text(wercker("server", "token", "create", "push").out)
    served = serve()
    (hook,) = re.findall(r"```sh\n(#!/bin/sh\n.*?)```", README, re.DOTALL)
    (site / "hooks/post-receive").write_text(hook.replace("https://ci.example.com", served.url))
    (site / "hooks/post-receive").chmod(0o755)

    pushed = checkout.commit(script(says="echo goodbye"), message="second")
    branch = checkout.git("branch", "--show-current")
    checkout.git("tag", "v1")
    for what in ([f"HEAD:{branch}", "HEAD:fix/it", "v1"], [":fix/it"]):
        subprocess.run(["git", "push", "--quiet", str(site), *what], cwd=checkout.path, env=environ, check=True)

    runs = json.loads(wercker("runs", "list", "-a", "acme/site", "-o", "json").out)
    assert sorted((run["branch"], run["commitHash"], run["user"]["name"]) for run in runs) == sorted(
        [(branch, pushed, "push"), ("fix/it", pushed, "push")]
    )
