"""Stories of when an account or a company is made, where new contacts become Salesforce contacts
and an inclusion list is in force.
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
    listed,
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


@pytest.mark.rule("ACC-3")
@pytest.mark.rule("ACC-6")
def test_a_new_account_makes_a_company_without_any_contact(stack: Stack, people: People):
    """It comes at once, with the account's values and each other's ids; a look later makes no
    second one.
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
def test_an_older_account_is_silent_until_it_is_changed(stack: Stack, people: People):
    """Whatever time passes, accounts that are older than the connection stay where they are; an
    edit brings the one that it touches.
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
def test_a_company_makes_an_account_once_it_has_a_contact_of_the_list(stack: Stack, people: People):
    """Without contacts there is none (ACC-10); with one who is in the list account and contact
    come, the contact under the account.
    """
    company = people.new_company(name="Empty GmbH", phone="+49 731 10")
    stack.settle()
    people.edit_company(company, city="Ulm")
    told = stack.advance(SWEEP)
    assert (told["open_errors"], accounts(people, "Empty GmbH")) == (0, [])
    people.associate(listed(people, "first@empty.example"), company)
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


@pytest.mark.rule("ACC-12")
@pytest.mark.rule("Q-8")
def test_a_company_whose_contacts_are_all_outside_the_list_makes_no_account(
    stack: Stack, people: People
):
    """Not even where the company and the default object would make one; as soon as one of them
    enters the list, it does.
    """
    one, two = (
        people.new_contact(email=f"{name}@outside.example", lastname="Lang")
        for name in ("one", "two")
    )
    company = company_with(people, "Outside GmbH", one, two)
    told = stack.advance(SWEEP)
    assert (told["open_errors"], accounts(people, "Outside GmbH")) == (0, [])
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
def test_a_company_whose_contacts_are_all_leads_makes_no_account(stack: Stack, people: People):
    """A contact of the list that syncs with a lead is no reason (Q-7); a colleague who becomes a
    Salesforce contact is one.
    """
    people.new_record("Lead", LastName="Holm", Company="Leads AB", Email="lead@leads.example")
    stack.settle()
    lead = people.contact_with("lead@leads.example")
    assert lead is not None
    join_list(people, lead)
    company = company_with(people, "Leads AB", lead)
    told = stack.advance(SWEEP)
    assert (told["open_errors"], accounts(people, "Leads AB")) == (0, [])
    people.associate(listed(people, "colleague@leads.example"), company)
    assert open_errors(stack) == 0
    assert [one["Id"] for one in accounts(people, "Leads AB")] == [counterpart(people, company)]


@pytest.mark.rule("ACC-8")
@pytest.mark.rule("ACC-9")
def test_a_private_contact_brings_its_company_an_account(stack: Stack, people: People):
    """A contact that syncs with a Salesforce contact without account joins a new company: the
    account comes, it is under it.
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
def test_contacts_pair_an_older_account_with_their_company(stack: Stack, people: People):
    """Names differ and nobody edits the account: it is the company's, as its contact is. Its
    inactive owner gives way to the company's.
    """
    (older,) = accounts(people, "Idle Holdings")
    before = len(people.records("SELECT Id FROM Account"))
    company = people.new_company(name="Idle Works", hubspot_owner_id=hubspot_owner(people, OTTO))
    people.associate(listed(people, "idle.member@example.com"), company)
    assert open_errors(stack) == 0
    assert (counterpart(people, company), len(people.records("SELECT Id FROM Account"))) == (
        older["Id"],
        before,
    )
    assert owner_name(people, "Account", older["Id"]) == "Otto Olsen"
    assert companies(people, "Idle Holdings") in ([], [company])


@pytest.mark.rule("DUP-2")
@pytest.mark.rule("DUP-3")
def test_of_two_companies_whose_contacts_are_in_one_account_one_is_its_pair(
    stack: Stack, people: People
):
    """The company that more of the account's contacts are in is its counterpart; the other one
    stays as it is, and no third is made.
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
def test_a_pair_lasts_though_its_contact_leaves(stack: Stack, people: People):
    """The contact goes to a new company, which makes an account of its own; the first pair stays in
    step, both ways.
    """
    contact = listed(people, "mover@example.com")
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
def test_whom_a_new_account_belongs_to(stack: Stack, people: People, owner: str, expected: str):
    """A matching active user is given the account, else it is the integration user's."""
    name = f"Owned by {owner or 'nobody'}"
    given = {"hubspot_owner_id": hubspot_owner(people, owner)} if owner else {}
    company = company_with(
        people, name, listed(people, f"of.{owner or 'nobody@example.com'}"), **given
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
def test_an_existing_accounts_owner_is_kept_then_the_latest_change_counts(
    stack: Stack, people: People
):
    """At the first meeting Salesforce's active owner stays and comes over; afterwards whoever was
    set last goes across, both ways.
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
def test_a_row_of_the_operators_own_crosses_both_ways(stack: Stack, people: People):
    """A field that the settings map goes with a new account, and edits of it cross in both
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
