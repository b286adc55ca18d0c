"""The reader of wercker.yml."""

import re
from pathlib import Path

import pytest

from wercker_cli.engine.wercker_yml import File, InvalidFile, Step, read

CORPUS = Path(__file__).parents[3] / "shared/corpus/wercker-yml"


def steps(text: str) -> tuple[Step, ...]:
    return read(text, "wercker.yml").pipelines["build"].steps


def test_every_spelling_of_a_script_step() -> None:
    one, two, three, four = steps(
        """
build:
  steps:
    - script:
        name: compile
        cwd: src
        code: |
          make
    - script:
      name: test
      code: make test
    - script: {}
    - script: {code: "true", retries: 0777}
"""
    )
    assert (one.name, one.display, one.cwd, one.properties) == ("script", "compile", "src", {"code": "make\n"})
    assert (two.display, two.properties) == ("test", {"code": "make test"})
    assert (three.display, three.properties) == ("script", {})
    assert four.properties == {"code": "true", "retries": "0777"}


def test_names_owners_versions_and_folders() -> None:
    bare, owned, folder = steps(
        """
build:
  steps:
    - npm-install
    - owner/name@1.2.3: {key: value}
    - 'notify "file://steps/notify"': {text: $MESSAGE}
"""
    )
    assert (bare.owner, bare.name, bare.display) == ("wercker", "npm-install", "npm-install")
    assert (owned.owner, owned.name, owned.properties) == ("owner", "name", {"key": "value"})
    assert (folder.name, folder.source, folder.properties) == ("notify", "file://steps/notify", {"text": "$MESSAGE"})


def test_scalars_stay_as_they_were_written() -> None:
    (step,) = steps(
        "build: {steps: [x: {a: 22:22, b: 0777, c: 3.10, d: 1e5, e: 2015-01-01, f: yes, g: False, h: null, i: ~}]}"
    )
    assert step.properties == {
        "a": "22:22",
        "b": "0777",
        "c": "3.10",
        "d": "1e5",
        "e": "2015-01-01",
        "f": "true",
        "g": "false",
        "h": "",
        "i": "",
    }


def test_anchors_merges_and_keys_given_twice() -> None:
    file = read(
        """
defaults:
  env: &env {a: "1", b: "1"}
build:
  steps: [old]
build:
  steps:
    - x: {<<: *env, b: "2"}
""",
        "wercker.yml",
    )
    assert list(file.pipelines) == ["build"]
    assert file.twice == {"build": 6}
    assert file.pipelines["build"].steps[0].properties == {"a": "1", "b": "2"}


def test_targets_after_steps_and_what_means_nothing_here() -> None:
    file = read(
        """
box: debian
source-dir: src
deploy:
  box: alpine
  steps: [a]
  staging: [b, c]
  after-steps: [d]
empty:
""",
        "wercker.yml",
    )
    pipeline = file.pipelines["deploy"]
    assert [step.name for step in pipeline.steps] == ["a"]
    assert [step.name for step in pipeline.targets["staging"]] == ["b", "c"]
    assert [step.name for step in pipeline.after_steps] == ["d"]
    assert (list(file.unused), list(pipeline.unused)) == (["box"], ["box"])
    assert (file.source_dir, set(file.empty)) == ("src", {"empty"})


def test_merges_of_merges_and_of_itself_take_no_time() -> None:
    merges = (f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 50)}]}}\n" for n in range(1, 40))
    assert read("a0: &a0 {k: v}\n" + "".join(merges), "wercker.yml").pipelines == {}
    assert list(read("a: &a {<<: *a, steps: []}", "wercker.yml").pipelines) == ["a"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "wercker.yml: the file is empty"),
        ("- a", "wercker.yml:1:1: a file is a mapping of names to pipelines"),
        (
            "build:\n  steps:\n    - script:\n",
            "wercker.yml:3:7: the step 'script' has no properties: it needs at least",
        ),
        ("build:\n  steps:\n    - script: make\n", "wercker.yml:3:15: the step 'script' takes properties"),
        ("build:\n  steps: make\n", "wercker.yml:2:10: steps are a list"),
        ("build:\n  steps: []\n  stepz: 1\n", "wercker.yml:3:10: 'stepz' in pipeline 'build' is neither a list"),
        ("build:\n\tsteps: []\n", "wercker.yml:2:1: this is not YAML: found character that cannot start any token"),
        ("build: {steps: [x: {a: [1]}]}", "wercker.yml:1:24: a text belongs here, not a list or a mapping"),
        ("x" * (2**20 + 1), "wercker.yml: the file is larger than 1 MiB"),
    ],
)
def test_a_mistake_names_its_place(text: str, message: str) -> None:
    with pytest.raises(InvalidFile, match="^" + re.escape(message)):
        read(text, "wercker.yml")


def expected() -> list[tuple[str, str]]:
    """The corpus files with what its README says of each; nothing where the corpus is not at hand."""
    if not CORPUS.is_dir():
        return []
    rows = re.findall(r"^\| \[.*?\]\((.*?\.yml)\).*\| ([^|]*) \|$", (CORPUS / "README.md").read_text(), re.MULTILINE)
    assert len(rows) == 41
    return rows


def summary(file: File) -> str:
    """A file in the words of the corpus's README."""
    parts = []
    for name, pipeline in sorted(file.pipelines.items()):
        after = f"+{len(pipeline.after_steps)}" if pipeline.after_steps else ""
        targets = ", ".join(f"{target} {len(steps)}" for target, steps in pipeline.targets.items())
        parts.append(f"{name} {len(pipeline.steps)}{after}{f'; target {targets}' if targets else ''}")
    parts += [f"({name}: null)" for name in sorted(file.empty)]
    return ", ".join(parts) or "no pipeline"


def test_the_corpus_reads_as_its_readme_says() -> None:
    wrong = {}
    for name, wanted in expected():
        try:
            found = summary(read((CORPUS / name).read_text(encoding="utf-8"), name))
        except InvalidFile as error:
            found = "an error" if re.match(rf"{re.escape(name)}:\d+:\d+: ", error.message) else error.message
        if sorted(re.split("[,;] ", found.replace("target ", ""))) != sorted(
            re.split("[,;] ", wanted.replace("target ", ""))
        ):
            wrong[name] = (found, wanted)
    assert wrong == {}
