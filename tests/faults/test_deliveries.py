"""Faults of what arrives: webhooks and messages that come twice, late, out of order, never, in
bulk, or from somebody else.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
import requests

from local.people import People
from local.stack import Stack
from tests.faults.outcomes import Written, both, inbox, later, queued, writes_of
from tests.flows.conftest import SETTINGS, WORLD, NewStack
from tests.flows.stories.story_contacts import lead, linked_pair

OFTEN = 10_000
FORMER_SECRET = "the client secret before the rotation"
PHONE = {"phone": "Phone"}
NOTHING = Written(0, 0, 0)


@pytest.fixture
def module_stack() -> Iterator[Stack]:
    """A stack for each test, in the middle of a rotation of the app's client secret."""
    portal = {**WORLD["hubspot"][0], "previous_client_secret": FORMER_SECRET}
    with Stack(SETTINGS, {**WORLD, "hubspot": [portal]}) as stack:
        yield stack


def event(stack: Stack, contact: str, **fields: Any) -> dict[str, Any]:
    """A webhook event that says that somebody edited a contact's phone number now."""
    return {
        "eventId": 1,
        "subscriptionId": 61,
        "portalId": 555001,
        "appId": stack.ready()["portals"][0]["app_id"],
        "occurredAt": stack.clock.now_ms(),
        "subscriptionType": "contact.propertyChange",
        "attemptNumber": 0,
        "objectId": int(contact),
        "propertyName": "phone",
        "propertyValue": "0",
        "changeSource": "CRM_UI",
        "sourceId": "userId:1",
        **fields,
    }


def raw(events: Sequence[Mapping[str, Any]]) -> bytes:
    """The body that HubSpot sends for these events."""
    return json.dumps(events, separators=(",", ":")).encode()


def signature(secret: str, url: str, body: bytes, timestamp: int) -> str:
    """HubSpot's signature of version 3."""
    message = f"POST{url}".encode() + body + str(timestamp).encode()
    return base64.b64encode(hmac.new(secret.encode(), message, hashlib.sha256).digest()).decode()


