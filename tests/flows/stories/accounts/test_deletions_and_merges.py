"""Stories of companies and accounts that are merged, deleted and restored: by default the other
side keeps its records.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import WORLD
from tests.flows.stories.story_contacts import (
    SWEEP,
    contact_id,
    merge_records,
    open_errors,
    undelete,
)
from tests.flows.stories.story_parents import parent, primary, synced_contact, with_companies


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One stack for the module, in which new contacts become contacts."""
    with Stack(with_companies(), WORLD) as stack:
        yield stack


def accounts(people: People) -> set[str]:
    """The ids of every account in the org."""
    return {row["Id"] for row in people.records("SELECT Id FROM Account")}


def companies(people: People) -> set[str]:
    """The ids of every company in the HubSpot account."""
    return {str(one["id"]) for one in people.companies()}


@pytest.mark.rule("MRG-5")
@pytest.mark.rule("FLD-8")
def test_merged_accounts_leave_one_linked_company(stack: Stack, people: People):
    """The loser's contacts move to the winner's company; the loser's company stays without a link,
    and editing it creates no account.
    """
    winner, loser = synced_contact(stack, people), synced_contact(stack, people)
    merge_records(stack, "Account", winner.account, loser.account)
    assert open_errors(stack) == 0
    assert (parent(people, loser.person), primary(people, loser.contact)) == (
        winner.account,
        winner.company,
    )
    before = accounts(people)
    people.edit_company(loser.company, phone="+49 731 0104")
    people.edit_company(winner.company, phone="+49 731 0105")
    assert stack.advance(SWEEP)["open_errors"] == 0
    assert accounts(people) == before
    assert people.account(winner.account, "Phone") == {"Phone": "+49 731 0105"}


@pytest.mark.rule("MRG-4")
@pytest.mark.rule("DUP-3")
@pytest.mark.long
def test_merged_companies_leave_one_linked_account(stack: Stack, people: People):
    """The contacts of both companies move to the survivor's account; the other account stays
    without a link, and editing it creates no company.
    """
    kept, gone = synced_contact(stack, people), synced_contact(stack, people)
    survivor = people.merge_companies(gone.company, kept.company)
    assert stack.advance(SWEEP)["open_errors"] == 0
    assert [primary(people, one.contact) for one in (kept, gone)] == [survivor, survivor]
    assert [parent(people, one.person) for one in (kept, gone)] == [kept.account, kept.account]
    before = companies(people)
    people.edit_record("Account", gone.account, Phone="+49 731 0106")
    people.edit_record("Account", kept.account, Phone="+49 731 0107")
    assert stack.advance(SWEEP)["open_errors"] == 0
    assert companies(people) == before
    assert people.company(survivor, "phone") == {"phone": "+49 731 0107"}


@pytest.mark.long
@pytest.mark.rule("DEL-1")
@pytest.mark.rule("CH-23")
def test_a_deleted_account_leaves_its_company_and_its_contacts(stack: Stack, people: People):
    """HubSpot keeps the company and its contacts, and once the account is undeleted, it and its
    contacts sync with them again.
    """
    synced = synced_contact(stack, people)
    people.delete_record("Account", synced.account)
    assert open_errors(stack) == 0
    before = accounts(people)
    people.edit_company(synced.company, phone="+49 731 0108")
    people.edit_contact(synced.contact, phone="+49 731 0108")
    assert stack.advance(SWEEP)["open_errors"] == 0
    assert (accounts(people), contact_id(people, synced.address)) == (before, synced.contact)
    assert primary(people, synced.contact) == synced.company
    undelete(stack, synced.account)
    assert open_errors(stack) == 0
    people.edit_company(synced.company, city="Ulm")
    people.edit_contact(synced.contact, city="Ulm")
    assert stack.advance(SWEEP)["open_errors"] == 0
    assert people.account(synced.account, "BillingCity") == {"BillingCity": "Ulm"}
    assert people.record("Contact", synced.person, "MailingCity", "AccountId") == {
        "MailingCity": "Ulm",
        "AccountId": synced.account,
    }
    assert primary(people, synced.contact) == synced.company


@pytest.mark.rule("DEL-1")
@pytest.mark.rule("CH-23")
@pytest.mark.long
def test_a_deleted_company_leaves_its_account_and_its_contacts(stack: Stack, people: People):
    """Salesforce keeps the account and its contact, and editing either creates no company."""
    synced = synced_contact(stack, people)
    people.delete_company(synced.company)
    assert open_errors(stack) == 0
    before = companies(people)
    people.edit_record("Account", synced.account, Phone="+49 731 0109")
    people.edit_record("Contact", synced.person, Phone="+49 731 0109")
    assert stack.advance(SWEEP)["open_errors"] == 0
    assert companies(people) == before
    assert (parent(people, synced.person), primary(people, synced.contact)) == (
        synced.account,
        None,
    )
    stack.person(
        {"side": "hubspot", "do": "restore", "object": "companies", "ids": [synced.company]}
    )
    people.edit_record("Account", synced.account, Phone="+49 731 0110")
    assert stack.advance(SWEEP)["open_errors"] == 0
    assert people.company(synced.company, "phone") == {"phone": "+49 731 0110"}
