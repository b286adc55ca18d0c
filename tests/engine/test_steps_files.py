"""mktemp and create-file, alone and as the pair that keeps a key."""

import pytest

from tests.conftest import Checkout
from tests.engine.built_in import Play, Step, script, why


def create(**options: str) -> Step:
    """The step create-file, with these options."""
    return {"create-file": {name.replace("_", "-"): value for name, value in options.items()}}


def test_a_temporary_file_and_a_folder(play: Play) -> None:
    story = play(
        script("set -Cu"),
        {"mktemp": {"envvar": "FILE"}},
        {"mktemp": {"envvar": "FOLDER", "directory": "true", "name": "folder"}},
        {"script": {"name": "look", "code": 'env | grep -E "^(FILE|FOLDER)=" | sort; stat -c "%F %a" $FILE $FOLDER'}},
    )
    file, folder, *kinds = story.logs["look"].splitlines()
    assert file.startswith("FILE=PIPELINE/tmp-")
    assert folder.startswith("FOLDER=PIPELINE/tmp-")
    assert kinds == ["regular empty file 600", "directory 700"]
    assert story.logs["mktemp"] == file.replace("=", " is ") + "\n"
    assert story.logs["folder"] == folder.replace("=", " is ") + "\n"


@pytest.mark.parametrize("name", ["", "1st", "A B", "A=1", "$(id)"])
def test_envvar_is_a_name(play: Play, name: str) -> None:
    assert why(play({"mktemp": {"envvar": name}}, code=10)) == f"envvar is no name of a variable: {name}".strip()


def test_a_file_is_written_as_it_is_given(play: Play) -> None:
    content = "a \"quoted\" 'text' with * and `id` and $(id)\\n\tand é\n  more $WORD"
    story = play(
        script("export WORD=words; set -fCu"),
        create(filename="a b.txt", content=content),
        {"script": {"name": "look", "code": 'cat "a b.txt"'}},
    )
    written = "a \"quoted\" 'text' with * and `id` and $(id)\n\tand é\n  more words\n"
    assert story.logs["look"] == written
    assert story.logs["create-file"] == f"written: a b.txt\n{written}"


def test_a_file_that_is_there_is_replaced_only_when_that_is_wanted(play: Play, checkout: Checkout) -> None:
    (checkout.path / "there").write_text("a long text that was there before")
    assert why(play(create(filename="there", content="new"), code=10)) == (
        "there is there already (overwrite: true replaces it)"
    )
    story = play(create(filename="there", content="new", overwrite="true"), script("cat there"))
    assert story.logs["script"] == "new\n"


def test_a_key_in_a_temporary_file(play: Play) -> None:
    story = play(
        {"mktemp": {"envvar": "KEY_FILE"}},
        create(filename="$KEY_FILE", content="$KEY", overwrite="true", hide_from_log="true"),
        script('stat -c %a "$KEY_FILE"; cat "$KEY_FILE"; echo "$KEY_FILE"'),
        env=("KEY=first secret\\nsecond",),
    )
    mode, first, second, file = story.logs["script"].splitlines()
    assert (mode, first, second) == ("600", "first secret", "second")
    assert story.logs["create-file"] == f"written: {file}\n"


def test_a_file_without_content_is_an_empty_line_and_a_warning(play: Play) -> None:
    story = play(create(filename="empty"), script("wc -c <empty"))
    assert story.logs["create-file"] == "no content is given\nwritten: empty\n\n"
    assert story.logs["script"] == "1\n"


def test_a_file_that_cannot_be_written(play: Play) -> None:
    assert why(play(create(filename="no/such/folder", content="x"), code=10)) == "no/such/folder could not be written"
    assert why(play(create(filename="$NOTHING", content="x"), code=10)) == "filename is empty"
