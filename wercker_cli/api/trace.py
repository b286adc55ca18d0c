"""Requests and answers for --debug: a line each, with whatever may be a secret blotted out."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from wercker_cli.api.transport import Request, Response

SHOWN = 400  # characters of a body
READ = 8 * 2**20  # bytes of a body that are looked at: nothing longer is JSON of the API
SHORTEST = 4  # characters: a shorter value of a variable is not looked for elsewhere, "1" would be everywhere
HEADERS = ("Range", "If-None-Match", "Content-Type")  # of a request; Authorization is never shown
BLOT = "[secret]"

_PARAMETER = re.compile(r"(?i)\b([\w-]*token=)[^&\s\"'#]*")
_BEARER = re.compile(r"(?i)\b((?:bearer|basic)\s+)[\w.~+/=-]+")
_LOGIN = re.compile(r"(//)[^/\s'\"]*@")
_VARIABLES = re.compile(r"(?i)env_?vars?\b.*", re.DOTALL)


class Trace:
    """Tells each request and answer to `show`. Values of envVars are secrets from the first time they are seen."""

    def __init__(self, show: Callable[[str], None], token: str | None = None) -> None:
        self._show = show
        self._secrets: dict[str, str] = {}  # a secret, in each form that it may take, and what is shown for it
        self._learn(token or "", "[token]")

    def request(self, url: str, request: Request) -> None:
        """A request before it is sent: method, URL, the headers that matter, the body."""
        headers = [f"{name}: {request.headers[name]}" for name in HEADERS if name in request.headers]
        body = [self._body(request.body)] if request.body is not None else []
        self._line(" | ".join([f"{request.method} {url}", *headers, *body]))

    def response(self, response: Response, seconds: float) -> None:
        """An answer: status, time, size, and what it begins with."""
        size = len(response.body)
        if response.file:
            size = response.file.seek(0, 2)
            response.file.seek(0)
        shown = self._body(response.body) if response.body and size <= READ else ""
        self._line(f"{response.status}, {size} bytes, {seconds:.3f} s" + (f" | {shown}" if shown else ""))

    def failure(self, error: Exception) -> None:
        """What was there instead of an answer."""
        self._line(f"no answer: {error!r}")

    def _line(self, text: str) -> None:
        text = self._blotted(text)
        text = _LOGIN.sub(rf"\1{BLOT}@", text)
        text = _BEARER.sub(rf"\1{BLOT}", _PARAMETER.sub(_unless_blotted, text))
        self._show(" ".join(text.split()))

    def _body(self, body: bytes) -> str:
        """The beginning of a body, blotted before it is cut: half a secret is one too."""
        try:
            data = json.loads(body)
            for variable in list(_variables(data)):
                self._learn_all(variable.get("value"))
                variable["value"] = BLOT
            text = json.dumps(data, ensure_ascii=False)
        except (ValueError, RecursionError):  # not JSON, or cut: then nobody knows where its variables end
            text = _VARIABLES.sub(f"envVars {BLOT}", body[: 4 * SHOWN].decode(errors="replace"))
        text = self._blotted(text)
        return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."

    def _blotted(self, text: str) -> str:
        for secret in sorted(self._secrets, key=len, reverse=True):  # none may be cut by one that it contains
            text = text.replace(secret, self._secrets[secret])
        return text

    def _learn_all(self, value: Any) -> None:
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            self._learn_all(inner)
        if isinstance(value, (str, int, float)) and len(str(value)) >= SHORTEST:
            self._learn(str(value), BLOT)

    def _learn(self, secret: str, blot: str) -> None:
        if secret:
            self._secrets |= dict.fromkeys(_forms(secret), blot)


def _forms(secret: str) -> set[str]:
    """A secret as it is, in a URL, in JSON, and in a message that quotes one of these in JSON."""
    from urllib.parse import quote, quote_plus

    encoded = secret.encode("utf-8", "surrogatepass")
    forms = {secret, quote(encoded), quote(encoded, safe=""), quote_plus(encoded), repr(secret)[1:-1]}
    for _ in range(2):
        forms |= {json.dumps(form, ensure_ascii=plain)[1:-1] for form in forms for plain in (True, False)}
    return forms


def _unless_blotted(found: re.Match[str]) -> str:
    return found[0] if found[0].endswith("[token]") else f"{found[1]}{BLOT}"


def _variables(data: Any) -> Iterator[dict[str, Any]]:
    """The objects in every list of environment variables, however deep it lies."""
    if isinstance(data, list):
        for item in data:
            yield from _variables(item)
    elif isinstance(data, dict):
        for key, value in data.items():
            if re.fullmatch(r"(?i)env_?vars?", key) and isinstance(value, list):
                yield from (item for item in value if isinstance(item, dict))
            else:
                yield from _variables(value)
