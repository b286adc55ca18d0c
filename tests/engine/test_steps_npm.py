"""npm-install and npm-test, with an npm that only tells how it was called."""

from tests.engine.built_in import Play, script, why
from tests.engine.conftest import Machine

TELLS = 'printf \'%s|\' npm "$@" "$npm_config_cache"; echo'
FAILS = 'mkdir -p "$npm_config_cache"; echo "npm sees $(ls "$npm_config_cache")"; touch "$npm_config_cache/a"; exit 1'


def test_npm_install_has_its_cache_in_the_cache_of_the_application(play: Play, machine: Machine) -> None:
    machine.program("npm", TELLS)
    story = play({"npm-install": {"options": " --production  --only='*' \n--quiet"}}, "npm-test", script("npm later"))
    assert story.logs["npm-install"] == (
        "npm install, try 1 of 3\nnpm|install|--production|--only='*'|--quiet|CACHE/wercker/npm|\n"
    )
    assert story.logs["npm-test"] == "npm|test|CACHE/wercker/npm|\n"
    assert story.logs["script"] == "npm|later|CACHE/wercker/npm|\n"


def test_without_the_cache_it_is_gone_with_the_run(play: Play, machine: Machine) -> None:
    machine.program("npm", TELLS)
    story = play({"npm-install": {"use-cache": "false"}})
    assert story.logs["npm-install"] == "npm install, try 1 of 3\nnpm|install|PIPELINE/npm|\n"


def test_npm_install_is_tried_three_times_and_its_cache_emptied_between(play: Play, machine: Machine) -> None:
    machine.program("npm", FAILS)
    story = play("npm-install", code=10)
    tried = "npm install, try {} of 3\nnpm sees \nnpm install failed: its cache is emptied\n"
    assert story.logs["npm-install"] == (
        "".join(tried.format(number) for number in (1, 2, 3)) + "failed: npm install failed three times\n"
    )
    assert why(story) == "npm install failed three times"


def test_clear_cache_on_failed_can_be_switched_off(play: Play, machine: Machine) -> None:
    machine.program("npm", FAILS)
    story = play({"npm-install": {"clear_cache_on_failed": "false"}}, code=10)
    assert story.logs["npm-install"].count("npm sees a\n") == 2
    assert "emptied" not in story.logs["npm-install"]


def test_a_second_try_that_works_is_enough(play: Play, machine: Machine) -> None:
    machine.program("npm", "[ -e tried ] || { touch tried; exit 1; }")
    assert play("npm-install").run["result"] == "passed"


def test_without_npm_it_fails_at_once(play: Play, machine: Machine) -> None:
    machine.lacks("npm")
    story = play("npm-install", code=10)
    assert story.logs["npm-install"] == "failed: there is no npm on PATH\n"


def test_npm_test_fails_with_the_exit_code_of_npm(play: Play, machine: Machine) -> None:
    machine.program("npm", "exit 3")
    story = play("npm-test", code=10)
    assert why(story) == "Command exited with exit code: 3"
