"""--debug shows requests and answers, and no secret in whatever form."""

import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest

from tests.api.conftest import TOKEN, Connect
from tests.raw_server import RawServer, response
from tests.raw_server import json as answer
from wercker_cli.api.trace import Trace
from wercker_cli.api.transport import Request, Response
from wercker_cli.errors import Unreachable

Raw = Callable[..., RawServer]
DOWN = '{"statusCode": 503, "message": "back at noon"}'
VALUE = 'hun"ter/2 ü\n&x'


def lines_of(*sent: Request | Response, token: str | None = TOKEN) -> list[str]:
    """What is shown of requests and answers that follow each other."""
    lines: list[str] = []
    trace = Trace(lines.append, token)
    for one in sent:
        if isinstance(one, Request):
            trace.request(f"http://x{one.path}", one)
        else:
            trace.response(one, 0.25)
    return lines


def test_debug_shows_requests_and_answers(raw: Raw, connect: Connect) -> None:
    lines: list[str] = []
    server = raw(answer("[]", 'ETag: "1"'), answer("", status="304 Same"), answer(DOWN, status="503 Down"), b"")
    transport = connect(server.url, trace=lines.append, WERCKER_TOKEN=TOKEN)
    for _ in range(2):
        transport.send(Request("GET", "/runs", (("branch", "a b"), ("token", TOKEN))))
    post = Request("POST", "/runs/", body=b'{"pipelineId": "p1"}')
    transport.send(post)
    with pytest.raises(Unreachable):
        transport.send(post)
    root = f"{server.url}/api/v3"
    times = [line.split(", ")[2].split(" s")[0] for line in (lines[1], lines[3], lines[5])]
    assert lines == [
        f"GET {root}/runs?branch=a+b&token=[token]",
        f"200, 2 bytes, {times[0]} s | []",
        f'GET {root}/runs?branch=a+b&token=[token] | If-None-Match: "1"',
        f"304, 0 bytes, {times[1]} s",
        f'POST {root}/runs/ | Content-Type: application/json | {{"pipelineId": "p1"}}',
        f"503, {len(DOWN)} bytes, {times[2]} s | {DOWN}",
        f'POST {root}/runs/ | Content-Type: application/json | {{"pipelineId": "p1"}}',
        "no answer: RemoteDisconnected('Remote end closed connection without response')",
    ]
    assert all(0 <= float(seconds) < 20 for seconds in times)


def test_what_breaks_off_and_is_asked_for_again_is_shown(raw: Raw, connect: Connect) -> None:
    lines: list[str] = []
    server = raw(response("Content-Length: 9", body=b"["), answer("[]"))
    connect(server.url, trace=lines.append).send(Request("GET", "/runs"))
    assert [line.split(" ")[0] for line in lines] == ["GET", "no", "GET", "200,"]


def test_values_of_variables_are_blotted_in_what_goes_out_and_what_comes_back() -> None:
    run = {"id": "r1", "envVars": [{"key": "PASSWORD", "value": VALUE}, {"key": "PORT", "value": 80}]}
    body = json.dumps(run).encode()
    assert lines_of(Request("POST", "/runs/", body=body), Response(200, {}, b"[%s]" % body)) == [
        'POST http://x/runs/ | {"id": "r1", "envVars": [{"key": "PASSWORD", "value": "[secret]"}, '
        '{"key": "PORT", "value": "[secret]"}]}',
        f'200, {len(body) + 2} bytes, 0.250 s | [{{"id": "r1", "envVars": [{{"key": "PASSWORD", '
        '"value": "[secret]"}, {"key": "PORT", "value": "[secret]"}]}]',
    ]


@pytest.mark.parametrize("secret", [TOKEN, VALUE])
@pytest.mark.parametrize(
    "form",
    [str, quote, quote_plus, lambda text: quote(text, safe=""), json.dumps, lambda text: json.dumps(text)[1:-1], repr],
    ids=["plain", "quote", "plus", "all", "json", "inside", "repr"],
)
def test_a_secret_that_was_seen_is_blotted_in_every_form(secret: str, form: Callable[[str], str]) -> None:
    payload = Request("POST", "/runs/", body=json.dumps({"envVars": [{"key": "A", "value": VALUE}]}).encode())
    said = f"what about {form(secret)} then"
    shown = lines_of(
        payload,
        Response(400, {}, json.dumps({"message": said}).encode()),
        Response(400, {}, said.encode()),
        Request("GET", f"/runs?x={form(secret)}"),
    )
    for line in shown:
        assert not [part for part in (secret, "hun", "t0ken") if part in line]
    assert "what about" in shown[1]
    assert "what about" in shown[2]


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b'[{"id": "r", "envVars": [{"key": "A", "value": "secr', '[{"id": "r", "envVars [secret]'),
        (b'{"url": "http://x/?access_token=abc&a=b"}', '{"url": "http://x/?access_token=[secret]&a=b"}'),
        (b"Authorization: Bearer abc.def and Basic QWxh", "Authorization: Bearer [secret] and Basic [secret]"),
        (b'{"a": {"envVars": [{"value": {"deep": "inner"}}]}, "b": "inner"}',
         '{"a": {"envVars": [{"value": "[secret]"}]}, "b": "[secret]"}'),
        (b'{"env\\u0056ars": [{"value": "abcd"}]}', '{"envVars": [{"value": "[secret]"}]}'),
        (b"\xff\xfe\0two\r\nlines", "��\0two lines"),
        (b"[" * 100_000, "[" * 400 + "..."),
    ],
)  # fmt: skip
def test_an_answer_is_one_line_and_holds_no_secret(body: bytes, shown: str) -> None:
    assert lines_of(Response(200, {}, body)) == [f"200, {len(body)} bytes, 0.250 s | {shown}"]


def test_a_secret_that_contains_another_is_blotted_whole() -> None:
    variables = [{"key": "A", "value": "hunter"}, {"key": "B", "value": "hunter2secret"}]
    payload = Request("POST", "/runs/", body=json.dumps({"envVars": variables}).encode())
    answers = [Response(400, {}, said) for said in (b'{"message": "hunter2secret is bad"}', b"hunter2secret is bad")]
    shown = lines_of(payload, *answers, Request("GET", "/runs?branch=hunter2secret"))
    assert [line.partition(" | ")[2] for line in shown[1:3]] == ['{"message": "[secret] is bad"}', "[secret] is bad"]
    assert shown[3] == "GET http://x/runs?branch=[secret]"


def test_the_password_of_a_proxy_is_blotted() -> None:
    lines: list[str] = []
    Trace(lines.append).failure(ValueError("Failed to parse: http://me:s3c@ret@127.0.0.1:99999"))
    assert lines == ["no answer: ValueError('Failed to parse: http://[secret]@127.0.0.1:99999')"]


def test_a_secret_across_the_cut_is_blotted_whole() -> None:
    body = ("x" * 395 + TOKEN).encode()
    assert lines_of(Response(200, {}, body)) == [f"200, {len(body)} bytes, 0.250 s | {'x' * 395}[toke..."]
