"""The seam: what carries a request to whoever answers it, over HTTP or in this process."""

from collections.abc import Mapping
from typing import BinaryIO, NamedTuple, Protocol

# The hint for a trigger that was sent, and not answered as it should be: a second run is worse than an error.
LOOK_FIRST = "the request may have arrived: look at wercker runs list before you send it again"


class Request(NamedTuple):
    """One call of the API. With a Range header it asks for bytes, of any kind and number; else for JSON."""

    method: str
    path: str  # below the root of the API, each part percent-encoded: "/runs/577a4dbc3ec144923a02b6f9"
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None  # JSON, where there is one
    headers: Mapping[str, str] = {}
    seconds: float | None = None  # that its answer may take at most, where that is less than usual


class Response(NamedTuple):
    """What came back, whole and decompressed."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    file: BinaryIO | None = None  # of what a Range asked for, in place of `body`: it may be too much for memory


class Transport(Protocol):
    """Something that answers the API."""

    name: str  # what answers, as messages call it
    server: str  # the root of the API as a URL: runs are at SERVER/runs/ID
    polling: tuple[float, float]  # seconds between two looks at a run: at first, and at most

    def send(self, request: Request) -> Response:
        """The answer, whatever its status; raises Unreachable where none comes, Refused where it is not usable."""
        ...
