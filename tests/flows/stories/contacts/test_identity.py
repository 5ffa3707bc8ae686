"""Stories of who is who: conversion, merges, moved addresses and doubles leave every person with
one link.
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
    merge_contacts,
    merge_records,
    record,
    rows,
)


def in_step(stack: Stack, people: People, contact: str, object_: str, record_id: str) -> None:
    """Show that the two are a pair: an edit on either side arrives on the other."""
    people.edit_contact(contact, phone=f"+49 {contact}")
    people.edit_record(object_, record_id, Title=f"No. {contact}")
    stack.settle()
    assert record(people, object_, record_id, "Phone", "Title") == {
        "Phone": f"+49 {contact}",
        "Title": f"No. {contact}",
    }
    assert people.contact(contact, "phone", "jobtitle", "crmsync_salesforce_id") == {
        "phone": f"+49 {contact}",
        "jobtitle": f"No. {contact}",
        "crmsync_salesforce_id": record_id,
    }


@pytest.mark.rule("DUP-26")
@pytest.mark.parametrize("known", [False, True], ids=["new contact", "known contact"])
def test_the_link_goes_on_with_the_converted_leads_contact(
    stack: Stack,
    people: People,
    known: bool,  # noqa: FBT001
):
    """Whether the conversion makes the contact or finds one, HubSpot's contact stays the same and
    syncs with it.
    """
    address = f"convert.{known}@example.com".lower()
    contact, made = linked_pair(stack, people, address, firstname="Ada")
    more = {}
    if known:
        account = people.new_record("Account", Name="Example GmbH")
        more = {
            "contact_id": people.new_record(
                "Contact", LastName="Lang", Email=address, AccountId=account
            )
        }
        assert stack.settle()["open_errors"] == 1
    heir = convert(stack, made, **more)
    told = stack.settle()
    assert told["open_errors"] == 0
    assert found(people, address) == contact
    in_step(stack, people, contact, "Contact", heir)
    assert rows(people, "Lead", address) == []


@pytest.mark.rule("FLD-6")
@pytest.mark.rule("FLD-7")
def test_the_company_name_crosses_to_leads_only(stack: Stack, people: People):
    """A lead has a text for it, a contact an account: after the conversion HubSpot's Company name
    goes nowhere.
    """
    contact, made = linked_pair(stack, people, "company@example.com")
    people.edit_contact(contact, company="Example AG")
    stack.settle()
    assert record(people, "Lead", made, "Company") == {"Company": "Example AG"}
    heir = convert(stack, made)
    stack.settle()
    account = record(people, "Contact", heir, "AccountId")
    people.edit_contact(contact, company="Example SE", jobtitle="Pilot")
    stack.settle()
    assert record(people, "Contact", heir, "AccountId", "Title") == account | {"Title": "Pilot"}
    assert record(people, "Account", account["AccountId"], "Name") == {"Name": "Example AG"}
    assert people.contact(contact, "company") == {"company": "Example SE"}


@pytest.mark.rule("MRG-1")
def test_a_link_moves_to_the_survivor_of_a_salesforce_merge(stack: Stack, people: People):
    """The lead that HubSpot syncs with was merged into another one: HubSpot goes on with that."""
    contact, made = linked_pair(stack, people, "sfmerge@example.com")
    survivor = people.new_record(
        "Lead", LastName="Lang", Company="Example GmbH", Email="sfmerge@example.com"
    )
    merge_records(stack, "Lead", survivor, made)
    told = stack.settle()
    assert told["open_errors"] == 0
    in_step(stack, people, contact, "Lead", survivor)


@pytest.mark.rule("MRG-2")
def test_a_salesforce_merge_of_two_linked_leads_merges_nothing_in_hubspot(
    stack: Stack, people: People
):
    """The winner's pair goes on; the loser's contact is left alone, and an edit of it makes no new
    lead.
    """
    winner, lead_one = linked_pair(stack, people, "winner@example.com")
    loser, lead_two = linked_pair(stack, people, "loser@example.com")
    merge_records(stack, "Lead", lead_one, lead_two)
    stack.settle()
    people.edit_contact(loser, phone="+49 731 0")
    stack.settle()
    assert (found(people, "winner@example.com"), found(people, "loser@example.com")) == (
        winner,
        loser,
    )
    assert rows(people, "Lead", "loser@example.com") == []
    in_step(stack, people, winner, "Lead", lead_one)


@pytest.mark.rule("MRG-3")
def test_a_hubspot_merge_goes_on_under_the_new_id(stack: Stack, people: People):
    """The survivor has an id of its own; it syncs with the primary contact's lead, and nothing else
    changes in Salesforce.
    """
    primary, lead_one = linked_pair(stack, people, "primary@example.com")
    other, lead_two = linked_pair(stack, people, "secondary@example.com", jobtitle="Baker")
    survivor = merge_contacts(people, primary, other)
    assert survivor not in {primary, other}
    stack.settle()
    in_step(stack, people, survivor, "Lead", lead_one)
    assert record(people, "Lead", lead_two, "Email", "Title") == {
        "Email": "secondary@example.com",
        "Title": "Baker",
    }
    people.edit_record("Lead", lead_two, Title="Butcher")
    stack.settle()
    assert people.contact(survivor, "email") == {"email": "primary@example.com"}


@pytest.mark.rule("MRG-3")
@pytest.mark.parametrize("late", [False, True], ids=["as they come", "reordered"])
def test_a_hubspot_merge_finds_edits_waiting_on_all_sides(stack: Stack, people: People, late: bool):  # noqa: FBT001
    """Both contacts and both leads were edited just before: the primary pair goes on with its
    edits, the other lead keeps its own.
    """
    name = f"waiting.{late}".lower()
    primary, lead_one = linked_pair(stack, people, f"{name}.one@example.com")
    other, lead_two = linked_pair(stack, people, f"{name}.two@example.com")
    stack.faults([{"at": "webhook", "kind": "reorder", "times": 20}] if late else [])
    people.edit_record("Lead", lead_two, Title="Baker", Email=f"{name}.three@example.com")
    people.edit_contact(other, phone="+49 731 2")
    people.edit_contact(primary, phone="+49 731 1")
    people.edit_record("Lead", lead_one, FirstName="Ada")
    survivor = merge_contacts(people, primary, other)
    assert stack.advance(SWEEP)["open_errors"] == 0
    assert record(people, "Lead", lead_one, "Email", "Phone", "FirstName") == {
        "Email": f"{name}.one@example.com",
        "Phone": "+49 731 1",
        "FirstName": "Ada",
    }
    assert record(people, "Lead", lead_two, "Email", "Phone", "Title") == {
        "Email": f"{name}.three@example.com",
        "Phone": None,
        "Title": "Baker",
    }
    assert people.contact(survivor, "email", "firstname") == {
        "email": f"{name}.one@example.com",
        "firstname": "Ada",
    }
    in_step(stack, people, survivor, "Lead", lead_one)


@pytest.mark.rule("MRG-3")
def test_a_contact_that_was_never_linked_is_merged_into_a_linked_one(stack: Stack, people: People):
    """The link moves to the new id whichever of the two was the primary one."""
    contact, made = linked_pair(stack, people, "half@example.com")
    unlinked = people.new_contact(lastname="Half")
    stack.settle()
    survivor = merge_contacts(people, unlinked, contact)
    stack.settle()
    in_step(stack, people, survivor, "Lead", made)


@pytest.mark.rule("DUP-24")
@pytest.mark.parametrize("side", ["hubspot", "salesforce"])
def test_a_changed_address_keeps_its_link(stack: Stack, people: People, side: str):
    """Once linked, the address is a field like any other: nobody is looked for and nobody is
    made.
    """
    contact, made = linked_pair(stack, people, f"before.{side}@example.com")
    now = f"after.{side}@example.com"
    if side == "hubspot":
        people.edit_contact(contact, email=now)
    else:
        people.edit_record("Lead", made, Email=now)
    stack.settle()
    assert (found(people, now), lead_id(people, now)) == (contact, made)
    assert people.contact_with(f"before.{side}@example.com") is None
    in_step(stack, people, contact, "Lead", made)


@pytest.mark.rule("DUP-24")
@pytest.mark.parametrize("side", ["hubspot", "salesforce"])
def test_two_people_swap_their_addresses(stack: Stack, people: People, side: str):
    """Both links stay, both contacts get the other's address, though HubSpot never lets two have
    the same one.
    """
    ada, bea = f"ada.{side}@example.com", f"bea.{side}@example.com"
    one, lead_one = linked_pair(stack, people, ada)
    two, lead_two = linked_pair(stack, people, bea)
    if side == "hubspot":
        people.edit_contact(one, email=f"between.{side}@example.com")
        people.edit_contact(two, email=ada)
        people.edit_contact(one, email=bea)
    else:
        people.edit_record("Lead", lead_one, Email=bea)
        people.edit_record("Lead", lead_two, Email=ada)
    told = stack.settle()
    assert told["open_errors"] == 0
    assert [people.contact(contact, "email") for contact in (one, two)] == [
        {"email": bea},
        {"email": ada},
    ]
    assert [record(people, "Lead", made, "Email") for made in (lead_one, lead_two)] == [
        {"Email": bea},
        {"Email": ada},
    ]
    in_step(stack, people, one, "Lead", lead_one)
    in_step(stack, people, two, "Lead", lead_two)


@pytest.mark.rule("CH-13")
@pytest.mark.rule("DUP-25")
def test_a_second_lead_with_the_address_is_reported_and_takes_nothing(stack: Stack, people: People):
    """The link is pinned: the double waits as an error until it has an address of its own, and then
    becomes a contact.
    """
    contact, made = linked_pair(stack, people, "double@example.com", jobtitle="Baker")
    double = people.new_record(
        "Lead", LastName="Double", Company="Example AB", Email="double@example.com", Title="Butcher"
    )
    assert stack.settle()["open_errors"] == 1
    assert people.contact(contact, "lastname", "jobtitle") == {
        "lastname": "Lang",
        "jobtitle": "Baker",
    }
    in_step(stack, people, contact, "Lead", made)
    people.edit_record("Lead", double, Email="single@example.com")
    assert stack.settle()["open_errors"] == 0
    assert people.contact(found(people, "single@example.com"), "lastname", "jobtitle") == {
        "lastname": "Double",
        "jobtitle": "Butcher",
    }


@pytest.mark.rule("CH-13")
@pytest.mark.rule("DUP-21")
@pytest.mark.rule("DUP-23")
def test_of_several_records_with_an_address_the_choice_is_always_the_same(
    stack: Stack, people: People
):
    """A contact before a lead, then the oldest: however often this is played, HubSpot's contact
    finds the same record.
    """
    leads = [
        people.new_record("Lead", LastName="Many", Company="Example AB", Email="many@example.com")
        for _ in range(2)
    ]
    chosen = people.new_record("Contact", LastName="Many", Email="many@example.com")
    contact = people.new_contact(lastname="Many", email="many@example.com")
    stack.settle()
    in_step(stack, people, contact, "Contact", chosen)
    for lead in leads:
        people.salesforce.Lead.delete(lead)
    assert stack.settle()["open_errors"] == 0


@pytest.mark.rule("DUP-1")
def test_an_address_is_one_whatever_its_case(stack: Stack, people: People):
    """A lead whose address is written otherwise finds its contact, and HubSpot has one contact per
    address.
    """
    contact = people.new_contact(lastname="Case", email="case@example.com")
    made = people.new_record(
        "Lead", LastName="Case", Company="Example AB", Email="CASE@Example.com"
    )
    stack.settle()
    assert rows(people, "Lead", "case@example.com") == [{"Id": made}]
    in_step(stack, people, contact, "Lead", made)


@pytest.mark.rule("DUP-20")
def test_one_name_with_two_addresses_is_two_people(stack: Stack, people: People):
    """Names are never matched."""
    made = people.new_record(
        "Lead", LastName="Twin", Company="Example AB", Email="twin.one@example.com"
    )
    contact = people.new_contact(lastname="Twin", email="twin.two@example.com")
    stack.settle()
    assert found(people, "twin.one@example.com") != contact
    assert lead_id(people, "twin.two@example.com") != made


@pytest.mark.rule("INC-1")
@pytest.mark.rule("INC-5")
def test_without_a_list_everybody_syncs(stack: Stack, people: People):
    """No inclusion list is there unless somebody names one, and then subscribers sync as well."""
    contact, made = linked_pair(
        stack, people, "subscriber@example.com", lifecyclestage="subscriber"
    )
    people.edit_contact(contact, phone="+49 731 7")
    stack.settle()
    assert record(people, "Lead", made, "Phone") == {"Phone": "+49 731 7"}


@pytest.mark.rule("FLD-1")
@pytest.mark.rule("TRG-15")
def test_without_a_mapping_the_lifecycle_stage_stays(stack: Stack, people: People):
    """Its change writes nothing to Salesforce."""
    contact, made = linked_pair(stack, people, "unmapped@example.com", lifecyclestage="subscriber")
    before = record(people, "Lead", made, "SystemModstamp")
    people.edit_contact(contact, lifecyclestage="lead")
    stack.advance(SWEEP)
    assert record(people, "Lead", made, "SystemModstamp") == before


@pytest.mark.rule("SET-1")
@pytest.mark.rule("SET-2")
def test_by_default_both_sides_make_what_is_new(stack: Stack, people: People):
    """A new contact becomes a lead; a new lead and a new contact in Salesforce each become a
    contact.
    """
    people.new_contact(lastname="Lang", email="default.hs@example.com")
    people.new_record(
        "Lead", LastName="Holm", Company="Example AB", Email="default.lead@example.com"
    )
    people.new_record("Contact", LastName="Holm", Email="default.contact@example.com")
    stack.settle()
    assert lead_id(people, "default.hs@example.com")
    for address in ("default.lead@example.com", "default.contact@example.com"):
        assert people.contact(found(people, address), "lastname") == {"lastname": "Holm"}
