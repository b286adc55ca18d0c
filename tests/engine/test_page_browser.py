"""Pages in a real browser: nothing scrolls sideways, nothing is refused or fetched elsewhere, and they stay live."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Checkout, Wercker, needs, wait_until
from tests.engine.browser import COMMAND, Browser, browser
from tests.engine.conftest import STATE
from tests.engine.pages import FAILED, STEP_WAITS, Past, eventful, served
from tests.engine.stories import script
from tests.engine.test_page import HOSTILE, PAGES
from wercker_cli.engine import folders

pytestmark = needs(COMMAND[0])
RUN = f"/runs/{5:024x}"  # the one that goes on
LONG = "word" * 100


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened
        assert opened.complaints == []


@pytest.fixture
def past(tmp_path: Path) -> Iterator[Past]:
    made = eventful(tmp_path / "state")
    yield made
    made.store.close()


def finish(past: Past) -> None:
    """Lets the run that goes on fail."""
    ended = "status = 'finished', result = 'failed', finished_at = started_at + 9000"
    past.store.write(f"UPDATE steps SET {ended}, message = 'no words' WHERE status = 'running'")
    past.store.write(f"UPDATE runs SET {ended}, worker = NULL WHERE status = 'running'")


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("dark", [False, True])
def test_no_page_scrolls_sideways_or_loads_from_elsewhere(tab: Browser, past: Past, width: int, dark: bool) -> None:
    past.run(8, 100, message=HOSTILE, branch=LONG, author=LONG, tag=LONG, result="failed")
    past.step(8, 1, LONG, HOSTILE.encode() + LONG.encode(), **{**FAILED, "message": LONG})
    past.store.write("UPDATE applications SET name = :name WHERE name = 'site'", name=HOSTILE)
    run = f"/runs/{8:024x}"
    with served(past) as root:
        for path in (*PAGES.values(), run, f"{run}/steps/1"):
            tab.open(root + path, width, dark=dark)
            assert tab.value("document.documentElement.scrollWidth") <= width, path
            assert tab.value("typeof hacked") == "undefined"
            loaded = tab.value("performance.getEntriesByType('resource').map(entry => entry.name)")
            assert f"{root}/page.css" in loaded
            assert [name for name in loaded if not name.startswith(root)] == []
    complaints = [text for text in tab.complaints if "404" not in text]  # the page that is missing is one
    tab.complaints.clear()
    assert complaints == []


def test_a_run_is_live_until_its_end(tab: Browser, past: Past) -> None:
    with served(past) as root:
        tab.open(root + RUN)
        tab.value("kept = document.querySelector('h1')")
        assert tab.value("document.title") == "● running: Count all words · wercker"
        finish(past)
        wait_until(lambda: tab.value("document.title") == "✗ failed: Count all words · wercker")
        assert tab.value("kept === document.querySelector('h1') && kept.textContent") == "✗ failed Count all words"
        assert tab.value("document.querySelector('#why + p').textContent") == "Step 4, count: no words"
        assert tab.value("document.querySelector('pre').textContent") == "1\n2\n3"


def test_a_real_run_is_seen_until_its_end(
    tab: Browser, wercker: Wercker, checkout: Checkout, home: Path, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    checkout.commit(script(wait=f"echo one; until [ -e {go} ]; do sleep 0.05; done; echo two"), "Wait")
    wercker("pipelines", "add", str(checkout.path), "--public")
    run = wercker("runs", "trigger", "-p", "build", cwd=checkout.path).out.strip()
    past = Past(home / STATE)
    with served(past) as root:
        tab.open(f"{root}/runs/{run}")
        wait_until(lambda: tab.value("document.querySelector('[href$=\"steps/4#end\"]')?.textContent") == "wait")
        tab.open(tab.value("document.querySelector('[href$=\"steps/4#end\"]').href"))
        wait_until(lambda: tab.value("document.title") == "● running: wait · wercker")
        wait_until(lambda: tab.value("document.querySelector('pre')?.textContent") == "one\n")
        go.touch()
        wait_until(lambda: tab.value("document.title") == "✓ passed: wait · wercker")
        assert tab.value("document.querySelector('pre').textContent") == "one\ntwo\n"
        tab.open(f"{root}/")
        wait_until(lambda: tab.value("document.querySelector('tbody .mark').textContent") == "✓ passed")
    past.store.close()


def test_a_step_to_come_is_waited_for_until_the_run_ends(tab: Browser, past: Past) -> None:
    with served(past) as root:
        tab.open(f"{root}{RUN}/steps/6")
        assert tab.value("document.title") == "There is no step 6 yet · wercker"
        past.step(5, 6, "report", None, **STEP_WAITS)
        wait_until(lambda: tab.value("document.title") == "○ pending: report · wercker")
        tab.open(f"{root}{RUN}/steps/7")
        finish(past)
        wait_until(lambda: tab.value("document.title") == "Nothing is here · wercker")
        assert tab.value("document.querySelector('#stale').hidden")
    assert [text for text in tab.complaints if "404" not in text] == []
    tab.complaints.clear()


def test_a_log_grows_and_stays_at_its_end(tab: Browser, past: Past) -> None:
    log = Path(folders.log(past.store.home, f"{5:024x}", 4))
    log.write_bytes(b"".join(b"%d\n" % number for number in range(500)))
    with served(past) as root:
        tab.open(f"{root}{RUN}/steps/4#end")
        at_end = "Math.ceil(innerHeight + scrollY) >= document.documentElement.scrollHeight"
        tab.value("scrollTo(0, document.documentElement.scrollHeight)")
        with log.open("ab") as file:
            file.write(b"<b>more\n" * 100)
        wait_until(lambda: tab.value("document.querySelector('pre').textContent").endswith("499\n" + 100 * "<b>more\n"))
        assert tab.value(at_end)
        tab.value("scrollTo(0, 0)")
        finish(past)
        wait_until(lambda: tab.value("document.title") == "✗ failed: count · wercker")
        assert tab.value("scrollY") == 0
        assert tab.value("document.querySelector('#end').textContent").startswith("The end · ")


def test_a_new_run_appears_and_takes_neither_focus_nor_what_is_typed(tab: Browser, past: Past) -> None:
    with served(past) as root:
        tab.open(f"{root}/")
        tab.value("document.querySelector('#branch').value = 'half a na'")
        tab.value(f"document.querySelector('#run-{5:024x} a').focus()")
        past.run(8, 100, message="Newest")
        wait_until(lambda: tab.value("document.querySelector('tbody a').textContent") == "Newest")
        assert tab.value("document.activeElement.textContent") == "Count all words"
        assert tab.value("document.querySelector('#branch').value") == "half a na"
        assert tab.value("document.querySelectorAll('tbody tr').length") == 6


def test_a_server_that_is_away_is_told_and_may_come_back(tab: Browser, past: Past) -> None:
    with served(past) as root:
        tab.open(root + RUN)
        assert tab.value("document.querySelector('#stale').hidden")
    wait_until(lambda: tab.value("!document.querySelector('#stale').hidden"))
    port = int(root.rpartition(":")[2])
    finish(past)
    with served(past, port):
        wait_until(lambda: tab.value("document.title") == "✗ failed: Count all words · wercker")
        assert tab.value("document.querySelector('#stale').hidden")
    tab.complaints.clear()  # of the connections that were refused


def test_what_has_finished_asks_for_nothing_more(tab: Browser, past: Past) -> None:
    with served(past) as root:
        tab.open(root + PAGES["failed"])
        assert tab.value("document.scripts.length") == 0
