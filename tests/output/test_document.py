"""Markdown and HTML: what a person pastes into a ticket, and that no server can put more into it than text."""

import io
import re
from collections.abc import Iterable
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.output.screens import RUN, shown
from tests.output.test_hostile import OBJECTS, QUICK
from tests.output.test_table import step
from tests.output.test_text import HOSTILE, OBEYED
from wercker_cli.output.columns import Format, Json, View
from wercker_cli.output.pipelines import PIPELINES
from wercker_cli.output.runs import RUN as PAGE
from wercker_cli.output.runs import RUN_WITH_ENV, RUNS
from wercker_cli.output.settings import SETTINGS
from wercker_cli.output.show import show
from wercker_cli.output.steps import STEPS

STEPS_OF_A_RUN = [
    step(1, "get code", "passed", "50:00", "50:10"),
    step(2, "npm test", "failed", "50:10", "53:40", message="\x1b[31mexit code: 2\n```\n# @all, see http://x"),
    step(3, "later", "unknown", None, None),
]
RUN_IN_MARKDOWN = """\
### ⊘ aborted in 8.3 s · `initial-build` · `master` · `cd74a99`

|             |                                                                |
|-------------|----------------------------------------------------------------|
| pipeline    | `initial-build`                                                |
| branch      | `master`                                                       |
| commit      | `cd74a9994712960f19b4b563491f860f98fa7bb5`                     |
| author      | `tonnu`                                                        |
| message     | `My custom   message!`<br><br>`Why it is.`                     |
| created     | 2016-07-04 11:51:24 UTC                                        |
| started     | 2016-07-04 11:51:25 UTC                                        |
| finished    | 2016-07-04 11:51:34 UTC                                        |
| env         | `STAGE, TOKEN`                                                 |
| source run  | `577a48b83828f9673b03e4a9`                                     |
| application | `wercker/docs`                                                 |
| id          | `577a4dbc3ec144923a02b6f9`                                     |
| url         | `https://app.wercker.com/api/v3/runs/577a4dbc3ec144923a02b6f9` |
"""
STEPS_IN_MARKDOWN = """\
| #   | step       | result    | time       |
|-----|------------|-----------|------------|
| 1   | `get code` | ✓ passed  | 10 s       |
| 2   | `npm test` | ✗ failed  | 3 min 30 s |
| 3   | `later`    | ○ not run |            |

2 · `npm test` · ✗ failed · 3 min 30 s

````
exit code: 2
```
# @all, see http://x
````
"""


def with_steps(name: str, stream: io.StringIO) -> str:
    """A run and its steps, as `runs show` gives them."""
    show(RUN, PAGE, Format(name), stream, below=lambda: (STEPS_OF_A_RUN, STEPS))
    return stream.getvalue()


def tokens(markdown: str) -> list[Token]:
    """What a reader of Markdown makes of it, the contents of lines included."""
    found = MarkdownIt("commonmark").enable("table").parse(markdown)
    return [inner for token in found for inner in (token, *(token.children or []))]


def test_a_run_and_its_steps_in_markdown() -> None:
    assert shown(RUN, PAGE, "markdown") == RUN_IN_MARKDOWN
    assert shown(STEPS_OF_A_RUN, STEPS, "markdown") == STEPS_IN_MARKDOWN
    assert with_steps("markdown", io.StringIO()) == f"{RUN_IN_MARKDOWN}\n{STEPS_IN_MARKDOWN}"


def test_lists_in_markdown_are_tidy_tables() -> None:
    waiting = {"id": "577a4dbc3ec144923a02b6fa", "status": "notstarted", "branch": "a|b", "message": "fix `x`\nmore"}
    assert shown([RUN, waiting], RUNS, "markdown") == (
        "| id                         | result    | pipeline        | branch   | commit    "
        "| started                 | message              |\n"
        "|----------------------------|-----------|-----------------|----------|-----------"
        "|-------------------------|----------------------|\n"
        "| `577a4dbc3ec144923a02b6f9` | ⊘ aborted | `initial-build` | `master` | `cd74a99` "
        "| 2016-07-04 11:51:25 UTC | `My custom message!` |\n"
        "| `577a4dbc3ec144923a02b6fa` | ○ pending |                 | `a\\|b`   |           "
        "|                         | `` fix `x` ``        |\n"
    )
    pipeline = {"id": "1e5", "name": "build", "type": "git", "createdAt": "2016-06-30T07:53:34.294Z"}
    assert shown([pipeline], PIPELINES, "markdown") == (
        "| id    | name    | permissions   | type   | created                 |\n"
        "|-------|---------|---------------|--------|-------------------------|\n"
        "| `1e5` | `build` |               | `git`  | 2016-06-30 07:53:34 UTC |\n"
    )


@pytest.mark.parametrize(
    ("sent", "written"),
    [
        ("@all", "`@all`"),
        ("#1 GH-1 !2 www.example.com", "`#1 GH-1 !2 www.example.com`"),
        ("[a](http://x) ![b](http://y)", "`[a](http://x) ![b](http://y)`"),
        ("<script>&amp;", "`<script>&amp;`"),
        ("`", "`` ` ``"),
        ("``` `", "```` ``` ` ````"),
        ("a``", "``` a`` ```"),
        (" x ", "`  x  `"),
        ("a|b\\|c", "`a\\|b\\\\|c`"),
        ("✓ passed @all", "`✓ passed @all`"),
        ("a\u202eb\x1b[2J", "`ab`"),
        ("\n a\r\n\r\nb\n", "` a`<br><br>`b`".replace("` a`", "`  a `")),
        ("2016-07-04 11:51:25 UTC", "2016-07-04 11:51:25 UTC"),
        (12, "12"),
    ],
)
def test_what_a_server_sent_is_code_in_markdown(sent: object, written: str) -> None:
    row = shown([{"name": "x", "value": sent}], SETTINGS, "markdown").splitlines()[-1]
    assert row.removeprefix("| `x`    | ").removesuffix(" |").rpartition(" | ")[0].rstrip() == written


