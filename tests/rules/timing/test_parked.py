"""When records that were given up as unavailable are looked at again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmsync.model.records import Kind, Ref, Side
from crmsync.rules.timing.parked import RetryRound, next_round
from tests.builders import NOON

ADA, BEA, CLEO = (Ref(Side.HUBSPOT, "contact", str(number)) for number in (1, 2, 3))
HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)


def probe(ref: Ref) -> dict[str, object]:
    """A contact that was tried as a probe at noon."""
    return {f"contact {ref}": NOON}


@pytest.mark.rule("RTY-1")
def test_the_others_follow_once_a_probe_has_synced() -> None:
    """A quarter of an hour later it has left the inbox."""
    going, last = next_round({Kind.CONTACT: [BEA, ADA]}, None, NOON)
    assert (going, last) == ({Kind.CONTACT: [ADA]}, RetryRound(NOON, probe(ADA)))

    later = NOON + QUARTER
    assert next_round({Kind.CONTACT: [BEA, CLEO]}, last, later) == (
        {Kind.CONTACT: [BEA, CLEO]},
        RetryRound(later),
    )


@pytest.mark.rule("RTY-1")
def test_the_next_record_is_the_probe_an_hour_later() -> None:
    """What keeps one record may be its own; after the last one it is the first one's turn again."""
    parked = {Kind.CONTACT: [ADA, BEA, CLEO]}
    last = RetryRound(NOON, probe(BEA))

    assert next_round(parked, last, NOON + QUARTER) == ({}, RetryRound(NOON + QUARTER, probe(BEA)))
    going, last = next_round(parked, last, NOON + HOUR)
    assert going == {Kind.CONTACT: [CLEO]}
    assert next_round(parked, last, NOON + 2 * HOUR)[0] == {Kind.CONTACT: [ADA]}


@pytest.mark.rule("RTY-1")
def test_once_a_night_all_are_tried() -> None:
    """At midnight UTC, whatever became of the probe."""
    night = NOON + timedelta(hours=12)

    assert next_round({Kind.CONTACT: [ADA, BEA]}, RetryRound(NOON, probe(ADA)), night)[0] == {
        Kind.CONTACT: [ADA, BEA]
    }


def test_the_inbox_is_read_only_when_there_is_something_to_be_done() -> None:
    """Hourly, at night, and as soon as the result of the probe is known."""
    idle, probing = RetryRound(NOON), RetryRound(NOON, probe(ADA))

    assert [idle.is_next_due(NOON + at) for at in (QUARTER, HOUR, timedelta(days=1))] == [
        False,
        True,
        True,
    ]
    assert [probing.is_next_due(NOON + at) for at in (timedelta(minutes=5), QUARTER)] == [
        False,
        True,
    ]
