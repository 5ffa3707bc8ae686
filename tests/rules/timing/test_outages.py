"""Who may be looked at while a side is down."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from crmsync.errors import Down, Refused, SyncError, TryAgain
from crmsync.model.changes import Cause, Change
from crmsync.model.operations.troubles import Outage
from crmsync.model.records import Kind, Ref, Side
from crmsync.rules.timing.outages import Admission, admit, after_failure, may_be_one, seconds_until
from tests.builders import NOON

LIMIT = Down("Used up.", side="salesforce", after=900, code="REQUEST_LIMIT_EXCEEDED", hint="Wait.")


def a_change(number: int, *, held: bool = False) -> Change:
    """Look at a contact."""
    return Change(
        "acme",
        Kind.CONTACT,
        Ref(Side.HUBSPOT, "contact", str(number)),
        Cause.EDITED,
        NOON,
        held=held,
    )


def an_outage(minutes: float = 0, *, is_whole: bool = True) -> Outage:
    """One that lets a record look ahead so many minutes after noon."""
    at = NOON + timedelta(minutes=minutes)
    return Outage("salesforce", "X", "Down.", "", NOON, NOON, at, 1, is_whole=is_whole)


FRESH, TRIED, OTHER = a_change(1), a_change(2, held=True), a_change(3)


@pytest.mark.rule("RTY-1")
@pytest.mark.parametrize(
    ("outage", "expected"),
    [
        (an_outage(5), Admission((), None, (FRESH, TRIED, OTHER))),
        (an_outage(), Admission((), TRIED, (FRESH, OTHER))),
        (an_outage(5, is_whole=False), Admission((FRESH, OTHER), None, (TRIED,))),
        (an_outage(is_whole=False), Admission((FRESH, OTHER), TRIED)),
    ],
)
def test_one_looks_ahead_and_the_others_wait(outage: Outage, expected: Admission) -> None:
    """Whoever was refused before is the first; where only some are refused, those that nobody has
    tried yet go on.
    """
    assert admit([FRESH, TRIED, OTHER], outage, NOON) == expected


def test_looks_ahead_are_soon_at_first_and_minutes_apart_in_the_end() -> None:
    """From a quarter of a minute to five minutes, however long the side asks for; what was told
    last counts.
    """
    outage = after_failure(None, TryAgain("Busy.", after=3), NOON, is_whole=True)
    assert not outage.is_sure
    waits = []
    for _ in range(7):
        waits.append((outage.next_at - outage.seen_at).total_seconds())
        outage = after_failure(outage, TryAgain("Busy.", after=3), outage.next_at, is_whole=True)
    last = after_failure(outage, LIMIT, NOON, is_whole=False)

    assert waits == [15, 30, 60, 120, 240, 300, 300]
    expected = replace(
        outage, side="salesforce", code=LIMIT.code, text="Used up.", hint="Wait.", fails=9
    )
    assert last == replace(
        expected, seen_at=NOON, next_at=NOON + timedelta(minutes=5), is_whole=False, is_sure=True
    )


def test_the_others_come_after_the_one_that_looks_ahead() -> None:
    """So that they know what it found."""
    outage = an_outage(2)

    assert (seconds_until(outage, NOON, probe=True), seconds_until(outage, NOON)) == (120, 140)
    assert seconds_until(outage, NOON + timedelta(hours=1)) == 21


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (LIMIT, False),
        (Down("Fault.", side="hubspot", sure=False), True),
        (TryAgain("Busy."), True),
        (Refused("No."), True),
    ],
)
def test_what_may_be_one_records_fault(error: SyncError, *, expected: bool) -> None:
    """Nothing that every caller would be told."""
    assert may_be_one(error) is expected
