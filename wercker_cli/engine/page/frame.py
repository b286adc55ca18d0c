"""What all pages share: the document around them, and how times, durations and results look in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import NamedTuple
from urllib.parse import quote, urlencode

from wercker_cli import __version__
from wercker_cli.api.transport import Response
from wercker_cli.engine.objects import rfc3339
from wercker_cli.engine.page.text import shown
from wercker_cli.engine.routes import ROOT, Site
from wercker_cli.engine.store import Row

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="/page.css">
<link rel="icon" href="/page.svg" type="image/svg+xml">
{live}</head>
<body>
<header>
<nav aria-label="Where you are">
<ol>
{path}
</ol>
</nav>
</header>
<main>
{body}
</main>
<p id="stale" role="alert" hidden>The server does not answer. This is what it said last.</p>
<footer>
<p>wercker {version} · times are UTC · <a href="{api}/openapi.json">API</a></p>
</footer>
</body>
</html>
"""
_LIVE = '<script src="/page.js" defer></script>\n'
_GUARDS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


class View(NamedTuple):
    """What a page needs: the site, and which of its applications whoever asks may see."""

    site: Site
    visible: Callable[[Row], bool]

    @staticmethod
    def address(*parts: str, **query: str) -> str:
        """The address of a page, to be escaped where it is put into HTML."""
        path = "/" + "/".join(quote(part, safe="") for part in parts)
        given = {name: value for name, value in query.items() if value}
        return f"{path}?{urlencode(given)}" if given else path

    @property
    def home(self) -> str:
        """The link to the newest runs."""
        return link(self.address(), "wercker")

    def applications(self) -> list[Row]:
        """Those that may be seen, by owner and name."""
        rows = self.site.store.all("SELECT * FROM applications ORDER BY owner, name")
        return [row for row in rows if self.visible(row)]

    def run(self, run: str) -> Row | None:
        """A run that may be seen."""
        row = self.site.store.run(run)
        application = row and self.site.store.application_by_id(row["application"])
        return row if application and self.visible(application) else None


def link(address: str, html: str) -> str:
    """A link around HTML."""
    return f'<a href="{escape(address)}">{html}</a>'


def facts(told: Mapping[str, str]) -> str:
    """A list of names and their values, which are HTML; those without one are left out."""
    items = [f"<div><dt>{name}</dt><dd>{html}</dd></div>" for name, html in told.items() if html]
    return "\n".join(['<dl class="facts">', *items, "</dl>"])


def document(title: str, path: list[str], body: str, *, live: bool = False, status: int = 200) -> Response:
    """A whole page; `path` leads to it, as HTML, and a `live` one renews itself. The title is plain text."""
    page = _PAGE.format(
        title=shown(f"{title} · wercker"),
        live=_LIVE if live else "",
        path="\n".join(f"<li>{part}</li>" for part in path),
        body=body,
        version=__version__,
        api=ROOT,
    )
    return response(status, "text/html; charset=utf-8", page.encode())


def response(status: int, kind: str, body: bytes) -> Response:
    """An answer that a browser takes for nothing else than what it is."""
    return Response(status, {"content-type": kind, "content-length": str(len(body)), **_GUARDS}, body)


class Mark(NamedTuple):
    """What stands for a status and a result, so that it is readable without colour."""

    symbol: str
    word: str
    name: str  # of its colour

    def __str__(self) -> str:
        return f"{self.symbol} {self.word}"

    @property
    def html(self) -> str:
        """The mark; whoever listens hears its word alone."""
        return f'<span class="mark {self.name}"><span aria-hidden="true">{self.symbol}</span> {self.word}</span>'


_MARKS = {
    "passed": Mark("✓", "passed", "passed"),
    "failed": Mark("✗", "failed", "failed"),
    "aborted": Mark("⊘", "aborted", "aborted"),
    "running": Mark("●", "running", "running"),
    "started": Mark("●", "started", "running"),
    "notstarted": Mark("○", "pending", "pending"),
}
NOT_RUN = Mark("○", "not run", "pending")


def mark(item: Row) -> Mark:
    """The mark of a run or a step: its result, or its status while there is none."""
    return _MARKS[item["status"] if item["result"] == "unknown" else item["result"]]


def time(milliseconds: int | None) -> str:
    """A moment: 2016-07-04 11:51:25; '' for none."""
    return _time(milliseconds, slice(19))


def clock(milliseconds: int | None) -> str:
    """A moment where the day is known: 11:51:25; '' for none."""
    return _time(milliseconds, slice(11, 19))


def _time(milliseconds: int | None, part: slice) -> str:
    if milliseconds is None:
        return ""
    whole = rfc3339(milliseconds)
    return f'<time datetime="{whole}">{whole[part].replace("T", " ")}</time>'


def took(item: Row) -> str:
    """How long a run or a step took, '' while that is not known: 0.4 s, 12 s, 3 min 04 s, 1 h 02 min."""
    if item["started_at"] is None or item["finished_at"] is None:
        return ""
    seconds = max(0, item["finished_at"] - item["started_at"]) / 1000
    if round(seconds, 1) < 10:
        return f"{seconds:.1f} s"
    if (whole := round(seconds)) < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def size(count: int) -> str:
    """A number of bytes: 87 bytes, 12 kB, 3.4 MB."""
    if count < 1000:
        return f"{count} byte{'' if count == 1 else 's'}"
    return f"{count / 1e3:.0f} kB" if count < 1e6 else f"{count / 1e6:.1f} MB"
