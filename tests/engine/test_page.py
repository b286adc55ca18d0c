"""Pages as a browser gets them: whole ones, to be looked at, are in tests/engine/snapshots/.

After a change that is meant: .venv/bin/python -m tests.engine.test_page, and read the difference.
"""

import json
import re
import tempfile
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit
from xml.etree.ElementTree import Element

import html5lib
import pytest
from hypothesis import given, settings
from hypothesis.strategies import dictionaries, sampled_from, text

from tests.conftest import Checkout, Wercker
from tests.engine.conftest import STATE
from tests.engine.pages import FAILED, Past, eventful, served
from tests.engine.stories import script
from wercker_cli import __version__
from wercker_cli.engine import page
from wercker_cli.engine.page.text import isolated, plain, shown

SNAPSHOTS = Path(__file__).parent / "snapshots"
PAGES = {
    "runs": "/",
    "passed": f"/runs/{2:024x}",
    "failed": f"/runs/{3:024x}",
    "aborted": f"/runs/{4:024x}",
    "running": f"/runs/{5:024x}",
    "pending": f"/runs/{6:024x}",
    "log": f"/runs/{3:024x}/steps/4",
    "log that grows": f"/runs/{5:024x}/steps/4",
    "no log": f"/runs/{6:024x}/steps/1",
    "no step yet": f"/runs/{5:024x}/steps/6",
    "missing": f"/runs/{7:024x}",
}
ALL = ["Wait", "Count all words", "Fix it", "Deploy it", "Fix it"]
# Markup, its entities, what ends quotes, other line breaks, what cannot be seen, what changes the order of text.
HOSTILE = "<script>hacked=1</script>&amp;\"'><b x='\u2028\u2029\u202eabc\u2066\u200b\x00\x1b[31m\x85\ufffe end"
SEEN = (
    "<script>hacked=1</script>&amp;\"'><b x='⟨U+2028⟩⟨U+2029⟩⟨U+202E⟩abc⟨U+2066⟩⟨U+200B⟩⟨U+0000⟩⟨U+001B⟩[31m⟨U+0085⟩"
    "⟨U+FFFE⟩ end"
)


@pytest.fixture
def past(tmp_path: Path) -> Iterator[Past]:
    made = eventful(tmp_path / "state")
    yield made
    made.store.close()


def tree_of(body: bytes | str) -> Element:
    """A document; anything that browsers would have to forgive fails the test."""
    html = body if isinstance(body, str) else body.decode()
    tree: Element = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(html)
    return tree


def parsed(past: Past, path: str, **query: str) -> Element:
    """A page."""
    return tree_of(past.get(path, **query).body)


def addresses(tree: Element) -> list[str]:
    """All that a page leads to or loads."""
    keys = ("href", "src", "action")
    return [element.attrib[key] for element in tree.iter() for key in keys if key in element.attrib]


def texts(tree: Element, tag: str) -> list[str]:
    """What is in all elements of that name."""
    return ["".join(element.itertext()) for element in tree.iter(tag)]


def rows(past: Past, **query: str) -> list[str]:
    """The messages of the runs on the page at /."""
    return texts(parsed(past, "/", **query), "th")[9:]


