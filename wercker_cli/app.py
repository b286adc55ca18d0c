"""The one object that a command is handed: settings, streams, and the client, built when first used."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, TextIO, cast

from wercker_cli.errors import Usage, WerckerError
from wercker_cli.output.columns import Format, Json, View

if TYPE_CHECKING:
    from wercker_cli.api.client import Client
    from wercker_cli.api.transport import Transport
    from wercker_cli.engine.app import Engine
    from wercker_cli.settings import Settings

LONGEST_LINE = 1000  # characters of an error, which may list what a server sent


def _nothing(mode: str) -> TextIO:
    """A stream that gives nothing, or takes everything."""
    return cast("TextIO", open(os.devnull, mode, encoding="utf-8"))


def _closed() -> TextIO:
    """A stream that takes nothing: whoever closed standard output and asks for some is told that it was not written."""
    return open(os.open(os.devnull, os.O_RDONLY), "w", encoding="utf-8")


class Invocation:
    """One run of the command line. Tests swap its streams and its environment."""

    def __init__(
        self,
        environ: Mapping[str, str] = os.environ,
        stdin: TextIO | None = sys.stdin,  # None where whoever started us closed it
        stdout: TextIO | None = sys.stdout,
        stderr: TextIO | None = sys.stderr,
    ) -> None:
        self.environ = environ
        self.stdin, self.stdout, self.stderr = stdin or _nothing("r"), stdout or _closed(), stderr or _nothing("w")
        self.output: str | None = None  # -o
        self.fields: tuple[str, ...] = ()  # --json
        self.jq: str | None = None  # -q
        self.view: View | None = None  # of the command that runs
        self.color = "auto"
        self._behind: list[str] = []  # notes that come after the output
        self.context: str | None = None  # --context
        self.request_timeout: float | None = None  # seconds; None is the default
        self.debug = bool(environ.get("WERCKER_DEBUG"))
        self._said: set[str] = set()  # notes about config.toml, which is read more than once

    @cached_property
    def settings(self) -> Settings:
        """Where the server, the token and the state folder come from."""
        from wercker_cli import settings

        found = settings.read(self.environ, self.context)
        for text in found.notes:
            if text not in self._said:
                self._said.add(text)
                self.note(text)
        return found

    def in_context(self, name: str, *, token: str | None = None) -> Invocation:
        """The same invocation in that context, with nothing of the server that the environment names.

        A `token` comes before the context's own.
        """
        from wercker_cli.settings import OF_A_SERVER

        environ = {key: value for key, value in self.environ.items() if key not in OF_A_SERVER}
        environ |= {"WERCKER_CONTEXT": name, "WERCKER_TOKEN": token} if token else {}
        other = Invocation(environ, self.stdin, self.stdout, self.stderr)
        other.context, other._said = None if token else name, self._said
        other.color, other.debug, other.request_timeout = self.color, self.debug, self.request_timeout
        other.output, other.fields, other.jq, other.view = self.output, self.fields, self.jq, self.view
        return other

    @cached_property
    def engine(self) -> Engine:
        """The embedded engine; raises Usage where a server is set, for what only the engine can do."""
        if self.settings.api_url.value:
            raise Usage(
                f"only the embedded engine can do this, and {self.settings.api_url.origin} names a server",
                hint="--context engine asks the engine",
            )
        home = self.settings.home.value
        if home is None:
            raise Usage("no home folder is known where the engine could keep its runs", hint="set WERCKER_HOME")
        from wercker_cli.engine.app import Engine

        try:
            folder = os.getcwd()
        except FileNotFoundError:
            raise Usage("the folder that this runs in does not exist any more", hint="cd to one that does") from None
        return Engine(home, folder, self.trace if self.debug else None)

    def close(self) -> None:
        """Ends what Python would not: the process leaves without its clearing up."""
        if "engine" in self.__dict__:
            self.engine.close()

    @cached_property
    def api(self) -> Client:
        """The client of whatever answers in this context."""
        from wercker_cli.api.client import Client

        return Client(self._transport(), before=self.stdout.flush)

    def _transport(self) -> Transport:
        if not self.settings.api_url.value:
            return self.engine
        from wercker_cli import settings
        from wercker_cli.api.http import Http

        return Http(
            self.settings.api_url.value,
            token=settings.secret(self.settings),
            ca_bundle=self.settings.ca_bundle.value,
            request_timeout=self.request_timeout,
            trace=self.trace if self.debug else None,
        )

    def application(self, given: str | None = None) -> str | None:
        """The application to speak of, as an id or OWNER/NAME: given, from the environment, or this checkout's."""
        if given or self.settings.application.value:
            return given or self.settings.application.value
        if self.settings.api_url.value:
            from wercker_cli import checkout

            return checkout.remote()
        return self.engine.checkout_application(self.note)

    def username(self) -> str:
        """Who the person is; raises Usage where nothing tells."""
        if not self.settings.api_url.value:
            return self.engine.username()
        raise Usage(
            "@me is known to the embedded engine only: a server does not tell whose a token is",
            hint="--author NAME, with the name that wercker runs list --json user shows",
        )

    def scope(self, application: str | None, pipeline: str | None) -> list[tuple[str, str]]:
        """The application and the pipeline as the API's parameters; raises Usage where there is neither."""
        from wercker_cli.api import names

        query = []
        if application:
            query.append(("applicationId", names.application_id(self.api, application)))
        if pipeline:
            query.append(("pipelineId", self.pipeline_id(pipeline, application)))
        if query:
            return query
        found = self.application()
        if not found:
            raise self.no_application()
        return [("applicationId", self._id_of_application(found))]

    def _id_of_application(self, found: str) -> str:
        """The id of an application; a server is asked once an hour for that of a checkout."""
        from wercker_cli.api import names

        def ask() -> str:
            return names.application_id(self.api, found)

        if not self.settings.api_url.value or self.settings.application.value:
            return ask()
        from wercker_cli import cache

        return cache.application_id(self.environ, self.api.server, found, ask)

    def no_application(self) -> Usage:
        """The error where a command needs an application, and nothing says which."""
        if self.settings.api_url.value:
            return Usage(
                "no application and no pipeline is named, and there is no checkout with a remote here",
                hint="give --application OWNER/NAME or --pipeline ID, or set WERCKER_APPLICATION_ID",
            )
        return Usage(
            "no application is named, and there is no wercker.yml here or above",
            hint="go into a checkout, give --application OWNER/NAME, or set WERCKER_APPLICATION_ID",
        )

    def pipelines(self, application: str | None) -> Iterator[Json]:
        """The pipelines of an application: given, from the environment, or this checkout's."""
        from wercker_cli.api import names

        found = self.application(application)
        if not found:
            raise self.no_application()
        return self.api.pipelines(*names.owner_and_name(self.api, found))

    def describe_settings(self) -> list[dict[str, str]]:
        """Every setting, with what decided it."""
        from wercker_cli import settings

        return settings.describe(self.settings, self.application())

    def pipeline_id(self, pipeline: str, application: str | None) -> str:
        """The id of a pipeline given as an id, or as a name in an application; raises NotFound with the names."""
        from wercker_cli.api import names

        known = None if names.is_id(pipeline) else self.application(application)
        if not (known or names.is_id(pipeline) or self.settings.api_url.value):
            raise self.no_application()
        return names.pipeline_id(self.api, pipeline, known)

    @property
    def _format(self) -> Format:
        return Format(self.output, self.fields, self.jq)

    @property
    def asked_for_output(self) -> bool:
        """Whether -o, --json or --jq was given."""
        return self._format != Format()

    def check_format(self) -> None:
        """Raises Usage for an output that the command cannot give, before anything is sent."""
        if self.view and self.asked_for_output:
            from wercker_cli.output.show import check

            check(self._format, self.view)

    @property
    def format_name(self) -> str:
        """One of FORMATS, in which `show` writes: what was asked for, else that of a terminal or a pipe."""
        if self.fields or self.jq is not None:
            return "json"
        return self.output or ("table" if self.on_terminal else "tsv")

    @property
    def on_terminal(self) -> bool:
        """Whether standard output is a terminal."""
        return self.stdout.isatty()

    def show(
        self,
        data: Json | Iterable[Json],
        view: View,
        *,
        default: str | None = None,
        below: Callable[[], tuple[Iterable[Json], View]] | None = None,
    ) -> None:
        """An object, or objects, to standard output in the format that was asked for, else in the `default` one.

        `below` gives what belongs to the object; only a document (Markdown, HTML) asks for it.
        """
        from wercker_cli.output.show import show

        chosen = self._format if self.asked_for_output else Format(default)
        show(data, view, chosen, self.stdout, self.stderr, color=self.color, environ=self.environ, below=below)
        while self._behind:
            self.note(self._behind.pop(0))

    def show_aside(self, data: Iterable[Json], view: View) -> None:
        """A table for a person who is about to be asked, to standard error."""
        from wercker_cli.output.show import show

        show(data, view, Format("table"), self.stderr, self.stderr, color=self.color, environ=self.environ)

    @property
    def can_ask(self) -> bool:
        """Whether there is a person to ask."""
        return self.stdin.isatty() and self.stderr.isatty()

    def ask(self, question: str) -> str:
        """What the person answers, without the blanks around it; raises Usage where the input ends."""
        self.stderr.write(question)
        self.stderr.flush()
        answer = self.stdin.readline()
        if not answer:
            self.note("")  # behind the terminal's ^D
            raise Usage("there was no answer")
        return answer.strip()

    def ask_unseen(self, question: str, *, hint: str) -> str:
        """A line from the terminal, which shows nothing of it; "" where the input ends.

        Raises Usage, with the hint, where the terminal would show it.
        """
        import getpass
        import warnings

        from wercker_cli.output.text import clean

        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)
            try:
                return getpass.getpass(clean(question), stream=self.stderr)
            except EOFError:
                self.note("")  # behind the question
                return ""
            except getpass.GetPassWarning:
                raise Usage("this terminal would show what is typed", hint=hint) from None

    def note_behind(self, text: str) -> None:
        """A sentence for a person, behind what is shown."""
        self._behind.append(text)

    def note(self, text: str) -> None:
        """A sentence for a person, to standard error."""
        from wercker_cli.output.text import clean

        print(clean(text), file=self.stderr)

    def trace(self, text: str) -> None:
        """A line of --debug, to standard error."""
        self.note(f"debug: {text}")

    def report(self, error: WerckerError) -> None:
        """An error, and the hint that goes with it, to standard error, a line each."""
        for prefix, text in (("wercker", error.message), ("hint", error.hint)):
            line = " ".join((text or "").split())
            if line:
                self.note(f"{prefix}: {line if len(line) <= LONGEST_LINE else f'{line[:LONGEST_LINE]}...'}")
