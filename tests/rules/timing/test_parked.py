"""When records that were given up as unavailable are looked at again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmsync.model.records import Kind, Ref, Side
from crmsync.rules.timing.parked import Turn, next_turn
from tests.builders import NOON

ADA, BEA, CLEO = (Ref(Side.HUBSPOT, "contact", str(number)) for number in (1, 2, 3))
HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)


def ahead(ref: Ref) -> dict[str, object]:
    """A contact that looked ahead at noon."""
    return {f"contact {ref}": NOON}


@pytest.mark.rule("RTY-1")
def test_one_looks_ahead_and_the_others_follow_once_it_came_through() -> None:
    """A quarter of an hour later it has left the inbox."""
    going, turn = next_turn({Kind.CONTACT: [BEA, ADA]}, None, NOON)
    assert (going, turn) == ({Kind.CONTACT: [ADA]}, Turn(NOON, ahead(ADA)))

    later = NOON + QUARTER
    assert next_turn({Kind.CONTACT: [BEA, CLEO]}, turn, later) == (
        {Kind.CONTACT: [BEA, CLEO]},
        Turn(later),
    )


@pytest.mark.rule("RTY-1")
def test_the_next_one_looks_ahead_an_hour_later() -> None:
    """What keeps one record may be its own; after the last one it is the first one's turn again."""
    parked = {Kind.CONTACT: [ADA, BEA, CLEO]}
    turn = Turn(NOON, ahead(BEA))

    assert next_turn(parked, turn, NOON + QUARTER) == ({}, Turn(NOON + QUARTER, ahead(BEA)))
    going, turn = next_turn(parked, turn, NOON + HOUR)
    assert going == {Kind.CONTACT: [CLEO]}
    assert next_turn(parked, turn, NOON + 2 * HOUR)[0] == {Kind.CONTACT: [ADA]}


@pytest.mark.rule("RTY-1")
def test_once_a_night_all_are_tried() -> None:
    """At midnight UTC, whatever the one that looked ahead has found."""
    night = NOON + timedelta(hours=12)

    assert next_turn({Kind.CONTACT: [ADA, BEA]}, Turn(NOON, ahead(ADA)), night)[0] == {
        Kind.CONTACT: [ADA, BEA]
    }


def test_the_inbox_is_read_only_when_there_is_something_to_be_done() -> None:
    """Hourly, at night, and as soon as it is known what became of the one that looked ahead."""
    idle, looking = Turn(NOON), Turn(NOON, ahead(ADA))

    assert [idle.is_over(NOON + at) for at in (QUARTER, HOUR, timedelta(days=1))] == [
        False,
        True,
        True,
    ]
    assert [looking.is_over(NOON + at) for at in (timedelta(minutes=5), QUARTER)] == [False, True]