def told(past: Past, name: str) -> str:
    """A page as text, without the version of wercker."""
    return past.get(PAGES[name]).body.decode().replace(f"wercker {__version__}", "wercker VERSION")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_the_one_that_was_looked_at(past: Past, name: str) -> None:
    assert told(past, name) == (SNAPSHOTS / f"{name}.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_valid_and_has_its_landmarks(past: Past, name: str) -> None:
    tree = parsed(past, PAGES[name])
    for landmark in ("header", "nav", "main", "footer", "h1", "title"):
        assert tree.find(f".//{landmark}") is not None
    ids = [element.attrib["id"] for element in tree.iter() if "id" in element.attrib]
    assert len(set(ids)) == len(ids)
    for element in tree.iter():
        assert set(element.attrib.get("aria-labelledby", "").split()) <= {*ids}
    labelled = {element.attrib["for"] for element in tree.iter("label")}
    assert labelled == {element.attrib["id"] for tag in ("input", "select") for element in tree.iter(tag)}
    assert all("scope" in element.attrib for element in tree.iter("th"))
    assert "style" not in {key for element in tree.iter() for key in element.attrib} | {*map(str, tree.iter("style"))}


def test_what_strangers_write_is_text(tmp_path: Path) -> None:
    def pages(name: str, text: str) -> list[Element]:
        past = Past(tmp_path / name)
        past.application(100, text, text, owner=text)
        variables = json.dumps([{"key": "A", "value": text}])
        past.run(1, 100, branch=text, message=text, author=text, env_vars=variables, result="failed")
        past.step(1, 1, text, text.encode(), **{**FAILED, "message": text})
        run = f"/runs/{1:024x}"
        found = [parsed(past, path, branch=text) for path in ("/", run, f"{run}/steps/1")]
        past.store.close()
        return found

    def skeleton(tree: Element) -> list[tuple[str, tuple[str, ...]]]:
        return [(element.tag, tuple(element.attrib)) for element in tree.iter() if element.tag != "span"]

    harmless, hostile = pages("harmless", "plain\u2028text"), pages("hostile", HOSTILE)
    assert [skeleton(tree) for tree in hostile] == [skeleton(tree) for tree in harmless]
    assert [element.attrib["value"] for element in hostile[0].iter("input")] == [SEEN]
    assert f"{SEEN}/{SEEN}" in texts(hostile[0], "option")
    assert texts(hostile[1], "title") == [f"✗ failed: {SEEN.partition('⟨U+2028⟩')[0]} · wercker"]
    assert f"A={SEEN}" in texts(hostile[1], "code")
    assert {SEEN, f"{SEEN}/{SEEN}"} <= {*texts(hostile[1], "bdi")}
    log = SEEN.replace("⟨U+0000⟩⟨U+001B⟩[31m⟨U+0085⟩", "")  # it has its colour, and nothing else to obey
    assert texts(hostile[2], "pre") == [log]
    assert texts(hostile[2], "span")[-1] == "⟨U+FFFE⟩ end"


@settings(deadline=None)
@given(text())
def test_any_text_is_seen_as_a_whole(written: str) -> None:
    body = f"<!doctype html><title></title><p title='{shown(written)}'>{isolated(written)}</p>"
    tree = tree_of(body)
    [paragraph] = tree.iter("p")
    assert paragraph.attrib["title"] == plain(written) == "".join(paragraph.itertext())
    back = re.sub(r"⟨U\+([0-9A-F]{4,6})⟩", lambda found: chr(int(found[1], 16)), plain(written))
    assert back == written.replace("\r\n", "\n")


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    """Where nothing changes any more."""
    made = eventful(tmp_path_factory.mktemp("state") / "state")
    yield made
    made.store.close()


@settings(deadline=None)
@given(
    path=sampled_from([*PAGES.values(), "/runs/{}", "/runs/{}/steps/1", f"/runs/{2:024x}/steps/{{}}"]),
    part=text(),
    query=dictionaries(sampled_from(["application", "pipeline", "branch", "result", "skip", "before"]), text()),
)
def test_whatever_is_asked_for_is_a_page(still: Past, path: str, part: str, query: dict[str, str]) -> None:
    found = page.answer(still.site(), path.replace("{}", part.replace("/", "")), query)
    assert found is not None
    assert found.status in {200, 404}
    assert tree_of(found.body).find(".//h1") is not None


def test_only_what_may_be_seen_is_there(past: Past) -> None:
    hidden, nowhere = past.get(f"/runs/{1:024x}"), past.get(f"/runs/{9:024x}")
    assert (hidden.status, hidden) == (404, nowhere)
    assert past.get(f"/runs/{1:024x}/steps/1") == nowhere
    assert past.get(f"/runs/{2:024x}/steps/9") == past.get(f"/runs/{2:024x}/steps/x") == nowhere
    for query in ({}, {"application": "acme/secret"}, {"pipeline": "build"}):
        assert "Nobody" not in past.get("/", **query).body.decode()
    assert "acme/secret" not in past.get("/").body.decode()
    everything = page.answer(past.site(), "/", {}, visible=lambda _: True)
    assert everything is not None
    assert "Nobody sees this" in everything.body.decode()


def test_other_paths_are_no_pages(past: Past) -> None:
    for path in ("/runs", "/runs/", "/runs/1/steps", "/api/v3/runs", "/page", "/../page.css", "//", "/page.css/"):
        found = page.answer(past.site(), path, {})
        assert found is None or found.status == 404


def test_nothing_public_and_nothing_yet(tmp_path: Path) -> None:
    past = Past(tmp_path / "state")
    assert texts(parsed(past, "/"), "p")[5] == "There is no public application."
    past.application(100, "shop", "build")
    assert texts(parsed(past, "/"), "p")[5] == "There is no run yet."
    assert texts(parsed(past, "/", branch="main"), "p")[5] == "There is no such run."
    past.store.close()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"application": "acme/site"}, ["Count all words", "Fix it"]),
        ({"application": "acme/nothing"}, []),
        ({"pipeline": "deploy"}, ["Deploy it"]),
        ({"application": "acme/shop", "pipeline": "build"}, ["Wait", "Fix it"]),
        ({"application": "acme/site", "pipeline": "deploy"}, []),
        ({"branch": "feature/search"}, ["Fix it"]),
        ({"result": "failed"}, ["Deploy it"]),
        ({"result": "unknown"}, ["Wait", "Count all words"]),
        ({"result": "aborted", "branch": "main"}, []),
        (
            {"result": "nonsense", "skip": "-1", "nobody": "knows", "branch": ""},
            ["Wait", "Count all words", "Fix it", "Deploy it", "Fix it"],
        ),
        ({"skip": "4"}, ["Fix it"]),
    ],
)
def test_the_list_holds_what_was_asked_for(past: Past, query: dict[str, str], found: list[str]) -> None:
    assert rows(past, **query) == found


