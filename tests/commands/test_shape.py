"""The global options of a command, and those of its own that are called the same."""

import click
import pytest

from wercker_cli.app import Invocation
from wercker_cli.commands import shape


@shape.command("own")
@shape.option("--context", metavar="NAME", help="Where to run it again.")
def own(context: str) -> None:
    """A command that has another --context."""
    click.echo(context)


def test_an_option_of_the_command_wins_over_the_global_one(capsys: pytest.CaptureFixture[str]) -> None:
    app = Invocation()
    own.main(["--context", "there"], obj=app, standalone_mode=False)
    assert (capsys.readouterr().out, app.context) == ("there\n", None)
    own.main(["--help"], obj=app, standalone_mode=False)
    shown = capsys.readouterr().out
    assert shown.count("--context NAME") == 1
    assert "--request-timeout" in shown
