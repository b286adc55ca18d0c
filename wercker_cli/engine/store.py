"""The one shared state: a SQLite database in WAL mode. Rows in, rows out; what they mean to the API is objects.py."""

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import cached_property
from typing import Any, NamedTuple

from wercker_cli.engine import folders, listing, secrets
from wercker_cli.engine.clock import now_ms
from wercker_cli.engine.schema import MIGRATIONS
from wercker_cli.errors import Refused, Unreachable, WerckerError

Row = sqlite3.Row

BUSY = 30.0  # seconds to wait for somebody else's transaction
_PASSING = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY}
_LASTING = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
INTERNAL_STEPS = ("get code", "setup environment")

# The application and the pipeline are part of a run wherever the API shows one.
_RUNS = """
    SELECT runs.*, pipelines.name AS pipeline_name, pipelines.created_at AS pipeline_created_at,
           applications.name AS application_name, applications.owner AS application_owner,
           applications.remote, applications.public, applications.served_from, source.result AS source_result,
           workflows.name AS workflow_name, workflows.nodes AS workflow_nodes
    FROM runs
    JOIN pipelines ON pipelines.id = runs.pipeline
    JOIN applications ON applications.id = runs.application
    LEFT JOIN runs AS source ON source.id = runs.source_run
    LEFT JOIN workflows ON workflows.id = runs.workflow
"""


class NewRun(NamedTuple):
    """What a run is made of; `inputs` are pairs of a folder and the run whose artifact is put there."""

    application: str
    pipeline: str
    repository: str
    branch: str
    tag: str
    commit: str
    message: str
    env_vars: list[dict[str, Any]]
    host_vars: dict[str, str]
    author: str
    source_run: str | None = None  # the one that started it, or that it starts from
    inputs: Sequence[tuple[str, str]] = ()
    workflow: str | None = None
    node: str = ""
    trouble: str = ""  # why the commit could not be fetched
    base: str = ""  # the root of the URLs in its variables


