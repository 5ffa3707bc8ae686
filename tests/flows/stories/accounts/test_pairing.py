"""Stories of how companies and accounts find each other: companies that HubSpot creates by itself,
converted leads, matching by domain, and company sync switched off.
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

WITH_AUTO_COMPANIES = WORLD | {
    "hubspot": [{**WORLD["hubspot"][0], "auto_create_and_associate_companies": True}]
}


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One stack for the module: contacts become leads, HubSpot creates companies by itself, and
    pairs may be matched by domain.
    """
    with Stack(
        settings({"create_in_salesforce": '"lead"'}, {"match_by_domain": "true"}),
        WITH_AUTO_COMPANIES,
    ) as stack:
        yield stack


def company_of(people: People, contact: str) -> str:
    """The primary company of a contact."""
    (company,) = [one for one, is_primary in people.companies_of(contact).items() if is_primary]
    return company


@pytest.mark.long
@pytest.mark.rule("SET-6")
@pytest.mark.rule("ACC-11")
def test_a_company_that_hubspot_creates_for_a_lead_gets_no_account(stack: Stack, people: People):
    """The contact becomes a lead, so its company creates no account, even when it is edited."""
    contact = people.new_contact(email="lead@only.test", lastname="Lang")
    stack.settle()
    company = company_of(people, contact)
    people.edit_company(company, phone="+49 731 1")
    result = stack.advance(SWEEP)
    assert (result["open_errors"], counterpart(people, company)) == (0, None)
    assert (
        len(rows(people, "Lead", "lead@only.test")),
        rows(people, "Contact", "lead@only.test"),
    ) == (1, [])
    assert accounts(people, "Only") == []


@pytest.mark.rule("DUP-2")
@pytest.mark.rule("CH-15")
def test_a_lead_converted_to_a_new_account_creates_no_second_company(stack: Stack, people: People):
    """The new account is paired with the company that the contact already has, and both stay in
    sync.
    """
    contact = people.new_contact(
        email="ada@converted.test", lastname="Lang", company="Converted Works"
    )
    stack.settle()
    company = company_of(people, contact)
    person = convert(stack, lead(people, "ada@converted.test", "Id")["Id"])
    assert open_errors(stack) == 0
    account = record(people, "Contact", person, "AccountId")["AccountId"]
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
def test_a_new_contact_of_a_paired_company_still_becomes_a_lead(stack: Stack, people: People):
    """With lead as the default object, a new contact becomes a lead although its company has an
    account.
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
def test_a_domain_matches_a_company_once(stack: Stack, people: People):
    """The first account with the domain is paired with the company, and a second one gets a new
    company.
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
def test_a_company_that_hubspot_creates_for_a_contact_creates_an_account(new_stack: NewStack):
    """With Contact as the default object, the account and its contact are each created once, and a
    colleague joins the same account.
    """
    stack = new_stack(
        settings({"create_in_salesforce": '"contact"'}, {"sync": "true"}), WITH_AUTO_COMPANIES
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
def test_with_company_sync_off_companies_and_accounts_do_not_sync(new_stack: NewStack):
    """Neither an account nor a company is created, and contacts neither get a parent nor wait for
    one.
    """
    stack = new_stack(settings({"create_in_salesforce": '"contact"'}, {"sync": "false"}), WORLD)
    people = People(stack.ready())
    account = people.new_account(Name="Alone AG")
    person = people.new_record(
        "Contact", LastName="Holm", Email="person@alone.test", AccountId=account
    )
    contact = people.new_contact(email="ada@alone.test", lastname="Lang")
    company = company_with(people, "Alone GmbH", contact)
    result = stack.advance(SWEEP)
    made = people.contact_with("person@alone.test")
    assert made is not None
    people.associate(made, company)
    people.edit_record("Account", account, Phone="+49 731 3")
    people.edit_company(company, city="Ulm")
    result = stack.advance(SWEEP)
    assert result["open_errors"] == 0
    assert [one["id"] for one in people.companies()] == [company]
    assert [one["Id"] for one in people.records("SELECT Id FROM Account")] == [account]
    assert rows(people, "Contact", "ada@alone.test", "AccountId") == [{"AccountId": None}]
    assert record(people, "Contact", person, "AccountId") == {"AccountId": account}
    assert stack.stats()["lambda"].get("account_sync", 0) == 0
