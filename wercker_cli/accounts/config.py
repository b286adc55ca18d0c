"""config.toml: the servers that a person has named, and which of them answers where nothing else says so."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from wercker_cli.errors import Refused, Usage
from wercker_cli.settings import RESERVED

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

# The keys of a context. `keyring` says that its token is in the system keyring, which nothing else then has to ask.
_KEYS = {"url": str, "application": str, "ca-bundle": str, "token": str, "keyring": bool}
_TYPES = {str: "a text in quotes", bool: "true or false", dict: "a table"}


class Context(NamedTuple):
    """A server under the name that a person gave it."""

    url: str
    application: str | None = None
    ca_bundle: str | None = None
    token: str | None = None
    keyring: bool = False


class Config(NamedTuple):
    """What the file says, and what a person should know about it."""

    current: str | None = None
    contexts: Mapping[str, Context] = MappingProxyType({})
    notes: tuple[str, ...] = ()


def read(path: str) -> Config:
    """What is in the file; one that does not exist is empty. Raises Usage for one that cannot be used."""
    try:
        with open(path, "rb") as file:
            mode, data = os.fstat(file.fileno()).st_mode, file.read()
    except (FileNotFoundError, NotADirectoryError):
        return Config()
    except OSError as error:
        raise Usage(f"{path} cannot be read: {_words(error)}") from None
    found = _parsed(data, path)
    notes = [f"note: other users may read or change {path}: chmod 600 {path}"] if mode & 0o077 else []
    tables = _typed(found.get("contexts"), dict, f"{path}: contexts") or {}
    unknown = [key for key in found if key not in {"current", "contexts"}]
    unknown += [f"contexts.{name}" for name in tables if name in RESERVED]
    contexts = {}
    for name in [name for name in tables if name not in RESERVED]:
        contexts[name] = _context(tables[name], f"contexts.{name}", path)
        unknown += [f"contexts.{name}.{key}" for key in tables[name] if key not in _KEYS]
    notes += [f"note: {path} has a key that means nothing: {key}" for key in unknown]
    return Config(_typed(found.get("current"), str, f"{path}: current"), contexts, tuple(notes))


@contextmanager
def editing(path: str | None) -> Iterator[tuple[TOMLDocument, Config]]:
    """The file, to be changed, and what it says: what the block leaves of it is written at once.

    Comments, and keys that mean nothing, stay. Others who change it wait meanwhile, without end. Raises Usage where
    the file cannot be used as it is, or nobody knows where it belongs, Refused where it cannot be written; then it
    stays as it was.
    """
    if path is None:
        raise Usage("no home folder is known where config.toml could be", hint="set XDG_CONFIG_HOME to a folder")
    import tomlkit

    real = os.path.realpath(path)  # a link, into a folder of such files perhaps, stays one
    try:
        os.makedirs(os.path.dirname(real), mode=0o700, exist_ok=True)
        with _locked(os.path.dirname(real)):
            given = read(path)
            document = tomlkit.parse(_text(real))
            yield document, given
            changed = tomlkit.dumps(document)
            _parsed(changed.encode(), path)
            _replace(real, changed)
    except OSError as error:
        raise Refused(f"{path} cannot be written: {_words(error)}") from None


def _context(table: Any, where: str, path: str) -> Context:
    _typed(table, dict, f"{path}: {where}")
    values = {key: _typed(table.get(key), kind, f"{path}: {where}.{key}") for key, kind in _KEYS.items()}
    if not values["url"]:
        raise Usage(f"{path}: {where} has no url", hint='write url = "https://ci.example.com" there')
    bundle = values["ca-bundle"]
    if bundle:
        bundle = os.path.join(os.path.dirname(path), os.path.expanduser(bundle))
    return Context(values["url"], values["application"], bundle, values["token"], bool(values["keyring"]))


def _typed(value: Any, kind: type, what: str) -> Any:
    """The value, or None; raises Usage for one of another type."""
    if value is not None and not isinstance(value, kind):
        raise Usage(f"{what} has to be {_TYPES[kind]}")
    return value


def _parsed(data: bytes, path: str) -> dict[str, Any]:
    """The file as tables; raises Usage with the line and the column of what is no TOML."""
    import tomllib

    try:
        return tomllib.loads(data.decode())
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Usage(f"{path} is not UTF-8 (at line {line})") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Usage(f"{path} is no TOML: {error}", hint="correct it there; nothing was changed") from None


def _text(path: str) -> str:
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8", newline="") as file:
        return file.read()


@contextmanager
def _locked(folder: str) -> Iterator[None]:
    """Alone with the files of a folder, among those who ask this way; the lock leaves no file behind."""
    import fcntl

    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def _replace(path: str, text: str) -> None:
    """Puts the text in the file's place in one move, for its owner alone to read."""
    import tempfile

    folder = os.path.dirname(path)
    descriptor, temporary = tempfile.mkstemp(prefix=".config.", dir=folder)
    try:
        with open(descriptor, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:  # Ctrl-C too: it may hold a token
        with suppress(OSError):  # the first failure is the one to tell
            os.unlink(temporary)
        raise
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(held)
    finally:
        os.close(held)


def _words(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
