"""The engine as a transport: its routes, called in this process."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TextIO

from wercker_cli.api.trace import Trace
from wercker_cli.api.transport import Request, Response
from wercker_cli.engine import checkouts, git
from wercker_cli.engine.dispatch import Dispatcher
from wercker_cli.engine.faults import Fault, Missing
from wercker_cli.engine.objects import BASE, Json
from wercker_cli.engine.routes import Site, answer
from wercker_cli.engine.store import Store
from wercker_cli.engine.user import username
from wercker_cli.errors import NotFound, Refused

if TYPE_CHECKING:
    from wercker_cli.engine.prune import Pruning


class Engine:
    """Answers the API from a state folder, for whoever stands in `folder`."""

    name = "the engine"
    server = BASE
    polling = (0.001, 0.1)

    def __init__(self, home: str, folder: str, trace: Callable[[str], None] | None = None) -> None:
        """`trace` gets a line a request and a line an answer."""
        self.home = home
        self._store = Store(home)
        self._dispatcher = Dispatcher(self._store)
        self._checkout = checkouts.find(folder)
        self._trace = Trace(trace) if trace else None

    def close(self) -> None:
        """Ends the connection to the store; the last one to go puts its journal away."""
        self._store.close()

    def send(self, request: Request) -> Response:
        """The answer of the engine's routes; runs that a worker left behind are settled before."""
        query = "?" + "&".join(map("=".join, request.query)) if request.query else ""
        began = time.monotonic()
        if self._trace:
            self._trace.request(f"{self.server}{request.path}{query}", request)
        self._dispatcher.tend()
        response = answer(Site(self._store, self._dispatcher, username(), self._checkout, BASE), request)
        if response.file and "Range" not in request.headers:  # a transport gives bytes as a file to a Range alone
            with response.file as file:
                response = response._replace(body=file.read(), file=None)
        if self._trace:
            self._trace.response(response, time.monotonic() - began)
        return response

    def checkout_application(self, note: Callable[[str], None]) -> str | None:
        """OWNER/NAME of the checkout that this is, registered if it is new; None outside of one."""
        if self._checkout is None:
            return None
        row = checkouts.register(self._store, self._checkout, note)
        return f"{row['owner']}/{row['name']}"

    def username(self) -> str:
        """Who the author of a run would be that was triggered now."""
        return username()

    def add(self, source: str, note: Callable[[str], None], *, name: str, public: bool | None) -> str:
        """Registers a checkout by its path, or a repository by its URL; gives its OWNER/NAME, which `name` chooses.

        Raises NotFound where there is no wercker.yml or nothing at all, Refused where git cannot have it.
        """
        from wercker_cli.engine import mirrors  # most commands only look

        if mirrors.is_source(source):
            row = mirrors.add(self._store, source, name, note, public=public)
            return f"{row['owner']}/{row['name']}"
        if not os.path.isdir(source):
            raise NotFound(f"{source} is no folder, and no URL of a repository")
        root = checkouts.find(os.path.realpath(source))
        if root is None:
            raise NotFound(f"no wercker.yml in {source} or above it")
        row = checkouts.register(self._store, root, note, name=name, public=public)
        checkouts.serve(self._store, row["id"], root)
        return f"{row['owner']}/{row['name']}"

    def commit(self, pipeline: str, branch: str) -> str:
        """The hash of the commit that a run of that pipeline would be of; raises Refused where there is none."""
        from wercker_cli.engine import trigger

        try:
            return trigger.commit_of(self._store, pipeline, branch, self._checkout)
        except Missing as fault:
            raise NotFound(fault.message) from None
        except Fault as fault:
            raise Refused(fault.message) from None

    def snapshot(self) -> tuple[str, str]:
        """The working tree as it is: its branch, and a commit that no branch shows. Raises Refused outside of one."""
        if self._checkout is None:
            raise Refused("there is no checkout here whose working tree could run", hint="go into one")
        from wercker_cli.engine import snapshot  # most commands only look

        row = checkouts.register(self._store, self._checkout, lambda _: None)
        kept = snapshot.repository(self.home, row["id"])
        os.makedirs(os.path.dirname(kept), mode=0o700, exist_ok=True)
        branch = git.head_branch(self._checkout) if git.is_repository(self._checkout) else "HEAD"
        return branch, snapshot.take(self._checkout, kept).hash

    def prune(self, application: str | None, *, older_than: float | None, keep: int | None, dry_run: bool) -> Pruning:
        """What goes of one application, by its id, or of all; nothing does before its `runs` are asked for.

        `older_than` is in seconds; where neither it nor `keep` is given, the default retention counts. Raises NotFound
        for an application that there is not.
        """
        from wercker_cli.engine.prune import Pruning  # most commands only look
        from wercker_cli.engine.retention import Retention

        if application and self._store.application_by_id(application) is None:
            raise NotFound(f"there is no application {application}")
        given = older_than is not None or keep is not None
        wanted = Retention(int(1000 * (older_than or 0)), keep or 0) if given else None
        self._dispatcher.tend()
        return Pruning(self._store, application, wanted, dry_run=dry_run)

    def serve(
        self,
        listening: Callable[[str], None],
        log: TextIO,
        log_format: str,
        note: Callable[[str], None],
        *,
        workers: int | None,
        **address: Any,
    ) -> None:
        """Answers others over HTTP until SIGTERM or Ctrl-C; `listening` gets the URL, `log` a line a request.

        `address` is what `server.Address` takes; raises as `server.serve` does.
        """
        from wercker_cli.engine import request_log, server, wsgi
        from wercker_cli.engine.dispatch import WORKERS

        service = wsgi.Service(self.home, workers or WORKERS, request_log.writer(log, log_format))
        server.serve(server.Address(**address), service, listening, note)

    def back_up(self, path: str, note: Callable[[str], None]) -> None:
        """Writes an archive of the state folder, as it is now; raises Refused where it cannot be written.

        `note` gets what could not be read, and is not in it.
        """
        from wercker_cli.engine import backup

        backup.write(self._store, path, note)

    def create_token(self, name: str, *, read_only: bool, seconds: float | None) -> str:
        """A new token for the server; raises as `tokens.create` does."""
        from wercker_cli.engine import tokens

        return tokens.create(self._store, name, read_only=read_only, seconds=seconds)

    def tokens(self) -> list[Json]:
        """The tokens of the server, without what is secret."""
        from wercker_cli.engine import tokens

        return tokens.listed(self._store)

    def revoke_token(self, name: str) -> None:
        """Ends a token of the server; raises NotFound where there is none of that name."""
        from wercker_cli.engine import tokens

        tokens.revoke(self._store, name)

    def targets(self, pipeline: str | None) -> list[str]:
        """The deploy targets of a pipeline in this checkout, of all of them where none is named."""
        return checkouts.targets(self._checkout, pipeline) if self._checkout else []

    def changed_files(self) -> list[str]:
        """The files of this checkout that its commit does not hold as they are."""
        if self._checkout is None or not git.is_repository(self._checkout):
            return []
        return git.changed_files(self._checkout)
