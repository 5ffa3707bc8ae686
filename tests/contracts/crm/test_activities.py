"""HubSpot's activities and Salesforce's tasks and events behind the ports of the other records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import pytest

from crmsync.errors import Conflict, Drifted, Gone
from crmsync.model.crm_names import WHO_ID
from crmsync.model.effects import Associate, CreateRecord, DeleteRecord, Dissociate, UpdateRecord
from crmsync.model.kinds.activities import CONTACT_LISTS, ActivityKind
from crmsync.model.links import Slot
from crmsync.model.records import Ref, Side, Value
from crmsync.ports.crm import Written
from tests.contracts.crm.backend import Backend
from tests.contracts.crm.conftest import BACKENDS
from tests.contracts.crm.implementations import simulated_salesforce

AT = "2026-11-02T10:00:00Z"
HUBSPOT_ACTIVITIES: Mapping[str, Mapping[str, Value]] = {
    "call": {"hs_timestamp": AT, "hs_call_title": "First call"},
    "email": {"hs_timestamp": AT, "hs_email_subject": "Our offer"},
    "meeting": {
        "hs_timestamp": AT,
        "hs_meeting_title": "Kick-off",
        "hs_meeting_start_time": AT,
        "hs_meeting_end_time": "2026-11-02T11:00:00Z",
    },
    "note": {"hs_timestamp": AT, "hs_note_body": "Wants a demo"},
    "task": {"hs_timestamp": AT, "hs_task_subject": "Call back"},
}
"""Object -> the properties of a small one."""

SALESFORCE_ACTIVITIES: Mapping[str, Mapping[str, Value]] = {
    "Task": {"Subject": "First call", "Status": "Completed"},
    "Event": {"Subject": "Kick-off", "StartDateTime": AT, "EndDateTime": "2026-11-02T11:00:00Z"},
}
"""Object -> the fields of a small one."""

TITLES = {
    "call": "hs_call_title",
    "email": "hs_email_subject",
    "meeting": "hs_meeting_title",
    "note": "hs_note_body",
    "task": "hs_task_subject",
    "Task": "Subject",
    "Event": "Subject",
}
"""Object -> a field that shows which one it is."""


@dataclass(frozen=True, slots=True)
class Activities:
    """An object of activities in a CRM."""

    backend: Backend
    name: str

    @property
    def title(self) -> str:
        """The field that shows which one it is."""
        return TITLES[self.name]

    def add(self, title: str) -> Ref:
        """Create one as a person."""
        return self.backend.person.add(self.name, self.fields(title))

    def fields(self, title: str) -> dict[str, Value]:
        """The fields of one with this title."""
        return {**(HUBSPOT_ACTIVITIES | SALESFORCE_ACTIVITIES)[self.name], self.title: title}

    def creation(self, title: str) -> CreateRecord:
        """The effect that creates one under a key of its own."""
        key = f"{self.name}-{title}-{self.backend.run}"
        side = self.backend.names.side
        return CreateRecord(side, self.name, key, self.fields(title), Slot(title))

    def update(self, ref: Ref, title: str) -> UpdateRecord:
        """The effect that gives one another title."""
        return UpdateRecord(ref, ref.side, {self.title: title})

    def shown(self, *refs: Ref) -> list[Value]:
        """The titles of those that exist, in this order."""
        records = self.backend.crm.read(refs, {self.name: [self.title]})
        return [records[ref].fields[self.title] for ref in refs if ref in records]

    def listed(self) -> list[Ref]:
        """All of them, page by page."""
        found: list[Ref] = []
        after: str | None = ""
        while after is not None:
            page = self.backend.lister.page(self.name, after, 2)
            found.extend(page.refs)
            after = page.after
        return found


CASES = {
    f"{backend}-{name}": (backend, name)
    for backend in BACKENDS
    if not backend.startswith("live")
    for name in (HUBSPOT_ACTIVITIES if "hubspot" in backend else SALESFORCE_ACTIVITIES)
}


@pytest.fixture(params=CASES)
def activities(request: pytest.FixtureRequest) -> Iterator[Activities]:
    """Each object of activities in each CRM."""
    backend, name = CASES[request.param]
    for one in BACKENDS[backend]():
        yield Activities(one, name)


def test_an_activity_is_created_once_and_found_by_its_key(activities: Activities) -> None:
    """A second one with the key is a conflict that names the first, and nothing is written."""
    effect = activities.creation("first")
    [made] = activities.backend.crm.create([effect])
    again = CreateRecord(
        effect.side, effect.object, effect.key, activities.fields("second"), effect.into
    )

    [clash, other] = activities.backend.crm.create([again, activities.creation("third")])

    assert (type(made), type(clash), type(other)) == (Written, Conflict, Written)
    assert activities.shown(made.ref, other.ref) == ["first", "third"]
    keys = [effect.key, activities.creation("nobody").key]
    assert activities.backend.crm.made_by({activities.name: keys}) == {effect.key: made.ref}


def test_an_update_writes_only_what_it_names_and_a_deleted_activity_is_gone(
    activities: Activities,
) -> None:
    """The other rows of the call are written, in order."""
    one, nobody, two = (activities.add(title) for title in ("one", "nobody", "two"))
    activities.backend.person.delete(nobody)

    outcomes = activities.backend.crm.update(
        [activities.update(ref, "new") for ref in (one, nobody, two)]
    )

    assert [type(outcome) for outcome in outcomes] == [Written, Gone, Written]
    assert activities.shown(one, nobody, two) == ["new", "new"]
    kept = [name for name in activities.fields("") if name in {"Status", "hs_timestamp"}]
    read = activities.backend.crm.read([one], {activities.name: kept})[one]
    assert all(read.fields.values())


def test_more_activities_than_one_call_can_have_are_written_and_read(
    activities: Activities,
) -> None:
    """Batches are split to the size of a call, and results are in order."""
    outcomes = activities.backend.crm.create(
        [activities.creation(f"p{number}") for number in range(205)]
    )

    assert activities.shown(*(one.ref for one in outcomes)) == [f"p{one}" for one in range(205)]


def test_changed_activities_are_found_since_a_moment(activities: Activities) -> None:
    """Salesforce also names the deleted ones."""
    one, two, gone = (activities.add(title) for title in ("one", "two", "gone"))
    since = activities.backend.crm.read([one], {activities.name: []})[one].modified_at
    activities.backend.crm.update([activities.update(two, "new")])
    activities.backend.person.delete(gone)
    activities.backend.update_index()

    pages = activities.backend.sweeper.changed_since({activities.name: since})

    found = {(one.ref, one.deleted) for page in pages for one in page}
    bin_too = {(gone, True)} if gone.object in SALESFORCE_ACTIVITIES else set()
    assert found == {(one, False), (two, False)} | bin_too


def test_activities_are_listed_and_counted_without_deleted_ones(activities: Activities) -> None:
    """An import sees each of them once."""
    made = [activities.add(title) for title in ("one", "two", "three", "four", "five")]
    activities.backend.person.delete(made.pop())
    activities.backend.update_index()

    assert sorted(activities.listed()) == sorted(made)
    assert activities.backend.lister.count(activities.name) == len(made)


@pytest.mark.rule("IMP-1")
def test_tasks_are_listed_and_counted_kind_by_kind(salesforce: Backend) -> None:
    """An import of calls lists no other tasks."""
    refs = {
        subtype: salesforce.person.add(
            "Task", {**SALESFORCE_ACTIVITIES["Task"], "TaskSubtype": subtype}
        )
        for subtype in ("Task", "Call", "Email", "ListEmail")
    }
    found = {
        kind: (
            salesforce.lister.page("Task", "", 10, activity=kind).refs,
            salesforce.lister.count("Task", activity=kind),
        )
        for kind in (ActivityKind.CALL, ActivityKind.EMAIL, ActivityKind.TASK, None)
    }

    assert found == {
        ActivityKind.CALL: ((refs["Call"],), 1),
        ActivityKind.EMAIL: ((refs["Email"],), 1),
        ActivityKind.TASK: ((refs["Task"], refs["ListEmail"]), 2),
        None: (tuple(refs.values()), 4),
    }


def test_a_deleted_activity_has_no_survivor(activities: Activities) -> None:
    """Activities cannot be merged."""
    kept, gone = activities.add("kept"), activities.add("gone")
    activities.backend.person.delete(gone)

    assert activities.backend.crm.survivors([kept, gone]) == {}


def test_a_hubspot_activity_is_moved_to_the_recycle_bin(hubspot: Backend) -> None:
    """Repeating it succeeds, and the recycle bin names it."""
    note = hubspot.person.add("note", HUBSPOT_ACTIVITIES["note"])

    outcomes = [hubspot.deleter.delete([DeleteRecord(note)]) for _ in range(2)]

    assert outcomes == [[Written(note, {})]] * 2
    assert [one.ref for one in hubspot.lister.deleted("note", "").records] == [note]


@pytest.mark.parametrize("name", SALESFORCE_ACTIVITIES)
def test_a_task_or_event_is_moved_to_the_recycle_bin(salesforce: Backend, name: str) -> None:
    """Repeating it succeeds, as it does for one that never was; and the bin says whom it was
    about. What is not in the bin, or was purged, it does not name.
    """
    lead, account = salesforce.add("ada"), salesforce.person.add("Account", {"Name": "Acme"})
    of_lead, of_account, kept, purged = (
        salesforce.person.add(name, {**SALESFORCE_ACTIVITIES[name], **about})
        for about in ({"WhoId": lead.id}, {"WhatId": account.id}, {}, {})
    )
    never = replace(kept, id="00T000000000999AAA")
    gone = [of_lead, of_account, never]
    salesforce.person.purge(purged)

    outcomes = [
        salesforce.activity_bin.delete([DeleteRecord(ref) for ref in gone]) for _ in range(2)
    ]

    assert outcomes == [[Written(ref, {}) for ref in gone]] * 2
    assert list(salesforce.crm.read([*gone, kept], {name: ()})) == [kept]
    assert salesforce.activity_bin.in_bin([*gone, kept, purged]) == {
        of_lead: frozenset({lead.id}),
        of_account: frozenset({account.id}),
    }
    assert (salesforce.activity_bin.in_bin([]), salesforce.activity_bin.delete([])) == ({}, [])


@pytest.mark.parametrize("name", SALESFORCE_ACTIVITIES)
def test_a_task_or_event_goes_with_the_record_that_it_is_about(
    salesforce: Backend, name: str
) -> None:
    """Of a lead as well as of an account, and it is back along with it."""
    lead, account = salesforce.add("ada"), salesforce.person.add("Account", {"Name": "Acme"})
    made = [
        salesforce.person.add(name, {**SALESFORCE_ACTIVITIES[name], **about})
        for about in ({"WhoId": lead.id}, {"WhatId": account.id})
    ]
    for one in (lead, account):
        salesforce.person.delete(one)

    assert salesforce.crm.read(made, {name: ()}) == {}
    assert salesforce.activity_bin.in_bin(made) == {
        made[0]: frozenset({lead.id}),
        made[1]: frozenset({account.id}),
    }
    salesforce.person.restore(lead)
    assert list(salesforce.crm.read(made, {name: ()})) == [made[0]]


@pytest.mark.parametrize("name", HUBSPOT_ACTIVITIES)
def test_an_activity_is_associated_with_people_companies_and_deals(
    hubspot: Backend, name: str
) -> None:
    """It may have several of each, is found from both ends, and becomes nobody's primary record."""
    ada, bob = hubspot.add("ada"), hubspot.add("bob")
    company = hubspot.person.add("company", {"name": "Example Works"})
    deal = hubspot.person.add("deal", {"dealname": "A deal", "dealstage": "appointmentscheduled"})
    activity = hubspot.person.add(name, HUBSPOT_ACTIVITIES[name])
    pairs = hubspot.associations

    outcomes = pairs.associate(
        [
            Associate(activity, ada),
            Associate(bob, activity),
            Associate(activity, company),
            Associate(activity, deal),
        ]
    )

    assert outcomes == [Written(one, {}) for one in (activity, bob, activity, activity)]
    assert {other: pairs.of([activity], other) for other in ("contact", "company", "deal")} == {
        "contact": {activity: (ada, bob)},
        "company": {activity: (company,)},
        "deal": {activity: (deal,)},
    }
    assert pairs.of([company], name) == {company: (activity,)}
    assert pairs.primary_companies([ada, deal]) == {}


