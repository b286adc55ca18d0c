"""Servers on the loopback interface, and an environment that holds nothing of the person who runs the tests."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.raw_server import Answer, RawServer
from wercker_cli import settings
from wercker_cli.api import http
from wercker_cli.api.http import Http

TOKEN = "wercker-t0ken/with.signs="  # not a real one


class Connect(Protocol):
    """The HTTP core, as an environment sets it up."""

    def __call__(
        self, url: str, *, timeout: float | None = None, trace: Callable[[str], None] | None = None, **environ: str
    ) -> Http: ...


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No proxies, no credentials, a home of its own, and short breaks between tries."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("WERCKER_") or name == "NETRC":
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(http, "BACKOFF", 0.005)


@pytest.fixture
def connect() -> Connect:
    """Builds the HTTP core; settings that are given are variables of the environment."""

    def build(
        url: str, *, timeout: float | None = None, trace: Callable[[str], None] | None = None, **environ: str
    ) -> Http:
        read = settings.read({"WERCKER_API_URL": url} | environ)
        return Http(
            str(read.api_url.value),
            token=settings.secret(read),
            ca_bundle=read.ca_bundle.value,
            request_timeout=timeout,
            trace=trace,
        )

    return build


@pytest.fixture
def raw() -> Iterator[Callable[..., RawServer]]:
    """Starts servers that answer with exactly these bytes, and ends them after the test."""
    servers: list[RawServer] = []

    def start(*answers: Answer, **rest: object) -> RawServer:
        servers.append(RawServer(*answers, **rest))  # type: ignore[arg-type]
        return servers[-1]

    yield start
    for server in servers:
        server.close()
