"""The folders that hold a wercker.yml, and the applications that they are checkouts of."""

import os
from collections.abc import Callable

from wercker_cli.engine import git
from wercker_cli.engine.store import Row, Store, new_id, now_ms
from wercker_cli.errors import NotFound, Refused

FILE_NAMES = ("ewok.yml", "wercker.yml", ".wercker.yml")  # the first that exists counts
LOCAL = "local"  # the owner of what has no remote


def find(folder: str) -> str | None:
    """The checkout that a folder is in: the git work tree around it, else the nearest folder with a wercker.yml."""
    nearest = None
    while True:
        if nearest is None and pipeline_file(folder):
            nearest = folder
        if git.is_repository(folder):
            return folder if pipeline_file(folder) else nearest
        parent = os.path.dirname(folder)
        if parent == folder:
            return nearest
        folder = parent


def pipeline_file(root: str) -> str | None:
    """The name of the wercker.yml of a checkout, or None."""
    return next((name for name in FILE_NAMES if os.path.isfile(os.path.join(root, name))), None)


def register(store: Store, root: str, note: Callable[[str], None], *, public: bool = False) -> Row:
    """The application of a checkout, made if it is new, with the pipelines that its wercker.yml names by now.

    Costs two stats while nothing changed. A wercker.yml that cannot be read gets a note: what is known stays known.
    """
    fingerprint = _fingerprint(root)
    seen = store.one(
        """
        SELECT applications.*, checkouts.fingerprint FROM checkouts
        JOIN applications ON applications.id = checkouts.application WHERE path = :root
        """,
        root=root,
    )
    if seen and seen["fingerprint"] == fingerprint and not public:
        return seen
    pipelines, whole = _pipelines(root, note)
    url = git.origin(root) if git.is_repository(root) else ""
    with store.transaction():
        application = _application(store, root, url, public=public)
        for pipeline in pipelines:
            _add_pipeline(store, application, pipeline)
        store.write(
            """
            INSERT INTO checkouts (path, application, fingerprint, seen_at) VALUES (:root, :application, :seen, :now)
            ON CONFLICT (path) DO UPDATE SET application = :application, fingerprint = :seen, seen_at = :now
            """,
            root=root,
            application=application,
            seen=fingerprint if whole else "",
            now=now_ms(),
        )
        return store.all("SELECT * FROM applications WHERE id = :id", id=application)[0]


def root_of(store: Store, application: str) -> str:
    """The checkout of an application that was seen last; raises NotFound where none is left."""
    for row in store.all(
        "SELECT path FROM checkouts WHERE application = :application ORDER BY seen_at DESC", application=application
    ):
        if os.path.isdir(row["path"]):
            return str(row["path"])
    raise NotFound("no checkout of this application is left on this machine", hint="wercker pipelines add PATH")


def _pipelines(root: str, note: Callable[[str], None]) -> tuple[list[str], bool]:
    """The names of the pipelines in the working tree, and whether its file could be read."""
    from wercker_cli.engine import wercker_yml  # YAML takes as long to load as the rest of a command

    name = pipeline_file(root) or FILE_NAMES[1]
    try:
        file = wercker_yml.read(read_text(os.path.join(root, name), name), name)
    except Refused as error:
        note(f"note: {error.message}; its pipelines are those known from before")
        return [], False
    return [*file.pipelines, *sorted(file.empty)], True


def read_text(path: str, shown: str) -> str:
    """The text of a wercker.yml; raises Refused where it is none."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            return file.read(2**21)
    except OSError as error:
        raise Refused(f"{shown} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise Refused(f"{shown} is not UTF-8 at byte {error.start}") from None


def _application(store: Store, root: str, url: str, *, public: bool) -> str:
    """The id of the application of that checkout: OWNER/NAME of its remote, else local/FOLDER."""
    remote = git.remote(url)
    owner = remote.owner or LOCAL
    name = remote.repository or _local_name(store, root)
    known = store.application(owner, name)
    now = now_ms()
    if known:
        store.write(
            """
            UPDATE applications SET remote = :url, public = max(public, :public), updated_at = :now WHERE id = :id
            """,
            url=url,
            public=public,
            now=now,
            id=known["id"],
        )
        return str(known["id"])
    application = new_id(now)
    store.write(
        """
        INSERT INTO applications (id, owner, name, remote, public, created_at, updated_at)
        VALUES (:id, :owner, :name, :url, :public, :now, :now)
        """,
        id=application,
        owner=owner,
        name=name,
        url=url,
        public=public,
        now=now,
    )
    return application


def _local_name(store: Store, root: str) -> str:
    """The folder's name, with a number where another folder that still exists has it already."""
    own = store.one(
        """
        SELECT name FROM checkouts JOIN applications ON applications.id = application
        WHERE path = :root AND owner = :owner
        """,
        root=root,
        owner=LOCAL,
    )
    if own:
        return str(own["name"])
    wanted = git.name(os.path.basename(root))
    name, number = wanted, 1
    while _taken(store, name):
        number += 1
        name = f"{wanted}-{number}"
    return name


def _taken(store: Store, name: str) -> bool:
    holders = store.all(
        """
        SELECT path FROM checkouts JOIN applications ON applications.id = application
        WHERE owner = :owner AND name = :name
        """,
        owner=LOCAL,
        name=name,
    )
    return any(os.path.isdir(holder["path"]) for holder in holders)


def _add_pipeline(store: Store, application: str, name: str) -> None:
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
    files = [os.path.join(root, name) for name in FILE_NAMES]
    return " ".join(_state(path) for path in [*files, config if os.path.exists(config) else os.path.dirname(config)])


def _state(path: str) -> str:
    try:
        stat = os.stat(path)
    except OSError:
        return "-"
    return f"{stat.st_mtime_ns}.{stat.st_size}.{stat.st_ino}"
