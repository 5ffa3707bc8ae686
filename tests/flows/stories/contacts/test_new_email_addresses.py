"""What must not get lost when a person gets a new address, or a record takes another one's
place.
"""

from __future__ import annotations

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.stories.contacts.test_opt_out import OUT, said
from tests.flows.stories.story_contacts import (
    SWEEP,
    convert,
    linked_pair,
    merge_records,
    own_act,
    record,
)


@pytest.mark.rule("OPT-5")
@pytest.mark.rule("OPT-6")
@pytest.mark.parametrize("side", ["hubspot", "salesforce"])
@pytest.mark.long
def test_a_new_address_resubscribes_nobody(stack: Stack, people: People, side: str):
    """HubSpot's status belongs to the address; one who opted out stays out under the new one, as no
    act of his was a subscription.
    """
    contact, made = linked_pair(stack, people, f"opt.moved.{side}@example.com")
    own_act(stack, "unsubscribe", f"opt.moved.{side}@example.com")
    stack.settle()
    if side == "hubspot":
        people.edit_contact(contact, email=f"opt.moved.to.{side}@example.com")
    else:
        people.edit_record("Lead", made, Email=f"opt.moved.to.{side}@example.com")
    stack.settle()
    stack.advance(SWEEP)
    assert said(people, contact, made) == OUT


@pytest.mark.rule("OPT-4")
def test_an_opt_out_together_with_a_new_address_is_for_the_new_one(stack: Stack, people: People):
    """Both in one edit: the address that HubSpot now has is unsubscribed."""
    contact, made = linked_pair(stack, people, "opt.both@example.com")
    people.edit_record("Lead", made, Email="opt.both.now@example.com", HasOptedOutOfEmail=True)
    stack.settle()
    stack.advance(SWEEP)
    assert said(people, contact, made) == OUT


@pytest.mark.rule("DUP-26")
@pytest.mark.rule("MRG-1")
@pytest.mark.parametrize("how", ["converted", "merged"])
def test_a_blank_of_the_record_that_takes_over_deletes_nothing(
    stack: Stack, people: People, how: str
):
    """It never showed a value, so its blank is no deletion: HubSpot keeps what it has, and the heir
    is filled with it.
    """
    contact, made = linked_pair(stack, people, f"heir.{how}@example.com", jobtitle="Baker")
    if how == "converted":
        account = people.new_record("Account", Name="Example GmbH")
        heir = people.new_record("Contact", LastName="Lang", AccountId=account)
        convert(stack, made, contact_id=heir)
    else:
        heir = people.new_record("Lead", LastName="Lang", Company="Example GmbH")
        merge_records(stack, "Lead", heir, made)
    stack.settle()
    assert people.contact(contact, "email", "jobtitle") == {
        "email": f"heir.{how}@example.com",
        "jobtitle": "Baker",
    }
    object_ = "Contact" if how == "converted" else "Lead"
    assert record(people, object_, heir, "Email", "Title") == {
        "Email": f"heir.{how}@example.com",
        "Title": "Baker",
    }
