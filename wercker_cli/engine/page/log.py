"""A part of a step's log, as the API gives it: protected values are masked."""

from __future__ import annotations

import re
from typing import NamedTuple

from wercker_cli.api.transport import Request
from wercker_cli.engine.routes import ROOT, Site, answer
from wercker_cli.engine.store import Row

PIECE = 2**17  # bytes that a page shows
_ENOUGH = 2**13  # bytes that the last lines are looked for in


class Part(NamedTuple):
    """Bytes of a log, the first of which has that offset, and the size of all of it."""

    first: int
    data: bytes
    size: int


def last_lines(site: Site, step: Row, count: int) -> bytes:
    """So many lines at most."""
    return b"\n".join(_part(site, step, f"-{_ENOUGH}").data.rstrip(b"\n").split(b"\n")[-count:])


def page(site: Site, step: Row, before: int) -> Part:
    """Whole lines that fit on a page: those before that offset, those at the end where it is 0, or too much."""
    part = _part(site, step, f"{max(0, before - PIECE)}-{before - 1}" if before else f"-{PIECE}")
    if before and not part.data:
        return page(site, step, 0)
    begun = part.data.find(b"\n") + 1 if part.first else 0
    return part._replace(first=part.first + begun, data=part.data[begun:])


def _part(site: Site, step: Row, wanted: str) -> Part:
    headers = {"Range": f"bytes={wanted}"}
    response = answer(site, Request("GET", f"{ROOT}/runsteps/{step['id']}/log", headers=headers))
    data = b"" if response.status == 416 else response.body  # an error object says that there are no such bytes
    if response.file:
        with response.file as file:
            data = file.read()
    found = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers.get("content-range", ""))
    return Part(int(found[1]), data, int(found[2])) if found else Part(0, data, len(data))
