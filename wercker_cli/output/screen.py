"""What a stream can show: whether it is a terminal, colours, and the characters of its encoding."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, TextIO, cast

if TYPE_CHECKING:
    from rich.console import Console

PIPE_WIDTH = 10**6  # columns: in a pipe nothing is cut

# What stands for our own characters where the encoding of a stream lacks them.
_ASCII = str.maketrans("✓✗⊘●○▲·…│▁▂▃▄▅▆▇█▉▊▋▌▍▎▏━─⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", "+x-*.^-~|_.:-=+*########=-**********")


def coloured(stream: TextIO, color: str, environ: Mapping[str, str]) -> bool:
    """Whether to write colours: what --color says, else the environment, else on a terminal that knows them."""
    if color != "auto":
        return color == "always"
    if environ.get("NO_COLOR"):
        return False
    if environ.get("CLICOLOR_FORCE", "0") != "0":
        return True
    return animated(stream, environ)


def animated(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether it is a terminal that can move its cursor, as far as TERM tells."""
    return stream.isatty() and environ.get("TERM", "") not in {"", "dumb", "unknown"}


def utf8(stream: TextIO) -> bool:
    """Whether every character can be written; a stream without an encoding holds text as it is."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return encoding.lower().startswith("utf")


class _Narrow:
    """A stream whose encoding lacks characters: ours become ASCII, others a question mark."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.encoding = stream.encoding

    def write(self, text: str) -> int:
        """Writes what can be written."""
        encoding = self.encoding or "ascii"
        try:
            text.encode(encoding)
        except UnicodeEncodeError:
            text = text.translate(_ASCII).encode(encoding, "replace").decode(encoding)
        return self.stream.write(text)

    def flush(self) -> None:
        """Passes everything on."""
        self.stream.flush()

    def isatty(self) -> bool:
        """Whether the stream is a terminal."""
        return self.stream.isatty()

    def fileno(self) -> int:
        """The stream's descriptor."""
        return self.stream.fileno()


def paper(stream: TextIO) -> TextIO:
    """The stream, so that writing any cleaned text to it raises no UnicodeEncodeError."""
    return stream if utf8(stream) else cast(TextIO, _Narrow(stream))


def _columns(stream: TextIO) -> int:
    """How wide a terminal is."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):  # no device behind the stream
        return 80


def console(stream: TextIO, color: str, environ: Mapping[str, str]) -> Console:
    """rich on that stream: sixteen colours or none, as wide as the terminal, and without limit in a pipe."""
    from rich.console import Console

    terminal = stream.isatty()
    size = {name: environ[name] for name in ("COLUMNS", "LINES") if environ.get(name, "").strip("0").isdecimal()}
    width = None if terminal else PIPE_WIDTH
    if terminal and not animated(stream, environ):  # rich takes each of those to be 80 columns wide
        width = int(size.get("COLUMNS", _columns(stream)))
    return Console(
        file=paper(stream),
        force_terminal=terminal,
        color_system="standard" if coloured(stream, color, environ) else None,
        width=width,
        height=width and 25,  # without it rich looks for a width once more
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
        _environ={"TERM": environ.get("TERM", ""), **(size if terminal else {})},
    )
