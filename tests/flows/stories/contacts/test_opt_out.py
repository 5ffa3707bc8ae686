"""Stories of the e-mail opt-out: it syncs both ways and lasts until the contact itself
resubscribes.
"""

from __future__ import annotations

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.stories.story_contacts import (
    SWEEP,
    act_as_contact,
    contact_id,
    convert,
    lead_id,
    linked_pair,
    record,
)


def opted_out(people: People, contact: str, made: str, object_: str = "Lead") -> tuple[bool, bool]:
    """Whether the person is opted out in HubSpot, and whether in Salesforce."""
    box = record(people, object_, made, "HasOptedOutOfEmail")["HasOptedOutOfEmail"]
    return people.contact(contact, "hs_email_optout")["hs_email_optout"] == "true", bool(box)


OUT, IN = (True, True), (False, False)


@pytest.mark.rule("OPT-1")
@pytest.mark.rule("OPT-3")
def test_an_unsubscribe_in_hubspot_opts_out_in_salesforce(stack: Stack, people: People):
    """By default "Unsubscribed from all email" sets Email Opt Out."""
    contact, made = linked_pair(stack, people, "opt.one@example.com")
    assert opted_out(people, contact, made) == IN
    act_as_contact(stack, "unsubscribe", "opt.one@example.com")
    stack.settle()
    assert opted_out(people, contact, made) == OUT


@pytest.mark.rule("OPT-1")
@pytest.mark.rule("OPT-4")
@pytest.mark.parametrize("object_", ["Lead", "Contact"])
def test_an_opt_out_in_salesforce_unsubscribes_in_hubspot(
    stack: Stack, people: People, object_: str
):
    """Email Opt Out on a lead or a contact unsubscribes the HubSpot contact from all e-mail."""
    address = f"opt.ticked.{object_.lower()}@example.com"
    more = {"Company": "Example AB"} if object_ == "Lead" else {}
    made = people.new_record(object_, LastName="Holm", Email=address, **more)
    stack.settle()
    contact = contact_id(people, address)
    people.edit_record(object_, made, HasOptedOutOfEmail=True)
    result = stack.settle()
    assert (opted_out(people, contact, made, object_), result["open_errors"]) == (OUT, 0)


@pytest.mark.rule("OPT-3")
def test_a_contact_whose_address_is_unsubscribed_becomes_an_opted_out_lead(
    stack: Stack, people: People
):
    """The status belongs to the address, so it applies as soon as the contact is created."""
    act_as_contact(stack, "unsubscribe", "opt.early@example.com")
    contact, made = linked_pair(stack, people, "opt.early@example.com")
    assert opted_out(people, contact, made) == OUT


@pytest.mark.rule("OPT-4")
def test_an_opted_out_lead_creates_an_unsubscribed_contact(stack: Stack, people: People):
    """The new contact is unsubscribed as soon as it exists."""
    made = people.new_record(
        "Lead",
        LastName="Holm",
        Company="Example AB",
        Email="opt.born@example.com",
        HasOptedOutOfEmail=True,
    )
    stack.settle()
    assert opted_out(people, contact_id(people, "opt.born@example.com"), made) == OUT


@pytest.mark.long
@pytest.mark.rule("OPT-5")
@pytest.mark.rule("Q-10")
@pytest.mark.parametrize("who", ["contact", "salesforce"])
def test_clearing_the_opt_out_in_salesforce_resubscribes_nobody(
    stack: Stack, people: People, who: str
):
    """HubSpot stays unsubscribed and Email Opt Out is set again, whether the contact or Salesforce
    had opted out.
    """
    address = f"opt.sticky.{who}@example.com"
    contact, made = linked_pair(stack, people, address)
    if who == "contact":
        act_as_contact(stack, "unsubscribe", address)
    else:
        people.edit_record("Lead", made, HasOptedOutOfEmail=True)
    stack.settle()
    people.edit_record("Lead", made, HasOptedOutOfEmail=False)
    stack.settle()
    assert opted_out(people, contact, made) == OUT
    stack.advance(SWEEP)
    assert opted_out(people, contact, made) == OUT


