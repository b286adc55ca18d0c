"""setup-go-workspace, in real checkouts."""

import pytest

from tests.conftest import Checkout
from tests.engine.built_in import Play, Step, script, why

LOOK = script('pwd; echo "$GOPATH $GO111MODULE ${PATH%%:*}"; git status --short; git ls-files')
FILES = "a file\nwercker.yml\n"


def workspace(**options: str) -> Step:
    """The step, with these options."""
    return {"setup-go-workspace": {name.replace("_", "-"): value for name, value in options.items()}}


@pytest.fixture(autouse=True)
def source(checkout: Checkout) -> None:
    """A checkout with a remote and a file."""
    checkout.git("remote", "add", "origin", "git@github.com:acme/rocket.git")
    (checkout.path / "a file").write_text("")


def test_the_source_is_where_go_looks_for_it(play: Play) -> None:
    story = play(script("set -u"), "setup-go-workspace", LOOK)
    target = "PIPELINE/go/src/github.com/acme/rocket"
    assert story.logs["setup-go-workspace"] == f"the source is in {target}, where the steps behind this one start\n"
    assert story.logs["script"] == f"{target}\nPIPELINE/go auto PIPELINE/go/bin\n{FILES}"


def test_another_package_and_another_gopath(play: Play) -> None:
    story = play(
        script('export GOPATH="$WERCKER_CACHE_DIR/a go:/elsewhere" GO111MODULE=off'),
        workspace(package_dir="x/y z"),
        LOOK,
    )
    assert story.logs["script"] == f"CACHE/a go/src/x/y z\nCACHE/a go off CACHE/a go/bin\n{FILES}"
    story = play(workspace(gopath="$WERCKER_PIPELINE_DIR/mine", package_dir="x"), LOOK)
    assert story.logs["script"] == f"PIPELINE/mine/src/x\nPIPELINE/mine auto PIPELINE/mine/bin\n{FILES}"


def test_the_contents_are_copied_into_a_folder_that_is_there(play: Play) -> None:
    make = script('mkdir -p "$WERCKER_PIPELINE_DIR/go/src/other"')
    story = play(make, workspace(package_dir="./"), script("ls"))
    assert story.logs["script"] == "a file\nother\nwercker.yml\n"


def test_a_workspace_in_the_source_is_not_copied_into_itself(play: Play) -> None:
    story = play(workspace(gopath=".", package_dir="x"), script("pwd; find . -name 'a file'"))
    assert story.logs["script"] == "PIPELINE/source/src/x\n./a file\n"
    assert play(workspace(package_dir="x"), workspace(package_dir="x"), LOOK).logs["script"].endswith(FILES)


def test_a_gopath_that_is_the_persons_is_left_alone(play: Play) -> None:
    story = play(workspace(gopath="$HOME/go", package_dir="x"), script("pwd"))
    said, _ = story.logs["setup-go-workspace"].splitlines()
    assert said.endswith("/home/go is not the run's own, so GOPATH is PIPELINE/go")
    assert story.logs["script"] == "PIPELINE/go/src/x\n"


def test_a_package_has_to_be_known_and_to_stay_below_gopath(play: Play, checkout: Checkout) -> None:
    story = play(workspace(package_dir="../../../elsewhere"), code=10)
    assert why(story) == "package-dir leads out of the workspace: ../../../elsewhere"
    checkout.git("remote", "remove", "origin")
    assert why(play("setup-go-workspace", code=10)) == (
        "no package-dir is given, and the checkout has no remote to take it from"
    )


def test_the_artifact_is_what_is_left_in_the_output_folder(play: Play) -> None:
    story = play("setup-go-workspace", script('touch "$WERCKER_OUTPUT_DIR/app"'))
    assert story.logs["store"].startswith("what is in WERCKER_OUTPUT_DIR is the artifact")
