"""Stories of contacts and their parents: a contact's company and its account go together, whoever
moves it and wherever.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import WORLD
from tests.flows.stories.story_contacts import SWEEP, found, open_errors, rows, writes
from tests.flows.stories.story_parents import (
    a_family,
    a_pair,
    account_of,
    an_address,
    company_of,
    parent,
    primary,
    told,
    with_companies,
)


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One stack for the module, in which new contacts become contacts, and accounts of some names
    are refused.
    """
    rule = {
        "object": "Account",
        "field": "Name",
        "contains": "Refused",
        "message": "No such accounts, please",
    }
    with Stack(
        with_companies(),
        WORLD | {"salesforce": {**WORLD["salesforce"], "validation_rules": [rule]}},
    ) as stack:
        yield stack


@pytest.mark.rule("FLD-8")
@pytest.mark.rule("FLD-4")
@pytest.mark.rule("ACC-7")
def test_a_contact_is_born_under_the_account_of_its_company(stack: Stack, people: People):
    """Contact, company and association made together in HubSpot end complete without any time
    passing: one account, one contact in it.
    """
    address = an_address()
    company = people.new_company(name="Example Together")
    contact = people.new_contact(email=address, lastname="Lang")
    people.associate(contact, company)
    told = stack.settle()
    account = account_of(people, company)
    assert rows(people, "Contact", address, "AccountId", "LastName") == [
        {"AccountId": account, "LastName": "Lang"}
    ]
    assert (told["open_errors"], primary(people, contact)) == (0, company)
    before = writes(stack)
    assert (stack.advance(SWEEP)["open_errors"], writes(stack)) == (0, before)


@pytest.mark.rule("FLD-8")
@pytest.mark.rule("ACC-8")
def test_an_association_made_in_hubspot_gives_the_contact_its_account(stack: Stack, people: People):
    """A contact without parent is associated with a company that is nobody's yet: the account
    comes, and the contact goes under it.
    """
    address = an_address()
    contact = people.new_contact(email=address, lastname="Lang")
    stack.settle()
    (row,) = rows(people, "Contact", address, "Id", "AccountId")
    assert row["AccountId"] is None
    company = people.new_company(name="Example Later")
    stack.settle()
    people.associate(contact, company)
    assert open_errors(stack) == 0
    assert parent(people, row["Id"]) == account_of(people, company)


@pytest.mark.rule("FLD-8")
@pytest.mark.rule("FLD-9")
def test_an_account_set_in_salesforce_becomes_the_primary_company(stack: Stack, people: People):
    """A real association is made, primary; what else the contact is associated with stays."""
    family = a_family(stack, people)
    company, account = a_pair(stack, people, "Example Set")
    people.edit_record("Contact", family.person, AccountId=account)
    assert open_errors(stack) == 0
    assert primary(people, family.contact) == company
    assert people.companies_of(family.contact) == {company: True, family.company: False}


@pytest.mark.rule("FLD-8")
@pytest.mark.rule("ACC-3")
def test_a_contact_made_in_salesforce_comes_with_its_company(stack: Stack, people: People):
    """Account and contact made in Salesforce at once become company, contact and a primary
    association.
    """
    address = an_address()
    account = people.new_account(Name="Example Origin")
    people.new_record("Contact", LastName="Holm", Email=address, AccountId=account)
    assert open_errors(stack) == 0
    company = company_of(people, account)
    assert primary(people, found(people, address)) == company


@pytest.mark.rule("DUP-4")
@pytest.mark.rule("DUP-5")
def test_contacts_that_are_associated_anew_move_to_the_other_account(stack: Stack, people: People):
    """Moved from company A to company B, the contact goes to account B; A keeps its own account,
    and edits of A reach that one only.
    """
    family = a_family(stack, people)
    company, account = a_pair(stack, people, "Example B")
    people.dissociate(family.contact, family.company)
    people.associate(family.contact, company, primary=True)
    assert open_errors(stack) == 0
    assert (parent(people, family.person), primary(people, family.contact)) == (account, company)
    people.edit_company(family.company, phone="+49 731 0100")
    stack.settle()
    assert people.account(family.account, "Phone") == {"Phone": "+49 731 0100"}
    assert people.account(account, "Phone", "Name") == {"Phone": None, "Name": "Example B"}


@pytest.mark.rule("DUP-4")
def test_another_primary_company_among_several_moves_the_contact(stack: Stack, people: People):
    """A further company changes nothing; made the primary one, it takes the contact along."""
    family = a_family(stack, people)
    company, account = a_pair(stack, people, "Example Further")
    people.associate(family.contact, company)
    stack.settle()
    assert parent(people, family.person) == family.account
    people.associate(family.contact, company, primary=True)
    assert open_errors(stack) == 0
    assert (parent(people, family.person), primary(people, family.contact)) == (account, company)


