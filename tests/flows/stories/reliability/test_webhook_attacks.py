"""The webhook under attack: no header and no body raises anything, costs more than it may, or
speaks for another portal.
"""

from __future__ import annotations

import json
import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmsync.flows.intake.push import MOST_BYTES, Receipt, TenantSecrets, receive_webhook
from crmsync.wire.http import Request
from crmsync.wire.hubspot_webhook import MOST_CHANGES, MOST_EVENTS, WebhookTenant
from crmsync.wire.signature import sign
from tests.builders import NOON
from tests.memory import MemoryOutbox

URL = "https://hooks.example.com/"
OURS, THEIRS, THEIR_OLD = (
    "the client secret of acme",
    "the client secret of beta",
    "beta's former client secret",
)
DOORS = [
    TenantSecrets(WebhookTenant("acme", 555001, "990077"), (OURS,)),
    TenantSecrets(WebhookTenant("beta", 555002, "990078"), (THEIRS, THEIR_OLD)),
]
STAMP = str(round(NOON.timestamp() * 1000))


def received(body: bytes, *, secret: str = OURS, **headers: str) -> tuple[Receipt, MemoryOutbox]:
    """What comes of a call that is signed with a secret, and what was put on the bus; headers may
    be other ones.
    """
    signed = {
        "x-hubspot-signature-v3": sign(secret, "POST", URL, body, STAMP),
        "x-hubspot-request-timestamp": STAMP,
    }
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    outbox = MemoryOutbox()
    return receive_webhook(
        Request("POST", URL, {**signed, **named}, body), DOORS, outbox, NOON
    ), outbox


def an_event(**fields: Any) -> dict[str, Any]:
    """A property change of contact 81 of acme's portal."""
    return {
        "subscriptionType": "contact.propertyChange",
        "portalId": 555001,
        "objectId": 81,
        **fields,
    }


def dumped(*events: Any) -> bytes:
    """The body of these events."""
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
    lambda what, rest: an_event(subscriptionType=what) | rest,
    TYPES | VALUES,
    st.dictionaries(
        st.sampled_from(NAMES),
        VALUES | st.sampled_from(["INTEGRATION", "990077", "0-1", 555001]),
        max_size=6,
    ),
)


@given(
    st.lists(EVENTS, max_size=4).map(lambda events: dumped(*events))
    | st.binary(max_size=200)
    | VALUES.map(dumped)
)
@settings(max_examples=300)
def test_any_signed_body_is_answered(body: bytes) -> None:
    """Taken or refused, and what is put on the bus is acme's."""
    receipt, outbox = received(body)

    assert receipt.status in {200, 400}
    assert {change.connection for change in outbox.published} <= {"acme"}


@given(
    st.text(alphabet=st.characters(), max_size=60),
    st.text(alphabet=string.digits, max_size=5000) | st.text(max_size=60),
)
def test_any_header_is_answered(signature: str, timestamp: str) -> None:
    """Whatever a stranger puts there: 401."""
    receipt, outbox = received(
        dumped(an_event()), x_hubspot_signature_v3=signature, x_hubspot_request_timestamp=timestamp
    )

    assert (receipt.status, outbox.published) == (401, [])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(dumped(*[an_event()] * MOST_EVENTS), 200, id="a hundred events"),
        pytest.param(
            dumped(*[an_event()] * (MOST_EVENTS + 1)), 400, id="more events than HubSpot sends"
        ),
        pytest.param(
            dumped(
                an_event(
                    subscriptionType="contact.merge", mergedObjectIds=list(range(1, MOST_CHANGES))
                )
            ),
            200,
            id="a merge of a thousand",
        ),
        pytest.param(
            dumped(
                an_event(
                    subscriptionType="contact.merge", mergedObjectIds=list(range(1, 800_000 // 8))
                )
            ),
            400,
            id="a merge of more than there can be",
        ),
        pytest.param(b"[" * 100_000, 400, id="deeper than anybody can read"),
        pytest.param(b"[" + b" " * MOST_BYTES + b"]", 413, id="longer than anybody sends"),
        pytest.param(dumped(an_event(objectId=10**30)), 200, id="an id that is none"),
        pytest.param(dumped(an_event(objectId="²")), 200, id="a digit that is none"),
        pytest.param(b'[{"objectId": 1' + b"0" * 5000 + b"}]", 400, id="a number that is too long"),
    ],
)
def test_what_is_too_much_is_refused(body: bytes, status: int) -> None:
    """Even where it is signed."""
    assert received(body)[0].status == status


def test_a_body_that_is_too_long_is_not_even_hashed() -> None:
    """It is refused before its signature is looked at, so a forged one costs nothing."""
    receipt, _ = received(b" " * (MOST_BYTES + 1), x_hubspot_signature_v3="forged")

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


@pytest.mark.parametrize("secret", [THEIRS, THEIR_OLD])
@pytest.mark.parametrize("portal", ODD_PORTALS)
def test_a_portal_speaks_for_itself_alone(portal: object, secret: str) -> None:
    """A call that is signed with a secret of beta's, the present or the former one, moves nothing
    of acme's, whatever portal it names.
    """
    receipt, outbox = received(
        dumped(an_event(portalId=portal), an_event(portalId=555002, objectId=82)), secret=secret
    )

    assert receipt.status in {200, 400}
    assert {change.connection for change in outbox.published} <= {"beta"}


def test_a_mixed_body_moves_what_is_the_signers_alone() -> None:
    """Of events of both portals those of the one that signed are taken, and a secret that nobody
    has opens neither.
    """
    body = dumped(
        an_event(), an_event(portalId=555002, objectId=82), an_event(portalId=555003, objectId=83)
    )
    moved = {
        secret: {
            (change.connection, change.ref.id)
            for change in received(body, secret=secret)[1].published
        }
        for secret in (OURS, THEIRS, THEIR_OLD, "the client secret of gamma", "")
    }

    assert moved == {
        OURS: {("acme", "81")},
        THEIRS: {("beta", "82")},
        THEIR_OLD: {("beta", "82")},
        "the client secret of gamma": set(),
        "": set(),
    }
