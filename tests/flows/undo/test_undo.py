"""What a mistake has overwritten is put back, on both sides, and nothing else; over a world in
memory.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from crmsync.errors import Refused, TryAgain
from crmsync.flows.operator.undo import UndoAdmin, UndoRequest, UndoResult
from crmsync.flows.undo.summary import RestoredValues, SkippedValues, UndoSample
from crmsync.model.changes import Cause
from crmsync.model.fields import FieldRule, FieldType, Update
from crmsync.model.jobs import Job, JobState, JobStep, JobType
from crmsync.model.owners import Owner, Owners
from crmsync.model.records import Ref, Side
from crmsync.model.settings import UndoSettings
from crmsync.rules.pair.undo import REASONS, SkipReason
from tests.memory import MemoryJobs
from tests.memory.preview import settings_of, view
from tests.memory.world import MemoryWorld

KEPT = UndoSettings(hours=72)


def a_world(**more: Any) -> MemoryWorld:
    """A world that keeps what is overwritten."""
    return MemoryWorld(undo=KEPT, **more)


def pair(world: MemoryWorld, name: str = "ada", **fields: str) -> tuple[Ref, Ref]:
    """A contact and its lead, in step."""
    contact = world.new_contact(
        email=f"{name}@example.com", **{"lastname": "Lang", "phone": "0100", **fields}
    )
    world.sync(contact)
    (lead,) = {
        place for link in world.links.all if link.hubspot == contact for place in [link.salesforce]
    }
    assert isinstance(lead, Ref)
    world.wait()
    return contact, lead


def mistake(world: MemoryWorld, *contacts: Ref, **fields: str) -> datetime:
    """A person overwrites contacts in HubSpot, and it crosses; when it began."""
    world.wait()
    since = world.now
    for contact in contacts:
        world.hubspot.edit(contact, fields or {"lastname": "HACKED", "phone": ""})
    world.wait()
    world.sync(*contacts)
    return since


def undo_admin(world: MemoryWorld, jobs: MemoryJobs | None = None) -> UndoAdmin:
    """What the command works with."""
    kept_jobs = jobs or MemoryJobs()
    return UndoAdmin(
        settings=lambda: settings_of(world),
        kept=lambda: world.overwritten,
        view=lambda connection, _: view(world, connection),
        context=lambda _connection, _settings: world.context,
        jobs=kept_jobs,
        new_id=lambda: f"job{len(kept_jobs.all('acme')) + 1}",
        now=lambda: world.now,
        caller=lambda: "ada",
    )


def undo(
    world: MemoryWorld,
    since: datetime,
    name: str = "",
    *,
    apply: bool = True,
    jobs: MemoryJobs | None = None,
) -> UndoResult:
    """Run the undo, without the syncs that it requests."""
    world.wait()
    return undo_admin(world, jobs).undo(UndoRequest(since, name), apply=apply)


def shown(world: MemoryWorld, contact: Ref, lead: Ref) -> list[Any]:
    """Name and number on both sides."""
    hubspot, salesforce = world.hubspot.fields(contact), world.salesforce.fields(lead)
    return [
        hubspot.get("lastname"),
        hubspot.get("phone"),
        salesforce.get("LastName"),
        salesforce.get("Phone"),
    ]


def left(side: Side, name: str, values: int, why: SkipReason) -> SkippedValues:
    """So many values of an object are left, for a reason."""
    return SkippedValues("acme", side, name, REASONS[why], values, why is SkipReason.MOVING)


def leads(values: int, why: SkipReason) -> SkippedValues:
    """So many values of leads are left."""
    return left(Side.SALESFORCE, "Lead", values, why)


HACKED = ["HACKED", None, "HACKED", None]
GOOD = ["Lang", "0100", "Lang", "0100"]


def test_a_mistake_is_put_back_on_both_sides() -> None:
    """Where it was overwritten by us the old value is written; from there it crosses to where the
    mistake was made, as any edit.
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
    """It names records and fields without values, and stores no job."""
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
    """What is back is back: neither is it written twice, nor does what crossed back count as a
    mistake.
    """
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
    """Our own write to HubSpot is told by nobody, so the pair is looked at, and the good value
    crosses.
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
    """What was overwritten before that time is not touched."""
    world = a_world()
    ada, lead = pair(world)
    mistake(world, ada, lastname="Lang-Berg", phone="0200")
    since = mistake(world, ada)
    mistake(world, ada, lastname="HACKED AGAIN")

    undo(world, since)
    world.drain()

    assert shown(world, ada, lead) == ["Lang-Berg", "0200", "Lang-Berg", "0200"]


def test_a_field_that_was_blank_is_blank_again() -> None:
    """A mistake can also fill fields."""
    world = a_world()
    ada, lead = pair(world)
    since = mistake(world, ada, city="Nowhere")

    undo(world, since)
    world.drain()

    assert world.hubspot.fields(ada).get("city") is None
    assert world.salesforce.fields(lead).get("City") is None


def test_what_a_person_has_changed_since_stays() -> None:
    """Each field counts by itself: the name that was corrected by hand stays, the number is put
    back.
    """
    world = a_world()
    ada, lead = pair(world)
    since = mistake(world, ada)
    world.wait()
    world.salesforce.edit(lead, {"LastName": "Lang-Berg"})
    world.sync(lead)

    done = undo(world, since)
    world.drain()

    assert (done.left, done.is_whole) == ((leads(1, SkipReason.EDITED),), True)
    assert shown(world, ada, lead) == ["Lang-Berg", "0100", "Lang-Berg", "0100"]


@pytest.mark.parametrize("side", list(Side))
def test_an_edit_that_has_still_to_cross_goes_first(side: Side) -> None:
    """It is looked at and not lost, though our write would make us the last to touch the record;
    the next run does the rest and no more.
    """
    world, jobs = a_world(), MemoryJobs()
    ada, lead = pair(world)
    since = mistake(world, ada)
    world.wait()
    if side is Side.SALESFORCE:
        world.salesforce.edit(lead, {"Title": "Countess"})
    else:
        world.hubspot.edit(ada, {"lastname": "Lang-Berg", "jobtitle": "Countess"})

    done = undo(world, since, jobs=jobs)

    waiting = 2 if side is Side.SALESFORCE else 1
    assert (done.left, done.is_whole) == ((leads(waiting, SkipReason.MOVING),), False)
    world.drain()
    again = undo(world, since, jobs=jobs)
    began = "acme: goes on with the undo that ada began at 2026-11-02 12:05:00 UTC"
    assert again.remarks == (f"{began}; what was overwritten later is left: give a later --since.",)
    assert again.is_whole
    world.drain()
    name = "Lang" if side is Side.SALESFORCE else "Lang-Berg"
    assert shown(world, ada, lead) == [name, "0100", name, "0100"]
    assert (world.hubspot.fields(ada)["jobtitle"], world.salesforce.fields(lead)["Title"]) == (
        "Countess",
        "Countess",
    )


@pytest.mark.parametrize(
    ("update", "side", "expected"),
    [
        (Update.PREFER_SALESFORCE, Side.SALESFORCE, ["HACKED", "0100", "HACKED", "0100"]),
        (Update.ALWAYS_SALESFORCE, Side.SALESFORCE, ["HACKED", "0100", "HACKED", None]),
        (Update.PREFER_HUBSPOT, Side.HUBSPOT, ["HACKED", "0100", "HACKED", "0100"]),
        (Update.ALWAYS_HUBSPOT, Side.HUBSPOT, ["HACKED", None, "HACKED", "0100"]),
    ],
)
def test_nothing_is_put_back_that_its_policy_would_overwrite_again(
    update: Update, side: Side, expected: list[Any]
) -> None:
    """A one-way mapping brings a wrong value back; beside a blank, which it does not carry, the
    good value stays.
    """
    rows = (
        FieldRule("lastname", "LastName", update, length=80),
        FieldRule("phone", "Phone", update, form=FieldType.PHONE),
    )
    world = a_world()
    ada, lead = pair(world)
    world.settings = {"field": rows}
    wrong = (
        {"lastname": "HACKED", "phone": None}
        if side is Side.HUBSPOT
        else {"LastName": "HACKED", "Phone": None}
    )
    world.wait()
    since = world.now
    world.crm(side).edit(ada if side is Side.HUBSPOT else lead, wrong)
    world.sync(ada, lead)
    assert shown(world, ada, lead) == HACKED

    done = undo(world, since)
    world.drain()
    world.sync(ada, lead, cause=Cause.AGAIN)

    assert shown(world, ada, lead) == expected
    assert done.left == (
        left(side.other, "contact" if side is Side.SALESFORCE else "Lead", 1, SkipReason.RETURNS),
    )


def test_an_owner_is_put_back() -> None:
    """A record's owner is put back, although it is no row of the mapping."""
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
    """Every kind keeps what our writes overwrite."""
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


