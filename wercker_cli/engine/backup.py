"""All that is worth keeping of a state folder as one archive, taken while runs and a server go on."""

import os
import tarfile
import tempfile
from collections.abc import Callable
from contextlib import nullcontext

from wercker_cli.engine import folders, mirrors
from wercker_cli.engine.store import Store
from wercker_cli.errors import Refused


def write(store: Store, path: str, note: Callable[[str], None]) -> None:
    """Writes the archive to `path`, readable for its owner alone, once it is whole; raises Refused where it cannot.

    Nothing may be there before. What in the state folder cannot be read is left out, with a note.

    It holds the database, what runs have left, and the repositories; no caches, no working copies, no secrets of runs.
    Of a run that goes on meanwhile its files may be further than its row, and never less far.
    """
    if os.path.lexists(path):
        raise Refused(f"there is a file {path} already", hint="name one that is not there yet")
    try:
        with tempfile.NamedTemporaryFile(dir=os.path.dirname(os.path.abspath(path)), delete=False) as file:
            try:
                with tarfile.open(fileobj=file, mode="w:gz", compresslevel=1) as archive:
                    _fill(archive, store, note)
                file.flush()
                os.fsync(file.fileno())  # a disk may be full only now
                os.replace(file.name, path)
            except BaseException:  # Ctrl-C too leaves nothing half done
                os.remove(file.name)
                raise
    except OSError as error:
        raise Refused(f"the backup {path} could not be written: {error.strerror or error}") from None


def _fill(archive: tarfile.TarFile, store: Store, note: Callable[[str], None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "wercker.db")
        store.copy(copy)
        archive.add(store.home, ".", recursive=False)  # whoever unpacks it has the modes of the folder too
        archive.add(copy, os.path.basename(folders.database(store.home)))
    for mirror in mirrors.whole(store.home):
        with mirrors.held(mirror):
            _add(archive, store.home, mirror, note)
    for name in ("runs", "snapshots"):
        _add(archive, store.home, os.path.join(store.home, name), note)


def _add(archive: tarfile.TarFile, home: str, top: str, note: Callable[[str], None]) -> None:
    """Adds all below a folder, but for what goes away meanwhile, and what cannot be read, which is told."""

    def left_out(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            note(f"note: {os.path.relpath(error.filename, home)} is not in it: {error.strerror}")

    for folder, below, files in os.walk(top, onerror=left_out):
        links = [name for name in below if os.path.islink(os.path.join(folder, name))]
        for path in (folder, *(os.path.join(folder, name) for name in [*files, *links])):
            archive.inodes.clear()  # type: ignore[attr-defined]  # else it links to what had a file's inode before
            try:
                info = archive.gettarinfo(path, os.path.relpath(path, home))
                file = open(path, "rb") if info and info.isreg() else None  # noqa: SIM115 - closed below
            except OSError as error:
                left_out(error)
                continue
            with file or nullcontext():
                if info:  # a socket is nothing that can be kept
                    archive.addfile(info, file)
