"""The tokens of the server: shown once, kept as hashes."""

import hashlib
import hmac
import re
import secrets
from typing import Any

from wercker_cli.engine.clock import now_ms
from wercker_cli.engine.objects import rfc3339
from wercker_cli.engine.store import Row, Store
from wercker_cli.errors import NotFound, Refused, Usage

PREFIX = "wercker_"  # by which a token can be found where it does not belong
_NAME = r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}"


def create(store: Store, name: str, *, read_only: bool, seconds: float | None) -> str:
    """A new token of 256 random bits, which is kept nowhere; it expires after so many seconds, None for never.

    Raises Usage for a name that cannot be the user of a run and for no time at all, Refused for a name that is taken.
    """
    if not re.fullmatch(_NAME, name):
        raise Usage(f"{name!r} is no name for a token", hint="letters, digits and . _ @ -, at most 64 of them")
    if seconds == 0:
        raise Usage("a token that expires at once lets nobody in", hint="--expires 90d")
    token, now = PREFIX + secrets.token_urlsafe(32), now_ms()
    made = store.write(
        """
        INSERT OR IGNORE INTO tokens (name, hash, read_only, created_at, expires_at)
        VALUES (:name, :hash, :read_only, :now, :expires_at)
        """,
        name=name,
        hash=_hash(token),
        read_only=read_only,
        now=now,
        expires_at=None if seconds is None else now + int(1000 * seconds),
    )
    if not made:
        raise Refused(f"there is a token called {name} already", hint=f"wercker server token revoke {name}")
    return token


def find(store: Store, token: str) -> Row | None:
    """The row of a token, or None where nobody has it; it may be over."""
    asked, found = _hash(token), None
    for row in store.all("SELECT * FROM tokens"):
        if hmac.compare_digest(row["hash"], asked):
            found = row
    return found


def is_over(row: Row) -> bool:
    """Whether a token has expired."""
    return row["expires_at"] is not None and row["expires_at"] <= now_ms()


def listed(store: Store) -> list[dict[str, Any]]:
    """All tokens as people may see them, the oldest first."""
    return [
        {
            "name": row["name"],
            "access": "read-only" if row["read_only"] else "full",
            "createdAt": rfc3339(row["created_at"]),
            "expiresAt": None if row["expires_at"] is None else rfc3339(row["expires_at"]),
            "expired": is_over(row),
        }
        for row in store.all("SELECT * FROM tokens ORDER BY created_at, name")
    ]


def revoke(store: Store, name: str) -> None:
    """Forgets a token, which counts no more; raises NotFound where there is none of that name."""
    if not store.write("DELETE FROM tokens WHERE name = :name", name=name):
        raise NotFound(f"there is no token called {name}", hint="wercker server token list")


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogateescape")).hexdigest()
