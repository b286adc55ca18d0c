"""What /proc says of the processes that a test has started."""

import os
from collections.abc import Iterator
from pathlib import Path


def living() -> Iterator[tuple[int, int]]:
    """The ids of all processes that run, or could, with the ids of their parents."""
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            state, parent = Path(f"/proc/{name}/stat").read_text(errors="replace").rpartition(")")[2].split()[:2]
        except OSError:  # gone
            continue
        if state not in "ZX":
            yield int(name), int(parent)


def descendants(pid: int) -> list[int]:
    """The ids of the living processes below one."""
    pairs = list(living())
    found = [pid]
    for above in found:
        found += [child for child, parent in pairs if parent == above]
    return found[1:]


def belonging_to(folder: Path) -> list[str]:
    """The command lines of living processes that name the folder in their environment, or stand in it."""
    return [_command(pid) for pid, _ in living() if pid != os.getpid() and _belongs(pid, str(folder))]


def _belongs(pid: int, folder: str) -> bool:
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        return folder.encode() in environment or os.readlink(f"/proc/{pid}/cwd").startswith(folder)
    except OSError:  # gone, or somebody else's
        return False


def _command(pid: int) -> str:
    try:
        return f"{pid} " + Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
    except OSError:  # gone
        return f"{pid}, which has just ended"
