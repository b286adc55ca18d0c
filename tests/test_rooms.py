"""Who may know whom: the import rules of the rooms."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "wercker_cli"
ALLOWED = {
    "api": {"api", "errors", "__init__"},
    "commands": {
        "accounts",
        "app",
        "calls",
        "checking",
        "checkout",
        "commands",
        "downloads",
        "errors",
        "history",
        "output",
        "selection",
        "waiting",
    },
    "output": {"output", "errors"},
    "engine": {"engine", "archive", "errors", "api.transport", "api.trace", "__init__"},
    "archive.py": {"errors"},
    "downloads.py": {"app", "archive", "selection", "output", "errors"},
    "errors.py": set(),
    "settings.py": {"accounts.config", "accounts.keys", "errors"},
    "accounts": {"accounts", "app", "settings", "output", "errors"},
    "calls.py": {"app", "api", "settings", "errors"},
    "waiting.py": {"app", "api", "history", "output", "errors"},
    "history.py": {"output"},
    "app.py": {"api", "cache", "checkout", "output", "settings", "engine.app", "errors"},
    "cache.py": {"settings"},
    "checking.py": {"engine", "errors"},
    "checkout.py": {"engine.git", "errors"},
    "selection.py": {"accounts", "app", "checkout", "output", "settings", "errors"},
    "cli.py": {"app", "commands", "errors", "__init__"},
    "manual.py": {"app", "cli", "commands", "__init__"},
    "__main__.py": {"cli", "engine.standby", "settings"},
    "__init__.py": set(),
}


def imports(file: Path) -> set[str]:
    """What of ours a file imports, anywhere in it."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = {alias.name for alias in node.names if alias.name.startswith("wercker_cli")}
            found |= {name.removeprefix("wercker_cli").strip(".") for name in names}
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("wercker_cli"):
            room = (node.module or "").removeprefix("wercker_cli").strip(".")
            names = {alias.name.replace("__version__", "__init__") for alias in node.names}
            found |= {f"{room}.{name}".strip(".") for name in names} if (PACKAGE / room).is_dir() else {room}
    return found


def test_every_file_is_in_a_room() -> None:
    files = {file.relative_to(PACKAGE).parts[0] for file in PACKAGE.rglob("*.py")}
    assert files == ALLOWED.keys()


@pytest.mark.parametrize("room", ALLOWED)
def test_a_room_knows_only_those_it_may(room: str) -> None:
    place = PACKAGE / room
    files = [place] if place.suffix else sorted(place.rglob("*.py"))
    strangers = {
        f"{file.relative_to(PACKAGE)}: {module}"
        for file in files
        for module in imports(file)
        if not any(module == allowed or module.startswith(f"{allowed}.") for allowed in ALLOWED[room])
    }
    assert strangers == set()


def test_the_driver_of_a_run_opens_no_store() -> None:
    assert not {module for module in imports(PACKAGE / "engine/driver.py") if "store" in module or "queue" in module}
