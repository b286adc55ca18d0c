"""Where the server, the token and the state folder come from: an option, the environment, config.toml, the default."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from wercker_cli.errors import NotAllowed, Usage

if TYPE_CHECKING:
    from wercker_cli.accounts.config import Config, Context

API_ROOT = "/api/v3"
API_URL = "WERCKER_API_URL"  # the variable, and what the context is called that it makes
ENGINE = "engine"
RESERVED = {API_URL, ENGINE}  # names that no context of config.toml can have
FLAG = "--context"
CONFIG = "config.toml"
KEYRING = "keyring"
OF_A_SERVER = {API_URL, "WERCKER_TOKEN", "WERCKER_CONTEXT", "WERCKER_APPLICATION_ID"}  # variables that belong to one

_SENDABLE = r"[\x21-\x7e]+"
_HOST = r"(?!.*\.\.)[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_.])?"


class Value(NamedTuple):
    """A setting and what decided it: the name of a variable or option, or "default"."""

    value: str | None
    origin: str


class Settings(NamedTuple):
    """Every setting with its origin. `api_url` None is the embedded engine."""

    chosen: Value  # the name of the context: "engine", one of config.toml, or "WERCKER_API_URL"
    api_url: Value
    token: Value  # None where there is none, and where the keyring has it
    application: Value
    ca_bundle: Value
    home: Value  # of the engine; None where no home folder is known
    config: Value  # the path of config.toml; None where no home folder is known
    notes: tuple[str, ...] = ()  # what a person should know about config.toml

    @property
    def context(self) -> str:
        """The name of the context that answers."""
        return str(self.chosen.value)

    @property
    def has_token(self) -> bool:
        """Whether there is a token, wherever it is kept."""
        return bool(self.token.value) or self.token.origin == KEYRING


def read(environ: Mapping[str, str], context: str | None = None) -> Settings:
    """The settings of this environment; `context` is what --context says.

    config.toml is not looked at where that or the environment asks for the engine or an address; the keyring never
    is. Raises Usage for a value that cannot be used; whether the token can be is for `secret` to say.
    """
    path, chosen = config_path(environ), _chosen(environ, context)
    found = None if _needs_no_entry(chosen) else _config(path.value)
    if chosen.value is None:
        current = found.current if found else None
        chosen = Value(current, CONFIG) if current else Value(ENGINE, "default")
    entry = None if _needs_no_entry(chosen) else named(found, chosen)
    origin = f"{CONFIG} [contexts.{chosen.value}]"
    url = _first(environ, API_URL) if chosen.origin == API_URL else Value(None, chosen.origin)
    return Settings(
        chosen=chosen,
        api_url=server_root(Value(entry.url, origin) if entry else url),
        token=_token(environ, chosen, entry, origin),
        application=_application(environ, entry, origin),
        ca_bundle=_ca_bundle(environ, entry, origin),
        home=state_folder(environ),
        config=path,
        notes=found.notes if found else (),
    )


def named(config: Config | None, name: Value) -> Context:
    """The context of that name; raises Usage with the names that there are."""
    entry = config.contexts.get(str(name.value)) if config else None
    if entry is None:
        known = ", ".join([ENGINE, *(config.contexts if config else ())])
        raise Usage(
            f"{name.origin} names the context {name.value!r}, and there is none: known are {known}",
            hint=f"wercker context add {name.value} --url URL",
        )
    return entry


def secret(settings: Settings) -> str | None:
    """The token itself, None where there is none; raises NotAllowed for one that cannot be had, or cannot be sent."""
    if settings.token.origin != KEYRING:
        return sendable(settings.token).value
    from wercker_cli.accounts import keys

    found = keys.find(keys.account(settings.context, str(settings.api_url.value)))
    return sendable(Value(found, "the system keyring")).value


def config_path(environ: Mapping[str, str]) -> Value:
    """Where config.toml is, or would be; None where no home folder is known."""
    folder = xdg(environ, "XDG_CONFIG_HOME", ".config")
    return folder._replace(value=os.path.join(folder.value, CONFIG) if folder.value else None)


def xdg(environ: Mapping[str, str], name: str, below_home: str) -> Value:
    """Our part of a folder that the XDG specification names; None where no home folder is known."""
    folder = environ.get(name, "")
    if os.path.isabs(folder):  # the specification says to ignore a relative one
        return Value(os.path.join(folder, "wercker"), name)
    path = os.path.join(environ.get("HOME") or os.path.expanduser("~"), below_home, "wercker")
    return Value(path if os.path.isabs(path) else None, "default")


def _config(path: str | None) -> Config | None:
    """What config.toml says, None where there is no such file: then nothing is loaded that could read it."""
    if path is None or not os.path.lexists(path):
        return None
    from wercker_cli.accounts import config

    return config.read(path)


def _chosen(environ: Mapping[str, str], context: str | None) -> Value:
    """The name of the context; None where config.toml may say it."""
    if context is not None:
        return Value(context, FLAG)
    if environ.get(API_URL):
        return Value(API_URL, API_URL)
    return _first(environ, "WERCKER_CONTEXT")


def _needs_no_entry(chosen: Value) -> bool:
    return chosen.value == ENGINE or chosen.origin == API_URL


def _token(environ: Mapping[str, str], chosen: Value, entry: Context | None, origin: str) -> Value:
    """The environment's token, else the context's own.

    That one belongs to the server that the environment, or config.toml, lets answer: one of --context gets no word
    of it.
    """
    given = _first(environ, "WERCKER_TOKEN")
    if entry is None or (given.value and chosen.origin != FLAG):
        return given
    if entry.token:
        return Value(entry.token, origin)
    return Value(None, KEYRING if entry.keyring else "default")


def _application(environ: Mapping[str, str], entry: Context | None, origin: str) -> Value:
    given = _first(environ, "WERCKER_APPLICATION_ID")
    return Value(entry.application, origin) if entry and entry.application and not given.value else given


def _ca_bundle(environ: Mapping[str, str], entry: Context | None, origin: str) -> Value:
    """Ours, the context's, then those of other programs."""
    ours = _first(environ, "WERCKER_CA_BUNDLE")
    if entry and entry.ca_bundle and not ours.value:
        return Value(entry.ca_bundle, origin)
    return ours if ours.value else _first(environ, "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def describe(settings: Settings, application: str | None) -> list[dict[str, str]]:
    """Every setting as `name`, `value` and `origin`, with the `application` in force; no word of the token itself."""
    shown = {
        "context": settings.chosen,
        "server": Value(settings.api_url.value or "the embedded engine", settings.api_url.origin),
        "token": Value("set, not shown" if settings.has_token else "none", settings.token.origin),
        "application": settings.application if settings.application.value else Value(application or "none", "checkout"),
        "CA bundle": Value(settings.ca_bundle.value or "the built-in one", settings.ca_bundle.origin),
        "state folder": Value(settings.home.value or "none", settings.home.origin),
        "config file": Value(settings.config.value or "none", settings.config.origin),
    }
    return [{"name": name, "value": str(value), "origin": origin} for name, (value, origin) in shown.items()]


def _first(environ: Mapping[str, str], *names: str) -> Value:
    for name in names:
        if environ.get(name):
            return Value(environ[name], name)
    return Value(None, "default")


def sendable(token: Value) -> Value:
    """The token; raises NotAllowed for one that HTTP cannot carry, without a word of it."""
    if token.value is not None and not re.fullmatch(_SENDABLE, token.value):
        raise NotAllowed(
            f"{token.origin} holds characters that cannot go into an HTTP header (a blank, a line break, an accent?)",
            hint="copy the token again, without anything around it",
        )
    return token


def server_root(url: Value) -> Value:
    """The root of the API; `/api/v3` may be written or left out. Raises Usage for what is no address."""
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
        raise Usage(f"{url.origin} holds a user name or password", hint="give the token to wercker auth login")
    if parts.query or parts.fragment or any(ord(char) <= 32 for char in text):
        raise _bad_url(url, "it has more than a host and a path")
    root = text.rstrip("/").removesuffix(API_ROOT).rstrip("/")
    return Value(root + API_ROOT, url.origin)


def quotable(url: str) -> str:
    """A URL as a message may quote it: without a user, a password, or a query, in which people put tokens."""
    place = re.split(r"[?#]", url, maxsplit=1)[0]
    return re.sub(r"^((?:\w[\w+.-]*:/+)?).*@", r"\1", place, flags=re.DOTALL)


def _bad_url(url: Value, why: str) -> Usage:
    return Usage(
        f"{url.origin} is {quotable(str(url.value))!r}, which is no address of a server: {why}",
        hint="an address looks like https://ci.example.com",
    )


def state_folder(environ: Mapping[str, str]) -> Value:
    """The engine's state folder: WERCKER_HOME, else `wercker` in the XDG state folder."""
    if environ.get("WERCKER_HOME"):
        return Value(os.path.abspath(environ["WERCKER_HOME"]), "WERCKER_HOME")
    return xdg(environ, "XDG_STATE_HOME", ".local/state")
