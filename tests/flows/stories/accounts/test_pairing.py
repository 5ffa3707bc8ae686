"""Stories of what a company and an account are paired with: HubSpot's own companies, converted
leads, domains; and of the switch.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import WORLD, NewStack
from tests.flows.stories.story_accounts import (
    accounts,
    companies,
    company_with,
    counterpart,
    settings,
)
from tests.flows.stories.story_contacts import SWEEP, convert, lead, open_errors, record, rows

MAKES_COMPANIES = WORLD | {
    "hubspot": [{**WORLD["hubspot"][0], "auto_create_and_associate_companies": True}]
}


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One stack for the module: contacts become leads, HubSpot makes companies by itself, and
    domains may pair.
    """
    with Stack(
        settings({"create_in_salesforce": '"lead"'}, {"match_by_domain": "true"}), MAKES_COMPANIES
    ) as stack:
        yield stack


def company_of(people: People, contact: str) -> str:
    """The primary company of a contact."""
    (company,) = [one for one, is_primary in people.companies_of(contact).items() if is_primary]
    return company


@pytest.mark.rule("SET-6")
@pytest.mark.rule("ACC-11")
def test_a_company_that_hubspot_makes_of_a_lead_stays_without_account(stack: Stack, people: People):
    """The contact becomes a lead, so its company makes no account, whatever time passes and whoever
    edits it.
    """
    contact = people.new_contact(email="lead@only.test", lastname="Lang")
    stack.settle()
    company = company_of(people, contact)
    people.edit_company(company, phone="+49 731 1")
    told = stack.advance(SWEEP)
    assert (told["open_errors"], counterpart(people, company)) == (0, None)
    assert (
        len(rows(people, "Lead", "lead@only.test")),
        rows(people, "Contact", "lead@only.test"),
    ) == (1, [])
    assert accounts(people, "Only") == []


@pytest.mark.rule("DUP-2")
@pytest.mark.rule("CH-15")
def test_a_lead_converted_with_a_new_account_makes_no_second_company(stack: Stack, people: People):
    """The account that Salesforce makes of the lead goes with the company that the contact has in
    HubSpot, and both stay in step.
    """
    contact = people.new_contact(
        email="ada@converted.test", lastname="Lang", company="Converted Works"
    )
    stack.settle()
    company = company_of(people, contact)
    heir = convert(stack, lead(people, "ada@converted.test", "Id")["Id"])
    assert open_errors(stack) == 0
    account = record(people, "Contact", heir, "AccountId")["AccountId"]
    assert (counterpart(people, company), people.companies_of(contact)) == (
        account,
        {company: True},
    )
    linked = [
        one["id"]
        for one in people.companies("crmsync_salesforce_id")
        if one["crmsync_salesforce_id"] == account
    ]
    assert linked == [company]
    people.edit_company(company, phone="+49 731 2")
    people.edit_record("Account", account, BillingCity="Ulm")
    assert open_errors(stack) == 0
    assert record(people, "Account", account, "Phone") == {"Phone": "+49 731 2"}
    assert people.company(company, "city") == {"city": "Ulm"}


@pytest.mark.rule("SET-3")
@pytest.mark.rule("ACC-11")
def test_a_colleague_at_a_paired_company_is_still_a_lead(stack: Stack, people: People):
    """With the default object lead, a new contact of a company that has its account becomes a lead
    all the same.
    """
    people.new_account(Name="Paired", Website="paired.test")
    stack.settle()
    contact = people.new_contact(email="new@paired.test", lastname="Lang")
    assert open_errors(stack) == 0
    assert companies(people, "Paired") == [company_of(people, contact)]
    assert (
        len(rows(people, "Lead", "new@paired.test")),
        rows(people, "Contact", "new@paired.test"),
    ) == (1, [])


@pytest.mark.rule("CH-15")
@pytest.mark.rule("DUP-3")
def test_a_domain_pairs_a_company_once(stack: Stack, people: People):
    """An account goes with the company of its domain, whose contacts say nothing; a second one of
    that domain gets a company of its own.
    """
    company = people.new_company(name="Domain GmbH", domain="domain.test")
    stack.advance(60)
    first = people.new_account(Name="Domain AG", Website="https://www.domain.test/about")
    assert open_errors(stack) == 0
    second = people.new_account(Name="Domain Twin", Website="domain.test")
    assert open_errors(stack) == 0
    assert counterpart(people, company) == first
    (twin,) = [
        one["id"]
        for one in people.companies("crmsync_salesforce_id")
        if one["crmsync_salesforce_id"] == second
    ]
    assert twin != company


@pytest.mark.rule("ACC-7")
@pytest.mark.rule("SET-6")
@pytest.mark.long
def test_a_company_that_hubspot_makes_of_a_contact_makes_an_account(new_stack: NewStack):
    """Where the default object is Contact: account and contact come, each once, the contact under
    the account; a colleague joins them.
    """
    stack = new_stack(
        settings({"create_in_salesforce": '"contact"'}, {"sync": "true"}), MAKES_COMPANIES
    )
    people = People(stack.ready())
    contact = people.new_contact(email="ada@made.test", lastname="Lang")
    assert open_errors(stack) == 0
    company = company_of(people, contact)
    people.new_contact(email="bob@made.test", lastname="Berg")
    assert open_errors(stack) == 0
    (account,) = people.records("SELECT Id, Name FROM Account")
    assert (account["Id"], account["Name"]) == (counterpart(people, company), "Made")
    for address in ("ada@made.test", "bob@made.test"):
        assert rows(people, "Contact", address, "AccountId") == [{"AccountId": account["Id"]}]


@pytest.mark.rule("ACC-1")
@pytest.mark.rule("ACC-2")
@pytest.mark.rule("SET-4")
@pytest.mark.long
def test_switched_off_companies_and_accounts_do_nothing_at_all(new_stack: NewStack):
    """Neither a new account nor a company with contacts crosses, no contact waits for a parent or
    gets one, whatever time passes.
    """
    stack = new_stack(settings({"create_in_salesforce": '"contact"'}, {"sync": "false"}), WORLD)
    people = People(stack.ready())
    account = people.new_account(Name="Alone AG")
    person = people.new_record(
        "Contact", LastName="Holm", Email="person@alone.test", AccountId=account
    )
    contact = people.new_contact(email="ada@alone.test", lastname="Lang")
    company = company_with(people, "Alone GmbH", contact)
    told = stack.advance(SWEEP)
    made = people.contact_with("person@alone.test")
    assert made is not None
    people.associate(made, company)
    people.edit_record("Account", account, Phone="+49 731 3")
    people.edit_company(company, city="Ulm")
    told = stack.advance(SWEEP)
    assert told["open_errors"] == 0
    assert [one["id"] for one in people.companies()] == [company]
    assert [one["Id"] for one in people.records("SELECT Id FROM Account")] == [account]
    assert rows(people, "Contact", "ada@alone.test", "AccountId") == [{"AccountId": None}]
    assert record(people, "Contact", person, "AccountId") == {"AccountId": account}
    assert stack.stats()["lambda"].get("account_sync", 0) == 0
