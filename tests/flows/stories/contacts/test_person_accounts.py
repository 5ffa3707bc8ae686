"""Stories of person accounts: a Salesforce account and its hidden contact are one person, who syncs
with a HubSpot contact.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import SETTINGS, WORLD
from tests.flows.stories.story_contacts import (
    act_as_contact,
    contact_id,
    convert,
    lead,
    merge_records,
    open_errors,
    record,
    rows,
)
from tests.flows.stories.story_person_accounts import PERSONS, companies_of, person_account


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One org with person accounts for the module."""
    with Stack(SETTINGS, WORLD | {"salesforce": PERSONS}) as stack:
        yield stack


@pytest.mark.rule("PA-1")
@pytest.mark.rule("PA-3")
@pytest.mark.rule("PA-5")
def test_a_person_account_creates_a_contact_with_the_persons_name(
    stack: Stack, people: People, product: People
):
    """The hidden contact becomes one HubSpot contact with the person's name, and each keeps the
    other's id.
    """
    _, hidden = person_account(people, "one@example.com", Phone="+49 731 0100", PersonTitle="Judge")
    assert open_errors(stack) == 0
    contact = contact_id(people, "one@example.com")
    assert people.contact(
        contact, "firstname", "lastname", "phone", "jobtitle", "crmsync_salesforce_id"
    ) == {
        "firstname": "Ada",
        "lastname": "Lang",
        "phone": "+49 731 0100",
        "jobtitle": "Judge",
        "crmsync_salesforce_id": hidden,
    }
    key = record(product, "Contact", hidden, "Crmsync_HubSpot_Id__c")
    assert key == {"Crmsync_HubSpot_Id__c": f"555001-{contact}"}


@pytest.mark.rule("PA-1")
@pytest.mark.rule("PA-3")
@pytest.mark.rule("PA-5")
def test_edits_of_a_person_sync_both_ways(stack: Stack, people: People):
    """HubSpot's edits are written to the account, as Salesforce requires, and Salesforce's edits
    arrive without an error.
    """
    account, hidden = person_account(people, "two@example.com")
    stack.settle()
    contact = contact_id(people, "two@example.com")
    people.edit_contact(
        contact, lastname="Berg", mobilephone="+49 731 0101", jobtitle="Judge", city="Ulm"
    )
    assert open_errors(stack) == 0
    assert record(
        people, "Account", account, "Name", "PersonMobilePhone", "PersonTitle", "PersonMailingCity"
    ) == {
        "Name": "Ada Berg",
        "PersonMobilePhone": "+49 731 0101",
        "PersonTitle": "Judge",
        "PersonMailingCity": "Ulm",
    }
    people.edit_record(
        "Account", account, FirstName="Adele", PersonEmail="two.new@example.com", PersonTitle=None
    )
    assert open_errors(stack) == 0
    assert people.contact(contact, "firstname", "lastname", "email", "jobtitle") == {
        "firstname": "Adele",
        "lastname": "Berg",
        "email": "two.new@example.com",
        "jobtitle": None,
    }
    assert record(people, "Contact", hidden, "MailingCity") == {"MailingCity": "Ulm"}


@pytest.mark.rule("PA-3")
@pytest.mark.rule("OPT-3")
@pytest.mark.rule("OPT-4")
def test_a_persons_opt_out_syncs_both_ways(stack: Stack, people: People):
    """An unsubscribe in HubSpot sets the account's opt-out, and the account's opt-out unsubscribes
    in HubSpot.
    """
    one, _ = person_account(people, "out.one@example.com")
    two, _ = person_account(people, "out.two@example.com")
    stack.settle()
    act_as_contact(stack, "unsubscribe", "out.one@example.com")
    people.edit_record("Account", two, PersonHasOptedOutOfEmail=True)
    assert open_errors(stack) == 0
    assert record(people, "Account", one, "PersonHasOptedOutOfEmail") == {
        "PersonHasOptedOutOfEmail": True
    }
    assert people.contact(contact_id(people, "out.two@example.com"), "hs_email_optout") == {
        "hs_email_optout": "true"
    }


@pytest.mark.rule("DUP-1")
@pytest.mark.rule("Q-34")
def test_a_person_account_is_matched_by_its_address(stack: Stack, people: People):
    """A HubSpot contact with the person's address is linked with it, and no second record is
    created.
    """
    contact = people.new_contact(email="known@example.com", firstname="Ada", lastname="Lang")
    account, hidden = person_account(people, "known@example.com", Phone="+49 731 0100")
    assert open_errors(stack) == 0
    assert rows(people, "Lead", "known@example.com") == []
    assert people.contact(contact, "phone", "crmsync_salesforce_id") == {
        "phone": "+49 731 0100",
        "crmsync_salesforce_id": hidden,
    }
    people.edit_contact(contact, lastname="Moe")
    stack.settle()
    assert record(people, "Account", account, "Name") == {"Name": "Ada Moe"}


