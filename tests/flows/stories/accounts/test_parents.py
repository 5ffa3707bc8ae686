"""Stories of contacts and their parents: when a contact changes its company or its account, the
other side follows.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import WORLD
from tests.flows.stories.story_contacts import SWEEP, contact_id, open_errors, rows, writes
from tests.flows.stories.story_parents import (
    account_of,
    company_of,
    new_address,
    parent,
    primary,
    reports,
    synced_company,
    synced_contact,
    with_companies,
)


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One stack for the module, in which new contacts become contacts and a validation rule refuses
    some account names.
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


@pytest.mark.long
@pytest.mark.rule("FLD-8")
@pytest.mark.rule("FLD-4")
@pytest.mark.rule("ACC-7")
def test_a_new_contact_is_created_in_the_account_of_its_company(stack: Stack, people: People):
    """A contact, a company and their association, made together in HubSpot, become one account with
    one contact without waiting.
    """
    address = new_address()
    company = people.new_company(name="Example Together")
    contact = people.new_contact(email=address, lastname="Lang")
    people.associate(contact, company)
    result = stack.settle()
    account = account_of(people, company)
    assert rows(people, "Contact", address, "AccountId", "LastName") == [
        {"AccountId": account, "LastName": "Lang"}
    ]
    assert (result["open_errors"], primary(people, contact)) == (0, company)
    before = writes(stack)
    assert (stack.advance(SWEEP)["open_errors"], writes(stack)) == (0, before)


@pytest.mark.rule("FLD-8")
@pytest.mark.rule("ACC-8")
def test_an_association_made_in_hubspot_gives_the_contact_its_account(stack: Stack, people: People):
    """When a contact is associated with a new company, the account is created and the contact is
    put into it.
    """
    address = new_address()
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
    """The contact's new account becomes its primary company, and its other associations stay."""
    synced = synced_contact(stack, people)
    company, account = synced_company(stack, people, "Example Set")
    people.edit_record("Contact", synced.person, AccountId=account)
    assert open_errors(stack) == 0
    assert primary(people, synced.contact) == company
    assert people.companies_of(synced.contact) == {company: True, synced.company: False}


@pytest.mark.rule("FLD-8")
@pytest.mark.rule("ACC-3")
def test_a_contact_created_in_salesforce_gets_its_company(stack: Stack, people: People):
    """An account and its contact, made together in Salesforce, become a company, a contact and a
    primary association.
    """
    address = new_address()
    account = people.new_account(Name="Example Origin")
    people.new_record("Contact", LastName="Holm", Email=address, AccountId=account)
    assert open_errors(stack) == 0
    company = company_of(people, account)
    assert primary(people, contact_id(people, address)) == company


@pytest.mark.rule("DUP-4")
@pytest.mark.rule("DUP-5")
def test_a_contact_that_changes_its_company_changes_its_account(stack: Stack, people: People):
    """The contact moves to the new company's account, and later edits of the old company reach the
    old account alone.
    """
    synced = synced_contact(stack, people)
    company, account = synced_company(stack, people, "Example B")
    people.dissociate(synced.contact, synced.company)
    people.associate(synced.contact, company, primary=True)
    assert open_errors(stack) == 0
    assert (parent(people, synced.person), primary(people, synced.contact)) == (account, company)
    people.edit_company(synced.company, phone="+49 731 0100")
    stack.settle()
    assert people.account(synced.account, "Phone") == {"Phone": "+49 731 0100"}
    assert people.account(account, "Phone", "Name") == {"Phone": None, "Name": "Example B"}


@pytest.mark.rule("DUP-4")
def test_a_new_primary_company_moves_the_contact(stack: Stack, people: People):
    """A further company changes nothing, but making it the primary company moves the contact to its
    account.
    """
    synced = synced_contact(stack, people)
    company, account = synced_company(stack, people, "Example Further")
    people.associate(synced.contact, company)
    stack.settle()
    assert parent(people, synced.person) == synced.account
    people.associate(synced.contact, company, primary=True)
    assert open_errors(stack) == 0
    assert (parent(people, synced.person), primary(people, synced.contact)) == (account, company)


@pytest.mark.long
@pytest.mark.rule("Q-21")
@pytest.mark.rule("FLD-8")
@pytest.mark.parametrize("last", ["hubspot", "salesforce"])
def test_of_moves_on_both_sides_the_later_one_wins(stack: Stack, people: People, last: str):
    """The time of the move decides, not that of a later edit of another field."""
    synced = synced_contact(stack, people)
    one, other = (
        synced_company(stack, people, f"Example One {last}"),
        synced_company(stack, people, f"Example Other {last}"),
    )
    moves = [
        lambda: people.associate(synced.contact, one[0], primary=True),
        lambda: people.edit_record("Contact", synced.person, AccountId=other[1]),
    ]
    for move in moves if last == "salesforce" else reversed(moves):
        move()
        stack.advance(60, settle=False)
    if last == "salesforce":
        people.edit_contact(synced.contact, phone="+49 731 0101")
    assert open_errors(stack) == 0
    company, account = other if last == "salesforce" else one
    assert (parent(people, synced.person), primary(people, synced.contact)) == (account, company)


@pytest.mark.rule("Q-29")
@pytest.mark.rule("CH-23")
@pytest.mark.long
def test_removing_a_parent_on_one_side_keeps_it_on_the_other(stack: Stack, people: People):
    """A contact that loses its company keeps its account, and one that loses its account keeps its
    company.
    """
    one, two = synced_contact(stack, people), synced_contact(stack, people)
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
def test_a_contact_waits_for_its_account_and_is_reported_after_the_deadline(
    stack: Stack,
    people: People,
    is_linked: bool,  # noqa: FBT001
):
    """A refused account is reported at once and the waiting contact after the deadline; once the
    account is accepted, both sync.
    """
    address = new_address()
    contact = people.new_contact(email=address, lastname="Lang")
    if is_linked:
        stack.settle()
    company = people.new_company(name=f"Refused {address}")
    people.associate(contact, company)
    stack.settle()
    assert {record: category for record, (category, _) in reports(stack).items()} == {
        company: "validation"
    }
    if is_linked:
        people.edit_contact(contact, phone="+49 731 0103")
        stack.settle()
        assert rows(people, "Contact", address, "Phone", "AccountId") == [
            {"Phone": "+49 731 0103", "AccountId": None}
        ]
    stack.advance(50 * 60)
    assert reports(stack)[contact] == ("associations", "waiting for account to sync")
    people.edit_company(company, name=f"Example {address}")
    stack.settle()
    assert reports(stack) == {}
    assert rows(people, "Contact", address, "AccountId") == [
        {"AccountId": account_of(people, company)}
    ]


@pytest.mark.long
@pytest.mark.rule("FLD-8")
def test_a_move_to_an_account_whose_company_is_gone_is_no_error(stack: Stack, people: People):
    """If the webhook of the company's deletion was lost, the contact stays in its new account and
    nothing is reported.
    """
    synced = synced_contact(stack, people)
    company, account = synced_company(stack, people, "Example Gone Unheard")
    stack.faults([{"at": "webhook", "kind": "drop", "times": 9}])
    people.delete_company(company)
    stack.settle()
    stack.faults([])
    people.edit_record("Contact", synced.person, AccountId=account)
    assert open_errors(stack) == 0
    people.edit_record("Account", account, Phone="+49 731 0200")
    stack.settle()
    assert stack.advance(SWEEP)["open_errors"] == 0
    assert (parent(people, synced.person), primary(people, synced.contact)) == (
        account,
        synced.company,
    )
