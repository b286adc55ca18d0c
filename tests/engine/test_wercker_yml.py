"""The reader of wercker.yml."""

import re
from pathlib import Path

from wercker_cli.engine.wercker_yml import Box, Step, check, read

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


def test_merges_come_from_lists_and_from_merged_mappings_and_the_own_key_wins() -> None:
    (step,) = steps(
        """
one: &one {a: "1", b: "1"}
two: &two {<<: *one, b: "2", c: "2"}
three: &three {c: "3", d: "3"}
build:
  steps:
    - x: {<<: [*two, *three], d: own}
"""
    )
    assert step.properties == {"a": "1", "b": "2", "c": "2", "d": "own"}


def test_an_alias_stands_for_steps_a_pipeline_or_a_text() -> None:
    file = read(
        """
code: &code make all
build: &pipeline
  steps: &steps
    - &step script: {name: compile, code: *code}
    - script:
        <<: {name: default, cwd: src}
        code: |
          make test
again: *pipeline
other:
  steps: *steps
""",
        "wercker.yml",
    )
    assert file.pipelines["again"].steps == file.pipelines["other"].steps == file.pipelines["build"].steps
    first, second = file.pipelines["build"].steps
    assert (first.display, first.properties, first.line) == ("compile", {"code": "make all"}, 5)
    assert (second.display, second.cwd, second.properties) == ("default", "src", {"code": "make test\n"})


def test_quoted_texts_and_tagged_ones_are_no_booleans_and_no_nulls() -> None:
    (step,) = steps("build: {steps: [x: {a: 'yes', b: \"null\", c: !!str no, d: !!bool 'no', e: ! ~, f: y, g: NULL}]}")
    assert step.properties == {"a": "yes", "b": "null", "c": "no", "d": "false", "e": "~", "f": "y", "g": ""}


def test_a_mark_at_the_beginning_windows_lines_and_further_documents_change_nothing() -> None:
    text = "\ufeff---\r\nbuild:\r\n  steps:\r\n    - script:\r\n        code: |\r\n          make\r\n          test\r\n"
    (step,) = steps(text + "---\r\nother: [1]\r\n")
    assert (step.properties, step.line, step.column) == ({"code": "make\ntest\n"}, 4, 7)


def test_boxes_and_services_with_and_without_a_tag() -> None:
    file = read(
        """
box: {id: registry.example.com/image, tag: 3.10, username: $NAME}
services: [postgres:9.4, id: "file://services/queue"]
build:
  box: debian
  services:
  steps: []
""",
        "wercker.yml",
    )
    assert file.box == Box("registry.example.com/image", "3.10", 2, 6)
    assert file.services == (Box("postgres:9.4", "", 3, 12), Box("file://services/queue", "", 3, 26))
    assert file.pipelines["build"].box == Box("debian", "", 5, 8)
    assert file.pipelines["build"].services == ()


def test_the_settings_of_a_file() -> None:
    file = read(
        "source-dir: src/app\nignore-file: .dockerignore\ncommand-timeout: 60\nno-response-timeout: -1\n", "wercker.yml"
    )
    assert (file.source_dir, file.ignore_file) == ("src/app", ".dockerignore")
    assert (file.command_timeout, file.no_response_timeout) == (60, 0)


def test_a_mapping_without_steps_only_holds_anchors_and_stray_keys_are_ignored() -> None:
    file = read("hold: {on: &a {}}\nbuild: {steps: []}\nlist: [a]\ntext: x\n", "wercker.yml")
    assert (list(file.pipelines), file.empty) == (["build"], frozenset())


EXPECTED = CORPUS / "README.md"
if EXPECTED.is_file():  # outside of the project's own workshop there is none

    def test_the_corpus_reads_as_its_readme_says() -> None:
        rows = re.findall(r"^\| \[.*?\]\((.*?\.yml)\).*\| ([^|]*) \|$", EXPECTED.read_text(), re.MULTILINE)
        assert {name for name, _ in rows} == {path.name for path in CORPUS.glob("*.yml")}
        wrong = {}
        for name, wanted in rows:
            found = summary(name)
            if sorted(re.split("[,;] ", found)) != sorted(re.split("[,;] ", wanted.replace("target ", ""))):
                wrong[name] = (found, wanted)
        assert wrong == {}


def summary(name: str) -> str:
    """A file of the corpus in the words of its README, less the word "target"."""
    file, found = check((CORPUS / name).read_text(encoding="utf-8"), name)
    if file is None:
        assert all(mistake.line > 1 and mistake.text for mistake in found.mistakes)
        return "an error"
    parts = []
    for pipeline in file.pipelines.values():
        after = f"+{len(pipeline.after_steps)}" if pipeline.after_steps else ""
        parts.append(f"{pipeline.name} {len(pipeline.steps)}{after}")
        parts += [f"{target} {len(steps)}" for target, steps in pipeline.targets.items()]
    parts += [f"({pipeline}: null)" for pipeline in file.empty]
    return ", ".join(parts) or "no pipeline"
