"""The folders that hold a wercker.yml, and the applications that they are checkouts of."""

import itertools
import os
from collections.abc import Callable

from wercker_cli.engine import git, pipeline_file
from wercker_cli.engine.clock import now_ms
from wercker_cli.engine.store import Row, Store, new_id
from wercker_cli.errors import NotFound, Refused

LOCAL = "local"  # the owner of what has no remote


def find(folder: str) -> str | None:
    """The checkout that a folder is in: the git work tree around it, else the nearest folder with a wercker.yml."""
    nearest = None
    while True:
        if nearest is None and pipeline_file.find(folder):
            nearest = folder
        if git.is_repository(folder):
            return folder if pipeline_file.find(folder) else nearest
        parent = os.path.dirname(folder)
        if parent == folder:
            return nearest
        folder = parent


def register(
    store: Store, root: str, note: Callable[[str], None], *, name: str = "", public: bool | None = None
) -> Row:
    """The application of a checkout, made if it is new, with the pipelines that its wercker.yml names by now.

    It is called `name` (OWNER/NAME) from now on, else what a person has called it before, else after its remote;
    where `public` is None it stays public or private, and is private at first. Costs two stats while nothing changed.
    A wercker.yml that cannot be read gets a note: what is known stays known.
    """
    fingerprint = _fingerprint(root)
    seen = store.one(
        """
        SELECT applications.*, checkouts.fingerprint, checkouts.named FROM checkouts
        JOIN applications ON applications.id = checkouts.application WHERE path = :root
        """,
        root=root,
    )
    if seen and seen["fingerprint"] == fingerprint and public is None and not name:
        return seen
    if not name and seen and seen["named"]:
        name = f"{seen['owner']}/{seen['name']}"
    pipelines, whole = _pipelines(root, note)
    url = git.origin(root) if git.is_repository(root) else ""
    with store.transaction():
        application = name_application(store, name or _name(store, root, url), url, public=public)["id"]
        for pipeline in pipelines:
            add_pipeline(store, application, pipeline)
        store.write(
            """
            INSERT INTO checkouts (path, application, fingerprint, seen_at, named)
            VALUES (:root, :application, :seen, :now, :named)
            ON CONFLICT (path) DO UPDATE SET application = :application, fingerprint = :seen, seen_at = :now,
                                             named = :named
            """,
            root=root,
            named=bool(name),
            application=application,
            seen=fingerprint if whole else "",
            now=now_ms(),
        )
        return store.all("SELECT * FROM applications WHERE id = :id", id=application)[0]


def serve(store: Store, application: str, root: str, url: str = "") -> None:
    """Lets a server show and run an application, from that folder; the mirror of a URL is below the state folder."""
    store.write(
        "UPDATE applications SET served_from = :root, fetched_from = :url WHERE id = :application",
        root=root,
        url=url,
        application=application,
    )


def served_from(store: Store, application: Row) -> str:
    """The folder that a server runs an application from; '' where it does not."""
    folder = str(application["served_from"])
    return folder and os.path.join(store.home, folder)


def look_at_served(store: Store, seen: dict[str, str]) -> None:
    """Makes the pipelines known that the served checkouts have got; `seen` says what they were like the last time.

    Costs two stats for each where nothing changed. They stay the applications as which they were added.
    """
    for row in store.all("SELECT id, served_from FROM applications WHERE served_from <> '' AND fetched_from = ''"):
        fingerprint = _fingerprint(row["served_from"])
        if seen.get(row["id"]) != fingerprint:
            for pipeline in _pipelines(row["served_from"], lambda _: None)[0]:
                add_pipeline(store, row["id"], pipeline)
            seen[row["id"]] = fingerprint


