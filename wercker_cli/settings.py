"""Where the server, the token and the state folder come from: an option, the environment, or the default."""

import os
import re
from collections.abc import Mapping
from typing import NamedTuple

from wercker_cli.errors import NotAllowed, Usage

API_ROOT = "/api/v3"

_SENDABLE = r"[\x21-\x7e]+"
_HOST = r"(?!.*\.\.)[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_.])?"


class Value(NamedTuple):
    """A setting and what decided it: the name of a variable or option, or "default"."""

    value: str | None
    origin: str


class Settings(NamedTuple):
    """Every setting with its origin. `api_url` None is the embedded engine."""

    api_url: Value
    token: Value
    application: Value
    ca_bundle: Value
    home: Value

    @property
    def context(self) -> str:
        """What answers: "engine" or "server"."""
        return "server" if self.api_url.value else "engine"


def read(environ: Mapping[str, str]) -> Settings:
    """The settings of this environment; raises Usage or NotAllowed for a value that cannot be used."""
    return Settings(
        api_url=_url(_first(environ, "WERCKER_API_URL")),
        token=_token(_first(environ, "WERCKER_TOKEN")),
        application=_first(environ, "WERCKER_APPLICATION_ID"),
        ca_bundle=_first(environ, "WERCKER_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
        home=_home(environ),
    )


def describe(settings: Settings, application: str | None) -> list[dict[str, str]]:
    """Every setting as `name`, `value` and `origin`, with the `application` in force; no word of the token itself."""
    shown = {
        "context": Value(settings.context, settings.api_url.origin),
        "server": Value(settings.api_url.value or "the embedded engine", settings.api_url.origin),
        "token": Value("set, not shown" if settings.token.value else "none", settings.token.origin),
        "application": settings.application if settings.application.value else Value(application or "none", "checkout"),
        "CA bundle": Value(settings.ca_bundle.value or "the built-in one", settings.ca_bundle.origin),
        "state folder": settings.home,
    }
    return [{"name": name, "value": str(value), "origin": origin} for name, (value, origin) in shown.items()]


def _first(environ: Mapping[str, str], *names: str) -> Value:
    for name in names:
        if environ.get(name):
            return Value(environ[name], name)
    return Value(None, "default")


def _token(token: Value) -> Value:
    if token.value is not None and not re.fullmatch(_SENDABLE, token.value):
        raise NotAllowed(
            f"{token.origin} holds characters that cannot go into an HTTP header (a blank, a line break, an accent?)",
            hint="copy the token again, without anything around it",
        )
    return token


def _url(url: Value) -> Value:
    """The root of the API; `/api/v3` may be written or left out."""
    if url.value is None:
        return url
    from urllib.parse import urlsplit

    text = url.value.strip()
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise _bad_url(url, str(error)) from None
    if parts.scheme not in {"http", "https"}:
        raise _bad_url(url, "it has to begin with http:// or https://")
    if not (re.fullmatch(_HOST, host) or (":" in host and "[" in parts.netloc)):
        raise _bad_url(url, "it names no host that can exist")
    if "@" in parts.netloc:
        raise Usage(f"{url.origin} holds a user name or password", hint="give the token in WERCKER_TOKEN instead")
    if parts.query or parts.fragment or any(ord(char) <= 32 for char in text):
        raise _bad_url(url, "it has more than a host and a path")
    root = text.rstrip("/").removesuffix(API_ROOT).rstrip("/")
    return Value(root + API_ROOT, url.origin)


def _bad_url(url: Value, why: str) -> Usage:
    return Usage(
        f"{url.origin} is {url.value!r}, which is no address of a server: {why}",
        hint="an address looks like https://ci.example.com",
    )


def _home(environ: Mapping[str, str]) -> Value:
    """The engine's state folder: WERCKER_HOME, else `wercker` in the XDG state folder."""
    if environ.get("WERCKER_HOME"):
        return Value(os.path.abspath(environ["WERCKER_HOME"]), "WERCKER_HOME")
    state = environ.get("XDG_STATE_HOME", "")
    if os.path.isabs(state):  # the XDG specification says to ignore a relative one
        return Value(os.path.join(state, "wercker"), "XDG_STATE_HOME")
    return Value(os.path.expanduser("~/.local/state/wercker"), "default")
