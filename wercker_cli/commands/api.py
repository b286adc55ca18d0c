"""wercker api"""

from typing import Any, BinaryIO

import click

from wercker_cli.app import Invocation
from wercker_cli.commands import shape
from wercker_cli.commands.types import is_whole
from wercker_cli.errors import Usage

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class Field(click.ParamType[tuple[str, str]]):
    """KEY=VALUE."""

    name = "field"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        key, given, text = str(value).partition("=")
        if not key or not given:
            self.fail(f"{value!r} is no field: write KEY=VALUE", param, ctx)
        if not is_whole(str(value)):
            self.fail(f"{value!r} is not UTF-8", param, ctx)
        return key, text


@shape.command("api")
@click.argument("method", type=click.Choice(METHODS, case_sensitive=False), metavar="METHOD")
@click.argument("path")
@shape.option(
    "--field",
    "-f",
    "fields",
    type=Field(),
    multiple=True,
    metavar="KEY=VALUE",
    help="A parameter of the query for GET, else a text in the JSON that is sent. Repeatable.",
)
@shape.option("--input", "file", type=click.File("rb"), metavar="FILE", help="Send this JSON; - is standard input.")
@shape.option("--paginate", is_flag=True, help="Ask for every page of a list.")
@shape.option("--output", "-o", type=click.Choice(["json", "jsonl"]), section="Output", help="The format of JSON.")
@shape.option("--jq", "-q", metavar="EXPRESSION", section="Output", help="Filter the JSON; texts come out raw.")
@click.pass_obj
def command(
    app: Invocation,
    method: str,
    path: str,
    fields: tuple[tuple[str, str], ...],
    file: BinaryIO | None,
    paginate: bool,
    output: str | None,
    jq: str | None,
) -> None:
    """Call the API itself, for what no command does.

    METHOD is GET, POST, PUT, PATCH or DELETE. PATH is below the root of the API, with or without /api/v3; it may
    have a query. The token, the errors and the exit codes are those of every command. An answer that is no JSON,
    such as a log, is printed as it is.

    \b
    Examples:
      wercker api GET /runs -f applicationId=ID -f limit=5 -q '.[].id'
      wercker api GET /applications/acme/site/pipelines --paginate -o jsonl
      wercker api POST /runs -f pipelineId=ID -f branch=main
      wercker api GET /runsteps/ID/log
    """
    from wercker_cli import calls
    from wercker_cli.output import answers
    from wercker_cli.output.columns import Format

    asked = Format(output, jq=jq)
    answers.check(asked)
    method = method.upper()
    _check(method, bool(fields), file is not None, paginate)
    place, query = calls.target(path, app.api.server)
    query += fields if method == "GET" else ()
    calls.check_query(query)
    if paginate:
        answers.pages(calls.pages(app, place, query), asked, app.stdout)
        return
    body = calls.json_in(file.read(), file.name) if file else None
    if method != "GET":
        body = body or calls.body(fields)
    found = calls.answer(app, method, place, query, body, json=asked != Format())
    if isinstance(found, bytes):
        answers.text(found, app.stdout, app.color, app.environ)
    else:
        answers.value(found, asked, app.stdout)


def _check(method: str, fields: bool, file: bool, paginate: bool) -> None:
    """Raises Usage for options that contradict each other."""
    if file and method == "GET":
        raise Usage("GET sends nothing, and --input is what to send", hint="-f KEY=VALUE gives GET its parameters")
    if file and fields:
        raise Usage("--field and --input exclude each other: each is all that is sent")
    if paginate and method != "GET":
        raise Usage(f"--paginate is for GET, and not for {method}")
