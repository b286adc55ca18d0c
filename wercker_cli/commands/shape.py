"""The shape of a command: lazily loaded groups, global options on every command, help in sections."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import click
from click.types import OptionHelpExtra

from wercker_cli.app import Invocation

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
GLOBAL = "Global options"


class Option(click.Option):
    """An option that knows under which heading of the help it stands."""

    def __init__(self, *args: Any, section: str = "Options", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.section = section

    def get_help_extra(self, ctx: click.Context) -> OptionHelpExtra:
        """Without "[x>=0]", which tells people little."""
        extra = super().get_help_extra(ctx)
        extra.pop("range", None)
        return extra


def option(*names: str, section: str = "Options", **kwargs: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`click.option` with a heading."""
    return click.option(*names, cls=Option, section=section, **kwargs)


def remember(name: str) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """A callback that keeps an option's value on the Invocation, so that no command has to hand it through."""

    def callback(ctx: click.Context, parameter: click.Parameter, value: Any) -> Any:
        given = ctx.get_parameter_source(parameter.name or "") is not click.core.ParameterSource.DEFAULT
        if given and value is not None:
            setattr(ctx.ensure_object(Invocation), name, value)
        return value

    return callback


class Seconds(click.FloatRange):
    """A number of seconds."""

    name = "number"


def complete_context(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The names of contexts, for a shell."""
    from wercker_cli.commands import candidates

    return candidates.complete(candidates.contexts, ctx, incomplete)


def global_options() -> list[click.Parameter]:
    """The options that every command takes, before or behind its name."""
    return [
        Option(
            ["--context"],
            metavar="NAME",
            help="The server to speak to, by its name in wercker context list; engine is the embedded engine.",
            section=GLOBAL,
            expose_value=False,
            callback=remember("context"),
            shell_complete=complete_context,
        ),
        Option(
            ["--request-timeout"],
            type=Seconds(min=0, max=86400, min_open=True),
            metavar="SECONDS",
            help="Give up on a request to a server after this long (default: 30).",
            section=GLOBAL,
            expose_value=False,
            callback=remember("request_timeout"),
        ),
        Option(
            ["--color"],
            type=click.Choice(["auto", "always", "never"]),
            help="Colour the output; auto does so on a terminal.",
            section=GLOBAL,
            expose_value=False,
            callback=remember("color"),
        ),
        Option(
            ["--debug"],
            is_flag=True,
            help="Show requests and answers on standard error, without the token.",
            section=GLOBAL,
            expose_value=False,
            callback=remember("debug"),
        ),
    ]


class _Shape(click.Command):
    """Help with the options under their headings."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        *own, help_option = super().get_params(ctx)
        taken = {name for parameter in own for name in parameter.opts}
        return [*own, *(given for given in global_options() if taken.isdisjoint(given.opts)), help_option]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record and isinstance(parameter, click.Option):
                sections.setdefault(getattr(parameter, "section", GLOBAL), []).append(record)
        for heading, records in sections.items():
            with formatter.section(heading):
                formatter.write_dl(records)


class Command(_Shape):
    """A command; before it works, the output that was asked for is checked, so that nothing was sent in vain."""

    def invoke(self, ctx: click.Context) -> Any:
        ctx.ensure_object(Invocation).check_format()
        return super().invoke(ctx)


command = partial(click.command, cls=Command, context_settings=CONTEXT)


class LazyGroup(_Shape, click.Group):
    """A group whose commands are imported when they are asked for.

    `table` maps a name to the module that holds `command`, or, for a group, to its help and its own table.
    """

    def __init__(self, *args: Any, table: Mapping[str, Any], **kwargs: Any) -> None:
        kwargs = {"context_settings": CONTEXT, "no_args_is_help": True, **kwargs}
        super().__init__(*args, **kwargs)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = self.table.get(cmd_name)
        if isinstance(entry, str):
            loaded: click.Command = importlib.import_module(entry).command
            return loaded
        if entry:
            text, table = entry
            return LazyGroup(cmd_name, help=text, table=table)
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:  # click suggests among the commands that are loaded already
            raise click.NoSuchCommand(args[0], possibilities=self.table, ctx=ctx) from error

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.format_commands(ctx, formatter)
        super().format_options(ctx, formatter)
