"""Stories of deals and opportunities in sync: how one creates the other, their fields and their
owners.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.stories.story_contacts import SWEEP, open_errors, writes
from tests.flows.stories.story_deals import (
    DEFAULT_PIPELINE,
    JULY,
    JUNE,
    ROW,
    SALES_PIPELINE,
    WORLD,
    associate,
    associated,
    counterpart,
    deal,
    deals,
    edit_deal,
    from_deal,
    from_opportunity,
    linked_contact,
    new_deal,
    new_opportunity,
    new_role,
    opportunities,
    opportunity,
    roles,
    settings,
    stage_ids,
    stage_of,
)
from tests.flows.stories.story_owners import BEN, NIA, OLIVE, OTTO, hubspot_owner, owner_name, user

DEAL_FIELDS = ("dealname", "closedate", "dealtype", "description", "amount")
OPPORTUNITY_FIELDS = ("Name", "CloseDate", "Type", "Description", "Amount")


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One stack for the module."""
    with Stack(settings(rows=ROW), WORLD) as stack:
        yield stack


@pytest.mark.rule("OPP-1")
@pytest.mark.rule("OPP-5")
def test_an_opportunity_creates_a_deal_and_both_stay_in_sync(stack: Stack, people: People):
    """Owner, close date, name, type, description, amount and stage are set on the new deal, and
    edits of all seven sync in both directions.
    """
    given = {
        "Amount": 1200.5,
        "Type": "New Customer",
        "Description": "Two lines\nof it",
        "StageName": "Qualification",
    }
    deal_id, opportunity_id = from_opportunity(
        stack, people, "Seven", OwnerId=user(people, OLIVE), **given
    )
    assert deal(people, deal_id, *DEAL_FIELDS, "hubspot_owner_id", "crmsync_salesforce_id") == {
        "dealname": "Seven",
        "closedate": f"{JUNE}T12:00:00Z",
        "dealtype": "newbusiness",
        "description": "Two lines\nof it",
        "amount": "1200.5",
        "hubspot_owner_id": hubspot_owner(people, OLIVE),
        "crmsync_salesforce_id": opportunity_id,
    }
    assert stage_of(people, deal_id) == (DEFAULT_PIPELINE, "Qualification")

    words = {
        "dealname": "Seven b",
        "closedate": JULY,
        "dealtype": "existingbusiness",
        "description": "b",
    }
    owner = {"hubspot_owner_id": hubspot_owner(people, OTTO)}
    edit_deal(
        people,
        deal_id,
        **words,
        amount="7",
        **owner,
        **stage_ids(people, DEFAULT_PIPELINE, "Closed Won"),
    )
    assert open_errors(stack) == 0
    assert opportunity(people, opportunity_id, *OPPORTUNITY_FIELDS, "StageName", "IsWon") == {
        "Name": "Seven b",
        "CloseDate": JULY,
        "Type": "Existing Customer - Upgrade",
        "Description": "b",
        "Amount": 7.0,
        "StageName": "Closed Won",
        "IsWon": True,
    }
    assert owner_name(people, "Opportunity", opportunity_id) == "Otto Olsen"

    edits = {
        "CloseDate": JUNE,
        "Type": "New Customer",
        "Description": "c",
        "StageName": "Closed Lost",
        "Amount": 9.25,
    }
    people.edit_record(
        "Opportunity", opportunity_id, Name="Seven c", OwnerId=user(people, OLIVE), **edits
    )
    assert open_errors(stack) == 0
    assert deal(people, deal_id, *DEAL_FIELDS, "hubspot_owner_id") == {
        "dealname": "Seven c",
        "closedate": f"{JUNE}T12:00:00Z",
        "dealtype": "newbusiness",
        "description": "c",
        "amount": "9.25",
        "hubspot_owner_id": hubspot_owner(people, OLIVE),
    }
    assert stage_of(people, deal_id) == (DEFAULT_PIPELINE, "Closed Lost")
    before = writes(stack)
    stack.advance(SWEEP)
    assert writes(stack) == before


@pytest.mark.rule("OPP-11")
@pytest.mark.rule("OPP-5")
def test_a_deal_creates_an_opportunity(stack: Stack, people: People):
    """A deal of HubSpot's own pipeline stays there, and a later sweep creates no second opportunity
    and writes nothing.
    """
    words = {
        "dealtype": "newbusiness",
        "description": "d",
        "amount": "10",
        "dealstage": "closedwon",
    }
    deal_id, opportunity_id = from_deal(stack, people, "Eleven", **words)
    assert opportunity(people, opportunity_id, *OPPORTUNITY_FIELDS, "StageName") == {
        "Name": "Eleven",
        "CloseDate": JUNE,
        "Type": "New Customer",
        "Description": "d",
        "Amount": 10.0,
        "StageName": "Closed Won",
    }
    assert (counterpart(people, deal_id), stage_of(people, deal_id)) == (
        opportunity_id,
        (SALES_PIPELINE, "Closed Won"),
    )
    before = writes(stack)
    result = stack.advance(SWEEP)
    assert (result["open_errors"], writes(stack), len(opportunities(people, "Eleven"))) == (
        0,
        before,
        1,
    )


