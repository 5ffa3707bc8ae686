"""A comparison at size: of twenty thousand records, each of fifty that were made to differ behind
the product's back is found and repaired.
"""

from __future__ import annotations

from collections import Counter

import pytest

from crmsync.model.operations.comparison import Standing
from crmsync.model.records import Ref, Side
from tests.flows.comparison.behind_the_back import UNSEEN_CHANGES, synced_world
from tests.memory.comparison import MemoryComparer, counts

PAIRS, EACH = 10_000, 5


@pytest.mark.rule("CH-31")
@pytest.mark.long
def test_each_of_fifty_differences_among_twenty_thousand_records_is_found_and_repaired() -> None:
    """Five of each kind, spread over the whole; the counts say how many records each concerns."""
    world, contacts = synced_world(PAIRS)
    expected: Counter[Standing] = Counter()
    changed: set[Ref] = set()
    for at, (change, standing) in enumerate(UNSEEN_CHANGES.items()):
        for number in range(EACH):
            records = change(world, contacts[number * PAIRS // EACH + at * 17])
            expected[standing] += len(records)
            changed.update(records)
    world.wait(60)
    comparer = MemoryComparer(world)

    comparer.run()
    found = comparer.results.latest("acme")
    job = comparer.run(repairs=True, job_id="v2")
    world.drain()
    world.wait(60)
    comparer.run(job_id="v3")
    left = counts(comparer.results.latest("acme"))

    assert {one.ref for each in found for one in each.findings} == changed
    assert Counter(one.standing for each in found for one in each.findings) == expected
    records = sum(one.records for one in found)
    assert records >= 2 * PAIRS - 2 * EACH
    assert {standing for one in left.values() for standing in one} == {
        Standing.IN_STEP,
        Standing.OUTSIDE,
    }
    assert job.comparison is not None
    calls = {side: count * 1_000 / PAIRS for side, count in job.comparison.calls.items()}
    assert calls[Side.HUBSPOT] < 30
