"""Resolved conflicts are logged, and batches without conflicts cost nothing more; against a world
in memory.
"""

from __future__ import annotations

import pytest

from crmsync.errors import Refused, TryAgain
from crmsync.model.changes import Cause
from crmsync.model.conflicts import ResolvedConflict
from crmsync.model.records import Ref, Side
from tests.memory.preview import explain
from tests.memory.world import MemoryWorld


def linked(world: MemoryWorld) -> tuple[Ref, Ref]:
    """A synced contact and its lead."""
    ada = world.new_contact(phone="0100")
    world.sync(ada)
    (lead,) = world.salesforce.refs("Lead")
    world.wait()
    return ada, lead


def conflict(
    world: MemoryWorld, ada: Ref, lead: Ref, first: str = "0200", second: str = "0300"
) -> None:
    """Change the phone number on both sides, Salesforce last."""
    world.hubspot.edit(ada, {"phone": first})
    world.wait()
    world.salesforce.edit(lead, {"Phone": second})
    world.wait()


@pytest.mark.rule("CH-28")
def test_a_resolved_conflict_is_shown_afterwards() -> None:
    """Either record shows when, which field, by which policy and which side won, newest first and
    without values.
    """
    world = MemoryWorld()
    ada, lead = linked(world)
    conflict(world, ada, lead)
    first = world.now
    world.sync(ada)
    world.wait()
    conflict(world, ada, lead, "0400", "0500")
    second = world.now
    world.sync(lead)
    expected = tuple(
        ResolvedConflict(at, "phone", "Phone", "two_way", Side.SALESFORCE) for at in (second, first)
    )
    assert explain(world, ada).settled == explain(world, lead).settled == expected
    assert explain(world, ada).plan.conflicts == ()


def test_a_conflict_at_the_first_sync_is_logged_under_the_new_pair() -> None:
    """Two records that are linked and differ are a conflict of their pair, whichever was synced."""
    world = MemoryWorld()
    ada = world.new_contact(phone="0200")
    world.wait()
    lead = world.new_lead(Phone="0300")
    world.sync(lead)
    (settled,) = [one for one in explain(world, ada).settled if one.hubspot == "phone"]
    assert settled == ResolvedConflict(world.now, "phone", "Phone", "two_way", Side.SALESFORCE)


def test_a_batch_without_conflicts_costs_nothing_more() -> None:
    """For new pairs, echoes and edits of one side the conflict log is not read, and an update saves
    its link once.
    """
    world = MemoryWorld()
    ada, lead = linked(world)
    world.hubspot.edit(ada, {"phone": "0200"})
    before = world.links.writes
    world.sync(ada)
    assert world.salesforce.fields(lead)["Phone"] == "0200"
    world.sync(lead)
    assert (world.links.writes - before, world.conflict_log.calls) == (1, 0)


def test_the_conflicts_of_a_batch_are_logged_in_one_call() -> None:
    """The number of pairs with a conflict does not matter."""
    world = MemoryWorld()
    people = [
        world.new_contact(email=f"person{number}@example.com", phone="0100") for number in range(30)
    ]
    world.sync(*people)
    world.wait()
    for ada in people:
        conflict(world, ada, world.counterpart(ada))
    world.sync(*people)
    assert world.conflict_log.calls == 1
    assert len(world.conflict_log.last("acme", people)) == 30


def test_a_conflict_is_logged_once_although_the_winners_value_is_refused_at_first() -> None:
    """It is resolved when the link is saved, and the sync that writes the value again finds no
    conflict.
    """
    world = MemoryWorld()
    ada, lead = linked(world)
    conflict(world, ada, lead)
    world.hubspot.refuse = lambda _fields: Refused("was refused", code="VALIDATION")
    world.sync(ada)
    world.hubspot.refuse = lambda _fields: None
    world.sync(ada)
    assert world.hubspot.fields(ada)["phone"] == world.salesforce.fields(lead)["Phone"]
    assert [one.hubspot for one in explain(world, ada).settled] == ["phone"]


def test_a_winning_value_that_does_not_fit_resolves_nothing() -> None:
    """The field is reported instead (CH-8)."""
    world = MemoryWorld()
    ada, lead = linked(world)
    world.salesforce.edit(lead, {"Phone": "0300"})
    world.wait()
    world.hubspot.edit(ada, {"phone": "1" * 50, "jobtitle": "Countess"})
    world.wait()
    world.sync(ada)
    explanation = explain(world, ada)
    assert (explanation.settled, [one.report.fieldname for one in explanation.parked]) == (
        (),
        ["phone"],
    )
    assert world.salesforce.fields(lead)["Title"] == "Countess"


def test_a_privacy_deletion_leaves_no_conflict_behind() -> None:
    """This holds even if the log could not be reached at first and the link is gone; an ordinary
    deletion keeps the conflicts.
    """
    for cause, left in ((Cause.FORGOTTEN, 0), (Cause.EDITED, 1)):
        world = MemoryWorld()
        ada, lead = linked(world)
        conflict(world, ada, lead)
        world.sync(ada)
        world.hubspot.delete(ada)
        world.conflict_log.down = TryAgain("is busy")
        world.sync(ada, cause=cause)
        world.conflict_log.down = None
        world.drain()
        assert len(world.conflict_log.last("acme", [ada])) == left


def test_a_conflict_log_that_is_down_stops_no_record() -> None:
    """The pair syncs, nothing is put off, and the log says that the conflict was not stored."""
    world = MemoryWorld()
    ada, lead = linked(world)
    conflict(world, ada, lead)
    world.conflict_log.down = TryAgain("is busy", code="UnprocessedItems")
    summary = world.sync(ada)
    assert (world.hubspot.fields(ada)["phone"], world.outbox.delayed) == ("0300", [])
    assert {
        "ledger": "conflicts not kept",
        "outcome": "TryAgain",
        "code": "UnprocessedItems",
        "reason": "is busy",
    } in summary.decisions
