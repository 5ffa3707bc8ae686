"""A person account is four records of one person: wherever one is edited, all agree in the end and
nothing more is written.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmsync.flows.kinds.account import sync_accounts
from crmsync.flows.kinds.contact import sync_contacts
from crmsync.model.changes import Cause, Change
from crmsync.model.kinds.owners import Owner, Owners
from crmsync.model.records import Kind, Ref, Side
from tests.memory.world import MemoryWorld

KINDS = {
    "contact": Kind.CONTACT,
    "Contact": Kind.CONTACT,
    "company": Kind.ACCOUNT,
    "Account": Kind.ACCOUNT,
}
SYNCS = {Kind.CONTACT: sync_contacts, Kind.ACCOUNT: sync_accounts}
USERS = {"1": "005000000000011AAA", "2": "005000000000012AAA"}
"""HubSpot owner -> the Salesforce user with the same name and address."""

OWNERS = Owners(
    tuple(
        Owner(one, f"Owner {one}", f"owner.{one}@example.com", is_active=True, kind="PERSON")
        for one in USERS
    ),
    tuple(
        Owner(user, f"Owner {one}", f"owner.{one}@example.com", is_active=True, kind="Standard")
        for one, user in USERS.items()
    ),
)
TEXTS = st.sampled_from(["one", "two", "three"])
PHONES = st.sampled_from(["1", "2", None])
EDITS = st.one_of(
    st.tuples(st.just("contact"), st.sampled_from(["firstname", "lastname"]), TEXTS),
    st.tuples(st.just("Account"), st.sampled_from(["FirstName", "LastName"]), TEXTS),
    st.tuples(st.just("company"), st.just("name"), TEXTS),
    st.tuples(st.just("contact"), st.just("phone"), PHONES),
    st.tuples(st.just("company"), st.just("phone"), PHONES),
    st.tuples(st.just("Account"), st.just("Phone"), PHONES),
    st.tuples(st.just("contact"), st.just("jobtitle"), TEXTS),
    st.tuples(st.just("Account"), st.just("PersonTitle"), TEXTS),
    st.tuples(
        st.sampled_from(["contact", "company"]),
        st.just("hubspot_owner_id"),
        st.sampled_from(sorted(USERS)),
    ),
    st.tuples(st.just("Account"), st.just("OwnerId"), st.sampled_from(sorted(USERS.values()))),
)
EXAMPLES = 1000 if os.environ.get("HYPOTHESIS_PROFILE") == "explore" else 40
STORIES = st.lists(st.tuples(EDITS, st.booleans(), st.integers(0, 2)), max_size=8)
"""What is edited, whether it is synced before the next edit, and how many minutes pass."""


class PersonAccount:
    """A person account in Salesforce, and its records in HubSpot."""

    def __init__(self) -> None:
        """Make the account and sync it."""
        self.world = MemoryWorld(owners=OWNERS)
        self.world.salesforce.has_person_accounts = True
        fields = {"FirstName": "Ada", "LastName": "Lang", "PersonEmail": "ada@example.com"}
        self.places = {"Account": self.world.salesforce.add("Account", fields)}
        (self.places["Contact"],) = self.world.salesforce.refs("Contact")
        self.sync(*self.places.values())
        self.sync_until_idle()
        (self.places["contact"],) = self.world.hubspot.refs("contact")
        (self.places["company"],) = self.world.hubspot.refs("company")

    def edit(self, name: str, field: str, value: str | None) -> list[Ref]:
        """Edit a record; the records that its CRM reports as changed: both halves of an account."""
        ref = self.places[name]
        self.world.crm(ref.side).edit(ref, {field: value})
        return [ref, self.places["Contact"]] if name == "Account" else [ref]

    def sync(self, *refs: Ref) -> None:
        """Deliver changes of these records to the syncs of their kinds."""
        self._deliver(
            [Change("acme", KINDS[ref.object], ref, Cause.EDITED, self.world.now) for ref in refs]
        )

    def _deliver(self, changes: list[Change]) -> None:
        for kind, sync in SYNCS.items():
            mine = [change for change in changes if change.kind is kind]
            if mine:
                sync(mine, self.world.context)

    def sync_until_idle(self) -> None:
        """Work off the queues and sync every record once more, as sweeps do, until nothing more is
        written.
        """
        for _ in range(20):
            before = self.world.writes()
            waiting = [
                *self.world.outbox.published,
                *(change for change, _ in self.world.outbox.delayed),
            ]
            self.world.outbox.published, self.world.outbox.delayed = [], []
            self.world.wait(1)
            self._deliver(waiting)
            self.sync(
                *self.places.values(),
                *self.world.hubspot.refs("contact"),
                *self.world.hubspot.refs("company"),
            )
            if not self.world.outbox.delayed and self.world.writes() == before:
                return
        pytest.fail("the four records of a person are written without end")

    def shown(self, name: str, *fields: str) -> tuple[object, ...]:
        """Fields of one of the records."""
        ref = self.places[name]
        found = self.world.crm(ref.side).fields(ref)
        return tuple(found.get(field) or None for field in fields)


@pytest.mark.rule("PA-3")
@pytest.mark.rule("PA-4")
@pytest.mark.rule("PA-5")
@given(story=STORIES)
@settings(max_examples=EXAMPLES, deadline=None)
def test_the_four_records_of_a_person_agree_in_the_end(story):
    """Name, phone and owner have one value everywhere, the company has the person's name, and no
    record is duplicated.
    """
    person = PersonAccount()
    unsynced: list[Ref] = []
    for edit, at_once, minutes in story:
        person.world.wait(minutes)
        unsynced += person.edit(*edit)
        if at_once:
            person.sync(*unsynced)
            unsynced = []
    person.sync_until_idle()

    first, last, phone, title = person.shown(
        "Account", "FirstName", "LastName", "Phone", "PersonTitle"
    )
    assert person.shown("contact", "firstname", "lastname", "phone", "jobtitle") == (
        first,
        last,
        phone,
        title,
    )
    assert person.shown("company", "name", "phone") == (f"{first} {last}", phone)
    assert [len(person.world.crm(ref.side).refs(ref.object)) for ref in person.places.values()] == [
        1,
        1,
        1,
        1,
    ]
    (owner,) = person.shown("Account", "OwnerId")
    its = {user: one for one, user in USERS.items()}.get(owner)
    assert (
        person.shown("contact", "hubspot_owner_id"),
        person.shown("company", "hubspot_owner_id"),
    ) == (
        (its,),
        (its,),
    )
    assert person.world.inbox.parked("acme") == []
    assert {side: len(person.world.crm(side).refs("Lead")) for side in Side} == {
        Side.HUBSPOT: 0,
        Side.SALESFORCE: 0,
    }
