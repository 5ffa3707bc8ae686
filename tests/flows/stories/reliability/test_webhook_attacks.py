"""The webhook under attack: no header and no body raises an error, exceeds the limits, or changes
another HubSpot account's records.
"""

from __future__ import annotations

import json
import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmsync.flows.intake.push import MAX_BYTES, Receipt, TenantSecrets, receive_webhook
from crmsync.wire.http import Request
from crmsync.wire.hubspot_webhook import MAX_CHANGES, MAX_EVENTS, WebhookTenant
from crmsync.wire.signature import sign
from tests.builders import NOON
from tests.memory import MemoryOutbox

URL = "https://hooks.example.com/"
SECRET, OTHER_SECRET, OTHER_FORMER_SECRET = (
    "the client secret of acme",
    "the client secret of beta",
    "beta's former client secret",
)
TENANTS = [
    TenantSecrets(WebhookTenant("acme", 555001, "990077"), (SECRET,)),
    TenantSecrets(WebhookTenant("beta", 555002, "990078"), (OTHER_SECRET, OTHER_FORMER_SECRET)),
]
STAMP = str(round(NOON.timestamp() * 1000))


def received(body: bytes, *, secret: str = SECRET, **headers: str) -> tuple[Receipt, MemoryOutbox]:
    """The receipt of a call signed with a secret, and the outbox; `headers` override the signed
    ones.
    """
    signed = {
        "x-hubspot-signature-v3": sign(secret, "POST", URL, body, STAMP),
        "x-hubspot-request-timestamp": STAMP,
    }
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    outbox = MemoryOutbox()
    return receive_webhook(
        Request("POST", URL, {**signed, **named}, body), TENANTS, outbox, NOON
    ), outbox


def property_change(**fields: Any) -> dict[str, Any]:
    """A property change of contact 81 in acme's account."""
    return {
        "subscriptionType": "contact.propertyChange",
        "portalId": 555001,
        "objectId": 81,
        **fields,
    }


def body_of(*events: Any) -> bytes:
    """The body with these events."""
    return json.dumps(events).encode()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
TYPES = st.sampled_from(
    [
        f"{name}.{what}"
        for name in ("contact", "company", "deal", "object", "")
        for what in (
            "creation",
            "propertyChange",
            "associationChange",
            "merge",
            "deletion",
            "restore",
            "odd",
        )
    ]
)
NAMES = (
    *(
        "portalId",
        "objectId",
        "objectTypeId",
        "occurredAt",
        "propertyName",
        "changeSource",
        "sourceId",
        "mergedObjectIds",
    ),
    *(
        "associationType",
        "associationRemoved",
        "fromObjectId",
        "toObjectId",
        "fromObjectTypeId",
        "toObjectTypeId",
    ),
    *("newObjectId", "primaryObjectId"),
)
EVENTS = st.builds(
    lambda what, rest: property_change(subscriptionType=what) | rest,
    TYPES | VALUES,
    st.dictionaries(
        st.sampled_from(NAMES),
        VALUES | st.sampled_from(["INTEGRATION", "990077", "0-1", 555001]),
        max_size=6,
    ),
)


@pytest.mark.long
@given(
    st.lists(EVENTS, max_size=4).map(lambda events: body_of(*events))
    | st.binary(max_size=200)
    | VALUES.map(body_of)
)
@settings(max_examples=300)
def test_any_signed_body_is_answered(body: bytes) -> None:
    """Any body is accepted or refused, and only acme's changes are published."""
    receipt, outbox = received(body)

    assert receipt.status in {200, 400}
    assert {change.connection for change in outbox.published} <= {"acme"}


@given(
    st.text(alphabet=st.characters(), max_size=60),
    st.text(alphabet=string.digits, max_size=5000) | st.text(max_size=60),
)
def test_any_header_is_answered(signature: str, timestamp: str) -> None:
    """Any signature and timestamp of a stranger is answered 401."""
    receipt, outbox = received(
        body_of(property_change()),
        x_hubspot_signature_v3=signature,
        x_hubspot_request_timestamp=timestamp,
    )

    assert (receipt.status, outbox.published) == (401, [])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(body_of(*[property_change()] * MAX_EVENTS), 200, id="a hundred events"),
        pytest.param(
            body_of(*[property_change()] * (MAX_EVENTS + 1)),
            400,
            id="more events than HubSpot sends",
        ),
        pytest.param(
            body_of(
                property_change(
                    subscriptionType="contact.merge", mergedObjectIds=list(range(1, MAX_CHANGES))
                )
            ),
            200,
            id="a merge of a thousand",
        ),
        pytest.param(
            body_of(
                property_change(
                    subscriptionType="contact.merge", mergedObjectIds=list(range(1, 800_000 // 8))
                )
            ),
            400,
            id="a merge of more than there can be",
        ),
        pytest.param(b"[" * 100_000, 400, id="deeper than anybody can read"),
        pytest.param(b"[" + b" " * MAX_BYTES + b"]", 413, id="longer than anybody sends"),
        pytest.param(body_of(property_change(objectId=10**30)), 200, id="an id that is none"),
        pytest.param(body_of(property_change(objectId="²")), 200, id="a digit that is none"),
        pytest.param(b'[{"objectId": 1' + b"0" * 5000 + b"}]", 400, id="a number that is too long"),
    ],
)
def test_oversized_bodies_are_refused(body: bytes, status: int) -> None:
    """Bodies beyond the limits are refused even if they are signed."""
    assert received(body)[0].status == status


def test_a_body_that_is_too_long_is_refused_before_its_signature_is_checked() -> None:
    """A forged request that is too long costs no hashing."""
    receipt, _ = received(b" " * (MAX_BYTES + 1), x_hubspot_signature_v3="forged")

    assert receipt.status == 413


ODD_PORTALS = (
    *(
        555001,
        "555001",
        " 555001",
        "555001 ",
        555001.0,
        "0555001",
        "5.55001e5",
        "\u0665\u0665\u0665\u0660\u0660\u0661",
    ),
    *([555001], {"id": 555001}, None, True, 0, -555001, 10**30, "555002\n555001", ""),
)


@pytest.mark.parametrize("secret", [OTHER_SECRET, OTHER_FORMER_SECRET])
@pytest.mark.parametrize("portal", ODD_PORTALS)
def test_an_accounts_secret_changes_only_its_own_records(portal: object, secret: str) -> None:
    """A call signed with beta's present or former secret changes nothing of acme's, whatever
    account its body names.
    """
    receipt, outbox = received(
        body_of(property_change(portalId=portal), property_change(portalId=555002, objectId=82)),
        secret=secret,
    )

    assert receipt.status in {200, 400}
    assert {change.connection for change in outbox.published} <= {"beta"}


def test_of_a_mixed_body_only_the_signers_events_are_accepted() -> None:
    """Events of other accounts are dropped, and an unknown secret has none accepted."""
    body = body_of(
        property_change(),
        property_change(portalId=555002, objectId=82),
        property_change(portalId=555003, objectId=83),
    )
    moved = {
        secret: {
            (change.connection, change.ref.id)
            for change in received(body, secret=secret)[1].published
        }
        for secret in (SECRET, OTHER_SECRET, OTHER_FORMER_SECRET, "the client secret of gamma", "")
    }

    assert moved == {
        SECRET: {("acme", "81")},
        OTHER_SECRET: {("beta", "82")},
        OTHER_FORMER_SECRET: {("beta", "82")},
        "the client secret of gamma": set(),
        "": set(),
    }
