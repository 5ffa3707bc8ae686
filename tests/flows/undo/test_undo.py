"""An undo puts back what a mistake has overwritten, on both sides, against a world in memory."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from crmsync.errors import Refused, SyncError, TryAgain
from crmsync.flows.operator.undo import UndoRequest, UndoResult
from crmsync.flows.undo.summary import RestoredValues, UndoSample
from crmsync.model.changes import Cause
from crmsync.model.kinds.owners import Owner, Owners
from crmsync.model.links import Link
from crmsync.model.operations.jobs import Job, JobState, JobStep, JobType
from crmsync.model.records import Side
from crmsync.rules.pair.undo import SkipReason
from tests.flows.undo.undo_world import (
    GOOD,
    HACKED,
    a_world,
    leads,
    mistake,
    pair,
    shown,
    undo,
    undo_admin,
)
from tests.memory import MemoryJobs


def test_an_undo_puts_a_mistake_back_on_both_sides() -> None:
    """The old value is written where we had overwritten it, and syncs from there to where the
    mistake was made.
    """
    world = a_world()
    ada, lead = pair(world)
    since = mistake(world, ada)
    assert shown(world, ada, lead) == HACKED

    done = undo(world, since)

    assert shown(world, ada, lead) == ["HACKED", None, "Lang", "0100"]
    back = RestoredValues(
        "acme", Side.SALESFORCE, "Lead", 1, 2, (UndoSample(lead, ("LastName", "Phone")),)
    )
    job = Job(
        "acme",
        "job1",
        JobType.UNDO,
        (JobStep(Side.HUBSPOT, "contact", total=1),),
        world.now,
        world.now,
        by="ada",
    )
    job = replace(job, after=since.isoformat())
    assert done == UndoResult(
        since, True, (back,), (), (replace(job, state=JobState.DONE, queued=1, version=3),)
    )
    assert done.is_whole
    world.drain()
    assert shown(world, ada, lead) == GOOD
    before = world.writes()
    world.sync(ada, lead)
    assert world.writes() == before


def test_a_preview_counts_and_writes_nothing() -> None:
    """The preview names records and fields without values, and stores no job."""
    world, jobs = a_world(), MemoryJobs()
    pairs = [pair(world, name) for name in ("ada", "bea")]
    since = mistake(world, *(contact for contact, _ in pairs))
    before = world.writes()

    seen = undo(world, since, apply=False, jobs=jobs)

    samples = tuple(UndoSample(lead, ("LastName", "Phone")) for _, lead in pairs)
    assert seen == UndoResult(
        since, False, (RestoredValues("acme", Side.SALESFORCE, "Lead", 2, 4, samples),)
    )
    assert (world.writes(), world.outbox.published, jobs.all("acme")) == (before, [], [])
    assert "HACKED" not in repr(seen) + repr(world.overwritten.batches)


def test_an_undo_can_be_run_again_at_any_time() -> None:
    """Values that were put back are neither written twice nor counted as a mistake."""
    world = a_world()
    ada, lead = pair(world)
    since = mistake(world, ada)
    undo(world, since)
    before = world.writes()

    again = undo(world, since)

    assert (again.back, again.left, world.writes()) == ((), (leads(2, SkipReason.BACK),), before)
    world.drain()
    before = world.writes()
    last = undo(world, since)
    world.drain()
    assert (last.back, last.left, world.writes()) == ((), (leads(2, SkipReason.BACK),), before)
    assert shown(world, ada, lead) == GOOD


def test_a_mistake_made_in_salesforce_is_put_back_in_hubspot() -> None:
    """No notification reports our own write to HubSpot, so that a sync of the pair is requested and
    the old value syncs.
    """
    world = a_world()
    ada, lead = pair(world)
    world.wait()
    since = world.now
    world.salesforce.edit(lead, {"LastName": "HACKED", "Phone": None})
    world.sync(lead)
    assert shown(world, ada, lead) == HACKED

    done = undo(world, since)

    assert done.back == (
        RestoredValues(
            "acme", Side.HUBSPOT, "contact", 1, 2, (UndoSample(ada, ("lastname", "phone")),)
        ),
    )
    assert [change.cause for change in world.outbox.published] == [Cause.UNDONE]
    world.drain()
    assert shown(world, ada, lead) == GOOD


def test_the_oldest_value_since_the_requested_time_is_put_back() -> None:
    """Values overwritten before that time are not touched."""
    world = a_world()
    ada, lead = pair(world)
    mistake(world, ada, lastname="Lang-Berg", phone="0200")
    since = mistake(world, ada)
    mistake(world, ada, lastname="HACKED AGAIN")

    undo(world, since)
    world.drain()

    assert shown(world, ada, lead) == ["Lang-Berg", "0200", "Lang-Berg", "0200"]


def test_a_field_that_was_blank_is_blank_again() -> None:
    """An undo also clears fields that a mistake has filled."""
    world = a_world()
    ada, lead = pair(world)
    since = mistake(world, ada, city="Nowhere")

    undo(world, since)
    world.drain()

    assert world.hubspot.fields(ada).get("city") is None
    assert world.salesforce.fields(lead).get("City") is None


def test_an_owner_is_put_back() -> None:
    """A record's owner is put back although it has no row in the mapping."""
    people = (("ann", "11", "005000000000011AAA"), ("ben", "12", "005000000000012AAA"))
    owners = Owners(
        tuple(
            Owner(mine, name, f"{name}@example.com", is_active=True, kind="PERSON")
            for name, mine, _ in people
        ),
        tuple(
            Owner(user, name, f"{name}@example.com", is_active=True, kind="Standard")
            for name, _, user in people
        ),
    )
    world = a_world(owners=owners)
    ada, lead = pair(world, hubspot_owner_id="11")
    since = mistake(world, ada, hubspot_owner_id="12")
    assert world.salesforce.fields(lead)["OwnerId"] == people[1][2]

    undo(world, since)
    world.drain()

    assert world.salesforce.fields(lead)["OwnerId"] == people[0][2]
    assert world.hubspot.fields(ada)["hubspot_owner_id"] == "11"