@pytest.mark.long
@pytest.mark.rule("OPT-6")
@pytest.mark.rule("Q-11")
@pytest.mark.parametrize("who", ["contact", "salesforce"])
def test_a_contact_can_resubscribe_itself(stack: Stack, people: People, who: str):
    """The contact's own act clears Email Opt Out, and the lead's older value opts it out again not
    even with a later edit.
    """
    address = f"opt.back.{who}@example.com"
    contact, made = linked_pair(stack, people, address)
    if who == "contact":
        act_as_contact(stack, "unsubscribe", address)
    else:
        people.edit_record("Lead", made, HasOptedOutOfEmail=True)
    stack.settle()
    act_as_contact(stack, "resubscribe", address)
    people.edit_record("Lead", made, Title="Pilot")
    stack.settle()
    assert opted_out(people, contact, made) == IN
    stack.advance(SWEEP)
    assert opted_out(people, contact, made) == IN
    assert people.contact(contact, "jobtitle") == {"jobtitle": "Pilot"}


@pytest.mark.rule("OPT-5")
def test_a_resubscribed_contact_can_be_opted_out_again(stack: Stack, people: People):
    """Email Opt Out that is set after the resubscription is a new opt-out."""
    contact, made = linked_pair(stack, people, "opt.again@example.com")
    for do in ("unsubscribe", "resubscribe"):
        act_as_contact(stack, do, "opt.again@example.com")
        stack.settle()
    people.edit_record("Lead", made, HasOptedOutOfEmail=True)
    stack.settle()
    assert opted_out(people, contact, made) == OUT


@pytest.mark.rule("OPT-7")
@pytest.mark.rule("Q-12")
@pytest.mark.parametrize("who", ["hubspot", "salesforce"])
def test_at_the_first_sync_an_opt_out_wins(stack: Stack, people: People, who: str):
    """When two existing records are linked, an opt-out on either side applies to both."""
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
        act_as_contact(stack, "unsubscribe", address)
    stack.settle()
    assert opted_out(people, contact, lead_id(people, address)) == OUT


@pytest.mark.long
@pytest.mark.rule("OPT-4")
@pytest.mark.rule("CH-13")
def test_an_opt_out_of_a_duplicate_lead_applies_as_well(stack: Stack, people: People):
    """The duplicate is reported, but its opt-out applies to the contact and the linked lead until
    the contact resubscribes itself.
    """
    contact, made = linked_pair(stack, people, "opt.double@example.com")
    double = people.new_record(
        "Lead", LastName="Lang", Company="Example AB", Email="opt.double@example.com"
    )
    assert stack.settle()["open_errors"] == 1
    people.edit_record("Lead", double, HasOptedOutOfEmail=True)
    stack.settle()
    assert opted_out(people, contact, made) == OUT
    stack.advance(SWEEP)
    act_as_contact(stack, "resubscribe", "opt.double@example.com")
    stack.advance(SWEEP)
    assert opted_out(people, contact, made) == IN
    people.salesforce.Lead.delete(double)
    assert stack.settle()["open_errors"] == 0


@pytest.mark.rule("OPT-4")
def test_an_opt_out_outlasts_the_conversion_of_its_lead(stack: Stack, people: People):
    """The converted lead's contact keeps Email Opt Out, and clearing it there is undone as well."""
    contact, made = linked_pair(stack, people, "opt.converted@example.com")
    people.edit_record("Lead", made, HasOptedOutOfEmail=True)
    stack.settle()
    person = convert(stack, made)
    stack.settle()
    people.edit_record("Contact", person, HasOptedOutOfEmail=False)
    stack.settle()
    assert opted_out(people, contact, person, "Contact") == OUT
