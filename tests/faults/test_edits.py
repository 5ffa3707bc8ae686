"""Faults of people and CRMs that edit the same records: at the same time, with other clocks, as an
echo, and with values that the target changes.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crmsync.model.decisions import DecisionType, decisions_of
from local.people import People
from local.stack import Stack
from tests.faults.outcomes import Written, both, inbox, later, queued, writes_of
from tests.flows.conftest import SETTINGS, WORLD
from tests.flows.stories.story_contacts import lead_id, linked_pair

FIELDS = {"phone": "Phone", "jobtitle": "Title", "city": "City"}
POLICIES = """
[connection.contacts]
[[connection.contacts.field]]
hubspot = "phone"
salesforce = "Phone"
update = "prefer_salesforce"
[[connection.contacts.field]]
hubspot = "city"
salesforce = "City"
update = "prefer_hubspot"
"""


@pytest.fixture
def module_stack() -> Iterator[Stack]:
    """A stack for each test: of two edits of one phone number Salesforce's counts, of one city
    HubSpot's, of one job title the more recent one.
    """
    with Stack(SETTINGS + POLICIES, WORLD) as stack:
        yield stack


def hold_back(stack: Stack, side: str) -> None:
    """Lose the news of one side, so that the other side's arrives first; a resync makes up for it."""
    faults = {
        "hubspot": {"at": "webhook", "kind": "drop", "times": 10_000},
        "salesforce": {"at": "salesforce", "kind": "drop_change_event", "times": 10_000},
    }
    stack.faults([faults[side]])


def conflicts(stack: Stack, contact: str) -> list[tuple[str, str, str]]:
    """The conflicts in the history of a contact: the field that was written, policy and winner."""
    item = stack.cloud.aws.client("dynamodb").get_item(
        TableName="crmsync-links", Key={"pk": {"S": f"acme#hubspot:contact:{contact}"}}
    )["Item"]
    return sorted(
        (one.name, str(one.policy), str(one.side.other))
        for one in decisions_of(item["y"]["S"])
        if one.type is DecisionType.CONFLICT and one.side
    )


def test_fault_19_both_sides_edit_different_fields(stack: Stack, people: People) -> None:
    """Neither side knew of the other's edit: both survive, with one write to each CRM and without a
    conflict.
    """
    contact, made = linked_pair(stack, people, "fields@example.com")

    def edit() -> None:
        people.edit_contact(contact, phone="+49 731 1")
        people.edit_record("Lead", made, Title="Pilot", City="Ulm")
        stack.settle()

    once = writes_of(stack, edit)

    expected = {"phone": "+49 731 1", "jobtitle": "Pilot", "city": "Ulm"}
    assert both(people, contact, "fields@example.com", FIELDS) == (expected, expected)
    assert (once.hubspot, once.salesforce) == (1, 1)
    assert (inbox(stack), queued(stack)) == ({}, {})


@pytest.mark.parametrize("first", ["hubspot", "salesforce"])
def test_fault_20_both_sides_edit_one_field(stack: Stack, people: People, first: str) -> None:
    """Whichever side's news arrives first, each field's policy decides alike on both sides, and the
    log keeps which side won by which policy.
    """
    address = f"{first}.first@example.com"
    contact, made = linked_pair(stack, people, address, phone="1", jobtitle="A", city="Ulm")
    hold_back(stack, {"hubspot": "salesforce", "salesforce": "hubspot"}[first])
    people.edit_contact(contact, phone="+49 731 1", jobtitle="Baker", city="Graz")
    stack.advance(60, settle=False)
    people.edit_record("Lead", made, Phone="+49 731 2", Title="Pilot", City="Linz")

    once = writes_of(stack, stack.settle)

    expected = {"phone": "+49 731 2", "jobtitle": "Pilot", "city": "Graz"}
    assert both(people, contact, address, FIELDS) == (expected, expected)
    assert (once.hubspot, once.salesforce) == (1, 1)
    assert conflicts(stack, contact) == [
        ("City", "prefer_hubspot", "hubspot"),
        ("jobtitle", "two_way", "salesforce"),
        ("phone", "prefer_salesforce", "salesforce"),
    ]
    stack.faults([])
    quiet = writes_of(stack, lambda: later(stack))
    assert (quiet.hubspot, quiet.salesforce, inbox(stack), queued(stack)) == (0, 0, {}, {})


