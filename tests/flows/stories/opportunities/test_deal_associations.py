"""Stories of a deal's contacts and companies: contact roles become associations and back, and the
account is the primary company.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.stories.story_accounts import accounts, companies
from tests.flows.stories.story_contacts import SWEEP, contact_id, convert, open_errors
from tests.flows.stories.story_deals import (
    WORLD,
    associate,
    associated,
    counterpart,
    deal,
    dissociate,
    edit_deal,
    from_opportunity,
    linked_contact,
    new_deal,
    new_role,
    opportunity,
    primary,
    roles,
    settings,
)


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One stack for the module."""
    with Stack(settings(), WORLD) as stack:
        yield stack


@pytest.mark.long
@pytest.mark.rule("OPP-9")
@pytest.mark.rule("OPP-10")
def test_only_contact_roles_create_associations(stack: Stack, people: People):
    """Account, task or lookup associate no contact with the deal (OPP-10), but a role does at once,
    also that of a new opportunity.
    """
    account = people.new_account(Name="Tied AG")
    inside = people.new_record(
        "Contact", LastName="Inside", Email="inside@tied.example", AccountId=account
    )
    deal_id, opportunity_id = from_opportunity(
        stack, people, "Tied", AccountId=account, Sponsor__c=inside
    )
    people.new_record("Task", Subject="Call", WhoId=inside, WhatId=opportunity_id)
    people.edit_record("Opportunity", opportunity_id, Amount=3)
    result = stack.settle()
    assert (
        result["open_errors"],
        deal(people, deal_id, "amount"),
        associated(people, deal_id),
    ) == (
        0,
        {"amount": "3"},
        set(),
    )
    new_role(people, opportunity_id, inside)
    assert open_errors(stack) == 0
    contact = contact_id(people, "inside@tied.example")
    assert associated(people, deal_id) == {contact}
    other, _ = from_opportunity(stack, people, "Tied at once", ContactId=inside)
    assert associated(people, other) == {contact}


@pytest.mark.rule("OPP-12")
@pytest.mark.rule("OPP-11")
def test_the_contacts_of_a_deal_get_roles(stack: Stack, people: People):
    """The contacts of a new deal and those associated later get one role each."""
    first, second = (
        linked_contact(stack, people, f"{one}@twelve.example") for one in ("first", "second")
    )
    made = new_deal(people, "Twelve")
    associate(people, made, "contacts", first.contact)
    assert open_errors(stack) == 0
    opportunity_id = counterpart(people, made)
    assert roles(people, opportunity_id) == [first.person]
    associate(people, made, "contacts", second.contact)
    stack.settle()
    edit_deal(people, made, amount="2")
    assert open_errors(stack) == 0
    assert roles(people, opportunity_id) == sorted([first.person, second.person])


@pytest.mark.rule("OPP-12")
@pytest.mark.rule("Q-27")
def test_a_contact_gets_its_role_once_its_lead_is_converted(stack: Stack, people: People):
    """A deal whose contact syncs with a lead creates an opportunity without account and role, and
    the role follows the conversion.
    """
    lead = people.new_record(
        "Lead", LastName="Lead", Company="Later AB", Email="lead@later.example"
    )
    stack.settle()
    contact = contact_id(people, "lead@later.example")
    made = new_deal(people, "Later")
    associate(people, made, "contacts", contact)
    result = stack.settle()
    opportunity_id = counterpart(people, made)
    assert (
        result["open_errors"],
        opportunity(people, opportunity_id, "AccountId"),
        roles(people, opportunity_id),
    ) == (
        0,
        {"AccountId": None},
        [],
    )
    person = convert(stack, lead)
    result = stack.advance(120)
    assert (result["open_errors"], roles(people, opportunity_id)) == (0, [person])
    assert associated(people, made) == {contact}


@pytest.mark.long
@pytest.mark.rule("Q-29")
@pytest.mark.rule("OPP-9")
@pytest.mark.rule("OPP-12")
def test_a_contact_removed_on_one_side_stays_on_the_other(stack: Stack, people: People):
    """By default only additions sync: the association stays without the role, the role without the
    association, and neither is added again.
    """
    one, two = (linked_contact(stack, people, f"{name}@removed.example") for name in ("one", "two"))
    deal_id, opportunity_id = from_opportunity(stack, people, "Removed")
    ended, _ = (
        new_role(people, opportunity_id, one.person),
        new_role(people, opportunity_id, two.person),
    )
    stack.settle()
    assert associated(people, deal_id) == {one.contact, two.contact}
    people.delete_record("OpportunityContactRole", ended)
    dissociate(people, deal_id, "contacts", two.contact)
    stack.settle()
    people.edit_record("Opportunity", opportunity_id, Amount=1)
    edit_deal(people, deal_id, description="x")
    result = stack.advance(SWEEP)
    assert (result["open_errors"], associated(people, deal_id), roles(people, opportunity_id)) == (
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
    """This holds for new opportunities, new deals and later changes, while a company removed from
    the deal keeps the account (CH-23).
    """
    names = ("First AG", "Second AG")
    first, second = (people.new_account(Name=name) for name in names)
    stack.settle()
    here = {name: companies(people, name)[0] for name in names}
    deal_id, opportunity_id = from_opportunity(stack, people, "Housed", AccountId=first)
    assert associated(people, deal_id, "companies") == {here["First AG"]}
    people.edit_record("Opportunity", opportunity_id, AccountId=second)
    assert open_errors(stack) == 0
    assert primary(people, deal_id) == here["Second AG"]
    associate(people, own := new_deal(people, "Housed too"), "companies", here["First AG"])
    assert open_errors(stack) == 0
    assert opportunity(people, counterpart(people, own), "AccountId") == {"AccountId": first}
    dissociate(people, own, "companies", here["First AG"])
    stack.settle()
    assert opportunity(people, counterpart(people, own), "AccountId") == {"AccountId": first}
    associate(people, own, "companies", here["Second AG"])
    assert open_errors(stack) == 0
    assert opportunity(people, counterpart(people, own), "AccountId") == {"AccountId": second}


@pytest.mark.rule("Q-27")
def test_an_opportunity_gets_its_account_once_the_company_has_one(stack: Stack, people: People):
    """A deal of a company without an account creates an opportunity without one, which gets the
    account once it is created.
    """
    company = people.new_company(name="Slow GmbH")
    made = new_deal(people, "Slow")
    associate(people, made, "companies", company)
    assert open_errors(stack) == 0
    opportunity_id = counterpart(people, made)
    assert opportunity(people, opportunity_id, "AccountId") == {"AccountId": None}
    people.associate(people.new_contact(email="slow@slow.example", lastname="Lang"), company)
    result = stack.advance(120)
    (account,) = accounts(people, "Slow GmbH")
    assert (result["open_errors"], opportunity(people, opportunity_id, "AccountId")) == (
        0,
        {"AccountId": account["Id"]},
    )
