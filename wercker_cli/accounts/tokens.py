"""Tokens of contexts: kept, looked at, forgotten. No function here gives one away."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from wercker_cli.accounts import config, contexts
from wercker_cli.app import Invocation
from wercker_cli.errors import Exit, NotAllowed, Unreachable, Usage, WerckerError
from wercker_cli.settings import API_URL, ENGINE, KEYRING, Value, sendable

LONGEST = 65536  # characters: what is longer is no token, but a file that was taken for one

# What a server says to its token, and what that is for a script; the first that occurs counts.
ACCEPTED, REFUSED, UNREADABLE, UNREACHABLE, UNKNOWN = "accepted", "refused", "unreadable", "unreachable", "unknown"
VERDICTS = (
    (REFUSED, Exit.NOT_ALLOWED),
    (UNREADABLE, Exit.NOT_ALLOWED),
    (UNREACHABLE, Exit.UNREACHABLE),
    (UNKNOWN, Exit.REFUSED),
)


def context(app: Invocation) -> str:
    """The context in force, as one that can have a token; raises Usage for another."""
    name = app.settings.context
    if name == ENGINE:
        raise Usage(
            "the embedded engine needs no token",
            hint="name a server with --context NAME; wercker context add NAME --url URL makes one",
        )
    if name == API_URL:
        raise Usage(
            "WERCKER_API_URL names a server that has no context which could keep a token",
            hint=f"wercker context add NAME --url {app.settings.api_url.value}, or set WERCKER_TOKEN",
        )
    return name


def ask(app: Invocation, prompt: str) -> str:
    """A token, unseen from a terminal, else from standard input; raises Usage where none comes."""
    hint = "wercker auth login < FILE reads it from a file"
    try:
        text = app.ask_unseen(prompt, hint=hint) if app.stdin.isatty() else app.stdin.read(LONGEST)
    except UnicodeDecodeError:
        raise NotAllowed("what was given is no token: it is not text") from None
    token = text.removesuffix("\n").removesuffix("\r")
    if not token:
        raise Usage("no token was given", hint=hint)
    if len(text) == LONGEST:
        raise NotAllowed(f"what was given is no token: it has {LONGEST} characters or more")
    return str(sendable(Value(token, "what was given")).value)


def check(app: Invocation, name: str, token: str) -> None:
    """Raises NotAllowed where the server of that context refuses the token, and Unreachable where it says nothing."""
    there = app.in_context(name, token=token)
    if not there.api.accepts_token():
        raise NotAllowed(f"{there.api.name} does not accept this token: it was not kept")


def keep(app: Invocation, name: str, token: str) -> str | None:
    """Keeps the token in the keyring, where nothing is given back, else in config.toml, and says why."""
    from wercker_cli.accounts import keys

    with ExitStack() as undo:
        with config.editing(app.settings.config.value) as (document, given):
            entry = _entry(document, name)
            account = contexts.account(name, given.contexts[name])
            why = keys.keep(account, token)
            if why:
                keys.forget(account)  # what it kept before, if it lets go of it
            elif not given.contexts[name].keyring:
                undo.callback(keys.forget, account)  # a file that cannot be written must not leave it behind
            kept, gone, value = ("token", KEYRING, token) if why else (KEYRING, "token", True)
            entry.pop(gone, None)
            entry[kept] = value
        undo.pop_all()
    return why


def forget(app: Invocation, name: str) -> bool:
    """Forgets the context's token; gives whether there was one. Raises NotAllowed where the keyring holds on to it."""
    with config.editing(app.settings.config.value) as (document, given):
        table = _entry(document, name)
        why = contexts.forget(name, given.contexts[name])
        if why:
            raise NotAllowed(f"the token of {name} is still in the system keyring: {why}")
        return any([table.pop("token", None), table.pop(KEYRING, None)])


def statuses(app: Invocation) -> list[dict[str, Any]]:
    """Every server with `context`, `server`, `token` (where that is kept) and `state`; with --context, that alone.

    A token of the environment is shown to the server in force only, to no other context's. Raises Usage where
    --context asks for the engine.
    """
    here = context(app) if app.context else app.settings.context
    others = [] if app.context else [name for name in contexts.saved(app) if name != here]
    found = [] if here == ENGINE else [_status(app)]
    return found + [_status_of(app, name) for name in others]


def verdict(found: list[dict[str, Any]]) -> Exit:
    """The exit code for these statuses."""
    states = {status["state"] for status in found}
    return next((code for state, code in VERDICTS if state in states), Exit.DONE)


def _status_of(app: Invocation, name: str) -> dict[str, Any]:
    """The status of another context; one that cannot be used hides none of the others."""
    try:
        return _status(app.in_context(name))
    except WerckerError as error:
        return {"context": name, "server": None, "token": "none", "state": UNKNOWN, "message": error.message}


def _status(app: Invocation) -> dict[str, Any]:
    found = app.settings
    origin = "file" if found.token.origin.startswith("config") else found.token.origin
    row = {"context": found.context, "server": found.api_url.value, "token": origin if found.has_token else "none"}
    return {**row, **(_answer(app) if found.has_token else {"state": "no token", "message": None})}


def _answer(app: Invocation) -> dict[str, Any]:
    """What the server says to the token; what goes wrong meanwhile is part of the answer."""
    try:
        return {"state": ACCEPTED if app.api.accepts_token() else REFUSED, "message": None}
    except WerckerError as error:
        states = {NotAllowed: UNREADABLE, Unreachable: UNREACHABLE}
        return {"state": states.get(type(error), UNKNOWN), "message": error.message}


def _entry(document: Any, name: str) -> Any:
    """The table of a context, which somebody may have removed meanwhile."""
    table = document.get("contexts", {}).get(name)
    if table is None:
        raise Usage(f"the context {name} is not there any more", hint=f"wercker context add {name} --url URL")
    return table
