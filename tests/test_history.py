"""The figures about runs, worked out by hand."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.output.test_hostile import OBJECTS
from wercker_cli import history
from wercker_cli.output import times
from wercker_cli.output.columns import Json


def run(number: int, seconds: float | None, result: str = "passed", pipeline: str = "build", **more: Any) -> Json:
    """A run of the minute `number` of that hour; without seconds it still goes on."""
    made: Json = {"id": f"r{number}", "pipeline": {"id": f"id-{pipeline}", "name": pipeline}, "commitHash": "c1"}
    made |= {"result": result, "status": "finished", "startedAt": f"2016-07-04T11:{number:02}:00.000Z"}
    if seconds is None:
        return {**made, "status": "running", "result": "unknown", "finishedAt": None, **more}
    start = times.parse(made["startedAt"]) or 0.0
    return {**made, "finishedAt": times.stamp(start + seconds), **more}


def step(name: str, seconds: float, result: str = "passed") -> Json:
    """A step."""
    end = times.stamp((times.parse("2016-07-04T11:00:00.000Z") or 0.0) + seconds)
    return {"displayName": name, "result": result, "startedAt": "2016-07-04T11:00:00.000Z", "finishedAt": end}


@pytest.mark.parametrize(
    ("values", "share", "found"),
    [
        ([7], 0.9, 7),
        ([1, 2], 0.5, 1.5),
        ([4, 1, 3, 2], 0.5, 2.5),
        ([50, 10, 30, 20, 40], 0.5, 30),
        ([50, 10, 30, 20, 40], 0.9, 46),  # position 3.6: 40 and six tenths of the way to 50
        ([1, 2, 3], 0, 1),
        ([1, 2, 3], 1, 3),
    ],
)
def test_a_quantile_is_interpolated_between_two_values(values: list[float], share: float, found: float) -> None:
    assert history.quantile(values, share) == pytest.approx(found)


def test_usual_is_the_median_of_enough_that_passed() -> None:
    runs = [run(1, 10), run(2, 500, "failed"), run(3, 30), run(4, None)]
    assert history.usual(runs) is None
    assert history.usual([*runs, run(5, 20)]) == 20
    assert history.usual([*runs, run(5, 20), run(6, 40)]) == 25


def test_a_report_counts_and_measures_each_pipeline_and_all() -> None:
    runs = [
        run(9, None),
        run(8, 10),
        run(7, 20),
        run(6, 90, "failed"),
        run(5, 30),
        run(4, 5, "aborted"),
        run(3, 100, pipeline="deploy"),
        run(2, 40, "passed", commitHash="c2"),
        run(1, 50, "passed", commitHash="c2"),
    ]
    report = history.report(history.past(runs))
    build, deploy = report.pop("pipelines")
    assert build.pop("history")[-3:] == [
        {"id": "r7", "startedAt": "2016-07-04T11:07:00.000Z", "result": "passed", "seconds": 20.0},
        {"id": "r8", "startedAt": "2016-07-04T11:08:00.000Z", "result": "passed", "seconds": 10.0},
        {"id": "r9", "startedAt": "2016-07-04T11:09:00.000Z", "result": "other", "seconds": None},
    ]
    counts = {"runs": 8, "passed": 5, "failed": 1, "aborted": 1, "other": 1}
    # 10 20 30 40 50 passed: 5 of the 6 that passed or failed
    assert build == {"id": "id-build", "name": "build", **counts, "successRate": 0.8333, "p50": 30.0, "p90": 46.0}
    assert deploy == {
        "id": "id-deploy",
        "name": "deploy",
        "runs": 1,
        "passed": 1,
        "failed": 0,
        "aborted": 0,
        "other": 0,
        "successRate": 1.0,
        "p50": 100.0,
        "p90": 100.0,
        "history": [{"id": "r3", "startedAt": "2016-07-04T11:03:00.000Z", "result": "passed", "seconds": 100.0}],
    }
    # 10 20 30 40 50 100 passed; the 90 % lie at position 4.5
    assert report == {
        "from": "2016-07-04T11:01:00.000Z",
        "until": "2016-07-04T11:09:00.000Z",
        "runs": 9,
        "passed": 6,
        "failed": 1,
        "aborted": 1,
        "other": 1,
        "successRate": 0.8571,
        "p50": 35.0,
        "p90": 75.0,
        "stepsOf": 0,
        "steps": [],
        "flaky": [{"pipeline": "build", "commit": "c1", "passed": ["r8", "r7", "r5"], "failed": ["r6"]}],
    }


def test_a_report_of_nothing_has_every_key() -> None:
    assert history.report([]) == {
        "from": None,
        "until": None,
        "runs": 0,
        "passed": 0,
        "failed": 0,
        "aborted": 0,
        "other": 0,
        "successRate": None,
        "p50": None,
        "p90": None,
        "pipelines": [],
        "flaky": [],
        "stepsOf": 0,
        "steps": [],
    }


def test_both_shapes_of_a_time_count() -> None:
    later = {"startedAt": "2016-07-04 13:00:00.5 +0200", "finishedAt": "2016-07-04T11:00:02Z"}
    assert history.past([run(1, 1, **later)])[0][-2:] == ("2016-07-04T11:00:00.500Z", 1.5)


def test_a_commit_is_flaky_in_one_pipeline_only() -> None:
    runs = [run(4, 1, "failed"), run(3, 1, pipeline="deploy"), run(2, 1, "aborted"), run(1, 1, commitHash="c2")]
    assert history.flaky(history.past(runs)) == []
    assert history.flaky(history.past([run(1, 1, "failed", commitHash=""), run(2, 1, commitHash="")])) == []


def test_steps_are_compared_by_pipeline_and_name() -> None:
    first, second = history.past([run(2, 9), run(1, 9, pipeline="deploy")])
    steps = [step("test", 10), step("lint", 1), step("test", 20), step("test", 99, "failed")]
    assert history.slowest_steps([(first, steps), (second, [step("test", 12)])]) == [
        {"pipeline": "build", "step": "test", "runs": 2, "p50": 15.0, "p90": 19.0},
        {"pipeline": "deploy", "step": "test", "runs": 1, "p50": 12.0, "p90": 12.0},
        {"pipeline": "build", "step": "lint", "runs": 1, "p50": 1.0, "p90": 1.0},
    ]


def test_steps_are_read_of_twenty_runs_that_passed_or_failed() -> None:
    runs = [run(59, 1, "aborted"), run(58, None), run(57, 1, id=""), *(run(number, 1) for number in range(30))]
    assert [past.id for past in history.with_steps(history.past(runs))] == [f"r{number}" for number in range(20)]


def test_slow_is_half_as_long_again_and_three_seconds_more(monkeypatch: pytest.MonkeyPatch) -> None:
    now = times.parse("2016-07-04T11:30:00.000Z")
    monkeypatch.setattr(times, "now", lambda: now)
    others = [run(number, 10) for number in (1, 2, 3)]
    assert history.slow([*others, run(4, 15.1), run(5, 15, "failed")]) == {"r4"}
    assert history.slow([*others, run(4, 60, "failed"), run(29, None), run(20, None)]) == {"r4", "r29", "r20"}
    short = [run(number, 1) for number in (1, 2, 3)]
    assert history.slow([*short, run(4, 3.9), run(5, 4.0, "aborted")]) == {"r5"}


def test_nothing_is_slow_without_three_others_of_its_pipeline_that_passed() -> None:
    assert history.slow([run(1, 10), run(2, 10), run(3, 99)]) == set()
    assert history.slow([run(1, 10), run(2, 10), run(4, 10, "failed"), run(3, 99, "failed")]) == set()
    assert history.slow([run(1, 10), run(2, 10), run(4, 10), run(3, 99, pipeline="deploy")]) == set()
    assert history.slow([run(1, 10), run(2, 10), run(4, 10), run(3, 99, id=None)]) == set()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(runs=st.lists(OBJECTS, max_size=6), steps=st.lists(OBJECTS, max_size=4))
def test_whatever_a_server_sends_is_counted(runs: list[Json], steps: list[Json]) -> None:
    past = history.past(runs)
    report = history.report(past)
    assert report["runs"] == sum(report[key] for key in (*history.RESULTS, "other")) == len(runs)
    assert sum(pipeline["runs"] for pipeline in report["pipelines"]) == len(runs)
    assert len(history.slowest_steps((each, steps) for each in past)) <= len(steps) * max(len(runs), 1)
    assert history.slow(runs) <= {each.id for each in past}
