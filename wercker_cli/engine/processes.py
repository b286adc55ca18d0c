"""Processes of this machine: who is alive, whose child it is, and how to end all of them (Linux, /proc)."""

import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator

MARK = "WERCKER_SESSION"  # in the environment of all that a run starts, to find it by when its worker died
GRACE = 0.5  # seconds between TERM and KILL
GIVE_UP = 10.0  # seconds after which what cannot be killed (a hung disk) is left to the kernel

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36


def identity() -> str:
    """A name for this process that no later process gets: its id with its namespace, its start, the boot."""
    return f"{os.getpid()}-{_stat(os.getpid())[19]}-{_namespace()}-{_boot()}"


def alive(identity: str) -> bool | None:
    """Whether the process of that name still runs; None where we cannot see it: it is in another container."""
    _, start, namespace, boot = identity.split("-", 3)
    if boot != _boot():
        return False
    if namespace != _namespace():
        return None
    try:
        stat = _stat(pid(identity))
    except OSError:
        return False
    return stat[19] == start and stat[0] not in "ZX"


def pid(identity: str) -> int:
    """The process id in that name."""
    return int(identity.split("-", 1)[0])


def notify(identity: str) -> None:
    """Wakes a worker, which then looks whether its run was aborted. One that is gone needs no waking."""
    if alive(identity):
        try:
            os.kill(pid(identity), signal.SIGUSR1)
        except ProcessLookupError:
            return


def detach(kept: int | None = None) -> None:
    """Leaves the session, the folder, the streams and the files (but for one) of whoever started this process."""
    os.setsid()
    os.chdir("/")
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    for descriptor in os.listdir("/proc/self/fd"):
        if int(descriptor) > 2 and int(descriptor) != kept:
            _close(int(descriptor))
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _close(descriptor: int) -> None:
    try:
        os.close(descriptor)
    except OSError:  # the one that listed the folder
        return


def adopt_orphans(*, adopt: bool = True) -> None:
    """Makes this process the parent of every descendant whose own parent ends, whatever session it moved to; or not."""
    _prctl(_PR_SET_CHILD_SUBREAPER, int(adopt))


def die_with_parent() -> None:
    """Asks the kernel to kill this process when its parent ends; for a child, before it becomes another program."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def conceal() -> None:
    """Keeps the environment and the memory of this process from others of the same user, unless that is root."""
    _prctl(_PR_SET_DUMPABLE, 0)


def wakeup() -> int:
    """A descriptor that becomes readable when a child ends or `notify` is called: a byte, the signal's number."""
    readable, writable = os.pipe()
    os.set_blocking(readable, False)
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGUSR1):
        signal.signal(number, lambda *_: None)
    return readable


def drain(descriptor: int) -> bytes:
    """All that can be read without waiting."""
    pieces = []
    try:
        while piece := os.read(descriptor, 65536):
            pieces.append(piece)
    except BlockingIOError:
        pass
    return b"".join(pieces)


def reap() -> dict[int, int]:
    """The children that have ended since the last call, with their wait statuses."""
    ended: dict[int, int] = {}
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        ended[pid] = status


def end_descendants(spared: Callable[[], frozenset[int]]) -> None:
    """Ends every descendant of this process, which has to have adopted its orphans, but for the `spared` ones.

    TERM first, so that traps run; after GRACE seconds everything is stopped, so that nothing forks on, and killed.
    Who is spared is asked each time when everybody is known: whoever comes to be spared meanwhile may do so late.
    """
    if _none_left(spared):
        return
    _signal(_descendants(spared), signal.SIGTERM)
    deadline, pause = time.monotonic() + GRACE, 0.002
    while time.monotonic() < deadline:
        time.sleep(pause)
        if _none_left(spared):
            return
        pause = min(2 * pause, 0.02)
    deadline = time.monotonic() + GIVE_UP
    while not _none_left(spared) and time.monotonic() < deadline:
        left = _descendants(spared)
        _signal(left, signal.SIGSTOP)
        _signal(left, signal.SIGKILL)
        # A chain in which each forks the next and exits has gone on before the whole tree is known.
        kept = spared()
        while _signal(_children(kept), signal.SIGKILL) and time.monotonic() < deadline:
            pass


