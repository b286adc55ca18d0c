"""A file as an answer: whole, or the range of bytes that was asked for; in memory only where secrets are masked."""

from __future__ import annotations

import io
import os
import re
from typing import TYPE_CHECKING, BinaryIO, cast

from wercker_cli.api.transport import Response
from wercker_cli.engine.faults import NoSuchRange

if TYPE_CHECKING:
    from wercker_cli.engine.mask import Mask

_RANGE = r"bytes=(\d{1,18})-(\d{0,18})|bytes=-(\d{1,18})"


def answer(path: str, kind: str, asked: str, *, mask: Mask | None, growing: bool) -> Response:
    """The file at `path` of that content type, for a Range header ('' for none).

    Raises FileNotFoundError where it is not, NoSuchRange where it has none of the bytes that are asked for. The mask
    hides secrets; of a file that is `growing` it holds back what may be the beginning of one.
    """
    file = open(path, "rb")  # noqa: SIM115 - whoever reads the answer closes it
    stat = os.fstat(file.fileno())
    size = mask.settled(file, stat.st_size) if mask and growing else stat.st_size
    headers = {"content-type": kind, "accept-ranges": "bytes", "etag": f'W/"{stat.st_mtime_ns:x}-{size:x}"'}
    wanted = _wanted(asked)
    if not wanted or not size:
        return Response(200, {**headers, "content-length": str(size)}, b"", _part(file, mask, 0, size))
    first, last = _range(wanted, size)
    if first > last:
        file.close()
        raise NoSuchRange(
            f"There are {size} bytes, and none of {asked} is among them",
            {"etag": headers["etag"], "content-range": f"bytes */{size}"},
        )
    headers |= {"content-range": f"bytes {first}-{last}/{size}", "content-length": str(last + 1 - first)}
    return Response(206, headers, b"", _part(file, mask, first, last + 1))


def _wanted(asked: str) -> re.Match[str] | None:
    """The parts of a range; None for a header that is to be ignored, as one that ends before it begins (RFC 9110)."""
    wanted = re.fullmatch(_RANGE, asked)
    return None if wanted and wanted[2] and int(wanted[2]) < int(wanted[1]) else wanted


def _range(wanted: re.Match[str], size: int) -> tuple[int, int]:
    """The first and the last byte of "bytes=FIRST-LAST", "bytes=FIRST-" or "bytes=-LENGTH"; `size` is not 0."""
    if wanted[3]:
        return max(0, size - int(wanted[3])), size - 1
    return int(wanted[1]), min(int(wanted[2] or size), size - 1)


def _part(file: BinaryIO, mask: Mask | None, start: int, end: int) -> BinaryIO:
    if mask:
        with file:
            return io.BytesIO(mask.read(file, start, end))
    return cast("BinaryIO", io.BufferedReader(_Part(file, start, end)))


class _Part(io.RawIOBase):
    """The bytes of a file from `start` on and before `end`: a log may grow meanwhile."""

    def __init__(self, file: BinaryIO, start: int, end: int) -> None:
        self._file, self._start, self._end = file, start, end
        file.seek(start)

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """The new position, counted from the start of the part."""
        base = {os.SEEK_SET: self._start, os.SEEK_CUR: self._file.tell(), os.SEEK_END: self._end}[whence]
        return self._file.seek(base + offset) - self._start

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed's buffers have no type here
        """How many bytes were read; 0 at the end of the part."""
        piece = self._file.read(max(0, min(len(buffer), self._end - self._file.tell())))
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()
        super().close()
