"""Which application on a server a checkout belongs to: asked once, kept for an hour in the XDG cache folder."""

import json
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from wercker_cli.settings import xdg

HOUR = 3600.0  # seconds


def application_id(environ: Mapping[str, str], server: str, name: str, ask: Callable[[], str]) -> str:
    """The id of the application OWNER/NAME on a server, as `ask` gave it within the last hour, or gives it now."""
    folder = xdg(environ, "XDG_CACHE_HOME", ".cache").value
    if folder is None:
        return ask()
    path = os.path.join(folder, "applications.json")
    known, key = _read(path), f"{server} {name}"
    entry = known.get(key)
    if entry is not None and _is_fresh(entry):
        return str(entry[0])
    found = ask()
    _write(path, {**{other: kept for other, kept in known.items() if _is_fresh(kept)}, key: [found, time.time()]})
    return found


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
