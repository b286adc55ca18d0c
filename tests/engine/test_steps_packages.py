"""install-packages, on machines whose apt-get and sudo only tell how they were called."""

import pytest

from tests.engine.built_in import Play, script, why
from tests.engine.conftest import Machine

TELLS = 'printf \'%s|\' "${0##*/}" "$@"; echo'
NOBODY = "echo 1000"  # an id that is not root's
# What Debian's says of an installed package, of one in two architectures, of a removed and of a virtual one.
QUERY = """
case "${@: -1}" in
    git) echo 'installed 1:2.39.5-0' ;;
    libc6) printf 'config-files 2.35\\ninstalled 2.36-9\\n' ;;
    removed) echo 'config-files 1.0' ;;
    ssh-client) echo 'not-installed ' ;;
    *) exit 1 ;;
esac"""


@pytest.fixture
def debian(machine: Machine) -> Machine:
    """A machine where git, libc6 and the command ssh are there, and mvn."""
    machine.lacks("mvn", "jshon", "removed", "sudo")
    machine.program("dpkg-query", QUERY)
    machine.program("apt-get", TELLS)
    machine.program("ssh", "")
    machine.program("mvn", "")
    return machine


def test_what_is_there_is_not_installed(play: Play, debian: Machine) -> None:
    debian.program("apt-get", "echo apt-get must not be called; exit 1")
    packages = " git=1:2.*  libc6=2.36-9\nssh-client openssh-client maven "
    story = play({"install-packages": {"packages": packages}})
    assert story.logs["install-packages"] == (
        "already installed: git=1:2.* libc6=2.36-9 ssh-client openssh-client maven\n"
    )


def test_root_installs_after_one_update_a_day(play: Play, debian: Machine) -> None:
    debian.program("id", "echo 0")
    install = {"install-packages": {"packages": "git jshon -q"}}
    assert play(install).logs["install-packages"] == (
        "apt-get install -y git jshon -q, try 1 of 3\napt-get|update|\napt-get|install|-y|git|jshon|-q|\n"
    )
    assert play(install).logs["install-packages"] == (
        "apt-get install -y git jshon -q, try 1 of 3\napt-get|install|-y|git|jshon|-q|\n"
    )
    yesterday = script('touch -d "25 hours ago" "$WERCKER_CACHE_DIR/wercker/apt-updated"')
    assert "apt-get|update|" in play(yesterday, install).logs["install-packages"]


def test_it_is_tried_three_times_with_new_lists(play: Play, debian: Machine) -> None:
    debian.program("id", "echo 0")
    debian.program("apt-get", f"{TELLS}; [ $1 = update ]")
    story = play({"install-packages": {"packages": "jshon"}}, code=10)
    assert story.logs["install-packages"] == (
        "".join(
            f"apt-get install -y jshon, try {number} of 3\napt-get|update|\napt-get|install|-y|jshon|\n"
            for number in (1, 2, 3)
        )
        + "failed: apt-get install failed three times: jshon\n"
    )
    kept = play({"install-packages": {"packages": "jshon", "clear-cache": "false"}}, code=10)
    assert kept.logs["install-packages"].count("apt-get|update|") == 1


def test_lists_that_cannot_be_had_do_not_stop_it(play: Play, debian: Machine) -> None:
    debian.program("id", "echo 0")
    debian.program("apt-get", f"{TELLS}; [ $1 != update ]")
    assert play({"install-packages": {"packages": "jshon"}}).logs["install-packages"] == (
        "apt-get install -y jshon, try 1 of 3\napt-get|update|\napt-get update failed\napt-get|install|-y|jshon|\n"
    )


@pytest.mark.parametrize("packages", ["removed", "jshon", "git=1:3.*", "maven=3.6"])
def test_a_person_is_told_what_is_missing(play: Play, debian: Machine, packages: str) -> None:
    debian.program("id", NOBODY)
    debian.program("sudo", "echo sudo must not be called")
    story = play({"install-packages": {"packages": f"git {packages}"}}, code=10)
    assert story.logs["install-packages"] == f"failed: {why(story)}\n"
    assert why(story) == (
        f"not installed: {packages}; install them with: sudo apt-get install -y git {packages} "
        "(WERCKER_ALLOW_SUDO=1 lets this step do it)"
    )


def test_sudo_is_used_when_that_was_asked_for(play: Play, debian: Machine) -> None:
    debian.program("id", NOBODY)
    debian.program("sudo", TELLS)
    story = play({"install-packages": {"packages": "jshon"}}, env=("WERCKER_ALLOW_SUDO=1",))
    assert story.logs["install-packages"] == (
        "apt-get install -y jshon, try 1 of 3\nsudo|-n|apt-get|update|\nsudo|-n|apt-get|install|-y|jshon|\n"
    )


def test_where_there_is_no_apt_get_the_commands_count(play: Play, debian: Machine) -> None:
    debian.lacks("apt-get", "dpkg-query")
    assert play({"install-packages": {"packages": "ssh-client"}}).run["result"] == "passed"
    assert why(play({"install-packages": {"packages": "ssh-client jshon"}}, code=10)) == (
        "not installed: jshon; there is no apt-get here to install them with"
    )


def test_packages_are_required(play: Play, debian: Machine) -> None:
    assert why(play("install-packages", code=10)) == (
        "The property 'packages' of step 'install-packages' is required, and was not given"
    )