class Store:
    """The database in a state folder; opened when first used, and again after `close`.

    Every method raises Unreachable where the disk is full or the database is held by others for too long, and Refused
    where it cannot be used at all.
    """

    def __init__(self, home: str) -> None:
        self.home = home
        self._inode = 0
        self._opened = 0

    @cached_property
    def _db(self) -> sqlite3.Connection:
        with self._trouble_told():
            folders.prepare(self.home)
            db = sqlite3.connect(folders.database(self.home), timeout=BUSY, isolation_level=None)
            db.row_factory = sqlite3.Row
            self._inode = os.stat(folders.database(self.home)).st_ino
            self._opened += 1
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version < len(MIGRATIONS):
                _migrate(db, self.home)
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute("PRAGMA foreign_keys = ON")
        _check_version(version, self.home)
        return db

    @contextmanager
    def _trouble_told(self) -> Iterator[None]:
        """Says in a sentence what is wrong with the disk or the files; a fault in our SQL goes on as it is."""
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            trouble = _trouble(self.home, error)
            if trouble is None:
                raise
            raise trouble from None
        except UnicodeEncodeError as error:
            raise Refused(f"{error.object!r} is no UTF-8 text, and the engine can keep nothing else") from None

    def copy(self, path: str) -> None:
        """Makes a file, readable for its owner alone, of all that is in the database at this moment."""
        with self._trouble_told():
            folders.make_private(path)
            with closing(sqlite3.connect(path)) as copy:
                self._db.backup(copy)

    def close(self) -> None:
        """Ends the connection: SQLite does not survive a fork."""
        if "_db" in self.__dict__:
            self._db.close()
            del self._db

    def is_in_place(self) -> bool:
        """Whether the database that is open is still the one in the state folder."""
        try:
            return "_db" in self.__dict__ and os.stat(folders.database(self.home)).st_ino == self._inode
        except OSError:  # whoever opens it again is told
            return False

    def is_there(self) -> bool:
        """Whether it is, and not of a newer version by now."""
        try:
            return self.is_in_place() and int(self.all("PRAGMA user_version")[0][0]) <= len(MIGRATIONS)
        except (sqlite3.Error, WerckerError):  # likewise
            return False

    def look_again(self) -> None:
        """Goes on with what is in the state folder by now, if that is another database, restored from a backup.

        Raises Unreachable where there is none any more: a new one would hide that.
        """
        if not self.is_there():
            self.close()
            if not os.path.exists(folders.database(self.home)):
                raise Unreachable(f"there is no database in the state folder {self.home} any more")

    def one(self, sql: str, **values: Any) -> Row | None:
        """The first row, or None."""
        with self._trouble_told():
            row: Row | None = self._db.execute(sql, values).fetchone()
        return row

    def all(self, sql: str, **values: Any) -> list[Row]:
        """All rows."""
        with self._trouble_told():
            return self._db.execute(sql, values).fetchall()

    def count(self, sql: str, **values: Any) -> int:
        """The number of rows of a query."""
        row = self.one(f"SELECT count(*) AS count FROM ({sql})", **values)  # noqa: S608 - of our own queries
        return int(row["count"]) if row else 0

    def write(self, sql: str, **values: Any) -> int:
        """The number of rows that the statement changed."""
        with self._trouble_told():
            return self._db.execute(sql, values).rowcount

    @contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[None]:
        """All of the statements inside, or none; `durable` ones survive a loss of power once this returns."""
        if durable:
            self.write("PRAGMA synchronous = FULL")
        self.write("BEGIN IMMEDIATE")
        try:
            yield
            self.write("COMMIT")
        finally:  # Ctrl-C too must leave nothing half done
            if self._db.in_transaction:
                self.write("ROLLBACK")
            if durable:
                self.write("PRAGMA synchronous = NORMAL")

    def version(self) -> tuple[int, bytes]:
        """Something that changes whenever anything in the database does, whoever changes it."""
        from wercker_cli.engine import changes  # only servers ask

        if "_db" not in self.__dict__:
            self.one("SELECT 1")
        with self._trouble_told():
            return self._opened, changes.version(folders.database(self.home), self._inode)

    def check_writable(self) -> None:
        """Raises Refused or Unreachable where nothing could be kept now; keeps nothing itself."""
        self.write("BEGIN IMMEDIATE")
        try:
            version = self.all("PRAGMA user_version")[0][0]
            _check_version(version, self.home)
            self.write(f"PRAGMA user_version = {version}")
        finally:
            self.write("ROLLBACK")
        if folders.is_full(self.home):
            raise Unreachable(f"no space is left on the disk of the state folder {self.home}")

    def runs(self, filters: Mapping[str, str], *, ascending: bool, skip: int, limit: int) -> list[Row]:
        """Runs in the order of their creation; `filters` maps columns to what they have to be."""
        found = listing.page(self, filters, ascending=ascending, skip=skip, limit=limit)
        return self.listed(found, ascending=ascending)

    def listed(self, found: list[int], *, ascending: bool) -> list[Row]:
        """The runs with these numbers (`seq`), in their order."""
        order = "ASC" if ascending else "DESC"
        return self.all(f"{_RUNS} WHERE runs.seq IN ({', '.join(map(str, found))}) ORDER BY runs.seq {order}")

    def run(self, run: str) -> Row | None:
        """One run, or None."""
        return self.one(f"{_RUNS} WHERE runs.id = :run", run=run)

    def add_run(self, new: NewRun) -> str:
        """The id of a new run that waits for a worker, with its two internal steps; for a transaction.

        The values of secret variables are kept apart from it.
        """
        now = now_ms()
        run = new_id(now)
        self.write(
            """
            INSERT INTO runs (id, application, pipeline, repository, branch, tag, commit_hash, message, env_vars,
                              host_vars, author, source_run, inputs, workflow, node, trouble, base,
                              created_at)
            VALUES (:run, :application, :pipeline, :repository, :branch, :tag, :commit, :message, :env_vars,
                    :host_vars, :author, :source_run, :inputs, :workflow, :node, :trouble, :base,
                    :now)
            """,
            **{
                **new._asdict(),
                "run": run,
                "env_vars": json.dumps(secrets.shown(new.env_vars)),
                "host_vars": json.dumps(new.host_vars),
                "inputs": json.dumps(new.inputs),
                "now": now,
            },
        )
        self.add_steps(run, [(name, "") for name in INTERNAL_STEPS], first=1, now=now)
        secrets.keep(self.home, run, new.env_vars)
        return run

    def add_steps(self, run: str, steps: list[tuple[str, str]], *, first: int, now: int) -> list[str]:
        """Appends steps, as names with their phases, from the position `first` on; gives their ids."""
        ids = [new_id(now) for _ in steps]
        with self._trouble_told():
            self._db.executemany(
                "INSERT INTO steps (id, run, position, name, phase, created_at) VALUES (?, ?, ?, ?, ?, ?)",
                [(id_, run, first + n, *step, now) for n, (id_, step) in enumerate(zip(ids, steps, strict=True))],
            )
        return ids

    def steps(self, run: str) -> list[Row]:
        """The steps of a run in their order."""
        return self.all("SELECT * FROM steps WHERE run = :run ORDER BY position", run=run)

    def step(self, step: str) -> Row | None:
        """One step, or None."""
        return self.one("SELECT * FROM steps WHERE id = :step", step=step)

    def pipeline(self, pipeline: str) -> Row | None:
        """One pipeline, or None."""
        return self.one("SELECT * FROM pipelines WHERE id = :pipeline", pipeline=pipeline)

    def pipeline_called(self, application: str, name: str) -> str:
        """The id of a pipeline that is there."""
        sql = "SELECT id FROM pipelines WHERE application = :application AND name = :name"
        return str(self.all(sql, application=application, name=name)[0]["id"])

    def pipelines(self, application: str, *, skip: int, limit: int) -> list[Row]:
        """The pipelines of an application in the order in which they appeared, with its `public`."""
        return self.all(
            """
            SELECT pipelines.*, applications.public FROM pipelines
            JOIN applications ON applications.id = pipelines.application
            WHERE application = :application ORDER BY pipelines.rowid LIMIT :limit OFFSET :skip
            """,
            application=application,
            skip=skip,
            limit=limit,
        )

    def application(self, owner: str, name: str) -> Row | None:
        """One application, or None."""
        return self.one("SELECT * FROM applications WHERE owner = :owner AND name = :name", owner=owner, name=name)

    def application_by_id(self, application: str) -> Row | None:
        """One application, or None."""
        return self.one("SELECT * FROM applications WHERE id = :application", application=application)

    def application_with(self, pipeline: str) -> Row | None:
        """The application that has this pipeline, by its id, or None."""
        return self.one(
            "SELECT * FROM applications WHERE id = (SELECT application FROM pipelines WHERE id = :pipeline)",
            pipeline=pipeline,
        )

    def applications(self, owner: str) -> list[Row]:
        """The applications of an owner, by name."""
        return self.all("SELECT * FROM applications WHERE owner = :owner ORDER BY name", owner=owner)


