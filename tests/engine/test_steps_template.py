"""bash-template: what is expanded, what stays, and where it goes."""

from pathlib import Path

import pytest

from tests.conftest import Checkout
from tests.engine.built_in import Play, Step, script, why

VARIABLES = script(
    "export NAME=world EMPTY= rest=mine text=mine done=mine value=mine IFS=o\n"
    """export hard='"quoted" $NAME `id` $(id) \\ & * text'; hidden=no; set -uf; shopt -s failglob"""
)


def template(**options: str) -> Step:
    """The step, with these options."""
    return {"bash-template": {name.replace("_", "-"): value for name, value in options.items()}}


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """A folder that outlives the run."""
    folder = tmp_path / "output of a run"
    folder.mkdir()
    return folder


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("Hello $NAME, ${NAME}!\n\n\n", "Hello world, world!\n\n\n"),
        ("no newline behind $NAME", "no newline behind world"),
        ("$hard", '"quoted" $NAME `id` $(id) \\ & * text'),
        ("$rest ${text} $done $value", "mine mine mine mine"),
        ("[$UNSET] [${UNSET}] [$hidden] [$EMPTY]", "[] [] [] []"),
        ("${UNSET:-a} ${UNSET-b} ${EMPTY:-c} ${EMPTY-d} ${NAME:-e}", "a b c  world"),
        ("${UNSET:+a}.${UNSET+b}.${EMPTY:+c}.${EMPTY+d}.${NAME:+e}", "...d.e"),
        ("${UNSET:-<$NAME ${EMPTY:-${NAME}}>\n} {$NAME}}", "<world world>\n {world}}"),
        (r"\$NAME \${NAME} \\$NAME \a \` ", r"$NAME ${NAME} \world \a ` "),
        ("one \\\ntwo", "one two"),
        (
            "$ $1 $? $$ 5$ 100% '$NAME' \"$NAME\" * ~ {a,b} # <b>",
            "$ $1 $? $$ 5$ 100% 'world' \"world\" * ~ {a,b} # <b>",
        ),
        ("é\u2028$NAME", "é\u2028world"),
        ("", ""),
    ],
)
def test_what_a_variable_is(play: Play, checkout: Checkout, output: Path, text: str, expanded: str) -> None:
    (checkout.path / "a.conf.template").write_text(text)
    story = play(VARIABLES, template(output=f"{output}/"))
    assert story.logs["bash-template"] == f"a.conf.template -> {output}/a.conf\n"
    assert (output / "a.conf").read_text() == expanded


def test_nothing_is_ever_run(play: Play, checkout: Checkout, output: Path) -> None:
    text = (
        "$(touch run) `touch run` ${U:-$(touch run)}\n"
        "$((1+1)) ${NAME#w} ${!NAME} ${NAME@P} ${NAME//o/$(touch run)} ${U:=$(touch run)} ${a[$(touch run)]}\n"
    )
    (checkout.path / "a.template").write_text(text)
    story = play(VARIABLES, template(output=f"{output}/"), script("ls"))
    assert (output / "a").read_text() == text.replace("${U:-$(touch run)}", "$(touch run)")
    assert story.logs["script"] == "a.template\nwercker.yml\n"
    assert story.logs["bash-template"].splitlines()[0] == (
        "a.template: only variables are expanded, so this stays as it is: $(touch run) `touch run` ${U:-$(touch run)}"
    )


def test_every_template_is_found_and_written_beside(play: Play, checkout: Checkout) -> None:
    for path in ("a.template.conf", "b c.template", "deep/d.template.template", "deep/e.txt", ".hidden.template"):
        (checkout.path / path).parent.mkdir(exist_ok=True)
        (checkout.path / path).write_text("$NAME")
    story = play(script("export NAME=world"), "bash-template", template(input="deep/*.template* nothing* e.txt"))
    look = play(
        script("export NAME=world"),
        template(input="*.template* deep/*.template*"),
        script("git status --short; cat 'b c' deep/d.template"),
    )
    assert story.logs["bash-template"] == "deep/d.template.template -> ./deep/d.template\n"
    assert look.logs["bash-template"] == (
        "a.template.conf -> ./a.conf\nb c.template -> ./b c\ndeep/d.template.template -> ./deep/d.template\n"
    )
    assert look.logs["script"] == '?? a.conf\n?? "b c"\n?? deep/d.template\nworldworld'


def test_one_file_as_the_output_in_a_new_folder(play: Play, checkout: Checkout, output: Path) -> None:
    (checkout.path / "a.template").write_text("$NAME")
    story = play(template(input="$WERCKER_ROOT/a.template", output=f"{output}/new/b"), template(input="/a*.template"))
    assert (output / "new/b").read_text() == ""
    assert story.logs["bash-template"] == "no file matches /a*.template\n"


@pytest.mark.parametrize(
    ("strict", "result"), [("", "passed"), ("false", "passed"), ("true", "failed"), ("anything", "failed")]
)
def test_a_variable_that_is_not_set_can_fail_the_step(
    play: Play, checkout: Checkout, output: Path, strict: str, result: str
) -> None:
    (checkout.path / "a.template").write_text("$EMPTY ${A} $B ${C-c} ${EMPTY-$D} ${NAME:+$E} ${A:+$F}")
    step = template(error_on_empty=strict, output=f"{output}/")
    story = play(VARIABLES, step, code=10 if result == "failed" else 0)
    assert story.run["result"] == result
    assert (output / "a").exists() == (result == "passed")
    if result == "failed":
        assert why(story) == "a.template: not set: A B E"


def test_no_template_is_no_failure(play: Play) -> None:
    assert play("bash-template").logs["bash-template"] == "no file matches *.template*\n"


def test_a_brace_that_is_never_closed_fails(play: Play, checkout: Checkout) -> None:
    (checkout.path / "a.template").write_text("${A:-never")
    assert why(play("bash-template", code=10)) == "a.template: a ${ is never closed"


def test_an_output_that_cannot_be_written_fails(play: Play, checkout: Checkout) -> None:
    (checkout.path / "a.template").write_text("")
    assert why(play(template(output="wercker.yml/x"), code=10)) == "wercker.yml/x could not be written"


def test_a_large_template(play: Play, checkout: Checkout, output: Path) -> None:
    (checkout.path / "a.template").write_text("setting $NAME of ${NAME:-none}\n" * 4000)
    play(VARIABLES, template(output=f"{output}/"))
    assert (output / "a").read_text() == "setting world of world\n" * 4000
