"""What the built-in steps have in common: they leave the shell that all steps share as it was, whatever it is."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from tests.conftest import Checkout
from tests.engine.built_in import Play, Step
from tests.engine.conftest import Machine
from wercker_cli.engine.step_folders import BUILT_IN

# Every step with what it needs to pass; the programs only pass.
STEPS: dict[str, dict[str, str]] = {
    "npm-install": {},
    "npm-test": {},
    "bundle-install": {},
    "install-packages": {"packages": "git"},
    "pip-install": {"requirements_file": "", "packages_list": "one"},
    "virtualenv": {"install_wheel": "false"},
    "setup-go-workspace": {"package-dir": "x"},
    "add-to-known_hosts": {"hostname": "example.com"},
    "add-ssh-key": {"keyname": "DEPLOY"},
    "bash-template": {},
    "mktemp": {"envvar": "MADE"},
    "create-file": {"filename": "made", "content": "x"},
    "slack-notifier": {"url": "http://example.com"},
}
# What each leaves on purpose, beside its properties.
LEFT = {
    "npm-install": {"npm_config_cache"},
    "bundle-install": {"BUNDLE_PATH", "BUNDLE_USER_CACHE"},
    "pip-install": {"PIP_CACHE_DIR"},
    "virtualenv": {"PATH", "PIP_CACHE_DIR", "PIP_DOWNLOAD_CACHE", "VIRTUAL_ENV", "_OLD_VIRTUAL_PATH", "deactivate"},
    "setup-go-workspace": {"GO111MODULE", "GOPATH", "PATH", "WERCKER_SOURCE_DIR"},
    "add-to-known_hosts": {"PATH"},
    "add-ssh-key": {"PATH"},
    "mktemp": {"MADE"},
}
LOOK = """declare -p; declare -F; echo; shopt; set -o; umask; pwd; trap -p; echo "${IFS@Q}" """
ALWAYS_NEW = re.compile(r"WERCKER_(STEP|REPORT)_|__wercker|BASH|EPOCH|S?RANDOM|SECONDS|LINENO|PIPESTATUS|(_|PWD)$")


class Shell(NamedTuple):
    """What a shell is: variables and functions with their values, and its options, folder, traps, IFS."""

    names: dict[str, str]
    state: str


def shell(log: str) -> Shell:
    """What LOOK printed of it."""
    names, state = log.split("\n\n", 1)
    found = re.findall(r"^declare -\S+ (\w+)(.*)$", names, re.MULTILINE)
    return Shell({name: value for name, value in found if not ALWAYS_NEW.match(name)}, state)


def named(name: str, code: str) -> Step:
    """A script step with a name of its own."""
    return {"script": {"name": name, "code": code}}


def stand_ins(machine: Machine, checkout: Checkout) -> None:
    """Programs that pass, and files for the steps that look for some."""
    for program in ("npm", "bundle", "pip"):
        machine.program(program, "")
    machine.program("dpkg-query", "echo installed 1")
    machine.program("ssh-keyscan", "echo example.com ssh-ed25519 AAAA")
    machine.program("ssh-keygen", "echo 256 SHA256:abc example.com")
    machine.program("curl", "printf '\\n200'")
    for file in ("Gemfile", "a.template"):
        (checkout.path / file).write_text("")


def test_every_built_in_step_is_tried_here() -> None:
    folders = {path.name for path in Path(BUILT_IN).iterdir() if path.is_dir()}
    assert set(STEPS) == folders


def test_a_state_folder_with_a_strange_name(
    play: Play, machine: Machine, checkout: Checkout, environ: dict[str, str], tmp_path: Path
) -> None:
    environ["XDG_STATE_HOME"] = str(tmp_path / "it's 100% *my* $state")
    stand_ins(machine, checkout)
    steps: list[Step] = [{step: options} for step, options in STEPS.items() if step != "pip-install"]
    story = play(
        *steps,
        named("python", "type python; python -c 'print(1)'"),
        named("ssh", "ssh -G example.com 2>/dev/null | grep -E '^(identity|userknownhosts)file'"),
        env=("DEPLOY_PRIVATE=key",),
    )
    work = f"{tmp_path}/it's 100% *my* $state/wercker/work/{story.run['id']}"
    assert story.logs["python"] == f"python is {work}/venv/bin/python\n1\n"
    assert f"identityfile {work.replace('%', '%%')}/ssh/key-" in story.logs["ssh"]  # which ssh shows as it is written
    assert f"userknownhostsfile {work}/ssh/known_hosts" in story.logs["ssh"]


@pytest.mark.parametrize("step", STEPS)
def test_the_table_tells_of_every_property(step: str) -> None:
    (row,) = (line for line in Path(BUILT_IN, "README.md").read_text().splitlines() if line.startswith(f"| `{step}` |"))
    declared = yaml.safe_load(Path(BUILT_IN, step, "step.yml").read_text()).get("properties", [])
    for entry in declared:
        name = f"**`{entry['name']}`**" if entry.get("required") else f"`{entry['name']}`"
        assert name in row
        assert entry.get("default", "") in row


@pytest.mark.parametrize("step", STEPS)
def test_a_step_leaves_the_shell_as_it_was(play: Play, machine: Machine, checkout: Checkout, step: str) -> None:
    stand_ins(machine, checkout)
    strange = "set -fuC -o pipefail; shopt -s failglob extglob nocasematch; IFS=o; trap : EXIT; umask 027"
    story = play(
        named("before", f"[ {step} = virtualenv ] || export VIRTUAL_ENV=/somewhere; {strange}; {LOOK}"),
        {step: {**STEPS[step], "name": "step"}},
        named("after", LOOK),
        env=("DEPLOY_PRIVATE=key",),
    )
    before, after = shell(story.logs["before"]), shell(story.logs["after"])
    changed = {name for name in before.names | after.names if before.names.get(name) != after.names.get(name)}
    prefix = f"WERCKER_{step.upper().replace('-', '_')}_"
    assert {name for name in changed if not name.startswith(prefix)} == LEFT.get(step, set())
    assert after.state.replace("/go/src/x", "/source") == before.state
    assert "unbound variable" not in story.logs["step"]
