"""What can go wrong below HTTP, in words for a person and with the exit code that fits."""

import http.client
import socket
import ssl
import zlib

from urllib3.exceptions import InvalidChunkLength, ProtocolError

from wercker_cli.errors import Refused, Unreachable, WerckerError

ADDRESS = "wercker context show tells where this comes from"

NO_HTTP = "answered what is no proper HTTP"

# What an exception means; the first line that fits counts. {} are the exception's own words.
FAILURES: tuple[tuple[tuple[type[Exception], ...], type[WerckerError], str, str | None], ...] = (
    ((http.client.RemoteDisconnected,), Unreachable, "closed the connection without an answer", None),
    ((ConnectionResetError, BrokenPipeError), Unreachable, "broke the connection off", None),
    ((ssl.SSLEOFError, ssl.SSLZeroReturnError), Unreachable, "broke the connection off", None),
    ((ssl.SSLCertVerificationError,), Refused, "shows a certificate that is not trusted: {}", ADDRESS),
    ((ssl.SSLError,), Refused, "does not speak TLS as it should: {}", "is it an http:// address?"),
    ((socket.gaierror,), Unreachable, "cannot be found: {}", ADDRESS),
    ((zlib.error,), Refused, "sent a body that cannot be decompressed", None),
    ((InvalidChunkLength,), Refused, NO_HTTP, None),
    ((http.client.IncompleteRead, ProtocolError), Unreachable, "broke off in the middle of its answer", None),
    ((OSError,), Unreachable, "cannot be reached: {}", ADDRESS),
    ((Exception,), Refused, NO_HTTP, None),
)


def root(error: Exception) -> Exception:
    """The exception that urllib3 and requests have wrapped theirs around."""
    for inner in (error.__cause__, *error.args):
        if isinstance(inner, Exception):
            return root(inner)
    return error


def words(error: Exception) -> str:
    """What the system says, as the end of a sentence."""
    if isinstance(error, ssl.SSLCertVerificationError):
        said = error.verify_message
    elif isinstance(error, ssl.SSLError):
        said = (error.reason or "unknown").replace("_", " ").lower()
    else:
        said = getattr(error, "strerror", None) or str(error)
    return said[:1].lower() + said[1:]
