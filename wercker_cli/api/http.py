"""The thin HTTP core: who is asked and how, what is tried again, how long and how much is too much.

Whatever goes wrong below it (requests, urllib3, http.client, sockets, TLS) leaves as one WerckerError.
"""

import http.client
import ipaddress
import os
import ssl
import tempfile
import time
from collections.abc import Callable
from typing import BinaryIO, cast
from urllib.parse import urlencode, urlsplit

import requests
import urllib3
from requests.auth import AuthBase
from requests.utils import get_environ_proxies, select_proxy
from urllib3.exceptions import HTTPError

from wercker_cli import __version__
from wercker_cli.api import retry_after
from wercker_cli.api.connections import Adapter
from wercker_cli.api.deadline import DeadlineError, deadline
from wercker_cli.api.failures import ADDRESS, FAILURES, NO_HTTP, root, words
from wercker_cli.api.remembered import Remembered
from wercker_cli.api.trace import Trace
from wercker_cli.api.transport import LOOK_FIRST, Request, Response
from wercker_cli.api.weight import JSON_MOST, READ_MOST, weight
from wercker_cli.errors import Refused, Unreachable, Usage, WerckerError

REQUEST_TIMEOUT = 30.0  # seconds
MAX_BODY = 64 * 2**20  # bytes, after decompression, of what a Range asks for; JSON has a limit of its own
IN_MEMORY = 2 * 2**20  # bytes of a body; the rest waits in a file, so that a bomb stays cheap
PIECE = 64 * 2**10  # bytes that are decompressed at once
LONGEST = 86400.0  # seconds for a request: timers have an end, and "nan" is a number
RETRIES = 3
RETRY_AFTER_MAX = 10  # seconds
BACKOFF = 0.2  # seconds: the first retry is immediate, the next ones wait twice and four times this
DECODED = {"", "identity", "gzip", "x-gzip", "deflate"}  # encodings that are undone in bounded steps

FAULTS = (requests.RequestException, HTTPError, http.client.HTTPException, OSError, ValueError)
LONGER = "--request-timeout SECONDS waits longer"


