"""The pace of a backfill, and its reported progress."""

from __future__ import annotations

import pytest

from crmsync.model.operations.jobs import JobState
from crmsync.rules.backfill.pacing import (
    Depth,
    Progress,
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
