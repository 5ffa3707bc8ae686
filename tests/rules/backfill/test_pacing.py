"""The pace of a backfill, and its reported progress."""

from __future__ import annotations

import pytest

from crmsync.model.jobs import JobState
from crmsync.rules.backfill.pacing import (
    DailyCalls,
    Depth,
    KnownCalls,
    Progress,
    has_calls_left,
    may_retry,
    progress,
    queue_capacity,
)
from tests.builders import a_job, a_step, at


@pytest.mark.parametrize(
    ("queued", "minutes", "depth", "may"),
    [
        (0, 0, Depth(), 1_000),
        (1_000, 1, Depth(ready=10), 0),
        (1_000, 1, Depth(hidden=4), 600),
        (60_000, 1, Depth(), 10_000),
        (60_000, 1, Depth(ready=50, hidden=50), 0),
        (12_000, 1, Depth(), 4_000),
        (12_000, 1, Depth(hidden=15), 2_000),
        (12_000, 1, Depth(delayed=100), 4_000),
        (12_000, 1, Depth(delayed=180), 0),
    ],
)
def test_no_more_is_queued_than_the_sync_does_in_twenty_seconds(
    queued: int, minutes: float, depth: Depth, may: int
) -> None:
    """This is computed from the pace so far, with at least one batch; a few changes that were put
    off do not count.
    """
    assert queue_capacity(a_job(queued=queued), depth, at(minutes)) == may


@pytest.mark.rule("RTY-2")
@pytest.mark.parametrize(
    ("used", "allotment", "may"),
    [
        (0, 1_000, True),
        (749, 1_000, True),
        (750, 1_000, False),
        (4_999, 0, True),
        (5_000, 0, False),
        (75_000, 10**6, False),
    ],
)
def test_a_backfill_uses_three_quarters_of_the_calls(
    used: int, allotment: int, *, may: bool
) -> None:
    """The share is taken of the allotment or of the org's limit, whichever is less, and without an
    allotment of 5,000 calls.
    """
    assert has_calls_left(DailyCalls(used, 100_000), allotment) is may


def test_progress_is_reported_from_the_first_record_on() -> None:
    """It has records a second and seconds left, nothing before the first record and no time left at
    the end.
    """
    job = a_job(a_step(1_000), queued=300, waiting=50, moved_at=at(1))

    assert progress(a_job(a_step(1_000))) == Progress(None, None)
    assert progress(job) == Progress(4.2, 180)
    assert progress(a_job(a_step(9), queued=12, moved_at=at(1), state=JobState.DONE)) == Progress(
        0.2, 0
    )


@pytest.mark.rule("RTY-2")
@pytest.mark.parametrize(
    ("used", "allotment", "may"),
    [
        (0, 1_000, True),
        (750, 1_000, True),
        (751, 1_000, False),
        (5_000, 0, True),
        (5_001, 0, False),
        (75_000, 10**6, True),
        (75_001, 10**6, False),
    ],
)
def test_retries_stop_above_three_quarters_of_the_calls(
    used: int, allotment: int, *, may: bool
) -> None:
    """The share is taken of the allotment or of the org's limit, whichever is less, and without an
    allotment of 5,000 calls.
    """
    assert may_retry(at(0), KnownCalls(DailyCalls(used, 100_000), at(0)), allotment, at(0)) is may


@pytest.mark.rule("RTY-2")
@pytest.mark.parametrize(
    ("known_at", "now", "may"),
    [(None, 0, True), (0, 15, False), (0, 15.1, True), (1_430, 1_439, False), (1_430, 1_440, True)],
)
def test_retries_wait_on_known_usage_and_for_a_day_at_most(
    known_at: float | None, now: float, *, may: bool
) -> None:
    """Unknown usage, and usage reported more than 15 minutes ago, holds nothing back."""
    known = None if known_at is None else KnownCalls(DailyCalls(100_000, 100_000), at(known_at))

    assert may_retry(at(0), known, 1_000, at(now)) is may