class Http:
    """A server of the API, over HTTP; what `wercker_cli.api.transport.Transport` asks for."""

    polling = (0.5, 5.0)

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        ca_bundle: str | None = None,
        request_timeout: float | None = None,
        trace: Callable[[str], None] | None = None,
    ) -> None:
        """`url` is the root of the API; `ca_bundle` None trusts what requests does.

        `request_timeout` in seconds, retries included; `trace` gets a line a request and a line an answer. Raises
        Usage for a CA bundle that cannot be read and a time limit that cannot be set.
        """
        self.server = self.name = url
        self._seconds = REQUEST_TIMEOUT if request_timeout is None else request_timeout
        if not 0 < self._seconds <= LONGEST:
            raise Usage(
                f"a request timeout of {self._seconds:g} s is not possible", hint=f"more than 0, at most {LONGEST:g}"
            )
        self._token = token
        self._trace = Trace(trace, token) if trace else None
        self._remembered = Remembered()
        parts = urlsplit(url)
        if parts.scheme == "https":
            _check_ca_bundle(ca_bundle)
        proxies = {} if _is_loopback(parts.hostname or "") else get_environ_proxies(self.server)
        self._proxy = select_proxy(self.server, proxies)
        self._session = _Session(token, self._seconds)
        self._session.proxies.update(proxies)
        self._session.verify = ca_bundle or True

    def send(self, request: Request) -> Response:
        """The answer, whatever its status; raises Unreachable where none comes, Refused where it is not usable."""
        if request.method == "POST":
            self._session.close()  # on a kept connection that just ends, nobody could tell whether it has arrived
        seconds = self._seconds if request.seconds is None else min(self._seconds, request.seconds)
        try:
            with deadline(seconds):
                return self._latest(request)
        except DeadlineError:
            failure: WerckerError = self._late(seconds)
        except WerckerError as error:
            failure = error
        except FAULTS as error:
            if self._trace:
                self._trace.failure(root(error))
            failure = self._explain(error)
        self._session.close()  # what is left on its connections belongs to no later request
        if request.method == "POST" and failure.hint in {None, LONGER}:
            failure.hint = LOOK_FIRST
        raise failure

    def _latest(self, request: Request) -> Response:
        """The answer, which may be the remembered one where the server says that it is still right."""
        etag = self._remembered.etag(request)
        headers = dict(request.headers) | ({"If-None-Match": etag} if etag else {})
        if request.body is not None:
            headers["Content-Type"] = "application/json"
        response = self._persistent(request._replace(headers=headers))
        if response.status != 304:
            self._remembered.keep(request, response)
            return response
        if not etag:
            raise Refused(f"{self.server} answered 304 (not modified) to a request for something new")
        return self._remembered.recall(request)

    def _persistent(self, request: Request) -> Response:
        """The answer to a GET whose answer breaks off is asked for again; urllib3 does so before it has begun."""
        for pause in (0, *(BACKOFF * 2**retry for retry in range(1, RETRIES))):
            try:
                return self._exchange(request)
            except requests.exceptions.ChunkedEncodingError as error:
                if request.method != "GET" or not isinstance(self._explain(error), Unreachable):
                    raise
                if self._trace:
                    self._trace.failure(root(error))
            self._session.close()
            time.sleep(pause)
        return self._exchange(request)

    def _exchange(self, request: Request) -> Response:
        query = f"?{urlencode(request.query)}" if request.query else ""
        if self._trace:
            self._trace.request(f"{self.server}{request.path}{query}", request)
        began = time.monotonic()
        with self._session.request(
            request.method,
            self.server + request.path,
            params=request.query,
            data=request.body,
            headers=request.headers,
            allow_redirects=False,
            stream=True,
            timeout=(self._seconds / 3, self._seconds),  # an address that is dead leaves time for the host's next one
        ) as answer:
            encoding = answer.headers.get("Content-Encoding", "").strip().lower()
            if encoding not in DECODED:
                raise Refused(f"{self.server} sent a body encoded as {encoding[:40]!r}, which was not asked for")
            headers = {name.lower(): value for name, value in answer.headers.items()}
            if "Range" in request.headers and answer.status_code in {200, 206}:
                response = Response(answer.status_code, headers, b"", self._file(answer, MAX_BODY))
            else:
                response = Response(answer.status_code, headers, self._json(answer))
        response = self._without_token(response)
        if self._trace:
            self._trace.response(response, time.monotonic() - began)
        return response

    def _json(self, answer: requests.Response) -> bytes:
        """A body that can be read as JSON without much memory; whether it is JSON is for others to say."""
        with self._file(answer, JSON_MOST) as file:
            body = file.read()
        if weight(body) > READ_MOST:
            raise Refused(f"{self.server} answered with more than can be read: {len(body)} bytes, of many small pieces")
        return body

    def _file(self, answer: requests.Response, most: int) -> BinaryIO:
        """The body as a file, read from its beginning."""
        file = cast("BinaryIO", tempfile.SpooledTemporaryFile(IN_MEMORY))  # noqa: SIM115 - whoever reads it closes it
        try:
            for piece in answer.iter_content(PIECE):
                _write(file, piece)
                if file.tell() > most:
                    raise Refused(f"{self.server} answered with more than {most // 2**20} MiB")
        except ValueError as error:  # a chunk of minus two bytes
            file.close()
            raise Refused(f"{self.server} {NO_HTTP}") from error
        except BaseException:  # the time limit too
            file.close()
            raise
        file.seek(0)
        return file

    def _without_token(self, response: Response) -> Response:
        """A refusal is quoted in messages, and servers like to quote what they refuse."""
        if not self._token or response.status < 300:
            return response
        headers = {name: value.replace(self._token, "[token]") for name, value in response.headers.items()}
        return response._replace(headers=headers, body=response.body.replace(self._token.encode(), b"[token]"))

    def _late(self, seconds: float) -> Unreachable:
        return Unreachable(f"{self.server} did not answer within {seconds:.3g} s", hint=LONGER)

    def _explain(self, error: Exception) -> WerckerError:
        """What went wrong, in words for a person."""
        if isinstance(error, ValueError) and not isinstance(error, requests.exceptions.InvalidHeader):
            if self._proxy:
                return Usage("the proxy that the environment names is no address that can be used", hint=self._escape())
            return Usage(f"{self.server} is no address of a server", hint=ADDRESS)
        cause = root(error)
        if isinstance(cause, (TimeoutError, urllib3.exceptions.TimeoutError)):
            return self._late(self._seconds)
        who, hint = self.server, None
        if isinstance(error, requests.exceptions.ProxyError):
            proxy = urlsplit(str(self._proxy))
            who, hint = f"the proxy {proxy.hostname}:{proxy.port}", self._escape()
        outcome, said, usual = next(row[1:] for row in FAILURES if isinstance(cause, row[0]))
        return outcome(f"{who} {said.format(words(cause))}", hint=hint or usual)

    def _escape(self) -> str:
        return f"name {urlsplit(self.server).hostname} in no_proxy to go there directly"


