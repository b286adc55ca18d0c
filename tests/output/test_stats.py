"""The page of figures, as a person sees it, and the mark of slow runs in a list."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.output.screens import SGR, Tty, on_terminal, screen, shown
from tests.output.test_hostile import OBJECTS, assert_harmless
from tests.test_history import run, step
from wercker_cli import history
from wercker_cli.output.columns import FORMATS, Json
from wercker_cli.output.runs import compared
from wercker_cli.output.stats import STATS

SECONDS = (60, 62, 58, 31, 64, 61, 125, 60, 59, 63, 20, 61)
ENDS = {3: "failed", 6: "passed", 10: "aborted"}


def reported(runs: list[Json], steps: list[Json] | None = None) -> Json:
    """What the command makes of runs, newest first, of which each has those steps."""
    past = history.past(runs)
    read = [(each, steps or []) for each in history.with_steps(past)]
    return {**history.report(past), "stepsOf": len(read), "steps": history.slowest_steps(read)}


BUILDS = [run(20 + at, seconds, ENDS.get(at, "passed")) for at, seconds in enumerate(SECONDS)]
DEPLOYS = [
    run(10 + at, seconds, result, "deploy to the \x1b[31mred\nhouse", commitHash=f"c{at}")
    for at, (seconds, result) in enumerate([(8, "failed"), (9.5, "failed"), (12, "failed")])
]
RUNS = [run(45, None), *reversed(BUILDS), *reversed(DEPLOYS)]
STEPS = [step("get code", 1), step("npm install", 24.5), step("test", 33), step("\x1b]0;title\x07lint", 3)]
REPORT = reported(RUNS, STEPS)


def page(report: Json, columns: int) -> list[str]:
    """The lines that a terminal shows, without the blanks at their ends."""
    return screen(on_terminal(report, STATS, columns), columns, 60)


def test_the_page_on_eighty_columns() -> None:
    assert page(REPORT, 80) == [
        "16 runs · 50 min ago to 15 min ago",
        "",
        "PIPELINE   RUNS  PASSED  FAILED  ABORTED  OTHER  SUCCESS         P50         P90",
        "build        13      10       1        1      1      91%  1 min 01 s  1 min 10 s",
        "deploy t…     3       0       3        0      0       0%           -           -",
        "all          16      10       4        1      1      71%  1 min 01 s  1 min 10 s",
        "",
        "OVER TIME  how long each run took, newest last; ✗ failed, ⊘ aborted, ? other",
        "build                 ▄▄▄▂▅▄█▄▄▅▂▄   max 2 min 05 s",
        "                         ✗      ⊘ ?",
        "deploy to the red h…  ▆▇█  max 12 s",
        "                      ✗✗✗",
        "",
        "SLOWEST STEPS  that passed, in the newest 14 runs",
        "STEP         PIPELINE                 RUNS    P50    P90",
        "test         build                      11   33 s   33 s  ██████████████████████",
        "test         deploy to the red house     3   33 s   33 s  ██████████████████████",
        "npm install  build                      11   24 s   24 s  ████████████████▍",
        "npm install  deploy to the red house     3   24 s   24 s  ████████████████▍",
        "lint         build                      11  3.0 s  3.0 s  ██",
        "lint         deploy to the red house     3  3.0 s  3.0 s  ██",
        "get code     build                      11  1.0 s  1.0 s  ▋",
        "get code     deploy to the red house     3  1.0 s  1.0 s  ▋",
        "",
        "FLAKY  commits that both passed and failed",
        "PIPELINE  COMMIT  RESULT    RUNS  NEWEST",
        "build     c1      ✓ passed    10  r31",
        "build     c1      ✗ failed     1  r23",
    ]


def test_on_forty_columns_each_step_still_has_its_pipeline() -> None:
    lines = page(REPORT, 40)
    start = lines.index("STEP         PIPELINE         P50    P90")
    assert lines[start + 1 : start + 3] == [
        "test         build           33 s   33 s",
        "test         deploy to th…   33 s   33 s",
    ]


def test_the_page_of_one_pipeline_on_sixty_columns() -> None:
    assert page(reported(BUILDS[3::-1], STEPS[:2]), 60) == [
        "4 runs · 40 min ago to 37 min ago",
        "",
        "PIPELINE  RUNS  FAILED  SUCCESS         P50         P90",
        "build        4       1      75%  1 min 00 s  1 min 02 s",
        "",
        "OVER TIME  how long each run took, newest last; ✗ failed, ⊘",
        "aborted, ? other",
        "build  ███▅  max 1 min 02 s",
        "          ✗",
        "",
        "SLOWEST STEPS  that passed, in the newest 4 runs",
        "STEP         PIPELINE  RUNS    P50    P90",
        "npm install  build        4   24 s   24 s  █████████████████",
        "get code     build        4  1.0 s  1.0 s  ▊",
        "",
        "FLAKY  commits that both passed and failed",
        "PIPELINE  COMMIT  RESULT    RUNS  NEWEST",
        "build     c1      ✓ passed     3  r22",
        "build     c1      ✗ failed     1  r23",
    ]


def test_one_run_is_not_flaky_and_has_no_steps_to_compare() -> None:
    assert page(reported([run(0, 7)]), 120) == [
        "1 run · 1 h ago",
        "",
        "PIPELINE  RUNS  PASSED  FAILED  ABORTED  OTHER  SUCCESS    P50    P90",
        "build        1       1       0        0      0     100%  7.0 s  7.0 s",
        "",
        "OVER TIME  how long each run took, newest last; ✗ failed, ⊘ aborted, ? other",
        "build  █  max 7.0 s",
    ]


def test_nothing_is_a_sentence() -> None:
    assert page(reported([]), 80) == ["no runs found"]


class Ascii(Tty):
    """A terminal whose encoding lacks our characters."""

    encoding = "ascii"


def test_the_page_without_our_characters() -> None:
    stream = Ascii()
    lines = shown(REPORT, STATS, stream=stream, environ={"TERM": "dumb", "COLUMNS": "80"}).splitlines()
    assert lines[0] == "16 runs - 50 min ago to 15 min ago"
    assert lines[7:12] == [
        "OVER TIME  how long each run took, newest last; x failed, - aborted, ? other",
        "build                 ---.=-#--=.-   max 2 min 05 s",
        "                         x      - ?",
        "deploy to the red h~  +*#  max 12 s",
        "                      xxx",
    ]
    assert "\n".join(lines).isascii()


def test_colours_say_how_a_run_ended() -> None:
    coloured = on_terminal(REPORT, STATS, NO_COLOR="")
    assert SGR.sub("", coloured) == on_terminal(REPORT, STATS)
    for part in ("\x1b[32m▄\x1b[0m", "\x1b[31m▂\x1b[0m", "\x1b[31m✗\x1b[0m", "\x1b[33m⊘\x1b[0m", "\x1b[33m91%\x1b[0m"):
        assert part in coloured


@pytest.mark.parametrize("columns", [55, 60, 80, 100, 120, 200])
def test_no_line_is_wider_than_the_terminal(columns: int) -> None:
    runs = [run(at % 60, 8.0 + at, pipeline=f"number {at % 9} 日本語 " + "x" * 70, id="f" * 24) for at in range(900)]
    lines = on_terminal(reported([*runs, *RUNS], STEPS), STATS, columns).splitlines()
    assert max(map(cell_len, lines)) <= columns
    assert "… 5 more pipelines: -o json has all" in lines
    assert "… 26 more steps: -o json has all" in lines


def test_a_chart_shows_the_newest_runs_that_have_room() -> None:
    runs = [run(0, 100), *(run(0, 1) for _ in range(100)), run(0, 100)]
    lines = page(reported(runs), 80)
    assert "build  " + "▁" * 55 + "█  max 1 min 40 s" in lines


def test_a_pipe_gets_a_row_a_pipeline() -> None:
    assert shown(REPORT["pipelines"], STATS) == (
        "build\t13\t10\t1\t1\t1\t0.9091\t61.000\t70.100\tid-build\n"
        "deploy to the red house\t3\t0\t3\t0\t0\t0.0\t\t\tid-deploy to the red house\n"
    )
    assert shown(REPORT["pipelines"][:1], STATS, "csv") == (
        "pipeline,runs,passed,failed,aborted,other,success,p50,p90,id\r\n"
        "build,13,10,1,1,1,0.9091,61.000,70.100,id-build\r\n"
    )
    assert shown(REPORT["pipelines"][:1], STATS, "id") == "id-build\n"


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(runs=st.lists(OBJECTS, max_size=5), steps=st.lists(OBJECTS, max_size=3), width=st.integers(1, 150))
def test_no_terminal_obeys_a_report(runs: list[Json], steps: list[Json], width: int) -> None:
    report = reported(runs, steps)
    for name in FORMATS:
        for data in (report, report["pipelines"]):
            assert_harmless(shown(data, STATS, name, stream=Tty(), environ={"TERM": "xterm", "COLUMNS": str(width)}))
    listed = compared(history.slow(runs))
    assert_harmless(shown(runs, listed, stream=Tty(), environ={"TERM": "xterm", "COLUMNS": str(width)}))


def test_a_list_marks_what_is_slower_than_usual() -> None:
    runs = [{**each, "message": "fix it", "branch": "main"} for each in (run(55, None), *BUILDS[5:8])]
    lines = screen(on_terminal(runs, compared(history.slow(runs)), 100), 100)
    assert lines == [
        "ID   RESULT       PIPELINE  BRANCH  COMMIT  STARTED           TIME  MESSAGE",
        "r55  ● running ▲  build     main    c1      5 min ago   5 min 00 s  fix it",
        "r25  ✓ passed     build     main    c1      35 min ago  1 min 01 s  fix it",
        "r26  ✓ passed     build     main    c1      34 min ago  2 min 05 s  fix it",
        "r27  ✓ passed     build     main    c1      33 min ago  1 min 00 s  fix it",
        "▲ slower than is usual for its pipeline",
    ]
    assert screen(on_terminal(runs[1:], compared(history.slow(runs[1:]))), 80)[-1].endswith("fix it")


def test_a_slow_run_keeps_the_colour_of_its_result() -> None:
    coloured = on_terminal([run(1, 90, "failed")], compared({"r1"}), 100, NO_COLOR="")
    assert "\x1b[31m✗ failed ▲\x1b[0m" in coloured
    assert "\x1b[33m1 min 30 s\x1b[0m" in coloured
