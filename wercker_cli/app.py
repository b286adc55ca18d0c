"""The one object that a command is handed: settings, streams, and the client, built when first used."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, TextIO, cast

from wercker_cli.errors import NotFound, Usage, WerckerError
from wercker_cli.output.columns import Format, Json, View

if TYPE_CHECKING:
    from wercker_cli.api.client import Client
    from wercker_cli.api.transport import Transport
    from wercker_cli.engine.app import Engine
    from wercker_cli.settings import Settings

LATEST = "@latest"
LONGEST_LINE = 1000  # characters of an error, which may list what a server sent


def _nothing(mode: str) -> TextIO:
    """A stream for one that is closed."""
    return cast("TextIO", open(os.devnull, mode, encoding="utf-8"))


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
        self.stdin, self.stdout, self.stderr = stdin or _nothing("r"), stdout or _nothing("w"), stderr or _nothing("w")
        self.output: str | None = None  # -o
        self.fields: tuple[str, ...] = ()  # --json
        self.jq: str | None = None  # -q
        self.view: View | None = None  # of the command that runs
        self.color = "auto"
        self.request_timeout: float | None = None  # seconds; None is the default
        self.debug = bool(environ.get("WERCKER_DEBUG"))

    @cached_property
    def settings(self) -> Settings:
        """Where the server, the token and the state folder come from."""
        from wercker_cli import settings

        return settings.read(self.environ)

    @cached_property
    def engine(self) -> Engine:
        """The embedded engine; raises Usage where a server is set, for what only the engine can do."""
        if self.settings.api_url.value:
            raise Usage(
                f"only the embedded engine can do this, and {self.settings.api_url.origin} names a server",
                hint=f"unset {self.settings.api_url.origin}",
            )
        from wercker_cli.engine.app import Engine

        try:
            folder = os.getcwd()
        except FileNotFoundError:
            raise Usage("the folder that this runs in does not exist any more", hint="cd to one that does") from None
        return Engine(str(self.settings.home.value), folder, self.trace if self.debug else None)

    @cached_property
    def api(self) -> Client:
        """The client of whatever answers in this context."""
        from wercker_cli.api.client import Client

        return Client(self._transport())

    def _transport(self) -> Transport:
        if not self.settings.api_url.value:
            return self.engine
        from wercker_cli.api.http import Http

        return Http(
            self.settings.api_url.value,
            token=self.settings.token.value,
            ca_bundle=self.settings.ca_bundle.value,
            request_timeout=self.request_timeout,
            trace=self.trace if self.debug else None,
        )

    def application(self, given: str | None = None) -> str | None:
        """The application to speak of, as an id or OWNER/NAME: given, from the environment, or this checkout's."""
        if given or self.settings.application.value:
            return given or self.settings.application.value
        if self.settings.api_url.value:
            return None
        return self.engine.checkout_application(self.note)

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
        return [("applicationId", names.application_id(self.api, found))]

    def no_application(self) -> Usage:
        """The error where a command needs an application, and nothing says which."""
        if self.settings.api_url.value:
            return Usage(
                "no application and no pipeline is named",
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

    def run_id(self, run: str, narrowed: Mapping[str, str | None]) -> str:
        """The id behind what was typed: an id, a run's URL on this server, or @latest among the `narrowed` ones."""
        if "://" in run:
            return self._id_in_url(run)
        if run != LATEST:
            return run
        query = self.scope(narrowed.get("applicationId"), narrowed.get("pipelineId"))
        branch = narrowed.get("branch")
        query += [("branch", branch)] if branch else []
        for newest in self.api.runs(query, limit=1):
            return self.api.id_of(newest)
        raise NotFound("there is no run yet that @latest could be", hint="wercker runs trigger --pipeline NAME")

    def _id_in_url(self, url: str) -> str:
        server = self.api.server
        run = url.removeprefix(f"{server}/runs/").rstrip("/")
        if run == url.rstrip("/") or not run or any(char in run for char in "/?#") or run in {".", ".."}:
            raise Usage(f"{url} is no run of {server}", hint=f"a run's URL here looks like {server}/runs/ID")
        return run

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
    def on_terminal(self) -> bool:
        """Whether standard output is a terminal."""
        return self.stdout.isatty()

    def show(self, data: Json | Iterable[Json], view: View, *, default: str | None = None) -> None:
        """An object, or objects, to standard output in the format that was asked for, else in the `default` one."""
        from wercker_cli.output.show import show

        chosen = self._format if self.asked_for_output else Format(default)
        show(data, view, chosen, self.stdout, self.stderr, color=self.color, environ=self.environ)

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
