"""The root command, the table of commands, and the one place where an error becomes a message and an exit code."""

from __future__ import annotations

import os
import sys
from typing import Any, NoReturn

import click

from wercker_cli import __version__
from wercker_cli.app import Invocation
from wercker_cli.commands.shape import GLOBAL, LazyGroup, Option
from wercker_cli.errors import Exit, Refused, Usage, WerckerError

COMPLETE = "_WERCKER_COMPLETE"  # what a shell sets to ask for completions
_IN = "wercker_cli.commands"

COMMANDS: dict[str, Any] = {
    "runs": (
        "List, show, start and stop runs.",
        {
            "list": f"{_IN}.runs.list",
            "show": f"{_IN}.runs.show",
            "steps": f"{_IN}.runs.steps",
            "logs": f"{_IN}.runs.logs",
            "watch": f"{_IN}.runs.watch",
            "trigger": f"{_IN}.runs.trigger",
            "rerun": f"{_IN}.runs.rerun",
            "abort": f"{_IN}.runs.abort",
            "artifacts": f"{_IN}.runs.artifacts",
            "stats": f"{_IN}.runs.stats",
            "prune": f"{_IN}.runs.prune",
        },
    ),
    "pipelines": (
        "List the pipelines of an application, add a checkout, or check a wercker.yml.",
        {
            "list": f"{_IN}.pipelines.list",
            "add": f"{_IN}.pipelines.add",
            "check": f"{_IN}.pipelines.check",
        },
    ),
    "api": f"{_IN}.api",
    "context": (
        "Name servers, choose which of them answers, and see what decides that.",
        {
            "list": f"{_IN}.context.list",
            "use": f"{_IN}.context.use",
            "show": f"{_IN}.context.show",
            "add": f"{_IN}.context.add",
            "remove": f"{_IN}.context.remove",
        },
    ),
    "auth": (
        "Log in to a server, and see who accepts which token.",
        {"login": f"{_IN}.auth.login", "status": f"{_IN}.auth.status", "logout": f"{_IN}.auth.logout"},
    ),
    "server": (
        "Let others use the engine of this machine.",
        {
            "start": f"{_IN}.server.start",
            "token": (
                "Say who may use the server.",
                {
                    "create": f"{_IN}.server.token.create",
                    "list": f"{_IN}.server.token.list",
                    "revoke": f"{_IN}.server.token.revoke",
                },
            ),
            "backup": f"{_IN}.server.backup",
        },
    ),
    "completion": f"{_IN}.completion",
}

HELP = """Run the pipelines of a wercker.yml, and look at their runs.

Without any setting, the engine that comes with this tool answers: it runs pipelines on this machine. Set
WERCKER_API_URL or use a context, and the same commands speak to a server of the Wercker API.

\b
Examples:
  wercker runs trigger -p build --wait     run the pipeline "build" of this checkout
  wercker runs list                        see what ran
  wercker runs logs @latest --failed       read why the newest run failed
"""


def _version(ctx: click.Context, _parameter: click.Parameter, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        click.echo(f"wercker {__version__}")
        ctx.exit()


VERSION = Option(  # click's own looks for translations of its help whenever it is made
    ["--version"],
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Show the version and exit.",
    section=GLOBAL,
)
root = LazyGroup("wercker", help=HELP, table=COMMANDS, params=[VERSION])


def main() -> NoReturn:
    """The command `wercker`: runs what was typed and ends the process with the documented exit code."""
    if COMPLETE in os.environ:
        from click.shell_completion import shell_complete

        quiet = Invocation(stderr=None)  # a note would stand in the line that is being typed
        sys.exit(shell_complete(root, {"obj": quiet}, "wercker", COMPLETE, os.environ[COMPLETE]))
    app = Invocation()
    code = run(sys.argv[1:], app)
    try:
        app.stdout.flush()
    except BrokenPipeError:
        code = _pipe_closed(app)
    except OSError as error:
        code = _not_written(app, error)
    app.close()
    sys.exit(code)


def run(args: list[str], app: Invocation) -> int:
    """The exit code of a command line; what went wrong is on the standard error of `app`."""
    try:
        with root.make_context("wercker", args, obj=app) as ctx:
            return root.invoke(ctx) or Exit.DONE
    except click.exceptions.Exit as done:  # --help and --version
        return done.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), file=app.stdout)
        return Exit.DONE
    except click.UsageError as error:
        app.report(_usage(error, args))
        return Exit.USAGE
    except WerckerError as error:
        app.report(error)
        return error.exit_code
    except KeyboardInterrupt:
        app.note("")  # behind the terminal's ^C
        return Exit.INTERRUPTED
    except BrokenPipeError:
        return _pipe_closed(app)
    except OSError as error:
        return _not_written(app, error)
    except Exception as error:  # the last resort: a traceback helps nobody
        return _internal_error(app, error)


def _usage(error: click.UsageError, args: list[str]) -> Usage:
    """Click's complaint in our two lines: what is wrong, and what to type."""
    path = error.ctx.command_path if error.ctx else _named(args)
    hint = f"{path} --help"
    meant = getattr(error, "possibilities", None)
    if meant:
        message = error.message
        hint = f"did you mean {' or '.join(sorted(meant))}? ({path} --help)"
    else:
        message = error.format_message()
    return Usage(f"{message[:1].lower()}{message[1:]}".rstrip("."), hint=getattr(error, "hint", None) or hint)


def _named(args: list[str]) -> str:
    """The command that a command line begins with."""
    table, path = COMMANDS, ["wercker"]
    for word in args:
        if word not in table:
            break
        path.append(word)
        table = table[word][1] if isinstance(table[word], tuple) else {}
    return " ".join(path)


def _pipe_closed(app: Invocation) -> int:
    """Whoever read our output has enough: leave as quietly as any filter, with the code of SIGPIPE."""
    _abandon_output(app)
    return 128 + 13


def _not_written(app: Invocation, error: OSError) -> int:
    _abandon_output(app)
    where = f": {error.filename}" if error.filename else ""
    app.report(Refused(f"the output could not be written: {error.strerror or error}{where}"))
    return Exit.REFUSED


def _abandon_output(app: Invocation) -> None:
    """Lets what is still buffered go nowhere: Python would fail once more when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), app.stdout.fileno())


def _internal_error(app: Invocation, error: Exception) -> int:
    if app.debug:
        import traceback

        app.note(traceback.format_exc())
    app.report(
        Refused(
            f"internal error: {type(error).__name__}: {error}",
            hint="this is a bug of wercker: run the command again with --debug, and report what it prints",
        )
    )
    return Exit.REFUSED