def test_an_association_of_an_activity_is_removed_by_itself(hubspot: Backend) -> None:
    """The others stay, and removing it again changes nothing."""
    ada, bob = hubspot.add("ada"), hubspot.add("bob")
    call = hubspot.person.add("call", HUBSPOT_ACTIVITIES["call"])
    hubspot.associations.associate([Associate(call, one) for one in (ada, bob)])
    effect = Dissociate(call, ada)

    outcomes = [hubspot.associations.dissociate([effect]) for _ in range(2)]

    assert outcomes == [[Written(call, {})]] * 2
    assert hubspot.associations.of([call], "contact") == {call: (bob,)}


def test_a_record_that_is_gone_does_not_affect_the_other_associations(hubspot: Backend) -> None:
    """Its row is reported as gone."""
    ada, nobody = hubspot.add("ada"), hubspot.deleted_record()
    note = hubspot.person.add("note", HUBSPOT_ACTIVITIES["note"])

    outcomes = hubspot.associations.associate([Associate(note, nobody), Associate(note, ada)])

    assert [type(one) for one in outcomes] == [Gone, Written]
    assert hubspot.associations.of([note], "contact") == {note: (ada,)}


@pytest.mark.rule("ACT-5")
def test_what_is_about_a_record_is_found_since_a_moment(salesforce: Backend) -> None:
    """Tasks and events of people and of accounts, each object since its own moment, without deleted
    ones.
    """
    if salesforce.activities is None or salesforce.is_live:
        pytest.skip("no activities are made there")

    def made(name: str, **fields: Value) -> Ref:
        return salesforce.person.add(name, {**SALESFORCE_ACTIVITIES[name], **fields})

    lead, other = (
        salesforce.person.add("Lead", {"LastName": name, "Company": "Example GmbH"})
        for name in ("Lang", "Ito")
    )
    account = salesforce.person.add("Account", {"Name": "Example GmbH"})
    old, gone = made("Task", WhoId=lead.id), made("Task", WhoId=lead.id)
    salesforce.person.delete(gone)
    made("Task", WhoId=other.id)
    event = made("Event", WhoId=lead.id)
    since = salesforce.crm.read([event], {"Event": []})[event].created_at
    new = made("Task", WhatId=account.id)
    after = salesforce.crm.read([new], {"Task": []})[new].created_at

    find = salesforce.activities.about
    wanted = [lead, account, Ref(lead.side, "Lead", "typed by somebody")]
    assert find(wanted, {"Task": None, "Event": None}) == sorted([old, new, event])
    assert find(wanted, {"Task": after}) == sorted(
        one
        for one in (old, new)
        if salesforce.crm.read([one], {"Task": []})[one].created_at >= after
    )
    assert find(wanted, {"Event": since}) == [event]
    assert find([], {"Task": None}) == find(wanted, {}) == []


