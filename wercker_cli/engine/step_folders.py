"""Steps that are kept in folders: where each is looked for, and which properties its step.yml declares.

A folder holds `run.sh`, and may hold `init.sh`, which comes first, and `step.yml`.
"""

import os
import re
from collections.abc import Mapping
from typing import NamedTuple

from wercker_cli.engine.wercker_yml import Step
from wercker_cli.errors import Refused

BUILT_IN = os.path.join(os.path.dirname(__file__), "steps")
DESCRIPTION = "step.yml"
LARGEST = 2**20  # bytes of a step.yml

_FILE = "file://"
_NAME = re.compile(r"\w[\w.-]*")
_TRUE = frozenset({"true", "yes", "on"})


class Property(NamedTuple):
    """What a step.yml says of one property."""

    name: str
    default: str | None
    required: bool


def find(step: Step, root: str, path: str) -> str:
    """The folder of a step, for the checkout at `root`; raises Refused with where it was looked for."""
    places = list(_places(step, root, path))
    for place in places:
        if os.path.isdir(place):
            return place
    looked = f" (looked {', '.join(_shown(place, root) for place in places)})" if places else ""
    raise Refused(
        f"step {title(step)!r} is nowhere to be found{looked}: "
        "write its commands as the 'code' of a 'script' step, or put a folder with its run.sh there"
    )


def for_the_run(folder: str, root: str, copy: str) -> str:
    """The folder that the run uses: the one in its checkout, or a copy of one outside, which no step may change."""
    if os.path.realpath(folder).startswith(os.path.realpath(root) + os.sep):
        return folder
    import shutil

    shutil.copytree(folder, copy, symlinks=True, ignore_dangling_symlinks=True)
    return copy


def title(step: Step) -> str:
    """What a step is called in a wercker.yml, without its version."""
    return step.name if step.owner == "wercker" else f"{step.owner}/{step.name}"


def resolved(step: Step, folder: str) -> tuple[dict[str, str], list[str]]:
    """The properties that the step gets, defaults included, and the required ones that it was not given.

    "-" and "_" in names are equal; an explicit empty text beats a default. Raises Refused for a broken step.yml.
    """
    given = {_same(name): value for name, value in step.properties.items()}
    declared = {_same(entry.name): entry for entry in _declared(folder)}
    defaults = {name: entry.default for name, entry in declared.items() if entry.default is not None}
    missing = [entry.name for name, entry in declared.items() if entry.required and name not in given | defaults]
    return defaults | given, missing


def _places(step: Step, root: str, path: str) -> list[str]:
    if step.source:
        return [os.path.join(root, step.source.removeprefix(_FILE))]
    if not _NAME.fullmatch(step.owner) or not _NAME.fullmatch(step.name):
        return []
    below = os.path.join(step.owner, step.name)
    built_in = [os.path.join(BUILT_IN, step.name)] if step.owner == "wercker" else []
    folders = [os.path.join(root, ".wercker", "steps"), *filter(None, path.split(os.pathsep))]
    return [*(os.path.join(folder, below) for folder in folders), *built_in]


def _shown(place: str, root: str) -> str:
    """A place as a person knows it: the checkout of a run is gone when its log is read."""
    if place.startswith(BUILT_IN):
        return "among the built-in ones"
    return f"in {os.path.relpath(place, root)}" if place.startswith(root + os.sep) else f"in {place}"


def _same(name: str) -> str:
    return name.replace("-", "_")


def _declared(folder: str) -> list[Property]:
    """The properties of a step.yml, every text as it is written."""
    path = os.path.join(folder, DESCRIPTION)
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(LARGEST)
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{path} cannot be read: {error}") from None
    import yaml

    try:
        found = yaml.load(text, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))  # noqa: S506 - texts and no objects
    except (yaml.YAMLError, RecursionError) as error:
        raise Refused(f"{path} is not YAML: {' '.join(str(error).split())}") from None
    entries = found.get("properties") if isinstance(found, dict) else None
    if isinstance(entries, dict):  # as some people wrote it: by name
        entries = [{"name": name, **(entry if isinstance(entry, dict) else {})} for name, entry in entries.items()]
    return [_property(entry) for entry in entries or [] if isinstance(entry, dict) and entry.get("name")]


def _property(entry: Mapping[str, object]) -> Property:
    default = entry.get("default")
    return Property(
        name=str(entry["name"]),
        default=default if isinstance(default, str) else None,
        required=str(entry.get("required", "")).lower() in _TRUE,
    )
