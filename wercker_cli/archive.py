"""Folders as compressed archives (tar, gzip) and back: modes, times, links and any name survive.

An archive can be a stranger's. Whatever it holds, nothing is written outside of the folder that it is unpacked in,
and it takes little memory.
"""

from __future__ import annotations

import gzip
import io
import itertools
import os
import stat
import tarfile
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple, TypeVar, cast

from wercker_cli.errors import Refused

LEVEL = 1  # of compression: four times as fast as the usual one, for an archive a tenth larger
PIECE = 2**16  # bytes in memory; no name and no header of an archive may be longer
ENTRY = 4096  # bytes that a file takes beside its content, at most
PERMISSIONS = 0o777  # setuid and its like stay behind
DEEPEST = 200  # folders in each other
LATEST = 2**33  # seconds since 1970 that file systems can hold

_KINDS = {stat.S_IFDIR: tarfile.DIRTYPE, stat.S_IFLNK: tarfile.SYMTYPE, stat.S_IFREG: tarfile.REGTYPE}
_GZIP = b"\x1f\x8b"
_DAMAGED = (tarfile.TarError, EOFError, OSError, zlib.error, ValueError, RecursionError)

Note = Callable[[str], None]
T = TypeVar("T")


class Folder(NamedTuple):
    """A folder of an archive, whose mode and time come last: it may be read-only."""

    name: str
    mode: int
    modified: int  # nanoseconds since 1970


def pack(folder: str, target: str, note: Note, *, unfinished: str, without: frozenset[str] = frozenset()) -> None:
    """Writes what is in a folder to the archive `target`, which is there whole or not at all.

    Until then it is the file `unfinished`, on the same disk. `without` names what at the top of the folder stays out;
    `note` is told what cannot be packed: sockets, pipes, devices, what cannot be read. Raises OSError where the archive
    cannot be written.
    """
    try:
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            with gzip.GzipFile("", "wb", LEVEL, file, 0) as zipped:
                out = cast("BinaryIO", io.BufferedWriter(zipped, 4 * PIECE))
                _pack(folder, out, note, without)
                out.flush()
            file.flush()
            os.fsync(file.fileno())
        os.rename(unfinished, target)
    except BaseException:  # Ctrl-C too must leave nothing half
        _remove(unfinished)
        raise


def _pack(folder: str, out: BinaryIO, note: Note, without: frozenset[str]) -> None:
    linked: dict[tuple[int, int], str] = {}
    for name, status in _entries(folder, without, note):
        member = _member(name, status)
        path = os.path.join(folder, name)
        first = linked.get((status.st_dev, status.st_ino)) if stat.S_ISREG(status.st_mode) else None
        try:
            if first:
                member.type, member.linkname = tarfile.LNKTYPE, first
                _write_header(out, member)
            elif stat.S_ISREG(status.st_mode):
                _pack_file(path, out, member)
                if status.st_nlink > 1:
                    linked[status.st_dev, status.st_ino] = name
            else:
                member.linkname = os.readlink(path) if member.issym() else ""
                _write_header(out, member)
        except _Unreadable as error:
            note(f"left out: {name}: {error}")
    out.write(bytes(2 * tarfile.BLOCKSIZE))


class _Unreadable(Exception):
    """A file that cannot be packed; nothing of it was written yet."""


def _entries(folder: str, without: frozenset[str], note: Note) -> Iterator[tuple[str, os.stat_result]]:
    """The names of all folders, files and links below a folder, with what they are; never through a link."""
    waiting = [""]
    while waiting:
        above = waiting.pop()
        try:
            found = sorted(os.listdir(os.path.join(folder, above)))
        except OSError as error:
            if not above:
                raise
            note(f"left out: what is in {above}: {error.strerror}")
            continue
        for entry in found:
            name = os.path.join(above, entry)
            if name in without:
                continue
            try:
                status = os.lstat(os.path.join(folder, name))
            except OSError as error:  # gone since, or its folder may be listed only
                note(f"left out: {name}: {error.strerror}")
                continue
            if stat.S_IFMT(status.st_mode) in _KINDS:
                yield name, status
            else:
                note(f"left out: {name}: it is no file, no link and no folder")
            if stat.S_ISDIR(status.st_mode):
                waiting.append(name)


