"""Two HubSpot accounts on one org, and two orgs, in memory: what belongs to each connection, and
that no change is written without end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmsync.errors import TryAgain
from crmsync.flows.engine.context import SyncContext
from crmsync.model.changes import Cause, Change
from crmsync.model.concerns import KIND_OF
from crmsync.model.records import Ref, Side
from crmsync.model.settings import CreateInHubspot, CreateInSalesforce, HubspotAccount
from tests.memory.world import MemoryWorld

SAME = "ada@example.com"


@dataclass
class Account(MemoryWorld):
    """A HubSpot account as a connection, in the org of `org` or in one of its own."""

    name: str = "acme"
    portal: int = 555001
    org: Account | None = None
    peers: list[Account] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Share what a deployment shares, and the org."""
        MemoryWorld.__post_init__(self)
        if self.org:
            self.salesforce, self.links, self.inbox = (
                self.org.salesforce,
                self.org.links,
                self.org.inbox,
            )
            self.peers, self.org.peers = [self.org], [self]

    def wait(self, minutes: float = 1) -> None:
        """Let time pass for everybody in the org."""
        MemoryWorld.wait(self, minutes)
        for one in self.peers:
            one.now = self.now

    @property
    def context(self) -> SyncContext:
        """The connection's own context; in a shared org no user is known as the integration
        user.
        """
        context = MemoryWorld.context.__get__(self)
        account = HubspotAccount(self.portal, f"crmsync/{self.name}/hubspot")
        connection = replace(context.connection, name=self.name, hubspot=account)
        return replace(
            context, connection=connection, our_user="", change_counts=self.change_counts
        )

    def change(self, ref: Ref, cause: Cause = Cause.EDITED) -> Change:
        """A change of a record for this connection."""
        return Change(self.name, KIND_OF[ref.side][ref.object], ref, cause, self.now)


def shared(**second: Any) -> tuple[Account, Account]:
    """Two accounts on one org; the keywords are settings of the second one's contacts."""
    acme = Account()
    return acme, Account(name="beta", portal=555002, org=acme, settings=second)


def sync_all(*accounts: Account) -> None:
    """Sync everything for every connection, twice, so that the results of the first round are
    synced as well.
    """
    for _ in range(2):
        for account in accounts:
            account.wait()
            here, there = account.hubspot, account.salesforce
            account.sync(*here.refs("company"), *there.refs("Account"))
            account.sync(*here.refs("contact"), *there.refs("Lead"), *there.refs("Contact"))
            account.drain()


def writes(*accounts: Account) -> int:
    """All writes of all connections."""
    return sum(account.writes() for account in accounts)


def shown(account: Account, *names: str) -> list[dict[str, Any]]:
    """What the account's contacts show."""
    return [
        {name: account.hubspot.fields(ref).get(name) for name in names}
        for ref in account.hubspot.refs("contact")
    ]


@pytest.mark.rule("TEN-4")
@pytest.mark.parametrize(
    ("setting", "made"),
    [
        (one, int(one not in {CreateInHubspot.NEVER, CreateInHubspot.CONTACTS_ONLY}))
        for one in CreateInHubspot
    ],
)
def test_a_lead_of_one_account_may_become_a_contact_of_another(
    setting: CreateInHubspot, made: int
) -> None:
    """Every setting that creates contacts from leads does so for another account's lead, except
    "never".
    """
    acme, beta = shared(create_in_hubspot=setting)
    acme.new_contact()
    sync_all(acme, beta)

    assert len(acme.salesforce.refs("Lead")) == 1
    assert len(beta.hubspot.refs("contact")) == made


@pytest.mark.rule("TEN-3")
def test_with_creation_off_an_account_still_links_its_own_contacts() -> None:
    """The recommended setting keeps other records out, while the account's own contacts sync."""
    acme, beta = shared(create_in_hubspot=CreateInHubspot.NEVER)
    acme.new_contact()
    acme.new_contact(email="bob@example.com")
    beta.new_contact(jobtitle="Dr.")
    sync_all(acme, beta)

    assert len(acme.salesforce.refs("Lead")) == 2
    assert shown(beta, "email") == [{"email": SAME}]
    assert [row["jobtitle"] for row in shown(acme, "jobtitle")] == ["Dr.", None]


@pytest.mark.rule("TEN-1")
def test_each_account_has_its_own_inclusion_list() -> None:
    """Outside the second account's list nothing syncs there, whatever the first account does."""
    acme, beta = shared(inclusion_list="77")
    acme.new_contact(), acme.new_contact(email="bob@example.com")
    ada, bob = beta.new_contact(), beta.new_contact(email="bob@example.com")
    beta.lists.add_to_list(beta.lists.make("77"), ada)
    sync_all(acme, beta)
    acme.hubspot.edit(acme.hubspot.refs("contact")[0], {"phone": "+49 30 1"})
    acme.hubspot.edit(acme.hubspot.refs("contact")[1], {"phone": "+49 30 2"})
    sync_all(acme, beta)

    assert {ref: beta.hubspot.fields(ref).get("phone") for ref in (ada, bob)} == {
        ada: "+49 30 1",
        bob: None,
    }


