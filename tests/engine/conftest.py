"""What tests of the built-in steps stand on: a person's machine, with programs that only tell how they were called."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Checkout, Wercker
from tests.engine.built_in import Play, player
from tests.engine.serving import serve, served

__all__ = ["serve", "served"]  # fixtures, for all below

STATE = Path(".local/state/wercker")  # the engine's own folder in a home


class Machine:
    """The programs that a run finds, beside those that are really there."""

    def __init__(self, programs: Path, environ: dict[str, str]) -> None:
        self._programs, self._environ = programs, environ
        programs.mkdir()
        environ["PATH"] = f"{programs}:{environ['PATH']}"

    def program(self, name: str, code: str) -> None:
        """A bash script of that name, first on PATH."""
        path = self._programs / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/bash\n{code}\n")
        path.chmod(0o755)

    def lacks(self, *names: str) -> None:
        """Takes programs off PATH, stand-ins too: all others stay, by links in one folder."""
        rest = self._programs.with_name(f"without {names[0]}")
        rest.mkdir()
        for folder in self._environ["PATH"].split(":"):
            for path in Path(folder).iterdir() if os.path.isdir(folder) else ():
                if path.name not in names and not (rest / path.name).exists():
                    (rest / path.name).symlink_to(path)
        self._programs = rest
        self._environ["PATH"] = str(rest)


@pytest.fixture
def machine(tmp_path: Path, home: Path, environ: dict[str, str]) -> Iterator[Machine]:
    """A machine whose person has settings of their own; they are as they were when the test ends."""
    for name in (".npmrc", ".bundle/config", ".config/pip/pip.conf", ".ssh/known_hosts", ".cache/pip/kept"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(f"# {name} of a person\n")
    before = _files(home)
    machine = Machine(tmp_path / "programs", environ)
    machine.program("rustc", "exit 1")  # pip asks it for its version, and rustup's then writes into an empty home
    yield machine
    assert _files(home) == before


@pytest.fixture
def play(wercker: Wercker, checkout: Checkout, home: Path, machine: Machine) -> Play:
    """Runs steps on that machine."""
    return player(wercker, checkout, home)


def _files(home: Path) -> dict[Path, bytes]:
    """What is in a home, less what the engine keeps there."""
    found = {}
    for folder, folders, names in os.walk(home):
        if Path(folder) == (home / STATE).parent:
            folders.remove(STATE.name)
        found.update({Path(folder, name): Path(folder, name).read_bytes() for name in names})
    return found