@pytest.mark.rule("PA-7")
@pytest.mark.parametrize(
    "more", [{}, {"company": "Example GmbH"}], ids=["without company", "with company"]
)
def test_a_hubspot_contact_creates_no_person_account(stack: Stack, people: People, more):
    """A new HubSpot contact becomes a lead, with or without a company, and no account is created."""
    query = "SELECT Id FROM Account WHERE IsPersonAccount = true"
    persons = people.records(query)
    address = f"new.{len(more)}@example.com"
    people.new_contact(email=address, firstname="Ada", lastname="Lang", **more)
    assert open_errors(stack) == 0
    assert lead(people, address, "LastName", "Company") == {
        "LastName": "Lang",
        "Company": more.get("company"),
    }
    assert people.records(query) == persons


@pytest.mark.rule("PA-8")
@pytest.mark.rule("Q-35")
@pytest.mark.rule("DUP-26")
def test_a_lead_without_a_company_is_converted_to_a_person_account(stack: Stack, people: People):
    """The contact's lead has no company, so that it is converted to a person account, which syncs
    with the contact.
    """
    contact = people.new_contact(email="private@example.com", firstname="Ada", lastname="Lang")
    stack.settle()
    made = lead(people, "private@example.com", "Id", "Company")
    assert made["Company"] is None
    hidden = convert(stack, made["Id"])
    assert open_errors(stack) == 0
    account = record(people, "Contact", hidden, "AccountId", "IsPersonAccount")
    assert account["IsPersonAccount"] is True
    people.edit_contact(contact, jobtitle="Judge")
    people.edit_record("Account", account["AccountId"], Phone="+49 731 0100")
    assert open_errors(stack) == 0
    assert record(people, "Account", account["AccountId"], "PersonTitle", "Name") == {
        "PersonTitle": "Judge",
        "Name": "Ada Lang",
    }
    assert people.contact(contact, "phone", "crmsync_salesforce_id") == {
        "phone": "+49 731 0100",
        "crmsync_salesforce_id": hidden,
    }
    assert contact_id(people, "private@example.com") == contact
    assert companies_of(people, contact) == [{"name": "Ada Lang", "primary": True}]


@pytest.mark.rule("PA-9")
def test_a_lead_with_a_company_is_converted_to_a_business_account(stack: Stack, people: People):
    """HubSpot's company name is written to the lead, which is converted to a contact of a business
    account of that name.
    """
    contact = people.new_contact(
        email="works@example.com", lastname="Lang", company="Example Works"
    )
    stack.settle()
    person = convert(stack, lead(people, "works@example.com")["Id"])
    assert open_errors(stack) == 0
    made = record(people, "Contact", person, "AccountId", "IsPersonAccount")
    assert made["IsPersonAccount"] is False
    assert record(people, "Account", made["AccountId"], "Name", "IsPersonAccount") == {
        "Name": "Example Works",
        "IsPersonAccount": False,
    }
    people.edit_contact(contact, jobtitle="Judge")
    stack.settle()
    assert record(people, "Contact", person, "Title") == {"Title": "Judge"}


@pytest.mark.long
@pytest.mark.rule("PA-1")
@pytest.mark.rule("PA-5")
def test_a_merge_of_two_persons_keeps_the_winners_links(stack: Stack, people: People):
    """The winner's contact and company stay in sync, and the loser's are left alone."""
    winner, hidden = person_account(
        people, "winner@example.com", FirstName="Wim", LastName="Winner"
    )
    loser, _ = person_account(people, "loser@example.com", FirstName="Lou", LastName="Loser")
    stack.settle()
    merge_records(stack, "Account", winner, loser)
    assert open_errors(stack) == 0
    people.edit_record("Account", winner, LastName="Won")
    people.edit_contact(contact_id(people, "loser@example.com"), lastname="Lost")
    people.edit_contact(contact_id(people, "winner@example.com"), jobtitle="Judge")
    assert open_errors(stack) == 0
    assert record(people, "Account", winner, "Name", "PersonTitle") == {
        "Name": "Wim Won",
        "PersonTitle": "Judge",
    }
    assert companies_of(people, contact_id(people, "winner@example.com")) == [
        {"name": "Wim Won", "primary": True}
    ]
    assert companies_of(people, contact_id(people, "loser@example.com")) == [
        {"name": "Lou Loser", "primary": True}
    ]
    assert people.contact(contact_id(people, "winner@example.com"), "crmsync_salesforce_id") == {
        "crmsync_salesforce_id": hidden
    }