@pytest.mark.rule("TEN-1")
def test_a_company_of_one_account_becomes_a_company_of_the_other() -> None:
    """The shared account creates it, an edit of the company reaches the other, and then nothing
    more is written.
    """
    acme, beta = shared(create_in_salesforce=CreateInSalesforce.CONTACT)
    acme.settings = beta.settings
    acme.new_company(acme.new_contact(), name="Example Works", domain="example.com")
    sync_all(acme, beta)
    sync_all(acme, beta)

    (account,), (second,) = acme.salesforce.refs("Account"), beta.hubspot.refs("company")
    beta.hubspot.edit(second, {"city": "Ulm"})
    sync_all(acme, beta)

    (first,) = acme.hubspot.refs("company")
    assert [acme.hubspot.fields(first).get(name) for name in ("name", "city")] == [
        "Example Works",
        "Ulm",
    ]
    assert acme.salesforce.fields(account).get("BillingCity") == "Ulm"
    before = writes(acme, beta)
    sync_all(acme, beta)
    assert writes(acme, beta) == before


@pytest.mark.rule("TEN-1")
def test_two_orgs_in_one_deployment_have_nothing_in_common() -> None:
    """The same contact under the same ids in both has two links, and an edit stays in its org."""
    acme = Account()
    beta = Account(name="beta", portal=555002, links=acme.links, inbox=acme.inbox)
    first, second = acme.new_contact(), beta.new_contact()
    sync_all(acme, beta)
    acme.hubspot.edit(first, {"phone": "+49 30 1"})
    sync_all(acme, beta)

    assert first == second
    assert sorted(link.connection for link in acme.links.all) == ["acme", "beta"]
    assert [
        account.salesforce.fields(account.salesforce.refs("Lead")[0]).get("Phone")
        for account in (acme, beta)
    ] == [
        "+49 30 1",
        None,
    ]
    before = writes(acme, beta)
    sync_all(acme, beta)
    assert writes(acme, beta) == before


FIELDS: Mapping[Side, tuple[str, ...]] = {
    Side.HUBSPOT: ("phone", "jobtitle", "lastname"),
    Side.SALESFORCE: ("Phone", "Title", "LastName"),
}
VALUES = ("one", "two", "three")


@pytest.mark.rule("TEN-1")
@given(data=st.data())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_all_three_records_agree_after_any_edits(data: st.DataObject) -> None:
    """After edits on all sides, syncs in any order and killed calls, there is one lead, one contact
    each, and no endless writing.
    """
    acme, beta = shared()
    accounts = (acme, beta)
    for account in accounts:
        if data.draw(st.booleans(), f"{account.name} has her"):
            account.new_contact()
    if not any(account.hubspot.refs("contact") for account in accounts):
        acme.new_lead()
    for _ in range(data.draw(st.integers(1, 5), "edits")):
        account = data.draw(st.sampled_from(accounts))
        side = data.draw(st.sampled_from(Side))
        refs = (
            [*account.hubspot.refs("contact")]
            if side is Side.HUBSPOT
            else account.salesforce.refs("Lead")
        )
        for ref in refs:
            name = data.draw(st.sampled_from(FIELDS[side]))
            account.crm(side).edit(ref, {name: data.draw(st.sampled_from(VALUES))})
            account.wait()
        _some_look(data, data.draw(st.sampled_from(accounts)))
    sync_all(*accounts)
    sync_all(*accounts)

    before = writes(*accounts)
    sync_all(*accounts)
    assert writes(*accounts) == before
    (lead,) = acme.salesforce.refs("Lead")
    expected = [acme.salesforce.fields(lead).get(name) for name in FIELDS[Side.SALESFORCE]]
    for account in accounts:
        (row,) = shown(account, *FIELDS[Side.HUBSPOT])
        assert list(row.values()) == expected


def _some_look(data: st.DataObject, account: Account) -> None:
    """Sync everything for one connection, which may be killed before it saves a link."""
    if data.draw(st.booleans(), "dies"):
        save = account.links.save
        account.links.save = lambda links: [TryAgain("Killed.") for _ in links]  # type: ignore[method-assign]
        account.sync(*account.hubspot.refs("contact"), *account.salesforce.refs("Lead"))
        account.links.save = save  # type: ignore[method-assign]
    else:
        account.sync(*account.hubspot.refs("contact"), *account.salesforce.refs("Lead"))
