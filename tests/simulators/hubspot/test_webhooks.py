"""Webhooks: which events are sent, how they are packed and signed, and how often they are
delivered.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from hubspot.utils.signature import Signature

from simulators.hubspot import Delivery
from tests.simulators.hubspot.running import HOOK, Running, running

CONTACTS = "/crm/v3/objects/contacts"
STAMPS = ("eventId", "occurredAt", "subscriptionId", "portalId", "appId", "attemptNumber")


def core(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event without its ids and counters."""
    return {name: value for name, value in event.items() if name not in STAMPS}


def is_signed(delivery: Delivery, secret: str) -> bool:
    """Return whether HubSpot's own helper accepts the delivery, apart from its age."""
    made = Signature.get_signature(
        secret,
        delivery.body.decode(),
        "v3",
        http_uri=delivery.url,
        http_method=delivery.method,
        timestamp=delivery.headers["X-HubSpot-Request-Timestamp"],
    )
    return bool(made == delivery.headers["X-HubSpot-Signature-v3"])


def test_only_subscribed_events_are_made(hubspot: Running) -> None:
    """Only the creation and the subscribed property send events; a person's writes name
    the user.
    """
    hubspot.subscribe(("contact.creation", None), ("contact.propertyChange", "email"))
    contact = int(hubspot.create(email="w@example.com", firstname="Win"))
    by = {"changeSource": "CRM_UI", "sourceId": "userId:4321"}
    assert [core(event) for event in hubspot.events()] == [
        {
            "subscriptionType": "contact.creation",
            "objectId": contact,
            "changeFlag": "CREATED",
            **by,
        },
        {
            "subscriptionType": "contact.propertyChange",
            "objectId": contact,
            "propertyName": "email",
            "propertyValue": "w@example.com",
            **by,
        },
    ]


def test_nothing_is_queued_without_a_subscription(hubspot: Running) -> None:
    """Earlier events are not sent later."""
    hubspot.create(email="early@example.com")
    hubspot.subscribe(("contact.creation", None))
    assert (hubspot.simulator.next_webhook_ms(), hubspot.events()) == (None, [])


def test_the_products_own_writes_are_marked(hubspot: Running) -> None:
    """The source of the product's changes is its app id."""
    hubspot.subscribe(("contact.propertyChange", "lastname"))
    hubspot.create(lastname="Own", person=False)
    (event,) = hubspot.events()
    assert (event["changeSource"], event["sourceId"], event["appId"]) == (
        "INTEGRATION",
        "990077",
        990077,
    )


def test_writing_the_same_value_sends_no_event(hubspot: Running) -> None:
    """A write that changes nothing is not reported."""
    hubspot.subscribe(("contact.propertyChange", "lastname"))
    contact = hubspot.create(lastname="Same")
    hubspot.events()
    hubspot.call("PATCH", f"{CONTACTS}/{contact}", {"properties": {"lastname": "Same"}})
    assert hubspot.events() == []


def test_generic_types_name_the_object_type(hubspot: Running) -> None:
    """``object.*`` events have the type id and can be limited to one type."""
    hubspot.subscribe(("object.creation", None, "0-3"), ("object.propertyChange", "dealname", None))
    hubspot.create("companies", name="Acme")
    hubspot.create("deals", dealname="Big")
    assert [
        (e["subscriptionType"], e["objectTypeId"], e["isSensitive"]) for e in hubspot.events()
    ] == [
        ("object.creation", "0-3", False),
        ("object.propertyChange", "0-3", False),
    ]


def test_deletion_restore_merge_and_privacy_deletion_send_events(hubspot: Running) -> None:
    """The event of a merge names the new id."""
    hubspot.subscribe(
        *((f"contact.{kind}", None) for kind in ("deletion", "restore", "merge", "privacyDeletion"))
    )
    one, two = hubspot.create(email="1@example.com"), hubspot.create(email="2@example.com")
    hubspot.call("DELETE", f"{CONTACTS}/{one}")
    hubspot.simulator.person({"do": "restore", "ids": [one]})
    merge = {"primaryObjectId": one, "objectIdToMerge": two}
    survivor = int(hubspot.call("POST", f"{CONTACTS}/merge", merge).json()["id"])
    hubspot.call("POST", f"{CONTACTS}/gdpr-delete", {"objectId": str(survivor)})
    events = hubspot.events()
    assert [(event["subscriptionType"], event["objectId"]) for event in events] == [
        ("contact.deletion", int(one)),
        ("contact.restore", int(one)),
        ("contact.merge", survivor),
        ("contact.deletion", survivor),
        ("contact.privacyDeletion", survivor),
    ]
    merged = events[2]
    assert (merged["primaryObjectId"], merged["mergedObjectIds"], merged["newObjectId"]) == (
        int(one),
        [int(two)],
        survivor,
    )


