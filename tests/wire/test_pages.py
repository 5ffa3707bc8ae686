"""Requests of a browser, as a Function URL hands them on."""

from __future__ import annotations

from typing import Any

import pytest

from crmsync.wire.pages import MOST_FIELDS, PageAnswer, PageRequest, read_page_request


def an_event(**changed: Any) -> dict[str, Any]:
    """A form that was sent to the Function URL."""
    return {
        "version": "2.0",
        "rawPath": "/errors/retry",
        "rawQueryString": "page=2&page=3&code=A%26B",
        "cookies": ["__Host-crmsync=abc.def", "other=1=2"],
        "headers": {
            "Content-Type": "application/x-www-form-urlencoded",
            "Host": "evil.example.com",
        },
        "requestContext": {
            "domainName": "abc.lambda-url.eu-west-1.on.aws",
            "http": {"method": "POST", "path": "/errors/retry"},
        },
        "body": "proof=p&record=a&record=b+c",
        "isBase64Encoded": False,
        **changed,
    }


def test_a_form_is_read_whole():
    """The first value of a parameter, all values of a field, and the origin from AWS's own name."""
    assert read_page_request(an_event()) == PageRequest(
        "POST",
        "/errors/retry",
        query={"page": "2", "code": "A&B"},
        form={"proof": ("p",), "record": ("a", "b c")},
        cookies={"__Host-crmsync": "abc.def", "other": "1=2"},
        headers={
            "content-type": "application/x-www-form-urlencoded",
            "host": "evil.example.com",
        },
        origin="https://abc.lambda-url.eu-west-1.on.aws",
    )


@pytest.mark.parametrize(
    ("given", "origin", "is_encrypted"),
    [
        ("https://console.example.com/", "https://console.example.com", True),
        ("http://127.0.0.1:9002", "http://127.0.0.1:9002", False),
    ],
)
def test_the_public_address_wins(given: str, origin: str, is_encrypted: bool):  # noqa: FBT001 - a value of the table
    """A domain of one's own is the origin, and says whether the browser's way is encrypted."""
    request = read_page_request(an_event(), given)

    assert (request.origin, request.is_encrypted) == (origin, is_encrypted)


@pytest.mark.parametrize(
    "changed",
    [
        {"headers": {"content-type": "application/json"}},
        {"headers": {}},
        {"body": None},
        {"body": "&".join(["a=1"] * (MOST_FIELDS + 1))},
        {"body": "%%%", "isBase64Encoded": True},
    ],
)
def test_what_is_no_form_has_no_fields(changed: dict[str, Any]):
    """Other types, no body, too many fields, and broken base64."""
    request = read_page_request(an_event(**changed))

    assert (request.form, request.field("proof")) == ({}, "")


def test_an_answer_is_what_lambda_takes():
    """Cookies stand apart from the headers."""
    answer = PageAnswer(303, "", {"location": "/"}, ("a=b; Path=/",))

    assert answer.event() == {
        "statusCode": 303,
        "headers": {"location": "/"},
        "cookies": ["a=b; Path=/"],
        "body": "",
    }
