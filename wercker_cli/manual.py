"""Writes the man pages and the completion scripts from the commands: python -m wercker_cli.manual"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import click

from wercker_cli import __version__
from wercker_cli.app import Invocation
from wercker_cli.cli import root
from wercker_cli.commands.completion import script
from wercker_cli.commands.shape import GLOBAL

RELEASED = "2026-11-25"
COMPLETIONS = {"bash": "wercker.bash", "zsh": "_wercker", "fish": "wercker.fish"}

EXIT_STATUS = (
    ("0", "Done; for a run that was waited for: it passed."),
    ("1", "The server refused, or answered what is not the API; or an internal error, named as such."),
    ("2", "Usage error; nothing was sent."),
    ("3", "The server could not be reached, or kept failing: trying again may help."),
    ("4", "Not logged in, or not allowed."),
    ("5", "No such run, step, pipeline or application."),
    ("10", "The run that was waited for failed."),
    ("11", "The run that was waited for was aborted."),
    ("124", "The time given with --timeout ran out; the run goes on."),
    ("130", "Interrupted; a run that was being watched goes on."),
)
ENVIRONMENT = (
    ("WERCKER_API_URL", "The server to speak to, with or without /api/v3. Not set: the embedded engine."),
    (
        "WERCKER_TOKEN",
        "The token for that server, or for the context in force; not for one of --context. It is never printed.",
    ),
    ("WERCKER_CONTEXT", "The context to work in; --context and WERCKER_API_URL come before it."),
    (
        "WERCKER_APPLICATION_ID",
        "The application where none is named: an id or OWNER/NAME. A run sets it for its steps.",
    ),
    ("WERCKER_RUN_ID", "The run where none is named. A run sets it for its steps."),
    ("WERCKER_CA_BUNDLE", "Certificates to trust; comes before REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE."),
    ("WERCKER_HOME", "The engine's state folder."),
    ("WERCKER_DEBUG", "Anything: as --debug."),
    ("NO_COLOR, CLICOLOR_FORCE", "No colours; colours in a pipe too."),
    ("HTTPS_PROXY, HTTP_PROXY, NO_PROXY", "Proxies, which are never used for this machine itself."),
)
FILES = (
    ("wercker.yml", "The pipelines of a checkout; ewok.yml and .wercker.yml are read too."),
    (
        "~/.config/wercker/config.toml",
        "Contexts, and the current one (below XDG_CONFIG_HOME where that is set). For its owner alone to read.",
    ),
    ("~/.local/state/wercker", "The engine's runs, logs and artifacts (below XDG_STATE_HOME where that is set)."),
)


def files() -> dict[str, str]:
    """Every generated file, as its path in the repository and its text."""
    pages = {f"man/{'-'.join(path)}.1": _page(path, command) for path, command in _commands(("wercker",), root)}
    return pages | {f"completions/{name}": script(shell) + "\n" for shell, name in COMPLETIONS.items()}


def _commands(path: tuple[str, ...], command: click.Command) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        with click.Context(command) as ctx:
            for name in command.list_commands(ctx):
                below = command.get_command(ctx, name)
                if below:
                    yield from _commands((*path, name), below)


def _page(path: tuple[str, ...], command: click.Command) -> str:
    """One page in man(7) macros."""
    name = "-".join(path)
    text, examples = _parts(command)
    settings = command.context_settings
    with click.Context(command, info_name=" ".join(path), obj=Invocation(), **settings) as ctx:
        usage = " ".join(command.collect_usage_pieces(ctx))
        lines = [
            f'.TH "{name.upper()}" "1" "{RELEASED}" "wercker {__version__}" "wercker manual"',
            ".SH NAME",
            f"{_roff(name)} \\- {_roff(text[0].rstrip('.'))}",
            ".SH SYNOPSIS",
            f"\\fB{_roff(' '.join(path))}\\fR {_roff(usage)}",
            ".SH DESCRIPTION",
            *_paragraphs(text),
            *_subcommands(path, command, ctx),
            *_options(command, ctx),
        ]
    if examples:
        lines += [".SH EXAMPLES", ".nf", *(_roff(line) for line in examples), ".fi"]
    for title, entries in (("EXIT STATUS", EXIT_STATUS), ("ENVIRONMENT", ENVIRONMENT), ("FILES", FILES)):
        lines += [f".SH {title}", *_list(entries)]
    lines += [".SH SEE ALSO", _see_also(path, command)]
    return "\n".join(lines) + "\n"


def _parts(command: click.Command) -> tuple[list[str], list[str]]:
    """The paragraphs of a command's help, and the lines of its examples."""
    text, _, examples = inspect.cleandoc(command.help or "").partition("\b\nExamples:\n")
    paragraphs = [" ".join(paragraph.split()) for paragraph in text.strip().split("\n\n")]
    return paragraphs, [line.removeprefix("  ") for line in examples.rstrip().splitlines()]


def _paragraphs(texts: list[str]) -> Iterator[str]:
    for number, text in enumerate(texts):
        if number:
            yield ".PP"
        yield _roff(text)


def _subcommands(path: tuple[str, ...], command: click.Command, ctx: click.Context) -> Iterator[str]:
    if isinstance(command, click.Group):
        yield ".SH COMMANDS"
        for name in command.list_commands(ctx):
            below = command.get_command(ctx, name)
            yield from _list([(" ".join((*path, name)), below.get_short_help_str(200) if below else "")])


def _options(command: click.Command, ctx: click.Context) -> Iterator[str]:
    """The options under the headings of the help."""
    heading = None
    yield ".SH OPTIONS"
    for parameter in command.get_params(ctx):
        record = parameter.get_help_record(ctx)
        if record and isinstance(parameter, click.Option):
            section = getattr(parameter, "section", GLOBAL)
            if section != heading:
                yield f".SS {_roff(section)}"
                heading = section
            yield from _list([record])


def _list(entries: list[tuple[str, str]] | tuple[tuple[str, str], ...]) -> Iterator[str]:
    for term, text in entries:
        yield from (".TP", f"\\fB{_roff(term)}\\fR", _roff(text))


def _see_also(path: tuple[str, ...], command: click.Command) -> str:
    names = ["-".join(path[:-1])] if len(path) > 1 else []
    if isinstance(command, click.Group):
        names += ["-".join((*path, name)) for name in command.list_commands(click.Context(command))]
    return ", ".join(f"\\fB{_roff(name)}\\fR(1)" for name in names)


def _roff(text: str) -> str:
    """Text that roff prints as it is."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", text)


def write(folder: Path) -> None:
    """Writes every file below that folder, and deletes pages of commands that are gone."""
    made = files()
    for stale in (folder / "man").glob("*.1"):
        if f"man/{stale.name}" not in made:
            stale.unlink()
    for path, text in made.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path.cwd())
