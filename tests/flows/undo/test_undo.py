"""What a mistake has overwritten is put back, on both sides, and nothing else; over a town in
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
from crmsync.rules.pair.undo import REASONS, Left
from tests.memory import MemoryJobs
from tests.memory.operator_view import settings_of, view
from tests.memory.worlds import Town

KEPT = UndoSettings(hours=72)


def a_town(**more: Any) -> Town:
    """A town that keeps what is overwritten."""
    return Town(undo=KEPT, **more)


def pair(town: Town, name: str = "ada", **fields: str) -> tuple[Ref, Ref]:
    """A contact and its lead, in step."""
    contact = town.new_contact(
        email=f"{name}@example.com", **{"lastname": "Lang", "phone": "0100", **fields}
    )
    town.sync(contact)
    (lead,) = {
        place for link in town.links.all if link.hubspot == contact for place in [link.salesforce]
    }
    assert isinstance(lead, Ref)
    town.wait()
    return contact, lead


def mistake(town: Town, *contacts: Ref, **fields: str) -> datetime:
    """A person overwrites contacts in HubSpot, and it crosses; when it began."""
    town.wait()
    since = town.now
    for contact in contacts:
        town.hubspot.edit(contact, fields or {"lastname": "HACKED", "phone": ""})
    town.wait()
    town.sync(*contacts)
    return since


def undo_admin(town: Town, jobs: MemoryJobs | None = None) -> UndoAdmin:
    """What the command works with."""
    kept_jobs = jobs or MemoryJobs()
    return UndoAdmin(
        settings=lambda: settings_of(town),
        kept=lambda: town.overwritten,
        view=lambda connection, _: view(town, connection),
        context=lambda _connection, _settings: town.world,
        jobs=kept_jobs,
        new_id=lambda: f"job{len(kept_jobs.all('acme')) + 1}",
        now=lambda: town.now,
        caller=lambda: "ada",
    )


def undo(
    town: Town,
    since: datetime,
    name: str = "",
    *,
    apply: bool = True,
    jobs: MemoryJobs | None = None,
) -> UndoResult:
    """Run the undo, without the syncs that it requests."""
    town.wait()
    return undo_admin(town, jobs).undo(UndoRequest(since, name), apply=apply)


def shown(town: Town, contact: Ref, lead: Ref) -> list[Any]:
    """Name and number on both sides."""
    hubspot, salesforce = town.hubspot.fields(contact), town.salesforce.fields(lead)
    return [
        hubspot.get("lastname"),
        hubspot.get("phone"),
        salesforce.get("LastName"),
        salesforce.get("Phone"),
    ]


def left(side: Side, name: str, values: int, why: Left) -> SkippedValues:
    """So many values of an object are left, for a reason."""
    return SkippedValues("acme", side, name, REASONS[why], values, why is Left.MOVING)


def leads(values: int, why: Left) -> SkippedValues:
    """So many values of leads are left."""
    return left(Side.SALESFORCE, "Lead", values, why)


HACKED = ["HACKED", None, "HACKED", None]
GOOD = ["Lang", "0100", "Lang", "0100"]


def test_a_mistake_is_put_back_on_both_sides() -> None:
    """Where it was overwritten by us the old value is written; from there it crosses to where the
    mistake was made, as any edit.
    """
    town = a_town()
    ada, lead = pair(town)
    since = mistake(town, ada)
    assert shown(town, ada, lead) == HACKED

    done = undo(town, since)

    assert shown(town, ada, lead) == ["HACKED", None, "Lang", "0100"]
    back = RestoredValues(
        "acme", Side.SALESFORCE, "Lead", 1, 2, (UndoSample(lead, ("LastName", "Phone")),)
    )
    job = Job(
        "acme",
        "job1",
        JobType.UNDO,
        (JobStep(Side.HUBSPOT, "contact", total=1),),
        town.now,
        town.now,
        by="ada",
    )
    job = replace(job, after=since.isoformat())
    assert done == UndoResult(
        since, True, (back,), (), (replace(job, state=JobState.DONE, queued=1, version=3),)
    )
    assert done.is_whole
    town.drain()
    assert shown(town, ada, lead) == GOOD
    before = town.writes()
    town.sync(ada, lead)
    assert town.writes() == before


def test_a_preview_counts_and_writes_nothing() -> None:
    """It names records and fields without values, and stores no job."""
    town, jobs = a_town(), MemoryJobs()
    pairs = [pair(town, name) for name in ("ada", "bea")]
    since = mistake(town, *(contact for contact, _ in pairs))
    before = town.writes()

    seen = undo(town, since, apply=False, jobs=jobs)

    samples = tuple(UndoSample(lead, ("LastName", "Phone")) for _, lead in pairs)
    assert seen == UndoResult(
        since, False, (RestoredValues("acme", Side.SALESFORCE, "Lead", 2, 4, samples),)
    )
    assert (town.writes(), town.outbox.published, jobs.all("acme")) == (before, [], [])
    assert "HACKED" not in repr(seen) + repr(town.overwritten.batches)


def test_an_undo_can_be_run_again_at_any_time() -> None:
    """What is back is back: neither is it written twice, nor does what crossed back count as a
    mistake.
    """
    town = a_town()
    ada, lead = pair(town)
    since = mistake(town, ada)
    undo(town, since)
    before = town.writes()

    again = undo(town, since)

    assert (again.back, again.left, town.writes()) == ((), (leads(2, Left.BACK),), before)
    town.drain()
    before = town.writes()
    last = undo(town, since)
    town.drain()
    assert (last.back, last.left, town.writes()) == ((), (leads(2, Left.BACK),), before)
    assert shown(town, ada, lead) == GOOD


def test_a_mistake_made_in_salesforce_is_put_back_in_hubspot() -> None:
    """Our own write to HubSpot is told by nobody, so the pair is looked at, and the good value
    crosses.
    """
    town = a_town()
    ada, lead = pair(town)
    town.wait()
    since = town.now
    town.salesforce.edit(lead, {"LastName": "HACKED", "Phone": None})
    town.sync(lead)
    assert shown(town, ada, lead) == HACKED

    done = undo(town, since)

    assert done.back == (
        RestoredValues(
            "acme", Side.HUBSPOT, "contact", 1, 2, (UndoSample(ada, ("lastname", "phone")),)
        ),
    )
    assert [change.cause for change in town.outbox.published] == [Cause.UNDONE]
    town.drain()
    assert shown(town, ada, lead) == GOOD


def test_the_oldest_value_since_the_requested_time_is_put_back() -> None:
    """What was overwritten before that time is not touched."""
    town = a_town()
    ada, lead = pair(town)
    mistake(town, ada, lastname="Lang-Berg", phone="0200")
    since = mistake(town, ada)
    mistake(town, ada, lastname="HACKED AGAIN")

    undo(town, since)
    town.drain()

    assert shown(town, ada, lead) == ["Lang-Berg", "0200", "Lang-Berg", "0200"]


def test_a_field_that_was_blank_is_blank_again() -> None:
    """A mistake can also fill fields."""
    town = a_town()
    ada, lead = pair(town)
    since = mistake(town, ada, city="Nowhere")

    undo(town, since)
    town.drain()

    assert town.hubspot.fields(ada).get("city") is None
    assert town.salesforce.fields(lead).get("City") is None


def test_what_a_person_has_changed_since_stays() -> None:
    """Each field counts by itself: the name that was corrected by hand stays, the number is put
    back.
    """
    town = a_town()
    ada, lead = pair(town)
    since = mistake(town, ada)
    town.wait()
    town.salesforce.edit(lead, {"LastName": "Lang-Berg"})
    town.sync(lead)

    done = undo(town, since)
    town.drain()

    assert (done.left, done.is_whole) == ((leads(1, Left.EDITED),), True)
    assert shown(town, ada, lead) == ["Lang-Berg", "0100", "Lang-Berg", "0100"]


@pytest.mark.parametrize("side", list(Side))
def test_an_edit_that_has_still_to_cross_goes_first(side: Side) -> None:
    """It is looked at and not lost, though our write would make us the last to touch the record;
    the next run does the rest and no more.
    """
    town, jobs = a_town(), MemoryJobs()
    ada, lead = pair(town)
    since = mistake(town, ada)
    town.wait()
    if side is Side.SALESFORCE:
        town.salesforce.edit(lead, {"Title": "Countess"})
    else:
        town.hubspot.edit(ada, {"lastname": "Lang-Berg", "jobtitle": "Countess"})

    done = undo(town, since, jobs=jobs)

    waiting = 2 if side is Side.SALESFORCE else 1
    assert (done.left, done.is_whole) == ((leads(waiting, Left.MOVING),), False)
    town.drain()
    again = undo(town, since, jobs=jobs)
    began = "acme: goes on with the undo that ada began at 2026-11-02 12:05:00 UTC"
    assert again.remarks == (f"{began}; what was overwritten later is left: give a later --since.",)
    assert again.is_whole
    town.drain()
    name = "Lang" if side is Side.SALESFORCE else "Lang-Berg"
    assert shown(town, ada, lead) == [name, "0100", name, "0100"]
    assert (town.hubspot.fields(ada)["jobtitle"], town.salesforce.fields(lead)["Title"]) == (
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
    town = a_town()
    ada, lead = pair(town)
    town.settings = {"field": rows}
    wrong = (
        {"lastname": "HACKED", "phone": None}
        if side is Side.HUBSPOT
        else {"LastName": "HACKED", "Phone": None}
    )
    town.wait()
    since = town.now
    town.crm(side).edit(ada if side is Side.HUBSPOT else lead, wrong)
    town.sync(ada, lead)
    assert shown(town, ada, lead) == HACKED

    done = undo(town, since)
    town.drain()
    town.sync(ada, lead, cause=Cause.AGAIN)

    assert shown(town, ada, lead) == expected
    assert done.left == (
        left(side.other, "contact" if side is Side.SALESFORCE else "Lead", 1, Left.RETURNS),
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
    town = a_town(owners=owners)
    ada, lead = pair(town, hubspot_owner_id="11")
    since = mistake(town, ada, hubspot_owner_id="12")
    assert town.salesforce.fields(lead)["OwnerId"] == people[1][2]

    undo(town, since)
    town.drain()

    assert town.salesforce.fields(lead)["OwnerId"] == people[0][2]
    assert town.hubspot.fields(ada)["hubspot_owner_id"] == "11"


def test_accounts_are_put_back_as_well() -> None:
    """Every kind keeps what our writes overwrite."""
    town = a_town()
    company = town.new_company(city="Graz")
    town.sync(company, cause=Cause.FORCED)
    town.drain()
    (account,) = town.salesforce.refs("Account")
    since = mistake(town, company, city="Nowhere")
    assert town.salesforce.fields(account)["BillingCity"] == "Nowhere"

    done = undo(town, since, "companies")
    town.drain()

    assert done.back == (
        RestoredValues(
            "acme", Side.SALESFORCE, "Account", 1, 1, (UndoSample(account, ("BillingCity",)),)
        ),
    )
    assert (
        town.hubspot.fields(company)["city"],
        town.salesforce.fields(account)["BillingCity"],
    ) == ("Graz", "Graz")


def test_an_opt_out_is_never_put_back() -> None:
    """Only the contact can revoke it (OPT-6)."""
    town = a_town()
    ada, lead = pair(town)
    town.wait()
    since = town.now
    town.hubspot.edit(ada, {"hs_email_optout": "true", "phone": "0200"})
    town.sync(ada)
    assert town.salesforce.fields(lead)["HasOptedOutOfEmail"] is True

    undo(town, since)
    town.drain()

    assert town.salesforce.fields(lead)["HasOptedOutOfEmail"] is True
    assert town.salesforce.fields(lead)["Phone"] == "0100"


def test_records_that_are_gone_are_left_and_counted() -> None:
    """One was deleted in Salesforce, one in HubSpot, and one has another counterpart now."""
    town = a_town()
    (ada, lead), (bea, _), (cid, _) = (pair(town, name) for name in ("ada", "bea", "cid"))
    since = mistake(town, ada, bea, cid)
    town.wait()
    town.salesforce.delete(lead)
    town.hubspot.delete(bea)
    town.sync(bea, cause=Cause.DELETED)
    (link,) = [one for one in town.links.all if one.hubspot == cid]
    town.links.drop([link])

    done = undo(town, since)

    assert done.back == ()
    assert set(done.left) == {leads(2, Left.GONE), leads(4, Left.UNLINKED)}


@pytest.mark.parametrize("fails", ["update", "publish"])
def test_an_undo_that_dies_on_the_way_goes_on_when_it_is_run_again(fails: str) -> None:
    """With the link stored and nothing written, or all written and nobody told: the next run does
    the rest.
    """
    town, jobs = a_town(), MemoryJobs()
    ada, lead = pair(town)
    since = mistake(town, ada)
    town.wait()
    if fails == "publish":
        town.outbox.is_down = True
    else:
        town.salesforce.refuse = lambda _fields: TryAgain("no answer")

    done = undo(town, since, jobs=jobs)

    assert not done.is_whole
    town.outbox.is_down = False
    town.salesforce.refuse = lambda _fields: None
    town.drain()
    undo(town, since, jobs=jobs)
    town.drain()
    assert undo(town, since, jobs=jobs).is_whole
    assert shown(town, ada, lead) == GOOD


def test_a_refused_write_is_reported_and_stops_no_other() -> None:
    """The report has the CRM's own words; the next sync finds the pair as it was."""
    town = a_town()
    (ada, _), (bea, other) = pair(town), pair(town, "bea", phone="0300")
    since = mistake(town, ada, bea)
    town.salesforce.refuse = lambda fields: (
        Refused("Too short.", code="RULE") if fields.get("Phone") == "0100" else None
    )

    done = undo(town, since)
    town.drain()

    assert [(one.records, one.values) for one in done.back] == [(1, 2)]
    assert done.left == (
        SkippedValues("acme", Side.SALESFORCE, "Lead", "could not be written: Too short.", 2),
    )
    assert done.is_whole
    assert shown(town, bea, other) == ["Lang", "0300", "Lang", "0300"]


