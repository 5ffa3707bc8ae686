"""An invocation that ends soon: changes not yet started go back to the queue, and the age of
waiting changes is recorded.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from crmsync.errors import OutOfTime, Refused, SyncError, TryAgain
from crmsync.flows.engine.batches import BATCH, sync_in_batches
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.results import Summary, retry_later
from crmsync.flows.engine.staleness import (
    REPORT_AFTER,
    LongestWait,
    last_poll,
    longest_wait,
    names_of_notes,
    note_waiting,
    record_poll,
)
from crmsync.gateways.deadline import Remaining
from crmsync.model.changes import Cause, Change
from crmsync.model.records import Kind, Ref, Side
from tests.builders import NOON
from tests.memory import MemoryCursors
from tests.memory.world import MemoryWorld


def changes(count: int) -> list[Change]:
    """Changes of that many contacts, an hour old."""
    at = NOON - timedelta(hours=1)
    refs = (Ref(Side.HUBSPOT, "contact", str(number)) for number in range(count))
    return [Change("acme", Kind.CONTACT, ref, Cause.EDITED, at) for ref in refs]


def counted(summary: Summary) -> dict[str, int]:
    """The metrics that were counted at all."""
    return {name: count for name, count in summary.counts.items() if count}


def test_changes_beyond_the_invocations_time_are_not_started() -> None:
    """The first thousand sync, and the others go back to the queue at once, unchanged."""
    world, seen, time = MemoryWorld(), [], iter([True, False])
    context = replace(world.context, may_begin=lambda: next(time))

    def sync(
        some: list[Change],
        _context: SyncContext,
        _summary: Summary,
        *,
        is_last: bool,  # noqa: ARG001 - `SyncPass` names it
    ) -> list[Change]:
        seen.extend(some)
        return []

    given = changes(BATCH + 5)
    summary = sync_in_batches(given, context, sync)

    assert len(seen) == BATCH
    assert [(change, wait) for change, wait in world.outbox.delayed] == [
        (one, 0) for one in given if one not in seen
    ]
    assert (counted(summary), summary.oldest) == ({"PutBack": 5}, None)


@pytest.mark.parametrize(
    ("error", "put_back", "wait", "counts", "oldest"),
    [
        (OutOfTime(), {"cause": Cause.AGAIN}, 0, {"PutBack": 1}, None),
        (
            TryAgain("busy", after=60, code="429"),
            {"held": True},
            80,
            {"Down": 1, "PutOff": 1},
            "429",
        ),
        (
            Refused("Expired.", code="401"),
            {"held": True},
            35,
            {"Down": 1, "PutOff": 1, "LooksRefused": 1},
            "401",
        ),
    ],
)
def test_a_sync_that_fails_as_a_whole_is_counted_by_its_cause(
    error: SyncError,
    put_back: dict[str, Any],
    wait: int,
    counts: dict[str, int],
    oldest: str | None,
) -> None:
    """None of it counts as a try; running out of time is no trouble, while a refusal is counted at
    once with the age of the change.
    """
    world = MemoryWorld()

    def sync(
        _some: list[Change],
        _context: SyncContext,
        _summary: Summary,
        *,
        is_last: bool,  # noqa: ARG001 - `SyncPass` names it
    ) -> list[Change]:
        raise error

    (change,) = changes(1)
    summary = sync_in_batches([change], world.context, sync)

    assert world.outbox.delayed == [(replace(change, **put_back), wait)]
    assert counted(summary) == counts
    assert summary.oldest == (LongestWait(change.at, oldest) if oldest else None)


def test_a_record_that_there_was_no_time_for_uses_up_no_try() -> None:
    """It goes back into the queue at once, and is synced even if it shows nothing new by then."""
    world, summary = MemoryWorld(), Summary()
    (change,) = changes(1)
    late = replace(change, tries=3)

    retry_later([(late, OutOfTime())], world.context, summary)

    assert world.outbox.delayed == [(replace(late, cause=Cause.AGAIN), 0)]
    assert counted(summary) == {"PutBack": 1}


class Clock:
    """An invocation's time."""

    left = 120.0

    def set(self, left: float) -> bool:
        """So much is left from now on; always True."""
        self.left = left
        return True


def test_a_call_starts_only_if_there_is_time_for_it_and_its_answer() -> None:
    """Of 120 seconds, batches start until 60, calls until 45, and no call waits for an answer in
    the last 20.
    """
    clock, remaining = Clock(), Remaining()
    before = (remaining.may_begin(), remaining.for_a_call(60))
    remaining.start(lambda: clock.left)
    counted = [
        (remaining.may_begin(), remaining.for_a_call(60))
        for left in (120.0, 60.0, 59.0, 45.0)
        if clock.set(left)
    ]
    clock.set(44.0)

    assert before == (True, 60)
    assert counted == [(True, 60), (True, 40), (False, 39), (False, 25)]
    with pytest.raises(OutOfTime):
        remaining.for_a_call(60)


def test_the_time_since_the_last_successful_poll_is_recorded() -> None:
    """It is known from the first try on in every process, and takes at most one write in five
    minutes.
    """
    cursors = MemoryCursors()
    minutes = [
        record_poll(
            "acme", Side.HUBSPOT, cursors, NOON + timedelta(minutes=at), is_done=done
        ).total_seconds()
        / 60
        for at, done in ((0, False), (15, False), (30, True), (33, True), (45, False))
    ]

    known = cursors.load_many("acme", names_of_notes([]))
    assert minutes == [0, 15, 0, 0, 15]
    assert last_poll(Side.HUBSPOT, known) == NOON + timedelta(minutes=30)
    assert last_poll(Side.SALESFORCE, known) is None


def test_a_waiting_change_counts_while_it_is_recorded_again() -> None:
    """A change that was not recorded for a quarter of an hour has been synced."""
    cursors = MemoryCursors()
    note_waiting(
        "acme",
        Kind.ACCOUNT,
        LongestWait(NOON, "401"),
        cursors,
        NOON + REPORT_AFTER - timedelta(seconds=1),
    )
    note_waiting("acme", Kind.CONTACT, LongestWait(NOON, "401"), cursors, NOON + REPORT_AFTER)

    def known(kind: Kind, minutes: int) -> LongestWait | None:
        notes = cursors.load_many("acme", names_of_notes([kind]))
        return longest_wait(kind, notes, NOON + REPORT_AFTER + timedelta(minutes=minutes))

    assert [known(Kind.ACCOUNT, 0), known(Kind.CONTACT, 15), known(Kind.CONTACT, 21)] == [
        None,
        LongestWait(NOON, "401"),
        None,
    ]
