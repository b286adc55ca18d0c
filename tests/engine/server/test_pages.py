"""The pages for people, beside the API: whoever asks sees what is public, with or without a token."""

from tests.conftest import Checkout, Wercker
from tests.engine.serving import Serve
from tests.engine.stories import run, script


def test_what_is_public_is_on_a_page_and_nothing_else(serve: Serve, wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(script(greet="echo hello"))
    story = run(wercker, checkout)
    wercker("pipelines", "add", cwd=checkout.path)
    served = serve()
    assert story.run["id"] not in served.ask("GET", "/").body.decode()
    assert served.ask("GET", f"/runs/{story.run['id']}").status == 404
    wercker("pipelines", "add", "--public", cwd=checkout.path)
    first = served.ask("GET", "/")
    assert (first.status, first.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in first.headers["content-security-policy"]
    assert f'href="/runs/{story.run["id"]}"' in first.body.decode()
    assert "hello" in served.ask("GET", f"/runs/{story.run['id']}/steps/4").body.decode()
    assert served.ask("GET", "/", headers={"If-None-Match": first.headers["etag"]}).status == 304
    assert served.ask("GET", "/page.css").headers["content-type"] == "text/css; charset=utf-8"
    assert served.ask("HEAD", "/").body == b""


def test_a_page_is_only_looked_at(serve: Serve) -> None:
    assert serve().ask("POST", "/").fault == (405, "POST is not for this path; GET is")
