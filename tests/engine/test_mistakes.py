"""What is said of a wercker.yml that is wrong, and where."""

import pytest

from wercker_cli.engine import pipeline_file
from wercker_cli.engine.mistakes import InvalidFile, Mistake, excerpt
from wercker_cli.engine.wercker_yml import check, read


def said(text: str) -> str:
    """The error of a file."""
    with pytest.raises(InvalidFile) as error:
        read(text, "wercker.yml")
    return str(error.value)


def warned(text: str) -> list[str]:
    """The warnings of a file that has no error."""
    file, found = check(text, "wercker.yml")
    assert file
    assert {mistake.severity for mistake in found.mistakes} <= {"warning"}
    return [str(mistake).removeprefix("wercker.yml:") for mistake in found.mistakes]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1:1: the file is empty: a pipeline is a name with 'steps' below it"),
        ("# nothing\n---\n", "1:1: the file is empty: a pipeline is a name with 'steps' below it\n# nothing\n^"),
        ("- a", "1:1: a file is a mapping: names of pipelines with 'steps' below them\n- a\n^"),
        (
            "build:\n  steps:\n    - script:\n",
            "3:7: the step 'script' has no properties: it needs at least 'code'\n    - script:\n      ^",
        ),
        (
            "build:\n  steps:\n    - script: make\n",
            "3:15: the step 'script' takes properties (name: value), not a text or a list\n"
            "    - script: make\n              ^",
        ),
        ("build:\n  steps: make\n", "2:10: steps are a list: each begins with a '-'\n  steps: make\n         ^"),
        (
            "build:\n  steps: []\n  stepz: 1\n",
            "3:3: 'stepz' in pipeline 'build' is neither a list of steps nor one of after-steps, base-path, box, "
            "docker, services, steps\n  stepz: 1\n  ^",
        ),
        (
            "build: {steps: [x: {a: [1]}]}",
            "1:24: a text belongs here, not a list or a mapping\nbuild: {steps: [x: {a: [1]}]}\n" + " " * 23 + "^",
        ),
        (
            "build: {steps: [a/]}",
            "1:17: a step has a name, or OWNER/NAME, and not 'a/'\nbuild: {steps: [a/]}\n" + " " * 16 + "^",
        ),
        (
            "build: {steps: [{}]}",
            "1:17: a step is a name, or a name with properties\nbuild: {steps: [{}]}\n" + " " * 16 + "^",
        ),
        (
            "box: {name: a}",
            "1:6: a box or a service is a name, or a mapping with an 'id'\nbox: {name: a}\n     ^",
        ),
        ("services: redis", "1:11: services are a list\nservices: redis\n          ^"),
        (
            "command-timeout: 1h",
            "1:18: command-timeout is a number of minutes, not '1h'\ncommand-timeout: 1h\n                 ^",
        ),
        (
            "no-response-timeout: .nan",
            "1:22: no-response-timeout is a number of minutes, not '.nan'\nno-response-timeout: .nan\n"
            + " " * 21
            + "^",
        ),
        ("build:\n\tsteps: []\n", "2:1: this is not YAML: a tab cannot indent\n    steps: []\n^"),
        (
            "build:\n  steps:\n    - a\n    -b: c\n",
            "4:5: this is not YAML: the '-' of a list takes a blank behind it\n    -b: c\n    ^",
        ),
        (
            "build:\n  steps:\n    - a\n    b: c\n",
            "4:5: this is not YAML: the '-' of a list was expected here: is the indentation right?\n    b: c\n    ^",
        ),
        (
            "a: b: c",
            "1:5: this is not YAML: a ':' cannot stand here: a text with one in it needs quotes\na: b: c\n    ^",
        ),
        ("a: {", "2:1: this is not YAML: did not find expected node content"),
        ("a: *b", "1:4: nothing before this is called &b\na: *b\n   ^"),
        ("a: &a [*a]", "1:8: *a stands inside of what it stands for\na: &a [*a]\n       ^"),
        ("a: &a {<<: *a}", "1:12: *a stands inside of what it stands for\na: &a {<<: *a}\n           ^"),
        ("a: {<<: 1}", "1:9: '<<' takes a mapping, or a list of them\na: {<<: 1}\n        ^"),
        ("a: {{ b }}", "1:5: a key is a text; one that begins with a bracket needs quotes\na: {{ b }}\n    ^"),
        ("a: b\0c", "1:5: this is not YAML: U+0000 cannot stand in a YAML file\na: b\ufffdc\n    ^"),
        ('a: ["b\\0c"]', '1:5: no text can hold the character U+0000\na: ["b\\0c"]\n    ^'),
        ("a:\n- \ud800", "2:3: this is not YAML: U+D800 cannot stand in a YAML file\n- \ufffd\n  ^"),
        ("x" * (2**20 + 1), "1:1: the file is larger than 1 MiB\n" + "x" * 77 + "…\n^"),
    ],
)
def test_a_mistake_has_its_place_its_line_and_a_caret(text: str, message: str) -> None:
    assert said(text) == f"wercker.yml:{message}"


