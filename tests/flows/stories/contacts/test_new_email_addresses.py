"""Stories of what is kept when a contact gets a new address or another record takes its
counterpart's place.
"""

from __future__ import annotations

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.stories.contacts.test_opt_out import OUT, opted_out
from tests.flows.stories.story_contacts import (
    SWEEP,
    act_as_contact,
    convert,
    linked_pair,
    merge_records,
    record,
)


@pytest.mark.rule("OPT-5")
@pytest.mark.rule("OPT-6")
@pytest.mark.parametrize("side", ["hubspot", "salesforce"])
@pytest.mark.long
def test_a_new_address_keeps_the_opt_out(stack: Stack, people: People, side: str):
    """HubSpot's subscription status belongs to the address, so the new address is unsubscribed as
    well.
    """
    contact, made = linked_pair(stack, people, f"opt.moved.{side}@example.com")
    act_as_contact(stack, "unsubscribe", f"opt.moved.{side}@example.com")
    stack.settle()
    if side == "hubspot":
        people.edit_contact(contact, email=f"opt.moved.to.{side}@example.com")
    else:
        people.edit_record("Lead", made, Email=f"opt.moved.to.{side}@example.com")
    stack.settle()
    stack.advance(SWEEP)
    assert opted_out(people, contact, made) == OUT


@pytest.mark.long
@pytest.mark.rule("OPT-4")
def test_an_opt_out_with_a_new_address_applies_to_the_new_address(stack: Stack, people: People):
    """If one edit sets both, the address that HubSpot now has is unsubscribed."""
    contact, made = linked_pair(stack, people, "opt.both@example.com")
    people.edit_record("Lead", made, Email="opt.both.now@example.com", HasOptedOutOfEmail=True)
    stack.settle()
    stack.advance(SWEEP)
    assert opted_out(people, contact, made) == OUT


@pytest.mark.rule("DUP-26")
@pytest.mark.rule("MRG-1")
@pytest.mark.parametrize("how", ["converted", "merged"])
def test_blanks_of_the_successor_record_delete_nothing(stack: Stack, people: People, how: str):
    """A blank of the record that replaces the lead is no deletion: HubSpot keeps its values and
    fills the successor with them.
    """
    contact, made = linked_pair(stack, people, f"successor.{how}@example.com", jobtitle="Baker")
    if how == "converted":
        account = people.new_record("Account", Name="Example GmbH")
        successor = people.new_record("Contact", LastName="Lang", AccountId=account)
        convert(stack, made, contact_id=successor)
    else:
        successor = people.new_record("Lead", LastName="Lang", Company="Example GmbH")
        merge_records(stack, "Lead", successor, made)
    stack.settle()
    assert people.contact(contact, "email", "jobtitle") == {
        "email": f"successor.{how}@example.com",
        "jobtitle": "Baker",
    }
    object_ = "Contact" if how == "converted" else "Lead"
    assert record(people, object_, successor, "Email", "Title") == {
        "Email": f"successor.{how}@example.com",
        "Title": "Baker",
    }
