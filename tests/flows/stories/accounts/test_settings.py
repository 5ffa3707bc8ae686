"""Stories of parents under other settings: associations are removed, companies are deleted with
their accounts, and contacts outside the list are frozen.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.stories.contacts.test_inclusion import LISTED
from tests.flows.stories.story_contacts import (
    LIST,
    SWEEP,
    join_list,
    leave_list,
    open_errors,
    rows,
    undelete,
)
from tests.flows.stories.story_parents import (
    SyncedContact,
    company_of,
    new_address,
    parent,
    primary,
    reports,
    synced_company,
    with_companies,
)


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One stack that syncs the contacts of a list, removes associations and deletes companies, at
    most one an hour.
    """
    companies = (
        "remove_associations = true",
        "delete_in_hubspot = true",
        "max_deletes_per_hour = 1",
    )
    with Stack(
        with_companies(*companies, contacts=(f'inclusion_list = "{LIST}"',)), LISTED
    ) as stack:
        yield stack


def listed_contact(stack: Stack, people: People) -> SyncedContact:
    """Make a contact of the list with its company, and sync both."""
    address = new_address()
    company = people.new_company(name=f"Example {address}")
    contact = people.new_contact(email=address, lastname="Lang")
    join_list(people, contact)
    people.associate(contact, company)
    stack.settle()
    (row,) = rows(people, "Contact", address, "Id", "AccountId")
    return SyncedContact(contact, company, row["Id"], row["AccountId"], address)


def has_company(people: People, company: str) -> bool:
    """Whether HubSpot has the company."""
    return company in {one["id"] for one in people.companies()}


@pytest.mark.long
@pytest.mark.rule("Q-29")
@pytest.mark.rule("CH-23")
def test_with_the_setting_a_removed_account_removes_the_company(stack: Stack, people: People):
    """With `remove_associations`, a contact that loses its account loses that company alone, while
    one that loses its company keeps its account.
    """
    one, two = listed_contact(stack, people), listed_contact(stack, people)
    people.associate(one.contact, two.company)
    people.edit_record("Contact", one.person, AccountId=None)
    people.dissociate(two.contact, two.company)
    assert stack.advance(SWEEP)["open_errors"] == 0
    assert people.companies_of(one.contact) == {two.company: False}
    assert (parent(people, one.person), parent(people, two.person)) == (None, two.account)
    assert primary(people, two.contact) is None


@pytest.mark.rule("INC-7")
@pytest.mark.rule("Q-22")
@pytest.mark.long
def test_the_parents_of_a_frozen_contact_do_not_sync(stack: Stack, people: People):
    """Outside the list neither a new company nor a new account is synced; back in the list, the
    latest of them is.
    """
    synced = listed_contact(stack, people)
    (one, one_account), (two, two_account) = (
        synced_company(stack, people, f"Example {way} {synced.address}") for way in ("one", "two")
    )
    leave_list(people, synced.contact)
    people.associate(synced.contact, one, primary=True)
    stack.advance(60)
    assert (parent(people, synced.person), primary(people, synced.contact)) == (synced.account, one)
    people.edit_record("Contact", synced.person, AccountId=two_account)
    assert stack.advance(SWEEP)["open_errors"] == 0
    assert (parent(people, synced.person), primary(people, synced.contact)) == (two_account, one)
    join_list(people, synced.contact)
    assert stack.advance(SWEEP)["open_errors"] == 0
    assert (parent(people, synced.person), primary(people, synced.contact)) == (two_account, two)
    assert company_of(people, one_account) == one


@pytest.mark.rule("DEL-1")
@pytest.mark.rule("Q-30")
@pytest.mark.rule("SET-23")
def test_with_the_setting_a_company_is_deleted_with_its_account(stack: Stack, people: People):
    """With `delete_in_hubspot`, one company an hour is deleted and the next is held back and
    reported; after an undelete the first is created again and the other stays linked.
    """
    (first, first_account), (next_, next_account) = (
        synced_company(stack, people, f"Example {name}") for name in ("A", "Z")
    )
    people.delete_record("Account", first_account)
    assert open_errors(stack) == 0
    people.delete_record("Account", next_account)
    assert open_errors(stack) == 1
    assert (has_company(people, first), has_company(people, next_)) == (False, True)
    assert reports(stack)[next_][0] == "brake"
    undelete(stack, first_account, next_account)
    assert open_errors(stack) == 0
    assert company_of(people, next_account) == next_
    assert company_of(people, first_account) != first
    people.edit_company(next_, phone="+49 731 0111")
    assert open_errors(stack) == 0
    assert people.account(next_account, "Phone") == {"Phone": "+49 731 0111"}