def test_an_association_sends_one_event_in_each_direction(hubspot: Running) -> None:
    """Each association type sends two events."""
    hubspot.subscribe(("contact.associationChange", None))
    contact, company = (
        hubspot.create(email="a@example.com"),
        hubspot.create("companies", name="Acme"),
    )
    hubspot.call(
        "PUT", f"/crm/v4/objects/contacts/{contact}/associations/default/companies/{company}"
    )
    seen = {
        (e["associationType"], e["fromObjectId"], e["isPrimaryAssociation"])
        for e in hubspot.events()
    }
    assert seen == {
        (kind, int(one), primary)
        for primary in (True, False)
        for kind, one in (("CONTACT_TO_COMPANY", contact), ("COMPANY_TO_CONTACT", company))
    }


def test_events_are_packed_a_hundred_to_a_request_in_order(hubspot: Running) -> None:
    """250 events make three requests."""
    hubspot.subscribe(("contact.creation", None))
    for start in range(0, 250, 50):
        inputs = [
            {"properties": {"email": f"p{number}@example.com"}}
            for number in range(start, start + 50)
        ]
        hubspot.call("POST", f"{CONTACTS}/batch/create", {"inputs": inputs})
    packs = [json.loads(delivery.body) for delivery in hubspot.deliveries()]
    numbers = [event["eventId"] for pack in packs for event in pack]
    assert ([len(pack) for pack in packs], numbers == sorted(numbers)) == ([100, 100, 50], True)


def test_deliveries_are_signed_as_hubspots_helper_signs(hubspot: Running) -> None:
    """Version 3 signs method, URI with query, raw body and timestamp; version 1 is sent as well."""
    hubspot.subscribe(("contact.propertyChange", "lastname"))
    hubspot.create(lastname="Ünïcode ✓")
    (delivery,) = hubspot.deliveries()
    v1 = hashlib.sha256(hubspot.portal.client_secret.encode() + delivery.body).hexdigest()
    assert (delivery.method, delivery.url) == ("POST", HOOK)
    assert is_signed(delivery, hubspot.portal.client_secret)
    assert delivery.headers["X-HubSpot-Signature"] == v1


def test_both_secrets_sign_during_a_rotation() -> None:
    """With a former secret in the world file some deliveries have its signature."""
    with running({"previous_client_secret": "former"}) as hubspot:
        hubspot.subscribe(("contact.creation", None))
        signed = []
        for number in range(4):
            hubspot.create(email=f"{number}@example.com")
            (delivery,) = hubspot.deliveries()
            signed.append(
                (is_signed(delivery, hubspot.portal.client_secret), is_signed(delivery, "former"))
            )
        assert set(signed) == {(True, False), (False, True)}


def test_a_skewed_clock_affects_signature_and_event(hubspot: Running) -> None:
    """The fault ``clock_skew`` changes the times of the signature and of the event."""
    hubspot.faults.replace([{"at": "hubspot", "kind": "clock_skew", "seconds": 3600}])
    hubspot.subscribe(("contact.creation", None))
    before = hubspot.clock.now_ms()
    hubspot.create(email="skew@example.com")
    (delivery,) = hubspot.deliveries()
    stamps = (
        int(delivery.headers["X-HubSpot-Request-Timestamp"]),
        json.loads(delivery.body)[0]["occurredAt"],
    )
    assert all(3_600_000 <= stamp - before < 3_700_000 for stamp in stamps)


def test_a_failed_delivery_is_repeated_ten_times_within_a_day(hubspot: Running) -> None:
    """Any response but 2xx and no response at all repeat it, with a new signature and its attempt
    counted; then it is dropped.
    """
    hubspot.subscribe(("contact.creation", None))
    hubspot.create(email="retry@example.com")
    began = hubspot.clock.now_ms()
    attempts, signatures = [], set()
    for status in (500, 404, 0, 302, 500, 500, 500, 500, 500, 500, 500):
        (delivery,) = hubspot.deliveries(status)
        attempts.append((delivery.attempt, json.loads(delivery.body)[0]["attemptNumber"]))
        signatures.add(delivery.headers["X-HubSpot-Signature-v3"])
        due = hubspot.simulator.next_webhook_ms()
        if due is not None:
            assert hubspot.deliveries() == []
            hubspot.clock.advance((due - hubspot.clock.now_ms()) / 1000 + 1)
    assert attempts == [(number, number) for number in range(11)]
    assert len(signatures) == 11
    assert (hubspot.simulator.next_webhook_ms(), hubspot.deliveries()) == (None, [])
    assert hubspot.clock.now_ms() - began < 24 * 3_600_000


def test_webhooks_misbehave_on_command(hubspot: Running) -> None:
    """Faults deliver an event twice, drop one, and reverse the order, each once."""
    hubspot.subscribe(("contact.creation", None))
    results = {}
    for kind in ("duplicate", "drop", "reorder"):
        hubspot.faults.replace([{"at": "webhook", "kind": kind}])
        ids = [int(hubspot.create(email=f"{kind}{number}@example.com")) for number in range(2)]
        results[kind] = [ids.index(event["objectId"]) for event in hubspot.events()]
    assert results == {"duplicate": [0, 1, 0, 1], "drop": [], "reorder": [1, 0]}
