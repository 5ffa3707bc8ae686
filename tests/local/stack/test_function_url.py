"""A Function URL: an HTTP request becomes the documented event, and what the handler returns
becomes the HTTP response.
"""

import json

import pytest
import requests

from local.stack.listener import Listener
from tests.local.stack.laptop import Build


def send(
    url: str, body: bytes = b"", headers: dict[str, str] | None = None, method: str = "POST"
) -> tuple[int, str | None, bytes]:
    """Return status, content type and body of the response."""
    answer = requests.request(method, url, data=body, headers=headers, timeout=30)
    return answer.status_code, answer.headers.get("Content-Type"), answer.content


def responding(text: str) -> str:
    return f"def lambda_handler(event, context): return {text}\n"


def test_a_request_becomes_the_documented_event(laptop: Build):
    """It has payload format 2.0, on any path."""
    stack = laptop(web="def lambda_handler(event, context): return event\n")
    headers = {"Content-Type": "application/json", "X-Signature": "abc", "Cookie": "a=1; b=2"}
    status, _, content = send(
        f"{stack.listener.url}/any/path?x=1&x=2&y=", b'{"a": "\xc3\xbc"}', headers
    )
    event = json.loads(content)
    context = event.pop("requestContext")
    sent = event.pop("headers")
    assert (status, event) == (
        200,
        {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": "/any/path",
            "rawQueryString": "x=1&x=2&y=",
            "queryStringParameters": {"x": "1,2", "y": ""},
            "cookies": ["a=1", "b=2"],
            "body": '{"a": "ü"}',
            "isBase64Encoded": False,
        },
    )
    assert {name: sent[name] for name in ("content-type", "x-signature")} == {
        "content-type": "application/json",
        "x-signature": "abc",
    }
    assert (context["http"]["method"], context["http"]["path"]) == ("POST", "/any/path")
    assert abs(context["timeEpoch"] - stack.clock.now_ms()) < 60_000


@pytest.mark.parametrize(("more", "status"), [(0, 200), (1, 502)])
def test_an_answer_may_be_too_long(laptop: Build, more: int, status: int):
    """JSON of 6,291,556 bytes is passed on, a byte more is not (docs/vendors.md#lambda-answers)."""
    room = 6_291_556 - len(json.dumps({"statusCode": 200, "body": ""})) + more
    stack = laptop(web=responding(f"{{'statusCode': 200, 'body': 'a' * {room}}}"))

    assert send(stack.listener.url)[0] == status


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("application/octet-stream", b"ab", ("YWI=", True)),
        ("application/json; charset=utf-8", b"[]", ("[]", False)),
        ("application/json", b"\xff", ("/w==", True)),
    ],
)
def test_a_body_that_is_not_text_is_base64(laptop: Build, content_type, body, expected):
    """The content type decides, or a body that is not UTF-8."""
    stack = laptop(web="def lambda_handler(event, context): return event\n")
    event = json.loads(send(stack.listener.url, body, {"Content-Type": content_type})[2])
    assert (event["body"], event["isBase64Encoded"]) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            '{"statusCode": 201, "body": "made", "headers": {"Content-Type": "text/plain"}}',
            (201, "text/plain", b"made"),
        ),
        ('{"statusCode": 401}', (401, "application/json", b"")),
        (
            '{"statusCode": 200, "body": "YWI=", "isBase64Encoded": True}',
            (200, "application/json", b"ab"),
        ),
        ('{"some": "thing"}', (200, "application/json", b'{"some": "thing"}')),
        ('"just text"', (200, "application/json", b"just text")),
    ],
)
def test_the_result_of_a_handler_becomes_a_response(laptop: Build, answer, expected):
    """A result with a status code is the response; any other result is the body."""
    stack = laptop(web=responding(answer))
    assert send(stack.listener.url) == expected


def test_a_failed_call_is_502_and_a_throttled_call_429(laptop: Build):
    """The caller learns no more than that."""
    stack = laptop(web="def lambda_handler(event, context): raise ValueError('secret detail')\n")
    assert send(stack.listener.url)[::2] == (502, b"Internal Server Error")
    stack.faults.replace([{"at": "lambda", "kind": "throttle"}])
    assert send(stack.listener.url)[0] == 429


def test_an_address_without_a_function_is_404(laptop: Build):
    """The address exists before its function does."""
    laptop()
    listener = Listener("console")
    try:
        assert send(listener.url, method="GET")[::2] == (
            404,
            b"template.yaml gives no function console a Function URL.\n",
        )
    finally:
        listener.close()
