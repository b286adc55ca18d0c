"""What a route raises, and the API answers as {"statusCode", "error", "message"}."""


class Fault(Exception):
    """The root; an answer other than success."""

    status = 500
    title = "Internal Server Error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


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
