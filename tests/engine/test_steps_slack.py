"""slack-notifier: the real curl, and a server in place of Slack's."""

import json
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests.conftest import Checkout, needs
from tests.engine.built_in import Play, Step, script, why
from tests.engine.conftest import Machine

pytestmark = needs("curl")


@pytest.fixture
def slack(httpserver: HTTPServer) -> HTTPServer:
    """A webhook at /hook, which says ok."""
    httpserver.expect_request("/hook", method="POST").respond_with_data("ok")
    return httpserver


def notify(slack: HTTPServer, **options: str) -> Step:
    """The step, called "notify"."""
    return {"slack-notifier": {"name": "notify", "url": slack.url_for("/hook"), **options}}


def told(slack: HTTPServer) -> dict[str, Any]:
    """What the only request said."""
    ((request, _),) = slack.log
    assert list(request.form) == ["payload"]
    payload = json.loads(request.form["payload"])
    assert isinstance(payload, dict)
    return payload


def test_a_pass_is_told(play: Play, slack: HTTPServer) -> None:
    story = play(script("true"), after=(notify(slack),))
    assert story.logs["notify"] == "Slack was told\n"
    rest = f"of local/demo by {story.run['user']['meta']['username']} passed on branch main"
    assert told(slack) == {
        "username": "werckerbot",
        "attachments": [{"color": "good", "fallback": f"build {rest}", "text": f"<{story.run['url']}|build> {rest}"}],
    }


def test_a_failure_is_told_with_its_step_and_every_option(play: Play, slack: HTTPServer, checkout: Checkout) -> None:
    checkout.commit("build: {steps: []}")
    checkout.git("checkout", "-q", "-b", 'it\'s-<b>&"x"')
    options = {"channel": "ci", "username": 'bot "7"', "icon_url": "http://example.com/i.png", "notify_on": "failed"}
    story = play(
        {"script": {"name": 'a "step" \\ with\ttabs & <b>\nlines', "code": "false"}},
        after=(script("set -fu; IFS=x"), notify(slack, **options)),
        code=10,
    )
    rest = (
        f'of local/demo by {story.run["user"]["meta"]["username"]} failed on branch it\'s-&lt;b&gt;&amp;"x" '
        'at step a "step" \\ with\ttabs &amp; &lt;b&gt;\nlines'
    )
    assert told(slack) == {
        "username": 'bot "7"',
        "channel": "#ci",
        "icon_url": "http://example.com/i.png",
        "attachments": [{"color": "danger", "fallback": f"build {rest}", "text": f"<{story.run['url']}|build> {rest}"}],
    }


@pytest.mark.parametrize("channel", ["#ci", "@someone"])
def test_a_channel_with_its_sign(play: Play, slack: HTTPServer, channel: str) -> None:
    play(notify(slack, channel=channel))
    assert told(slack)["channel"] == channel


def test_what_nobody_wants_to_know_is_not_told(play: Play, slack: HTTPServer) -> None:
    passed = play(script("true"), after=(notify(slack, notify_on="failed"),))
    assert passed.logs["notify"] == "not told: notify_on is failed, and this run is not\n"
    other = play(script("true"), after=(notify(slack, branch="release"),))
    assert other.logs["notify"] == "not told: branch is release, and this run's is main\n"
    assert slack.log == []
    play(script("true"), after=(notify(slack, branch="main"),))
    assert len(slack.log) == 1


def test_a_step_of_a_deploy_says_so(play: Play, slack: HTTPServer) -> None:
    play(script("export DEPLOY=true; unset BUILD"), notify(slack))
    assert told(slack)["attachments"][0]["fallback"].startswith("deploy of local/demo by ")


@pytest.mark.parametrize(("status", "body"), [(404, "No team"), (500, "No text\nspecified")])
def test_a_slack_that_refuses_fails_the_step(play: Play, httpserver: HTTPServer, status: int, body: str) -> None:
    httpserver.expect_request("/hook").respond_with_data(body, status=status)
    assert why(play(notify(httpserver), code=10)) == f"Slack refused with {status}: {body}"


def test_a_slack_that_is_not_there_fails_the_step(play: Play) -> None:
    story = play({"slack-notifier": {"url": "http://127.0.0.1:1/hook"}}, code=10)
    assert why(story) == "Slack was not reached"


def test_the_address_is_needed_and_seen_by_nobody(play: Play, machine: Machine) -> None:
    assert why(play({"slack-notifier": {"url": "$NOTHING"}}, code=10)) == (
        "url is empty: it is the address of a Slack webhook"
    )
    machine.program("curl", 'for word in "$@"; do echo "$word" >&2; done; printf "\n200"')
    story = play({"slack-notifier": {"url": "http://example.com/secret"}})
    assert "secret" not in story.logs["slack-notifier"]
    assert "--config\n/dev/fd/" in story.logs["slack-notifier"]
