"""TLS for the server's socket, and what is wrong with a certificate that gives none."""

import re
import socket
import ssl

from wercker_cli.errors import Usage

_CERTIFICATE = rb"-----BEGIN (X509 |TRUSTED )?CERTIFICATE-----"
_KEY = rb"-----BEGIN ([A-Z]+ )?PRIVATE KEY-----"


def secured(listener: socket.socket, cert: str, key: str | None) -> socket.socket:
    """The same socket with TLS; `key` is the file of the key where it is not in that of the certificate.

    The handshake belongs to each connection, and must hold nobody else up. Raises Usage for files that cannot be used.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(cert, key, password="")
    except (OSError, ValueError) as error:  # ValueError: a key that only a password opens
        raise _trouble(cert, key or cert, error) from None
    return context.wrap_socket(listener, server_side=True, do_handshake_on_connect=False)


def _trouble(cert: str, key: str, error: Exception) -> Usage:
    """What is wrong with the two files; OpenSSL says "PEM lib" to most of it."""
    try:
        with open(cert, "rb") as first, open(key, "rb") as second:
            certificates, keys = first.read(), second.read()
    except OSError as unreadable:
        return Usage(f"{unreadable.filename} cannot be read: {unreadable.strerror}")
    if not re.search(_CERTIFICATE, certificates):
        return Usage(f"{cert} holds no certificate", hint="--cert needs one in PEM form")
    if b"ENCRYPTED" in keys:
        return Usage(f"the key in {key} opens with a password only, and nobody is there to type it")
    if not re.search(_KEY, keys):
        return Usage(f"{key} holds no key", hint="--key FILE names the one of the certificate, in PEM form")
    if isinstance(error, ssl.SSLError) and error.reason == "KEY_VALUES_MISMATCH":
        return Usage(f"the key in {key} is not that of the certificate in {cert}")
    return Usage(f"the certificate in {cert} or the key in {key} is damaged: {error}")
