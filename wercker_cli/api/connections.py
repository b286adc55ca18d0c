"""Connections as urllib3 makes them, but for two things: a lookup ends in time, and half a header is none."""

import http.client
import socket
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from wercker_cli.api.deadline import apart


class _Answer(http.client.HTTPResponse):
    """http.client takes the end of a connection for the end of the headers, and early hints for the answer."""

    def begin(self) -> None:
        file = self.fp
        self.fp = _Lines(file)  # type: ignore[assignment]  # reading lines is all that this needs
        try:
            super().begin()
            while 101 < self.status < 200:
                self.headers = self.msg = None  # type: ignore[assignment]  # what it has before it begins
                super().begin()
        finally:
            if self.fp is not None:  # closed already where there is no body
                self.fp = file


class _Lines:
    """The first lines of an answer; raises IncompleteRead where they end without an empty one."""

    def __init__(self, file: Any) -> None:
        self.close = file.close
        self._file = file
        self._begun = False

    def readline(self, limit: int) -> bytes:
        line: bytes = self._file.readline(limit)
        if not line and self._begun:
            raise http.client.IncompleteRead(b"")
        self._begun = True
        return line


class _Connection(HTTPConnection):
    response_class = _Answer

    def _new_conn(self) -> socket.socket:
        return apart(super()._new_conn)


class _SecureConnection(HTTPSConnection):
    response_class = _Answer

    def _new_conn(self) -> socket.socket:
        return apart(super()._new_conn)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class Adapter(HTTPAdapter):
    """What carries the requests of a session, over connections of ours, with or without a proxy."""

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, **more)
        _ours(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **more: Any) -> ProxyManager:
        manager: ProxyManager = super().proxy_manager_for(proxy, **more)
        _ours(manager)
        return manager


def _ours(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
