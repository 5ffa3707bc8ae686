"""Stories of deals and opportunities that are kept in step: how one makes the other, their fields,
their owners and their people.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.stories.story_accounts import accounts, companies
from tests.flows.stories.story_contacts import SWEEP, convert, found, open_errors, writes
from tests.flows.stories.story_deals import (
    DEFAULT_PIPELINE,
    JULY,
    JUNE,
    ROW,
    SALES_PIPELINE,
    WORLD,
    counterpart,
    deal,
    deals,
    edit_deal,
    from_deal,
    from_opportunity,
    new_deal,
    new_opportunity,
    new_role,
    opportunities,
    opportunity,
    place,
    primary,
    roles,
    settings,
    someone,
    tie,
    tied,
    untie,
    where,
)
from tests.flows.stories.story_owners import BEN, NIA, OLIVE, OTTO, hubspot_owner, owner_name, user

FIELDS = ("dealname", "closedate", "dealtype", "description", "amount")
TWINS = ("Name", "CloseDate", "Type", "Description", "Amount")


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One stack for the module."""
    with Stack(settings(rows=ROW), WORLD) as stack:
        yield stack


@pytest.mark.rule("OPP-1")
@pytest.mark.rule("OPP-5")
def test_an_opportunity_makes_a_deal_and_both_follow_each_other(stack: Stack, people: People):
    """Owner, close date, name, type, description, amount and stage come along, and edits of all
    seven cross in both directions.
    """
    given = {
        "Amount": 1200.5,
        "Type": "New Customer",
        "Description": "Two lines\nof it",
        "StageName": "Qualification",
    }
    mine, theirs = from_opportunity(stack, people, "Seven", OwnerId=user(people, OLIVE), **given)
    assert deal(people, mine, *FIELDS, "hubspot_owner_id", "crmsync_salesforce_id") == {
        "dealname": "Seven",
        "closedate": f"{JUNE}T12:00:00Z",
        "dealtype": "newbusiness",
        "description": "Two lines\nof it",
        "amount": "1200.5",
        "hubspot_owner_id": hubspot_owner(people, OLIVE),
        "crmsync_salesforce_id": theirs,
    }
    assert where(people, mine) == (DEFAULT_PIPELINE, "Qualification")

    words = {
        "dealname": "Seven b",
        "closedate": JULY,
        "dealtype": "existingbusiness",
        "description": "b",
    }
    owner = {"hubspot_owner_id": hubspot_owner(people, OTTO)}
    edit_deal(
        people, mine, **words, amount="7", **owner, **place(people, DEFAULT_PIPELINE, "Closed Won")
    )
    assert open_errors(stack) == 0
    assert opportunity(people, theirs, *TWINS, "StageName", "IsWon") == {
        "Name": "Seven b",
        "CloseDate": JULY,
        "Type": "Existing Customer - Upgrade",
        "Description": "b",
        "Amount": 7.0,
        "StageName": "Closed Won",
        "IsWon": True,
    }
    assert owner_name(people, "Opportunity", theirs) == "Otto Olsen"

    edits = {
        "CloseDate": JUNE,
        "Type": "New Customer",
        "Description": "c",
        "StageName": "Closed Lost",
        "Amount": 9.25,
    }
    people.edit_record("Opportunity", theirs, Name="Seven c", OwnerId=user(people, OLIVE), **edits)
    assert open_errors(stack) == 0
    assert deal(people, mine, *FIELDS, "hubspot_owner_id") == {
        "dealname": "Seven c",
        "closedate": f"{JUNE}T12:00:00Z",
        "dealtype": "newbusiness",
        "description": "c",
        "amount": "9.25",
        "hubspot_owner_id": hubspot_owner(people, OLIVE),
    }
    assert where(people, mine) == (DEFAULT_PIPELINE, "Closed Lost")
    before = writes(stack)
    stack.advance(SWEEP)
    assert writes(stack) == before


