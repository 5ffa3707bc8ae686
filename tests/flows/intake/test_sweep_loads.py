"""Sweeps under a load of more records than are remembered: every sweep makes progress, and few
records are queued again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import pytest

from crmsync.errors import OutOfTime
from crmsync.flows.intake.sweep import SweepScope, sweep
from crmsync.model.records import Kind, Side
from crmsync.ports.listing import ChangedRecord, Show, Sweeper
from tests.builders import NOON
from tests.memory import MemoryCrm
from tests.memory.world import MemoryWorld

KINDS = {
    Side.HUBSPOT: {"contact": Kind.CONTACT},
    Side.SALESFORCE: {"Lead": Kind.CONTACT, "Contact": Kind.CONTACT},
}


class Brief:
    """A `Sweeper` whose invocations have time for that many pages, each continuing where the last
    one ended.
    """

    def __init__(self, side: MemoryCrm, pages: int, size: int = 20) -> None:
        """Read what `side` shows, `size` records a page."""
        self._side = side
        self._pages = pages
        self._size = size

    def changed_since(
        self, since: Mapping[str, datetime], *, with_purged: bool = False, show: Show | None = None
    ) -> Iterator[Sequence[ChangedRecord]]:
        """As the port documents. Raises `OutOfTime`."""
        pages = self._side.changed_since(since, with_purged=with_purged, show=show)
        seen = [one for page in pages for one in page]
        for number, start in enumerate(range(0, len(seen), self._size - 1)):
            if number == self._pages:
                raise OutOfTime
            yield seen[start : start + self._size]


def load(world: MemoryWorld, side: Side, size: int, seconds: float) -> list[str]:
    """Make that many records, that many seconds apart; their ids."""
    made = []
    for number in range(size):
        world.now += timedelta(seconds=seconds)
        email = f"person{number}@example.com"
        made.append(
            world.new_contact(email=email) if side is Side.HUBSPOT else world.new_lead(Email=email)
        )
    return [one.id for one in made]


def sweep_times(world: MemoryWorld, side: Side, sweeper: Sweeper, number: int) -> list[str]:
    """The ids that so many sweeps queue, one each minute, whether or not they finish."""
    watch = SweepScope("acme", side, KINDS[side], dict.fromkeys(KINDS[side], NOON))
    world.outbox.published = []
    for _ in range(number):
        world.wait(1)
        with suppress(OutOfTime):
            sweep(watch, sweeper, world.cursors, world.outbox, world.now)
    return [change.ref.id for change in world.outbox.published]


@pytest.mark.parametrize("side", Side)
def test_sweeps_that_are_cut_short_finish_any_load(side: Side, monkeypatch: pytest.MonkeyPatch):
    """This holds although five minutes contain more records than are remembered, and more than an
    invocation can read.
    """
    monkeypatch.setattr("crmsync.rules.timing.sweeps.MAX_SEEN", 50)
    world = MemoryWorld()
    sweep_times(world, side, world.crm(side), 1)
    made = load(world, side, 600, 0.4)
    assert set(sweep_times(world, side, Brief(world.crm(side), pages=6), 20)) == set(made)


def test_forgotten_records_are_queued_again_only_by_long_sweeps(
    monkeypatch: pytest.MonkeyPatch,
):
    """A load of four times the memory is queued by the sweep that finds it and by three long
    sweeps.
    """
    monkeypatch.setattr("crmsync.rules.timing.sweeps.MAX_SEEN", 50)
    world = MemoryWorld()
    sweep_times(world, Side.SALESFORCE, world.salesforce, 1)
    made = load(world, Side.SALESFORCE, 200, 0.2)
    queued = Counter(sweep_times(world, Side.SALESFORCE, world.salesforce, 30))
    assert (queued.keys(), max(queued.values())) == (set(made), 4)


def test_late_records_of_a_load_are_found_although_the_memory_has_lost_their_time(
    monkeypatch: pytest.MonkeyPatch,
):
    """A transaction lasts five minutes while more is written each minute than is remembered."""
    monkeypatch.setattr("crmsync.rules.timing.sweeps.MAX_SEEN", 50)
    world = MemoryWorld()
    sweep_times(world, Side.SALESFORCE, world.salesforce, 1)
    found: list[str] = []
    written_at = world.now
    for minute in range(12):
        load_of_a_minute(world, minute)
        found += sweep_times(world, Side.SALESFORCE, world.salesforce, 1)
        if minute == 4:
            now, world.now = world.now, written_at + timedelta(seconds=1)
            slow = world.new_lead(Email="slow@example.com")
            world.now = now
    assert slow.id in found


def load_of_a_minute(world: MemoryWorld, minute: int) -> None:
    """More leads a minute than are remembered."""
    for number in range(60):
        world.now += timedelta(seconds=1)
        world.new_lead(Email=f"person{minute}.{number}@example.com")


def test_a_record_on_two_pages_of_a_sweep_is_queued_once():
    """A page may begin with the last record of the page before, as a load gives thousands of
    records one timestamp.
    """
    world = MemoryWorld()
    sweep_times(world, Side.SALESFORCE, world.salesforce, 1)
    made = load(world, Side.SALESFORCE, 100, 0.1)
    world.wait(1)
    assert Counter(
        sweep_times(world, Side.SALESFORCE, Brief(world.salesforce, pages=99), 1)
    ) == Counter(made)
