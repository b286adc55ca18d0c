"""Keeps the state folder from growing without bound: what nobody needs goes.

Rows go first and files after them, by a move into the trash: a run that is listed has its logs, and what a killed
prune leaves belongs to nobody, by which the next one finds it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator

from wercker_cli.engine import folders, mirrors, retention, snapshot
from wercker_cli.engine.objects import BASE, Json, run_object
from wercker_cli.engine.retention import DAY, Retention
from wercker_cli.engine.store import Store

BLOCK = 512  # bytes: in this unit the system counts the blocks of a file, whatever its disk uses
LAZY = 19  # everybody else first
JUST_TAKEN = 3600  # seconds within which a snapshot may be of a run that is about to be triggered
CHUNK = 500  # ids in a query
ARTIFACTS = {"artifact.tar.gz", "artifact.tar.gz.new", "artifacts", "checkout"}  # in the folder of a run
STRAYS = {  # folders whose entries are called by an id, and perhaps a suffix; and how to ask which ids are known
    "runs": "SELECT id FROM runs WHERE id IN (SELECT value FROM json_each(:ids))",
    "work": "SELECT id FROM runs WHERE id IN (SELECT value FROM json_each(:ids)) AND status <> 'finished'",
    "cache": "SELECT id FROM applications WHERE id IN (SELECT value FROM json_each(:ids))",
    "snapshots": "SELECT id FROM applications WHERE id IN (SELECT value FROM json_each(:ids))",
}


class Pruning:
    """One pass over the state folder, which takes place while its `runs` are read; `count` is theirs, `freed` bytes."""

    def __init__(self, store: Store, application: str | None, wanted: Retention | None, *, dry_run: bool) -> None:
        """Of every application unless one is named; without a wanted retention the default one counts."""
        self.count = self.freed = 0
        self._store, self._home = store, store.home
        self._application, self._wanted, self._dry_run = application, wanted, dry_run

    def runs(self) -> Iterator[Json]:
        """The runs that go, as the API shows them. When one comes, nothing is left of it."""
        for application in self._applications():
            gone = set()
            lost = retention.is_lost(self._store, application)
            wanted = self._wanted or (retention.OF_LOST if lost else retention.DEFAULT)
            for rows in retention.going(self._store, application, wanted, dry_run=self._dry_run):
                for row in rows:
                    gone.add(row["id"])
                    self._discard_of_run(row["id"], lambda folder: [folder])
                self.count += len(rows)
                yield from (run_object(row, BASE, whole=False) for row in rows)
            if self._wanted is None:
                self._discard_artifacts(application, gone)
            if lost and not self._has_unfinished(application):
                self._discard(folders.cache(self._home, application))
            if not self._dry_run:
                self._drop_snapshots(application)
                retention.forget(self._store, application)
        self._discard_strays()
        if not self._dry_run:
            folders.empty_trash(self._home)

    def _applications(self) -> list[str]:
        if self._application:
            return [self._application]
        return [row["id"] for row in self._store.all("SELECT id FROM applications ORDER BY owner, name")]

    def _discard_artifacts(self, application: str, gone: set[str]) -> None:
        for run in retention.without_artifacts(self._store, application):
            if run not in gone:  # in a dry run nothing has gone
                self._discard_of_run(run, _left_in)

    def _discard_of_run(self, run: str, which: Callable[[str], list[str]]) -> None:
        """What is in the folder of a run, or that itself, while nobody makes an archive there."""
        folder = _folder(self._home, run)
        if os.path.isdir(folder):
            with folders.locked(folder):
                for path in which(folder):
                    self._discard(path)

    def _discard_strays(self) -> None:
        """What belongs to no row: the row comes before its folder, and goes before it."""
        for folder, query in STRAYS.items():
            place = os.path.join(self._home, folder)
            names = os.listdir(place) if os.path.isdir(place) else []
            for first in range(0, len(names), CHUNK):
                ids = {name: name.partition(".")[0] for name in names[first : first + CHUNK]}
                known = {row["id"] for row in self._store.all(query, ids=json.dumps(list(ids.values())))}
                for name, id_ in ids.items():
                    if id_ not in known:
                        self._discard(os.path.join(place, name))

    def _discard(self, path: str) -> None:
        """Counts what goes, and moves it away."""
        self.freed += _size(path)
        if not self._dry_run:
            _move_away(self._home, path)

    def _has_unfinished(self, application: str) -> bool:
        unfinished = "SELECT 1 FROM runs WHERE application = :application AND status <> 'finished'"
        return self._store.one(unfinished, application=application) is not None

    def _drop_snapshots(self, application: str) -> None:
        kept = snapshot.repository(self._home, application)
        if os.path.isdir(kept):
            before = _size(kept)
            snapshot.drop(kept, lambda commit: self._is_of_a_run(application, commit), time.time() - JUST_TAKEN)
            self.freed += before - _size(kept)

    def _is_of_a_run(self, application: str, commit: str) -> bool:
        of_it = "SELECT 1 FROM runs WHERE application = :application AND commit_hash = :commit"
        return self._store.one(of_it, application=application, commit=commit) is not None


def daily(store: Store) -> None:
    """Prunes by the default retention, unless that happened within a day."""
    mark = os.path.join(store.home, "pruned")
    try:
        since = time.time() - os.stat(mark).st_mtime
    except FileNotFoundError:
        since = float("inf")
    if 0 <= since < DAY / 1000:  # a clock that was put back must not stop it for long
        return
    os.close(os.open(mark, os.O_CREAT | os.O_WRONLY, 0o600))
    os.utime(mark)
    os.nice(LAZY)
    for _ in Pruning(store, None, None, dry_run=False).runs():
        continue
    mirrors.tidy(store.home)


def _folder(home: str, run: str) -> str:
    return os.path.dirname(folders.logs(home, run))


def _left_in(folder: str) -> list[str]:
    """What a run left, in its folder."""
    return [os.path.join(folder, name) for name in ARTIFACTS.intersection(os.listdir(folder))]


def _move_away(home: str, path: str) -> None:
    """Into the trash, in one move; what is not ours to move stays."""
    while os.path.lexists(path):
        holder = os.path.join(home, "trash", os.urandom(8).hex())
        try:
            os.makedirs(holder, mode=0o700)
            os.rename(path, os.path.join(holder, os.path.basename(path)))
        except FileNotFoundError:  # a worker has emptied the trash just now
            continue
        except OSError:
            return


def _size(path: str) -> int:
    """Bytes on the disk of a file, or of a folder with all that is in it; 0 where there is nothing."""
    try:
        total = os.lstat(path).st_blocks * BLOCK
        if os.path.isdir(path) and not os.path.islink(path):
            total += sum(_size(entry.path) for entry in os.scandir(path))
    except OSError:  # gone meanwhile, or another user's
        return 0
    return total