@pytest.mark.rule("DUP-6")
@pytest.mark.rule("DUP-7")
def test_deals_and_opportunities_are_never_matched_by_name(stack: Stack, people: People):
    """Two deals and two opportunities with the same name, date and amount, made before a sync,
    become four pairs.
    """
    made = [new_opportunity(people, "Same", Amount=5) for _ in range(2)]
    own = [new_deal(people, "Same", amount="5") for _ in range(2)]
    result = stack.advance(SWEEP)
    both = deals(people, "Same")
    assert (result["open_errors"], len(both), len(opportunities(people, "Same"))) == (0, 4, 4)
    assert len({counterpart(people, one) for one in both}) == 4
    assert {counterpart(people, one) for one in both if one not in own} == set(made)


def killed(*after: str) -> list[dict[str, Any]]:
    """Faults that kill the opportunity sync once after each of these writes."""
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
def test_faults_create_no_record_twice(stack: Stack, people: People, name: str):
    """Duplicate deliveries, answers lost after the write and killed calls leave one deal, one
    opportunity, one role and one association each.
    """
    member = linked_contact(stack, people, f"{name}@example.com")
    stack.faults(FAULTS[name])
    opportunity_id = new_opportunity(people, f"{name} theirs")
    new_role(people, opportunity_id, member.person)
    deal_id = new_deal(people, f"{name} mine")
    associate(people, deal_id, "contacts", member.contact)
    stack.settle()
    for _ in FAULTS[name]:
        result = stack.advance(SWEEP)
    assert result["open_errors"] == 0
    synced_deals = [one for side in ("mine", "theirs") for one in deals(people, f"{name} {side}")]
    synced_opportunities = [
        one["Id"] for side in ("mine", "theirs") for one in opportunities(people, f"{name} {side}")
    ]
    assert (len(synced_deals), [counterpart(people, one) for one in synced_deals]) == (
        2,
        synced_opportunities,
    )
    assert (synced_deals[0], synced_opportunities[1]) == (deal_id, opportunity_id)
    for one, other in zip(synced_deals, synced_opportunities, strict=True):
        assert (associated(people, one), roles(people, other)) == (
            {member.contact},
            [member.person],
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
    """The owner is the active user with the name and address of the deal's owner (OWN-18), and
    otherwise the integration user (OWN-19).
    """
    given = {"hubspot_owner_id": hubspot_owner(people, owner)} if owner else {}
    _, opportunity_id = from_deal(stack, people, f"Owned by {owner or 'nobody'}", **given)
    assert open_errors(stack) == 0
    assert owner_name(people, "Opportunity", opportunity_id) == expected


@pytest.mark.rule("FLD-10")
def test_a_custom_field_of_a_deal_syncs_both_ways(stack: Stack, people: People):
    """A field that the settings map is set on new deals and opportunities, and edits of it sync in
    both directions.
    """
    deal_id, opportunity_id = from_opportunity(stack, people, "Mapped", Region__c="North")
    assert deal(people, deal_id, "region") == {"region": "North"}
    edit_deal(people, deal_id, region="South")
    stack.settle()
    assert opportunity(people, opportunity_id, "Region__c") == {"Region__c": "South"}
    people.edit_record("Opportunity", opportunity_id, Region__c="East")
    stack.settle()
    assert deal(people, deal_id, "region") == {"region": "East"}
    _, other = from_deal(stack, people, "Mapped too", region="West")
    assert opportunity(people, other, "Region__c") == {"Region__c": "West"}


@pytest.mark.rule("CUR-1")
@pytest.mark.rule("OPP-5")
def test_an_amount_keeps_its_currency(stack: Stack, people: People):
    """In an org with several currencies the currency syncs with the amount, and an amount in an
    unknown currency is reported and not synced.
    """
    deal_id, opportunity_id = from_opportunity(
        stack, people, "Dollars", Amount=10, CurrencyIsoCode="USD"
    )
    assert deal(people, deal_id, "amount", "deal_currency_code") == {
        "amount": "10",
        "deal_currency_code": "USD",
    }
    edit_deal(people, deal_id, deal_currency_code="EUR", amount="9")
    assert open_errors(stack) == 0
    assert opportunity(people, opportunity_id, "Amount", "CurrencyIsoCode") == {
        "Amount": 9.0,
        "CurrencyIsoCode": "EUR",
    }
    people.edit_record("Opportunity", opportunity_id, CurrencyIsoCode="USD")
    assert open_errors(stack) == 0
    assert deal(people, deal_id, "amount", "deal_currency_code") == {
        "amount": "9",
        "deal_currency_code": "USD",
    }
    _, other = from_deal(stack, people, "Euros", amount="5", deal_currency_code="EUR")
    assert opportunity(people, other, "Amount", "CurrencyIsoCode") == {
        "Amount": 5.0,
        "CurrencyIsoCode": "EUR",
    }
    edit_deal(people, deal_id, deal_currency_code="JPY", amount="1200")
    assert open_errors(stack) == 1
    assert opportunity(people, opportunity_id, "Amount", "CurrencyIsoCode") == {
        "Amount": 9.0,
        "CurrencyIsoCode": "USD",
    }
    edit_deal(people, deal_id, deal_currency_code="EUR", amount="8")
    assert open_errors(stack) == 0
    assert opportunity(people, opportunity_id, "Amount", "CurrencyIsoCode") == {
        "Amount": 8.0,
        "CurrencyIsoCode": "EUR",
    }