@pytest.mark.rule("Q-21")
@pytest.mark.rule("FLD-8")
@pytest.mark.parametrize("last", ["hubspot", "salesforce"])
def test_moved_on_both_sides_the_most_recent_move_wins(stack: Stack, people: People, last: str):
    """It is the time of the move that counts, not that of a later edit of something else on the
    side that moved first.
    """
    family = a_family(stack, people)
    one, other = (
        a_pair(stack, people, f"Example One {last}"),
        a_pair(stack, people, f"Example Other {last}"),
    )
    moves = [
        lambda: people.associate(family.contact, one[0], primary=True),
        lambda: people.edit_record("Contact", family.person, AccountId=other[1]),
    ]
    for move in moves if last == "salesforce" else reversed(moves):
        move()
        stack.advance(60, settle=False)
    if last == "salesforce":
        people.edit_contact(family.contact, phone="+49 731 0101")
    assert open_errors(stack) == 0
    company, account = other if last == "salesforce" else one
    assert (parent(people, family.person), primary(people, family.contact)) == (account, company)


@pytest.mark.rule("Q-29")
@pytest.mark.rule("CH-23")
@pytest.mark.long
def test_taking_a_parent_away_takes_nothing_away_across(stack: Stack, people: People):
    """Dissociated in HubSpot the contact keeps its account; without account in Salesforce it keeps
    its company.
    """
    one, two = a_family(stack, people), a_family(stack, people)
    people.dissociate(one.contact, one.company)
    people.edit_record("Contact", two.person, AccountId=None)
    stack.settle()
    people.edit_contact(one.contact, phone="+49 731 0102")
    people.edit_contact(two.contact, phone="+49 731 0102")
    assert stack.advance(SWEEP)["open_errors"] == 0
    assert (parent(people, one.person), primary(people, one.contact)) == (one.account, None)
    assert (parent(people, two.person), primary(people, two.contact)) == (None, two.company)
    people.associate(one.contact, one.company)
    people.edit_record("Contact", two.person, AccountId=two.account)
    assert open_errors(stack) == 0
    assert (parent(people, one.person), primary(people, one.contact)) == (one.account, one.company)
    assert (parent(people, two.person), primary(people, two.contact)) == (two.account, two.company)


@pytest.mark.rule("ACC-21")
@pytest.mark.rule("FLD-8")
@pytest.mark.parametrize(
    "is_linked", [False, True], ids=["contact before account", "linked contact"]
)
@pytest.mark.long
def test_a_contact_waits_for_its_account_and_says_so_after_a_while(
    stack: Stack,
    people: People,
    is_linked: bool,  # noqa: FBT001
):
    """Its company's account is refused: that is told at once, the contact's waiting after the
    deadline; mended, both go at once.
    """
    address = an_address()
    contact = people.new_contact(email=address, lastname="Lang")
    if is_linked:
        stack.settle()
    company = people.new_company(name=f"Refused {address}")
    people.associate(contact, company)
    stack.settle()
    assert {record: category for record, (category, _) in told(stack).items()} == {
        company: "validation"
    }
    if is_linked:
        people.edit_contact(contact, phone="+49 731 0103")
        stack.settle()
        assert rows(people, "Contact", address, "Phone", "AccountId") == [
            {"Phone": "+49 731 0103", "AccountId": None}
        ]
    stack.advance(50 * 60)
    assert told(stack)[contact] == ("associations", "waiting for account to sync")
    people.edit_company(company, name=f"Example {address}")
    stack.settle()
    assert told(stack) == {}
    assert rows(people, "Contact", address, "AccountId") == [
        {"AccountId": account_of(people, company)}
    ]


@pytest.mark.rule("FLD-8")
def test_a_move_to_an_account_whose_company_is_gone_unheard_is_nobodys_mistake(
    stack: Stack, people: People
):
    """HubSpot's word of the deletion got lost: the contact waits without an error, and stays where
    it was moved.
    """
    family = a_family(stack, people)
    company, account = a_pair(stack, people, "Example Gone Unheard")
    stack.faults([{"at": "webhook", "kind": "drop", "times": 9}])
    people.delete_company(company)
    stack.settle()
    stack.faults([])
    people.edit_record("Contact", family.person, AccountId=account)
    assert open_errors(stack) == 0
    people.edit_record("Account", account, Phone="+49 731 0200")
    stack.settle()
    assert stack.advance(SWEEP)["open_errors"] == 0
    assert (parent(people, family.person), primary(people, family.contact)) == (
        account,
        family.company,
    )
