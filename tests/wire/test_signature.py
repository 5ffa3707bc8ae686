"""HubSpot's v3 signature: what opens the door and what does not."""

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
    *, body: bytes = BODY, signed: bytes = BODY, url: str = URL, timestamp: str = "", secret: str = SECRET
) -> Request:
    timestamp = timestamp or stamp()
    headers = {
        "x-hubspot-signature-v3": sign(secret, "POST", URL, signed, timestamp),
        "x-hubspot-request-timestamp": timestamp,
    }
    return Request("POST", url, headers, body)


def test_a_signed_request_names_the_secret_that_signed_it():
    """While a secret is being rotated, a request signed with either is good, and it is known with which."""
    assert matching_secrets(a_request(), ["the-new-one", SECRET], NOON) == {SECRET}


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(a_request(secret="another"), id="forged"),
        pytest.param(a_request(body=BODY + b" "), id="altered by one byte"),
        pytest.param(a_request(body=b'[{"portalId": 555001,"propertyValue":"Zo\\u00eb"}]'), id="serialised anew"),
        pytest.param(a_request(url="https://other.example.com/hubspot/webhook"), id="for another address"),
        pytest.param(a_request(timestamp=stamp(minutes=5, seconds=1)), id="stale"),
        pytest.param(a_request(timestamp=stamp(minutes=-5, seconds=-1)), id="from the future"),
        pytest.param(a_request(timestamp="9" * 40), id="from the end of time"),
        pytest.param(a_request(timestamp="inf"), id="no time at all"),
        pytest.param(a_request(timestamp="١٢٣"), id="digits of another script"),
        pytest.param(Request("POST", URL, {"x-hubspot-request-timestamp": stamp()}, BODY), id="not signed"),
        pytest.param(
            Request("POST", URL, {"x-hubspot-request-timestamp": stamp(), "x-hubspot-signature-v3": "Zoë"}, BODY),
            id="a signature outside ASCII",
        ),
    ],
)
def test_anything_else_opens_no_door(request_):
    """A forged, altered, stale or future-dated request matches no secret, whatever it holds, and raises nothing."""
    assert matching_secrets(request_, [SECRET], NOON) == frozenset()


@pytest.mark.parametrize("minutes", [-4.9, 0, 4.9])
def test_the_two_clocks_may_disagree_a_little(minutes):
    """Within five minutes either way a request is good."""
    assert matching_secrets(a_request(timestamp=stamp(minutes=minutes)), [SECRET], NOON) == {SECRET}


@given(st.text(), st.text(min_size=1), st.integers(min_value=0, max_value=2**42))
def test_the_signature_is_the_one_that_hubspots_own_sdk_makes(body, secret, timestamp):
    """For any body, secret and time the signature equals that of the official SDK."""
    expected = Signature.get_signature(
        client_secret=secret,
        request_body=body,
        signature_version="v3",
        http_uri=URL,
        http_method="POST",
        timestamp=str(timestamp),
    )
    assert sign(secret, "POST", URL, body.encode("utf-8", "surrogatepass"), str(timestamp)) == expected


def test_escapes_that_hubspot_decodes_are_decoded_before_signing():
    """The escapes of HubSpot's list are signed as the characters they stand for, in the path and in the query."""
    escaped, plain = URL + "/a%3Ab?to=x%40example.com", URL + "/a:b?to=x@example.com"
    assert sign(SECRET, "POST", escaped, BODY, "1") == sign(SECRET, "POST", plain, BODY, "1")
    assert sign(SECRET, "POST", URL + "/%20", BODY, "1") != sign(SECRET, "POST", URL + "/ ", BODY, "1")
