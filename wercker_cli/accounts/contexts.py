"""Contexts: servers under a name, in config.toml. The engine is always one of them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wercker_cli import settings
from wercker_cli.accounts import config
from wercker_cli.app import Invocation
from wercker_cli.errors import Usage
from wercker_cli.settings import ENGINE, RESERVED, Value

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"


def listed(app: Invocation) -> list[dict[str, Any]]:
    """Every context with `name`, `server`, where its `token` is kept, `application`, and whether it is `current`."""
    known = saved(app)
    engine = {"name": ENGINE, "server": "the embedded engine", "token": "not needed", "application": None}
    rows = [engine] + [
        {"name": name, "server": entry.url, "token": place(entry), "application": entry.application}
        for name, entry in known.items()
    ]
    return [{**row, "current": row["name"] == app.settings.context} for row in rows]


def saved(app: Invocation) -> Mapping[str, config.Context]:
    """The contexts of config.toml by their names."""
    path = app.settings.config.value
    return config.read(path).contexts if path else {}


def place(entry: config.Context) -> str:
    """Where the token of a context is kept: "file", "keyring" or "none"."""
    if entry.token:
        return "file"
    return settings.KEYRING if entry.keyring else "none"


def use(app: Invocation, name: str) -> None:
    """Lets that context answer from now on; raises Usage where there is none of that name."""
    path = settings.config_path(app.environ).value
    if name == ENGINE and (path is None or not os.path.lexists(path)):
        return
    with config.editing(path) as (document, given):
        if name == ENGINE:
            document.pop("current", None)
        else:
            settings.named(given, Value(name, "NAME"))
            document["current"] = name


def add(app: Invocation, name: str, url: str, application: str | None, ca_bundle: str | None) -> str:
    """Keeps a server under that name; gives the root of its API.

    Raises Usage for a name that is taken or cannot be, and for what is no address.
    """
    if name in RESERVED or not re.fullmatch(_NAME, name):
        raise Usage(f"{name!r} cannot be the name of a context", hint="take letters, digits, '.', '_' and '-'")
    root = str(settings.server_root(Value(url, "--url")).value)
    path = settings.config_path(app.environ).value
    with config.editing(path) as (document, given):
        if name in given.contexts:
            raise Usage(f"there is a context {name} already", hint=f"wercker context remove {name}")
        import tomlkit

        entry = {"url": root, "application": application, "ca-bundle": ca_bundle and os.path.abspath(ca_bundle)}
        contexts = document.setdefault("contexts", tomlkit.table(is_super_table=True))
        contexts[name] = {key: value for key, value in entry.items() if value}
    return root


def remove(app: Invocation, name: str) -> tuple[bool, str | None]:
    """Forgets a context and its token.

    Gives whether it was the current one, so that the engine answers again, and why its token is still in the keyring
    if it is. Raises Usage where there is no such context.
    """
    if name == ENGINE:
        raise Usage("the embedded engine is always there", hint="wercker context use NAME lets a server answer")
    path = settings.config_path(app.environ).value
    with config.editing(path) as (document, given):
        entry = settings.named(given, Value(name, "NAME"))
        _cut(document, name)
        was_current = document.get("current") == name
        if was_current:
            del document["current"]
    return was_current, forget(name, entry)


def forget(name: str, entry: config.Context) -> str | None:
    """Takes the context's token out of the keyring, if it is there; where that is not possible, says why."""
    if not entry.keyring:
        return None
    from wercker_cli.accounts import keys

    try:
        return keys.forget(account(name, entry))
    except Usage as error:  # made unusable by hand since: nobody knows what the token was kept under
        return error.message


def account(name: str, entry: config.Context) -> str:
    """Under which name the keyring knows the context's token; raises Usage where its url is none."""
    from wercker_cli.accounts import keys

    return keys.account(name, str(settings.server_root(Value(entry.url, f"the url of {name}")).value))


def _cut(document: TOMLDocument, name: str) -> None:
    """Takes a context out; comments below its last key are about the next one, and stay."""
    from tomlkit.items import Table

    contexts: Any = document["contexts"]
    gone, names = contexts[name], list(contexts)
    left: list[Any] = []
    if isinstance(gone, Table):  # and not {url = "..."}, where no comment can be
        lines = gone.value.body
        left = [item for _, item in lines[max((at + 1 for at, (key, _) in enumerate(lines) if key), default=0) :]]
    before, after = names[: names.index(name)], names[names.index(name) + 1 :]
    if left and after:
        heading = contexts[after[0]].trivia
        heading.indent = "".join(item.as_string() for item in left).lstrip("\n") + heading.indent
    else:
        holder = contexts[before[-1]] if before and isinstance(contexts[before[-1]], Table) else document
        for item in left:
            holder.add(item)
    del contexts[name]
