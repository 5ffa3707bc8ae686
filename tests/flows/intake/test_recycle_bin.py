"""Once a night HubSpot's recycle bin is read, for deletions that nothing has reported."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from crmsync.errors import TryAgain
from crmsync.flows.intake.recycle_bin import OVERLAP, sweep_recycle_bin
from crmsync.model.changes import Cause, Change
from crmsync.model.links import LinkState
from crmsync.model.records import Kind, Ref, Side
from crmsync.model.settings import CompanySettings, Connection, ContactSettings, DealSettings
from tests.builders import NOON, a_connection
from tests.memory import MemoryCrm, MemoryCursors, MemoryLister, MemoryOutbox
from tests.memory.world import MemoryWorld

ONLY_CONTACTS = replace(
    a_connection(),
    contacts=ContactSettings(since=NOON),
    companies=CompanySettings(sync=False),
    deals=DealSettings(sync=False),
)
NEXT_NIGHT = NOON.replace(hour=0, minute=10) + timedelta(days=1)


@dataclass
class Account:
    """A HubSpot account with the sweep that reads its recycle bin, two records at a time."""

    now: datetime = NOON
    connection: Connection = ONLY_CONTACTS
    cursors: MemoryCursors = field(default_factory=MemoryCursors)
    outbox: MemoryOutbox = field(default_factory=MemoryOutbox)

    def __post_init__(self) -> None:
        """Nothing is deleted."""
        self.hubspot = MemoryCrm(Side.HUBSPOT, now=lambda: self.now)
        self.lister = MemoryLister(self.hubspot, 2)
        self.sweep()

    def deleted(self, at: datetime) -> Ref:
        """A contact that was deleted at that moment."""
        self.now = at
        contact = self.hubspot.add("contact", {})
        self.hubspot.delete(contact)
        return contact

    def sweep(self, at: datetime = NOON) -> int:
        """Read the recycle bin; returns how many changes were queued."""
        self.now = at
        return sweep_recycle_bin(self.connection, self.lister, self.cursors, self.outbox, at)


def test_deletions_are_queued_by_the_first_sweep_of_a_day() -> None:
    """Each is queued once, with its time, and other sweeps of the day make no call."""
    account = Account()
    gone = [account.deleted(NOON + timedelta(hours=hours)) for hours in (1, 2, 3)]
    account.hubspot.add("contact", {})

    queued = [
        account.sweep(at)
        for at in (NOON + timedelta(hours=4), NEXT_NIGHT, NEXT_NIGHT + timedelta(hours=1))
    ]

    assert (queued, account.lister.pages) == ([0, 3, 0], 2)
    assert account.outbox.published == [
        Change("acme", Kind.CONTACT, ref, Cause.DELETED, NOON + timedelta(hours=hours))
        for hours, ref in enumerate(gone, start=1)
    ]


def test_only_what_was_deleted_since_the_last_night_is_queued_again() -> None:
    """An hour before it counts as well: such a record may have been linked since."""
    account = Account()
    account.deleted(NEXT_NIGHT - OVERLAP - timedelta(seconds=1))
    late = account.deleted(NEXT_NIGHT - OVERLAP)
    account.sweep(NEXT_NIGHT)
    account.outbox.published.clear()

    assert account.sweep(NEXT_NIGHT + timedelta(days=1)) == 1
    assert [one.ref for one in account.outbox.published] == [late]


def test_a_sweep_that_was_cut_short_goes_on_at_its_page() -> None:
    """What was queued before is not queued again, and the next night starts from when it began."""
    account = Account()
    gone = [account.deleted(NOON + timedelta(hours=hours)) for hours in (1, 2, 3)]
    account.lister.down[2] = TryAgain("busy")
    with pytest.raises(TryAgain):
        account.sweep(NEXT_NIGHT)

    account.sweep(NEXT_NIGHT + timedelta(minutes=15))
    last = account.cursors.load("acme", "deleted contact")

    assert [one.ref for one in account.outbox.published] == gone
    assert last
    assert (last.since, last.seen) == (NEXT_NIGHT, {})


def test_objects_that_do_not_sync_are_not_read() -> None:
    """By default companies and deals are read as well, each with one call."""
    account = Account(connection=a_connection())
    account.sweep(NEXT_NIGHT)

    assert account.lister.pages == len(account.connection.kinds)


@pytest.mark.rule("DEL-1")
def test_a_deletion_that_no_webhook_reported_ends_the_link() -> None:
    """The Salesforce record stays."""
    world = MemoryWorld()
    contact, cursors = world.new_contact(), MemoryCursors()
    world.sync(contact)
    lister = MemoryLister(world.hubspot)
    sweep_recycle_bin(world.context.connection, lister, cursors, world.outbox, world.context.now())
    world.hubspot.delete(contact)
    world.wait(24 * 60)

    sweep_recycle_bin(world.context.connection, lister, cursors, world.outbox, world.context.now())
    world.drain()

    ((state, lead),) = [(one.state, one.salesforce) for one in world.links.all]
    assert (state, world.salesforce.refs("Lead")) == (LinkState.TOMBSTONE, [lead])
