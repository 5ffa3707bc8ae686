"""A person account is four records that show one person: whatever is edited where, they agree in
the end, and nobody writes for ever.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmsync.flows.kinds.account import sync_accounts
from crmsync.flows.kinds.contact import sync_contacts
from crmsync.model.changes import Cause, Change
from crmsync.model.owners import Owner, Owners
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
"""HubSpot owner -> Salesforce user of the same name and address."""

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
"""What is edited, whether it is looked at before the next edit, and how many minutes pass."""


class OnePerson:
    """A person account in Salesforce, and what has become of it in HubSpot."""

    def __init__(self) -> None:
        """Make the account and look at it."""
        self.world = MemoryWorld(owners=OWNERS)
        self.world.salesforce.has_person_accounts = True
        fields = {"FirstName": "Ada", "LastName": "Lang", "PersonEmail": "ada@example.com"}
        self.places = {"Account": self.world.salesforce.add("Account", fields)}
        (self.places["Contact"],) = self.world.salesforce.refs("Contact")
        self.look(*self.places.values())
        self.settle()
        (self.places["contact"],) = self.world.hubspot.refs("contact")
        (self.places["company"],) = self.world.hubspot.refs("company")

    def edit(self, name: str, field: str, value: str | None) -> list[Ref]:
        """A person edits a record; answers what a CRM would tell of: both halves of an account."""
        ref = self.places[name]
        self.world.crm(ref.side).edit(ref, {field: value})
        return [ref, self.places["Contact"]] if name == "Account" else [ref]

    def look(self, *refs: Ref) -> None:
        """Deliver changes of these records, each to its concern."""
        self._deliver(
            [Change("acme", KINDS[ref.object], ref, Cause.EDITED, self.world.now) for ref in refs]
        )

    def _deliver(self, changes: list[Change]) -> None:
        for kind, sync in SYNCS.items():
            mine = [change for change in changes if change.kind is kind]
            if mine:
                sync(mine, self.world.context)

    def settle(self) -> None:
        """Work off the queues, and look at everything once more as sweeps do, until nobody
        writes.
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
            self.look(
                *self.places.values(),
                *self.world.hubspot.refs("contact"),
                *self.world.hubspot.refs("company"),
            )
            if not self.world.outbox.delayed and self.world.writes() == before:
                return
        pytest.fail("the four records of a person never come to rest")

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
    """Names, phone and owner come to one value everywhere, the company is called as the person, and
    no record is doubled.
    """
    person = OnePerson()
    late: list[Ref] = []
    for edit, at_once, minutes in story:
        person.world.wait(minutes)
        late += person.edit(*edit)
        if at_once:
            person.look(*late)
            late = []
    person.settle()

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
