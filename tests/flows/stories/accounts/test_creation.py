"""Stories of when an account or a company is created, in an organisation whose new contacts become
Salesforce contacts and which has an inclusion list.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.stories.story_accounts import (
    ROW,
    WORLD,
    accounts,
    companies,
    company_with,
    counterpart,
    listed_contact,
    settings,
)
from tests.flows.stories.story_contacts import (
    LIST,
    SWEEP,
    join_list,
    open_errors,
    record,
    rows,
    writes,
)
from tests.flows.stories.story_owners import BEN, NIA, OLIVE, OTTO, hubspot_owner, owner_name


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One stack for the module."""
    contacts = {"create_in_salesforce": '"contact"', "inclusion_list": f'"{LIST}"'}
    with Stack(settings(contacts, {"sync": "true"}, ROW), WORLD) as stack:
        yield stack


@pytest.mark.long
@pytest.mark.rule("ACC-3")
@pytest.mark.rule("ACC-6")
def test_a_new_account_creates_a_company_without_any_contact(stack: Stack, people: People):
    """The company is created at once with the account's values and each record's id on the other,
    and a later sweep creates no second one.
    """
    account = people.new_account(
        Name="Lonely AG", Website="https://www.lonely.example", Industry="Banking"
    )
    assert open_errors(stack) == 0
    (company,) = companies(people, "Lonely AG")
    assert people.company(company, "domain", "industry", "crmsync_salesforce_id") == {
        "domain": "lonely.example",
        "industry": "BANKING",
        "crmsync_salesforce_id": account,
    }
    before = writes(stack)
    stack.advance(SWEEP)
    assert (companies(people, "Lonely AG"), writes(stack)) == ([company], before)


@pytest.mark.rule("ACC-4")
@pytest.mark.rule("ACC-5")
def test_an_older_account_syncs_only_once_it_is_edited(stack: Stack, people: People):
    """Accounts that are older than the connection stay in Salesforce, until an edit syncs the
    account that was edited.
    """
    stack.advance(SWEEP)
    (row,) = accounts(people, "Older Edited")
    assert (companies(people, "Older Edited"), companies(people, "Older Silent")) == ([], [])
    people.edit_record("Account", row["Id"], Phone="+49 731 5")
    assert open_errors(stack) == 0
    (company,) = companies(people, "Older Edited")
    assert people.company(company, "phone") == {"phone": "+49 731 5"}
    assert companies(people, "Older Silent") == []


@pytest.mark.rule("ACC-9")
@pytest.mark.rule("ACC-10")
def test_a_company_creates_an_account_once_it_has_a_listed_contact(stack: Stack, people: People):
    """A company without contacts creates no account (ACC-10); with a listed contact, it creates one
    that contains the contact.
    """
    company = people.new_company(name="Empty GmbH", phone="+49 731 10")
    stack.settle()
    people.edit_company(company, city="Ulm")
    result = stack.advance(SWEEP)
    assert (result["open_errors"], accounts(people, "Empty GmbH")) == (0, [])
    people.associate(listed_contact(people, "first@empty.example"), company)
    assert open_errors(stack) == 0
    (account,) = accounts(people, "Empty GmbH", "Id", "Phone", "BillingCity")
    assert account == {
        "Id": counterpart(people, company),
        "Phone": "+49 731 10",
        "BillingCity": "Ulm",
    }
    assert rows(people, "Contact", "first@empty.example", "AccountId") == [
        {"AccountId": account["Id"]}
    ]


@pytest.mark.long
@pytest.mark.rule("ACC-12")
@pytest.mark.rule("Q-8")
def test_a_company_whose_contacts_are_all_outside_the_list_creates_no_account(
    stack: Stack, people: People
):
    """An account is created only when one of the contacts enters the list."""
    one, two = (
        people.new_contact(email=f"{name}@outside.example", lastname="Lang")
        for name in ("one", "two")
    )
    company = company_with(people, "Outside GmbH", one, two)
    result = stack.advance(SWEEP)
    assert (result["open_errors"], accounts(people, "Outside GmbH")) == (0, [])
    join_list(people, two)
    stack.advance(SWEEP)
    (account,) = accounts(people, "Outside GmbH")
    assert counterpart(people, company) == account["Id"]
    assert rows(people, "Contact", "two@outside.example", "AccountId") == [
        {"AccountId": account["Id"]}
    ]
    assert rows(people, "Contact", "one@outside.example") == []


