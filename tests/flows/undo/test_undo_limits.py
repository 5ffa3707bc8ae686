"""The limits of an undo, against a world in memory: it has its own hourly limit, and the change
limits do not hold back what it puts back.
"""

from __future__ import annotations

import pytest

from crmsync.flows.undo.run import JOB_OVER_LIMIT, OVER_LIMIT
from crmsync.flows.undo.summary import SkippedValues
from crmsync.model.operations.jobs import JobState
from crmsync.model.records import Side
from crmsync.rules.pair.undo import REASONS, SkipReason
from tests.flows.undo.undo_world import GOOD, a_world, mistake, pair, shown, undo
from tests.memory import MemoryJobs

HACKED_NAME = ["HACKED", None, "HACKED", "0100"]


@pytest.mark.rule("Q-30")
def test_an_undo_has_its_own_hourly_limit() -> None:
    """Changes that used up the hour's limit can be undone, as many an hour, and the rest follows
    later.
    """
    world, jobs = a_world(settings={"max_changes_per_hour": 2}), MemoryJobs()
    pairs = [pair(world, name) for name in ("ada", "bea", "cid")]
    since = mistake(world, *(contact for contact, _ in pairs[:2]))
    world.wait(60)
    mistake(world, pairs[2][0])
    world.wait(60)

    seen = undo(world, since, apply=False, jobs=jobs)
    done = undo(world, since, jobs=jobs)

    for result in (seen, done):
        assert [(one.records, one.values) for one in result.back] == [(2, 4)]
        assert result.left == (
            SkippedValues("acme", Side.SALESFORCE, "Lead", OVER_LIMIT, 2, is_open=True),
        )
    assert [(job.state, job.trouble) for job in done.jobs] == [(JobState.PAUSED, JOB_OVER_LIMIT)]
    assert not undo(world, since, jobs=jobs).back
    world.wait(60)
    last = undo(world, since, jobs=jobs)
    assert [one.records for one in last.back] == [1]
    assert [job.state for job in jobs.all("acme")] == [
        JobState.DONE,
        JobState.CANCELLED,
        JobState.CANCELLED,
    ]
    world.drain()
    assert [shown(world, *one) for one in pairs] == [GOOD] * 3


@pytest.mark.rule("Q-30")
def test_values_that_an_undo_puts_back_are_not_limited() -> None:
    """The operator requested them, so that their sync to the other side counts toward no limit."""
    world = a_world(settings={"max_changes_per_hour": 1, "max_blanks_per_hour": 1})
    pairs = [pair(world, name) for name in ("ada", "bea")]
    moments = []
    for contact, _ in pairs:
        moments.append(mistake(world, contact))
        world.wait(60)
    for _ in pairs:
        undo(world, moments[0])
        world.wait(60)
    world.drain()

    assert [shown(world, *one) for one in pairs] == [GOOD] * 2
    assert world.inbox.parked("acme") == []


@pytest.mark.rule("Q-30")
def test_a_record_is_put_back_while_a_blank_of_it_is_held_back() -> None:
    """The blank still waits for the operator and does not block the undo."""
    world = a_world(settings={"max_blanks_per_hour": 1})
    (ada, lead), (bea, other) = pair(world), pair(world, "bea")
    since = mistake(world, ada, bea)
    assert [shown(world, ada, lead)[2:], shown(world, bea, other)] == [
        ["HACKED", None],
        HACKED_NAME,
    ]

    done = undo(world, since)
    world.drain()

    assert [(one.records, one.values) for one in done.back] == [(2, 3)]
    assert shown(world, ada, lead) == GOOD
    assert shown(world, bea, other) == ["Lang", None, "Lang", "0100"]
    (report,) = world.inbox.parked("acme")
    assert report.ref == bea


def test_values_that_are_no_longer_kept_are_reported_as_lost() -> None:
    """Values that are still kept are put back."""
    world = a_world()
    ada, lead = pair(world)
    since = mistake(world, ada, phone="0200")
    world.wait(71 * 60)
    mistake(world, ada, phone="0300")
    world.wait(2 * 60)

    done = undo(world, since)
    world.drain()

    remark = "acme: values are kept for 72 hours: what was overwritten before 2026-11-02 13:06 UTC is lost."
    assert done.remarks == (remark,)
    assert shown(world, ada, lead) == ["Lang", "0200", "Lang", "0200"]


def test_a_second_run_recognises_the_first_by_any_name_of_the_object() -> None:
    """What was written since the first run is left alone."""
    world, jobs = a_world(), MemoryJobs()
    ada, lead = pair(world)
    since = mistake(world, ada)
    undo(world, since, "leads", jobs=jobs)
    world.drain()
    world.wait()
    mistake(world, ada, phone="0200")

    again = undo(world, since, "Lead", jobs=jobs)

    assert (again.back, [one.text for one in again.left]) == (
        (),
        [REASONS[SkipReason.EDITED], REASONS[SkipReason.BACK]],
    )
    assert shown(world, ada, lead) == ["Lang", "0200", "Lang", "0200"]
