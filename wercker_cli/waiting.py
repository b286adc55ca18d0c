"""Waiting for a run: what is seen meanwhile, and the exit code at the end."""

from wercker_cli.app import Invocation
from wercker_cli.errors import Exit, Refused, Unreachable
from wercker_cli.output.columns import Json
from wercker_cli.output.runs import RUN

CODES = {"passed": Exit.DONE, "aborted": Exit.RUN_ABORTED}


def wait_for(app: Invocation, run: Json, timeout: float | None) -> Exit:
    """Follows a run that was just triggered to its end; `timeout` in seconds. Ctrl-C and timeouts leave it running."""
    from wercker_cli.api.watch import TimedOut, watch
    from wercker_cli.output.follow import follow

    run_id = app.api.id_of(run)
    asked = app.asked_for_output
    if not asked:
        app.show(run, RUN, default="id")
        app.stdout.flush()
    try:
        last = follow(
            watch(app.api, run_id, timeout=timeout, tail=app.stderr.isatty(), note=app.note),
            app.stderr,
            color=app.color,
            environ=app.environ,
        )
    except KeyboardInterrupt:
        return _goes_on(app, run_id, "interrupted", Exit.INTERRUPTED)
    except TimedOut:
        return _goes_on(app, run_id, "the time to wait is over", Exit.TIMEOUT)
    except (Unreachable, Refused) as error:
        app.report(error)
        return _goes_on(app, run_id, "no answer for too long", error.exit_code)
    if last.run.get("result") == "failed":
        _explain(app, run_id, last.steps)
    if asked:
        app.show(last.run, RUN)
    return CODES.get(str(last.run.get("result")), Exit.RUN_FAILED)


def _goes_on(app: Invocation, run: str, why: str, code: Exit) -> Exit:
    app.note(f"wercker: {why}; run {run} goes on")
    app.note(f"hint: wercker runs show {run}")
    return code


def _explain(app: Invocation, run: str, steps: list[Json]) -> None:
    """Which step failed, why, its last lines, and what to type next."""
    from wercker_cli.api.watch import log_end
    from wercker_cli.output.follow import failure

    failed = next((step for step in steps if step.get("result") == "failed"), None)
    log = log_end(app.api, failed) if failed else b""
    failure(run, failed, log, app.stderr, color=app.color, environ=app.environ)
