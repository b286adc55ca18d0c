"""The page of one run: what it is of, its steps with their times, why it failed, what it left."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence

from wercker_cli.api.transport import Response
from wercker_cli.engine import artifacts, folders
from wercker_cli.engine.page import colours, log
from wercker_cli.engine.page.frame import NOT_RUN, Mark, View, clock, document, facts, link, mark, time, took
from wercker_cli.engine.page.text import isolated, shown, title
from wercker_cli.engine.routes import ROOT
from wercker_cli.engine.store import Row

AFTER = "finalSteps"
_LAST_LINES = 20  # of the log of a step that failed
_TO_COME = 0.15  # of the width of a timeline is for what still runs

_STEPS = """\
<section aria-labelledby="steps">
<h2 id="steps">Steps</h2>
<table class="steps">
<thead>
<tr><th scope="col">#</th><th scope="col">Step</th><th scope="col">Result</th><th scope="col">Started</th>\
<th scope="col">Took</th><th scope="col">Timeline</th></tr>
</thead>
<tbody>
{rows}
</tbody>
</table>
</section>"""
_WHY = """\
<section aria-labelledby="why">
<h2 id="why">Why it failed</h2>
<p>Step {number}, {name}: {message}</p>
<pre class="log">{log}</pre>
</section>"""


def page(view: View, run: Row) -> Response:
    """The page of a run that may be seen."""
    steps = view.site.store.steps(run["id"])
    name = title(run["message"])
    parts = [
        f"<h1>{mark(run).html} {isolated(name)}</h1>",
        _progress(run),
        _facts(view, run),
        _why(view, run, steps),
        _table(view, run, steps),
    ]
    path = [*application_path(view, run), f"run {run['id'][-7:]}"]
    live = run["status"] != "finished"
    return document(f"{mark(run)}: {name}", path, "\n".join(filter(None, parts)), live=live)


def application_path(view: View, run: Row) -> list[str]:
    """The links to all runs, those of a run's application, and those of its pipeline."""
    application = f"{run['application_owner']}/{run['application_name']}"
    pipeline = view.address(application=application, pipeline=run["pipeline_name"])
    return [
        view.home,
        link(view.address(application=application), isolated(application)),
        link(pipeline, isolated(run["pipeline_name"])),
    ]


def step_mark(run: Row, step: Row) -> Mark:
    """The mark of a step; one behind a step that failed will never start."""
    return NOT_RUN if step["status"] == "notstarted" and run["status"] == "finished" else mark(step)


def _progress(run: Row) -> str:
    if run["status"] == "finished":
        return ""
    return f'<p><progress max="100" value="{run["progress"]}" aria-label="Progress"></progress> {run["progress"]} %</p>'


def _facts(view: View, run: Row) -> str:
    told = {
        "Run": f"<code>{run['id']}</code>",
        "Workflow": f"{isolated(run['workflow_name'])}, as {isolated(run['node'])}" if run["workflow"] else "",
        "Starts from": _source(view, run),
        "Went on as": "<br>".join(_run(view, after) for after in _after(view, run)),
        "Tag" if run["tag"] else "Branch": isolated(run["tag"] or run["branch"]),
        "Commit": f"<code>{shown(run['commit_hash'])}</code>",
        "Message": _message(run["message"]),
        "By": isolated(run["author"]),
        "Created": time(run["created_at"]),
        "Started": time(run["started_at"]),
        "Finished": time(run["finished_at"]),
        "Took": took(run),
        "Variables": "<br>".join(map(_variable, json.loads(run["env_vars"]))),
        "Artifact": _artifact(view, run),
    }
    return facts(told)


def _message(message: str) -> str:
    """All of it, where the heading shows its first line alone."""
    whole = message.strip()
    return f'<span class="message">{isolated(whole)}</span>' if len(whole.splitlines()) > 1 else ""


def _source(view: View, run: Row) -> str:
    source = run["source_run"] and view.run(run["source_run"])
    return _run(view, source) if source else ""


