"""What was found out, for as long as nothing in the store changes."""

from collections.abc import Callable, Hashable
from typing import TypeVar

from wercker_cli.engine.store import Store

MOST = 32  # that is remembered
Found = TypeVar("Found")


class Memory:
    """What one thread has found out from its store alone."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._version: Hashable = None
        self._known: dict[Hashable, object] = {}

    def check(self) -> None:
        """Forgets everything if anything in the store has changed; to be asked before each request."""
        version = self._store.version()
        if version != self._version:
            self._known.clear()
            self._version = version

    def ask(self, question: Hashable, find: Callable[[], Found], worth: Callable[[Found], bool]) -> Found:
        """What is known to this question; else what `find` gives, which is remembered where it is worth it."""
        if question in self._known:
            return self._known[question]  # type: ignore[return-value]  # a question has answers of one type
        found = find()
        if worth(found):
            self._known[question] = found
            if len(self._known) > MOST:
                del self._known[next(iter(self._known))]
        return found
