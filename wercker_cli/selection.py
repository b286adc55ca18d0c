"""Which runs a command is about: the filters of a list, and what RUN can be."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from wercker_cli import checkout
from wercker_cli.app import Invocation
from wercker_cli.errors import NotFound, Usage
from wercker_cli.output.columns import Json
from wercker_cli.settings import API_ROOT, quotable

LATEST, HEAD, ME = "@latest", "@head", "@me"
PAGE = 20  # what a server gives where no limit is named
CHOICE = 10  # runs to choose from
UNFINISHED = ("notstarted", "started", "running")

Window = tuple[float | None, float | None]  # seconds since 1970: created not before, and not after


def runs(
    app: Invocation,
    given: Mapping[str, Any],
    *,
    limit: int | None = None,
    skip: int = 0,
    window: Window = (None, None),
) -> Iterator[Json]:
    """The runs that fit the filters, each once, in the order of `sort`; `limit` None is a page, 0 is all.

    A status or result more takes a request of its own. Where the limit hides runs, that is noted behind the output.
    """
    since, until = window
    if since is not None and until is not None and since > until:
        raise Usage("--since is later than --until: no run can be between them", hint="exchange them")
    queries = _queries(app, given)
    if len(queries) == 1 and window == (None, None):
        found = app.api.runs(queries[0], limit=limit, skip=skip)
    else:
        merged = _merged(app, queries, ascending=given.get("sort") == "creationDateAsc", window=window)
        found = itertools.islice(merged, skip, skip + (PAGE if limit is None else limit) if limit != 0 else None)
    return _noting(app, found, limit)


def _noting(app: Invocation, found: Iterator[Json], limit: int | None) -> Iterator[Json]:
    """The runs that were found; a note where a limit was reached that a script did not choose."""
    count = 0
    for run in found:
        count += 1
        yield run
    if count == (PAGE if limit is None else limit) and count and (limit is None or app.on_terminal):
        app.note_behind(f"note: {count} is the limit, and there may be more; --limit 0 lists all")


def _queries(app: Invocation, given: Mapping[str, Any]) -> list[list[tuple[str, str]]]:
    """The filters in the API's words, once for each status and result."""
    query = app.scope(given.get("applicationId"), given.get("pipelineId"))
    for name in ("branch", "commit", "sourceRun", "author", "sort"):
        if given.get(name):
            query.append((name, _meant(app, given[name])))
    several = [[(name, value) for value in dict.fromkeys(given.get(name) or ())] for name in ("status", "result")]
    return [[*query, *chosen] for chosen in itertools.product(*(options for options in several if options))]


def _meant(app: Invocation, value: str) -> str:
    """A value of a filter, with @me and @head as what they stand for."""
    if value == ME:
        return app.username()
    return checkout.head()[1] if value == HEAD else value


def _merged(
    app: Invocation, queries: list[list[tuple[str, str]]], *, ascending: bool, window: Window
) -> Iterator[Json]:
    """The runs of several lists, each once, by the time of their creation; those outside of the window are left out.

    Lists are read page by page, and no further than the window.
    """
    from heapq import merge

    lists = [_within(app.api.runs(query, limit=0), window, ascending=ascending) for query in queries]
    seen: set[str] = set()
    for _, run in merge(*lists, key=lambda item: item[0], reverse=not ascending):
        key = repr(run.get("id"))  # an id may be anything, a list too
        if "id" not in run or key not in seen:
            seen.add(key)
            yield run


def _within(found: Iterator[Json], window: Window, *, ascending: bool) -> Iterator[tuple[float, Json]]:
    """The runs of a sorted list that were created within the window, with that time; stops where the others begin.

    A run that does not say when it was created goes with the one before it.
    """
    from wercker_cli.output import times

    since, until = window
    created = 0.0 if ascending else float("inf")
    for run in found:
        created = times.parse(str(run.get("createdAt"))) or created
        early, late = since is not None and created < since, until is not None and created > until
        if (late and ascending) or (early and not ascending):
            return
        if not (early or late):
            yield created, run


def run_id(app: Invocation, run: str | None, narrowed: Mapping[str, Any], *, default: str = "1") -> str:
    """The id behind what was typed: an id, a run's URL on this server, @latest or @head among the `narrowed` ones.

    None is a choice on a terminal, where Enter alone stands for `default`; raises Usage elsewhere.
    """
    if run is None:
        return _chosen(app, narrowed, default)
    if "://" in run:
        return _id_in_url(app, run)
    if run not in {LATEST, HEAD}:
        return run
    commit = {"commit": HEAD} if run == HEAD else {}
    for newest in runs(app, {**narrowed, **commit}, limit=1):
        return app.api.id_of(newest)
    of_commit = " of the commit that is checked out" if commit else ""
    raise NotFound(f"there is no run yet{of_commit} that {run} could be", hint="wercker runs trigger --pipeline NAME")


def _id_in_url(app: Invocation, url: str) -> str:
    server = app.api.server
    run = _run_on(server, url)
    if run is None:
        raise Usage(
            f"{quotable(url)} is no run of {server}",
            hint=_of_another(app, url) or f"a run's URL here looks like {server}/runs/ID",
        )
    return run


def is_step(step: Json, asked: str | None) -> bool:
    """Whether a step is the one that was asked for, by its name or its number; None is any."""
    from wercker_cli.output.steps import step_name

    return asked is None or asked in {step_name(step), str(step.get("order"))}


def steps_called(steps: list[Json], asked: str, run: str) -> list[Json]:
    """The steps of that name or number; raises NotFound with those that there are."""
    from wercker_cli.output.steps import step_name

    found = [step for step in steps if is_step(step, asked)]
    if not found:
        names = ", ".join(f"{step.get('order')} {step_name(step)}" for step in steps) or "none yet"
        raise NotFound(f"no step {asked!r} in run {run}", hint=f"its steps: {names}")
    return found


def _run_on(server: str, url: str) -> str | None:
    """The id in the URL of a run; None where it is none of that server."""
    run = url.removeprefix(f"{server}/runs/").rstrip("/")
    is_one = run != url.rstrip("/") and run not in {"", ".", ".."} and not re.search(r"[/?#]", run)
    return run if is_one else None


def _of_another(app: Invocation, url: str) -> str | None:
    """A hint where the URL is that of a run in another context."""
    from wercker_cli.accounts import contexts

    try:
        known = contexts.saved(app)
    except Usage:  # a config.toml that cannot be read is no matter here
        return None
    for name, entry in known.items():
        if _run_on(entry.url.rstrip("/").removesuffix(API_ROOT) + API_ROOT, url):
            return f"the context {name} has it: wercker --context {name} runs ..."
    return None


def _chosen(app: Invocation, narrowed: Mapping[str, Any], default: str) -> str:
    """The run that the person picks among the latest."""
    from wercker_cli.output.runs import NUMBERED

    if not app.can_ask:
        raise Usage("RUN is missing", hint=f"name one: an id, a run's URL, {LATEST} or {HEAD}")
    latest = list(itertools.islice(runs(app, narrowed), CHOICE))
    if not latest:
        raise NotFound("there is no run to choose from", hint="wercker runs trigger --pipeline NAME")
    app.show_aside([{"#": number, **run} for number, run in enumerate(latest, start=1)], NUMBERED)
    says = f", default {default}" if default else ""
    answer = app.ask(f"Which run? [1-{len(latest)}{says}] ") or default
    if answer.isdecimal() and 1 <= int(answer) <= len(latest):
        return app.api.id_of(latest[int(answer) - 1])
    raise Usage(f"{answer!r} is none of them", hint=f"type a number from 1 to {len(latest)}")