def test_an_opt_out_is_never_put_back() -> None:
    """Only the contact can revoke it (OPT-6)."""
    world = a_world()
    ada, lead = pair(world)
    world.wait()
    since = world.now
    world.hubspot.edit(ada, {"hs_email_optout": "true", "phone": "0200"})
    world.sync(ada)
    assert world.salesforce.fields(lead)["HasOptedOutOfEmail"] is True

    undo(world, since)
    world.drain()

    assert world.salesforce.fields(lead)["HasOptedOutOfEmail"] is True
    assert world.salesforce.fields(lead)["Phone"] == "0100"


def test_records_that_are_gone_are_left_and_counted() -> None:
    """One was deleted in Salesforce, one in HubSpot, and one has another counterpart now."""
    world = a_world()
    (ada, lead), (bea, _), (cid, _) = (pair(world, name) for name in ("ada", "bea", "cid"))
    since = mistake(world, ada, bea, cid)
    world.wait()
    world.salesforce.delete(lead)
    world.hubspot.delete(bea)
    world.sync(bea, cause=Cause.DELETED)
    (link,) = [one for one in world.links.all if one.hubspot == cid]
    world.links.drop([link])

    done = undo(world, since)

    assert done.back == ()
    assert set(done.left) == {leads(2, SkipReason.GONE), leads(4, SkipReason.UNLINKED)}