@QUICK
@given(text=st.text(alphabet="`|\\<>[]()!@#*_~ \n\tab", max_size=30) | HOSTILE)
def test_no_text_leaves_its_code(text: str) -> None:
    item = {"name": text, "value": "end", "order": 1, "result": "failed", "message": text, "displayName": text}
    allowed = {"text", "code_inline", "html_inline", "inline", "fence", "heading", "paragraph", "softbreak"}
    for view in (SETTINGS, STEPS):
        found = tokens(shown([item], view, "markdown"))
        kinds = {re.sub("_(open|close)$", "", token.type) for token in found}
        assert kinds - allowed <= {"table", "thead", "tbody", "tr", "th", "td"}
        assert {token.content for token in found if token.type == "html_inline"} <= {"<br>"}
        assert all("@" not in token.content for token in found if token.type == "text")
    assert [token.type for token in found].count("td_open") == 4


def test_a_run_and_its_steps_in_html() -> None:
    page = with_steps("html", io.StringIO())
    start, body = page.split("<body>\n")
    assert start.startswith('<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n')
    assert "<title>⊘ aborted in 8.3 s · initial-build · master · cd74a99</title>" in start
    assert "prefers-color-scheme: dark" in start
    assert body.startswith(
        '<h1><bdi class="yellow">⊘ aborted in 8.3 s</bdi> · <bdi>initial-build</bdi> · <bdi>master</bdi> · '
        "<bdi>cd74a99</bdi></h1>\n<table>\n<tbody>\n"
        '<tr><td><bdi class="dim">pipeline</bdi></td><td><bdi>initial-build</bdi></td></tr>\n'
    )
    assert body.endswith("""\
<table>
<thead>
<tr><th>#</th><th>step</th><th>result</th><th>time</th></tr>
</thead>
<tbody>
<tr><td><bdi class="dim">1</bdi></td><td><bdi>get code</bdi></td>\
<td><bdi class="green">✓ passed</bdi></td><td><bdi>10 s</bdi></td></tr>
<tr><td><bdi class="dim">2</bdi></td><td><bdi>npm test</bdi></td>\
<td><bdi class="red">✗ failed</bdi></td><td><bdi>3 min 30 s</bdi></td></tr>
<tr><td><bdi class="dim">3</bdi></td><td><bdi>later</bdi></td><td><bdi class="dim">○ not run</bdi></td><td></td></tr>
</tbody>
</table>
<p><bdi class="dim">2</bdi> · <bdi>npm test</bdi> · <bdi class="red">✗ failed</bdi> · <bdi>3 min 30 s</bdi></p>
<pre>exit code: 2
```
# @all, see http://x</pre>
</body>
</html>
""")


def test_html_of_a_list_has_unpadded_cells_and_a_title() -> None:
    page = shown([{"id": "0012", "name": "<b>&\"'", "type": "git"}], PIPELINES, "html")
    assert "<title>wercker pipelines</title>" in page
    assert (
        "<tr><th>id</th><th>name</th><th>permissions</th><th>type</th><th>created</th></tr>\n</thead>\n<tbody>\n"
        '<tr><td><bdi>0012</bdi></td><td><bdi class="bold">&lt;b&gt;&amp;&quot;&#x27;</bdi></td><td></td>'
        "<td><bdi>git</bdi></td><td></td></tr>\n" in page
    )


class Page(HTMLParser):
    """The elements of a page, and the attributes that they have."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}


@QUICK
@given(items=st.lists(OBJECTS, max_size=3), view=st.sampled_from([RUNS, STEPS, RUN_WITH_ENV, PIPELINES]))
def test_html_loads_nothing_runs_nothing_and_turns_nothing_around(items: list[Json], view: View) -> None:
    everything: list[Json | Iterable[Json]] = [items, *items]
    for data in everything:
        page = shown(data, view, "html")
        parsed = Page(page)
        assert parsed.elements <= {
            *("html", "head", "meta", "title", "style", "body", "h1", "table", "thead", "tbody", "tr", "th", "td"),
            *("bdi", "p", "pre"),
        }
        assert parsed.attributes <= {"lang", "charset", "name", "content", "http-equiv", "class"}
        assert "url(" not in page.partition("<body>")[0]
        assert not OBEYED.search(page)


def test_html_is_true_to_its_encoding() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="iso-8859-1")
    show([{"id": "日é", "status": "finished", "result": "passed"}], RUNS, Format("html"), stream, environ={})
    stream.flush()
    assert b"<bdi>&#26085;&#233;</bdi></td><td>" in raw.getvalue()
    assert b"&#10003; passed" in raw.getvalue()


def test_documents_say_that_there_is_nothing() -> None:
    assert shown([], RUNS, "markdown") == "no runs found\n"
    assert "<body>\n<p>no runs found</p>\n</body>" in shown([], RUNS, "html")
    assert shown({}, PAGE, "markdown") == "### ? unknown\n"
    assert '<body>\n<h1><bdi class="dim">? unknown</bdi></h1>\n</body>' in shown({}, PAGE, "html")
