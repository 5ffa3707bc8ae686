"""HubSpot's v3 signature: which requests are accepted and which are not. `hmac.compare_digest`
promises that a comparison takes the same time for any signature; a test on a busy machine cannot
measure that.
"""

import base64
import gzip
from datetime import timedelta

import pytest
from hubspot.utils.signature import Signature
from hypothesis import given
from hypothesis import strategies as st

from crmsync.wire.http import Request
from crmsync.wire.signature import matching_secrets, sign
from tests.builders import NOON

URL = "https://hooks.example.com/hubspot/webhook"
SECRET = "made-up-client-secret"
BODY = '[{"portalId":555001,"propertyValue":"Zoë"}]'.encode()


def stamp(**ago: float) -> str:
    return str(round((NOON - timedelta(**ago)).timestamp() * 1000))


def a_request(
    *,
    body: bytes = BODY,
    signed: bytes = BODY,
    url: str = URL,
    timestamp: str = "",
    secret: str = SECRET,
) -> Request:
    timestamp = timestamp or stamp()
    headers = {
        "x-hubspot-signature-v3": sign(secret, "POST", URL, signed, timestamp),
        "x-hubspot-request-timestamp": timestamp,
    }
    return Request("POST", url, headers, body)


def test_a_signed_request_names_the_secret_that_signed_it():
    """While a secret is being rotated, a request signed with either is accepted, and it is known
    with which.
    """
    assert matching_secrets(a_request(), ["the-new-one", SECRET], NOON) == {SECRET}


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(a_request(secret="another"), id="forged"),
        pytest.param(a_request(body=BODY + b" "), id="altered by one byte"),
        pytest.param(
            a_request(body=b'[{"portalId": 555001,"propertyValue":"Zo\\u00eb"}]'),
            id="serialised anew",
        ),
        pytest.param(
            a_request(url="https://other.example.com/hubspot/webhook"), id="for another address"
        ),
        pytest.param(a_request(timestamp=stamp(minutes=5, seconds=1)), id="stale"),
        pytest.param(a_request(timestamp=stamp(minutes=-5, seconds=-1)), id="from the future"),
        pytest.param(a_request(timestamp="9" * 40), id="from the end of time"),
        pytest.param(a_request(timestamp="inf"), id="no time at all"),
        pytest.param(a_request(timestamp="١٢٣"), id="digits of another script"),
        pytest.param(
            Request("POST", URL, {"x-hubspot-request-timestamp": stamp()}, BODY), id="not signed"
        ),
        pytest.param(
            Request(
                "POST",
                URL,
                {"x-hubspot-request-timestamp": stamp(), "x-hubspot-signature-v3": "Zoë"},
                BODY,
            ),
            id="a signature outside ASCII",
        ),
    ],
)
def test_any_other_request_matches_no_secret(request_):
    """A forged, altered, old or future-dated request matches no secret and raises nothing."""
    assert matching_secrets(request_, [SECRET], NOON) == frozenset()