@pytest.mark.rule("OPP-11")
@pytest.mark.rule("OPP-5")
def test_a_deal_makes_an_opportunity(stack: Stack, people: People):
    """Also in HubSpot's own pipeline, where it stays; a look later makes no second one and writes
    nothing.
    """
    words = {
        "dealtype": "newbusiness",
        "description": "d",
        "amount": "10",
        "dealstage": "closedwon",
    }
    mine, theirs = from_deal(stack, people, "Eleven", **words)
    assert opportunity(people, theirs, *TWINS, "StageName") == {
        "Name": "Eleven",
        "CloseDate": JUNE,
        "Type": "New Customer",
        "Description": "d",
        "Amount": 10.0,
        "StageName": "Closed Won",
    }
    assert (counterpart(people, mine), where(people, mine)) == (
        theirs,
        (SALES_PIPELINE, "Closed Won"),
    )
    before = writes(stack)
    told = stack.advance(SWEEP)
    assert (told["open_errors"], writes(stack), len(opportunities(people, "Eleven"))) == (
        0,
        before,
        1,
    )


@pytest.mark.rule("DUP-6")
@pytest.mark.rule("DUP-7")
def test_nothing_is_matched_by_name(stack: Stack, people: People):
    """Deals and opportunities of one name, date and amount, made on both sides before anybody has
    looked, are four pairs.
    """
    made = [new_opportunity(people, "Same", Amount=5) for _ in range(2)]
    own = [new_deal(people, "Same", amount="5") for _ in range(2)]
    told = stack.advance(SWEEP)
    both = deals(people, "Same")
    assert (told["open_errors"], len(both), len(opportunities(people, "Same"))) == (0, 4, 4)
    assert len({counterpart(people, one) for one in both}) == 4
    assert {counterpart(people, one) for one in both if one not in own} == set(made)


def killed(*after: str) -> list[dict[str, Any]]:
    """The Lambda of opportunities dies at each of these, once."""
    return [
        {"at": "lambda", "kind": "kill", "function": "opportunity_sync", "after": one}
        for one in after
    ]


FAULTS = {
    "told_twice": [{"at": at, "kind": "duplicate", "times": 6} for at in ("webhook", "queue")],
    "answers_lost": [
        {"at": at, "kind": "timeout_after_write", "times": 2} for at in ("hubspot", "salesforce")
    ],
    "killed": killed("salesforce_write", "hubspot_write", "dynamodb_write"),
}


@pytest.mark.rule("DUP-6")
@pytest.mark.rule("DUP-7")
@pytest.mark.rule("CH-14")
@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.long
def test_whatever_goes_wrong_none_is_made_twice(stack: Stack, people: People, name: str):
    """Told twice, answers lost after the write, calls killed anywhere: one deal, one opportunity,
    one role, one association for each.
    """
    member = someone(stack, people, f"{name}@example.com")
    stack.faults(FAULTS[name])
    theirs = new_opportunity(people, f"{name} theirs")
    new_role(people, theirs, member.person)
    mine = new_deal(people, f"{name} mine")
    tie(people, mine, "contacts", member.contact)
    stack.settle()
    for _ in FAULTS[name]:
        told = stack.advance(SWEEP)
    assert told["open_errors"] == 0
    born = [one for side in ("mine", "theirs") for one in deals(people, f"{name} {side}")]
    grown = [
        one["Id"] for side in ("mine", "theirs") for one in opportunities(people, f"{name} {side}")
    ]
    assert (len(born), [counterpart(people, one) for one in born]) == (2, grown)
    assert (born[0], grown[1]) == (mine, theirs)
    for one, other in zip(born, grown, strict=True):
        assert (tied(people, one), roles(people, other)) == ({member.contact}, [member.person])


@pytest.mark.rule("OPP-9")
@pytest.mark.rule("OPP-10")
def test_only_contact_roles_make_associations(stack: Stack, people: People):
    """The account, a task or a lookup ties nobody (OPP-10); a role does at once, also that of a new
    one's contact.
    """
    account = people.new_account(Name="Tied AG")
    inside = people.new_record(
        "Contact", LastName="Inside", Email="inside@tied.example", AccountId=account
    )
    mine, theirs = from_opportunity(stack, people, "Tied", AccountId=account, Sponsor__c=inside)
    people.new_record("Task", Subject="Call", WhoId=inside, WhatId=theirs)
    people.edit_record("Opportunity", theirs, Amount=3)
    told = stack.settle()
    assert (told["open_errors"], deal(people, mine, "amount"), tied(people, mine)) == (
        0,
        {"amount": "3"},
        set(),
    )
    new_role(people, theirs, inside)
    assert open_errors(stack) == 0
    contact = found(people, "inside@tied.example")
    assert tied(people, mine) == {contact}
    other, _ = from_opportunity(stack, people, "Tied at once", ContactId=inside)
    assert tied(people, other) == {contact}


