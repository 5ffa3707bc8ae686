"""Records that appear late or not at all: transactions that stay open for minutes, and records that
were purged.
"""

from __future__ import annotations

from datetime import datetime

import pytest
from simple_salesforce.exceptions import SalesforceMalformedRequest, SalesforceResourceNotFound

from simulators.salesforce.refusals import RefusalError
from simulators.salesforce.times import moment
from tests.simulators.salesforce.orgs import LiveOrg, lead, rows

LATE = {"at": "salesforce", "kind": "late_commit", "seconds": 480}
SOQL = "SELECT LastName, SystemModstamp FROM Lead ORDER BY LastName"


def test_a_late_commit_is_stamped_when_it_is_written(org: LiveOrg) -> None:
    """Queries, reads and events do not show it before its commit; the product's own writes are not
    late.
    """
    edited = org.person.Lead.create(lead(LastName="Edited"))["id"]
    org.sim.due_change_events()
    org.clock.advance(5)
    org.faults.replace([LATE])
    written_ms = org.clock.now_ms()
    made = org.person.Lead.create(lead(LastName="Made"))["id"]
    org.person.Lead.update(edited, {"Phone": "1"})
    org.product.Lead.create(lead(LastName="Ours"))
    org.faults.replace([])

    org.clock.advance(470)
    assert rows(org.product.query(SOQL), "LastName") == [("Edited",), ("Ours",)]
    with pytest.raises(SalesforceResourceNotFound):
        org.product.Lead.get(made)
    assert org.product.Lead.get(edited)["Phone"] is None
    assert [header["changeType"] for header in org.headers_of_change()] == ["CREATE"]
    due_ms = org.sim.next_commit_ms()
    assert due_ms is not None
    assert 480_000 <= due_ms - written_ms < 482_000

    org.clock.advance(15)
    assert org.product.Lead.get(edited)["Phone"] == "1"
    found = rows(org.product.query(SOQL), "LastName", "SystemModstamp")
    assert [name for name, _ in found] == ["Edited", "Made", "Ours"]
    late = {moment_of(stamp) for name, stamp in found if name != "Ours"}
    assert max(late) - written_ms < 2_000
    headers = org.headers_of_change()
    assert [(header["changeType"], header["recordIds"]) for header in headers] == [
        ("CREATE", [made]),
        ("UPDATE", [edited]),
    ]
    assert all(header["commitTimestamp"] >= written_ms + 479_000 for header in headers)
    assert org.sim.next_commit_ms() is None


def moment_of(stamp: str) -> float:
    """Return the milliseconds of a time that REST shows."""
    return datetime.fromisoformat(stamp).timestamp() * 1000


def test_a_record_is_locked_until_its_transaction_ends(org: LiveOrg) -> None:
    """Other writers are refused; a record that is deleted late exists until the commit."""
    first, second = (org.person.Lead.create(lead(LastName=name))["id"] for name in ("One", "Two"))
    org.faults.replace([LATE])
    org.person.Lead.update(first, {"Phone": "1"})
    org.person.Lead.delete(second)

    with pytest.raises(SalesforceMalformedRequest, match="UNABLE_TO_LOCK_ROW"):
        org.product.Lead.update(first, {"Phone": "2"})
    assert rows(org.product.query(SOQL), "LastName") == [("One",), ("Two",)]
    org.clock.advance(481)
    org.product.Lead.update(first, {"Title": "Engineer"})
    assert rows(org.product.query("SELECT Phone, Title FROM Lead"), "Phone", "Title") == [
        ("1", "Engineer")
    ]


def deletions(org: LiveOrg) -> list[str]:
    """Return the list of leads deleted in the last hour."""
    start, end = (
        moment(org.clock.now_ms() + minutes * 60_000).isoformat(timespec="seconds")
        for minutes in (-60, 2)
    )
    answer = org.call("GET", "/sobjects/Lead/deleted/", params={"start": start, "end": end}).json()
    return [row["id"] for row in answer["deletedRecords"]]


@pytest.mark.parametrize("was_in_the_bin", [False, True])
def test_a_purged_record_is_only_in_the_list_of_deletions(
    org: LiveOrg, *, was_in_the_bin: bool
) -> None:
    """The list has the time of its deletion; nobody can restore it."""
    record_id = org.person.Lead.create(lead())["id"]
    if was_in_the_bin:
        org.person.Lead.delete(record_id)
    org.sim.due_change_events()
    org.sim.person({"do": "hard_delete", "ids": [record_id]})

    assert org.product.query("SELECT Id FROM Lead", include_deleted=True)["totalSize"] == 0
    assert deletions(org) == [record_id]
    assert [header["changeType"] for header in org.headers_of_change()] == (
        [] if was_in_the_bin else ["DELETE"]
    )
    with pytest.raises(RefusalError):
        org.sim.person({"do": "undelete", "ids": [record_id]})
    with pytest.raises(RefusalError, match="INVALID_CROSS_REFERENCE_KEY"):
        org.sim.person({"do": "hard_delete", "ids": [record_id]})


def test_dependants_are_purged_with_their_record(org: LiveOrg) -> None:
    """The contacts of an account are purged with it; an id of no object is refused."""
    account = org.person.Account.create({"Name": "Acme"})["id"]
    org.person.Contact.create({"LastName": "Lang", "AccountId": account})
    org.sim.person({"do": "hard_delete", "ids": [account]})

    assert org.product.query("SELECT Id FROM Contact", include_deleted=True)["totalSize"] == 0
    with pytest.raises(RefusalError, match="MALFORMED_ID"):
        org.sim.person({"do": "hard_delete", "ids": ["zzz000000000001AAA"]})