@pytest.fixture
def shared() -> Iterator[Backend]:
    """An org with Shared Activities."""
    yield from simulated_salesforce(shared_activities=True)


@pytest.fixture
def unshared() -> Iterator[Backend]:
    """An org without them."""
    yield from simulated_salesforce()


@pytest.mark.rule("ACT-5")
@pytest.mark.parametrize(("name", "field"), CONTACT_LISTS.items())
def test_all_contacts_are_written_and_read_as_one_field(
    shared: Backend, name: str, field: str
) -> None:
    """They are made and changed with the other fields of a row, whoever comes first, and are read
    in ascending order; an activity of nobody shows none.
    """
    salesforce = shared
    ada, ben, eve = sorted(
        (salesforce.person.add("Contact", {"LastName": last}) for last in ("Ada", "Ben", "Eve")),
        key=lambda one: one.id,
    )
    crm = salesforce.crm

    def creation(at: int, **fields: Value) -> CreateRecord:
        given = {**SALESFORCE_ACTIVITIES[name], **fields}
        return CreateRecord(Side.SALESFORCE, name, f"key-{at}", given, Slot(f"{at}"))

    both = {WHO_ID: ben.id, field: f"{ada.id};{ben.id}"}
    [made, alone] = crm.create([creation(0, **both), creation(1)])
    before = crm.read([made.ref, alone.ref], {name: [WHO_ID, field]})
    changed = {WHO_ID: eve.id, field: f"{ben.id};{eve.id}"}
    crm.update([UpdateRecord(made.ref, Side.SALESFORCE, changed)])
    after = crm.read([made.ref], {name: [WHO_ID, field]})
    crm.update([UpdateRecord(made.ref, Side.SALESFORCE, {WHO_ID: None, field: None})])
    empty = crm.read([made.ref], {name: [WHO_ID, field]})

    nobody = {WHO_ID: None, field: None}
    assert {ref: dict(one.fields) for ref, one in before.items()} == {
        made.ref: both,
        alone.ref: nobody,
    }
    assert [dict(one[made.ref].fields) for one in (after, empty)] == [changed, nobody]


