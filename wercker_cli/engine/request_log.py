"""The request log: a line a request."""

import json
import threading
from collections.abc import Callable
from typing import TextIO

from wercker_cli.engine.objects import rfc3339
from wercker_cli.engine.wsgi import Entry


def writer(stream: TextIO, form: str) -> Callable[[Entry], None]:
    """What writes entries to the stream, as "text" or "json", for several threads."""
    write, lock = {"text": text, "json": as_json}[form], threading.Lock()

    def log(entry: Entry) -> None:
        try:
            with lock:
                stream.write(write(entry))
                stream.flush()
        except (OSError, ValueError):  # whoever read the log has gone; the answers go on
            return

    return log


def text(entry: Entry) -> str:
    """An entry for people; what a client made up cannot break the line."""
    who = f"{entry.address} {entry.user or '-'}"
    what = f"{entry.method} {entry.path} {entry.status} {entry.length} B {1000 * entry.seconds:.0f} ms"
    line = f"{rfc3339(int(1000 * entry.at))} {who} {what} {entry.error}".rstrip()
    return line.encode("unicode_escape").decode() + "\n"


def as_json(entry: Entry) -> str:
    """An entry as a JSON object."""
    found = {**entry._asdict(), "at": rfc3339(int(1000 * entry.at)), "seconds": round(entry.seconds, 6)}
    return json.dumps({"time": found.pop("at"), **found}) + "\n"
