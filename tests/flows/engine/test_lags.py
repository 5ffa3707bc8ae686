"""How long changes took: from what happened in a CRM to the end of its writes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmsync.model.changes import Cause
from crmsync.model.records import Ref
from tests.memory.world import MemoryWorld


def test_a_change_that_is_written_has_a_lag() -> None:
    """From when it happened to when it is written; an echo writes nothing and has none."""
    world = MemoryWorld()
    ada = world.new_contact()
    change = world.change(ada)
    world.wait(minutes=3)

    assert world.deliver([change]).lags == [180.0]
    assert world.deliver([change]).lags == []


@pytest.mark.parametrize(
    ("cause", "lags"),
    [
        (Cause.EDITED, [60.0]),
        (Cause.AGAIN, [60.0]),
        (Cause.RESYNC, []),
        (Cause.COMPARED, []),
        (Cause.WOKEN, []),
    ],
)
def test_only_what_happened_in_a_crm_has_a_lag(cause: Cause, lags: list[float]) -> None:
    """What a job or another record has queued did not wait since it happened."""
    world = MemoryWorld()
    change = world.change(world.new_contact(), cause)
    world.wait(minutes=1)

    assert world.deliver([change]).lags == lags


def test_a_crm_whose_clock_is_ahead_makes_no_lag_below_zero() -> None:
    """CloudWatch has no percentiles of negative values."""
    world = MemoryWorld()
    ada: Ref = world.new_contact()
    change = world.change(ada)
    world.now -= timedelta(seconds=5)

    assert world.deliver([change]).lags == [0.0]
