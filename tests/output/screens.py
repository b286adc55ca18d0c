"""Streams and screens to show things on, and objects to show."""

import fcntl
import io
import os
import pty
import re
import struct
import sys
import termios
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyte

from wercker_cli.output.columns import Format, Json, View
from wercker_cli.output.show import show

PLAIN = {"TERM": "xterm-256color", "NO_COLOR": "1"}
SGR = re.compile(r"\x1b\[[0-9;]*m")

RUN: Json = {
    "id": "577a4dbc3ec144923a02b6f9",
    "url": "https://app.wercker.com/api/v3/runs/577a4dbc3ec144923a02b6f9",
    "branch": "master",
    "commitHash": "cd74a9994712960f19b4b563491f860f98fa7bb5",
    "createdAt": "2016-07-04T11:51:24.851Z",
    "envVars": [{"key": "STAGE", "value": "test"}, {"key": "TOKEN", "value": "a\nb"}],
    "finishedAt": "2016-07-04T11:51:34.284Z",
    "message": "My custom\tmessage!\r\n\r\nWhy it is.",
    "progress": 57,
    "result": "aborted",
    "startedAt": "2016-07-04 11:51:25.996688998 +0000 UTC",
    "status": "finished",
    "user": {"meta": {"username": "tonnu", "werckerEmployee": True}, "name": "Toon"},
    "pipeline": {"id": "5751377e7e1bd5f17f050bc4", "name": "initial-build"},
    "application": {"id": "54c9168980c7075225004157", "name": "docs", "owner": {"name": "wercker"}},
    "sourceRun": {"id": "577a48b83828f9673b03e4a9", "result": "passed"},
    "undocumented": [1.5, None, "é"],
}


class Tty(io.StringIO):
    """A terminal as far as writing goes."""

    def isatty(self) -> bool:
        return True


def shown(
    data: Json | Iterable[Json], view: View, name: str | None = None, stream: io.StringIO | None = None, **more: Any
) -> str:
    """What `show` writes: into a pipe, or to the stream."""
    stream = stream if stream is not None else io.StringIO()
    environ = more.pop("environ", PLAIN)
    color = more.pop("color", "auto")
    show(data, view, Format(name, **more), stream, color=color, environ=environ)
    return stream.getvalue()


def on_terminal(data: Json | Iterable[Json], view: View, columns: int = 80, **environ: str) -> str:
    """What `show` writes to a terminal of that width, without colours unless `environ` says so."""
    return shown(data, view, stream=Tty(), environ={**PLAIN, "COLUMNS": str(columns), **environ})


def screen(text: str, columns: int = 80, rows: int = 24) -> list[str]:
    """The lines that a terminal of that size shows at the end, without the empty ones below."""
    made = pyte.Screen(columns, rows)
    pyte.Stream(made).feed(text.replace("\r\n", "\n").replace("\n", "\r\n"))
    lines = [line.rstrip() for line in made.display]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def in_real_terminal(program: str, columns: int = 80, rows: int = 24, **environ: str) -> str:
    """What a Python program writes to a real pseudo-terminal of that size."""
    child, fd = pty.fork()
    if child == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        root = str(Path(__file__).parents[2])
        settings = {"TERM": "xterm-256color", "TZ": "UTC", "PYTHONPATH": root, "LANG": "C.UTF-8", **environ}
        os.execve(sys.executable, [sys.executable, "-c", program], settings)
    raw = b""
    while True:
        try:
            piece = os.read(fd, 65536)
        except OSError:  # the program has ended
            break
        if not piece:
            break
        raw += piece
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.close(fd)
    assert status == 0, raw.decode()
    return raw.decode()