@pytest.mark.rule("ACT-5")
@pytest.mark.parametrize("shares", [True, False])
@pytest.mark.parametrize(("name", "field"), CONTACT_LISTS.items())
def test_what_has_a_contact_in_its_list_is_found(
    request: pytest.FixtureRequest, name: str, field: str, *, shares: bool
) -> None:
    """Where it is asked for, since the same moment, and without deleted ones; what an org that no
    longer shares activities has is found by its one person.
    """
    salesforce = request.getfixturevalue("shared" if shares else "unshared")
    ada, ben = (salesforce.person.add("Contact", {"LastName": last}) for last in ("Ada", "Ben"))

    def made(key: str, *contacts: Ref) -> Ref:
        people = {field: ";".join(one.id for one in contacts)} if shares else {}
        about = {**SALESFORCE_ACTIVITIES[name], WHO_ID: contacts[0].id, **people}
        [one] = salesforce.crm.create([CreateRecord(Side.SALESFORCE, name, key, about, Slot(key))])
        return one.ref

    old, both, gone = (made(key, ben, ada) for key in ("old", "both", "gone"))
    own = made("own", ada)
    salesforce.person.delete(gone)
    since = salesforce.crm.read([both], {name: []})[both].created_at
    early = salesforce.crm.read([old], {name: []})[old].created_at >= since

    find = salesforce.activities.about
    listing = [old, both] if shares else []
    assert find([ada], {name: None}, several=True) == sorted([*listing, own])
    assert find([ada], {name: None}) == [own]
    assert find([ada], {name: since}, several=True) == sorted(
        one for one in (*listing, own) if one != old or early
    )


@pytest.mark.rule("ACT-5")
@pytest.mark.parametrize(("name", "field"), CONTACT_LISTS.items())
def test_an_org_that_no_longer_shares_activities_lacks_the_field(
    unshared: Backend, name: str, field: str
) -> None:
    """So that the flow reads on without it."""
    salesforce = unshared
    ref = salesforce.person.add(name, SALESFORCE_ACTIVITIES[name])

    with pytest.raises(Drifted) as error:
        salesforce.crm.read([ref], {name: [WHO_ID, field]})

    assert error.value.fieldname == field
