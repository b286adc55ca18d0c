"""The page of one step: its log in colour, the end first where it is long, live while the step runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wercker_cli.api.transport import Response
from wercker_cli.engine.page import log
from wercker_cli.engine.page.colours import coloured
from wercker_cli.engine.page.frame import View, document, facts, link, size, time, took
from wercker_cli.engine.page.run import application_path, step_artifacts, step_mark
from wercker_cli.engine.page.text import isolated, title
from wercker_cli.engine.routes import ROOT
from wercker_cli.engine.store import Row

_LOG = """\
<section aria-labelledby="log">
<h2 id="log">Log</h2>
{before}<pre class="log">
{log}</pre>
<p id="end">{end}</p>
</section>"""


def page(view: View, run: Row, position: int, query: Mapping[str, str]) -> Response | None:
    """The page of a step of a run that may be seen; None where the run has no such step, and will not get it.

    With `before` in the query it is the part of the log that ends at that byte.
    """
    steps = view.site.store.steps(run["id"])
    step = next((step for step in steps if step["position"] == position), None)
    if step is None:
        return _not_yet(view, run, position) if position and run["status"] != "finished" else None
    before = _offset(query.get("before", ""))
    part = log.page(view.site, step, before)
    mark = step_mark(run, step)
    parts = [
        f"<h1>{mark.html} {isolated(step['name'])}</h1>",
        _facts(view, run, step),
        _log(view, step, part),
        _neighbours(view, steps, step),
    ]
    live = step["status"] != "finished" and run["status"] != "finished" and not before
    return document(f"{mark}: {step['name']}", _path(view, run, position), "\n".join(filter(None, parts)), live=live)


def _not_yet(view: View, run: Row, position: int) -> Response:
    """What steps a run has is known once its code is there."""
    name = f"There is no step {position} yet"
    body = f"<h1>{name}</h1>\n<p>The run goes on: should it come to such a step, this page shows it.</p>"
    return document(name, _path(view, run, position), body, live=True)


def _path(view: View, run: Row, position: int) -> list[str]:
    return [
        *application_path(view, run),
        link(view.address("runs", run["id"]), f"run {run['id'][-7:]}"),
        f"step {position}",
    ]


def _offset(given: str) -> int:
    return int(given) if given.isascii() and given.isdigit() and len(given) < 16 else 0


def _address(view: View, step: Row, **query: str) -> str:
    return view.address("runs", step["run"], "steps", str(step["position"]), **query)


def _facts(view: View, run: Row, step: Row) -> str:
    told = {
        "Run": link(view.address("runs", run["id"]), isolated(title(run["message"]))),
        "Message": isolated(step["message"]) if step["message"] else "",
        "Started": time(step["started_at"]),
        "Finished": time(step["finished_at"]),
        "Took": took(step),
        "Left": step_artifacts(view, step),
    }
    return facts(told)


def _log(view: View, step: Row, part: log.Part) -> str:
    after = part.first + len(part.data)
    before = ""
    if part.first:
        earlier = link(_address(view, step, before=str(part.first)), "Earlier lines")
        before = f"<p>{earlier}: {size(part.first)} come before this.</p>\n"
    if after < part.size:
        end = link(f"{_address(view, step)}#end", "The end of the log")
    else:
        end = _ends(step, empty=not part.size)
    whole = link(f"{ROOT}/runsteps/{step['id']}/log", "as text")
    return _LOG.format(before=before, log=coloured(part.data), end=f"{end} · {size(part.size)} {whole}")


def _ends(step: Row, *, empty: bool) -> str:
    if step["status"] == "running":
        return "The step still runs"
    if step["started_at"] is None:
        return "The step has not started"
    return "It printed nothing" if empty else "The end"


def _neighbours(view: View, steps: Sequence[Row], step: Row) -> str:
    """The links to the step before and the step behind."""
    links = [
        f"{word}: {link(_address(view, other), isolated(other['name']))}"
        for word, position in (("Before", step["position"] - 1), ("Next", step["position"] + 1))
        for other in steps
        if other["position"] == position
    ]
    return f'<nav aria-label="Other steps"><p>{" · ".join(links)}</p></nav>'
