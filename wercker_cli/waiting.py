"""Waiting for a run: what is seen meanwhile, and the exit code at the end. One loop, and one exit rule."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from wercker_cli.app import Invocation
from wercker_cli.errors import Exit, Unreachable, Usage, WerckerError
from wercker_cli.output.cells import get
from wercker_cli.output.columns import Json
from wercker_cli.output.runs import RUN, pipeline_name

if TYPE_CHECKING:
    from wercker_cli.api.watch import Event, Patience

WORST = (Exit.DONE, Exit.RUN_ABORTED, Exit.RUN_FAILED)  # of how runs can end, the last
CODES = {"passed": Exit.DONE, "aborted": Exit.RUN_ABORTED}
USUAL_OF = 20  # runs that say how long one takes: a page

Show = Callable[["Iterator[Event]"], "Event"]


def patience(given: dict[str, Any], *, wait: bool = True, flag: str = "--wait") -> Patience:
    """What the options of waiting say; takes them out of what was `given`. Raises Usage where nothing is waited for."""
    from wercker_cli.api.watch import Patience

    values = {name: given.pop(name) for name in ("timeout", "interval", "retry_for", "fail_fast")}
    if values["interval"] == 0:
        raise Usage("--interval has to be more than 0", hint="leave it out to look as often as is useful")
    chosen = {name: value for name, value in values.items() if value is not None and value is not False}
    if chosen and not wait:
        raise Usage(f"--{next(iter(chosen)).replace('_', '-')} is for {flag}", hint=f"add {flag}")
    return Patience(**chosen)


class Ended(NamedTuple):
    """How a wait ended: the exit code, and the run, None where no more is known of it than that it goes on."""

    code: Exit
    run: Json | None


def triggered(app: Invocation, run: Json, how: Patience | None) -> Exit:
    """Says which run was just made, and follows it where there is patience for that; its id goes to standard output.

    With a run of a workflow that is all of it. The exit code is the worst; a failed run is worse than an aborted one.
    """
    branch = get(run, "branch")
    app.note(f"triggered {_named(app, run)}" + (f" on {branch}" if branch else ""))
    if how is None:
        app.show(run, RUN, default="id")
        return Exit.DONE
    if not app.asked_for_output:
        app.show(run, RUN, default="id")
        app.stdout.flush()
    if not get(run, "workflow.id"):
        return _shown(app, [_watch_made(app, run, how)])
    ended = _follow_workflow(app, run, how)
    code = _shown(app, ended)
    _sum_up(app, run, ended, code)
    return code


def _named(app: Invocation, run: Json) -> str:
    pipeline = pipeline_name(run)
    return f"run {app.api.id_of(run)}" + (f" of {pipeline}" if pipeline else "")


def _watch_made(app: Invocation, run: Json, how: Patience) -> Ended:
    return _watch(app, app.api.id_of(run), how, app.stderr, run)


def _follow_workflow(app: Invocation, first: Json, how: Patience) -> list[Ended]:
    """Follows a workflow run by run, as they were queued, until nothing follows; ends early where a wait does."""
    ends = None if how.timeout is None else time.monotonic() + how.timeout
    ended: list[Ended] = []
    waiting, seen = [first], set()
    while waiting:
        run = waiting.pop(0)
        seen.add(app.api.id_of(run))
        left = how if ends is None else how._replace(timeout=max(0.0, ends - time.monotonic()))
        ended.append(_watch_made(app, run, left))
        code = ended[-1].code
        if code not in WORST or (how.fail_fast and code != Exit.DONE):
            break
        for other in _started_by(app, run) if code == Exit.DONE else ():
            if app.api.id_of(other) not in seen:
                app.note(f"{_named(app, other)} follows")
                waiting.append(other)
    return ended


def _sum_up(app: Invocation, first: Json, ended: list[Ended], code: Exit) -> None:
    """Says how a workflow as a whole ended: its last run may have passed, and an earlier one failed."""
    runs = [one.run for one in ended if one.run is not None]
    bad = [f"{_named(app, run)} {get(run, 'result')}" for run in runs if get(run, "result") != "passed"]
    if app.output == "jsonl":
        from wercker_cli.output.events import Recorder

        result = {Exit.RUN_FAILED: "failed", Exit.RUN_ABORTED: "aborted"}.get(code, "passed")
        Recorder(app.api.id_of(first), app.stdout).verdict(code, "workflow", status="finished", result=result)
    elif code in WORST:
        app.note(f"workflow {get(first, 'workflow.name')}: {', '.join(bad) or 'all passed'}")


def _started_by(app: Invocation, run: Json) -> list[Json]:
    """The runs of the same workflow that the end of this one has started, the first of them first."""
    query = [
        ("applicationId", get(run, "application.id")),
        ("sourceRun", app.api.id_of(run)),
        ("sort", "creationDateAsc"),
    ]
    return [other for other in app.api.runs(query, limit=0) if get(other, "workflow.id") == get(run, "workflow.id")]


def _shown(app: Invocation, ended: list[Ended]) -> Exit:
    """Shows the runs, where an output was asked for that has not shown them yet; gives the worst exit code."""
    runs = [one.run for one in ended if one.run is not None]
    if runs and app.asked_for_output and app.output != "jsonl":
        app.show(runs[0] if len(ended) == 1 else runs, RUN)
    return max((one.code for one in ended), key=lambda code: WORST.index(code) if code in WORST else len(WORST))


def passed_before(app: Invocation, run: Json, *, wait: bool) -> Exit:
    """Shows a run that had passed and is not run again; in place of the events, where they were asked for."""
    if wait and app.output == "jsonl":
        from wercker_cli.api.watch import Event
        from wercker_cli.output.events import Recorder

        recorder = Recorder(app.api.id_of(run), app.stdout)
        recorder.follow([Event(run, [], "")])
        recorder.verdict(Exit.DONE, "finished")
    else:
        app.show(run, RUN, default="id")
    return Exit.DONE


def watch_run(app: Invocation, run: str, how: Patience) -> Exit:
    """Follows a run to its end on standard output, or, where that is for data, on standard error."""
    _not_itself(app, run)
    return _shown(app, [_watch(app, run, how, app.stderr if app.asked_for_output else app.stdout, None)])


def follow_logs(
    app: Invocation, run: str, how: Patience, wanted: Callable[[Json], bool], *, tail: int | None, stamps: bool
) -> Exit:
    """Writes what the wanted steps of a run print, while they do."""
    from wercker_cli.api.watch import watch
    from wercker_cli.output import logs

    _not_itself(app, run)
    writer = logs.LogWriter(app.stdout, color=app.color, environ=app.environ)
    return _to_the_end(
        app,
        run,
        watch(app.api, run, how, known=False, logs=wanted, note=app.note),
        lambda events: logs.follow(events, writer, tail=tail, stamps=stamps),
        excerpt=False,
    ).code


def _not_itself(app: Invocation, run: str) -> None:
    """Raises Usage in a step of that run, which would wait for its own end."""
    if app.environ.get("WERCKER_SESSION") and run == app.environ.get("WERCKER_RUN_ID"):
        raise Usage(f"this is a step of run {run}, which cannot end while it is waited for here", hint="name another")


def read_logs(app: Invocation, steps: list[Json], *, tail: int | None) -> None:
    """Writes what these steps have printed so far."""
    from wercker_cli.api.watch import logs_so_far
    from wercker_cli.output import logs

    writer = logs.LogWriter(app.stdout, color=app.color, environ=app.environ)
    logs.follow(logs_so_far(app.api, steps), writer, tail=tail)


def _watch(app: Invocation, run: str, how: Patience, stream: TextIO, known: Json | None) -> Ended:
    from wercker_cli.api.watch import watch

    if app.output == "jsonl":
        return _record(app, run, how, known=known is not None)
    from wercker_cli.output import follow
    from wercker_cli.output.screen import animated

    if app.debug or not animated(stream, app.environ):  # the lines of --debug would be drawn over
        events = watch(app.api, run, how, known=known is not None, note=app.note)
        return _to_the_end(app, run, events, lambda events: follow.lines(events, stream))
    from wercker_cli.output.live import Page

    page = Page()

    def show(events: Iterator[Event]) -> Event:
        page.usual = _usual(app, known or app.api.run(run))
        return follow.live(events, page, stream, color=app.color, environ=app.environ)

    return _to_the_end(app, run, watch(app.api, run, how, known=True, tail=True, note=page.note), show)


def _record(app: Invocation, run: str, how: Patience, *, known: bool) -> Ended:
    from wercker_cli.api.watch import watch
    from wercker_cli.output.events import Recorder

    recorder = Recorder(run, app.stdout)
    events = watch(app.api, run, how, known=known, logs=lambda _: True, note=app.note)
    return _to_the_end(app, run, events, recorder.follow, verdict=recorder.verdict)


def _to_the_end(
    app: Invocation,
    run: str,
    events: Iterator[Event],
    show: Show,
    *,
    verdict: Callable[[Exit, str], None] = lambda _code, _reason: None,
    excerpt: bool = True,
) -> Ended:
    """Shows the events; the exit code is the run's result. Ctrl-C, timeouts and outages leave it running."""
    from wercker_cli.api.watch import GaveUp, TimedOut

    try:
        last = show(events)
    except KeyboardInterrupt:
        code, reason, why = Exit.INTERRUPTED, "interrupted", "interrupted"
    except TimedOut:
        code, reason, why = Exit.TIMEOUT, "timeout", "the time to wait is over"
    except GaveUp as gave_up:
        app.report(gave_up.error)
        code = gave_up.error.exit_code
        reason, why = _given_up(gave_up.error)
    except WerckerError as error:
        verdict(error.exit_code, _given_up(error)[0])
        raise
    else:
        return _ended(app, run, last, verdict, excerpt=excerpt)
    app.note(f"wercker: {why}; run {run} goes on")
    app.note(f"hint: wercker runs watch {shlex.quote(run)}")
    verdict(code, reason)
    return Ended(code, None)