def _member(name: str, status: os.stat_result) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.mode = status.st_mode & PERMISSIONS
    seconds, rest = divmod(status.st_mtime_ns, 10**9)
    member.mtime = seconds
    if rest:
        member.pax_headers = {"mtime": f"{seconds}.{rest:09}"}
    member.type = _KINDS[stat.S_IFMT(status.st_mode)]
    return member


def _write_header(out: BinaryIO, member: tarfile.TarInfo) -> None:
    out.write(member.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape"))


def _pack_file(path: str, out: BinaryIO, member: tarfile.TarInfo) -> None:
    """Writes a file as long as it is when it is opened: something may be at it still."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise _Unreadable(error.strerror) from None
    with open(descriptor, "rb", buffering=0) as file:
        left = member.size = os.fstat(descriptor).st_size
        _write_header(out, member)
        while left:
            piece = file.read(min(left, 4 * PIECE)) or bytes(min(left, PIECE))
            out.write(piece)
            left -= len(piece)
    out.write(bytes(-member.size % tarfile.BLOCKSIZE))


def unpack(archive: BinaryIO, folder: str, note: Note, *, most: int | None = None) -> list[Folder]:
    """Unpacks an archive into an empty folder; gives its folders, for `finish`.

    Setuid bits go, and so does what is no file, no link and no folder: `note` is told. Raises Refused for a damaged
    archive, for one with a name that leads out of the folder, and for one that takes more than `most` bytes on a disk;
    OSError where it cannot be written.
    """
    plain = _readable(lambda: _Plain(archive))
    tar = _readable(lambda: tarfile.TarFile(fileobj=cast("BinaryIO", plain), tarinfo=_Entry))
    writer = _Writer(folder, note, most)
    while (member := _readable(tar.next)) is not None:
        tar.members = []  # type: ignore[attr-defined]  # typeshed lacks it; it would remember all of them
        writer.add(member, tar)
    _readable(plain.end)
    return writer.folders


def finish(folder: str, folders: list[Folder]) -> None:
    """Gives the folders their modes and times, the innermost first."""
    for found in sorted(folders, key=lambda one: one.name.count("/"), reverse=True):
        path = os.path.join(folder, found.name)
        os.chmod(path, found.mode)
        os.utime(path, ns=(found.modified, found.modified))


class _Entry(tarfile.TarInfo):
    """An entry; what an archive says about all of them (which git does) is forgotten, however often it does."""

    def _proc_pax(self, tar: tarfile.TarFile) -> tarfile.TarInfo:
        tar.pax_headers = {}
        return super()._proc_pax(tar)  # type: ignore[misc,no-any-return]  # typeshed lacks it


def _readable(read: Callable[[], T]) -> T:
    """What reading gives; raises Refused for an archive that is none, or not whole."""
    try:
        return read()
    except _DAMAGED as error:
        raise Refused(f"the archive is damaged: {error or type(error).__name__}") from None


class _Plain:
    """The tar in an archive, forwards only, and never more of it at once than a name can be long."""

    def __init__(self, archive: BinaryIO) -> None:
        zipped = archive.read(len(_GZIP)) == _GZIP
        archive.seek(0)
        self._file = gzip.GzipFile(fileobj=archive) if zipped else archive
        self._at = 0

    def tell(self) -> int:
        """How much of the tar was read."""
        return self._at

    def seek(self, position: int) -> None:
        """Reads on to there."""
        if position < self._at:
            raise tarfile.ReadError("it leads back to where it was")
        while self._at < position:
            if not self.read(min(PIECE, position - self._at)):
                raise EOFError("it ends too early")

    def read(self, size: int) -> bytes:
        """That many bytes, less at the end only."""
        if not 0 <= size <= PIECE:
            raise tarfile.ReadError(f"a header of {size} bytes")
        piece = self._file.read(size)
        self._at += len(piece)
        return piece

    def end(self) -> None:
        """Reads what fills the last block: behind it is the checksum."""
        if self.read(PIECE).strip(b"\0") or self.read(1):
            raise tarfile.ReadError("something is behind its end")


class _Writer:
    """Puts what is in an archive into a folder, where nobody else writes meanwhile."""

    def __init__(self, root: str, note: Note, most: int | None) -> None:
        self.folders: list[Folder] = []
        self._root, self._note, self._most = root, note, most
        self._left = most or 0
        self._above: list[str] = []  # where the last entry was

    def add(self, member: tarfile.TarInfo, tar: tarfile.TarFile) -> None:
        """Puts the next entry into its place."""
        self._take(ENTRY + max(0, member.size))
        parts = _parts(member.name)
        if not parts:
            return
        path, modified = self._place(parts), _modified(member)
        if member.isdir():
            self._make_folder(path)
            self.folders.append(Folder(os.path.join(*parts), member.mode & PERMISSIONS, modified))
        elif member.isreg():
            _make_room(path, member.name)
            self._write(path, member, tar)
        elif member.issym():
            _make_room(path, member.name)
            os.symlink(_without_nul(member.linkname), path)
            os.utime(path, ns=(modified, modified), follow_symlinks=False)
        elif member.islnk():
            _make_room(path, member.name)
            os.link(self._linked(member), path, follow_symlinks=False)
        else:
            self._note(f"left out: {member.name}: it is no file, no link and no folder")

    def _take(self, size: int) -> None:
        if self._most is None:
            return
        self._left -= size
        if self._left < 0:
            raise Refused(f"the archive takes more room than there is for it: {self._most // 2**20} MiB")

    def _place(self, parts: list[str]) -> str:
        """Where an entry belongs: below folders, none of which is a link."""
        if len(parts) > DEEPEST:
            raise Refused(f"the archive has folders in each other more than {DEEPEST} deep")
        pairs = zip(parts[:-1], self._above, strict=False)  # of the last entry: real folders stay what they are
        same = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
        for depth in range(same + 1, len(parts)):
            self._make_folder(os.path.join(self._root, *parts[:depth]), replace=False)
        self._above = parts[:-1]
        return os.path.join(self._root, *parts)

    def _make_folder(self, path: str, *, replace: bool = True) -> None:
        try:
            os.mkdir(path)
        except FileExistsError:
            if is_folder(path):
                return
            if not replace:
                shown = os.path.relpath(path, self._root)
                raise Refused(f"the archive goes through {shown!r}, which is no folder in it") from None
            os.unlink(path)
            os.mkdir(path)

    def _linked(self, member: tarfile.TarInfo) -> str:
        """The earlier file that a hard link is; raises Refused where it is none of this archive."""
        parts = _parts(member.linkname)
        *folders, path = (os.path.join(self._root, *parts[:depth]) for depth in range(len(parts) + 1))
        if all(map(is_folder, folders)) and os.path.lexists(path) and not is_folder(path):
            return path
        raise Refused(f"the archive is damaged: {member.name!r} links to {member.linkname!r}, which is no file in it")

    def _write(self, path: str, member: tarfile.TarInfo, tar: tarfile.TarFile) -> None:
        source = _readable(lambda: tar.extractfile(member))
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
            while source and (piece := _readable(lambda: source.read(PIECE))):
                file.write(piece)
            file.flush()
            os.fchmod(file.fileno(), member.mode & PERMISSIONS)
            os.utime(file.fileno(), ns=(_modified(member),) * 2)


def _parts(name: str) -> list[str]:
    """A name, taken apart; raises Refused for one that leads elsewhere."""
    parts = _without_nul(name).split("/")
    if ".." in parts or name.startswith("/"):
        raise Refused(f"the archive holds {name!r}, which would be outside of its folder")
    return [part for part in parts if part not in {"", "."}]


def _without_nul(name: str) -> str:
    if "\0" in name:
        raise Refused(f"the archive is damaged: {name[:100]!r} is no name")
    return name


def _modified(member: tarfile.TarInfo) -> int:
    """When it was changed, in nanoseconds since 1970; 0 for what no file system can hold."""
    text = member.pax_headers.get("mtime", str(int(member.mtime) if abs(member.mtime) < LATEST else 0))
    seconds, _, rest = text.partition(".")
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= 10 and (not rest or rest.isdigit())):
        return 0
    return int(seconds) * 10**9 + int(f"{rest[:9]:0<9}") if int(seconds) < LATEST else 0


def _make_room(path: str, name: str) -> None:
    """Removes the earlier entry of that name: the last one counts."""
    if is_folder(path):
        raise Refused(f"the archive is damaged: {name!r} is a folder in it, and something else too")
    _remove(path)


def is_folder(path: str) -> bool:
    """Whether a folder is there, and no link to one."""
    return os.path.isdir(path) and not os.path.islink(path)


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
