"""A method an endpoint. Knows what the API answers, not who answers it."""

import io
import json
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from wercker_cli.api import retry_after
from wercker_cli.api.transport import LOOK_FIRST, Request, Response, Transport
from wercker_cli.errors import NotAllowed, NotFound, Refused, Unreachable, Usage, WerckerError

Json = dict[str, Any]  # an object as the server sent it: unknown keys survive, any key may be missing
Query = Iterable[tuple[str, str]]

PAGE = 20  # "limit ... Max: 20, default: 20"
SHORTEST = 0.05  # seconds for an answer, however late it is
LOG_END = 8192  # bytes that are enough for the last lines of a log
LOG_CHUNK = 8 * 2**20  # bytes of a log or an archive a request
LOG_PIECE = 2**18  # bytes of them in memory
LONGEST_REASON = 300  # characters of the server's own words in an error
DEEPEST = 200  # levels of an answer; Python gives up somewhere before 1000
COME_BACK_LATER = {429, 502, 503, 504}

_UNRESERVED = r"[A-Za-z0-9._~-]+"
_WORD = r"\s+"
_PLACE = r"(?:/[A-Za-z0-9._~%-]+)+"


class Client:
    """The endpoints of the runs API and their neighbours.

    Every method raises NotFound, NotAllowed, Refused or Unreachable (wercker_cli/errors.py). `before` is called ahead
    of each request: whoever writes a page while the next one is under way can send it off there.
    """

    def __init__(self, transport: Transport, before: Callable[[], object] = lambda: None) -> None:
        self.transport = transport
        self.before = before
        self._ends: float | None = None

    @property
    def name(self) -> str:
        """What answers, as messages call it."""
        return self.transport.name

    @property
    def server(self) -> str:
        """The root of the API as a URL."""
        return self.transport.server

    @contextmanager
    def until(self, ends: float | None) -> Iterator[None]:
        """Within this no answer is waited for beyond that moment, on the clock that never jumps; None is no limit."""
        before, self._ends = self._ends, ends
        try:
            yield
        finally:
            self._ends = before

    def runs(self, query: Query, *, limit: int | None = None, skip: int = 0) -> Iterator[Json]:
        """Runs as the server sorts them (GET /runs), each once; `limit` None leaves the number to the server, 0 is all.

        A page holds at most 20, so a higher limit takes several requests. Runs that start while one pages move
        others to the next page: those are not repeated.
        """
        if limit is None:
            query = [*query, ("skip", str(skip))] if skip else query
            return iter(self._list("runs", query=query))
        return self._pages("runs", query=list(query), limit=limit, skip=skip)

    def run(self, run: str) -> Json:
        """One run (GET /runs/:run)."""
        found = self._object("GET", "runs", run, missing=f"no run {run}")
        self.id_of(found)
        return found

    def steps(self, run: str) -> list[Json]:
        """The steps of a run in their order (GET /runs/:runId/steps)."""
        return self._list("runs", run, "steps", missing=f"no run {run}")

    def trigger(self, payload: Json) -> Json:
        """The run that was just created (POST /runs/)."""
        wanted = f"pipeline {payload['pipelineId']}" if "pipelineId" in payload else "such application"
        source = f", or no run {payload['sourceRunId']}" if "sourceRunId" in payload else ""
        return self._object("POST", "runs", "", payload=payload, missing=f"no {wanted}{source}")

    def abort(self, run: str) -> Json:
        """The run after its abort (PUT /runs/:runId/abort); a finished run comes back as it is."""
        return self._object("PUT", "runs", run, "abort", payload={}, missing=f"no run {run}")

    def log(self, step: str, start: int = 0) -> Iterator[bytes]:
        """The log of a step from byte `start` to what is written so far (GET /runsteps/:id/log), in pieces."""
        return self._bytes(path("runsteps", step, "log"), f"no step {step}", start)

    def artifact(self, run: str) -> Iterator[bytes]:
        """The archive of what a run left (GET /runs/:runId/artifact), in pieces."""
        return self._bytes(path("runs", run, "artifact"), f"no artifact of run {run}")

    def step_artifacts(self, url: str) -> Iterator[bytes]:
        """The archive at the `artifactsUrl` of a step, in pieces; raises Refused where that is on another server.

        Nobody else must see the token.
        """
        place = url.removeprefix(self.server)
        if place == url or not re.fullmatch(_PLACE, place) or {".", ".."} & {*place.split("/")}:
            raise Refused(f"the artifacts are at {url}, which is not on {self.name}: they are not fetched")
        return self._bytes(place, "no artifacts of the step")

    def _bytes(self, place: str, missing: str, start: int = 0) -> Iterator[bytes]:
        """What is at a path, from byte `start` on, a part a request: one that breaks off is asked for again."""
        while True:
            response = self._part(place, f"bytes={start}-{start + LOG_CHUNK - 1}", missing)
            with _opened(response) as body:
                if response.status == 200:  # the server knows no ranges, and sends all of it
                    body.seek(start)
                    yield from _pieces(body)
                if response.status != 206:  # 416 is the end
                    return
                total = self._total(response, start)
                before = start
                for piece in _pieces(body):
                    start += len(piece)
                    yield piece
            if start >= total:
                return
            if start == before:
                raise self._another_part()

    def log_end(self, step: str) -> bytes:
        """The last few KiB of a step's log (a suffix range of GET /runsteps/:id/log)."""
        response = self._part(path("runsteps", step, "log"), f"bytes=-{LOG_END}", f"no step {step}")
        if response.status == 416:
            return b""
        with _opened(response) as body:
            body.seek(max(0, body.seek(0, io.SEEK_END) - LOG_END))
            return body.read()

    def _total(self, response: Response, start: int) -> int:
        """How long that is which this is a part of; raises Refused where the part does not begin at `start`."""
        part = re.fullmatch(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18})", response.headers.get("content-range", ""))
        if not part or int(part[1]) != start:
            raise self._another_part()
        return int(part[2])

    def _another_part(self) -> Refused:
        return Refused(f"{self.name} answered with another part than was asked for")

    def _part(self, place: str, part: str, missing: str) -> Response:
        headers = {"Range": part, "Accept-Encoding": "identity"}
        return self._send(Request("GET", place, headers=headers), missing)

    def application(self, owner: str, name: str) -> Json:
        """One application (GET /applications/:owner/:name)."""
        return self._object("GET", "applications", owner, name, missing=f"no application {owner}/{name}")

    def applications(self, owner: str) -> list[Json]:
        """The applications of an owner (GET /applications/:owner)."""
        return self._list("applications", owner, missing=f"no applications of {owner}")

    def pipelines(self, owner: str, name: str) -> Iterator[Json]:
        """The pipelines of an application (GET /applications/:owner/:name/pipelines)."""
        missing = f"no application {owner}/{name}"
        return self._pages("applications", owner, name, "pipelines", query=[], limit=0, skip=0, missing=missing)

    def accepts_token(self) -> bool:
        """Whether the server takes the token; a 401 alone says no (GET /runs, which asks for an application then).

        Public reads need no token, so that other answers to it say nothing against one.
        """
        request = Request("GET", "/runs", (("limit", "1"),))
        response = self.transport.send(request)
        if response.status // 100 in {2, 4} and response.status not in COME_BACK_LATER:
            return response.status != 401
        raise self._error(request, response, None)

    def call(self, request: Request) -> Response:
        """The answer to any request that succeeds."""
        return self._send(request, None)

    def id_of(self, item: Json) -> str:
        """The id of an object of the API; raises Refused for one that has none."""
        found = item.get("id")
        if not isinstance(found, str) or not found:
            raise self._not_the_api("an object without an id")
        return found

    def _pages(
        self, *parts: str, query: list[tuple[str, str]], limit: int, skip: int, missing: str | None = None
    ) -> Iterator[Json]:
        seen: set[str] = set()
        while not limit or len(seen) < limit:
            size = min(PAGE, limit - len(seen)) if limit else PAGE
            position = [("limit", str(size))] + ([("skip", str(skip))] if skip else [])
            page = self._list(*parts, query=[*query, *position], missing=missing)
            fresh = [item for item in page if repr(item.get("id")) not in seen]  # an id may be anything, a list too
            new = fresh[:size]
            yield from new
            seen.update(repr(item.get("id")) for item in new)
            skip += len(page)
            if len(page) < size or not new:
                return

    def _list(self, *parts: str, query: Query = (), missing: str | None = None) -> list[Json]:
        answer = self._json(Request("GET", path(*parts), tuple(query)), missing)
        if not isinstance(answer, list) or not all(isinstance(item, dict) for item in answer):
            raise self._not_the_api(f"{_kind(answer)} where an array of objects belongs")
        return answer

    def _object(self, method: str, *parts: str, payload: Json | None = None, missing: str) -> Json:
        body = None if payload is None else json.dumps(payload, ensure_ascii=False).encode()
        answer = self._json(Request(method, path(*parts), body=body), missing)
        if not isinstance(answer, dict):
            raise self._not_the_api(f"{_kind(answer)} where an object belongs")
        return answer

    def _json(self, request: Request, missing: str | None) -> object:
        return self.read(self._send(request, missing))

    def read(self, response: Response) -> object:
        """The JSON of an answer; raises Refused for what is none."""
        try:
            answer: object = json.loads(response.body, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            raise self._not_the_api(_excerpt(response)) from None
        if _deeper(answer, DEEPEST):
            raise self._not_the_api(f"something with more than {DEEPEST} levels")
        return answer

    def _send(self, request: Request, missing: str | None) -> Response:
        self.before()
        if self._ends is not None:
            request = request._replace(seconds=max(self._ends - time.monotonic(), SHORTEST))
        response = self.transport.send(request)
        if 200 <= response.status < 300 or (response.status == 416 and "Range" in request.headers):
            return response
        raise self._error(request, response, missing)

    def _error(self, request: Request, response: Response, missing: str | None) -> WerckerError:
        """A status that is not a success, as the exception whose exit code the documentation promises."""
        status, said = response.status, _reason(response)
        if 300 <= status < 400:
            target = response.headers.get("location", "nowhere")
            return Refused(
                f"{self.name} redirects to {target}, which is not followed",
                hint="use the address that the server itself uses; wercker context show tells where this is from",
            )
        if status in {401, 403}:
            hint = "wercker auth login, or set WERCKER_TOKEN to a token of this server" if status == 401 else None
            return NotAllowed(f"{self.name} does not allow this: {said}", hint=hint)
        if status == 404:
            return NotFound(f"{missing or 'nothing found'} on {self.name}: {said}")
        if status in COME_BACK_LATER:
            hint = LOOK_FIRST if request.method == "POST" else None
            later = retry_after.seconds(response.headers.get("retry-after", ""))
            return Unreachable(f"{self.name} cannot answer now: {said}", hint=hint, retry_after=later)
        return Refused(f"{self.name} refused: {said}")

    def _not_the_api(self, what: str) -> Refused:
        return Refused(
            f"{self.name} answered {what}: this is not the runs API",
            hint="wercker context show tells where the address comes from",
        )


def path(*parts: str) -> str:
    """The parts as a path, each percent-encoded, so that none of them can become two; raises Usage for "..".

    Dots alone would lead to another path, encoded or not.
    """
    if not {".", ".."}.isdisjoint(parts):
        raise Usage(f"no id and no name on a server can be {' or '.join(map(repr, sorted({'.', '..'} & {*parts})))}")
    return "".join(f"/{_quote(part)}" for part in parts)


def _opened(response: Response) -> BinaryIO:
    return response.file or io.BytesIO(response.body)


def _pieces(body: BinaryIO) -> Iterator[bytes]:
    """What is left of a body, which may be too long for memory."""
    while piece := body.read(LOG_PIECE):
        yield piece


def _quote(part: str) -> str:
    if not part or re.fullmatch(_UNRESERVED, part):
        return part
    from urllib.parse import quote  # costs local commands what they rarely need

    return quote(part, safe="")


def _reason(response: Response) -> str:
    """The server's own words, with the status and the trace id where there is one."""
    try:
        said = json.loads(response.body)["message"]
    except (ValueError, TypeError, KeyError, RecursionError):
        said = _excerpt(response)
    trace = response.headers.get("x-wercker-trace-id")
    said = str(said)
    said = said if len(said) <= LONGEST_REASON else f"{said[:LONGEST_REASON]}..."
    return f"{said} ({response.status}{f', trace {trace}' if trace else ''})"


def _excerpt(response: Response) -> str:
    """What an answer that is no JSON begins with, on one line."""
    text = re.sub(_WORD, " ", response.body[:400].decode(errors="replace")).strip()
    if not text:
        return "nothing"
    kind = "HTML" if text[:1] == "<" else "text"
    return f"{kind} beginning with {text[:80]!r}"


def _kind(answer: object) -> str:
    if answer is None:
        return "null"
    names = {dict: "an object", list: "an array", str: "a text", bool: "a boolean"}
    return names.get(type(answer), "a number")


def _deeper(answer: object, levels: int) -> bool:
    """Whether lists and objects lie in each other deeper than that: whoever walks through them has an end too."""
    level = [answer]
    for _ in range(levels + 1):
        inside = [item.values() if isinstance(item, dict) else item for item in level if isinstance(item, (dict, list))]
        if not inside:
            return False
        level = [item for items in inside for item in items]
    return True


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
