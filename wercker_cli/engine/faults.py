"""What a route raises, and the API answers as {"statusCode", "error", "message"}."""

from collections.abc import Iterable, Mapping


class Fault(Exception):
    """The root; an answer other than success, with the headers that belong to it (names in lower case)."""

    status = 500
    title = "Internal Server Error"

    def __init__(self, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.headers = headers or {}


class BadRequest(Fault):
    """Something in the query or the payload."""

    status = 400
    title = "Bad Request"


class Missing(Fault):
    """No such path, run, step, pipeline or application."""

    status = 404
    title = "Not Found"


class WrongMethod(Fault):
    """The path is there, the method is not."""

    status = 405
    title = "Method Not Allowed"

    def __init__(self, message: str, allowed: Iterable[str]) -> None:
        super().__init__(message, {"allow": ", ".join(allowed)})


class NotLoggedIn(Fault):
    """No token where one is needed, or one that nobody has."""

    status = 401
    title = "Unauthorized"

    def __init__(self, message: str) -> None:
        super().__init__(message, {"www-authenticate": "Bearer"})


class Forbidden(Fault):
    """The token may not do this, or nobody may."""

    status = 403
    title = "Forbidden"


class UnsupportedBody(Fault):
    """A body that says of itself that it is no JSON."""

    status = 415
    title = "Unsupported Media Type"


class NoSuchRange(Fault):
    """A range of bytes of which there is none."""

    status = 416
    title = "Range Not Satisfiable"


class TooManyFailures(Fault):
    """Somebody tries tokens."""

    status = 429
    title = "Too Many Requests"

    def __init__(self, message: str, seconds: int) -> None:
        super().__init__(message, {"retry-after": str(seconds)})


class Unwell(Fault):
    """The engine cannot do its work now."""

    status = 503
    title = "Service Unavailable"


class Busy(Unwell):
    """It has too much to do, for that many seconds perhaps; nothing has been done."""

    def __init__(self, message: str, seconds: int) -> None:
        super().__init__(message, {"retry-after": str(seconds)})
