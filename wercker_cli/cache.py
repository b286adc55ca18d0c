"""Which application on a server a checkout belongs to: asked once, kept for an hour in the XDG cache folder."""

import json
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

HOUR = 3600.0  # seconds


def application_id(environ: Mapping[str, str], server: str, name: str, ask: Callable[[], str]) -> str:
    """The id of the application OWNER/NAME on a server, as `ask` gave it within the last hour, or gives it now."""
    path = _path(environ)
    if not os.path.isabs(path):  # no home folder is known
        return ask()
    known, key = _read(path), f"{server} {name}"
    entry = known.get(key)
    if entry is not None and _is_fresh(entry):
        return str(entry[0])
    found = ask()
    _write(path, {**{other: kept for other, kept in known.items() if _is_fresh(kept)}, key: [found, time.time()]})
    return found


def _path(environ: Mapping[str, str]) -> str:
    folder = environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(folder):  # the XDG specification says to ignore a relative one
        folder = os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".cache")
    return os.path.join(folder, "wercker", "applications.json")


def _is_fresh(entry: Any) -> bool:
    """Whether it is an id with the time, within the last hour, at which it was given."""
    match entry:
        case [str(), float(moment)]:
            return 0 <= time.time() - moment < HOUR
    return False


def _read(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError, RecursionError):  # none yet, or no good: the server is asked again
        return {}
    return found if isinstance(found, dict) else {}


def _write(path: str, known: dict[str, Any]) -> None:
    new = f"{path}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(new, "w", encoding="utf-8") as file:
            json.dump(known, file)
        os.replace(new, path)
    except OSError:  # a home that cannot be written to: the server is asked again next time
        return
