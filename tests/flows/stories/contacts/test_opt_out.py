"""Stories of the e-mail opt-out: carried both ways, sticky, and taken back by nobody but the
contact.
"""

from __future__ import annotations

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.stories.story_contacts import (
    SWEEP,
    convert,
    found,
    lead_id,
    linked_pair,
    own_act,
    record,
)


def said(people: People, contact: str, made: str, object_: str = "Lead") -> tuple[bool, bool]:
    """Whether HubSpot and whether Salesforce say that the person is opted out."""
    box = record(people, object_, made, "HasOptedOutOfEmail")["HasOptedOutOfEmail"]
    return people.contact(contact, "hs_email_optout")["hs_email_optout"] == "true", bool(box)


OUT, IN = (True, True), (False, False)


@pytest.mark.rule("OPT-1")
@pytest.mark.rule("OPT-3")
def test_who_unsubscribes_in_hubspot_is_opted_out_in_salesforce(stack: Stack, people: People):
    """Without a line in the settings, "Unsubscribed from all email" ticks "Email Opt Out"."""
    contact, made = linked_pair(stack, people, "opt.one@example.com")
    assert said(people, contact, made) == IN
    own_act(stack, "unsubscribe", "opt.one@example.com")
    stack.settle()
    assert said(people, contact, made) == OUT


@pytest.mark.rule("OPT-1")
@pytest.mark.rule("OPT-4")
@pytest.mark.parametrize("object_", ["Lead", "Contact"])
def test_a_ticked_box_unsubscribes_in_hubspot(stack: Stack, people: People, object_: str):
    """Email Opt Out on a lead or a contact unsubscribes the HubSpot contact from everything."""
    address = f"opt.ticked.{object_.lower()}@example.com"
    more = {"Company": "Example AB"} if object_ == "Lead" else {}
    made = people.new_record(object_, LastName="Holm", Email=address, **more)
    stack.settle()
    contact = found(people, address)
    people.edit_record(object_, made, HasOptedOutOfEmail=True)
    told = stack.settle()
    assert (said(people, contact, made, object_), told["open_errors"]) == (OUT, 0)


@pytest.mark.rule("OPT-3")
def test_one_who_is_out_already_becomes_a_lead_that_is_out(stack: Stack, people: People):
    """The status belongs to the address, so it is there when the contact is created."""
    own_act(stack, "unsubscribe", "opt.early@example.com")
    contact, made = linked_pair(stack, people, "opt.early@example.com")
    assert said(people, contact, made) == OUT


@pytest.mark.rule("OPT-4")
def test_a_lead_that_is_born_out_makes_a_contact_that_is_out(stack: Stack, people: People):
    """The new contact is unsubscribed in the moment it exists."""
    made = people.new_record(
        "Lead",
        LastName="Holm",
        Company="Example AB",
        Email="opt.born@example.com",
        HasOptedOutOfEmail=True,
    )
    stack.settle()
    assert said(people, found(people, "opt.born@example.com"), made) == OUT


@pytest.mark.rule("OPT-5")
@pytest.mark.rule("Q-10")
@pytest.mark.parametrize("who", ["contact", "salesforce"])
def test_an_unticked_box_resubscribes_nobody(stack: Stack, people: People, who: str):
    """Whoever opted the person out, un-ticking the box is undone: HubSpot stays unsubscribed and
    the box is ticked again.
    """
    address = f"opt.sticky.{who}@example.com"
    contact, made = linked_pair(stack, people, address)
    if who == "contact":
        own_act(stack, "unsubscribe", address)
    else:
        people.edit_record("Lead", made, HasOptedOutOfEmail=True)
    stack.settle()
    people.edit_record("Lead", made, HasOptedOutOfEmail=False)
    stack.settle()
    assert said(people, contact, made) == OUT
    stack.advance(SWEEP)
    assert said(people, contact, made) == OUT


@pytest.mark.rule("OPT-6")
@pytest.mark.rule("Q-11")
@pytest.mark.parametrize("who", ["contact", "salesforce"])
def test_the_contact_itself_comes_back(stack: Stack, people: People, who: str):
    """Its own act clears the box, and the lead's older value opts nobody out again, not even with
    an edit of another field.
    """
    address = f"opt.back.{who}@example.com"
    contact, made = linked_pair(stack, people, address)
    if who == "contact":
        own_act(stack, "unsubscribe", address)
    else:
        people.edit_record("Lead", made, HasOptedOutOfEmail=True)
    stack.settle()
    own_act(stack, "resubscribe", address)
    people.edit_record("Lead", made, Title="Pilot")
    stack.settle()
    assert said(people, contact, made) == IN
    stack.advance(SWEEP)
    assert said(people, contact, made) == IN
    assert people.contact(contact, "jobtitle") == {"jobtitle": "Pilot"}


@pytest.mark.rule("OPT-5")
def test_one_who_came_back_can_be_opted_out_anew(stack: Stack, people: People):
    """A box that is ticked after the resubscription is a new wish and counts."""
    contact, made = linked_pair(stack, people, "opt.again@example.com")
    for do in ("unsubscribe", "resubscribe"):
        own_act(stack, do, "opt.again@example.com")
        stack.settle()
    people.edit_record("Lead", made, HasOptedOutOfEmail=True)
    stack.settle()
    assert said(people, contact, made) == OUT


@pytest.mark.rule("OPT-7")
@pytest.mark.rule("Q-12")
@pytest.mark.parametrize("who", ["hubspot", "salesforce"])
def test_at_the_first_sync_opted_out_wins(stack: Stack, people: People, who: str):
    """Two records that were each made on their own side meet: one opt-out is enough, whichever side
    has it.
    """
    address = f"opt.first.{who}@example.com"
    contact = people.new_contact(lastname="Lang", email=address)
    people.new_record(
        "Lead",
        LastName="Lang",
        Company="Example AB",
        Email=address,
        HasOptedOutOfEmail=who == "salesforce",
    )
    if who == "hubspot":
        own_act(stack, "unsubscribe", address)
    stack.settle()
    assert said(people, contact, lead_id(people, address)) == OUT


@pytest.mark.rule("OPT-4")
@pytest.mark.rule("CH-13")
def test_a_ticked_box_of_a_second_lead_counts_as_well(stack: Stack, people: People):
    """The second lead is reported, but the person is out in HubSpot and on the lead that syncs,
    until it comes back itself.
    """
    contact, made = linked_pair(stack, people, "opt.double@example.com")
    double = people.new_record(
        "Lead", LastName="Lang", Company="Example AB", Email="opt.double@example.com"
    )
    assert stack.settle()["open_errors"] == 1
    people.edit_record("Lead", double, HasOptedOutOfEmail=True)
    stack.settle()
    assert said(people, contact, made) == OUT
    stack.advance(SWEEP)
    own_act(stack, "resubscribe", "opt.double@example.com")
    stack.advance(SWEEP)
    assert said(people, contact, made) == IN
    people.salesforce.Lead.delete(double)
    assert stack.settle()["open_errors"] == 0


@pytest.mark.rule("OPT-4")
def test_an_opt_out_outlives_the_conversion_of_its_lead(stack: Stack, people: People):
    """The contact takes the box over from its lead, and later un-ticking it there changes nothing
    either.
    """
    contact, made = linked_pair(stack, people, "opt.converted@example.com")
    people.edit_record("Lead", made, HasOptedOutOfEmail=True)
    stack.settle()
    heir = convert(stack, made)
    stack.settle()
    people.edit_record("Contact", heir, HasOptedOutOfEmail=False)
    stack.settle()
    assert said(people, contact, heir, "Contact") == OUT
