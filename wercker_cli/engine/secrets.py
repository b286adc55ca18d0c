"""The values of a run's secret variables: kept in a file of their own until the run has ended, and nowhere else.

Before the file goes away the logs of the run are masked for good. Both can be done again by whoever finds that a
process was killed on the way.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from wercker_cli.engine import folders

if TYPE_CHECKING:
    from wercker_cli.engine.mask import Mask

Variables = Iterable[Mapping[str, Any]]

PROTECTED = "protected"  # the key that marks a variable as secret, in a payload and wherever a run is shown


def shown(variables: Variables) -> list[dict[str, Any]]:
    """The variables as everybody may see them: a secret one has no value."""
    return [{**variable, "value": None} if variable.get(PROTECTED) else dict(variable) for variable in variables]


def keep(home: str, run: str, variables: Variables) -> None:
    """Writes the values of the secret ones, if there are any, so that they survive a loss of power."""
    values = values_of(variables)
    if not values:
        return
    os.makedirs(folders.secrets(home), mode=0o700, exist_ok=True)
    descriptor = os.open(folders.secret(home, run), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with open(descriptor, "w", encoding="ascii") as file:
        json.dump(values, file)
        file.flush()
        os.fsync(descriptor)


def values_of(variables: Variables) -> list[str]:
    """The values of the secret ones, in their order."""
    return [variable["value"] for variable in variables if variable.get(PROTECTED)]


def values(home: str, run: str) -> list[str]:
    """The values in the order of the secret variables; none for a run that has ended, or that has no secrets."""
    try:
        with open(folders.secret(home, run), encoding="ascii") as file:
            found: list[str] = json.load(file)
    except (FileNotFoundError, ValueError):  # half a file is of a run that was never made: its maker was killed
        return []
    return found


def filled(variables: Variables, values: list[str]) -> list[dict[str, Any]]:
    """Variables as they are shown, with the values of the secret ones again."""
    rest = iter(values)
    return [
        {**variable, "value": next(rest, "")} if variable.get(PROTECTED) else {**variable} for variable in variables
    ]


def apart(variables: Variables, values: list[str]) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """The plain variables in their order, and the secret ones by name; of a name given twice the last counts."""
    rest = iter(values)
    plain: list[tuple[str, str]] = []
    secret: dict[str, str] = {}
    for variable in variables:
        name = variable["key"]
        if variable.get(PROTECTED):
            secret[name] = next(rest, "")
        else:
            secret.pop(name, None)
            plain.append((name, variable["value"]))
    return plain, secret


def mask(home: str, run: str) -> Mask | None:
    """What hides the secrets of a run; None where there are none, or its logs were masked for good."""
    found = values(home, run)
    if not found:
        return None
    from wercker_cli.engine.mask import Mask  # most runs have no secrets

    return Mask(found)


def forget(home: str, run: str) -> None:
    """Masks the logs of a run of which nothing is alive any more, then deletes its secrets.

    A log that cannot be written keeps them there, so that it is still masked whenever it is read.
    """
    hiding, logs = mask(home, run), folders.logs(home, run)
    masked = [hiding is None or _overwrite(os.path.join(logs, name), hiding) for name in _listed(logs)]
    if all(masked):
        _remove(folders.secret(home, run))


def kept(home: str) -> list[str]:
    """The runs whose secrets are still there."""
    return _listed(folders.secrets(home))


def _overwrite(path: str, hiding: Mask) -> bool:
    """Whether the file could be masked, or is none that a step has printed into."""
    if os.path.islink(path) or not os.path.isfile(path):
        return True
    try:
        os.chmod(path, 0o600)
        with open(path, "r+b") as log:
            hiding.overwrite(log)
    except OSError:  # a step made it immutable: whoever reads it needs the secrets, to hide them
        return False
    return True


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []


def _remove(path: str) -> None:
    try:
        os.remove(path)
    except FileNotFoundError:  # somebody else was faster
        return
