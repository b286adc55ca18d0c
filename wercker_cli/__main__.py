"""The command `wercker`, and python -m wercker_cli."""

import gc
import os
import sys

STARTING_RUNS = (["runs", "trigger"], ["runs", "rerun"])
RARELY = 50_000  # new objects between two looks for garbage: while a command loads, there is none


def main() -> None:
    """Runs what was typed and ends the process with the documented exit code."""
    gc.set_threshold(RARELY)
    try:
        if sys.argv[1:3] in STARTING_RUNS and "--help" not in sys.argv:
            _get_a_worker_ready()
        from wercker_cli.cli import main as command  # here, as Ctrl-C may come while it is loaded

        command()
    except KeyboardInterrupt:
        sys.exit(130)
    except SystemExit as done:
        _leave(done)


def _get_a_worker_ready() -> None:
    """For a run on this machine, before anything else is loaded."""
    if not os.environ.get("WERCKER_API_URL"):
        from wercker_cli.engine import standby

        standby.start(_state_folder)


def _state_folder() -> str | None:
    from wercker_cli.settings import state_folder

    return state_folder(os.environ).value


def _leave(done: SystemExit) -> None:
    """Ends the process at once: what Python clears up at its end, module by module, takes as long as many a command."""
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream:
                stream.flush()
    except OSError:  # nobody reads, or the disk is full: Python's own end knows what to do
        raise done from None
    os._exit(done.code if isinstance(done.code, int) else 0)


if __name__ == "__main__":
    main()