@pytest.mark.rule("OPP-12")
@pytest.mark.rule("OPP-11")
def test_the_contacts_of_a_deal_get_roles(stack: Stack, people: People):
    """Those of a new deal, and whoever is associated later; nobody gets a second one."""
    first, second = (someone(stack, people, f"{one}@twelve.example") for one in ("first", "second"))
    made = new_deal(people, "Twelve")
    tie(people, made, "contacts", first.contact)
    assert open_errors(stack) == 0
    theirs = counterpart(people, made)
    assert roles(people, theirs) == [first.person]
    tie(people, made, "contacts", second.contact)
    stack.settle()
    edit_deal(people, made, amount="2")
    assert open_errors(stack) == 0
    assert roles(people, theirs) == sorted([first.person, second.person])


@pytest.mark.rule("OPP-12")
@pytest.mark.rule("Q-27")
def test_a_deal_without_company_whose_contact_is_a_lead(stack: Stack, people: People):
    """It makes an opportunity without account and role; once a person has converted the lead, the
    role comes by itself.
    """
    lead = people.new_record(
        "Lead", LastName="Lead", Company="Later AB", Email="lead@later.example"
    )
    stack.settle()
    contact = found(people, "lead@later.example")
    made = new_deal(people, "Later")
    tie(people, made, "contacts", contact)
    told = stack.settle()
    theirs = counterpart(people, made)
    assert (
        told["open_errors"],
        opportunity(people, theirs, "AccountId"),
        roles(people, theirs),
    ) == (
        0,
        {"AccountId": None},
        [],
    )
    person = convert(stack, lead)
    told = stack.advance(120)
    assert (told["open_errors"], roles(people, theirs)) == (0, [person])
    assert tied(people, made) == {contact}


@pytest.mark.rule("Q-29")
@pytest.mark.rule("OPP-9")
@pytest.mark.rule("OPP-12")
def test_who_is_taken_away_on_one_side_stays_on_the_other(stack: Stack, people: People):
    """By default only additions cross: the association stays without the role, the role without the
    association, and neither comes back.
    """
    one, two = (someone(stack, people, f"{name}@removed.example") for name in ("one", "two"))
    mine, theirs = from_opportunity(stack, people, "Removed")
    ended, _ = new_role(people, theirs, one.person), new_role(people, theirs, two.person)
    stack.settle()
    assert tied(people, mine) == {one.contact, two.contact}
    people.delete_record("OpportunityContactRole", ended)
    untie(people, mine, "contacts", two.contact)
    stack.settle()
    people.edit_record("Opportunity", theirs, Amount=1)
    edit_deal(people, mine, description="x")
    told = stack.advance(SWEEP)
    assert (told["open_errors"], tied(people, mine), roles(people, theirs)) == (
        0,
        {one.contact},
        [two.person],
    )


@pytest.mark.rule("OPP-1")
@pytest.mark.rule("OPP-11")
@pytest.mark.rule("FLD-8")
def test_the_account_of_an_opportunity_is_the_primary_company_of_its_deal(
    stack: Stack, people: People
):
    """With a new opportunity, a new deal, and when either of them gets another one; what one side
    lacks is taken from nobody (CH-23).
    """
    names = ("First AG", "Second AG")
    first, second = (people.new_account(Name=name) for name in names)
    stack.settle()
    here = {name: companies(people, name)[0] for name in names}
    mine, theirs = from_opportunity(stack, people, "Housed", AccountId=first)
    assert tied(people, mine, "companies") == {here["First AG"]}
    people.edit_record("Opportunity", theirs, AccountId=second)
    assert open_errors(stack) == 0
    assert primary(people, mine) == here["Second AG"]
    tie(people, own := new_deal(people, "Housed too"), "companies", here["First AG"])
    assert open_errors(stack) == 0
    assert opportunity(people, counterpart(people, own), "AccountId") == {"AccountId": first}
    untie(people, own, "companies", here["First AG"])
    stack.settle()
    assert opportunity(people, counterpart(people, own), "AccountId") == {"AccountId": first}
    tie(people, own, "companies", here["Second AG"])
    assert open_errors(stack) == 0
    assert opportunity(people, counterpart(people, own), "AccountId") == {"AccountId": second}


