"""Stories of an inclusion list named by its id: which contacts sync, which are frozen, and what
happens when they enter or leave the list.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import WORLD
from tests.flows.stories.story_contacts import (
    LIST,
    SWEEP,
    act_as_contact,
    contact_id,
    join_list,
    lead,
    leave_list,
    record,
    rows,
    with_contacts,
    writes,
)

LISTED = WORLD | {
    "hubspot": [
        {
            "portal_id": 555001,
            "tier": "professional",
            "lists": [
                {
                    "listId": LIST,
                    "name": "To Salesforce",
                    "objectTypeId": "0-1",
                    "processingType": "MANUAL",
                }
            ],
        }
    ]
}


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One stack with list 77 as the inclusion list and with `delete_in_hubspot`."""
    with Stack(
        with_contacts(f'inclusion_list = "{LIST}"', "delete_in_hubspot = true"), LISTED
    ) as stack:
        yield stack


def listed_pair(stack: Stack, people: People, address: str) -> tuple[str, str]:
    """Make a contact of the list; its id and that of its lead."""
    contact = people.new_contact(lastname="Lang", company="Example GmbH", email=address)
    join_list(people, contact)
    stack.settle()
    return contact, str(lead(people, address, "Id")["Id"])


def frozen_pair(stack: Stack, people: People, address: str) -> tuple[str, str]:
    """Make a lead in Salesforce whose contact is outside the list; the contact's id, then the
    lead's.
    """
    made = people.new_record(
        "Lead", LastName="Holm", Company="Example AB", Email=address, Phone="+46 1"
    )
    stack.settle()
    return contact_id(people, address), made


@pytest.mark.long
@pytest.mark.rule("INC-2")
@pytest.mark.rule("SET-9")
def test_a_contact_outside_the_list_does_not_sync(stack: Stack, people: People):
    """With an inclusion list, neither creating nor editing a contact outside it, nor a sweep,
    creates a lead.
    """
    contact = people.new_contact(lastname="Lang", email="outsider@example.com")
    stack.settle()
    people.edit_contact(contact, phone="+49 731 1")
    result = stack.advance(SWEEP)
    assert (result["open_errors"], rows(people, "Lead", "outsider@example.com")) == (0, [])


@pytest.mark.rule("INC-2")
def test_a_listed_contact_syncs_both_ways(stack: Stack, people: People):
    """A contact in the list becomes a lead, and edits sync in both directions."""
    contact, made = listed_pair(stack, people, "member@example.com")
    people.edit_contact(contact, phone="+49 731 2")
    people.edit_record("Lead", made, Title="Engineer")
    stack.settle()
    assert record(people, "Lead", made, "Phone", "Title") == {
        "Phone": "+49 731 2",
        "Title": "Engineer",
    }
    assert people.contact(contact, "phone", "jobtitle") == {
        "phone": "+49 731 2",
        "jobtitle": "Engineer",
    }


@pytest.mark.long
@pytest.mark.rule("TRG-10")
def test_entering_the_list_is_noticed_without_an_edit(stack: Stack, people: People):
    """A contact that enters the list is synced by the next sweep, although no webhook reports it."""
    contact = people.new_contact(lastname="Late", company="Example GmbH", email="late@example.com")
    stack.advance(SWEEP)
    join_list(people, contact)
    stack.settle()
    assert rows(people, "Lead", "late@example.com") == []
    stack.advance(SWEEP)
    assert lead(people, "late@example.com", "LastName", "Company") == {
        "LastName": "Late",
        "Company": "Example GmbH",
    }


@pytest.mark.rule("INC-6")
@pytest.mark.rule("INC-7")
@pytest.mark.rule("Q-22")
def test_a_lead_creates_a_contact_that_is_frozen_afterwards(stack: Stack, people: People):
    """A new lead creates a contact outside the list, but later edits and opt-outs do not sync in
    either direction.
    """
    contact, made = frozen_pair(stack, people, "frozen@example.com")
    assert people.contact(contact, "lastname", "phone") == {"lastname": "Holm", "phone": "+46 1"}
    before = writes(stack)
    people.edit_record("Lead", made, Phone="+46 2", HasOptedOutOfEmail=True)
    people.edit_contact(contact, jobtitle="Painter")
    result = stack.advance(SWEEP)
    assert (result["open_errors"], writes(stack)) == (0, before)
    assert record(people, "Lead", made, "Phone", "Title") == {"Phone": "+46 2", "Title": None}
    assert people.contact(contact, "phone", "hs_email_optout") == {
        "phone": "+46 1",
        "hs_email_optout": None,
    }


