"""Comparisons of worlds in memory: each difference is found with its reason, and repaired."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.errors import Refused
from crmsync.flows.backfill.run import run_turn
from crmsync.model.changes import Cause
from crmsync.model.effects import Category, Report
from crmsync.model.operations.calls import CallClass
from crmsync.model.operations.comparison import KEPT, ObjectComparison, Standing
from crmsync.model.operations.jobs import JobState
from crmsync.model.records import Kind, Ref, Side
from crmsync.ports.comparison import LinkedPair
from crmsync.rules.backfill.pacing import Depth
from crmsync.rules.preview.comparison import BEHIND, LOST, TWICE
from crmsync.rules.timing.call_leases import call_class_of
from tests.builders import at
from tests.flows.comparison.behind_the_back import (
    UNSEEN_CHANGES,
    UnseenChange,
    a_world_with_a_deal,
    add_in_hubspot,
    delete_both,
    edit_in_hubspot,
    lose_the_link,
    synced_world,
)
from tests.memory.comparison import MemoryComparer, counts, findings
from tests.memory.world import MemoryWorld

IN_STEP = Standing.IN_STEP


def standings(comparer: MemoryComparer) -> dict[Ref, Standing]:
    """The standing of each finding of the last comparison."""
    return {
        found.ref: found.standing
        for one in comparer.results.latest("acme")
        for found in one.findings
    }


@pytest.mark.rule("CH-31")
def test_a_world_in_step_is_in_step() -> None:
    """Each record counts once, nothing is written or queued, and the job is done."""
    world, _ = synced_world(5)
    comparer, before = MemoryComparer(world), world.writes()

    job = comparer.run()

    assert (job.state, job.queued, job.trouble) == (JobState.DONE, 10, "")
    assert counts(comparer.results.latest("acme")) == {
        "hubspot contact": {IN_STEP: 5},
        "salesforce Lead": {IN_STEP: 5},
    }
    assert (world.writes(), world.outbox.published) == (before, [])


@pytest.mark.rule("CH-31")
@pytest.mark.parametrize("change", UNSEEN_CHANGES, ids=lambda change: change.__name__)
def test_each_difference_is_found_and_repaired(change: UnseenChange) -> None:
    """Only its records are named, and after the repair nothing is left."""
    world, contacts = synced_world(4)
    changed = change(world, contacts[1])
    world.wait(60)
    comparer = MemoryComparer(world)

    comparer.run()
    found = standings(comparer)
    comparer.run(repairs=True, job_id="v2")
    world.drain()
    world.wait(60)
    comparer.run(job_id="v3")

    assert found == dict.fromkeys(changed, UNSEEN_CHANGES[change])
    assert standings(comparer) == {}


@pytest.mark.rule("CH-31")
@pytest.mark.rule("OPP-9")
def test_a_role_without_an_association_is_a_difference_of_the_deal() -> None:
    """The plan of the pair sees it, and its repair makes the association and the sums."""
    world, opportunity, second = a_world_with_a_deal()
    world.opportunities.add_role(opportunity, second)
    world.wait(60)
    comparer, deal = MemoryComparer(world), world.counterpart(opportunity)

    comparer.run()
    assert findings(comparer.results.latest("acme")) == {
        str(deal): (
            f"different: associate {deal} with {world.counterpart(second)} (OPP-9); "
            "add up the opportunities of 2 contacts (ROLL-1, LIFE-1)"
        )
    }
    comparer.run(repairs=True, job_id="v2")
    world.drain()
    world.wait(60)
    comparer.run(job_id="v3")
    assert standings(comparer) == {}


@pytest.mark.rule("CH-31")
@pytest.mark.rule("ROLL-1")
def test_sums_that_somebody_overwrote_are_a_difference_of_the_deal() -> None:
    """The deal and the opportunity agree; only the contact shows another sum."""
    world, opportunity, _ = a_world_with_a_deal()
    (role,) = world.opportunities.roles_of([opportunity])[opportunity]
    world.hubspot.edit(world.counterpart(role.contact), {"crmsync_total_revenue": "7"})
    world.wait(60)
    comparer = MemoryComparer(world)

    comparer.run(repairs=True)
    world.drain()
    world.wait(60)

    assert findings(comparer.results.latest("acme")) == {
        str(world.counterpart(opportunity)): (
            "different: add up the opportunities of 1 contacts (ROLL-1, LIFE-1)"
        )
    }
    comparer.run(job_id="v2")
    assert standings(comparer) == {}


@pytest.mark.rule("CH-31")
def test_what_was_just_edited_waits() -> None:
    """The sync will see it by itself, so it is neither a finding nor repaired."""
    world, contacts = synced_world(2)
    edit_in_hubspot(world, contacts[0])
    world.wait(10)
    comparer = MemoryComparer(world)

    comparer.run(repairs=True)

    assert counts(comparer.results.latest("acme"))["hubspot contact"] == {
        Standing.WAITING: 1,
        IN_STEP: 1,
    }
    assert world.outbox.published == []


@pytest.mark.rule("CH-31")
def test_what_the_inbox_holds_is_parked() -> None:
    """It was reported to a person, who can retry it; a record without an address is outside."""
    world, contacts = synced_world(3)
    lead = world.counterpart(contacts[0])
    edit_in_hubspot(world, contacts[0])
    world.inbox.park("acme", [Report(lead, Category.VALIDATION, "Too long.")])
    nobody = world.new_contact(email="")
    world.sync(nobody)
    world.wait(60)
    comparer = MemoryComparer(world)

    comparer.run()

    assert counts(comparer.results.latest("acme")) == {
        "hubspot contact": {Standing.PARKED: 1, IN_STEP: 2, Standing.OUTSIDE: 1},
        "salesforce Lead": {Standing.PARKED: 1, IN_STEP: 2},
    }


@pytest.mark.rule("CH-31")
def test_links_that_are_not_found_from_both_sides_are_told_and_left_alone() -> None:
    """No sync can decide which of two links is right, so the reason names the command."""
    world, contacts = synced_world(2)
    lead = world.counterpart(contacts[0])
    twice = replace(contacts[0], id="9001")
    comparer = MemoryComparer(world)
    link = world.links.find("acme", [contacts[0]])[contacts[0]]
    world.links.put_one_sided(replace(link, hubspot=twice))
    lost = replace(link, hubspot=replace(twice, id="9002"), salesforce=replace(lead, id="00Q9"))
    world.links.put_one_sided(lost)
    comparer.pages.more.append(LinkedPair(Kind.CONTACT, replace(twice, id="9003"), lead))

    comparer.run(repairs=True)

    assert findings(comparer.results.latest("acme")) == {
        str(twice): f"different: {TWICE}",
        str(replace(twice, id="9002")): f"different: {LOST}",
    }
    assert world.outbox.published == []


@pytest.mark.rule("CH-31")
def test_of_several_records_with_one_address_each_is_missing_a_counterpart() -> None:
    """One plan waits for the other; those that wait longest say so."""
    world = MemoryWorld()
    leads = [world.new_lead(Email="twin@example.com") for _ in range(5)]
    world.wait(60)
    comparer = MemoryComparer(world)

    comparer.run()

    found = standings(comparer)
    assert found == dict.fromkeys(leads, Standing.MISSING)
    reasons = list(findings(comparer.results.latest("acme")).values())
    assert reasons.count(f"missing: {BEHIND}") == 2


@pytest.mark.rule("CH-31")
def test_limits_on_changes_do_not_hide_differences() -> None:
    """A comparison counts them all; the repair then goes through the limits like any sync."""
    world, contacts = synced_world(6)
    world.settings["max_changes_per_hour"] = 2
    for contact in contacts:
        world.hubspot.edit(contact, {"lastname": "Lovelace"})
    world.wait(60)
    comparer = MemoryComparer(world)

    comparer.run(repairs=True)
    world.deliver(world.outbox.published)

    assert counts(comparer.results.latest("acme"))["hubspot contact"] == {Standing.DIFFERENT: 6}
    assert [str(one.category) for one in world.inbox.parked("acme")] == ["brake"] * 4


@pytest.mark.rule("CH-31")
@pytest.mark.rule("CH-6")
def test_a_repair_waits_behind_live_changes() -> None:
    """Its calls count as those of a resync; what it found is synced even without news."""
    world, contacts = synced_world(1)
    lose_the_link(world, contacts[0])
    world.wait(60)
    comparer = MemoryComparer(world)

    job = comparer.run(repairs=True)

    changes = world.outbox.published
    assert [(one.cause, one.tries) for one in changes] == [(Cause.COMPARED, 0)] * 2
    classes = {call_class_of(one, world.now, is_new=True) for one in changes}
    assert (classes, job.state) == ({CallClass.BACKFILL}, JobState.DONE)
    assert [one.repaired for one in comparer.results.latest("acme") if one.records] == [1, 1]


@pytest.mark.rule("CH-31")
def test_a_killed_turn_loses_and_doubles_nothing() -> None:
    """Place and counts are stored together, and the message comes back."""
    world, contacts = synced_world(5)
    add_in_hubspot(world, contacts[0])
    world.wait(60)
    comparer = MemoryComparer(world, page=2)
    job = comparer.start()
    comparer.jobs.fails = {number: RuntimeError("killed") for number in (3, 6)}

    kills = 0
    while comparer.job_messages.sent:
        delivered = comparer.job_messages.sent[0]
        try:
            run_turn(delivered[0], comparer.context)
            comparer.job_messages.sent.remove(delivered)
        except RuntimeError:
            kills += 1

    stored = comparer.jobs.load("acme", job.id)
    assert stored is not None
    assert (kills, stored.state, stored.queued) == (2, JobState.DONE, 11)
    assert counts(comparer.results.latest("acme")) == {
        "hubspot contact": {IN_STEP: 5, Standing.MISSING: 1},
        "salesforce Lead": {IN_STEP: 5},
    }


def test_a_repair_keeps_pace_with_the_sync() -> None:
    """While much is queued, no further batch is compared."""
    world, contacts = synced_world(1)
    edit_in_hubspot(world, contacts[0])
    world.wait(60)
    comparer = MemoryComparer(world)
    comparer.backlog.now = Depth(ready=50)
    job = comparer.start(repairs=True)

    run_turn(comparer.job_messages.take(), comparer.context)

    stored = comparer.jobs.load("acme", job.id)
    assert stored is not None
    assert (stored.queued, world.outbox.published) == (0, [])


def test_findings_are_kept_up_to_a_number_and_counted_beyond() -> None:
    """The row of an object stays small."""
    world = MemoryWorld()
    for number in range(KEPT + 5):
        world.new_lead(Email=f"l{number}@example.com")
    world.wait(60)
    comparer = MemoryComparer(world)

    comparer.run()

    (leads,) = [one for one in comparer.results.latest("acme") if one.object == "Lead"]
    assert (leads.found, len(leads.findings)) == (KEPT + 5, KEPT)


@pytest.mark.rule("CH-31")
def test_a_result_says_since_when_something_is_not_in_step() -> None:
    """The time of the first comparison of a row of them that each found something."""
    world, contacts = synced_world(1)
    add_in_hubspot(world, contacts[0])
    world.wait(60)
    comparer, seen = MemoryComparer(world), list[ObjectComparison]()
    for number in range(3):
        comparer.run(repairs=number == 1, job_id=f"v{number}")
        seen += [one for one in comparer.results.latest("acme") if one.object == "contact"]
        world.drain()
        world.wait(60)

    first = seen[0].at
    assert [one.since for one in seen] == [first, first, None]
    assert [one.calls[Side.HUBSPOT] > 0 for one in seen] == [True] * 3
    assert first is not None
    assert first > at(0)


def test_a_side_that_needs_a_person_stops_the_comparison() -> None:
    """The job says why, and goes on when it is resumed."""
    world, _ = synced_world(1)
    comparer = MemoryComparer(world)
    world.hubspot.down = Refused("No.", hint="Mend it.")

    job = comparer.run()

    assert (job.state, job.trouble) == (JobState.PAUSED, "No. Mend it.")


def test_a_pair_that_is_gone_counts_as_one_record() -> None:
    """Only the link is left of it, and the repair ends the link."""
    world, contacts = synced_world(1)
    delete_both(world, contacts[0])
    comparer = MemoryComparer(world)

    comparer.run()

    assert counts(comparer.results.latest("acme")) == {"hubspot contact": {Standing.MISSING: 1}}
