"""A story of an account with 500 contacts: it syncs with few calls, locked rows included, and every
record is written once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import WORLD
from tests.flows.stories.story_contacts import SWEEP
from tests.flows.stories.story_parents import company_of, with_companies

CROWD = 500


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """A stack for this module alone, because writes are counted."""
    with Stack(with_companies(), WORLD) as stack:
        yield stack


def create_contacts(people: People, account: str) -> None:
    """Create the contacts of an account."""
    rows = [
        {"attributes": {"type": "Contact"}, "LastName": f"Lang {number}", "AccountId": account}
        | {"Email": f"crowd.{number}@example.com"}
        for number in range(CROWD)
    ]
    for start in range(0, CROWD, 200):
        body = {"allOrNone": True, "records": rows[start : start + 200]}
        answers = people.salesforce.restful("composite/sobjects", method="POST", json=body)
        assert all(answer["success"] for answer in answers)


def edit_all(people: People, contacts: list[str], phone: str) -> None:
    """Edit the phone numbers of many HubSpot contacts."""
    inputs = [{"id": contact, "properties": {"phone": phone}} for contact in contacts]
    for start in range(0, len(inputs), 100):
        people.hubspot.crm.contacts.batch_api.update({"inputs": inputs[start : start + 100]})


def phones(people: People, account: str) -> Counter[str | None]:
    """The phone numbers of an account's contacts, with how many have each."""
    query = f"SELECT Phone FROM Contact WHERE AccountId = '{account}'"  # noqa: S608
    return Counter(row["Phone"] for row in people.records(query))


def salesforce_writes(stack: Stack) -> int:
    """The number of the product's write calls to Salesforce so far."""
    return int(stack.stats()["salesforce"]["writes"])


@pytest.mark.long
@pytest.mark.rule("FLD-8")
@pytest.mark.rule("DUP-2")
def test_an_account_with_500_contacts_syncs_with_few_calls(
    stack: Stack, people: People, own_writes: Counter[str]
):
    """All contacts arrive in one company, an edit of the account is one write, and edits of all
    contacts take few calls despite locked rows.
    """
    account = people.new_account(Name="Example Crowd")
    create_contacts(people, account)
    assert stack.settle()["open_errors"] == 0
    company = company_of(people, account)
    page = people.hubspot.crm.associations.v4.basic_api.get_page(
        "companies", company, "contacts", limit=500
    )
    contacts = [str(row.to_object_id) for row in page.results]
    assert len(contacts) == CROWD

    before, _ = salesforce_writes(stack), own_writes.clear()
    people.edit_company(company, phone="+49 731 0")
    assert stack.advance(SWEEP)["open_errors"] == 0
    assert (salesforce_writes(stack) - before, dict(own_writes)) == (1, {account: 1})

    before, _ = salesforce_writes(stack), own_writes.clear()
    edit_all(people, contacts, "+49 731 1")
    assert stack.settle()["open_errors"] == 0
    assert (phones(people, account), set(own_writes.values()), len(own_writes)) == (
        {"+49 731 1": CROWD},
        {1},
        CROWD,
    )
    assert salesforce_writes(stack) - before <= CROWD // 100

    own_writes.clear()
    held = {"at": "salesforce", "kind": "lock_row", "parent": account, "seconds": 40}
    stack.faults(
        [held, {"at": "salesforce", "kind": "lock_row", "object": "Contact", "times": 120}]
    )
    edit_all(people, contacts, "+49 731 2")
    stack.settle()
    assert phones(people, account) == {"+49 731 1": CROWD}
    assert stack.advance(SWEEP)["open_errors"] == 0
    assert (phones(people, account), set(own_writes.values()), len(own_writes)) == (
        {"+49 731 2": CROWD},
        {1},
        CROWD,
    )
