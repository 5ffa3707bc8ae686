"""Requests of a browser, as a Function URL hands them on."""

from __future__ import annotations

import base64
import gzip
from typing import Any

import pytest

from crmsync.wire.pages import MOST_BYTES, MOST_FIELDS, PageAnswer, PageRequest, read_page_request


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
        "isBase64Encoded": False,
    }


def test_a_packed_answer_is_the_same_to_the_browser():
    """Its body is packed by gzip, in base64, and says so; the text is what it was."""
    text = "Zürich\n" * 1_000
    event = PageAnswer(200, text, {"content-type": "text/csv"}).packed().event()
    body = base64.b64decode(event.pop("body"))

    assert gzip.decompress(body).decode() == text
    assert len(body) < 200
    assert event == {
        "statusCode": 200,
        "headers": {"content-type": "text/csv", "content-encoding": "gzip"},
        "cookies": [],
        "isBase64Encoded": True,
    }


@pytest.mark.parametrize(
    ("header", "takes"),
    [
        ("gzip, deflate, br", True),
        ("br;q=1.0, GZIP;q=0.8", True),
        ("gzip;q=0", False),
        ("br, identity", False),
        ("", False),
    ],
)
def test_a_browser_says_whether_it_unpacks_gzip(header: str, takes: bool):  # noqa: FBT001 - a value of the table
    """Every one does; what says nothing gets the text as it is."""
    assert PageRequest("GET", "/", headers={"accept-encoding": header}).unpacks is takes
    assert PageRequest("GET", "/").unpacks is False


@pytest.mark.parametrize(("more", "fits"), [(0, True), (1, False)])
def test_an_answer_may_be_too_long_for_lambda(more: int, fits: bool):  # noqa: FBT001 - a value of the table
    """It counts in bytes of JSON, where a quotation mark takes two, as an umlaut does."""
    room = MOST_BYTES - 2
    for text in ("a" * room, '"' * (room // 2), "ü" * (room // 2)):
        answer = PageAnswer(200, text + "a" * more, {})
        assert (answer.fits, answer.packed().fits) == (fits, True)
