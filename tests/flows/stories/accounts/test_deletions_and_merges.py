"""Stories of companies and accounts that are merged, deleted and brought back, and of their
contacts: nothing is carried unless set so.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import WORLD
from tests.flows.stories.story_contacts import SWEEP, found, merge_records, open_errors, undelete
from tests.flows.stories.story_parents import a_family, parent, primary, with_companies


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One stack for the module, in which new contacts become contacts."""
    with Stack(with_companies(), WORLD) as stack:
        yield stack


def accounts(people: People) -> set[str]:
    """Every account of the org."""
    return {row["Id"] for row in people.records("SELECT Id FROM Account")}


def companies(people: People) -> set[str]:
    """Every company of the portal."""
    return {str(one["id"]) for one in people.companies()}


@pytest.mark.rule("MRG-5")
@pytest.mark.rule("FLD-8")
def test_merged_accounts_leave_one_company_living(stack: Stack, people: People):
    """The loser's contacts go to the winner's company; the loser's company stays, alone, and no
    edit of it makes an account.
    """
    winner, loser = a_family(stack, people), a_family(stack, people)
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
def test_merged_companies_leave_one_account_living(stack: Stack, people: People):
    """The contacts of both follow the company that is left to its account; the other account stays,
    alone, and makes no company.
    """
    kept, gone = a_family(stack, people), a_family(stack, people)
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


@pytest.mark.rule("DEL-1")
@pytest.mark.rule("CH-23")
def test_a_deleted_account_leaves_its_company_and_its_contacts(stack: Stack, people: People):
    """Salesforce deletes its contacts along; in HubSpot all stays. Undeleted, account and contact
    go on with whom they had.
    """
    family = a_family(stack, people)
    people.delete_record("Account", family.account)
    assert open_errors(stack) == 0
    before = accounts(people)
    people.edit_company(family.company, phone="+49 731 0108")
    people.edit_contact(family.contact, phone="+49 731 0108")
    assert stack.advance(SWEEP)["open_errors"] == 0
    assert (accounts(people), found(people, family.address)) == (before, family.contact)
    assert primary(people, family.contact) == family.company
    undelete(stack, family.account)
    assert open_errors(stack) == 0
    people.edit_company(family.company, city="Ulm")
    people.edit_contact(family.contact, city="Ulm")
    assert stack.advance(SWEEP)["open_errors"] == 0
    assert people.account(family.account, "BillingCity") == {"BillingCity": "Ulm"}
    assert people.record("Contact", family.person, "MailingCity", "AccountId") == {
        "MailingCity": "Ulm",
        "AccountId": family.account,
    }
    assert primary(people, family.contact) == family.company


@pytest.mark.rule("DEL-1")
@pytest.mark.rule("CH-23")
@pytest.mark.long
def test_a_deleted_company_leaves_its_account_and_its_contacts(stack: Stack, people: People):
    """The account stays with its contact in it, and an edit of either makes no new company."""
    family = a_family(stack, people)
    people.delete_company(family.company)
    assert open_errors(stack) == 0
    before = companies(people)
    people.edit_record("Account", family.account, Phone="+49 731 0109")
    people.edit_record("Contact", family.person, Phone="+49 731 0109")
    assert stack.advance(SWEEP)["open_errors"] == 0
    assert companies(people) == before
    assert (parent(people, family.person), primary(people, family.contact)) == (
        family.account,
        None,
    )
    stack.person(
        {"side": "hubspot", "do": "restore", "object": "companies", "ids": [family.company]}
    )
    people.edit_record("Account", family.account, Phone="+49 731 0110")
    assert stack.advance(SWEEP)["open_errors"] == 0
    assert people.company(family.company, "phone") == {"phone": "+49 731 0110"}