def test_accounts_are_put_back_as_well() -> None:
    """Values overwritten by our writes are kept for every kind of record."""
    world = a_world()
    company = world.new_company(city="Graz")
    world.sync(company, cause=Cause.FORCED)
    world.drain()
    (account,) = world.salesforce.refs("Account")
    since = mistake(world, company, city="Nowhere")
    assert world.salesforce.fields(account)["BillingCity"] == "Nowhere"

    done = undo(world, since, "companies")
    world.drain()

    assert done.back == (
        RestoredValues(
            "acme", Side.SALESFORCE, "Account", 1, 1, (UndoSample(account, ("BillingCity",)),)
        ),
    )
    assert (
        world.hubspot.fields(company)["city"],
        world.salesforce.fields(account)["BillingCity"],
    ) == ("Graz", "Graz")


@pytest.mark.parametrize("fails", ["update", "publish"])
def test_an_undo_that_was_killed_is_finished_by_the_next_run(fails: str) -> None:
    """Whether only the link was stored or everything was written, the next run does the rest."""
    world, jobs = a_world(), MemoryJobs()
    ada, lead = pair(world)
    since = mistake(world, ada)
    world.wait()
    if fails == "publish":
        world.outbox.is_down = True
    else:
        world.salesforce.refuse = lambda _fields: TryAgain("no answer")

    done = undo(world, since, jobs=jobs)

    assert not done.is_whole
    world.outbox.is_down = False
    world.salesforce.refuse = lambda _fields: None
    world.drain()
    undo(world, since, jobs=jobs)
    world.drain()
    assert undo(world, since, jobs=jobs).is_whole
    assert shown(world, ada, lead) == GOOD


@pytest.mark.parametrize("ends", [KeyboardInterrupt(), TryAgain("no answer")])
def test_an_undo_that_ends_early_still_has_its_pairs_looked_at(
    ends: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the link is stored, so no record shows a change; one look at the pair notes that both
    sides show the same.
    """
    world, jobs = a_world(), MemoryJobs()
    ada, lead = pair(world)
    since = mistake(world, ada)
    save = world.links.save

    def save_and_end(links: Sequence[Link]) -> Sequence[Link | SyncError]:
        save(links)
        raise ends

    with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
        patch.setattr(world.links, "save", save_and_end)
        undo(world, since, jobs=jobs)
    assert [(one.ref, one.cause) for one in world.outbox.published] == [(ada, Cause.UNDONE)]
    world.drain()

    before = world.writes()
    world.sync(ada, lead)
    assert (shown(world, ada, lead), world.writes()) == (HACKED, before)
    undo(world, since, jobs=jobs)
    world.drain()
    assert shown(world, ada, lead) == GOOD


def test_a_cancelled_job_stops_the_undo() -> None:
    """It stops before the next batch, and values that were put back stay."""
    world, jobs = a_world(), MemoryJobs()
    ada, _ = pair(world)
    since = mistake(world, ada)
    world.wait()

    def cancel(_name: str, _at: int, _of: int) -> None:
        (job,) = jobs.all("acme")
        jobs.save(replace(job, state=JobState.CANCELLED))

    done = undo_admin(world, jobs).undo(UndoRequest(since), apply=True, progress=cancel)

    assert [job.state for job in done.jobs] == [JobState.CANCELLED]
    assert not done.is_whole


def test_an_undo_can_be_restricted_to_one_object() -> None:
    """The object is named in either side's words, singular or plural; a lead is a HubSpot contact,
    but no Salesforce contact.
    """
    world = a_world()
    ada, _ = pair(world)
    since = mistake(world, ada)

    found = {
        name: len(undo(world, since, name, apply=False).back)
        for name in ("contact", "Leads", "Contact", "deals")
    }

    assert found == {"contact": 1, "Leads": 1, "Contact": 0, "deals": 0}
    with pytest.raises(
        Refused, match=r"Of Task nothing is put back; there are contact, Contact, lead"
    ):
        undo(world, since, "Task")
    with pytest.raises(Refused, match="still to come"):
        undo(world, world.now + timedelta(hours=1))


def test_an_amount_is_put_back() -> None:
    """A deal's amount is put back, while its stage has rules of its own and stays."""
    world = a_world()
    opportunity = world.new_opportunity()
    world.sync(opportunity)
    (deal,) = world.hubspot.refs("deal")
    world.wait()
    since = world.now
    world.salesforce.edit(opportunity, {"Amount": 1, "StageName": "Closed Won"})
    world.sync(opportunity)
    stage = world.hubspot.fields(deal)["dealstage"]
    assert world.hubspot.fields(deal)["amount"] == "1"

    done = undo(world, since, "deals")
    world.drain()

    assert done.back == (
        RestoredValues("acme", Side.HUBSPOT, "deal", 1, 1, (UndoSample(deal, ("amount",)),)),
    )
    assert (
        world.hubspot.fields(deal)["amount"],
        world.salesforce.fields(opportunity)["Amount"],
    ) == (
        "1000",
        1000,
    )
    assert world.hubspot.fields(deal)["dealstage"] == stage