def test_a_cancelled_job_stops_the_undo() -> None:
    """It stops before the next batch; what is put back stays so."""
    town, jobs = a_town(), MemoryJobs()
    ada, _ = pair(town)
    since = mistake(town, ada)
    town.wait()

    def cancel(_name: str, _at: int, _of: int) -> None:
        (job,) = jobs.all("acme")
        jobs.save(replace(job, state=JobState.CANCELLED))

    done = undo_admin(town, jobs).undo(UndoRequest(since), apply=True, progress=cancel)

    assert [job.state for job in done.jobs] == [JobState.CANCELLED]
    assert not done.is_whole


def test_an_object_may_be_named() -> None:
    """In either side's word, one or many; a lead is a contact of HubSpot's, and no Salesforce
    contact.
    """
    town = a_town()
    ada, _ = pair(town)
    since = mistake(town, ada)

    found = {
        name: len(undo(town, since, name, apply=False).back)
        for name in ("contact", "Leads", "Contact", "deals")
    }

    assert found == {"contact": 1, "Leads": 1, "Contact": 0, "deals": 0}
    with pytest.raises(
        Refused, match=r"Of Task nothing is put back; there are contact, Contact, lead"
    ):
        undo(town, since, "Task")
    with pytest.raises(Refused, match="still to come"):
        undo(town, town.now + timedelta(hours=1))


def test_an_amount_is_put_back() -> None:
    """A deal's amount is put back; its stage has rules of its own and stays."""
    town = a_town()
    opportunity = town.new_opportunity()
    town.sync(opportunity)
    (deal,) = town.hubspot.refs("deal")
    town.wait()
    since = town.now
    town.salesforce.edit(opportunity, {"Amount": 1, "StageName": "Closed Won"})
    town.sync(opportunity)
    stage = town.hubspot.fields(deal)["dealstage"]
    assert town.hubspot.fields(deal)["amount"] == "1"

    done = undo(town, since, "deals")
    town.drain()

    assert done.back == (
        RestoredValues("acme", Side.HUBSPOT, "deal", 1, 1, (UndoSample(deal, ("amount",)),)),
    )
    assert (town.hubspot.fields(deal)["amount"], town.salesforce.fields(opportunity)["Amount"]) == (
        "1000",
        1000,
    )
    assert town.hubspot.fields(deal)["dealstage"] == stage
