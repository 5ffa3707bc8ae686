"""Stories of more work than fits into one invocation: records not yet started return to the queue,
and no invocation is cut off.
"""

from __future__ import annotations

import pytest

from local.soak.slow_triggers import WORLD, load_leads
from tests.flows.conftest import NewStack

QUICK = (600, 40.0)
"""Three calls of 200 rows take as long as a whole invocation may."""


@pytest.mark.long
def test_a_bulk_load_into_an_org_with_slow_triggers_syncs_once(new_stack: NewStack) -> None:
    """Every lead is linked with one contact, no message becomes a dead letter, and no function is
    cut off; `make soak ARGS="slow-triggers"` runs it at any size.
    """
    size, seconds = QUICK
    stack = new_stack(world=WORLD)

    came = load_leads(stack, size, seconds)

    assert came.problems(size) == [], came
    assert (came.contacts, came.linked, came.parked, came.dead, came.cut_off) == (
        {1: size},
        size,
        0,
        0,
        0,
    )
