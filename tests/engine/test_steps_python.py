"""pip-install and virtualenv: real virtual environments of the real Python, with packages that come from no network."""

import zipfile
from pathlib import Path

import pytest

from tests.conftest import Checkout
from tests.engine.built_in import Play, script, why
from tests.engine.conftest import Machine

TELLS = """printf '%s|' "${0##*/}" "$@"; echo"""


@pytest.fixture
def wheels(machine: Machine, checkout: Checkout) -> Path:
    """A folder of the checkout with packages called wheel, one and two, which is where pip looks."""
    folder = checkout.path / "a folder"
    folder.mkdir()
    for name in ("wheel", "one", "two"):
        with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as file:
            file.writestr(f"{name}.py", f"print('{name} was imported')\n")
            file.writestr(
                f"{name}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            file.writestr(f"{name}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
            file.writestr(f"{name}-1.0.dist-info/RECORD", "")
    return folder


OFFLINE = script('export PIP_NO_INDEX=1 PIP_FIND_LINKS="file://${WERCKER_SOURCE_DIR// /%20}/a%20folder"; set -u')


@pytest.mark.usefixtures("wheels")
def test_pip_install_gives_the_run_a_python_of_its_own(play: Play, checkout: Checkout) -> None:
    (checkout.path / "requirements.txt").write_text("one\n")
    story = play(OFFLINE, "pip-install", script('python -c "import one"; echo "$VIRTUAL_ENV $PIP_CACHE_DIR"; type pip'))
    assert story.logs["script"] == "one was imported\nPIPELINE/venv CACHE/pip\npip is PIPELINE/venv/bin/pip\n"
    assert story.logs["pip-install"].startswith("there is no virtual environment: this run gets one of its own\n")
    assert "Successfully installed one-1.0\n" in story.logs["pip-install"]


@pytest.mark.usefixtures("wheels")
def test_a_virtual_environment_is_active_for_the_steps_behind_it(play: Play) -> None:
    story = play(
        OFFLINE,
        "virtualenv",
        {"pip-install": {"requirements_file": "", "packages_list": "one\ntwo"}},
        script('python -c "import one, two"; deactivate; env | grep ^PIP_ | sort; ls "$PIP_WHEEL_DIR"'),
    )
    assert story.logs["script"].splitlines() == [
        "one was imported",
        "two was imported",
        "PIP_CACHE_DIR=CACHE/pip",
        "PIP_DOWNLOAD_CACHE=CACHE/pip",
        "PIP_FIND_LINKS=file://PIPELINE/source/a%20folder file://CACHE/pip-wheels",
        "PIP_NO_INDEX=1",
        "PIP_USE_WHEEL=true",
        "PIP_WHEEL_DIR=CACHE/pip-wheels",
        "one-1.0-py3-none-any.whl",
        "two-1.0-py3-none-any.whl",
    ]


def test_virtualenv_without_wheel_at_a_place_of_its_own(play: Play) -> None:
    options = {"virtualenv_location": "my venv", "install_wheel": "false", "python_location": "python3"}
    story = play({"virtualenv": options}, script('type python; echo "${PIP_USE_WHEEL-no}"'))
    assert story.logs["virtualenv"] == "the virtual environment PIPELINE/source/my venv is active from here on\n"
    assert story.logs["script"] == "python is PIPELINE/source/my venv/bin/python\nno\n"


def test_a_place_that_is_the_persons_is_left_alone(play: Play) -> None:
    story = play({"virtualenv": {"virtualenv_location": "$HOME/venv", "install_wheel": "false"}}, script("type python"))
    assert (
        "/home/venv is not the run's own, so the virtual environment is made in PIPELINE/venv\n"
        in (story.logs["virtualenv"])
    )
    assert story.logs["script"] == "python is PIPELINE/venv/bin/python\n"


@pytest.mark.parametrize("python", ["/no/python", "/bin/sh -x", "false"])
def test_what_is_no_python_fails(play: Play, python: str) -> None:
    assert why(play({"virtualenv": {"python_location": python}}, code=10)) == f"this is no Python: {python}"


def test_a_python_without_venv_takes_virtualenv(play: Play, machine: Machine) -> None:
    machine.lacks("virtualenv")
    machine.program("python2", '[ "$*" = "-c " ]')
    old = {"virtualenv": {"python_location": "python2", "install_wheel": "false"}}
    assert why(play(old, code=10)) == "python2 has no venv, and there is no virtualenv on PATH"
    machine.program("virtualenv", f'{TELLS}; mkdir -p "$3/bin"; echo "echo activated" >"$3/bin/activate"')
    assert play(old).logs["virtualenv"] == (
        "virtualenv|--python|python2|PIPELINE/venv|\n"
        "activated\n"
        "the virtual environment PIPELINE/venv is active from here on\n"
    )
    machine.program("virtualenv", "exit 1")
    assert why(play(old, code=10)) == "virtualenv failed"


def test_a_wheel_that_cannot_be_had_fails(play: Play) -> None:
    story = play(script("export PIP_NO_INDEX=1"), "virtualenv", code=10)
    assert why(story) == "wheel could not be installed (install_wheel: false does without it)"


# From here on the environment is one that does nothing, since a real one takes seconds.
ACTIVE = script('export VIRTUAL_ENV=/somewhere PIP_USE_WHEEL=true PIP_WHEEL_DIR="$WERCKER_CACHE_DIR/my wheels"')


@pytest.fixture
def pip(machine: Machine) -> Machine:
    """A machine whose pip only tells how it was called."""
    machine.program("pip", TELLS)
    return machine


@pytest.mark.usefixtures("pip")
def test_wheels_first_then_the_installation(play: Play, checkout: Checkout) -> None:
    (checkout.path / "my needs.txt").write_text("")
    options = {
        "requirements_file": "my needs.txt",
        "packages_list": " one  two>=1,<2 ",
        "extra_args": "--upgrade --no-deps",
        "extra_wheel_args": "--no-binary *",
    }
    assert play(ACTIVE, {"pip-install": options}).logs["pip-install"] == (
        "pip|wheel|-r|my needs.txt|one|two>=1,<2|--no-binary|*|\n"
        "pip|install|-r|my needs.txt|one|two>=1,<2|--upgrade|--no-deps|\n"
    )
    story = play(ACTIVE, {"pip-install": {**options, "auto_run_wheel": "false"}})
    assert story.logs["pip-install"] == "pip|install|-r|my needs.txt|one|two>=1,<2|--upgrade|--no-deps|\n"


@pytest.mark.usefixtures("pip")
@pytest.mark.parametrize("option", ["cleanup_wheel_dir", "clean_wheel_dir"])
def test_old_wheels_are_deleted_when_that_is_wanted(play: Play, option: str) -> None:
    make = script('mkdir -p "$PIP_WHEEL_DIR"; touch "$PIP_WHEEL_DIR"/{"a b.whl",other}')
    show = script('ls "$PIP_WHEEL_DIR"')
    packages = {"requirements_file": "", "packages_list": "one"}
    assert play(ACTIVE, make, {"pip-install": {**packages, option: "false"}}, show).logs["script"] == "a b.whl\nother\n"
    assert play(ACTIVE, make, {"pip-install": {**packages, option: "true"}}, show).logs["script"] == "other\n"


@pytest.mark.usefixtures("pip")
def test_wheels_of_a_person_stay(play: Play, home: Path) -> None:
    (home / "one.whl").write_text("")
    options = {"requirements_file": "", "packages_list": "one", "cleanup_wheel_dir": "true"}
    story = play(script('export VIRTUAL_ENV=/somewhere PIP_WHEEL_DIR="$HOME"'), {"pip-install": options})
    assert story.logs["pip-install"] == f"{home} is not the run's own, so its wheels stay\npip|install|one|\n"
    assert (home / "one.whl").exists()
    (home / "one.whl").unlink()


@pytest.mark.usefixtures("pip")
def test_a_file_of_requirements_has_to_be_there(play: Play) -> None:
    for options in ({}, {"packages_list": "one"}):
        assert why(play(ACTIVE, {"pip-install": options}, code=10)) == (
            'there is no requirements.txt here (requirements_file: "" does without it)'
        )


def test_another_pip(play: Play, pip: Machine) -> None:
    options = {"requirements_file": "", "packages_list": "one", "auto_run_wheel": "false"}
    pip.program("python3.x", TELLS)
    story = play(ACTIVE, {"pip-install": {**options, "pip_command": "python3.x -m pip"}})
    assert story.logs["pip-install"] == "python3.x|-m|pip|install|one|\n"
    pip.program("python3", TELLS)
    story = play(ACTIVE, {"pip-install": {**options, "pip_command": "pip9"}})
    assert story.logs["pip-install"] == "python3|-m|pip|install|one|\n"
    pip.program("python3", "exit 1")
    story = play(ACTIVE, {"pip-install": {**options, "pip_command": "pip9"}}, code=10)
    assert why(story) == "there is no 'pip9' on PATH, and python3 has no pip"


@pytest.mark.parametrize("verb", ["wheel", "install"])
def test_a_pip_that_fails_fails_the_step(play: Play, pip: Machine, verb: str) -> None:
    pip.program("pip", f"[ $1 != {verb} ]")
    story = play(ACTIVE, {"pip-install": {"requirements_file": "", "packages_list": "one"}}, code=10)
    assert why(story) == f"pip {verb} failed"
