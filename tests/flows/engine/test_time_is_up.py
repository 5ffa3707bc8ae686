"""An invocation that ends soon: what is not begun goes back as it is, and what stands still is
noted.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from crmsync.errors import OutOfTime, Refused, SyncError, TryAgain
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.passes import BATCH, sync_in_batches
from crmsync.flows.engine.results import Summary, retry_later
from crmsync.flows.engine.staleness import (
    REPORT_AFTER,
    LongestWait,
    last_poll,
    longest_wait,
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
    """Changes of so many contacts, an hour old."""
    at = NOON - timedelta(hours=1)
    refs = (Ref(Side.HUBSPOT, "contact", str(number)) for number in range(count))
    return [Change("acme", Kind.CONTACT, ref, Cause.EDITED, at) for ref in refs]


def told(summary: Summary) -> dict[str, int]:
    """What was counted at all."""
    return {name: count for name, count in summary.counts.items() if count}


def test_what_does_not_fit_into_the_invocation_is_not_begun() -> None:
    """The first thousand are synced; the others go back into the queue at once, as they are."""
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
    assert (told(summary), summary.oldest) == ({"PutBack": 5}, None)


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
    """Nothing of this is a try. No time left is no trouble; a refusal is counted at once, and how
    long the change has waited is reported.
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
    assert told(summary) == counts
    assert summary.oldest == (LongestWait(change.at, oldest) if oldest else None)


def test_a_record_that_there_was_no_time_for_uses_up_no_try() -> None:
    """It goes back into the queue at once, and is synced even if it shows nothing new by then."""
    world, summary = MemoryWorld(), Summary()
    (change,) = changes(1)
    late = replace(change, tries=3)

    retry_later([(late, OutOfTime())], world.context, summary)

    assert world.outbox.delayed == [(replace(late, cause=Cause.AGAIN), 0)]
    assert told(summary) == {"PutBack": 1}


class Clock:
    """An invocation's time."""

    left = 120.0

    def set(self, left: float) -> bool:
        """So much is left from now on; always True."""
        self.left = left
        return True


def test_a_call_is_begun_only_while_there_is_time_for_it_and_for_what_it_answers() -> None:
    """Of 120 seconds: batches until 60, calls until 45, and no call waits for an answer beyond the
    last 20.
    """
    clock, remaining = Clock(), Remaining()
    before = (remaining.may_begin(), remaining.for_a_call(60))
    remaining.start(lambda: clock.left)
    told = [
        (remaining.may_begin(), remaining.for_a_call(60))
        for left in (120.0, 60.0, 59.0, 45.0)
        if clock.set(left)
    ]
    clock.set(44.0)

    assert before == (True, 60)
    assert told == [(True, 60), (True, 40), (False, 39), (False, 25)]
    with pytest.raises(OutOfTime):
        remaining.for_a_call(60)


def test_it_is_known_since_when_no_poll_has_succeeded() -> None:
    """From the first try on, whatever process asks; and it costs a write in five minutes at most."""
    cursors = MemoryCursors()
    minutes = [
        record_poll(
            "acme", Side.HUBSPOT, cursors, NOON + timedelta(minutes=at), is_done=done
        ).total_seconds()
        / 60
        for at, done in ((0, False), (15, False), (30, True), (33, True), (45, False))
    ]

    assert minutes == [0, 15, 0, 0, 15]
    assert last_poll("acme", Side.HUBSPOT, cursors) == NOON + timedelta(minutes=30)
    assert last_poll("acme", Side.SALESFORCE, cursors) is None


def test_a_waiting_change_is_known_while_it_is_noted_again() -> None:
    """A change is synced again within a quarter of an hour: one that is not noted for longer is
    through.
    """
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
        return longest_wait("acme", kind, cursors, NOON + REPORT_AFTER + timedelta(minutes=minutes))

    assert [known(Kind.ACCOUNT, 0), known(Kind.CONTACT, 15), known(Kind.CONTACT, 21)] == [
        None,
        LongestWait(NOON, "401"),
        None,
    ]