@pytest.mark.rule("ACC-11")
@pytest.mark.rule("Q-7")
def test_a_company_whose_contacts_are_all_leads_creates_no_account(stack: Stack, people: People):
    """A listed contact that syncs with a lead creates no account (Q-7), but a colleague who becomes
    a Salesforce contact does.
    """
    people.new_record("Lead", LastName="Holm", Company="Leads AB", Email="lead@leads.example")
    stack.settle()
    lead = people.contact_with("lead@leads.example")
    assert lead is not None
    join_list(people, lead)
    company = company_with(people, "Leads AB", lead)
    result = stack.advance(SWEEP)
    assert (result["open_errors"], accounts(people, "Leads AB")) == (0, [])
    people.associate(listed_contact(people, "colleague@leads.example"), company)
    assert open_errors(stack) == 0
    assert [one["Id"] for one in accounts(people, "Leads AB")] == [counterpart(people, company)]


@pytest.mark.rule("ACC-8")
@pytest.mark.rule("ACC-9")
def test_a_contact_without_an_account_gets_one_through_its_new_company(
    stack: Stack, people: People
):
    """When a contact that has no account joins a new company, the company's account is created and
    the contact is put into it.
    """
    people.new_record("Contact", LastName="Private", Email="private@example.com")
    stack.settle()
    contact = people.contact_with("private@example.com")
    assert contact is not None
    join_list(people, contact)
    stack.advance(SWEEP)
    company = company_with(people, "Private GmbH", contact)
    assert open_errors(stack) == 0
    (account,) = accounts(people, "Private GmbH")
    assert counterpart(people, company) == account["Id"]
    assert rows(people, "Contact", "private@example.com", "AccountId") == [
        {"AccountId": account["Id"]}
    ]


@pytest.mark.rule("DUP-2")
@pytest.mark.rule("OWN-16")
def test_an_older_account_is_paired_with_the_company_of_its_contacts(stack: Stack, people: People):
    """The account of the company's contacts is paired although names differ and nobody edits it,
    and its inactive owner is replaced with the company's.
    """
    (older,) = accounts(people, "Idle Holdings")
    before = len(people.records("SELECT Id FROM Account"))
    company = people.new_company(name="Idle Works", hubspot_owner_id=hubspot_owner(people, OTTO))
    people.associate(listed_contact(people, "idle.member@example.com"), company)
    assert open_errors(stack) == 0
    assert (counterpart(people, company), len(people.records("SELECT Id FROM Account"))) == (
        older["Id"],
        before,
    )
    assert owner_name(people, "Account", older["Id"]) == "Otto Olsen"
    assert companies(people, "Idle Holdings") in ([], [company])


@pytest.mark.rule("DUP-2")
@pytest.mark.rule("DUP-3")
def test_an_account_is_paired_with_the_company_that_has_more_of_its_contacts(
    stack: Stack, people: People
):
    """The company with fewer of the account's contacts stays unpaired, and no third company is
    created.
    """
    names = [f"{number}@shared.example" for number in range(3)]
    one, two, three = (people.new_contact(email=name, lastname="Lang") for name in names)
    fewer, more = company_with(people, "Fewer", one), company_with(people, "More", two, three)
    stack.settle()
    account = people.new_account(Name="Shared AG", Phone="+49 731 30")
    for name in names:
        people.new_record("Contact", LastName="Lang", Email=name, AccountId=account)
    assert open_errors(stack) == 0
    stack.advance(SWEEP)
    assert (counterpart(people, more), counterpart(people, fewer)) == (account, None)
    assert people.company(fewer, "phone") == {"phone": None}
    linked = [
        row["id"]
        for row in people.companies("crmsync_salesforce_id")
        if row["crmsync_salesforce_id"] == account
    ]
    assert linked == [more]


