"""Retries stop while too many of the day's Salesforce calls are used; new changes sync."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.errors import TryAgain
from crmsync.model.changes import Cause, Change
from crmsync.model.operations.calls import DailyCalls
from crmsync.model.records import Ref
from tests.memory.world import MemoryWorld

BUSY, QUIET = DailyCalls(76_000, 100_000), DailyCalls(69_000, 100_000)
"""Above and below three quarters of the calls that the org has."""


def put_off(world: MemoryWorld) -> tuple[Ref, Change]:
    """A contact that was locked at its first sync, the change that was put off, and an org whose
    daily calls are used up.
    """
    contact = world.new_contact()
    world.salesforce.daily = BUSY
    world.salesforce.refuse = lambda _fields: TryAgain("Locked.", code="UNABLE_TO_LOCK_ROW")
    world.sync(contact)
    world.salesforce.refuse = lambda _fields: None
    ((change, _),) = world.outbox.delayed
    world.outbox.delayed = []
    return contact, change


@pytest.mark.rule("RTY-2")
def test_a_retry_is_put_off_without_a_try_and_without_a_call() -> None:
    """It returns unchanged after a quarter of an hour, and one line of the log says how many wait
    and why.
    """
    world = MemoryWorld()
    _, change = put_off(world)
    before = world.hubspot.calls + world.salesforce.calls

    summary = world.deliver([change])

    assert (change.tries, world.outbox.delayed) == (1, [(change, 900)])
    assert world.hubspot.calls + world.salesforce.calls == before
    assert dict(summary.counts) == {"RetriesHeld": 1}
    reason = "Of the 100,000 calls a day that Salesforce allows, 76,000 are used."
    assert summary.decisions == [
        {"records": 1, "outcome": "RetriesHeld", "code": "CALLS_RESERVED", "reason": reason}
    ]


@pytest.mark.rule("RTY-2")
def test_new_changes_sync_meanwhile() -> None:
    """They sync even in one batch with a retry that waits."""
    world = MemoryWorld()
    _, change = put_off(world)
    bea = world.new_contact(email="bea@example.com")

    summary = world.deliver([change, world.change(bea)])

    assert [world.salesforce.fields(lead)["Email"] for lead in world.salesforce.refs("Lead")] == [
        "bea@example.com"
    ]
    assert (summary.counts["RetriesHeld"], summary.counts["Done"]) == (1, 1)


@pytest.mark.rule("CH-6")
def test_a_backfill_waits_while_live_changes_sync() -> None:
    """A resync waits a little earlier than a retry does, counts no try, and goes on by itself; a
    record that is also edited syncs at once.
    """
    world = MemoryWorld()
    refs = [world.new_contact(email=f"c{number}@example.com") for number in range(3)]
    world.salesforce.daily = DailyCalls(71_000, 100_000)
    world.sync(world.new_contact())
    before = world.hubspot.calls + world.salesforce.calls
    resyncs = [world.change(ref, Cause.RESYNC) for ref in refs]

    alone = world.deliver(resyncs)
    calls = world.hubspot.calls + world.salesforce.calls - before
    beside = world.deliver([*resyncs[:2], world.change(refs[2])])
    world.salesforce.daily = QUIET
    world.sync(world.new_contact(email="bea@example.com"))
    later = world.deliver(resyncs)

    assert (dict(alone.counts), calls.total()) == ({"ResyncsHeld": 3}, 0)
    assert (beside.counts["ResyncsHeld"], beside.counts["Done"]) == (2, 1)
    assert {change.tries for change, _ in world.outbox.delayed} == {0}
    assert later.counts["ResyncsHeld"] == 0
    assert len(world.salesforce.refs("Lead")) == 5


@pytest.mark.rule("RTY-3")
@pytest.mark.parametrize("cause", [Cause.EDITED, Cause.AGAIN])
def test_an_edited_or_requested_record_is_not_held_back(cause: Cause) -> None:
    """Its retry syncs as well, although it was put off before."""
    world = MemoryWorld()
    contact, change = put_off(world)

    summary = world.deliver([change, world.change(contact, cause)])

    assert len(world.salesforce.refs("Lead")) == 1
    assert (summary.counts["RetriesHeld"], world.outbox.delayed) == (0, [])


@pytest.mark.rule("RTY-2")
def test_retries_continue_once_an_answer_reports_fewer_used_calls() -> None:
    """The answer to a new change reports it; no call is made for it."""
    world = MemoryWorld()
    _, change = put_off(world)
    world.deliver([change])
    world.salesforce.daily = QUIET
    world.sync(world.new_contact(email="bea@example.com"))

    world.deliver([change])

    emails = {world.salesforce.fields(lead)["Email"] for lead in world.salesforce.refs("Lead")}
    assert emails == {"ada@example.com", "bea@example.com"}


@pytest.mark.rule("RTY-2")
def test_after_a_quarter_of_an_hour_one_retry_probes_the_allotment() -> None:
    """Without any new change, one retry is tried, and while the calls are used up the others wait
    again.
    """
    world = MemoryWorld()
    _, change = put_off(world)
    later = replace(change, ref=world.new_contact(email="bea@example.com"))
    world.wait(16)

    world.deliver([change])
    summary = world.deliver([later])

    assert [world.salesforce.fields(lead)["Email"] for lead in world.salesforce.refs("Lead")] == [
        "ada@example.com"
    ]
    assert (dict(summary.counts), world.outbox.delayed) == ({"RetriesHeld": 1}, [(later, 900)])


@pytest.mark.rule("RTY-2")
def test_unknown_usage_holds_nothing_back() -> None:
    """A process that has just started makes no call to find out."""
    world = MemoryWorld()
    contact = world.new_contact()
    world.salesforce.daily = BUSY

    world.deliver([replace(world.change(contact), tries=3)])

    assert len(world.salesforce.refs("Lead")) == 1


@pytest.mark.rule("RTY-2")
def test_a_contact_role_that_was_put_off_waits_as_well() -> None:
    """Not even its opportunity is read."""
    world = MemoryWorld()
    put_off(world)
    member = world.new_salesforce_contact(world.new_account())
    opportunity = world.new_opportunity(member)
    (role,) = world.opportunities.roles_of([opportunity])[opportunity]
    change = replace(world.change(role.ref), tries=2)
    before = world.hubspot.calls + world.salesforce.calls

    summary = world.deliver([change])

    assert (dict(summary.counts), world.outbox.delayed) == ({"RetriesHeld": 1}, [(change, 900)])
    assert world.hubspot.calls + world.salesforce.calls == before
