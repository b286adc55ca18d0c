"""The page at /: the newest runs, of all applications that may be seen or of those that were asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from wercker_cli.api.transport import Response
from wercker_cli.engine import listing
from wercker_cli.engine.page.frame import View, document, link, mark, time, took
from wercker_cli.engine.page.text import isolated, shown, title
from wercker_cli.engine.store import Row, Store

SIZE = 30  # runs on a page
DEEPEST = 990  # runs that can be turned over: further down the filters and the API are the way
_RESULTS = {"passed": "passed", "failed": "failed", "aborted": "aborted", "unknown": "not finished"}
_HEADS = ("Run", "Result", "Application", "Pipeline", "Branch", "Commit", "By", "Created", "Took")

_TABLE = """\
<table class="runs" role="table">
<caption>{caption}</caption>
<thead role="rowgroup">
<tr role="row">{heads}</tr>
</thead>
<tbody role="rowgroup">
{rows}
</tbody>
</table>"""
_FORM = """\
<form action="{action}" role="search" aria-label="Which runs">
<p><label for="application">Application</label> {application}</p>
<p><label for="pipeline">Pipeline</label> {pipeline}</p>
<p><label for="branch">Branch</label> <input id="branch" name="branch" value="{branch}"></p>
<p><label for="result">Result</label> {result}</p>
<p><button>Show</button></p>
</form>"""


def page(view: View, query: Mapping[str, str]) -> Response:
    """The page for a query of `application` (OWNER/NAME), `pipeline` (a name), `branch`, `result` and `skip`."""
    store, applications = view.site.store, view.applications()
    wanted = {name: query.get(name, "") for name in ("application", "pipeline", "branch", "result")}
    among = [row for row in applications if wanted["application"] in {"", _name(row)}]
    skip = _skip(query.get("skip", ""))
    found = _found(store, among, wanted, skip)
    rows = store.listed(found[:SIZE], ascending=False)
    parts = [
        f"<h1>{shown(wanted['application'] or 'Runs')}</h1>",
        _form(view, wanted, map(_name, applications), _pipelines(store, among)),
        _table(view, rows) if rows else f"<p>{_nothing(applications, wanted)}</p>",
        _pages(view, wanted, skip, more=len(found) > SIZE),
    ]
    return document(wanted["application"] or "Runs", ["wercker"], "\n".join(filter(None, parts)), live=True)


def _name(application: Row) -> str:
    return f"{application['owner']}/{application['name']}"


def _skip(given: str) -> int:
    return min(int(given), DEEPEST) if given.isascii() and given.isdigit() and len(given) < 9 else 0


def _found(store: Store, among: Iterable[Row], wanted: Mapping[str, str], skip: int) -> list[int]:
    """The `seq` of the runs of that page and of one more, if there is one; newest first."""
    filters = {"branch": wanted["branch"], "result": wanted["result"] if wanted["result"] in _RESULTS else ""}
    given = {column: value for column, value in filters.items() if value}
    found = [
        seq
        for application in among
        for scope in _scopes(store, application["id"], wanted["pipeline"])
        for seq in listing.page(store, {**scope, **given}, ascending=False, skip=0, limit=skip + SIZE + 1)
    ]
    return sorted(found, reverse=True)[skip : skip + SIZE + 1]


def _scopes(store: Store, application: str, pipeline: str) -> list[dict[str, str]]:
    """What of an application is listed: all of it, or the pipeline of that name, which it may lack."""
    if not pipeline:
        return [{"application": application}]
    sql = "SELECT id FROM pipelines WHERE application = :application AND name = :pipeline"
    return [{"pipeline": row["id"]} for row in store.all(sql, application=application, pipeline=pipeline)]


def _pipelines(store: Store, among: Iterable[Row]) -> list[str]:
    sql = "SELECT name FROM pipelines WHERE application = :application"
    return sorted({row["name"] for application in among for row in store.all(sql, application=application["id"])})


def _form(view: View, wanted: Mapping[str, str], applications: Iterable[str], pipelines: Iterable[str]) -> str:
    return _FORM.format(
        action=escape(view.address()),
        application=_select("application", {name: name for name in applications}, wanted["application"]),
        pipeline=_select("pipeline", {name: name for name in pipelines}, wanted["pipeline"]),
        branch=shown(wanted["branch"]),
        result=_select("result", _RESULTS, wanted["result"]),
    )


def _select(name: str, choices: Mapping[str, str], chosen: str) -> str:
    options = [
        f'<option value="{shown(value)}"{" selected" if value == chosen else ""}>{shown(text)}</option>'
        for value, text in {"": "any", **choices}.items()
    ]
    return f'<select id="{name}" name="{name}">{"".join(options)}</select>'


def _table(view: View, rows: Sequence[Row]) -> str:
    return _TABLE.format(
        caption="Newest first",
        heads="".join(f'<th role="columnheader" scope="col">{head}</th>' for head in _HEADS),
        rows="\n".join(_row(view, row) for row in rows),
    )


def _row(view: View, run: Row) -> str:
    application = f"{run['application_owner']}/{run['application_name']}"
    pipeline = view.address(application=application, pipeline=run["pipeline_name"])
    branch = view.address(application=application, branch=run["branch"])
    cells = [
        mark(run).html,
        link(view.address(application=application), isolated(application)),
        link(pipeline, isolated(run["pipeline_name"])),
        f"tag {isolated(run['tag'])}" if run["tag"] else link(branch, isolated(run["branch"])),
        f"<code>{shown(run['commit_hash'][:7])}</code>",
        isolated(run["author"]),
        time(run["created_at"]),
        took(run),
    ]
    head = link(view.address("runs", run["id"]), isolated(title(run["message"])))
    rest = "".join(f'<td role="cell">{cell}</td>' for cell in cells)
    return f'<tr id="run-{run["id"]}" role="row"><th role="rowheader" scope="row">{head}</th>{rest}</tr>'


def _nothing(applications: Sequence[Row], wanted: Mapping[str, str]) -> str:
    if not applications:
        return "There is no public application."
    return "There is no such run." if any(wanted.values()) else "There is no run yet."


def _pages(view: View, wanted: Mapping[str, str], skip: int, *, more: bool) -> str:
    links = []
    if skip:
        newer = max(0, skip - SIZE)
        links.append(link(view.address(**wanted, skip=str(newer) if newer else ""), "Newer runs"))
    if more and skip < DEEPEST:
        links.append(link(view.address(**wanted, skip=str(skip + SIZE)), "Older runs"))
    return f'<nav aria-label="More runs"><p>{" · ".join(links)}</p></nav>' if links else ""
