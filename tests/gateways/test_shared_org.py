"""Two HubSpot accounts that have the same new person at the same moment: one creates the record,
the other finds it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from crmsync.errors import Conflict, TryAgain
from crmsync.gateways.dynamodb.claims import GOOD_FOR, Claims
from crmsync.gateways.shared_org import SharedOrg
from crmsync.model.effects import CreateRecord
from crmsync.model.links import Slot
from crmsync.model.records import Side
from crmsync.ports.crm import Written
from tests.builders import FINGERPRINTER, NOON
from tests.contracts.stores.tables import dynamodb
from tests.memory import MemoryCrm


class Org:
    """An org in memory, and the connections that share it."""

    def __init__(self, client: Any) -> None:
        """The time is noon."""
        self.now = NOON
        self.client = client
        self.crm = MemoryCrm(Side.SALESFORCE, now=lambda: self.now)

    def of(self, connection: str, host: str = "acme.example.com") -> SharedOrg:
        """Return the org as a connection uses it."""
        claims = Claims(
            self.client,
            "Table",
            host,
            connection,
            fingerprinter=FINGERPRINTER,
            now=lambda: self.now,
        )
        return SharedOrg(self.crm, claims)


@pytest.fixture
def org() -> Iterator[Org]:
    """An empty org, and an empty state table."""
    with dynamodb("pk", "sk") as client:
        yield Org(client)


def a_creation(key: str, email: str = "ada@example.com", **fields: str) -> CreateRecord:
    """The creation of a lead."""
    shown = {"LastName": "Lang", "Company": "Example GmbH", "Email": email, **fields}
    return CreateRecord(Side.SALESFORCE, "Lead", key, shown, Slot("new"))


@pytest.mark.rule("TEN-1")
def test_of_two_accounts_one_creates_the_person(org: Org) -> None:
    """The other one gets `TryAgain` for the address that both have, in any spelling."""
    (first,) = org.of("acme").create([a_creation("555001-81")])

    taken, made = org.of("beta").create(
        [a_creation("555002-7", "ADA@example.com "), a_creation("555002-8", "bob@example.com")]
    )

    assert isinstance(first, Written)
    assert isinstance(made, Written)
    assert isinstance(taken, TryAgain)
    assert (taken.code, taken.after) == ("CLAIMED", 30)
    assert [org.crm.fields(ref)["Email"] for ref in org.crm.refs("Lead")] == [
        "ada@example.com",
        "bob@example.com",
    ]


def test_a_connection_may_repeat_its_claim(org: Org) -> None:
    """A call that was interrupted after its claim is repeated by the same connection, which hears of
    its own record.
    """
    first, second = (org.of("acme").create([a_creation("555001-81")])[0] for _ in range(2))

    assert isinstance(first, Written)
    assert isinstance(second, Conflict)
    assert second.existing == first.ref.id


def test_a_claim_expires(org: Org) -> None:
    """If the record was refused, the other account may create it a few minutes later."""
    org.of("acme").create([a_creation("555001-81", LastName="")])
    org.now += GOOD_FOR + timedelta(seconds=1)

    (made,) = org.of("beta").create([a_creation("555002-7")])

    assert isinstance(made, Written)


def test_claims_of_two_orgs_are_independent(org: Org) -> None:
    """The same person may be new in both."""
    org.of("acme").create([a_creation("555001-81")])

    (made,) = org.of("beta", "other.example.com").create([a_creation("555002-7")])

    assert isinstance(made, Written)


def test_records_without_an_address_need_no_claim(org: Org) -> None:
    """Accounts are not found by address, so they need no claim and no call."""
    account = CreateRecord(
        Side.SALESFORCE, "Account", "555002-9", {"Name": "Example AG"}, Slot("new")
    )

    assert isinstance(org.of("beta").create([account])[0], Written)
    assert org.of("beta").create([]) == []
    assert org.client.scan(TableName="Table")["Items"] == []


def test_no_address_is_stored(org: Org) -> None:
    """The table has an alias that is made with the deployment's key."""
    org.of("acme").create([a_creation("555001-81")])

    (item,) = org.client.scan(TableName="Table")["Items"]

    assert item["pk"]["S"] == f"claim#acme.example.com#{FINGERPRINTER.alias('ada@example.com')}"
    assert "ada@" not in str(item)
