"""Stories of contacts and their parents under other settings: parents taken away, companies deleted
along, frozen contacts.
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
    Family,
    a_pair,
    an_address,
    company_of,
    parent,
    primary,
    told,
    with_companies,
)


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One stack whose contacts sync as far as they are in a list, and where associations and
    companies go along.
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


def a_member(stack: Stack, people: People) -> Family:
    """A contact in the list with its company, and what came of both."""
    address = an_address()
    company = people.new_company(name=f"Example {address}")
    contact = people.new_contact(email=address, lastname="Lang")
    join_list(people, contact)
    people.associate(contact, company)
    stack.settle()
    (row,) = rows(people, "Contact", address, "Id", "AccountId")
    return Family(contact, company, row["Id"], row["AccountId"], address)


def has_company(people: People, company: str) -> bool:
    """Whether HubSpot has the company."""
    return company in {one["id"] for one in people.companies()}


@pytest.mark.rule("Q-29")
@pytest.mark.rule("CH-23")
def test_with_the_setting_a_company_goes_with_its_account(stack: Stack, people: People):
    """Without account in Salesforce a contact loses that company, and no other; without company in
    HubSpot it keeps its account.
    """
    one, two = a_member(stack, people), a_member(stack, people)
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
def test_the_parents_of_a_frozen_contact_do_not_cross(stack: Stack, people: People):
    """Out of the list neither a new company nor a new account crosses; back in it, what was moved
    last does.
    """
    family = a_member(stack, people)
    (one, one_account), (two, two_account) = (
        a_pair(stack, people, f"Example {way} {family.address}") for way in ("one", "two")
    )
    leave_list(people, family.contact)
    people.associate(family.contact, one, primary=True)
    stack.advance(60)
    assert (parent(people, family.person), primary(people, family.contact)) == (family.account, one)
    people.edit_record("Contact", family.person, AccountId=two_account)
    assert stack.advance(SWEEP)["open_errors"] == 0
    assert (parent(people, family.person), primary(people, family.contact)) == (two_account, one)
    join_list(people, family.contact)
    assert stack.advance(SWEEP)["open_errors"] == 0
    assert (parent(people, family.person), primary(people, family.contact)) == (two_account, two)
    assert company_of(people, one_account) == one


@pytest.mark.rule("DEL-1")
@pytest.mark.rule("Q-30")
@pytest.mark.rule("SET-23")
def test_with_the_setting_a_company_is_deleted_with_its_account(stack: Stack, people: People):
    """One an hour; the next one is held back and told. Undeleted in Salesforce, the one is made
    anew and the other goes on.
    """
    (first, first_account), (next_, next_account) = (
        a_pair(stack, people, f"Example {name}") for name in ("A", "Z")
    )
    people.delete_record("Account", first_account)
    assert open_errors(stack) == 0
    people.delete_record("Account", next_account)
    assert open_errors(stack) == 1
    assert (has_company(people, first), has_company(people, next_)) == (False, True)
    assert told(stack)[next_][0] == "brake"
    undelete(stack, first_account, next_account)
    assert open_errors(stack) == 0
    assert company_of(people, next_account) == next_
    assert company_of(people, first_account) != first
    people.edit_company(next_, phone="+49 731 0111")
    assert open_errors(stack) == 0
    assert people.account(next_account, "Phone") == {"Phone": "+49 731 0111"}
