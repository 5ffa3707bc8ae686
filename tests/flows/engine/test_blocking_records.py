"""A record that is in the way of another one's write: both are synced together first, and what that
has not helped is reported.
"""

from __future__ import annotations

import pytest

from crmsync.errors import Conflict
from crmsync.flows.engine.complete import RecordResult
from crmsync.flows.engine.results import BlockingRecord, Summary, process_results
from crmsync.model.changes import Cause
from crmsync.model.plan import Plan
from crmsync.plans.contact import ContactFacts
from crmsync.rules.pair import reports
from tests.builders import a_change, a_contact
from tests.memory.world import MemoryWorld

ADA, BEA = a_contact(), a_contact(record_id="82")


@pytest.mark.rule("DUP-1")
@pytest.mark.parametrize("is_last", [False, True], ids=["another pass follows", "the last pass"])
def test_a_record_in_the_way_is_synced_along_before_it_is_reported(*, is_last: bool) -> None:
    """As long as another pass follows nothing is reported, and after the last one nothing is synced
    again.
    """
    world, summary = MemoryWorld(), Summary()
    both = (a_change(ADA.ref, Cause.AGAIN), a_change(BEA.ref, Cause.WOKEN))
    report = reports.address_taken(ADA.ref, BEA.ref)
    facts = ContactFacts(a_change(ADA.ref), hubspot=ADA)
    error = Conflict("Contact already exists.", existing=BEA.ref.id)
    result = RecordResult(facts, Plan(), error, None, frozenset())

    again = process_results(
        [result],
        world.context,
        summary,
        is_last=is_last,
        find_blocking=lambda _facts, _plan, _error: BlockingRecord(both, report),
    )

    parked = [(one.ref, one.code) for one in world.inbox.parked("acme")]
    assert (again, parked, summary.counts["Parked"]) == (
        ([], [(ADA.ref, "ADDRESS_TAKEN")], 1) if is_last else (list(both), [], 0)
    )
