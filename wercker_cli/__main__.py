"""`python -m wercker_cli` is `wercker`."""

from wercker_cli.cli import main

main()