HEADERS = {
    "x-hubspot-signature-v3": sign(SECRET, "POST", URL, BODY, stamp()),
    "x-hubspot-request-timestamp": stamp(),
}
OLDER = {
    version: Signature.get_signature(
        client_secret=SECRET,
        request_body=BODY.decode(),
        signature_version=version,
        http_uri=URL,
        http_method="POST",
    )
    for version in ("v1", "v2")
}


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(
            Request("POST", URL, {**HEADERS, "x-hubspot-signature-v3": one}, BODY),
            id=f"signed by {version}",
        )
        for version, one in OLDER.items()
    ]
    + [
        pytest.param(
            Request(
                "POST",
                URL,
                {
                    "x-hubspot-signature": OLDER[version],
                    "x-hubspot-signature-version": version,
                    "x-hubspot-request-timestamp": stamp(),
                },
                BODY,
            ),
            id=f"only {version}",
        )
        for version in OLDER
    ]
    + [
        pytest.param(Request(method, URL, HEADERS, BODY), id=f"method {method}")
        for method in ("GET", "PUT", "DELETE", "post", "POST ", "")
    ]
    + [
        pytest.param(Request("POST", URL + more, HEADERS, BODY), id=f"address {more}")
        for more in ("?", "?a=1", "/", "#x", "%2F", "//", " ")
    ]
    + [
        pytest.param(Request("POST", URL, HEADERS, body), id=f"body {name}")
        for name, body in {
            "as base64": base64.b64encode(BODY),
            "packed": gzip.compress(BODY),
            "in UTF-16": BODY.decode().encode("utf-16"),
            "with a mark before it": b"\xef\xbb\xbf" + BODY,
            "twice": BODY + BODY,
            "none": b"",
        }.items()
    ]
    + [
        pytest.param(Request("POST", URL, {**HEADERS, **changed}, BODY), id=f"header {name}")
        for name, changed in {
            "signed twice": {
                "x-hubspot-signature-v3": ",".join([HEADERS["x-hubspot-signature-v3"]] * 2)
            },
            "blank behind": {"x-hubspot-signature-v3": HEADERS["x-hubspot-signature-v3"] + " "},
            "small letters": {"x-hubspot-signature-v3": HEADERS["x-hubspot-signature-v3"].lower()},
            "cut": {"x-hubspot-signature-v3": HEADERS["x-hubspot-signature-v3"][:-1]},
            "two times": {"x-hubspot-request-timestamp": f"{stamp()},{stamp()}"},
            "a sign before the time": {"x-hubspot-request-timestamp": f"+{stamp()}"},
            "a blank before the time": {"x-hubspot-request-timestamp": f" {stamp()}"},
            "a time with an underscore": {
                "x-hubspot-request-timestamp": f"{stamp()[:6]}_{stamp()[6:]}"
            },
            "the time in seconds": {"x-hubspot-request-timestamp": stamp()[:10]},
            "a time of 4,301 digits": {"x-hubspot-request-timestamp": "1" * 4301},
            "a later time": {"x-hubspot-request-timestamp": stamp(seconds=-1)},
            "no time": {"x-hubspot-request-timestamp": ""},
        }.items()
    ],
)
def test_only_the_signed_request_matches(request_):
    """An older signature version, another method, URL, body encoding or time does not match."""
    assert matching_secrets(Request("POST", URL, HEADERS, BODY), [SECRET], NOON) == {SECRET}
    assert matching_secrets(request_, [SECRET], NOON) == frozenset()


DECODED = {
    "3A": ":",
    "2F": "/",
    "3F": "?",
    "40": "@",
    "21": "!",
    "24": "$",
    "27": "'",
    "28": "(",
    "29": ")",
    "2A": "*",
    "2C": ",",
    "3B": ";",
}


@pytest.mark.parametrize("code", DECODED)
def test_each_escape_is_decoded_once(code):
    """Lowercase escapes are decoded, too; an escaped escape stays as it is. Escapes other than
    these twelve are signed as they are.
    """
    plain = sign(SECRET, "POST", f"{URL}?a={DECODED[code]}", BODY, "1")
    assert sign(SECRET, "POST", f"{URL}?a=%{code}", BODY, "1") == plain
    assert sign(SECRET, "POST", f"{URL}?a=%{code.lower()}", BODY, "1") == plain
    assert sign(SECRET, "POST", f"{URL}?a=%25{code}", BODY, "1") != plain


@pytest.mark.parametrize("minutes", [-4.9, 0, 4.9])
def test_the_two_clocks_may_differ_by_five_minutes(minutes):
    """A request within five minutes in either direction is accepted."""
    assert matching_secrets(a_request(timestamp=stamp(minutes=minutes)), [SECRET], NOON) == {SECRET}


@given(st.text(), st.text(min_size=1), st.integers(min_value=0, max_value=2**42))
def test_the_signature_equals_that_of_hubspots_sdk(body, secret, timestamp):
    """For any body, secret and time the signature equals the one of HubSpot's SDK."""
    expected = Signature.get_signature(
        client_secret=secret,
        request_body=body,
        signature_version="v3",
        http_uri=URL,
        http_method="POST",
        timestamp=str(timestamp),
    )
    assert (
        sign(secret, "POST", URL, body.encode("utf-8", "surrogatepass"), str(timestamp)) == expected
    )


def test_escapes_that_hubspot_decodes_are_decoded_before_signing():
    """The escapes of HubSpot's list are decoded in the path and in the query before signing."""
    escaped, plain = URL + "/a%3Ab?to=x%40example.com", URL + "/a:b?to=x@example.com"
    assert sign(SECRET, "POST", escaped, BODY, "1") == sign(SECRET, "POST", plain, BODY, "1")
    assert sign(SECRET, "POST", URL + "/%20", BODY, "1") != sign(
        SECRET, "POST", URL + "/ ", BODY, "1"
    )