@pytest.mark.parametrize("skew", [-3600, 0, 3600], ids=["behind", "equal stamps", "ahead"])
def test_fault_21_clocks_differ(
    stack: Stack, people: People, monkeypatch: pytest.MonkeyPatch, skew: int
) -> None:
    """HubSpot's clock is an hour off, or both edits have one stamp: different fields and fields
    with a policy come out the same; only of "most recent wins" both sides show one of the two.
    """
    address = f"skew{skew}@example.com"
    contact, made = linked_pair(stack, people, address, phone="1", jobtitle="A", city="Ulm")
    stack.faults([{"at": "hubspot", "kind": "clock_skew", "seconds": skew}] if skew else [])
    stack.advance(2, settle=False)
    now_ms = stack.clock.now_ms() // 1000 * 1000
    with monkeypatch.context() as instant:
        instant.setattr(stack.clock, "now_ms", lambda: now_ms)
        people.edit_contact(contact, phone="+49 731 1", jobtitle="Baker", firstname="Ada")
        people.edit_record("Lead", made, Phone="+49 731 2", Title="Pilot", PostalCode="89073")
    once = writes_of(stack, stack.settle)

    more = {"firstname": "FirstName", "zip": "PostalCode"}
    here, there = both(people, contact, address, {**FIELDS, **more})
    decided = {"phone": "+49 731 2", "zip": "89073", "firstname": "Ada"}
    assert here == there
    assert {name: here[name] for name in decided} == decided
    assert here["jobtitle"] == {-3600: "Pilot", 0: "Pilot", 3600: "Baker"}[skew]
    assert (once.hubspot, once.salesforce) == (1, 1)
    quiet = writes_of(stack, lambda: later(stack))
    assert (quiet.hubspot, quiet.salesforce, inbox(stack), queued(stack)) == (0, 0, {}, {})


def test_fault_22_echo_after_a_persons_edit(
    stack: Stack, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The echo of our own write arrives after a person has set the old value again: the person's
    edit is kept, the echo is ignored, and each edit costs one write.
    """
    contact, made = linked_pair(stack, people, "echo@example.com", jobtitle="A")
    take, late = stack.hubspot.due_webhooks, []
    with monkeypatch.context() as delayed:
        delayed.setattr(stack.hubspot, "due_webhooks", lambda: late.extend(take()) or [])
        there = writes_of(
            stack, lambda: (people.edit_record("Lead", made, Title="B"), stack.settle())
        )
    shown = people.contact(contact, "jobtitle")
    back = writes_of(stack, lambda: (people.edit_contact(contact, jobtitle="A"), stack.settle()))
    echoes = len(late)
    with monkeypatch.context() as released:
        released.setattr(stack.hubspot, "due_webhooks", lambda: [late.pop()] if late else take())
        echoed = writes_of(stack, stack.settle)
    quiet = writes_of(stack, lambda: [later(stack) for _ in range(2)])

    assert shown == {"jobtitle": "B"}
    assert (there.hubspot, there.salesforce) == (1, 0)
    assert (back.hubspot, back.salesforce) == (0, 1)
    assert (echoes >= 1, late, echoed) == (True, [], Written(0, 0, 0))
    assert (
        both(people, contact, "echo@example.com", {"jobtitle": "Title"}) == ({"jobtitle": "A"},) * 2
    )
    assert (quiet.hubspot, quiet.salesforce, inbox(stack), queued(stack)) == (0, 0, {}, {})


def test_fault_23_target_changes_the_value(stack: Stack, people: People) -> None:
    """HubSpot writes addresses in lowercase, Salesforce trims, and a trigger keeps the digits of a
    phone number alone: what came of our write is settled, and no value goes back and forth.
    """
    trigger = {"at": "salesforce", "kind": "trigger_rewrites", "object": "Lead", "field": "Phone"}
    stack.faults([{**trigger, "how": "digits"}])
    contact = people.new_contact(
        email="Mixed.Case@Example.com", lastname="  Lang ", company="Example GmbH", city=" Ulm  "
    )
    stack.settle()
    made = lead_id(people, "mixed.case@example.com")
    there = people.new_record(
        "Lead", LastName="Holm", Company="Example AB", Email="OTHER.Case@Example.org"
    )
    stack.settle()
    other = people.contact_with("other.case@example.org")
    quiet = writes_of(stack, lambda: [later(stack) for _ in range(2)])
    people.edit_contact(contact, phone="+49 731 1")
    edited = writes_of(stack, lambda: (stack.settle(), [later(stack) for _ in range(2)]))

    assert other is not None
    assert people.record("Lead", made, "LastName", "City", "Phone") == {
        "LastName": "Lang",
        "City": "Ulm",
        "Phone": "497311",
    }
    assert people.contact(contact, "phone", "city") == {"phone": "+49 731 1", "city": " Ulm  "}
    assert people.record("Lead", there, "Email") == {"Email": "OTHER.Case@Example.org"}
    assert people.contact(other, "email") == {"email": "other.case@example.org"}
    assert (quiet.hubspot, quiet.salesforce) == (0, 0)
    assert (edited.hubspot, edited.salesforce) == (0, 1)
    assert (inbox(stack), queued(stack)) == ({}, {})