def test_all_mistakes_are_shown_in_the_order_of_the_file() -> None:
    text = "build:\n  steps:\n    - script: make\n    - x: {a: {b: c}}\n  stepz: 1\nbox: [a]\n"
    assert [line for line in said(text).splitlines() if line.startswith("wercker.yml:")] == [
        "wercker.yml:3:15: the step 'script' takes properties (name: value), not a text or a list",
        "wercker.yml:4:14: a text belongs here, not a list or a mapping",
        "wercker.yml:5:3: 'stepz' in pipeline 'build' is neither a list of steps nor one of after-steps, base-path, "
        "box, docker, services, steps",
        "wercker.yml:6:6: a box or a service is a name, or a mapping with an 'id'",
    ]


def test_the_message_alone_is_one_line() -> None:
    messages = []
    for text in ("a", "b: {steps: [{}, {}]}", "b: {steps: [{}, {}, {}]}"):
        with pytest.raises(InvalidFile) as error:
            read(text, "f")
        messages.append(error.value.message)
    assert messages == [
        "f:1:1: a file is a mapping: names of pipelines with 'steps' below them",
        "f:1:13: a step is a name, or a name with properties (and 1 more error)",
        "f:1:13: a step is a name, or a name with properties (and 2 more errors)",
    ]


def test_of_very_many_mistakes_an_error_shows_ten() -> None:
    lines = said("build:\n  steps:\n" + "    - script: make\n" * 25).splitlines()
    assert len([line for line in lines if "takes properties" in line]) == 10
    assert lines[-1] == "and 15 more errors, which wercker pipelines check shows"


def test_a_mistake_in_what_aliases_repeat_is_one_mistake() -> None:
    text = "a: &a\n  steps:\n    - script: make\n    - script: {cod: x}\nb: *a\nc: *a\n"
    assert said(text).count("takes properties") == 1
    assert len(check(text, "wercker.yml")[1].mistakes) == 2


def test_what_is_probably_a_slip_is_a_warning() -> None:
    assert warned(
        """
py2:
  build:
    steps: []
anchors:
  texts: {one: &one 1}
list: [a]
deploy:
build:
  steps: []
build:
  steps: []
"""
    ) == [
        "2:1: 'py2' is no pipeline and is ignored: a pipeline has 'steps' directly below it",
        "7:1: 'list' is no pipeline and is ignored: a pipeline has 'steps' directly below it",
        "8:1: pipeline 'deploy' has nothing: its 'steps' stand below it, further to the right",
        "11:1: 'build' is given twice: the last counts",
        "11:1: pipeline 'build' has no steps",
    ]
    assert warned("box: debian\nb:\n  docker: true\n  prod: [x]\n") == [
        "1:1: 'box' means nothing here: steps run on this machine, not in a container",
        "2:1: pipeline 'b' has no steps; its deploy targets: 'prod'",
        "3:3: 'docker' means nothing here: steps run on this machine, not in a container",
    ]
    assert warned("b:\n  steps: []\n  steps:\n    - script:\n        name: a\n        name: b\n    - script\n") == [
        "3:3: 'steps' is given twice: the last counts",
        "4:7: step 'b' has no 'code', so it does nothing",
        "6:9: 'name' is given twice: the last counts",
        "7:7: step 'script' has no 'code', so it does nothing",
    ]


def drawn(text: str, column: int) -> list[str]:
    """The line and the caret."""
    return excerpt(Mistake("f", 1, column, "", "error", text)).split("\n")


def test_the_caret_stands_below_its_column_behind_tabs_and_wide_characters() -> None:
    assert drawn("\tname: x", 8) == ["    name: x", "          ^"]
    assert drawn("a\tb", 3) == ["a   b", "    ^"]
    assert drawn("名前: x", 5) == ["名前: x", "      ^"]
    assert drawn("e\u0301a: x", 5) == ["e\u0301a: x", "   ^"]
    assert drawn("end", 4) == ["end", "   ^"]
    assert drawn("   ", 2) == [""]


def test_nothing_in_a_line_moves_the_cursor() -> None:
    assert drawn("a\x1b[2J\r\u202ex\u200b", 8) == ["a\ufffd[2J\ufffd\ufffdx\ufffd", "       ^"]


def test_a_long_line_is_cut_around_its_column() -> None:
    long = "".join(f"{number:05}" for number in range(2000))
    assert drawn(long, 1) == [f"{long[:77]}…", "^"]
    assert drawn(long, 5001) == [f"…{long[5000 - 38 : 5000]}{long[5000 : 5000 + 38]}…", f"{' ' * 39}^"]
    assert drawn(long, 10001) == [f"…{long[-38:]}", f"{' ' * 39}^"]
    assert drawn("名" * 100, 51) == [f"…{'名' * 19}{'名' * 19}…", f"{' ' * 39}^"]
    assert drawn("x" * 78, 79) == [f"…{'x' * 38}", f"{' ' * 39}^"]
    assert drawn("x" * 78, 78) == ["x" * 78, f"{' ' * 77}^"]


def test_bytes_that_are_no_text_have_a_place_too() -> None:
    with pytest.raises(InvalidFile) as error:
        pipeline_file.decoded("\ufeffa: é\nb: ü".encode() + b"\xff", "wercker.yml")
    assert str(error.value) == "wercker.yml:2:5: this is not UTF-8: a byte 0xff stands here\nb: ü\ufffd\n    ^"
    with pytest.raises(InvalidFile) as error:
        pipeline_file.decoded(b"\xff" * (2**20 + 1), "wercker.yml")
    assert error.value.message == "wercker.yml:1:1: the file is larger than 1 MiB"
    assert pipeline_file.decoded("\ufeffa: é\r\n".encode(), "wercker.yml") == "a: é\r\n"