def _after(view: View, run: Row) -> list[Row]:
    """The runs that start from this one; some, where there are very many."""
    rows = view.site.store.all("SELECT seq FROM runs WHERE source_run = :run ORDER BY seq LIMIT 20", run=run["id"])
    return view.site.store.listed([row["seq"] for row in rows], ascending=True)


def _run(view: View, run: Row) -> str:
    """The link to another run of the same application."""
    name = f"run {run['id'][-7:]}"
    return f"{mark(run).html} {link(view.address('runs', run['id']), name)} of {isolated(run['pipeline_name'])}"


def _variable(variable: dict[str, str | None]) -> str:
    """A variable; one that is protected has no value here."""
    key, value = str(variable["key"]), variable["value"]
    return f"<code>{shown(key)}</code> (protected)" if value is None else f"<code>{shown(f'{key}={value}')}</code>"


def _artifact(view: View, run: Row) -> str:
    if artifacts.lacking(view.site.store.home, run):
        return ""
    return link(f"{ROOT}/runs/{run['id']}/artifact", "download (tar.gz)")


def _why(view: View, run: Row, steps: Sequence[Row]) -> str:
    """The step that made a run fail, with the end of its log."""
    failed = [step for step in steps if step["result"] == "failed" and step["phase"] != AFTER]
    if run["result"] != "failed" or not failed:
        return ""
    step = failed[0]
    return _WHY.format(
        number=step["position"],
        name=link(view.address("runs", run["id"], "steps", str(step["position"])), isolated(step["name"])),
        message=isolated(step["message"]),
        log=colours.coloured(log.last_lines(view.site, step, _LAST_LINES)),
    )


def _table(view: View, run: Row, steps: Sequence[Row]) -> str:
    span = _span(run, steps)
    return _STEPS.format(rows="\n".join(_step(view, run, step, _bar(step, *span)) for step in steps))


def _step(view: View, run: Row, step: Row, bar: str) -> str:
    name = link(view.address("runs", run["id"], "steps", str(step["position"])) + "#end", isolated(step["name"]))
    more = [
        "after-step" if step["phase"] == AFTER else "",
        isolated(step["message"]) if step["message"] else "",
        step_artifacts(view, step),
    ]
    about = "".join(f"<br><small>{html}</small>" for html in more if html)
    cells = [step_mark(run, step).html, clock(step["started_at"]), took(step), bar]
    rest = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr><td>{step["position"]}</td><th scope="row">{name}{about}</th>{rest}</tr>'


def step_artifacts(view: View, step: Row) -> str:
    """The link to what a step left, '' where it left nothing."""
    if not os.path.exists(folders.step_artifacts(view.site.store.home, step["run"], step["position"])):
        return ""
    return link(f"{ROOT}/runsteps/{step['id']}/artifacts", "files (tar.gz)")


def _span(run: Row, steps: Sequence[Row]) -> tuple[float, float]:
    """When a timeline begins, and how long it is, in milliseconds; with room for what is to come.

    It follows from what is known of the run, not from the clock: a page changes when its run does.
    """
    start = run["started_at"] or run["created_at"]
    known = [step[key] for step in steps for key in ("started_at", "finished_at") if step[key] is not None]
    length = max([*known, run["finished_at"] or start, start + 1]) - start
    return start, length if run["status"] == "finished" else length / (1 - _TO_COME)


def _bar(step: Row, start: float, length: float) -> str:
    """A step on the timeline; one that runs goes on to its end. Its times are in words beside it."""
    if step["started_at"] is None:
        return ""
    first = (step["started_at"] - start) / length
    last = 1 if step["finished_at"] is None else (step["finished_at"] - start) / length
    place = f'x="{100 * first:.2f}%" width="{max(100 * (last - first), 0.5):.2f}%"'
    return f'<svg aria-hidden="true"><rect class="{mark(step).name}" {place} height="100%"/></svg>'
