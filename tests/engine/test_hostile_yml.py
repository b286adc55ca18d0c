"""A wercker.yml from anyone: whatever is in it, the reader ends soon, in little memory, and with a sentence."""

import json
import os
import random
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import WERCKER
from wercker_cli.engine import pipeline_file
from wercker_cli.engine.mistakes import WIDEST, InvalidFile, excerpt, width
from wercker_cli.engine.wercker_yml import check
from wercker_cli.output.text import clean

MIB = 2**20
MOST_SECONDS, MOST_KIB = 2.0, 200 * 1024
CORPUS = Path(__file__).parents[3] / "shared/corpus/wercker-yml"
MEASURED = Path(__file__).parents[1] / "hostile/measured"  # its own memory: what the kernel counts begins with ours
OWN = [
    "box: debian\nbuild:\n  steps:\n    - script:\n        name: compile\n        code: |\n          make\n",
    "a: &a {b: c}\nbuild: {<<: *a, steps: [x: {<<: [*a, *a], y: 22:22}, 'z \"file://z\"'], prod: [*a]}\n",
    "build: {steps: [x]}\nworkflows:\n  - {name: w, pipelines: [{name: build}, {name: b, requires: [build, b]}]}\n",
]


def filled(piece: str, head: str = "", tail: str = "") -> str:
    """The piece again and again, up to the largest file that is read."""
    return head + piece * ((MIB - len(head) - len(tail)) // len(piece)) + tail


def bomb(item: str, times: int) -> str:
    """Forty lines, of which each repeats the one before so often."""
    lines = (f"a{n}: &a{n} {item.format(', '.join([f'*a{n - 1}'] * times))}\n" for n in range(1, 40))
    return "a0: &a0 {k: v}\n" + "".join(lines)


MANY_KEYS = ",".join(f"k{n}: v" for n in range(40_000))
DEEP = "this is nested too deeply: 100 lists or mappings at most"
MANY = "the file has more than 100,000 values, counting what aliases repeat"
HOSTILE = {
    "brackets": ("[" * 100_000, DEEP),
    "closed brackets": ("[" * 100_000 + "]" * 100_000, DEEP),
    "mappings": ("{a: " * 100_000, DEEP),
    "dashes": ("- " * 100_000, DEEP),
    "questions": (filled("? "), DEEP),
    "stairs": ("".join(f"{' ' * n}a:\n" for n in range(1400)), DEEP),
    "items": (filled("a,", "[", "]"), MANY),
    "keys": (filled("a:\n"), MANY),
    "aliases": (bomb("[{}]", 9), MANY),
    "merges": (bomb("{{<<: [{}]}}", 50), MANY),
    "a large mapping merged before many": (f"x: {{<<: [{{{MANY_KEYS}}}, {', '.join(['{}'] * 40_000)}]}}\n", ""),
    "a large mapping merged often": (f"b: &b {{{MANY_KEYS}}}\nx:\n" + "- <<: *b\n" * 40_000, MANY),
    "a large step used often": (f"x: &x {{script: {{{MANY_KEYS}}}}}\nb: {{steps: [{'*x,' * 90_000}]}}", MANY),
    "anchors": ("".join(f"- &a{n} x\n" for n in range(80_000)), "a file is a mapping"),
    "tags": ("".join(f"%TAG !a{n}! tag:x\n" for n in range(40_000)) + "--- a", "there are more than 100 %TAG"),
    "an anchor in itself": ("a: &a [*a]", "*a stands inside of what it stands for"),
    "NUL": ("\0" * MIB, "this is not YAML: U+0000 cannot stand in a YAML file"),
    "very many mistakes": ("b:\n  steps:\n" + "  - {}\n" * 99_000, "a step is a name"),
    "steps that are nowhere": ("b:\n steps:\n" + "".join(f" - a{n}\n" for n in range(99_000)), "is nowhere"),
    "a long line of mistakes": (f"b: {{steps: [{'{a: [x]},' * 12_000}'{'x' * 900_000}']}}", "the step 'a' takes"),
    "a long circle": (
        "b: {steps: []}\nworkflows:\n- name: w\n  pipelines:\n"
        + "".join(f"  - {{name: p{n}, pipelineName: b, requires: [p{n + 1}]}}\n" for n in range(11_000))
        + "  - {name: p11000, pipelineName: b, requires: [p0]}\n",
        "workflow 'w' goes round in a circle: 'p0' requires 'p1' requires",
    ),
    "a comment": (filled("# x\n"), "the file is empty"),
    "one byte too many": ("a" * (MIB + 1), "the file is larger than 1 MiB"),
    "an endless text": (filled("x", "a: '"), "this is not YAML: found unexpected end of stream"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_the_command_ends_soon_and_in_little_memory(name: str, environ: dict[str, str], tmp_path: Path) -> None:
    text, said = HOSTILE[name]
    (tmp_path / "wercker.yml").write_text(text)
    command = [WERCKER, "pipelines", "check", "-o", "jsonl"]
    measured = {**environ, "PYTHONPATH": str(MEASURED), "PEAK_FILE": str(tmp_path / "peak")}
    with open(tmp_path / "out", "w+b") as out, open(tmp_path / "err", "w+b") as err:
        process = subprocess.Popen(command, cwd=tmp_path, env=measured, stdout=out, stderr=err)
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    lines = (tmp_path / "out").read_text().splitlines()
    severities = {json.loads(line)["severity"] for line in lines if said in line}
    assert (severities, process.returncode) in [({"error"}, 2), ({"warning"}, 0)], (tmp_path / "err").read_text()
    assert max(map(len, lines)) < 1000
    assert used.ru_utime + used.ru_stime < MOST_SECONDS
    assert int((tmp_path / "peak").read_text()) < MOST_KIB


def judge(text: str) -> None:
    """Fails where a text gets anything but a File, or mistakes that can be shown."""
    file, found = check(text, "f")
    lines = text.count("\n") + text.count("\r") + sum(map(text.count, "\x85\u2028\u2029")) + 2
    assert (file is None) == any(mistake.severity == "error" for mistake in found.mistakes)
    for mistake in found.mistakes:
        assert 1 <= mistake.line <= lines
        assert mistake.column >= 1
        assert clean(mistake.message, keep_lines=False) == mistake.message
        shown = excerpt(mistake).split("\n")
        assert len(shown) in {1, 2}
        assert all(clean(line) == line and width(line) <= WIDEST for line in shown)


PIECES = [
    *("a", "build", "steps", "script", "code", "name", "requires", "workflows", "pipelines", "box", "services"),
    *(
        ": ",
        ":",
        "- ",
        "-",
        "? ",
        "\n",
        "\n  ",
        "\n    ",
        "\n\t",
        " ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "'",
        '"',
        "|\n",
        ">-\n",
    ),
    *("&a ", "*a", "<<: ", "!!str ", "!!null ", "! ", "---\n", "...\n", "%TAG ", "#", "null", "yes", "0777", "~", "@"),
    *(
        "\r\n",
        "\r",
        "\ufeff",
        "\x85",
        "\u2028",
        "\0",
        "\x1b[2J",
        "\ud800",
        "\u202e",
        "é",
        "名",
        "\U0001f600",
        "e\u0301",
    ),
]


@settings(max_examples=500, derandomize=True, deadline=None, database=None)
@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join) | st.text(max_size=200))
def test_no_text_is_too_odd(text: str) -> None:
    judge(text)


@settings(max_examples=200, derandomize=True, deadline=None, database=None)
@given(st.binary(max_size=100))
def test_no_bytes_are_too_odd(raw: bytes) -> None:
    with suppress(InvalidFile):
        judge(pipeline_file.decoded(raw, "f"))


def mutated(text: str, chance: random.Random) -> str:
    """The text after one to five accidents."""
    for _ in range(chance.randint(1, 5)):
        start = chance.randint(0, len(text))
        end = min(len(text), start + chance.choice([0, 1, 2, 10, 100]))
        piece = chance.choice(
            ["", "", text[start:end] * 2, "\t", "  ", "\n", "-", ":", ": ", "[", "}", "'", "&a ", "*a", "\0"]
        )
        text = text[:start] + piece + text[end:]
    return text


def test_files_that_accidents_happened_to() -> None:
    found = [path.read_text(encoding="utf-8") for path in sorted(CORPUS.glob("*.yml"))]
    chance = random.Random(4)
    for text in [*OWN, *found]:
        for _ in range(25):
            judge(mutated(text, chance))
