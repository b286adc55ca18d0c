"""bundle-install, with a bundle and a gem that only tell how they were called."""

from pathlib import Path

import pytest

from tests.conftest import Checkout
from tests.engine.built_in import Play, script, why
from tests.engine.conftest import Machine

TELLS = """printf '%s|' "${0##*/}" "$@"; echo; env | grep ^BUNDLE_ | sort"""
FAILS = 'echo "bundle sees $(ls "$BUNDLE_PATH" 2>/dev/null)"; mkdir -p "$BUNDLE_PATH"; touch "$BUNDLE_PATH/a"; exit 1'
ALWAYS = ["BUNDLE_PATH=CACHE/bundle-install", "BUNDLE_USER_CACHE=CACHE/bundle-install-index"]


@pytest.fixture
def gemfile(checkout: Checkout) -> Path:
    """An empty Gemfile in the checkout."""
    path = checkout.path / "Gemfile"
    path.write_text("")
    return path


@pytest.mark.usefixtures("gemfile")
def test_the_gems_go_to_the_cache_and_later_steps_know(play: Play, machine: Machine) -> None:
    machine.program("bundle", TELLS)
    story = play("bundle-install", script("bundle exec rake"))
    first, *lines = story.logs["bundle-install"].splitlines()
    assert first == "bundle install, try 1 of 3"
    assert lines == ["bundle|install|--retry|3|", *ALWAYS]
    assert story.logs["script"].splitlines() == ["bundle|exec|rake|", *ALWAYS]


@pytest.mark.usefixtures("gemfile")
def test_options_that_bundler_dropped_become_variables(play: Play, machine: Machine) -> None:
    machine.program("bundle", TELLS)
    switches = ("standalone", "binstubs", "clean", "full-index", "deployment", "local", "frozen")
    options = {"path": "my gems", "without": "test development:ci", "jobs": "8", "retry": "5"}
    story = play({"bundle-install": {**options, **dict.fromkeys(switches, "true")}})
    assert story.logs["bundle-install"].splitlines()[1:] == [
        "bundle|install|--retry|5|--jobs|8|--standalone|--full-index|--local|",
        "BUNDLE_BIN=bin",
        "BUNDLE_CLEAN=true",
        "BUNDLE_DEPLOYMENT=true",
        "BUNDLE_FROZEN=true",
        "BUNDLE_PATH=PIPELINE/source/my gems",
        ALWAYS[1],
        "BUNDLE_WITHOUT=test:development:ci",
    ]


@pytest.mark.usefixtures("gemfile")
def test_a_switch_is_on_only_when_it_is_true(play: Play, machine: Machine) -> None:
    machine.program("bundle", TELLS)
    switches = ("standalone", "binstubs", "clean", "full-index", "deployment", "local", "frozen")
    story = play({"bundle-install": dict.fromkeys(switches, "yes")})
    assert story.logs["bundle-install"].splitlines()[1:] == ["bundle|install|--retry|3|", *ALWAYS]


def test_another_gemfile(play: Play, machine: Machine, checkout: Checkout) -> None:
    machine.program("bundle", TELLS)
    (checkout.path / "gemfiles").mkdir()
    (checkout.path / "gemfiles/rails 5").write_text("")
    story = play({"bundle-install": {"gemfile": "gemfiles/rails 5"}})
    assert "BUNDLE_GEMFILE=PIPELINE/source/gemfiles/rails 5\n" in story.logs["bundle-install"]


def test_without_a_gemfile_nothing_is_installed(play: Play, machine: Machine) -> None:
    machine.program("bundle", TELLS)
    story = play("bundle-install", script("env | grep ^BUNDLE || echo none"))
    assert story.logs["bundle-install"] == "there is no Gemfile here, so nothing is installed\n"
    assert story.logs["script"] == "none\n"


@pytest.mark.usefixtures("gemfile")
def test_a_path_that_is_the_persons_is_left_alone(play: Play, machine: Machine, home: Path) -> None:
    machine.program("bundle", FAILS)
    story = play({"bundle-install": {"path": str(home / "gems")}}, code=10)
    assert f"{home}/gems is not the run's own, so the gems go to CACHE/bundle-install\n" in story.logs["bundle-install"]
    assert not (home / "gems").exists()


@pytest.mark.usefixtures("gemfile")
def test_it_is_tried_three_times_with_the_gems_deleted_between(play: Play, machine: Machine) -> None:
    machine.program("bundle", FAILS)
    story = play("bundle-install", code=10)
    tried = "bundle install, try {} of 3\nbundle sees \nbundle install failed: CACHE/bundle-install is emptied\n"
    assert story.logs["bundle-install"] == (
        "".join(tried.format(number) for number in (1, 2, 3)) + "failed: bundle install failed three times\n"
    )
    assert why(story) == "bundle install failed three times"


@pytest.mark.usefixtures("gemfile")
@pytest.mark.parametrize("options", [{"clear-path": "false"}, {"path": "vendor/bundle"}])
def test_gems_stay_when_that_is_wanted_and_in_the_checkout(
    play: Play, machine: Machine, options: dict[str, str]
) -> None:
    machine.program("bundle", FAILS)
    story = play({"bundle-install": options}, code=10)
    assert story.logs["bundle-install"].count("bundle sees a\n") == 2


@pytest.mark.usefixtures("gemfile")
def test_without_bundle_the_run_gets_one(play: Play, machine: Machine) -> None:
    machine.lacks("bundle", "gem")
    installs = 'mkdir -p "$GEM_HOME/bin"; cp "$0" "$GEM_HOME/bin/bundle"'
    machine.program("gem", f'{TELLS}; [[ $0 != */gem ]] || {{ echo "$GEM_HOME"; {installs}; }}')
    story = play({"bundle-install": {"version": "~> 1.17"}})
    assert story.logs["bundle-install"].splitlines() == [
        "there is no bundle on PATH: gem installs one for this run",
        "gem|install|bundler|--no-document|--version|~> 1.17|",
        "PIPELINE/gems",
        "bundle install, try 1 of 3",
        "bundle|install|--retry|3|",
        *ALWAYS,
    ]


@pytest.mark.usefixtures("gemfile")
def test_without_bundle_and_gem_it_fails(play: Play, machine: Machine) -> None:
    machine.lacks("bundle", "gem")
    assert why(play("bundle-install", code=10)) == "there is no bundle on PATH, and no gem to install it with"


@pytest.mark.usefixtures("gemfile")
def test_a_bundler_that_cannot_be_installed_fails_the_step(play: Play, machine: Machine) -> None:
    machine.lacks("bundle", "gem")
    machine.program("gem", "exit 1")
    assert why(play("bundle-install", code=10)) == "bundler could not be installed"