def test_the_form_shows_what_was_asked_for(past: Past) -> None:
    query = {"application": "acme/shop", "pipeline": "deploy", "branch": "main", "result": "failed"}
    tree = parsed(past, "/", **query)
    chosen = [option.attrib["value"] for option in tree.iter("option") if "selected" in option.attrib]
    assert chosen == ["acme/shop", "deploy", "failed"]
    assert [box.attrib["value"] for box in tree.iter("input")] == ["main"]
    assert texts(tree, "h1") == ["acme/shop"]


def test_older_runs_are_on_pages_of_their_own(tmp_path: Path) -> None:
    past = Past(tmp_path / "state")
    past.application(100, "shop", "build")
    past.application(200, "site", "build")
    for number in range(75):
        past.run(number, 100 if number % 3 else 200, message=f"number {number}")
    seen, pages = [], ["/?branch=main"]
    for address in pages:
        tree = parsed(past, "/", **dict(parse_qsl(urlsplit(address).query)))
        seen.append(texts(tree, "th")[9:])
        links = {"".join(link.itertext()): link.attrib["href"] for link in tree.iter("a")}
        if "Older runs" in links:
            pages.append(links["Older runs"])
    assert [len(part) for part in seen] == [30, 30, 15]
    assert [message for part in seen for message in part] == [f"number {number}" for number in range(74, -1, -1)]
    assert links["Newer runs"] == "/?branch=main&skip=30"
    assert pages[1:] == ["/?branch=main&skip=30", "/?branch=main&skip=60"]
    past.store.close()


def test_trouble_with_the_store_is_a_page_that_says_so(past: Past) -> None:
    past.store.write("ALTER TABLE steps RENAME TO moved")
    bug = past.get(f"/runs/{2:024x}")
    assert (bug.status, "no such table: steps" in bug.body.decode()) == (500, True)
    past.store.write("PRAGMA user_version = 99")
    past.store.close()
    newer = past.get("/")
    assert (newer.status, "was made by a newer wercker" in newer.body.decode()) == (503, True)


def test_pages_allow_nothing_but_their_own(past: Past) -> None:
    for path in ("/", f"/runs/{2:024x}", "/runs/nobody", "/page.css", "/page.js", "/page.svg"):
        headers = past.get(path).headers
        assert headers["content-security-policy"] == (
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")


def test_every_page_of_a_real_run_can_be_reached(wercker: Wercker, checkout: Checkout, home: Path) -> None:
    left = 'echo left > "$WERCKER_REPORT_ARTIFACTS_DIR/report"'
    checkout.commit(script(compile=left, test="echo tested"))
    wercker("pipelines", "add", str(checkout.path), "--public")
    wercker("runs", "trigger", "-p", "build", "--wait", cwd=checkout.path)
    past = Past(home / STATE)
    kinds: dict[str, str] = {}
    with served(past) as root:
        seen = ["/"]
        for address in seen:
            with urllib.request.urlopen(root + address) as answer:
                kinds[address], body = answer.headers["content-type"], answer.read()
            if kinds[address].startswith("text/html"):
                seen += sorted({found.partition("#")[0] for found in addresses(tree_of(body))} - {*seen})
    past.store.close()
    assert Counter(kinds.values()) == {
        "text/html; charset=utf-8": 4 + 1 + 6,  # lists of all, an application, a pipeline, a branch; the run; its steps
        "text/plain; charset=utf-8": 6,
        "application/gzip": 2,
        "application/json; charset=utf-8": 1,
        "text/css; charset=utf-8": 1,
        "text/javascript; charset=utf-8": 1,
        "image/svg+xml": 1,
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        looked_at = eventful(Path(folder))
        for snapshot in PAGES:
            (SNAPSHOTS / f"{snapshot}.html").write_text(told(looked_at, snapshot), encoding="utf-8")
        looked_at.store.close()
