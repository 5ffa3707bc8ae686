"""Once a night the contacts in the error inbox are read again that are not in the inclusion list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from crmsync.errors import TryAgain
from crmsync.flows.intake.outsiders import BATCH, queue_outsiders
from crmsync.model.changes import Cause, Change
from crmsync.model.effects import Category, Report
from crmsync.model.records import Kind, Ref, Side
from crmsync.model.settings import Connection, ContactSettings
from tests.builders import NOON, a_connection
from tests.memory import MemoryCursors, MemoryInbox, MemoryLists, MemoryOutbox

LISTED = replace(a_connection(), contacts=ContactSettings(inclusion_list="77"))
NIGHT = NOON.replace(hour=0, minute=10) + timedelta(days=1)
LEAD = Ref(Side.SALESFORCE, "Lead", "00Q000000000001AAA")


def contact(number: int) -> Ref:
    """A HubSpot contact."""
    return Ref(Side.HUBSPOT, "contact", str(number))


class ShortOfTime(MemoryLists):
    """Lists that answer a number of calls."""

    def __init__(self, calls: int) -> None:
        """One list without members."""
        super().__init__(now=lambda: NOON)
        self.calls = calls

    def members(self, list_id: str, refs: Iterable[Ref]) -> frozenset[Ref]:
        """See the port."""
        if not self.calls:
            raise TryAgain("no time is left")
        self.calls -= 1
        return super().members(list_id, refs)


@dataclass
class Account:
    """An account with an inclusion list, swept once before."""

    connection: Connection = LISTED
    lists: MemoryLists = field(default_factory=lambda: MemoryLists(now=lambda: NOON))
    inbox: MemoryInbox = field(default_factory=MemoryInbox)
    cursors: MemoryCursors = field(default_factory=MemoryCursors)
    outbox: MemoryOutbox = field(default_factory=MemoryOutbox)

    def __post_init__(self) -> None:
        """Nobody is in the list."""
        self.lists.make("77")
        self.sweep(NOON)

    def sweep(self, now: datetime) -> int:
        """Sweep once; returns how many contacts were queued."""
        return queue_outsiders(
            self.connection, self.lists, self.inbox, self.cursors, self.outbox, now
        )

    def report(self, refs: Iterable[Ref], category: Category = Category.WAITING) -> None:
        """Report something of records."""
        self.inbox.park("acme", [Report(ref, category, "waits") for ref in refs])


@pytest.mark.rule("INC-2")
@pytest.mark.rule("Q-23")
def test_reported_contacts_outside_the_list_are_read_once_a_night() -> None:
    """Members, Salesforce's records, and what is tried in another way are not queued; and nothing
    is before the night or after its first sweep.
    """
    account = Account()
    account.report([contact(81), contact(82), LEAD])
    account.report([contact(83)], Category.UNAVAILABLE)
    account.report([contact(84)], Category.PRIVACY)
    account.report([contact(85)], Category.DUPLICATES)
    account.lists.add_to_list("77", contact(82))

    assert account.sweep(NOON + timedelta(hours=1)) == 0
    assert account.sweep(NIGHT) == 2
    assert account.sweep(NIGHT + timedelta(minutes=15)) == 0
    assert account.outbox.published == [
        Change("acme", Kind.CONTACT, contact(number), Cause.AGAIN, NIGHT) for number in (81, 85)
    ]
    assert account.sweep(NIGHT + timedelta(days=1)) == 2


def test_a_night_that_was_cut_short_goes_on_after_the_last_contact() -> None:
    """No contact is queued twice, none is left out, and the night is over then."""
    refs = [contact(1000 + number) for number in range(2 * BATCH + 1)]
    account = Account(lists=ShortOfTime(1))
    account.report(refs)
    with pytest.raises(TryAgain):
        account.sweep(NIGHT)
    assert len(account.outbox.published) == BATCH

    account.lists.calls = 2  # type: ignore[attr-defined]
    assert account.sweep(NIGHT + timedelta(minutes=15)) == BATCH + 1
    assert [change.ref for change in account.outbox.published] == refs
    assert account.sweep(NIGHT + timedelta(minutes=30)) == 0
