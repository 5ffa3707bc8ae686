"""The values that an undo leaves as they are, against a world in memory, each with its reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from crmsync.errors import Refused
from crmsync.flows.operator.undo import UndoRequest
from crmsync.flows.undo.summary import SkippedValues
from crmsync.model.changes import Cause
from crmsync.model.fields import FieldRule, FieldType, Update
from crmsync.model.operations.jobs import Job, JobType
from crmsync.model.operations.overwritten import Overwrite, OverwrittenBatch, OverwrittenPair
from crmsync.model.records import Kind, Ref, Side
from crmsync.rules.pair.undo import SkipReason
from tests.flows.undo.undo_world import (
    HACKED,
    a_world,
    leads,
    left,
    mistake,
    pair,
    shown,
    undo,
    undo_admin,
)
from tests.memory import MemoryJobs


def test_a_value_that_a_person_has_changed_since_stays() -> None:
    """Each field counts by itself: the corrected name stays, and the phone number is put back."""
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


@pytest.mark.parametrize(
    ("login_url", "undone", "stays"),
    [
        ("", False, True),
        ("", True, False),
        ("https://another.example.com", False, False),
    ],
    ids=["on the org", "undone since", "on another org"],
)
def test_a_value_that_a_person_set_back_after_another_connection_stays(
    login_url: str, *, undone: bool, stays: bool
) -> None:
    """The record shows what we wrote, but another connection on the org has overwritten it since.
    What that one's own undo put back is none of a person's edits.
    """
    world, jobs = a_world(), MemoryJobs()
    ada, lead = pair(world)
    since = mistake(world, ada, lastname="HACKED")
    world.wait()
    ours = world.context.connection
    org = replace(ours.salesforce, login_url=login_url or ours.salesforce.login_url)
    beta = replace(ours, name="beta", salesforce=org)
    name = Overwrite(Side.SALESFORCE, "lastname", "LastName", "HACKED", "Other")
    theirs = OverwrittenPair(Ref(Side.HUBSPOT, "contact", "7"), lead, (name,))
    world.overwritten.keep(
        OverwrittenBatch("beta", Kind.CONTACT, world.now, (theirs,)), timedelta(hours=72)
    )
    world.wait()
    if undone:
        jobs.save(Job("beta", "b1", JobType.UNDO, (), started_at=world.now, moved_at=world.now))
    admin = undo_admin(world, jobs, [beta])

    done = admin.undo(UndoRequest(since, only="acme"), apply=True)

    assert done.left == ((leads(1, SkipReason.EDITED),) if stays else ())
    assert world.salesforce.fields(lead)["LastName"] == ("HACKED" if stays else "Lang")


@pytest.mark.parametrize("side", list(Side))
def test_an_edit_that_is_not_yet_synced_goes_first(side: Side) -> None:
    """The edit is synced and not lost, although our write would make us the record's last editor,
    and the next run does the rest.
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
def test_a_value_that_its_policy_would_overwrite_again_is_not_put_back(
    update: Update, side: Side, expected: list[Any]
) -> None:
    """A one-way mapping would write the wrong value again, but not over a blank that it does not
    sync.
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


def test_an_opt_out_is_never_put_back() -> None:
    """Only the contact itself can revoke an opt-out (OPT-6)."""
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


def test_records_that_are_gone_are_skipped_and_counted() -> None:
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


@pytest.mark.parametrize("name", ["", "contacts", "leads", "Lead"])
def test_values_of_a_lead_that_was_converted_are_told_under_every_name(name: str) -> None:
    """They do not go into the contact that it became, and no other lead is counted as left."""
    world = a_world()
    (ada, lead), (bea, _) = pair(world), pair(world, "bea")
    since = mistake(world, ada, bea)
    contact = world.salesforce.convert(lead)
    world.sync(lead)
    before = world.salesforce.fields(contact)

    done = undo(world, since, name)

    assert (done.left, done.is_whole) == ((leads(2, SkipReason.GONE),), True)
    assert [(one.object, one.records) for one in done.back] == [("Lead", 1)]
    assert world.salesforce.fields(contact) == before


def test_contacts_alone_tell_of_no_lead() -> None:
    """With a Salesforce object, the values of the other one are neither put back nor counted."""
    world = a_world()
    ada, lead = pair(world)
    since = mistake(world, ada)

    done = undo(world, since, "Contact")

    assert (done.back, done.left) == ((), ())
    assert shown(world, ada, lead) == HACKED


def test_a_refused_write_is_reported_and_stops_no_other() -> None:
    """The report has the CRM's own words, and the next sync finds the pair unchanged."""
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
