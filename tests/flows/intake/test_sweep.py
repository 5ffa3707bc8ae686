"""Sweeps: changes that webhooks and events lost are found once, and a sweep that finds nothing
writes nothing.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from crmsync.errors import Refused, TryAgain
from crmsync.flows.intake.sweep import SweepScope, sweep, sweep_list, sweep_scope
from crmsync.model.changes import Cause, Change
from crmsync.model.concerns import watched_of
from crmsync.model.records import Kind, Ref, Side
from crmsync.model.settings import OutsideInclusionList
from crmsync.ports.listing import ChangedRecord, Show
from crmsync.ports.stores import Cursor
from crmsync.rules.timing.sweeps import METADATA_INTERVAL
from tests.builders import NOON, a_connection, at
from tests.memory.world import MemoryWorld

KINDS = {
    Side.HUBSPOT: {"contact": Kind.CONTACT},
    Side.SALESFORCE: {"Lead": Kind.CONTACT, "Contact": Kind.CONTACT},
}


def sweep_once(
    world: MemoryWorld, side: Side = Side.SALESFORCE, begin: datetime = NOON
) -> list[str]:
    """Sweep a side once, whose objects sync since `begin`; the ids that were queued."""
    watch = SweepScope("acme", side, KINDS[side], dict.fromkeys(KINDS[side], begin))
    world.outbox.published = []
    sweep(watch, world.crm(side), world.cursors, world.outbox, world.now)
    return [change.ref.id for change in world.outbox.published]


def sweep_each_minute(
    world: MemoryWorld, number: int, side: Side = Side.SALESFORCE
) -> list[list[str]]:
    """The ids that a sweep each minute queues."""
    found = []
    for _ in range(number):
        world.wait(1)
        found.append(sweep_once(world, side))
    return found


def test_a_change_is_found_once_however_often_it_is_swept():
    """Each sweep overlaps the last and shows the change again, but in an hour of sweeps it is
    queued once.
    """
    world = MemoryWorld()
    sweep_once(world)
    world.wait(1)
    lead = world.new_lead()
    assert sweep_each_minute(world, 60) == [[lead.id]] + 59 * [[]]
    world.salesforce.edit(lead, {"Phone": "1"})
    assert sweep_each_minute(world, 60) == [[lead.id]] + 59 * [[]]


def test_a_sweep_of_several_pages_counts_the_changes_of_all():
    """The number is what was queued."""
    world = MemoryWorld()
    sweep_once(world)
    pages = [
        [
            ChangedRecord(Ref(Side.SALESFORCE, "Lead", f"00Q{number}"), NOON, deleted=False)
            for number in page
        ]
        for page in ((1, 2), (3,), ())
    ]

    class Pages:
        """A `Sweeper` that finds these pages."""

        def changed_since(self, _since: object, **_: object) -> Iterator[Sequence[ChangedRecord]]:
            """The same whoever asks."""
            yield from pages

    scope = SweepScope("acme", Side.SALESFORCE, KINDS[Side.SALESFORCE])
    queued = sweep(scope, Pages(), world.cursors, world.outbox, world.now)

    assert (queued, [change.ref.id for change in world.outbox.published]) == (
        3,
        ["00Q1", "00Q2", "00Q3"],
    )


def test_two_edits_in_one_second_are_both_found():
    """Salesforce's timestamps are whole seconds: a record seen before its second is over is synced
    once more, and then no more.
    """
    world = MemoryWorld()
    sweep_once(world)
    lead = world.new_lead()
    assert sweep_once(world) == [lead.id]
    world.now += timedelta(milliseconds=700)
    world.salesforce.edit(lead, {"Phone": "1"})
    assert sweep_each_minute(world, 30) == [[lead.id]] + 29 * [[]]


def test_a_timestamp_in_the_future_is_not_queued_for_ever():
    """It may belong to a later edit, but the second sweep accepts it."""
    world = MemoryWorld()
    sweep_once(world)
    world.wait(60)
    lead = world.new_lead()
    world.wait(-60)
    assert sweep_each_minute(world, 90) == [[lead.id], [lead.id]] + 88 * [[]]


@pytest.mark.parametrize("late", range(1, 15))
def test_a_transaction_that_commits_late_is_found_behind_the_cursor(late: int):
    """Its rows become visible up to 14 minutes after their timestamps, while others' edits have
    moved the cursor on.
    """
    world = MemoryWorld()
    sweep_once(world)
    other = world.new_lead()
    sweep_each_minute(world, 10)
    written_at = world.now
    for _ in range(late):
        world.salesforce.edit(other, {"Phone": str(world.now)})
        sweep_each_minute(world, 1)
    now, world.now = world.now, written_at
    slow = world.new_lead()
    world.now = now
    found = []
    for _ in range(40):
        world.salesforce.edit(other, {"Phone": str(world.now)})
        found += sweep_each_minute(world, 1)
    assert [ids for ids in found if slow.id in ids] == [[slow.id, other.id]]
    assert found.index([slow.id, other.id]) <= 6
    assert all(ids == [other.id] for ids in found if slow.id not in ids)


@pytest.mark.parametrize(("lag", "looks"), [(20, 3), (25, 3), (110, 12)])
def test_records_that_search_shows_late_are_found_behind_the_cursor(lag: int, looks: int):
    """HubSpot's index lags after imports: a lag of 25 minutes is covered by the next sweep, and one
    of two hours by a long sweep.
    """
    world = MemoryWorld()
    sweep_once(world, Side.HUBSPOT)
    other = world.hubspot.add("contact", {"email": "other@example.com"})
    written_at = world.now
    for _ in range(lag // 5):
        world.wait(5)
        world.hubspot.edit(other, {"phone": str(world.now)})
        if (world.now - NOON) % timedelta(minutes=15) == timedelta():
            sweep_once(world, Side.HUBSPOT)
    now, world.now = world.now, written_at
    slow = world.new_contact()
    world.now = now
    found = []
    while len(found) < looks:
        world.wait(5)
        world.hubspot.edit(other, {"phone": str(world.now)})
        if (world.now - NOON) % timedelta(minutes=15) == timedelta():
            found.append(sweep_once(world, Side.HUBSPOT))
    assert sum(slow.id in ids for ids in found) == 1
    if lag <= 25:
        assert slow.id in found[0]


def test_a_busy_hour_is_not_repeated_minute_by_minute():
    """Thousands of edits an hour are queued once each, except those of the last second, and the
    memory stays small.
    """
    world = MemoryWorld()
    sweep_once(world)
    queued: Counter[str] = Counter()
    made = []
    for minute in range(60):
        made += [
            world.new_lead(Email=f"person{minute}.{number}@example.com").id for number in range(20)
        ]
        world.now += timedelta(seconds=60)
        queued.update(sweep_once(world))
    assert queued == Counter(made)
    kept = world.cursors.load("acme", "Lead")
    assert kept is not None
    assert len(kept.seen) == 26 * 20


def test_records_beyond_the_memory_are_not_queued_repeatedly(monkeypatch: pytest.MonkeyPatch):
    """After a data load a long sweep reaches back only as far as the memory does."""
    monkeypatch.setattr("crmsync.rules.timing.sweeps.MAX_SEEN", 50)
    world = MemoryWorld()
    sweep_once(world)
    queued: Counter[str] = Counter()
    made = []
    for load in range(4):
        made += [
            world.new_lead(Email=f"person{load}.{number}@example.com").id for number in range(25)
        ]
        queued.update(one for found in sweep_each_minute(world, 6) for one in found)
    newest = world.new_lead().id
    queued.update(one for found in sweep_each_minute(world, 20) for one in found)
    assert queued == Counter([*made, newest])


@pytest.mark.parametrize("late", [9, 300])
@pytest.mark.parametrize("side", Side)
def test_the_first_sweep_begins_when_the_object_was_switched_on(side: Side, late: int):
    """However late it runs, it and later long sweeps leave older records to the import."""
    world = MemoryWorld()
    world.wait(-30)
    older = (
        world.new_contact(email="older@example.com") if side is Side.HUBSPOT else world.new_lead()
    )
    world.wait(30)
    first = world.new_contact() if side is Side.HUBSPOT else world.new_lead()
    world.wait(late)
    found = sweep_each_minute(world, 120, side)
    assert found == [[first.id]] + 119 * [[]]
    assert older.id != first.id


def test_an_object_that_was_switched_off_catches_up():
    """Its cursor stays, and the first sweep after it is on again continues there."""
    world = MemoryWorld()
    sweep_once(world)
    sweep_each_minute(world, 10)
    world.wait(60)
    meanwhile = world.new_lead()
    world.wait(60)
    assert sweep_once(world, begin=world.now) == [meanwhile.id]


def test_without_a_date_an_object_is_swept_from_the_first_sweep_on():
    """Settings of an older release do not contain the date."""
    world = MemoryWorld()
    world.new_lead()
    watch = SweepScope("acme", Side.SALESFORCE, KINDS[Side.SALESFORCE])
    world.wait(60)
    assert sweep(watch, world.salesforce, world.cursors, world.outbox, world.now) == 0


def test_objects_are_swept_since_their_sync_was_switched_on():
    """Each has the date of its push, and without one it has none."""
    connection = a_connection(since=at(1))
    connection = replace(connection, deals=replace(connection.deals, since=at(2)))
    kinds = {"contact": Kind.CONTACT, "company": Kind.ACCOUNT, "deal": Kind.OPPORTUNITY}
    begins = {"contact": at(1), "deal": at(2)}
    assert sweep_scope(connection, Side.HUBSPOT) == SweepScope("acme", Side.HUBSPOT, kinds, begins)


@pytest.mark.rule("TRG-10")
def test_a_contact_that_joins_a_list_before_the_first_sweep_is_found():
    """The first sweep of a list reaches back to when the list came into force, and no further."""
    world = MemoryWorld()
    world.lists.make("77")
    older, joined = world.new_contact(), world.new_contact(email="bob@example.com")
    world.lists.add_to_list("77", older)
    world.wait(2)
    connection = a_connection(inclusion_list="77", listed_since=world.now)
    world.lists.add_to_list("77", joined)
    found = []
    for _ in range(4):
        world.wait(15)
        world.outbox.published = []
        sweep_list(connection, world.lists, world.cursors, world.outbox, world.now)
        found.append([(change.ref, change.cause) for change in world.outbox.published])
    assert found == [[(joined, Cause.AGAIN)] * 2, [], [], []]
    assert older != joined


@pytest.mark.rule("INC-22")
@pytest.mark.rule("ROLL-1")
@pytest.mark.parametrize(
    ("outside", "syncs_deals", "sums"),
    [("freeze", True, 1), ("ignore", True, 1), ("sync", True, 0), ("freeze", False, 0)],
)
def test_a_contact_that_joins_a_list_is_added_up_again(
    *, outside: str, syncs_deals: bool, sums: int
):
    """Its sums and ties were left as they were while it was outside, if they were; no opportunity has
    news.
    """
    world = MemoryWorld()
    world.lists.make("77")
    joined = world.new_contact()
    world.lists.add_to_list("77", joined)
    connection = a_connection(
        inclusion_list="77", outside_inclusion_list=OutsideInclusionList(outside)
    )
    connection = replace(connection, deals=replace(connection.deals, sync=syncs_deals))

    queued = sweep_list(connection, world.lists, world.cursors, world.outbox, world.now)

    assert queued == 1
    assert world.outbox.published == [
        Change("acme", Kind.CONTACT, joined, Cause.AGAIN, world.now),
        *[Change("acme", Kind.OPPORTUNITY, joined, Cause.AGAIN, world.now)] * sums,
    ]


def test_a_purged_record_is_found_within_minutes():
    """It is in no recycle bin, so that only the list shows it, which long sweeps read; it is queued
    once.
    """
    world = MemoryWorld()
    lead = world.new_lead()
    sweep_each_minute(world, 20)
    world.salesforce.purge(lead)
    found = sweep_each_minute(world, 40)
    assert [ids for ids in found if ids] == [[lead.id]]
    assert found.index([lead.id]) < 6


def test_a_record_that_is_deleted_and_later_purged_is_queued_once():
    """The recycle bin shows it first, and then the list."""
    world = MemoryWorld()
    lead = world.new_lead()
    sweep_each_minute(world, 20)
    world.salesforce.delete(lead)
    assert [ids for ids in sweep_each_minute(world, 3) if ids] == [[lead.id]]
    world.salesforce.purge(lead)
    assert [ids for ids in sweep_each_minute(world, 40) if ids] == []


def test_a_change_that_shows_late_is_found_behind_the_cursor():
    """A record with a timestamp before the newest one seen, visible only afterwards, is within the
    overlap.
    """
    world = MemoryWorld()
    sweep_once(world)
    world.wait(4)
    newer = world.new_lead()
    world.wait(1)
    assert sweep_once(world) == [newer.id]
    world.wait(-3)
    late = world.new_lead()
    world.wait(3)
    assert sweep_once(world) == [late.id]


def test_a_deletion_is_found_in_salesforces_recycle_bin():
    """The change is queued as a deletion."""
    world = MemoryWorld()
    lead = world.new_lead()
    sweep_once(world)
    world.wait(1)
    world.salesforce.delete(lead)
    sweep_once(world)
    assert [(one.ref, one.cause) for one in world.outbox.published] == [(lead, Cause.DELETED)]


@pytest.mark.parametrize("side", Side)
def test_nothing_is_lost_when_the_bus_is_down(side):
    """The cursor moves only after the changes are queued, so that the next sweep finds them."""
    world = MemoryWorld()
    sweep_once(world, side)
    world.wait(1)
    ref = world.new_contact() if side is Side.HUBSPOT else world.new_lead()
    world.wait(1)
    world.outbox.is_down = True
    with pytest.raises(TryAgain):
        sweep_once(world, side)
    world.outbox.is_down = False
    world.wait(30)
    assert sweep_once(world, side) == [ref.id]


def test_a_sweep_after_days_continues_where_it_stopped():
    """After a pause it finds everything since the last sweep, without a full resync."""
    world = MemoryWorld()
    sweep_once(world)
    world.wait(60 * 24 * 4)
    leads = [world.new_lead(Email=f"person{number}@example.com") for number in range(450)]
    world.wait(60 * 24 * 4)
    assert sweep_once(world) == [lead.id for lead in leads]


def test_a_sweep_without_changes_takes_one_call_and_no_write():
    """The cursor stays, and old records are no longer queued."""
    world = MemoryWorld()
    sweep_once(world)
    world.new_lead()
    sweep_once(world)
    world.wait(31)
    sweep_once(world)
    kept, calls = world.cursors.load("acme", "Lead"), world.salesforce.calls["changed_since"]
    for _ in range(5):
        world.wait(30)
        assert sweep_once(world) == []
    assert (
        world.cursors.load("acme", "Lead"),
        world.salesforce.calls["changed_since"] - calls,
    ) == (
        kept,
        5,
    )
    assert kept is not None
    assert kept.seen == {}


@pytest.mark.rule("OPP-9")
def test_contact_roles_are_swept_with_opportunities():
    """A role that is created, changed or deleted is queued as a change of the opportunity sync that
    names the role.
    """
    world = MemoryWorld()
    signs = SweepScope("acme", Side.SALESFORCE, {"OpportunityContactRole": Kind.OPPORTUNITY})
    sweep(signs, world.salesforce, world.cursors, world.outbox, world.now)
    world.wait(1)
    role = world.salesforce.add("OpportunityContactRole", {"OpportunityId": "006000000000001AAA"})
    sweep(signs, world.salesforce, world.cursors, world.outbox, world.now)
    assert world.outbox.published == [
        Change("acme", Kind.OPPORTUNITY, role, Cause.EDITED, world.now)
    ]


@pytest.mark.rule("OPP-6")
def test_metadata_objects_are_read_every_fifteen_minutes():
    """A stage that an administrator changes is found within a quarter of an hour, once, and is not
    read before.
    """
    world = MemoryWorld()
    signs = SweepScope("acme", Side.SALESFORCE, {"OpportunityStage": Kind.OPPORTUNITY})

    def look_for_stages() -> list[Ref]:
        world.outbox.published = []
        sweep(signs, world.salesforce, world.cursors, world.outbox, world.now)
        return [change.ref for change in world.outbox.published]

    look_for_stages()
    world.wait(1)
    stage = world.salesforce.add("OpportunityStage", {"ApiName": "Demo"})
    found = []
    for _ in range(40):
        world.wait(1)
        found.append(look_for_stages())
    assert found == [[]] * 13 + [[stage]] + [[]] * 26


WATCHED = SweepScope("acme", Side.SALESFORCE, watched_of(a_connection(), Side.SALESFORCE))


def test_objects_skipped_on_a_metadata_poll_are_found_by_the_next_sweep():
    """An opportunity and a role are queued a minute later, and leads are not delayed at all."""
    world = MemoryWorld()

    def look_for_all() -> list[str]:
        world.outbox.published = []
        sweep(WATCHED, world.salesforce, world.cursors, world.outbox, world.now)
        return [change.ref.object for change in world.outbox.published]

    look_for_all()
    world.wait(15)
    for name in ("Opportunity", "OpportunityContactRole", "OpportunityStage", "RecordType", "Lead"):
        world.salesforce.add(
            name, {"LastName": "Fell", "Company": "Example GmbH"} if name == "Lead" else {}
        )
    world.wait(1)
    first = look_for_all()
    world.wait(1)
    assert (sorted(first), sorted(look_for_all())) == (
        ["Lead", "OpportunityStage", "RecordType"],
        ["Opportunity", "OpportunityContactRole"],
    )


class SecretStages:
    """A `Sweeper` of an org without changes that does not show its stages; it remembers what it was
    asked for.
    """

    def __init__(self) -> None:
        """Nobody has asked yet."""
        self.asked: list[frozenset[str]] = []
        self.lists = 0

    def changed_since(
        self,
        since: Mapping[str, datetime],
        *,
        with_purged: bool = False,
        show: Show | None = None,  # noqa: ARG002 - it describes nothing
    ) -> Iterator[Sequence[ChangedRecord]]:
        """Find nothing, and raise if stages are asked for."""
        self.asked.append(frozenset(since))
        self.lists += with_purged
        yield []
        if "OpportunityStage" in since:
            raise Refused("Stages are not shown.", code="INVALID_TYPE")


def test_a_poll_every_fifteen_minutes_reads_metadata_and_opportunities_in_turn():
    """While few calls are left, so that polls are rare, each reads what the last one left out."""
    world, org = MemoryWorld(), SecretStages()
    for _ in range(6):
        with suppress(Refused):
            sweep(WATCHED, org, world.cursors, world.outbox, world.now)
        world.wait(15)
    always = {"Lead", "Contact", "Account"}
    records, metadata = (
        always | {"Opportunity", "OpportunityContactRole"},
        always | {"OpportunityStage", "RecordType"},
    )
    assert org.asked == [records, metadata] * 3


def test_metadata_objects_are_read_again_as_soon_as_their_interval_is_over():
    """At its last moment already, so that a schedule that is as long as the interval misses none."""
    world, org = MemoryWorld(), SecretStages()
    before = METADATA_INTERVAL - timedelta(seconds=1)
    for pause in (before, timedelta(seconds=1), timedelta()):
        with suppress(Refused):
            sweep(WATCHED, org, world.cursors, world.outbox, world.now)
        world.now += pause

    assert ["OpportunityStage" in one for one in org.asked] == [False, False, True]


def test_refused_metadata_objects_do_not_displace_others_for_good():
    """In an hour they get four sweeps and opportunities all others, and no sweep reads more than
    five objects.
    """
    world, org = MemoryWorld(), SecretStages()
    for _ in range(61):
        with suppress(Refused):
            sweep(WATCHED, org, world.cursors, world.outbox, world.now)
        world.wait(1)
    seldom, others = (
        {"OpportunityStage": 4, "RecordType": 4},
        {"Opportunity": 57, "OpportunityContactRole": 57},
    )
    assert Counter(name for one in org.asked for name in one) == {
        **seldom,
        **others,
        **dict.fromkeys(("Lead", "Contact", "Account"), 61),
    }
    assert {len(one) for one in org.asked} == {5}
    assert org.lists == 12


def test_a_record_of_the_second_in_which_a_far_sweep_begins_is_queued_once():
    """Salesforce finds it although the sweep begins some milliseconds later, as its stamps are whole
    seconds.
    """
    world = MemoryWorld()
    scope = SweepScope("acme", Side.SALESFORCE, {"Lead": Kind.CONTACT})
    lead, made = world.new_lead(), world.now
    world.wait(60)
    world.cursors.save("acme", "Lead", Cursor(made + timedelta(minutes=25, milliseconds=20), {}))
    for _ in range(12):
        sweep(scope, world.salesforce, world.cursors, world.outbox, world.now)
        world.wait(5)
    assert [change.ref for change in world.outbox.published] == [lead]