@pytest.mark.rule("Q-27")
def test_the_account_comes_as_soon_as_the_company_has_one(stack: Stack, people: People):
    """A deal of a company without account makes an opportunity without; when the company gets its
    account, so does the opportunity.
    """
    company = people.new_company(name="Slow GmbH")
    made = new_deal(people, "Slow")
    tie(people, made, "companies", company)
    assert open_errors(stack) == 0
    theirs = counterpart(people, made)
    assert opportunity(people, theirs, "AccountId") == {"AccountId": None}
    people.associate(people.new_contact(email="slow@slow.example", lastname="Lang"), company)
    told = stack.advance(120)
    (account,) = accounts(people, "Slow GmbH")
    assert (told["open_errors"], opportunity(people, theirs, "AccountId")) == (
        0,
        {"AccountId": account["Id"]},
    )


@pytest.mark.rule("OWN-18")
@pytest.mark.rule("OWN-19")
@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        (OLIVE, "Olive Owens"),
        (NIA, "Integration User"),
        (BEN, "Integration User"),
        ("", "Integration User"),
    ],
    ids=["both_sides", "hubspot_only", "other_name", "nobody"],
)
def test_the_owner_of_a_new_opportunity(stack: Stack, people: People, owner: str, expected: str):
    """The deal's, where an active user has the same name and address (OWN-18); else the integration
    user (OWN-19).
    """
    given = {"hubspot_owner_id": hubspot_owner(people, owner)} if owner else {}
    _, theirs = from_deal(stack, people, f"Owned by {owner or 'nobody'}", **given)
    assert open_errors(stack) == 0
    assert owner_name(people, "Opportunity", theirs) == expected


@pytest.mark.rule("FLD-10")
def test_a_row_of_the_operators_own_crosses_both_ways(stack: Stack, people: People):
    """A field that the settings map goes with new deals and opportunities, and edits of it cross in
    both directions.
    """
    mine, theirs = from_opportunity(stack, people, "Mapped", Region__c="North")
    assert deal(people, mine, "region") == {"region": "North"}
    edit_deal(people, mine, region="South")
    stack.settle()
    assert opportunity(people, theirs, "Region__c") == {"Region__c": "South"}
    people.edit_record("Opportunity", theirs, Region__c="East")
    stack.settle()
    assert deal(people, mine, "region") == {"region": "East"}
    _, other = from_deal(stack, people, "Mapped too", region="West")
    assert opportunity(people, other, "Region__c") == {"Region__c": "West"}


@pytest.mark.rule("CUR-1")
@pytest.mark.rule("OPP-5")
def test_an_amount_keeps_its_currency(stack: Stack, people: People):
    """Where the org has several, the currency goes along, both ways; of one that it does not have a
    person is told, and nothing crosses.
    """
    mine, theirs = from_opportunity(stack, people, "Dollars", Amount=10, CurrencyIsoCode="USD")
    assert deal(people, mine, "amount", "deal_currency_code") == {
        "amount": "10",
        "deal_currency_code": "USD",
    }
    edit_deal(people, mine, deal_currency_code="EUR", amount="9")
    assert open_errors(stack) == 0
    assert opportunity(people, theirs, "Amount", "CurrencyIsoCode") == {
        "Amount": 9.0,
        "CurrencyIsoCode": "EUR",
    }
    people.edit_record("Opportunity", theirs, CurrencyIsoCode="USD")
    assert open_errors(stack) == 0
    assert deal(people, mine, "amount", "deal_currency_code") == {
        "amount": "9",
        "deal_currency_code": "USD",
    }
    _, other = from_deal(stack, people, "Euros", amount="5", deal_currency_code="EUR")
    assert opportunity(people, other, "Amount", "CurrencyIsoCode") == {
        "Amount": 5.0,
        "CurrencyIsoCode": "EUR",
    }
    edit_deal(people, mine, deal_currency_code="JPY", amount="1200")
    assert open_errors(stack) == 1
    assert opportunity(people, theirs, "Amount", "CurrencyIsoCode") == {
        "Amount": 9.0,
        "CurrencyIsoCode": "USD",
    }
    edit_deal(people, mine, deal_currency_code="EUR", amount="8")
    assert open_errors(stack) == 0
    assert opportunity(people, theirs, "Amount", "CurrencyIsoCode") == {
        "Amount": 8.0,
        "CurrencyIsoCode": "EUR",
    }
