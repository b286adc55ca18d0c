"""The workflows of a wercker.yml, and what is checked of them before anything runs."""

import pytest

from wercker_cli.engine.wercker_yml import check
from wercker_cli.engine.workflows import Node, Workflow

PIPELINES = "build: {steps: [x]}\ntest: {steps: [x]}\ndeploy: {steps: [x]}\nempty:\nworkflows:\n"


def read(text: str) -> tuple[Workflow, ...]:
    """The workflows of a file with some pipelines."""
    file, found = check(PIPELINES + text, "wercker.yml")
    assert file, found.mistakes
    return file.workflows


def said(text: str) -> list[str]:
    """What is wrong with workflows, less the place's file; the first line of the text is line 6."""
    _, found = check(PIPELINES + text, "wercker.yml")
    return [
        str(mistake).removeprefix("wercker.yml:") for mistake in found.mistakes if "'empty' has" not in mistake.message
    ]


def test_nodes_are_read_with_all_that_they_can_have() -> None:
    assert read(
        """
  - name: all
    pipelines:
      - name: build
      - name: unit
        pipelineName: test
        requires: [build]
        envFile: ci/unit.env
      - name: ship
        pipelineName: deploy
        requires:
          - build
          - unit
          - build
        artifactPipeline: build
  - name: short
    pipelines: [{name: deploy}]
"""
    ) == (
        Workflow(
            "all",
            (
                Node("build", "build", (), "", ""),
                Node("unit", "test", ("build",), "", "ci/unit.env"),
                Node("ship", "deploy", ("build", "unit"), "build", ""),
            ),
        ),
        Workflow("short", (Node("deploy", "deploy", (), "", ""),)),
    )
    assert read("") == ()


@pytest.mark.parametrize(
    ("text", "mistakes"),
    [
        ("  a: b", ["6:3: workflows are a list: each has a 'name' and 'pipelines'"]),
        ("  - a", ["6:5: a mapping belongs here, with a 'name'", "6:5: a workflow needs 'pipelines', a list of them"]),
        (
            "  - {name: w, pipelines: [], stages: x}",
            [
                "6:26: a workflow needs 'pipelines', a list of them",
                "6:30: 'stages' means nothing here: the keys are name, pipelines",
            ],
        ),
        ("  - pipelines: [{name: build}]", ["6:5: a 'name' is missing here"]),
        (
            "  - {name: w, pipelines: [{name: build}]}\n  - {name: w, pipelines: [{name: test}]}",
            ["7:12: there are two workflows 'w'"],
        ),
        (
            "  - {name: w, pipelines: [{name: [a]}, x]}",
            [
                "6:34: 'name' is a text, not a list or a mapping",
                "6:34: a 'name' is missing here",
                "6:40: a mapping belongs here, with a 'name'",
            ],
        ),
        (
            "  - {name: w, pipelines: [{name: nope}]}",
            ["6:34: there is no pipeline 'nope' in this file; its pipelines: 'build', 'test', 'deploy', 'empty'"],
        ),
        (
            "  - {name: w, pipelines: [{name: build}, {name: build, requires: [build]}]}",
            [
                "6:49: workflow 'w' has two 'build': a 'name' is unique, and 'pipelineName' says which pipeline runs",
            ],
        ),
        (
            "  - {name: w, pipelines: [{name: build}, {name: test, requires: [biuld, [x]]}]}",
            [
                "6:66: 'test' requires 'biuld', which workflow 'w' does not have; it has 'build', 'test'",
                "6:73: a text belongs here, not a list or a mapping",
            ],
        ),
        (
            "  - {name: w, pipelines: [{name: build}, {name: test, requires: build}]}",
            [
                "6:49: workflow 'w' begins with one pipeline: 'test' requires nothing, and neither does 'build'",
                "6:65: 'requires' is a list of names: each begins with a '-'",
            ],
        ),
        (
            "  - {name: w, pipelines: [{name: build}, {name: test}, {name: deploy}]}",
            [
                "6:49: workflow 'w' begins with one pipeline: 'test' requires nothing, and neither does 'build'",
                "6:63: workflow 'w' begins with one pipeline: 'deploy' requires nothing, and neither does 'build'",
            ],
        ),
        (
            "  - {name: w, pipelines: [{name: build, requires: [build]}]}",
            ["6:34: workflow 'w' goes round in a circle: 'build' requires 'build'"],
        ),
        (
            "  - {name: w, pipelines: [{name: build}, {name: test, requires: [deploy, build]}, "
            "{name: deploy, requires: [test]}]}",
            ["6:49: workflow 'w' goes round in a circle: 'test' requires 'deploy' requires 'test'"],
        ),
        (
            "  - {name: w, pipelines: [{name: build, requires: [test]}]}",
            [
                "6:26: workflow 'w' has no pipeline to begin with: each requires another",
                "6:52: 'build' requires 'test', which workflow 'w' does not have; it has 'build'",
            ],
        ),
        (
            "  - {name: w, pipelines: [{name: build}, {name: test, requires: [build], artifactPipeline: deploy}]}",
            ["6:92: 'artifactPipeline' is one of those that 'test' requires: 'build'"],
        ),
        (
            "  - {name: w, pipelines: [{name: build, pipeline: test}]}",
            [
                "6:41: 'pipeline' means nothing here: the keys are name, pipelineName, requires, artifactPipeline, "
                "envFile"
            ],
        ),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, mistakes: list[str]) -> None:
    assert said(text) == mistakes


def test_a_circle_of_a_thousand_is_found_and_told_in_short() -> None:
    nodes = [f"{{name: p{n}, pipelineName: build, requires: [p{(n + 1) % 1000}]}}" for n in range(1000)]
    (mistake,) = said(f"  - name: w\n    pipelines: [{', '.join(nodes)}]")
    assert mistake.count("requires") == 9
    assert mistake.endswith("…")
