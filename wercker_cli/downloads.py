"""Archives of a server, unpacked beside their place and then moved into it: all of it, or nothing."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator

from wercker_cli import archive, selection
from wercker_cli.app import Invocation
from wercker_cli.errors import NotFound, Refused, Usage
from wercker_cli.output.cells import get
from wercker_cli.output.columns import Json
from wercker_cli.output.text import one_line

SHOWN = 5  # files that are named in an error
UNFINISHED = ".wercker-unfinished-"  # how the name of a folder begins that is gone at the end
GIT = ".git"
USABLE = 0.9  # of what is free on a disk: no archive may fill it


def of_run(app: Invocation, run: str) -> Iterator[bytes]:
    """The archive of what a run left, in pieces; raises NotFound where there is none."""
    return app.api.artifact(run)


def of_step(app: Invocation, run: str, asked: str) -> Iterator[bytes]:
    """The archive of what a step left, in pieces; raises NotFound where it left nothing."""
    called = selection.steps_called(app.api.steps(run), asked, run)
    found = [step for step in called if get(step, "artifactsUrl")]
    if not found:
        raise NotFound(f"step {asked!r} of run {run} left no artifacts", hint="wercker runs artifacts without --step")
    if len(found) > 1:
        numbers = ", ".join(get(step, "order") for step in found)
        raise Usage(f"several steps of run {run} are called {asked!r}", hint=f"--step N, where N is one of {numbers}")
    return app.api.step_artifacts(get(found[0], "artifactsUrl"))


def unpack(app: Invocation, pieces: Iterator[bytes], directory: str, *, force: bool) -> list[Json]:
    """Unpacks an archive in a folder, which is made if need be; the files as objects with a `path`, sorted.

    Raises Refused, and leaves everything as it was, where it is no archive, where files are in the way (unless
    `force`), and where there is no room.
    """
    try:
        with _ended_cleanly(), _existing(directory), _beside(directory) as beside:
            files, before = os.path.join(beside, "new"), os.path.join(beside, "old")
            os.mkdir(files)
            os.mkdir(before)
            folders = _fetch(app, pieces, beside, files)
            _leave_out_git(app, files, directory)
            names = _names(app, files)
            moves = list(_moves(files, directory))
            _check(moves, force=force)
            made = [folder for folder in folders if not archive.is_folder(os.path.join(directory, folder.name))]
            with _undisturbed():
                _move(moves, before)
                archive.finish(directory, made)
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        raise Refused(f"nothing was unpacked in {directory}: {error.strerror or error}{where}") from None
    return [{"path": os.path.normpath(os.path.join(directory, name))} for name in names]


def _fetch(app: Invocation, pieces: Iterator[bytes], beside: str, files: str) -> list[archive.Folder]:
    with open(os.path.join(beside, "archive"), "w+b") as file:
        for piece in pieces:
            file.write(piece)
        file.seek(0)
        disk = os.statvfs(beside)
        most = int(disk.f_bavail * disk.f_frsize * USABLE)
        return archive.unpack(file, files, lambda text: app.note(one_line(text)), most=most)


@contextlib.contextmanager
def _existing(directory: str) -> Iterator[None]:
    """Makes the folder, and takes it away again where something goes wrong."""
    missing, path = [], os.path.abspath(directory)
    while not os.path.lexists(path):
        missing.append(path)
        path = os.path.dirname(path)
    os.makedirs(directory, exist_ok=True)
    try:
        yield
    except BaseException:  # Ctrl-C too
        for path in missing:
            os.rmdir(path)
        raise


@contextlib.contextmanager
def _ended_cleanly() -> Iterator[None]:
    """Within this a signal that ends the process lets it clear up first."""

    def leave(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _beside(directory: str) -> Iterator[str]:
    """A folder on the disk of that folder, gone afterwards; what a killed download left there goes too."""
    for name in os.listdir(directory):
        if name.startswith(UNFINISHED):
            _remove_unless_locked(os.path.join(directory, name))
    with tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=directory) as beside, _locked(beside):
        yield beside


@contextlib.contextmanager
def _locked(folder: str) -> Iterator[None]:
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(lock)


def _remove_unless_locked(folder: str) -> None:
    try:
        with _locked(folder):
            shutil.rmtree(folder, ignore_errors=True)
    except OSError:  # another download is at it, or it is something else
        return


def _leave_out_git(app: Invocation, files: str, directory: str) -> None:
    """Takes away what would become part of a repository that is there already: its hooks, say, run by themselves."""
    for path, below, found in os.walk(files):
        shown = os.path.relpath(path, files)
        if GIT in [*below, *found] and os.path.lexists(os.path.join(directory, shown, GIT)):
            app.note(one_line(f"left out: {os.path.normpath(os.path.join(shown, GIT))}: a repository is there"))
            place = os.path.join(path, GIT)
            shutil.rmtree(place) if archive.is_folder(place) else os.unlink(place)
            below[:] = [name for name in below if name != GIT]


def _names(app: Invocation, files: str) -> list[str]:
    """The files and links, sorted; links that lead out of the folder are taken away."""
    root, names = os.path.realpath(files), []
    for path, below, found in os.walk(files):
        below[:], links = _parted(path, below)
        for name in (os.path.join(path, entry) for entry in [*found, *links]):
            shown = os.path.relpath(name, files)
            if os.path.islink(name) and not f"{os.path.realpath(name)}/".startswith(f"{root}/"):
                app.note(one_line(f"left out: {shown}: it leads out of the folder, to {os.readlink(name)}"))
                os.unlink(name)
            else:
                names.append(shown)
    return sorted(names)


def _parted(path: str, names: list[str]) -> tuple[list[str], list[str]]:
    """Folders and links to folders, which os.walk does not tell apart."""
    links = [name for name in names if os.path.islink(os.path.join(path, name))]
    return [name for name in names if name not in links], links


def _moves(source: str, target: str) -> Iterator[tuple[str, str]]:
    """From where to where; a folder that is there already gets what is in the new one."""
    for name in os.listdir(source):
        new, place = os.path.join(source, name), os.path.join(target, name)
        if archive.is_folder(new) and archive.is_folder(place):
            yield from _moves(new, place)
        else:
            yield new, place


def _check(moves: list[tuple[str, str]], *, force: bool) -> None:
    """Raises Refused where something is in the way that must not be overwritten."""
    there = [(new, place) for new, place in moves if os.path.lexists(place)]
    other = [place for new, place in there if archive.is_folder(new) or archive.is_folder(place)]
    if other:
        raise Refused(f"what is a folder on one side is none on the other: {_listed(other)}", hint="choose another DIR")
    if there and not force:
        raise Refused(
            f"nothing was unpacked, as these are there already: {_listed([place for _, place in there])}",
            hint="--force overwrites them, --directory DIR unpacks elsewhere",
        )


def _listed(paths: list[str]) -> str:
    more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
    return ", ".join(map(os.path.normpath, sorted(paths)[:SHOWN])) + more


def _move(moves: list[tuple[str, str]], before: str) -> None:
    """Moves all of them or none: what is overwritten waits in the folder `before` until all have moved."""
    done: list[tuple[str, str]] = []
    try:
        for number, (new, place) in enumerate(moves):
            if os.path.lexists(place):
                old = os.path.join(before, str(number))
                os.rename(place, old)
                done.append((place, old))
            os.rename(new, place)
            done.append((new, place))
    except OSError:
        for was, now in reversed(done):
            os.rename(now, was)
        raise


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Ctrl-C comes before or after what is inside, which is short."""
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
