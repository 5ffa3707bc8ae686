"""Faults while we write: refusals of single records, lost answers, crashes, locks, several workers,
and our own table's refusals.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local.people import People
from local.stack import Stack
from tests.faults.outcomes import both, inbox, later, queued, writes_of
from tests.flows.conftest import WORLD, NewStack
from tests.flows.stories.story_contacts import lead, linked_pair, rows, with_contacts, writes

RETRY = 15 * 60
"""Seconds after which a message that a Lambda left behind is visible again."""
PHONE = {"phone": "Phone"}
REFUSED = "No entry for this person"
POISON: dict[str, Any] = {
    **WORLD,
    "salesforce": {
        **WORLD["salesforce"],
        "validation_rules": [
            {"object": "Lead", "field": "LastName", "contains": "Poison", "message": REFUSED}
        ],
    },
}


@pytest.fixture
def module_stack() -> Iterator[Stack]:
    """A stack for each test, whose org refuses leads with a certain name."""
    with Stack(with_contacts('on_refused_field = "block"'), POISON) as stack:
        yield stack


def new_contacts(people: People, *addresses: str, lastname: str = "Lang") -> list[str]:
    """Make contacts in one call; their ids."""
    inputs = [
        {"properties": {"email": one, "lastname": lastname, "company": "Example GmbH"}}
        for one in addresses
    ]
    made = people.hubspot.crm.contacts.batch_api.create({"inputs": inputs}).results
    ids = {one.properties["email"]: one.id for one in made}
    return [ids[one] for one in addresses]


def new_lead(people: People, address: str, **fields: Any) -> str:
    """Make a lead; its id."""
    return people.new_record("Lead", LastName="Holm", Company="Example AB", Email=address, **fields)


def times_of(people: People, address: str) -> tuple[int, bool]:
    """How many leads have an address, and whether HubSpot has a contact with it."""
    return len(rows(people, "Lead", address)), people.contact_with(address) is not None


def test_fault_06_part_of_a_batch_is_refused(stack: Stack, people: People) -> None:
    """Both CRMs refuse one record of a batch, HubSpot the whole batch for it: that record alone is
    parked with the cause, all others are written.
    """
    addresses = [f"part{number}@example.com" for number in range(5)]
    contacts = new_contacts(people, *addresses)
    stack.settle()
    leads = [str(lead(people, one)["Id"]) for one in addresses]
    held = people.new_contact(email="taken@example.com", lastname="Lang")
    stack.settle()
    people.edit_contact(contacts[1], lastname="Poison")
    for number in (0, 2):
        people.edit_contact(contacts[number], phone="+49 731 1")
    people.edit_record("Lead", leads[3], Email="taken@example.com")
    people.edit_record("Lead", leads[4], Title="Pilot")
    stack.settle()

    told = inbox(stack)

    assert [lead(people, addresses[at], "Phone", "LastName") for at in (0, 1, 2)] == [
        {"Phone": "+49 731 1", "LastName": "Lang"},
        {"Phone": None, "LastName": "Lang"},
        {"Phone": "+49 731 1", "LastName": "Lang"},
    ]
    assert people.contact(contacts[4], "jobtitle") == {"jobtitle": "Pilot"}
    assert people.contact(contacts[3], "email") == {"email": addresses[3]}
    assert set(told) == {contacts[1], contacts[3]}
    assert (told[contacts[1]]["text"], bool(told[contacts[1]]["hint"])) == (REFUSED, True)
    assert people.contact(held, "email") == {"email": "taken@example.com"}
    people.edit_contact(contacts[1], lastname="Lang")
    people.edit_record("Lead", leads[3], Email=addresses[3])
    stack.settle()
    assert (later(stack, RETRY)["open_errors"], queued(stack), inbox(stack)) == (0, {}, {})


def test_fault_07_answer_lost_after_the_write(stack: Stack, people: People) -> None:
    """Creates and updates that were applied but not answered are repeated without a duplicate on
    either side.
    """
    contact, made = linked_pair(stack, people, "answer@example.com")
    stack.faults(
        [
            {"at": side, "kind": "timeout_after_write", "times": 4}
            for side in ("hubspot", "salesforce")
        ]
    )
    people.new_contact(email="born.here@example.com", lastname="Lang", company="Example GmbH")
    new_lead(people, "born.there@example.com")
    people.edit_contact(contact, phone="+49 731 1")
    people.edit_record("Lead", made, Title="Pilot")
    stack.settle()
    later(stack, RETRY)
    stack.faults([])
    end = later(stack, RETRY)

    assert times_of(people, "born.here@example.com") == (1, True)
    assert times_of(people, "born.there@example.com") == (1, True)
    assert (
        both(people, contact, "answer@example.com", {**PHONE, "jobtitle": "Title"})
        == ({"phone": "+49 731 1", "jobtitle": "Pilot"},) * 2
    )
    assert (end["open_errors"], queued(stack)) == (0, {})
    again = writes_of(stack, lambda: later(stack, RETRY))
    assert (again.hubspot, again.salesforce) == (0, 0)


@pytest.mark.parametrize("after", ["start", "salesforce_write", "hubspot_write", "dynamodb_write"])
def test_fault_08_crash_before_the_link_is_saved(
    stack: Stack, people: People, product: People, after: str
) -> None:
    """Wherever the Lambda is killed, the next attempt finds the record that the first one made by
    our key, and links it.
    """
    address = f"{after.replace('_', '.')}@example.com"
    calls = stack.stats()["lambda"]["contact_sync"]
    stack.faults([{"at": "lambda", "kind": "kill", "function": "contact_sync", "after": after}])
    contact = people.new_contact(email=address, lastname="Vale", company="Example GmbH")
    stack.settle()
    end = later(stack, RETRY)

    assert stack.stats()["lambda"]["contact_sync"] > calls + 1
    assert times_of(people, address) == (1, True)
    made = lead(product, address, "Id", "Crmsync_HubSpot_Id__c")
    assert made["Crmsync_HubSpot_Id__c"] == f"555001-{contact}"
    assert people.contact(contact, "crmsync_salesforce_id") == {"crmsync_salesforce_id": made["Id"]}
    assert (end["open_errors"], queued(stack)) == (0, {})
    before = writes(stack)
    later(stack, RETRY)
    assert writes(stack) == before


@pytest.mark.long
def test_fault_09_two_workers_create_one_person(new_stack: NewStack) -> None:
    """Made on both sides at once, so that two workers meet each person: one contact and one lead
    each, linked with each other.
    """
    stack = new_stack(workers=2, seed=9)
    people = People(stack.ready())
    addresses = [f"two{number}@example.com" for number in range(6)]
    contacts = {}
    for one in addresses:
        contacts[one] = people.new_contact(email=one, lastname="Holm", company="Example AB")
        new_lead(people, one, Title="Pilot")
    stack.settle()
    end = later(stack, RETRY)

    assert [times_of(people, one) for one in addresses] == [(1, True)] * len(addresses)
    for one, contact in contacts.items():
        assert people.contact(contact, "crmsync_salesforce_id", "jobtitle") == {
            "crmsync_salesforce_id": lead(people, one)["Id"],
            "jobtitle": "Pilot",
        }
    assert (end["open_errors"], queued(stack), inbox(stack)) == (0, {}, {})
    before = writes(stack)
    later(stack, RETRY)
    assert writes(stack) == before


def test_fault_16_poison_record(stack: Stack, people: People) -> None:
    """A record that Salesforce always refuses is parked alone with cause and hint, the rest of its
    batch is written, and it goes on by itself once it is put right.
    """
    contacts = new_contacts(people, *(f"well{number}@example.com" for number in range(3)))
    poison = people.new_contact(
        email="poison@example.com", lastname="Poison", company="Example GmbH"
    )
    first = stack.settle()
    told = inbox(stack)
    later(stack, RETRY)  # the sweep finds the record once more
    resting = writes_of(stack, lambda: later(stack, RETRY))

    assert [times_of(people, f"well{number}@example.com") for number in range(3)] == [
        (1, True)
    ] * len(contacts)
    assert times_of(people, "poison@example.com") == (0, True)
    assert (first["open_errors"], set(told)) == (1, {poison})
    assert (told[poison]["category"], told[poison]["text"]) == ("validation", REFUSED)
    assert "validation rule" in told[poison]["hint"]
    assert (resting.hubspot, resting.salesforce, queued(stack)) == (0, 0, {})
    people.edit_contact(poison, lastname="Lang")
    assert (stack.settle()["open_errors"], times_of(people, "poison@example.com")) == (0, (1, True))


def test_fault_17_lambda_times_out_in_the_middle(stack: Stack, people: People) -> None:
    """A batch that is cut off after its first write keeps what it has written; the rest is
    delivered again, and each record is written once on each side.
    """
    addresses = [f"cut{number}@example.com" for number in range(4)]
    contacts = new_contacts(people, *addresses)
    stack.settle()
    leads = [str(lead(people, one)["Id"]) for one in addresses]
    calls = stack.stats()["lambda"]["contact_sync"]
    stack.faults([{"at": "lambda", "kind": "timeout", "function": "contact_sync"}])

    def work() -> None:
        for at in (0, 1):
            people.edit_contact(contacts[at], phone="+49 731 1")
        for at in (2, 3):
            people.edit_record("Lead", leads[at], Title="Pilot")
        people.new_contact(email="cut.new@example.com", lastname="Lang", company="Example GmbH")
        stack.settle()
        later(stack, RETRY)

    written = writes_of(stack, work)

    assert stack.stats()["lambda"]["contact_sync"] > calls + 1
    assert [lead(people, addresses[at], "Phone")["Phone"] for at in (0, 1)] == ["+49 731 1"] * 2
    assert [people.contact(contacts[at], "jobtitle")["jobtitle"] for at in (2, 3)] == ["Pilot"] * 2
    assert times_of(people, "cut.new@example.com") == (1, True)
    assert (written.hubspot <= 3, written.salesforce <= 4) == (True, True), written
    assert (stack.settle()["open_errors"], queued(stack)) == (0, {})


@pytest.mark.long
def test_fault_18_our_table_refuses(stack: Stack, people: People) -> None:
    """Failed conditions and throttling of DynamoDB cost another look and another plan, not a record
    and not a second write.
    """
    contact, made = linked_pair(stack, people, "table@example.com")
    stack.faults(
        [
            {"at": "dynamodb", "kind": "conflict", "times": 6},
            {"at": "dynamodb", "kind": "throttle", "times": 8},
        ]
    )
    people.edit_contact(contact, phone="+49 731 1")
    people.edit_record("Lead", made, Title="Pilot")
    people.new_contact(email="table.new@example.com", lastname="Lang", company="Example GmbH")
    stack.settle()
    for _ in range(3):
        end = later(stack, RETRY)
    stack.faults([])

    assert (
        both(people, contact, "table@example.com", {**PHONE, "jobtitle": "Title"})
        == ({"phone": "+49 731 1", "jobtitle": "Pilot"},) * 2
    )
    assert times_of(people, "table.new@example.com") == (1, True)
    assert (end["open_errors"], queued(stack)) == (0, {})
    before = writes(stack)
    later(stack, RETRY)
    assert writes(stack) == before
