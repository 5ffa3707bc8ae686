"""Stories of identity: after conversions, merges, changed addresses and duplicates every person
still has one link.
"""

from __future__ import annotations

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.stories.story_contacts import (
    SWEEP,
    assert_linked,
    contact_id,
    convert,
    lead_id,
    linked_pair,
    merge_contacts,
    merge_records,
    record,
    rows,
)


@pytest.mark.rule("FLD-6")
@pytest.mark.rule("FLD-7")
def test_the_company_name_syncs_to_leads_only(stack: Stack, people: People):
    """HubSpot's company name is written to a lead, but to no contact once the lead is converted."""
    contact, made = linked_pair(stack, people, "company@example.com")
    people.edit_contact(contact, company="Example AG")
    stack.settle()
    assert record(people, "Lead", made, "Company") == {"Company": "Example AG"}
    person = convert(stack, made)
    stack.settle()
    account = record(people, "Contact", person, "AccountId")
    people.edit_contact(contact, company="Example SE", jobtitle="Pilot")
    stack.settle()
    assert record(people, "Contact", person, "AccountId", "Title") == account | {"Title": "Pilot"}
    assert record(people, "Account", account["AccountId"], "Name") == {"Name": "Example AG"}
    assert people.contact(contact, "company") == {"company": "Example SE"}


@pytest.mark.rule("MRG-2")
def test_a_salesforce_merge_of_two_linked_leads_merges_nothing_in_hubspot(
    stack: Stack, people: People
):
    """The winner's pair stays linked; the loser's contact stays in HubSpot, and editing it creates
    no lead.
    """
    winner, lead_one = linked_pair(stack, people, "winner@example.com")
    loser, lead_two = linked_pair(stack, people, "loser@example.com")
    merge_records(stack, "Lead", lead_one, lead_two)
    stack.settle()
    people.edit_contact(loser, phone="+49 731 0")
    stack.settle()
    assert (contact_id(people, "winner@example.com"), contact_id(people, "loser@example.com")) == (
        winner,
        loser,
    )
    assert rows(people, "Lead", "loser@example.com") == []
    assert_linked(stack, people, winner, "Lead", lead_one)


@pytest.mark.long
@pytest.mark.rule("MRG-3")
@pytest.mark.parametrize("late", [False, True], ids=["as they come", "reordered"])
def test_a_hubspot_merge_keeps_edits_that_were_not_yet_synced(
    stack: Stack,
    people: People,
    late: bool,  # noqa: FBT001
):
    """After edits of both contacts and both leads, the primary pair syncs its edits and the other
    lead keeps its own.
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
    assert_linked(stack, people, survivor, "Lead", lead_one)


@pytest.mark.rule("MRG-3")
def test_a_merge_of_a_linked_and_an_unlinked_contact_keeps_the_link(stack: Stack, people: People):
    """The link moves to the new id even if the unlinked contact was the primary one."""
    contact, made = linked_pair(stack, people, "half@example.com")
    unlinked = people.new_contact(lastname="Half")
    stack.settle()
    survivor = merge_contacts(people, unlinked, contact)
    stack.settle()
    assert_linked(stack, people, survivor, "Lead", made)


@pytest.mark.rule("CH-13")
@pytest.mark.rule("DUP-25")
def test_a_second_lead_with_the_address_is_reported_and_syncs_nothing(stack: Stack, people: People):
    """The duplicate waits as an error until it has an address of its own, and then becomes a
    contact.
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
    assert_linked(stack, people, contact, "Lead", made)
    people.edit_record("Lead", double, Email="single@example.com")
    assert stack.settle()["open_errors"] == 0
    assert people.contact(contact_id(people, "single@example.com"), "lastname", "jobtitle") == {
        "lastname": "Double",
        "jobtitle": "Butcher",
    }


@pytest.mark.rule("CH-13")
@pytest.mark.rule("DUP-21")
@pytest.mark.rule("DUP-23")
def test_the_choice_among_several_records_with_an_address_is_fixed(stack: Stack, people: People):
    """A contact is preferred to a lead, and then the oldest record, so that the same record is
    always chosen.
    """
    leads = [
        people.new_record("Lead", LastName="Many", Company="Example AB", Email="many@example.com")
        for _ in range(2)
    ]
    chosen = people.new_record("Contact", LastName="Many", Email="many@example.com")
    contact = people.new_contact(lastname="Many", email="many@example.com")
    stack.settle()
    assert_linked(stack, people, contact, "Contact", chosen)
    for lead in leads:
        people.salesforce.Lead.delete(lead)
    assert stack.settle()["open_errors"] == 0


@pytest.mark.rule("DUP-1")
def test_addresses_match_whatever_their_case(stack: Stack, people: People):
    """A lead matches its contact although the address is written in another case."""
    contact = people.new_contact(lastname="Case", email="case@example.com")
    made = people.new_record(
        "Lead", LastName="Case", Company="Example AB", Email="CASE@Example.com"
    )
    stack.settle()
    assert rows(people, "Lead", "case@example.com") == [{"Id": made}]
    assert_linked(stack, people, contact, "Lead", made)


@pytest.mark.rule("DUP-20")
def test_records_are_never_matched_by_name(stack: Stack, people: People):
    """A lead and a contact with the same name and different addresses stay two people."""
    made = people.new_record(
        "Lead", LastName="Twin", Company="Example AB", Email="twin.one@example.com"
    )
    contact = people.new_contact(lastname="Twin", email="twin.two@example.com")
    stack.settle()
    assert contact_id(people, "twin.one@example.com") != contact
    assert lead_id(people, "twin.two@example.com") != made


@pytest.mark.rule("INC-1")
@pytest.mark.rule("INC-5")
def test_without_an_inclusion_list_every_contact_syncs(stack: Stack, people: People):
    """By default no inclusion list applies, so that subscribers sync as well."""
    contact, made = linked_pair(
        stack, people, "subscriber@example.com", lifecyclestage="subscriber"
    )
    people.edit_contact(contact, phone="+49 731 7")
    stack.settle()
    assert record(people, "Lead", made, "Phone") == {"Phone": "+49 731 7"}


@pytest.mark.long
@pytest.mark.rule("FLD-1")
@pytest.mark.rule("TRG-15")
def test_without_a_mapping_the_lifecycle_stage_does_not_sync(stack: Stack, people: People):
    """A changed lifecycle stage writes nothing to Salesforce."""
    contact, made = linked_pair(stack, people, "unmapped@example.com", lifecyclestage="subscriber")
    before = record(people, "Lead", made, "SystemModstamp")
    people.edit_contact(contact, lifecyclestage="lead")
    stack.advance(SWEEP)
    assert record(people, "Lead", made, "SystemModstamp") == before


@pytest.mark.rule("SET-1")
@pytest.mark.rule("SET-2")
def test_by_default_new_records_are_created_on_both_sides(stack: Stack, people: People):
    """A new HubSpot contact becomes a lead, and new leads and contacts in Salesforce become HubSpot
    contacts.
    """
    people.new_contact(lastname="Lang", email="default.hs@example.com")
    people.new_record(
        "Lead", LastName="Holm", Company="Example AB", Email="default.lead@example.com"
    )
    people.new_record("Contact", LastName="Holm", Email="default.contact@example.com")
    stack.settle()
    assert lead_id(people, "default.hs@example.com")
    for address in ("default.lead@example.com", "default.contact@example.com"):
        assert people.contact(contact_id(people, address), "lastname") == {"lastname": "Holm"}
