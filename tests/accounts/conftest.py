"""What the tests of contexts and accounts stand on."""

from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from tests.conftest import Wercker


@pytest.fixture
def file(home: Path) -> Path:
    """Where config.toml will be."""
    return home / ".config/wercker/config.toml"


@pytest.fixture
def ci(wercker: Wercker, server: HTTPServer) -> str:
    """A context for the server; gives the root of its API."""
    wercker("context", "add", "ci", "--url", server.url_for("/"))
    return server.url_for("/api/v3")
