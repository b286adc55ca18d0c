"""Every format, whole; into a pipe unless it says otherwise."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.output.screens import RUN, Tty, shown
from wercker_cli.errors import Usage, WerckerError
from wercker_cli.output.columns import Format, Json
from wercker_cli.output.pipelines import PIPELINES
from wercker_cli.output.runs import RUN as PAGE
from wercker_cli.output.runs import RUN_WITH_ENV, RUNS
from wercker_cli.output.settings import SETTINGS
from wercker_cli.output.show import check, show
from wercker_cli.output.steps import STEPS

WAITING: Json = {"id": "577a4dbc3ec144923a02b6fa", "status": "notstarted", "result": "unknown", "branch": "a|b<c>&\\"}
ROW = (
    "577a4dbc3ec144923a02b6f9\taborted\tmaster\tcd74a9994712960f19b4b563491f860f98fa7bb5\t2016-07-04T11:51:25.996Z"
    "\tMy custom message!\tfinished\tinitial-build\ttonnu\t2016-07-04T11:51:34.284Z\n"
)
STEP: Json = {
    "id": "577a4dbc3ec144923a02b6fb",
    "finishedAt": "2016-07-04T11:51:26.562Z",
    "order": 1,
    "result": "failed",
    "startedAt": "2016-07-04T11:51:26.035Z",
    "status": "finished",
    "step": "get code",
    "message": "it\nbroke",
}


def test_a_pipe_gets_whole_rows_without_a_header() -> None:
    assert shown([RUN, WAITING], RUNS) == ROW + (
        "577a4dbc3ec144923a02b6fa\tunknown\ta|b<c>&\\\t\t\t\tnotstarted\t\t\t\n"
    )
    assert shown([RUN], RUNS, "tsv", stream=Tty()) == ROW


def test_a_run_in_a_pipe_is_a_row_a_field() -> None:
    assert shown(RUN, PAGE) == (
        "result\taborted\nstatus\tfinished\npipeline\tinitial-build\nbranch\tmaster\n"
        "commit\tcd74a9994712960f19b4b563491f860f98fa7bb5\nauthor\ttonnu\nmessage\tMy custom message! Why it is.\n"
        "created\t2016-07-04T11:51:24.851Z\nstarted\t2016-07-04T11:51:25.996Z\nfinished\t2016-07-04T11:51:34.284Z\n"
        "duration\t8.287\nenv\tSTAGE, TOKEN\nsource-run\t577a48b83828f9673b03e4a9\napplication\twercker/docs\n"
        "id\t577a4dbc3ec144923a02b6f9\nurl\thttps://app.wercker.com/api/v3/runs/577a4dbc3ec144923a02b6f9\n"
    )
    assert "env\tSTAGE=test TOKEN=a b\n" in shown(RUN, RUN_WITH_ENV)
    assert shown({}, PAGE) == ""


def test_csv_is_rfc_4180() -> None:
    assert shown([WAITING], RUNS, "csv") == (
        "id,result,branch,commit,started,message,status,pipeline,author,finished\r\n"
        "577a4dbc3ec144923a02b6fa,unknown,a|b<c>&\\,,,,notstarted,,,\r\n"
    )
    assert 'message,"My custom\tmessage!\n\nWhy it is."\r\n' in shown(RUN, PAGE, "csv")


@pytest.mark.parametrize(
    ("sent", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1+1", "'-1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        (" =1", "' =1"),
        ("\t\r =1", '"\'\t\n =1"'),
        ("\x00=1", "'=1"),
        ("\u202e=1", "'=1"),
        ("\tx", "'\tx"),
        ("\u3000\uff1d1", "'\u3000\uff1d1"),
        ("\uff0b1", "'\uff0b1"),
        ("\uff0d1", "'\uff0d1"),
        ("\uff20x", "'\uff20x"),
        ('=HYPERLINK("http://x","y")', '"\'=HYPERLINK(""http://x"",""y"")"'),
        ("-", "'-"),
        ("-5\n=1", '"\'-5\n=1"'),
        ("-5", "-5"),
        ("-0.25", "-0.25"),
        ("-1e-07", "-1e-07"),
        (-5, "-5"),
        (-2.5e-7, "-2.5e-07"),
        ("a=b", "a=b"),
        ("'=1", "'=1"),
    ],
)
def test_csv_is_safe_in_a_spreadsheet(sent: object, written: str) -> None:
    assert shown([{"name": sent}], SETTINGS, "csv") == f"name,value,origin\r\n{written},,\r\n"


def test_what_a_spreadsheet_would_calculate_is_whole_for_scripts() -> None:
    assert shown([{"name": "=1+1"}], SETTINGS, "tsv") == "=1+1\t\t\n"
    assert shown([{"name": "=1+1"}], SETTINGS, "jsonl") == '{"name":"=1+1"}\n'
    assert "message,'=1+1\r\n" in shown({"message": "=1+1"}, PAGE, "csv")


def test_ids_alone() -> None:
    assert shown([RUN, WAITING], RUNS, "id") == "577a4dbc3ec144923a02b6f9\n577a4dbc3ec144923a02b6fa\n"
    assert shown(RUN, PAGE, "id", stream=Tty()) == "577a4dbc3ec144923a02b6f9\n"
    assert shown([{"name": "server"}], SETTINGS, "id") == "server\n"


def test_steps_in_a_pipe_have_seconds() -> None:
    plain = {"id": "577a4dbc3ec144923a02b6fc", "order": 2, "displayName": "compile", "status": "running"}
    assert shown([STEP, plain], STEPS) == (
        "1\tget code\tfailed\tfinished\t2016-07-04T11:51:26.035Z\t2016-07-04T11:51:26.562Z\t0.527"
        "\t577a4dbc3ec144923a02b6fb\tit broke\n2\tcompile\t\trunning\t\t\t\t577a4dbc3ec144923a02b6fc\t\n"
    )


def test_a_table_in_a_pipe_is_whole_and_without_colour() -> None:
    assert shown([RUN | {"message": "x" * 300}, WAITING], RUNS, "table") == (
        "ID                        RESULT     PIPELINE       BRANCH    COMMIT                                  "
        "  STARTED                   MESSAGE\n"
        "577a4dbc3ec144923a02b6f9  ⊘ aborted  initial-build  master    cd74a9994712960f19b4b563491f860f98fa7bb5"
        f"  2016-07-04T11:51:25.996Z  {'x' * 300}\n"
        "577a4dbc3ec144923a02b6fa  ○ pending                 a|b<c>&\\\n"
    )


def test_json_is_what_the_server_sent() -> None:
    text = shown([RUN], RUNS, "json")
    assert text == json.dumps([RUN], indent=2, ensure_ascii=False) + "\n"
    assert shown(RUN, PAGE, "json") == json.dumps(RUN, indent=2, ensure_ascii=False) + "\n"


def test_json_lines_are_compact() -> None:
    assert shown([{"id": "é", "a": [1, None]}, {}], RUNS, "jsonl") == '{"id":"é","a":[1,null]}\n{}\n'


def test_json_holds_nothing_that_a_terminal_obeys_and_reads_back_the_same() -> None:
    hostile = {"id": "\x1b[2J\x7f\x9b31m\u202e\u2066\u2028\ud800 é", "big": float("inf"), "low": -float("inf")}
    text = shown(hostile, PAGE, "jsonl")
    assert text == (
        '{"id":"\\u001b[2J\\u007f\\u009b31m\\u202e\\u2066\\u2028\\ud800 é",'
        '"big":1.7976931348623157e+308,"low":-1.7976931348623157e+308}\n'
    )
    assert json.loads(text)["id"] == hostile["id"]


@pytest.mark.parametrize("name", ["json", "tsv", "csv", "markdown", "id", "table"])
def test_a_stream_that_lacks_characters_gets_what_it_can_carry(name: str) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    show([{"id": "日本", "status": "finished", "result": "passed"}], RUNS, Format(name), stream, environ={})
    stream.flush()
    assert (b"\\u65e5\\u672c" if name == "json" else b"??") in raw.getvalue()
    assert (b"+ passed" in raw.getvalue()) is (name in {"table", "markdown"})


def test_fields_keep_the_name_they_were_asked_for() -> None:
    fields = ("id", "pipeline.name", "envVars.key", "tag", "user.meta.x", "result.no")
    assert json.loads(shown([RUN], RUNS, fields=fields)) == [
        {
            "id": RUN["id"],
            "pipeline.name": "initial-build",
            "envVars.key": ["STAGE", "TOKEN"],
            "tag": None,
            "user.meta.x": None,
            "result.no": None,
        }
    ]


def test_jq_prints_texts_raw_and_everything_else_as_json() -> None:
    assert shown([RUN, WAITING], RUNS, jq=".[].result, length, .[0].undocumented, .[1].pipeline") == (
        'aborted\nunknown\n2\n[1.5,null,"é"]\nnull\n'
    )
    assert shown(RUN, PAGE, jq=".pipeline.name") == "initial-build\n"
    assert shown([RUN], RUNS, fields=("id",), jq=".[0]|keys") == '["id"]\n'
    assert shown({"id": "\x1b[2Ja\r\nb\ud800"}, PAGE, jq=".id") == "\x1b[2Ja\r\nb\ufffd\n"
    assert shown({"id": "\x1b[2Ja\r\nb"}, PAGE, jq=".id", stream=Tty()) == "a\nb\n"


def test_a_jq_program_that_fails_is_an_error_in_one_line() -> None:
    with pytest.raises(WerckerError, match=r"^--jq: Cannot index string with string"):
        shown(RUN, PAGE, jq=".id.x")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *((name, "") for name in ("tsv", "jsonl", "id", "table", None)),
        ("json", "[]\n"),
        ("csv", "id,name,permissions,type,created\r\n"),
    ],
)
def test_nothing_to_list(name: str | None, expected: str) -> None:
    assert shown([], PIPELINES, name) == expected


def test_nothing_to_list_is_said_on_a_terminal() -> None:
    aside = io.StringIO()
    show([], RUNS, Format(), Tty(), aside)
    show([], RUNS, Format("tsv"), Tty(), aside)
    show([], RUNS, Format("table"), io.StringIO(), aside)
    assert aside.getvalue() == "no runs found\n"


@pytest.mark.parametrize("name", ["tsv", "csv", "jsonl", "id"])
def test_rows_are_written_as_they_arrive(name: str) -> None:
    stream = io.StringIO()

    def runs() -> Iterator[Json]:
        yield RUN
        assert RUN["id"] in stream.getvalue()

    shown(runs(), RUNS, name, stream)


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        (Format(fields=("name", "nope")), "--json knows no field 'nope'", "the fields are name, value, origin"),
        (Format(fields=("name..x",)), "--json knows no field 'name..x'", "the fields are name, value, origin"),
        (Format(fields=("",)), "--json names no field", "the fields are name, value, origin"),
        (
            Format("csv", fields=("id",)),
            "-o csv and --json exclude each other: --json is JSON",
            "leave out one of them",
        ),
        (Format("id", jq="."), "-o id and --jq exclude each other: --jq is JSON", "leave out one of them"),
        (
            Format(jq=".["),
            "--jq '.[' is no jq program: syntax error, unexpected end of file at <top-level>, line 1, column 2",
            "quote it, as in -q '.[].id'",
        ),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_sent(given: Format, message: str, hint: str) -> None:
    with pytest.raises(Usage) as raised:
        check(given, SETTINGS)
    assert (raised.value.message, raised.value.hint) == (message, hint)


@pytest.mark.parametrize(
    "given",
    [Format(), Format("csv"), Format("json", ("value.x",), ".[]"), Format(fields=("name",)), Format(jq="length")],
)
def test_what_can_be_is_let_through(given: Format) -> None:
    check(given, SETTINGS)


def test_a_pipe_loads_nothing_heavy() -> None:
    program = (
        "import sys\nfrom wercker_cli.output.runs import RUNS\nfrom wercker_cli.output.show import show\n"
        "from wercker_cli.output.columns import Format\nshow([{'id': 'x'}], RUNS, Format(), sys.stdout)\n"
        "print(*{'rich', 'tabulate', 'jq', 'csv', 'json', 'requests', 'unicodedata'} & set(sys.modules))"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout == "x\t\t\t\t\t\t\t\t\t\n\n"


@pytest.mark.parametrize("wrong", [None, 5, "text", [], [None], {"name": {}}, True, {"meta": "x", "owner": 7}])
def test_a_value_of_another_kind_is_an_empty_cell_or_text(wrong: Any) -> None:
    item = dict.fromkeys(RUN, wrong)
    for view in (RUNS, PAGE, RUN_WITH_ENV, STEPS, PIPELINES, SETTINGS):
        for name in (None, "csv", "table", "id"):
            shown(item, view, name)
            shown([item], view, name)
