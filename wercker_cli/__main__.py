"""The command `wercker`, and python -m wercker_cli."""

import sys


def main() -> None:
    """Runs what was typed and ends the process with the documented exit code."""
    try:
        from wercker_cli.cli import main as command  # here, as Ctrl-C may come while it is loaded

        command()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
