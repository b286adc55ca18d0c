"""Which runs a list is of: every filter has an index in the order of creation, so that no list reads all runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wercker_cli.engine.store import Store

COMMON = 1000  # fitting runs, beyond which nobody counts
SCOPES = ("pipeline", "application")  # a list has at least one of them; the first is the narrower one
_ENDS = ("finished", "passed", "failed", "aborted")


def page(store: Store, filters: Mapping[str, str], *, ascending: bool, skip: int, limit: int) -> list[int]:
    """The `seq` of runs in the order of their creation; `filters` maps columns to what they have to be.

    A pipeline or an application is among the filters. The beginning of a commit's hash will do.
    """
    if "commit_hash" not in filters:
        return _page(store, filters, ascending=ascending, skip=skip, limit=limit)
    found: list[int] = []
    for commit in _commits(store, filters):
        whole = {**filters, "commit_hash": commit}
        found += _page(store, whole, ascending=ascending, skip=0, limit=skip + limit)
    return sorted(found, reverse=not ascending)[skip : skip + limit]


def _page(store: Store, filters: Mapping[str, str], *, ascending: bool, skip: int, limit: int) -> list[int]:
    where = " AND ".join(_condition(column, value) for column, value in filters.items())
    order = "ASC" if ascending else "DESC"
    rows = store.all(
        f"""
        SELECT seq FROM runs INDEXED BY {_index(store, filters)} WHERE {where}
        ORDER BY seq {order} LIMIT :limit OFFSET :skip
        """,  # noqa: S608 - the names are ours, the values parameters
        **filters,
        limit=limit,
        skip=skip,
    )
    return [row["seq"] for row in rows]


def _condition(column: str, value: str) -> str:
    """A filter in SQL; where an index holds such runs alone, in the words by which SQLite recognizes it."""
    if column in {"status", "result"} and value not in _ENDS:
        return f"{column} = :{column} AND status <> 'finished'"
    if column == "tag" and value:
        return "tag = :tag AND tag <> ''"
    return f"{column} = :{column}"


def _index(store: Store, filters: Mapping[str, str]) -> str:
    """The index that leads to the fewest runs: that of the rarest filter."""
    scope = _scope(filters)
    found = {column: name for column, value in filters.items() if (name := _index_of(column, value, scope))}
    if len(found) < 2:
        return next(iter(found.values()), f"runs_by_{scope}")

    def fitting(column: str) -> int:
        return store.count(
            f"""
            SELECT 1 FROM runs INDEXED BY {found[column]}
            WHERE {scope} = :{scope} AND {_condition(column, filters[column])} LIMIT {COMMON}
            """,  # noqa: S608 - the names are ours, the values parameters
            **{scope: filters[scope], column: filters[column]},
        )

    return found[min(found, key=fitting)]


def _index_of(column: str, value: str, scope: str) -> str | None:
    """The index for a filter; None for a scope, and for what nearly all runs fit."""
    if column in {"status", "result"} and value not in _ENDS:
        return f"runs_unfinished_by_{scope}"
    if column in {"branch", "author", "result", "commit_hash"} or (column == "tag" and value):
        return f"runs_by_{scope}_{column}"
    return "runs_by_source_run" if column == "source_run" else None


def _commits(store: Store, filters: Mapping[str, str]) -> list[str]:
    """The commits whose hash begins so, found one behind the other: each may have any number of runs."""
    scope = _scope(filters)
    place = f"FROM runs INDEXED BY runs_by_{scope}_commit_hash WHERE {scope} = :{scope} AND commit_hash"
    rows = store.all(
        f"""
        WITH RECURSIVE commits (hash) AS (
            SELECT min(commit_hash) {place} >= :beginning AND commit_hash < :beginning || 'g'
            UNION ALL
            SELECT (SELECT min(commit_hash) {place} > hash AND commit_hash < :beginning || 'g')
            FROM commits WHERE hash IS NOT NULL
        )
        SELECT hash FROM commits WHERE hash IS NOT NULL
        """,  # noqa: S608 - the names are ours, the values parameters
        **{scope: filters[scope], "beginning": filters["commit_hash"]},
    )
    return [row["hash"] for row in rows]


def _scope(filters: Mapping[str, str]) -> str:
    return next(column for column in SCOPES if column in filters)
