"""Keyrings without a desktop, as PYTHON_KEYRING_BACKEND names them; the path of their file is in KEYRING_FILE."""

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError


class InFile(KeyringBackend):
    """Keeps everything in a JSON file."""

    priority = 1.0

    @property
    def _file(self) -> Path:
        return Path(os.environ["KEYRING_FILE"])

    def _all(self) -> dict[str, str]:
        return dict(json.loads(self._file.read_text())) if self._file.exists() else {}

    def get_password(self, service: str, username: str) -> str | None:
        """What is kept under that name."""
        return self._all().get(f"{service}: {username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keeps it under that name."""
        self._file.write_text(json.dumps({**self._all(), f"{service}: {username}": password}))

    def delete_password(self, service: str, username: str) -> None:
        """Forgets what is kept under that name."""
        known = self._all()
        if known.pop(f"{service}: {username}", None) is None:
            raise PasswordDeleteError("not found")
        self._file.write_text(json.dumps(known))


class Locked(InFile):
    """Refuses everything, and is as indiscreet about it as can be."""

    def get_password(self, service: str, username: str) -> str | None:
        """Refuses."""
        raise KeyringLocked(f"locked: {self._all()}")

    def set_password(self, service: str, username: str, password: str) -> None:
        """Refuses, and tells what."""
        raise KeyringLocked(f"cannot keep {password}")

    def delete_password(self, service: str, username: str) -> None:
        """Refuses."""
        raise KeyringLocked(f"locked: {self._all()}")


class Forgetful(InFile):
    """Takes everything and keeps nothing, as keyring's own null backend does."""

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keeps nothing."""