@pytest.mark.rule("DUP-3")
@pytest.mark.rule("DUP-5")
def test_a_pair_stays_linked_when_its_contact_leaves(stack: Stack, people: People):
    """The contact moves to a new company, which gets an account of its own, while the first pair
    still syncs both ways.
    """
    contact = listed_contact(people, "mover@example.com")
    first = company_with(people, "Lasting GmbH", contact)
    stack.settle()
    account = counterpart(people, first)
    assert account is not None
    second = people.new_company(name="Next GmbH")
    people.associate(contact, second, primary=True)
    assert open_errors(stack) == 0
    people.edit_company(first, phone="+49 731 20")
    people.edit_record("Account", account, BillingCity="Ulm")
    assert open_errors(stack) == 0
    assert record(people, "Account", account, "Name", "Phone") == {
        "Name": "Lasting GmbH",
        "Phone": "+49 731 20",
    }
    assert people.company(first, "city", "crmsync_salesforce_id") == {
        "city": "Ulm",
        "crmsync_salesforce_id": account,
    }
    other = counterpart(people, second)
    assert other not in {None, account}
    assert rows(people, "Contact", "mover@example.com", "AccountId") == [{"AccountId": other}]


@pytest.mark.rule("OWN-14")
@pytest.mark.rule("OWN-15")
@pytest.mark.parametrize(
    ("owner", "expected"),
    [(OLIVE, "Olive Owens"), (NIA, "integration"), (BEN, "integration"), ("", "integration")],
    ids=["matches", "HubSpot's alone", "another name", "nobody"],
)
def test_the_owner_of_a_new_account(stack: Stack, people: People, owner: str, expected: str):
    """A new account belongs to the active user who matches the company's owner, and otherwise to
    the integration user.
    """
    name = f"Owned by {owner or 'nobody'}"
    given = {"hubspot_owner_id": hubspot_owner(people, owner)} if owner else {}
    company = company_with(
        people, name, listed_contact(people, f"of.{owner or 'nobody@example.com'}"), **given
    )
    assert open_errors(stack) == 0
    account = counterpart(people, company)
    assert account is not None
    if expected == "integration":
        made = record(people, "Account", account, "OwnerId")["OwnerId"]
        assert made == stack.ready()["salesforce"]["integration_user_id"]
    else:
        assert owner_name(people, "Account", account) == expected


@pytest.mark.rule("OWN-16")
@pytest.mark.rule("OWN-17")
def test_an_existing_accounts_owner_is_kept_and_later_changes_sync(stack: Stack, people: People):
    """At the first sync the active Salesforce owner is kept and written to HubSpot; afterwards the
    latest change on either side is synced.
    """
    account = people.new_account(Name="Kept AG", OwnerId=user_id(people, "Olive Owens"))
    stack.settle()
    (company,) = companies(people, "Kept AG")
    assert people.company(company, "hubspot_owner_id") == {
        "hubspot_owner_id": hubspot_owner(people, OLIVE)
    }
    people.edit_company(company, hubspot_owner_id=hubspot_owner(people, OTTO))
    stack.settle()
    assert owner_name(people, "Account", account) == "Otto Olsen"
    people.edit_record("Account", account, OwnerId=user_id(people, "Olive Owens"))
    stack.settle()
    assert people.company(company, "hubspot_owner_id") == {
        "hubspot_owner_id": hubspot_owner(people, OLIVE)
    }


@pytest.mark.rule("MAP-10")
@pytest.mark.rule("MAP-11")
def test_a_custom_field_of_an_account_syncs_both_ways(stack: Stack, people: People):
    """A field that the settings map is written with the new company, and edits of it sync in both
    directions.
    """
    account = people.new_account(Name="Ranked AG", Rank__c="A")
    stack.settle()
    (company,) = companies(people, "Ranked AG")
    assert people.company(company, "rank") == {"rank": "A"}
    people.edit_company(company, rank="B")
    stack.settle()
    assert record(people, "Account", account, "Rank__c") == {"Rank__c": "B"}
    people.edit_record("Account", account, Rank__c="C")
    stack.settle()
    assert people.company(company, "rank") == {"rank": "C"}


def user_id(people: People, name: str) -> str:
    """The id of the user of that name."""
    (row,) = [one for one in people.records("SELECT Id, Name FROM User") if one["Name"] == name]
    return str(row["Id"])