def root_of(store: Store, application: str) -> str:
    """A checkout of the application, the one whose files changed last, else its mirror; raises NotFound for neither."""
    found = [
        str(row["path"])
        for row in store.all(
            "SELECT path FROM checkouts WHERE application = :application ORDER BY seen_at DESC", application=application
        )
    ]
    row = store.application_by_id(application)
    if row and row["fetched_from"]:
        found.append(served_from(store, row))
    for path in found:
        if os.path.isdir(path):
            return path
    raise NotFound("no checkout of this application is left on this machine", hint="wercker pipelines add PATH")


def targets(root: str, pipeline: str | None) -> list[str]:
    """The deploy targets of a pipeline, of all where none is named; raises Refused for a file that cannot be read."""
    from wercker_cli.engine import wercker_yml

    name = pipeline_file.find(root) or "wercker.yml"
    found = wercker_yml.read(pipeline_file.text(root, name), name).pipelines
    return [target for one in found.values() if pipeline in {None, one.name} for target in one.targets]


def _pipelines(root: str, note: Callable[[str], None]) -> tuple[list[str], bool]:
    """The names of the pipelines in the working tree, and whether its file could be read."""
    from wercker_cli.engine import wercker_yml  # YAML takes as long to load as the rest of a command

    name = pipeline_file.find(root) or "wercker.yml"
    try:
        file = wercker_yml.read(pipeline_file.text(root, name), name)
    except Refused as error:
        note(f"note: {error.message}; its pipelines are those known from before")
        return [], False
    return [*file.pipelines, *sorted(file.empty)], True


def name_application(store: Store, called: str, url: str, *, public: bool | None) -> Row:
    """The application of that OWNER/NAME and that remote, made if it is new; None leaves it public or private."""
    owner, _, name = called.partition("/")
    now = now_ms()
    store.write(
        """
        INSERT INTO applications (id, owner, name, remote, public, created_at, updated_at)
        VALUES (:id, :owner, :name, :url, coalesce(:public, 0), :now, :now)
        ON CONFLICT (owner, name) DO UPDATE SET remote = :url, public = coalesce(:public, public), updated_at = :now
        """,
        id=new_id(now),
        owner=owner,
        name=name,
        url=url,
        public=public,
        now=now,
    )
    return store.all("SELECT * FROM applications WHERE owner = :owner AND name = :name", owner=owner, name=name)[0]


def _name(store: Store, root: str, url: str) -> str:
    """OWNER/NAME of a checkout's remote, else local/FOLDER."""
    remote = git.remote(url)
    return f"{remote.owner or LOCAL}/{remote.repository or _local_name(store, root)}"


def _local_name(store: Store, root: str) -> str:
    """The folder's name, with a number where another folder that still exists has it already."""
    known = store.all(
        """
        SELECT path, name FROM checkouts JOIN applications ON applications.id = application WHERE owner = :owner
        """,
        owner=LOCAL,
    )
    for row in known:
        if row["path"] == root:
            return str(row["name"])
    taken = {row["name"] for row in known if os.path.isdir(row["path"])}
    wanted = git.name(os.path.basename(root))
    numbered = (wanted if number == 1 else f"{wanted}-{number}" for number in itertools.count(1))
    return next(name for name in numbered if name not in taken)


def add_pipeline(store: Store, application: str, name: str) -> None:
    """Makes a pipeline known, if it is not yet."""
    now = now_ms()
    store.write(
        "INSERT OR IGNORE INTO pipelines (id, application, name, created_at) VALUES (:id, :application, :name, :now)",
        id=new_id(now),
        application=application,
        name=name,
        now=now,
    )


def _fingerprint(root: str) -> str:
    """Changes when the wercker.yml or the configuration of the repository does."""
    config = os.path.join(root, ".git", "config")
    files = [os.path.join(root, name) for name in pipeline_file.FILE_NAMES]
    return " ".join(_state(path) for path in [*files, config if os.path.exists(config) else os.path.dirname(config)])


def _state(path: str) -> str:
    try:
        stat = os.stat(path)
    except OSError:
        return "-"
    return f"{stat.st_mtime_ns}.{stat.st_size}.{stat.st_ino}"