@pytest.mark.rule("INC-6")
@pytest.mark.rule("INC-7")
def test_a_lead_is_linked_with_the_unlisted_contact_of_its_address(stack: Stack, people: People):
    """The lead creates no second contact, and neither record is changed."""
    contact = people.new_contact(lastname="Known", email="known@example.com", phone="+49 1")
    stack.settle()
    made = people.new_record(
        "Lead", LastName="Other", Company="Example AB", Email="Known@example.com", Phone="+46 9"
    )
    result = stack.settle()
    assert result["open_errors"] == 0
    assert people.contact(contact, "lastname", "phone") == {"lastname": "Known", "phone": "+49 1"}
    assert record(people, "Lead", made, "LastName", "Phone") == {
        "LastName": "Other",
        "Phone": "+46 9",
    }


@pytest.mark.rule("INC-22")
@pytest.mark.rule("TRG-10")
def test_entering_the_list_syncs_a_frozen_pair(stack: Stack, people: People):
    """What was edited on either side while the pair was frozen is synced by the next sweep."""
    contact, made = frozen_pair(stack, people, "thawed@example.com")
    people.edit_record("Lead", made, Phone="+46 3")
    people.edit_contact(contact, jobtitle="Painter")
    stack.settle()
    join_list(people, contact)
    stack.advance(SWEEP)
    assert record(people, "Lead", made, "Phone", "Title") == {"Phone": "+46 3", "Title": "Painter"}
    assert people.contact(contact, "phone", "jobtitle") == {"phone": "+46 3", "jobtitle": "Painter"}


@pytest.mark.long
@pytest.mark.rule("Q-23")
def test_leaving_the_list_stops_the_sync_and_deletes_nothing(stack: Stack, people: People):
    """The link is kept and edits stay on their side, until the contact is in the list again and
    both edits sync.
    """
    contact, made = listed_pair(stack, people, "leaver@example.com")
    leave_list(people, contact)
    people.edit_contact(contact, phone="+49 731 5")
    people.edit_record("Lead", made, Title="Pilot")
    stack.advance(SWEEP)
    assert record(people, "Lead", made, "Phone", "Title") == {"Phone": None, "Title": "Pilot"}
    assert people.contact(contact, "phone", "jobtitle") == {"phone": "+49 731 5", "jobtitle": None}
    join_list(people, contact)
    stack.advance(SWEEP)
    assert record(people, "Lead", made, "Phone", "Title") == {
        "Phone": "+49 731 5",
        "Title": "Pilot",
    }
    assert people.contact(contact, "phone", "jobtitle") == {
        "phone": "+49 731 5",
        "jobtitle": "Pilot",
    }


@pytest.mark.long
@pytest.mark.rule("OPT-7")
@pytest.mark.parametrize("side", ["hubspot", "salesforce"])
def test_an_unlisted_contacts_opt_out_syncs_when_it_enters_the_list(
    stack: Stack, people: People, side: str
):
    """Outside the list an opt-out stays on its side, and the first sync carries it over."""
    address = f"optout.{side}@example.com"
    contact, made = frozen_pair(stack, people, address)
    if side == "hubspot":
        act_as_contact(stack, "unsubscribe", address)
    else:
        people.edit_record("Lead", made, HasOptedOutOfEmail=True)
    stack.advance(SWEEP)
    here = record(people, "Lead", made, "HasOptedOutOfEmail")["HasOptedOutOfEmail"]
    there = people.contact(contact, "hs_email_optout")["hs_email_optout"]
    assert (there, here) == (("true", False) if side == "hubspot" else (None, True))
    join_list(people, contact)
    stack.advance(SWEEP)
    assert record(people, "Lead", made, "HasOptedOutOfEmail") == {"HasOptedOutOfEmail": True}
    assert people.contact(contact, "hs_email_optout") == {"hs_email_optout": "true"}


@pytest.mark.rule("CH-9")
@pytest.mark.rule("DEL-2")
def test_a_deleted_lead_deletes_its_contact_outside_the_list_too(stack: Stack, people: People):
    """The list freezes edits, not deletions; HubSpot's connector would leave the contact with a
    dead id.
    """
    _, made = frozen_pair(stack, people, "orphan@example.com")
    people.salesforce.Lead.delete(made)
    result = stack.settle()
    assert (people.contact_with("orphan@example.com"), result["open_errors"]) == (None, 0)