@pytest.mark.parametrize("fails", ["update", "publish"])
def test_an_undo_that_dies_on_the_way_goes_on_when_it_is_run_again(fails: str) -> None:
    """With the link stored and nothing written, or all written and nobody told: the next run does
    the rest.
    """
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


def test_a_refused_write_is_reported_and_stops_no_other() -> None:
    """The report has the CRM's own words; the next sync finds the pair as it was."""
    world = a_world()
    (ada, _), (bea, other) = pair(world), pair(world, "bea", phone="0300")
    since = mistake(world, ada, bea)
    world.salesforce.refuse = lambda fields: (
        Refused("Too short.", code="RULE") if fields.get("Phone") == "0100" else None
    )

    done = undo(world, since)
    world.drain()

    assert [(one.records, one.values) for one in done.back] == [(1, 2)]
    assert done.left == (
        SkippedValues("acme", Side.SALESFORCE, "Lead", "could not be written: Too short.", 2),
    )
    assert done.is_whole
    assert shown(world, bea, other) == ["Lang", "0300", "Lang", "0300"]


def test_a_cancelled_job_stops_the_undo() -> None:
    """It stops before the next batch; what is put back stays so."""
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


def test_an_object_may_be_named() -> None:
    """In either side's word, one or many; a lead is a contact of HubSpot's, and no Salesforce
    contact.
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
    """A deal's amount is put back; its stage has rules of its own and stays."""
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