class _Session(requests.Session):
    """Takes nothing from the environment, and leaves redirects alone."""

    def __init__(self, token: str | None, seconds: float) -> None:
        super().__init__()
        self.trust_env = False
        self.auth = _Bearer(token)
        self.headers["User-Agent"] = f"wercker-cli/{__version__}"
        self.headers["Accept"] = "application/json"
        self.headers["Accept-Encoding"] = "gzip, deflate"
        retries = _Retry(
            total=RETRIES,
            other=0,  # TLS failures, which urllib3 would send a POST again for
            allowed_methods={"GET", "PUT"},  # for failures to connect, any method
            status_forcelist={429, 502, 503, 504},
            raise_on_status=False,
            backoff_factor=BACKOFF,
            backoff_max=seconds / (RETRIES + 1),  # waiting leaves time for asking
            retry_after_max=min(RETRY_AFTER_MAX, int(seconds / (RETRIES + 1))),
        )
        for scheme in ("http://", "https://"):
            self.mount(scheme, Adapter(max_retries=retries))

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Nowhere: requests would read the whole body of a redirect, however long, even if it does not follow it."""


class _Bearer(AuthBase):
    """The token. It is set where there is none too: requests then looks for no other credentials."""

    def __init__(self, token: str | None) -> None:
        self.token = token

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        if self.token:
            r.headers["Authorization"] = f"Bearer {self.token}"
        return r


class _Retry(urllib3.Retry):
    def get_retry_after(self, response: urllib3.BaseHTTPResponse) -> float | None:
        """Seconds; None for a header that makes no sense, which is no reason to give up."""
        wait = retry_after.seconds(response.headers.get("Retry-After", ""))
        return None if wait is None else min(wait, self.retry_after_max)


def _write(file: BinaryIO, piece: bytes) -> None:
    try:
        file.write(piece)
    except OSError as error:  # it is not the server that is to blame
        raise Refused(
            f"an answer could not be kept in {tempfile.gettempdir()}: {error.strerror}",
            hint="make room there, or set TMPDIR to another folder",
        ) from None


def _is_loopback(host: str) -> bool:
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _check_ca_bundle(bundle: str | None) -> None:
    """Raises Usage for a bundle that OpenSSL cannot read: requests would fail late, and name no file."""
    if bundle is None or os.path.isdir(bundle):
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(bundle)
    except OSError as error:
        why = "it holds no PEM certificates" if isinstance(error, ssl.SSLError) else words(error)
        raise Usage(f"the CA bundle {bundle!r} is none: {why}", hint=ADDRESS) from None
