"""wercker completion"""

import click

from wercker_cli.app import Invocation
from wercker_cli.commands import shape

SHELLS = ("bash", "zsh", "fish")


# bash takes "@latest" for two words, "@" and "latest".
_WHOLE_WORDS = (
    """    response=$(env COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD """,
    """    local words="${COMP_WORDS[*]:0:COMP_CWORD+1}"
    words="${words//$'\\n'@$'\\n'/$'\\n'@}"
    local breaks="${words//[!$'\\n']/}"
    response=$(env COMP_WORDS="$words" COMP_CWORD=${#breaks} """,
)


def script(shell: str) -> str:
    """What a shell has to read to complete `wercker`."""
    from click.shell_completion import get_completion_class

    made = get_completion_class(shell)
    if made is None:
        raise ValueError(shell)
    shown = made(click.Command("wercker"), {}, "wercker", "_WERCKER_COMPLETE")
    return str(shown.source_template % shown.source_vars()).replace(*_WHOLE_WORDS)


@shape.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_obj
def command(app: Invocation, shell: str) -> None:
    """Print the completion script of a shell.

    \b
    Examples:
      eval "$(wercker completion bash)"                                    in ~/.bashrc
      eval "$(wercker completion zsh)"                                     in ~/.zshrc
      wercker completion fish > ~/.config/fish/completions/wercker.fish
    """
    click.echo(script(shell), file=app.stdout)
