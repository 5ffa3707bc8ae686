"""Stories of person accounts: a Salesforce account and a hidden contact that are one person, in an org that has them switched on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import SETTINGS, WORLD
from tests.flows.story_stage import convert, found, lead, open_errors, own_act, record, rows


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One org with person accounts for the whole module."""
    with Stack(SETTINGS, WORLD | {"salesforce": {**WORLD["salesforce"], "person_accounts": True}}) as stack:
        yield stack


def person_account(people: People, address: str, **fields: str) -> tuple[str, str]:
    """A person makes a person account; the ids of the account and of the contact behind it."""
    account = people.new_record("Account", **({"FirstName": "Ada", "LastName": "Lang"} | fields), PersonEmail=address)
    hidden = people.record("Account", account, "PersonContactId", "IsPersonAccount")
    assert hidden["IsPersonAccount"] is True
    return account, str(hidden["PersonContactId"])


@pytest.mark.rule("PA-1")
@pytest.mark.rule("PA-3")
@pytest.mark.rule("PA-5")
def test_a_person_account_becomes_a_contact_under_the_persons_name(stack: Stack, people: People, product: People):
    """The contact that Salesforce makes in the background becomes one HubSpot contact, named as the person; both keep the other's id."""
    _, hidden = person_account(people, "one@example.com", Phone="+49 731 0100", PersonTitle="Judge")
    assert open_errors(stack) == 0
    contact = found(people, "one@example.com")
    assert people.contact(contact, "firstname", "lastname", "phone", "jobtitle", "crmsync_salesforce_id") == {
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
def test_edits_of_a_person_cross_both_ways(stack: Stack, people: People):
    """What HubSpot changes is written to the account, as Salesforce wants it; what Salesforce changes comes over; nothing is an error."""
    account, hidden = person_account(people, "two@example.com")
    stack.settle()
    contact = found(people, "two@example.com")
    people.edit_contact(contact, lastname="Berg", mobilephone="+49 731 0101", jobtitle="Judge", city="Ulm")
    assert open_errors(stack) == 0
    assert record(people, "Account", account, "Name", "PersonMobilePhone", "PersonTitle", "PersonMailingCity") == {
        "Name": "Ada Berg",
        "PersonMobilePhone": "+49 731 0101",
        "PersonTitle": "Judge",
        "PersonMailingCity": "Ulm",
    }
    people.edit_record("Account", account, FirstName="Adele", PersonEmail="two.new@example.com", PersonTitle=None)
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
def test_a_persons_opt_out_crosses_both_ways(stack: Stack, people: People):
    """Unsubscribed in HubSpot ticks the account's box; ticked in Salesforce unsubscribes in HubSpot."""
    one, _ = person_account(people, "out.one@example.com")
    two, _ = person_account(people, "out.two@example.com")
    stack.settle()
    own_act(stack, "unsubscribe", "out.one@example.com")
    people.edit_record("Account", two, PersonHasOptedOutOfEmail=True)
    assert open_errors(stack) == 0
    assert record(people, "Account", one, "PersonHasOptedOutOfEmail") == {"PersonHasOptedOutOfEmail": True}
    assert people.contact(found(people, "out.two@example.com"), "hs_email_optout") == {"hs_email_optout": "true"}


@pytest.mark.rule("DUP-1")
@pytest.mark.rule("Q-34")
def test_a_person_account_is_found_by_its_address(stack: Stack, people: People):
    """A HubSpot contact with the address of a person account is linked with it, and no second record is made on either side."""
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
@pytest.mark.parametrize("more", [{}, {"company": "Example GmbH"}], ids=["without company", "with company"])
def test_no_hubspot_contact_makes_a_person_account(stack: Stack, people: People, more):
    """A new HubSpot contact makes a lead, whether it has a company or not; no account comes of it."""
    query = "SELECT Id FROM Account WHERE IsPersonAccount = true"
    persons = people.records(query)
    address = f"new.{len(more)}@example.com"
    people.new_contact(email=address, firstname="Ada", lastname="Lang", **more)
    assert open_errors(stack) == 0
    assert lead(people, address, "LastName", "Company") == {"LastName": "Lang", "Company": more.get("company")}
    assert people.records(query) == persons


@pytest.mark.rule("PA-8")
@pytest.mark.rule("Q-35")
@pytest.mark.rule("DUP-26")
def test_a_lead_without_company_can_become_a_person_account(stack: Stack, people: People):
    """The lead of a contact without company has none; converted, it is a person account, with which the contact goes on."""
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
    assert found(people, "private@example.com") == contact


@pytest.mark.rule("PA-9")
def test_a_lead_with_a_company_becomes_a_business_account(stack: Stack, people: People):
    """The company that HubSpot knows goes to the lead; converted, it is a contact of a business account of that name."""
    contact = people.new_contact(email="works@example.com", lastname="Lang", company="Example Works")
    stack.settle()
    heir = convert(stack, lead(people, "works@example.com")["Id"])
    assert open_errors(stack) == 0
    made = record(people, "Contact", heir, "AccountId", "IsPersonAccount")
    assert made["IsPersonAccount"] is False
    assert record(people, "Account", made["AccountId"], "Name", "IsPersonAccount") == {
        "Name": "Example Works",
        "IsPersonAccount": False,
    }
    people.edit_contact(contact, jobtitle="Judge")
    stack.settle()
    assert record(people, "Contact", heir, "Title") == {"Title": "Judge"}
