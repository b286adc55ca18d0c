"""Who sends a request to the server: from where, for which host and path, with which token."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from wercker_cli.engine import tokens
from wercker_cli.engine.faults import BadRequest, Forbidden

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from wercker_cli.engine.store import Row, Store

_HOST = r"(?P<name>[\w.-]+|\[(?P<address>[0-9a-fA-F:.]+)\])(:\d{1,5})?"
_BEARER = r"Bearer +([!-~]+) *"


class Rules(NamedTuple):
    """Whom a server believes and whom it answers."""

    hosts: frozenset[str] = frozenset()  # the names that it goes by, in lower case; any, where there are none
    behind_proxy: bool = False  # whether the last hop says who asks


class Caller(NamedTuple):
    """What a request says of itself, as far as it is to be believed; not checked."""

    address: str
    scheme: str
    host: str  # with the port
    path: str  # as it was sent: an encoded slash is no slash
    authorization: str | None


def caller(environ: WSGIEnvironment, rules: Rules) -> Caller:
    """Reads it off a request."""
    found = Caller(
        address=environ["REMOTE_ADDR"],
        scheme=environ["wsgi.url_scheme"],
        host=environ.get("HTTP_HOST", ""),
        path=_path(environ["REQUEST_URI"]),
        authorization=environ.get("HTTP_AUTHORIZATION"),
    )
    return _forwarded(found, environ) if rules.behind_proxy else found


def _forwarded(found: Caller, environ: WSGIEnvironment) -> Caller:
    """The caller that a proxy, the last hop, speaks for."""
    address, scheme, host = (
        environ.get(f"HTTP_X_FORWARDED_{name}", "").rsplit(",", 1)[-1].strip() for name in ("FOR", "PROTO", "HOST")
    )
    return found._replace(
        address=address if _is_address(address) else found.address,
        scheme=scheme.lower() if scheme.lower() in {"http", "https"} else found.scheme,
        host=host or found.host,
    )


def check_host(caller: Caller, rules: Rules) -> None:
    """Raises BadRequest for a host that is none, Forbidden for one that the server does not go by.

    A page of somebody else, opened in a browser on this machine, can let its own name point here.
    """
    host = re.fullmatch(_HOST, caller.host, re.ASCII)
    if host is None or (host["address"] and not _is_ipv6(host["address"])):
        raise BadRequest("The header Host is missing, or names no host")
    if rules.hosts and host["name"].lower().rstrip(".") not in rules.hosts:
        raise Forbidden(f"This server does not go by the name {host['name']}; --allowed-host adds it")


def _is_ipv6(text: str) -> bool:
    return ":" in text and _is_address(text)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def token(caller: Caller, store: Store) -> Row | None:
    """The row of the token that a caller has, or None where nobody has it."""
    sent = re.fullmatch(_BEARER, caller.authorization or "", re.IGNORECASE)
    return tokens.find(store, sent[1]) if sent else None


def _path(target: str) -> str:
    path = target.partition("?")[0]
    if path.startswith("/"):
        return path
    try:
        return urlsplit(target).path or "/"  # as proxies are asked
    except ValueError:  # half of an address
        return path