def new_id(now: int) -> str:
    """24 hexadecimal digits, of which the first 8 are the seconds of `now`, as in every id of the API."""
    return f"{now // 1000 & 0xFFFFFFFF:08x}{os.urandom(8).hex()}"


def _trouble(home: str, error: OSError | sqlite3.Error) -> WerckerError | None:
    """What the error says about the disk or the files; None where it is about neither."""
    said = f"the state folder {home} cannot be used: {error}"
    code = sqlite3.SQLITE_CANTOPEN if isinstance(error, OSError) else getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _PASSING:
        return Unreachable(said, hint="make room on its disk, or try again later")
    if code in _LASTING:
        return Refused(said, hint="set WERCKER_HOME to another folder that you can write to")
    return None


def _check_version(version: int, home: str) -> None:
    if version > len(MIGRATIONS):
        raise Refused(
            f"the state folder {home} was made by a newer wercker", hint="upgrade wercker, or set WERCKER_HOME"
        )


def _migrate(db: sqlite3.Connection, home: str) -> None:
    """Brings the schema up to date; the lock lets one process at a time do so."""
    import fcntl

    folder = os.open(home, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        db.execute("PRAGMA journal_mode = WAL")
        version = db.execute("PRAGMA user_version").fetchone()[0]
        for number, migration in enumerate(MIGRATIONS[version:], version + 1):
            db.executescript(f"BEGIN; {migration} PRAGMA user_version = {number}; COMMIT;")
    finally:
        os.close(folder)