def _given_up(error: WerckerError) -> tuple[str, str]:
    """The reason, for programs and for a person, why nothing more is seen of a run."""
    if isinstance(error, Unreachable):
        return "unreachable", "no answer for too long"
    return "error", "it cannot be watched any more"


def _ended(app: Invocation, run: str, last: Event, verdict: Callable[[Exit, str], None], *, excerpt: bool) -> Ended:
    finished = last.run.get("status") == "finished"
    code = CODES.get(str(last.run.get("result")), Exit.RUN_FAILED) if finished else Exit.RUN_FAILED
    if code == Exit.RUN_FAILED:
        _explain(app, run, last.steps, excerpt=excerpt)
    if not finished:
        app.note(f"note: run {run} goes on")
    verdict(code, "finished" if finished else "failed-step")
    return Ended(code, last.run)


def _usual(app: Invocation, run: Json) -> float | None:
    """How many seconds a run of this pipeline takes; None where the server does not say."""
    from wercker_cli.history import usual

    pipeline = run.get("pipeline")
    found = pipeline.get("id") if isinstance(pipeline, dict) else None
    if run.get("status") == "finished" or not isinstance(found, str):
        return None
    try:
        return usual(app.api.runs([("pipelineId", found), ("result", "passed")], limit=USUAL_OF))
    except WerckerError:  # it would be nice to know, no more
        return None


def _explain(app: Invocation, run: str, steps: list[Json], *, excerpt: bool) -> None:
    """Which step failed, why, its last lines, and what to type next."""
    from wercker_cli.api.watch import log_end
    from wercker_cli.output.follow import failure

    failed = next((step for step in steps if step.get("result") == "failed"), None)
    log = log_end(app.api, failed) if failed and excerpt else b""
    failure(run, failed, log, app.stderr, color=app.color, environ=app.environ)