def _none_left(spared: Callable[[], frozenset[int]]) -> bool:
    """Whether no descendant lives but the spared. The kernel knows best; beside a spared child /proc has to do, which
    a chain of short-lived processes could slip through once."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return True
    below = set(_children(frozenset()))
    return bool(below & spared()) and not any(_descendants(spared) for _ in range(3))


def _children(spared: frozenset[int]) -> Iterator[int]:
    """The living children of this process, the youngest first, each as soon as it is seen."""
    for pid in sorted(_processes(), reverse=True):
        if pid not in spared and _parent(pid) == os.getpid():
            yield pid


def _descendants(spared: Callable[[], frozenset[int]]) -> list[int]:
    """The ids of all living processes below this one; what is below a spared one is spared too."""
    children: dict[int | None, list[int]] = {}
    for pid in _processes():
        children.setdefault(_parent(pid), []).append(pid)
    found, waiting, kept = [], [os.getpid()], spared()
    while waiting:
        below = [pid for pid in children.get(waiting.pop(), []) if pid not in kept]
        found += below
        waiting += below
    return found


def _parent(pid: int) -> int | None:
    """The id of a living process's parent, or None."""
    try:
        state, parent = _stat(pid)[:2]
    except OSError:
        return None
    return None if state in "ZX" else int(parent)


def end_left_behind(variable: str, work: str, logs: str, spared: frozenset[int]) -> None:
    """Kills what a dead worker left: processes with `variable` (NAME=value) in their environment, in the folder
    `work`, or that print into the folder `logs`."""
    marker = b"\0" + variable.encode() + b"\0"
    deadline = time.monotonic() + GIVE_UP
    empty = 0
    while empty < 3 and time.monotonic() < deadline:  # a chain of short-lived processes can slip through once
        found = []
        for pid in sorted(_processes(), reverse=True):
            if pid not in spared and (_has(pid, marker) or _prints_into(pid, logs) or _stands_in(pid, work)):
                _signal([pid], signal.SIGSTOP)
                found.append(pid)
        _signal(found, signal.SIGKILL)
        empty = 0 if found else empty + 1
        time.sleep(0.001)


def _has(pid: int, marker: bytes) -> bool:
    """Whether a living process was started with that in its environment."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return marker in b"\0" + file.read() and _stat(pid)[0] not in "ZX"
    except OSError:  # gone, or somebody else's
        return False


def _prints_into(pid: int, folder: str) -> bool:
    try:
        return any(os.readlink(f"/proc/{pid}/fd/{stream}").startswith(folder) for stream in (1, 2))
    except OSError:
        return False


def _stands_in(pid: int, folder: str) -> bool:
    """Whether that is its current folder, and it is nobody's shell: what a run starts has no terminal."""
    try:
        return os.readlink(f"/proc/{pid}/cwd").startswith(folder) and _stat(pid)[4] == "0"
    except OSError:
        return False


def _signal(pids: Iterable[int], number: signal.Signals) -> int:
    """How many could be sent the signal."""
    sent = 0
    for pid in pids:
        try:
            os.kill(pid, number)
            sent += 1
        except (ProcessLookupError, PermissionError):  # gone, or a setuid program
            continue
    return sent


def _processes() -> Iterator[int]:
    return (int(name) for name in os.listdir("/proc") if name.isdigit())


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on: behind the name, which may hold blanks and parentheses."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        return file.read().rpartition(")")[2].split()


def _boot() -> str:
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def _namespace() -> str:
    """The number of the namespace that our process ids belong to."""
    return str(os.stat("/proc/self/ns/pid").st_ino)


def _prctl(option: int, value: int) -> None:
    import ctypes  # slow to import: a worker does it while git runs

    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
