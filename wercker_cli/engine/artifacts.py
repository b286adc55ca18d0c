"""What runs leave, as archives in the state folder.

The checkout of a run that left no output is set aside as it is, which takes no time, and packed when it is first asked
for: most never are.
"""

import os
from collections.abc import Sequence

from wercker_cli.engine import folders, pipeline_file
from wercker_cli.engine.faults import Missing
from wercker_cli.engine.store import Row
from wercker_cli.errors import NotFound, Unreachable

NOT_OF_A_CHECKOUT = frozenset({".git"})


def lacking(home: str, run: Row) -> str:
    """Why a run has no artifact; '' for one that has."""
    if run["status"] != "finished":
        return f"Run {run['id']} has not finished: it has no artifact"
    if run["result"] != "passed":
        return f"Run {run['id']} {_ENDED[run['result']]}: only a run that passed has an artifact"
    if not (os.path.exists(folders.artifact(home, run["id"])) or os.path.isdir(folders.kept(home, run["id"]))):
        return f"The artifact of run {run['id']} is not kept any more"
    return ""


_ENDED = {"failed": "failed", "aborted": "was aborted"}


def of_run(home: str, run: Row) -> str:
    """The path of a run's archive; raises Missing where there is none, Busy and Unreachable where it has to wait."""
    why = lacking(home, run)
    if why:
        raise Missing(why)
    return _packed(home, run["id"])


def of_step(home: str, step: Row) -> str:
    """The path of the archive of what a step left; raises Missing where it left nothing."""
    path = folders.step_artifacts(home, step["run"], step["position"])
    if not os.path.exists(path):
        raise Missing(f"Step {step['id']} left no artifacts")
    return path


def restore(home: str, inputs: Sequence[tuple[str, str]], root: str, log: int) -> None:
    """Makes the folder `root` of the artifacts of runs, each in the folder beside it, '' for `root` itself.

    Where no wercker.yml comes with them it is the one that the first of the runs used. What is left out is said in
    the log, a descriptor. Raises Refused for what cannot be restored, Unreachable where there is no room for it.
    """
    from wercker_cli import archive

    paths = [(os.path.join(root, folder), _packed(home, run)) for folder, run in inputs]
    os.makedirs(root)
    unpacked = []
    for folder, path in paths:
        os.makedirs(folder, exist_ok=True)
        with open(path, "rb") as file:
            unpacked.append((folder, archive.unpack(file, folder, lambda text: say(log, text))))
    if pipeline_file.find(root) is None:
        _copy(folders.used(home, inputs[0][1]), root, "xb")  # through no link, which is of strange hands
    for folder, found in unpacked:
        archive.finish(folder, found)


def say(log: int, text: str) -> None:
    """A line to a log, at once: whoever writes it may be gone before long."""
    os.write(log, f"{text}\n".encode(errors="surrogateescape"))


def remember_file(home: str, run: str, root: str) -> None:
    """Keeps the wercker.yml of the checkout at `root`, as the run found it."""
    kept = folders.used(home, run)
    os.makedirs(kept, mode=0o700, exist_ok=True)
    _copy(root, kept, "wb")


def _copy(source: str, target: str, mode: str) -> None:
    """The wercker.yml of one folder to another, opened in that mode."""
    name = pipeline_file.find(source)
    if name is None:
        return
    with open(os.path.join(source, name), "rb") as read, open(os.path.join(target, name), mode) as written:
        written.write(read.read(pipeline_file.LARGEST))


def _packed(home: str, run: str) -> str:
    """The archive of a run, made now where there is only its checkout; one process at a time does so."""
    target, kept = folders.artifact(home, run), folders.kept(home, run)
    if os.path.exists(target):
        return target
    from wercker_cli import archive
    from wercker_cli.engine import slow

    try:
        with slow.seat(run), folders.locked(os.path.dirname(target)):
            if not os.path.exists(target):
                os.stat(kept)
                archive.pack(kept, target, lambda _: None, unfinished=f"{target}.new", without=NOT_OF_A_CHECKOUT)
                folders.discard(home, kept)
    except FileNotFoundError:
        raise NotFound(f"the artifact of run {run} is not kept any more") from None
    except OSError as error:
        raise Unreachable(
            f"the artifact of run {run} could not be packed: {error.strerror}",
            hint="make room on its disk, or try again later",
        ) from None
    folders.empty_trash(home)
    return target
