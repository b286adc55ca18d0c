"""A file as an answer: whole, or the range of bytes that was asked for; never in memory."""

import io
import os
from typing import BinaryIO, cast

from wercker_cli.api.transport import Response
from wercker_cli.engine.spans import span


def answer(path: str, kind: str, asked: str) -> Response:
    """The file at `path` of that content type, for a Range header ('' for none); FileNotFoundError where it is not."""
    headers = {"content-type": kind, "accept-ranges": "bytes"}
    file = open(path, "rb")  # noqa: SIM115 - whoever reads the answer closes it
    size = os.fstat(file.fileno()).st_size
    part = span(asked, size)
    if part is None:
        return Response(200, {**headers, "content-length": str(size)}, b"", _part(file, 0, size))
    first, last = part
    if first > last:
        file.close()
        return Response(416, {**headers, "content-range": f"bytes */{size}", "content-length": "0"}, b"")
    headers |= {"content-range": f"bytes {first}-{last}/{size}", "content-length": str(last + 1 - first)}
    return Response(206, headers, b"", _part(file, first, last + 1))


def _part(file: BinaryIO, start: int, end: int) -> BinaryIO:
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
