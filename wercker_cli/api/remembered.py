"""Answers of this process that are asked for again: the server may say "304" instead of sending them anew."""

import re
from collections import OrderedDict

from wercker_cli.api.transport import Request, Response

ANSWERS = 8  # a wait asks for a run and its steps, in turn
BYTES = 4 * 2**20  # of all of them

_ETAG = re.compile(r'(?:W/)?"[!#-~\x80-\xff]{0,256}"')  # anything else could not go back in a header
_Key = tuple[str, tuple[tuple[str, str], ...]]


class Remembered:
    """The latest answers that have an ETag, each under its path and query; the oldest give way to new ones."""

    def __init__(self) -> None:
        self._answers: OrderedDict[_Key, Response] = OrderedDict()

    def etag(self, request: Request) -> str | None:
        """What to ask with: the ETag of the answer that is here; None where there is none."""
        found = self._answers.get(_key(request)) if _may(request) else None
        return found.headers["etag"] if found else None

    def recall(self, request: Request) -> Response:
        """The answer that a 304 means; there is one wherever `etag` gave one."""
        return self._answers[_key(request)]

    def keep(self, request: Request, response: Response) -> None:
        """Remembers an answer that may be asked for again, in place of the last one to the same request."""
        if not _may(request):
            return
        self._answers.pop(_key(request), None)
        if response.status == 200 and _ETAG.fullmatch(response.headers.get("etag", "")):
            self._answers[_key(request)] = response
        while len(self._answers) > ANSWERS or sum(len(answer.body) for answer in self._answers.values()) > BYTES:
            self._answers.popitem(last=False)


def _key(request: Request) -> _Key:
    return request.path, tuple(request.query)


def _may(request: Request) -> bool:
    return request.method == "GET" and "Range" not in request.headers
