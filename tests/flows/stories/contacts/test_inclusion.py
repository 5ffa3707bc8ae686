"""Stories of the inclusion list by a list's id: who syncs, who is frozen, and how the ice melts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import WORLD
from tests.flows.stories.story_contacts import (
    LIST,
    SWEEP,
    found,
    join_list,
    lead,
    leave_list,
    own_act,
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
    """One stack whose settings name list 77, and deletions that follow those in Salesforce."""
    with Stack(
        with_contacts(f'inclusion_list = "{LIST}"', "delete_in_hubspot = true"), LISTED
    ) as stack:
        yield stack


def member(stack: Stack, people: People, address: str) -> tuple[str, str]:
    """A member of the list and its lead: their ids."""
    contact = people.new_contact(lastname="Lang", company="Example GmbH", email=address)
    join_list(people, contact)
    stack.settle()
    return contact, str(lead(people, address, "Id")["Id"])


def frozen(stack: Stack, people: People, address: str) -> tuple[str, str]:
    """A lead made in Salesforce and its contact outside the list: their ids, the contact's
    first.
    """
    made = people.new_record(
        "Lead", LastName="Holm", Company="Example AB", Email=address, Phone="+46 1"
    )
    stack.settle()
    return found(people, address), made


@pytest.mark.rule("INC-2")
@pytest.mark.rule("SET-9")
def test_a_contact_outside_the_list_stays_alone(stack: Stack, people: People):
    """With an inclusion list only those who are in it sync: neither its birth nor an edit nor a
    sweep carries an outsider.
    """
    contact = people.new_contact(lastname="Lang", email="outsider@example.com")
    stack.settle()
    people.edit_contact(contact, phone="+49 731 1")
    told = stack.advance(SWEEP)
    assert (told["open_errors"], rows(people, "Lead", "outsider@example.com")) == (0, [])


@pytest.mark.rule("INC-2")
def test_a_member_becomes_a_lead_and_stays_in_step(stack: Stack, people: People):
    """Whoever is in the list syncs as if there were none, in both directions."""
    contact, made = member(stack, people, "member@example.com")
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


@pytest.mark.rule("TRG-10")
def test_entering_the_list_is_noticed_without_an_edit(stack: Stack, people: People):
    """An old contact that enters the inclusion list syncs, though no webhook tells of it."""
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
def test_a_lead_makes_a_contact_that_is_frozen_from_then_on(stack: Stack, people: People):
    """Made in Salesforce it crosses whatever the list; afterwards nothing does, in neither
    direction, the opt-out included.
    """
    contact, made = frozen(stack, people, "frozen@example.com")
    assert people.contact(contact, "lastname", "phone") == {"lastname": "Holm", "phone": "+46 1"}
    before = writes(stack)
    people.edit_record("Lead", made, Phone="+46 2", HasOptedOutOfEmail=True)
    people.edit_contact(contact, jobtitle="Painter")
    told = stack.advance(SWEEP)
    assert (told["open_errors"], writes(stack)) == (0, before)
    assert record(people, "Lead", made, "Phone", "Title") == {"Phone": "+46 2", "Title": None}
    assert people.contact(contact, "phone", "hs_email_optout") == {
        "phone": "+46 1",
        "hs_email_optout": None,
    }


@pytest.mark.rule("INC-6")
@pytest.mark.rule("INC-7")
def test_a_lead_is_linked_to_the_outsider_with_its_address(stack: Stack, people: People):
    """It deduplicates onto the contact that is there, which makes no second one, and both stay as
    they are.
    """
    contact = people.new_contact(lastname="Known", email="known@example.com", phone="+49 1")
    stack.settle()
    made = people.new_record(
        "Lead", LastName="Other", Company="Example AB", Email="Known@example.com", Phone="+46 9"
    )
    told = stack.settle()
    assert told["open_errors"] == 0
    assert people.contact(contact, "lastname", "phone") == {"lastname": "Known", "phone": "+49 1"}
    assert record(people, "Lead", made, "LastName", "Phone") == {
        "LastName": "Other",
        "Phone": "+46 9",
    }


@pytest.mark.rule("INC-22")
@pytest.mark.rule("TRG-10")
def test_entering_the_list_thaws_a_frozen_pair(stack: Stack, people: People):
    """What was edited on either side while the pair was frozen crosses within the sweep's quarter
    of an hour.
    """
    contact, made = frozen(stack, people, "thawed@example.com")
    people.edit_record("Lead", made, Phone="+46 3")
    people.edit_contact(contact, jobtitle="Painter")
    stack.settle()
    join_list(people, contact)
    stack.advance(SWEEP)
    assert record(people, "Lead", made, "Phone", "Title") == {"Phone": "+46 3", "Title": "Painter"}
    assert people.contact(contact, "phone", "jobtitle") == {"phone": "+46 3", "jobtitle": "Painter"}


@pytest.mark.rule("Q-23")
def test_leaving_the_list_stops_and_deletes_nothing(stack: Stack, people: People):
    """The link is kept: edits stay where they are made until the contact is in the list again, and
    then both cross.
    """
    contact, made = member(stack, people, "leaver@example.com")
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


@pytest.mark.rule("OPT-7")
@pytest.mark.parametrize("side", ["hubspot", "salesforce"])
def test_the_opt_out_of_an_outsider_crosses_when_it_first_syncs(
    stack: Stack, people: People, side: str
):
    """As long as a contact does not sync its opt-out stays where it was set, on either side; the
    first sync carries it.
    """
    address = f"optout.{side}@example.com"
    contact, made = frozen(stack, people, address)
    if side == "hubspot":
        own_act(stack, "unsubscribe", address)
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
def test_a_deletion_outside_the_list_deletes_the_contact_too(stack: Stack, people: People):
    """The real connector leaves such a contact behind with a dead id; here the list freezes edits,
    not deletions that are set so.
    """
    _, made = frozen(stack, people, "orphan@example.com")
    people.salesforce.Lead.delete(made)
    told = stack.settle()
    assert (people.contact_with("orphan@example.com"), told["open_errors"]) == (None, 0)