def send(
    stack: Stack,
    body: bytes,
    *,
    secret: str | None = None,
    age_ms: int = 0,
    signed: bytes | None = None,
    url: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> int:
    """Send a body to the webhook function, signed for what `signed`, `url` and `age_ms` say instead
    of what is sent; the status of the answer.
    """
    timestamp = stack.clock.now_ms() - age_ms
    own = stack.ready()["portals"][0]["client_secret"]
    proof = {
        "X-HubSpot-Request-Timestamp": str(timestamp),
        "X-HubSpot-Signature-v3": signature(
            secret or own, url or stack.webhook_url, signed or body, timestamp
        ),
    }
    sent = {"Content-Type": "application/json", **(proof if headers is None else headers)}
    return requests.post(stack.webhook_url, data=body, headers=sent, timeout=10).status_code


def test_fault_01_webhook_delivered_twice(stack: Stack, people: People) -> None:
    """An edit whose webhook and messages all come twice is written once; the same webhook sent
    again later writes nothing in either CRM and nothing in our tables.
    """
    contact, made = linked_pair(stack, people, "twice@example.com")
    stack.faults(
        [{"at": place, "kind": "duplicate", "times": OFTEN} for place in ("webhook", "queue")]
    )
    once = writes_of(
        stack, lambda: (people.edit_contact(contact, phone="+49 731 1"), stack.settle())
    )
    again = raw([event(stack, contact, propertyValue="+49 731 1")] * 3)

    replayed = writes_of(stack, lambda: ([send(stack, again) for _ in range(3)], stack.settle()))

    assert (once.hubspot, once.salesforce, replayed) == (0, 1, NOTHING)
    assert both(people, contact, "twice@example.com", PHONE) == ({"phone": "+49 731 1"},) * 2
    assert (inbox(stack), queued(stack)) == ({}, {})
    assert people.record("Lead", made, "Email") == {"Email": "twice@example.com"}


def test_fault_02_old_event_after_new(stack: Stack, people: People) -> None:
    """Edits whose events arrive newest first, and a stale event after all of them, end with the
    current value on both sides, written once.
    """
    contact, _ = linked_pair(stack, people, "order@example.com")
    stack.faults(
        [{"at": place, "kind": "reorder", "times": OFTEN} for place in ("webhook", "queue")]
    )
    hour = 3_600_000

    def edits() -> None:
        for value in ("+49 731 1", "+49 731 2", "+49 731 3"):
            people.edit_contact(contact, phone=value)
        stack.settle()

    once = writes_of(stack, edits)
    stale = event(stack, contact, propertyValue="+49 731 1", occurredAt=stack.clock.now_ms() - hour)
    late = writes_of(stack, lambda: (send(stack, raw([stale])), stack.settle()))

    assert (once.hubspot, once.salesforce, late) == (0, 1, NOTHING)
    assert both(people, contact, "order@example.com", PHONE) == ({"phone": "+49 731 3"},) * 2
    assert (inbox(stack), queued(stack)) == ({}, {})


def test_fault_03_webhooks_lost_and_endpoint_down(stack: Stack, people: People) -> None:
    """While the endpoint refuses everything, and when HubSpot has given up after a day, the next
    sweep carries the edit; once HubSpot delivers again, nothing is written twice.
    """
    contact, _ = linked_pair(stack, people, "lost@example.com")
    later(stack)
    stack.faults(
        [{"at": "lambda", "kind": "throttle", "function": "hubspot_webhook", "times": OFTEN}]
    )
    people.edit_contact(contact, phone="+49 731 1")
    stack.settle()
    before = lead(people, "lost@example.com", "Phone")
    later(stack)
    swept = lead(people, "lost@example.com", "Phone")
    stack.faults([{"at": "webhook", "kind": "drop", "times": OFTEN}])
    people.edit_contact(contact, phone="+49 731 2")
    lost = writes_of(stack, lambda: later(stack))
    stack.faults([])
    recovered = writes_of(stack, lambda: later(stack))

    assert (before, swept) == ({"Phone": None}, {"Phone": "+49 731 1"})
    assert (lost.hubspot, lost.salesforce) == (0, 1)
    assert (recovered.hubspot, recovered.salesforce) == (0, 0)
    assert both(people, contact, "lost@example.com", PHONE) == ({"phone": "+49 731 2"},) * 2
    assert (inbox(stack), queued(stack)) == ({}, {})


def test_fault_05_forged_signatures(stack: Stack, people: People) -> None:
    """Whatever is forged, altered, stale, from the future or signed by an older version is refused
    before it is parsed and moves nothing; both secrets count during a rotation.
    """
    contact, _ = linked_pair(stack, people, "forged@example.com")
    ready = stack.ready()["portals"][0]
    body = raw([event(stack, contact)])
    own, minute = ready["client_secret"], 60_000
    spaced = json.dumps([event(stack, contact)], indent=1).encode()
    v2 = hashlib.sha256(f"{own}POST{stack.webhook_url}".encode() + body).hexdigest()
    old = {"X-HubSpot-Signature": v2, "X-HubSpot-Signature-Version": "v2"}
    now = {"X-HubSpot-Request-Timestamp": str(stack.clock.now_ms())}
    refused = {
        "forged": send(stack, body, secret="a stranger's secret"),
        "altered": send(stack, body.replace(b'"0"', b'"1"'), signed=body),
        "serialised anew": send(stack, spaced, signed=body),
        "stale": send(stack, body, age_ms=6 * minute),
        "from the future": send(stack, body, age_ms=-6 * minute),
        "another address": send(stack, body, url="https://proxy.example.com/"),
        "another path": send(stack, body, url=f"{stack.webhook_url}internal"),
        "version 2": send(stack, body, headers={**old, **now}),
        "no signature": send(stack, body, headers=now),
        "letters outside ASCII": send(
            stack, body, headers={**now, "X-HubSpot-Signature-v3": "\xfc"}
        ),
        "not even JSON": send(stack, b"{", secret="a stranger's secret"),
    }
    silent = writes_of(stack, stack.settle)
    left = queued(stack)
    taken = [send(stack, body, secret=one) for one in (own, FORMER_SECRET)]
    edges = [send(stack, body, age_ms=age) for age in (4 * minute, -4 * minute)]

    assert refused == dict.fromkeys(refused, 401)
    assert (silent, left) == (NOTHING, {})
    assert (taken, edges) == ([200, 200], [200, 200])
    assert send(stack, b"{") == 400
    assert inbox(stack) == {}


BURST = 10_000
BATCH = 100


@pytest.mark.long
def test_fault_04_burst_of_ten_thousand(new_stack: NewStack) -> None:
    """An import of 10,000 contacts, some of them edited while it is under way, loses none, ends
    with each record's last edit, and stays far below the calls that both CRMs allow.
    """
    stack = new_stack()
    people = People(stack.ready())
    ids: list[str] = []
    for start in range(0, BURST, BATCH):
        rows = [
            {
                "properties": {"lastname": "Lang", "email": f"n{n}@example.com", "phone": "1"},
                "associations": [],
            }
            for n in range(start, start + BATCH)
        ]
        ids += [
            one.id for one in people.hubspot.crm.contacts.batch_api.create({"inputs": rows}).results
        ]
    for value in ("2", "3"):
        edits = [{"id": one, "properties": {"phone": value}} for one in ids[::BATCH]]
        people.hubspot.crm.contacts.batch_api.update({"inputs": edits})

    end = stack.settle()

    leads = people.records("SELECT Email, Phone FROM Lead")
    edited = {people.contact(one, "email")["email"] for one in ids[::BATCH]}
    figures = stack.stats()
    assert (end["settled"], end["open_errors"], queued(stack)) == (True, 0, {})
    assert sorted(row["Email"] for row in leads) == sorted(
        f"n{n}@example.com" for n in range(BURST)
    )
    assert {row["Email"] for row in leads if row["Phone"] == "3"} == edited
    assert {row["Phone"] for row in leads} == {"1", "3"}
    assert (figures["hubspot"]["calls"] <= 400, figures["salesforce"]["calls"] <= 250) == (
        True,
        True,
    )
