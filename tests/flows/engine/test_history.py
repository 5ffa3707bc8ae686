"""What a sync decides is kept in the link of the pair, at no further write; against a world in
memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from crmsync.errors import Refused
from crmsync.model.changes import Cause
from crmsync.model.decisions import Decision, DecisionType, decisions_of
from crmsync.model.fields import FieldRule, FieldType, Update
from crmsync.model.kinds.owners import Owner, Owners
from crmsync.model.records import Ref, Side, Value
from crmsync.rules.merge.loops import LIMIT
from crmsync.rules.preview.history import HistoryLine
from tests.builders import NOON
from tests.flows.undo.undo_world import a_world, mistake, pair, undo
from tests.memory.behaviour import PERSON
from tests.memory.preview import explain
from tests.memory.world import MemoryWorld

CREATED = Decision(DecisionType.CREATED, Side.SALESFORCE, because="SET-2", at=NOON)


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


def edit(world: MemoryWorld, ref: Ref, **fields: Value) -> None:
    """Edit a record as a person, and sync it a minute later."""
    world.crm(ref.side).edit(ref, fields)
    world.wait()
    world.sync(ref)


def decided(world: MemoryWorld, number: int = 0) -> list[Decision]:
    """What was decided about a pair, newest first."""
    return list(decisions_of(world.links.all[number].history))


def a_write(at: datetime, side: Side, name: str, by: str = "") -> Decision:
    """That a two-way field was written."""
    return Decision(DecisionType.WRITTEN, side, name, "MAP-3", Update.TWO_WAY, by, at)


def a_conflict(at: datetime) -> Decision:
    """That Salesforce's phone number counted."""
    return Decision(
        DecisionType.CONFLICT, Side.HUBSPOT, "phone", "MAP-3", Update.TWO_WAY, PERSON, at
    )


@pytest.mark.rule("CH-29")
def test_each_crossing_is_kept_with_its_rule_and_time_and_salesforces_user() -> None:
    """Both directions, and the creation of the pair; an echo adds nothing."""
    world = MemoryWorld()
    ada, lead = linked(world)
    edit(world, ada, phone="0200")
    first = world.now
    edit(world, lead, Title="Countess")
    second = world.now
    world.sync(ada, lead)
    assert decided(world) == [
        a_write(second, Side.HUBSPOT, "jobtitle", PERSON),
        a_write(first, Side.SALESFORCE, "Phone"),
        CREATED,
    ]


def test_the_history_costs_no_write() -> None:
    """An update saves its link once, whether it is a conflict or not."""
    world = MemoryWorld()
    ada, lead = linked(world)
    before = world.links.writes
    edit(world, ada, phone="0200")
    plain = world.links.writes - before
    conflict(world, ada, lead, "0400", "0500")
    world.sync(ada)
    assert (plain, world.links.writes - before) == (1, 2)


@pytest.mark.rule("CH-3")
def test_a_resolved_conflict_is_shown_afterwards() -> None:
    """Either record shows when, which field, by which policy and which side won, newest first."""
    world = MemoryWorld()
    ada, lead = linked(world)
    conflict(world, ada, lead)
    first = world.now
    world.sync(ada)
    world.wait()
    conflict(world, ada, lead, "0400", "0500")
    second = world.now
    world.sync(lead)
    assert decided(world) == [a_conflict(second), a_conflict(first), CREATED]
    shown = tuple(
        HistoryLine(at, "conflict", Side.HUBSPOT, "phone", "Phone", "two_way", "MAP-3", PERSON)
        for at in (second, first)
    )
    assert explain(world, ada).settled == explain(world, lead).settled == shown
    assert [one.winner for one in shown] == [Side.SALESFORCE] * 2


def test_a_conflict_at_the_first_meeting_is_kept() -> None:
    """Two records that are linked and differ are a conflict of their pair, whichever was synced."""
    world = MemoryWorld()
    world.new_contact(phone="0200")
    world.wait()
    lead = world.new_lead(Phone="0300")
    world.sync(lead)
    assert decided(world) == [
        a_conflict(world.now),
        Decision(DecisionType.LINKED, because="DUP-1", at=world.now),
        a_write(world.now, Side.HUBSPOT, "company", PERSON),
    ]


def test_a_conflict_is_kept_once_although_the_winners_value_is_refused_at_first() -> None:
    """It is resolved when the link is saved, and the sync that writes the value again finds no
    conflict.
    """
    world = MemoryWorld()
    ada, lead = linked(world)
    conflict(world, ada, lead)
    world.hubspot.refuse = lambda _fields: Refused("was refused", code="VALIDATION")
    world.sync(ada)
    first = world.now
    world.hubspot.refuse = lambda _fields: None
    world.wait()
    world.sync(ada)
    assert world.hubspot.fields(ada)["phone"] == world.salesforce.fields(lead)["Phone"]
    assert decided(world) == [
        a_write(world.now, Side.HUBSPOT, "phone", PERSON),
        a_conflict(first),
        CREATED,
    ]


def test_a_winning_value_that_does_not_fit_decides_nothing() -> None:
    """The field is reported instead (CH-8)."""
    world = MemoryWorld()
    ada, lead = linked(world)
    world.salesforce.edit(lead, {"Phone": "0300"})
    world.wait()
    world.hubspot.edit(ada, {"phone": "1" * 50, "jobtitle": "Countess"})
    world.wait()
    world.sync(ada)
    assert [one.report.fieldname for one in explain(world, ada).parked] == ["phone"]
    assert decided(world) == [a_write(world.now, Side.SALESFORCE, "Title"), CREATED]


def refused_phone(fields: Mapping[str, object]) -> Refused | None:
    """The answer of a CRM that takes no phone number."""
    error = Refused("No phones.", code="FIELD_CUSTOM_VALIDATION_EXCEPTION", fieldname="Phone")
    return error if "Phone" in fields else None


@pytest.mark.rule("CH-8")
def test_a_refused_field_is_kept() -> None:
    """The rest of the write is there as well."""
    world = MemoryWorld()
    ada, _ = linked(world)
    world.salesforce.refuse = refused_phone  # type: ignore[assignment]
    edit(world, ada, phone="0200", jobtitle="Countess")
    assert decided(world) == [
        Decision(DecisionType.REFUSED, Side.SALESFORCE, "Phone", "CH-8", at=world.now),
        a_write(world.now, Side.SALESFORCE, "Title"),
        a_write(world.now, Side.SALESFORCE, "Phone"),
        CREATED,
    ]


@pytest.mark.rule("Q-30")
@pytest.mark.parametrize(
    ("cause", "outcome"),
    [(Cause.RELEASED, DecisionType.RELEASED), (Cause.DROPPED, DecisionType.DROPPED)],
)
def test_what_a_limit_holds_back_is_kept_and_what_the_operator_decides(
    cause: Cause, outcome: DecisionType
) -> None:
    """By field as long as it is held or where it is dropped; what is released is written."""
    world = MemoryWorld(settings={"max_changes_per_hour": 1})
    bea = world.new_contact(email="bea@example.com", phone="0100")
    ada = world.new_contact(phone="0100")
    world.sync(bea)
    world.sync(ada)
    for one in (bea, ada):
        edit(world, one, phone="0200")
    held = world.now
    edit(world, ada, hs_email_optout="true")
    later = world.now
    world.wait()
    world.sync(ada, cause=cause)
    last = {
        Cause.RELEASED: [
            Decision(outcome, Side.SALESFORCE, because="Q-30", at=world.now),
            a_write(world.now, Side.SALESFORCE, "Phone"),
        ],
        Cause.DROPPED: [Decision(outcome, Side.SALESFORCE, "Phone", "Q-30", at=world.now)],
    }
    assert decided(world, 1) == [
        *last[cause],
        Decision(DecisionType.WRITTEN, Side.SALESFORCE, "HasOptedOutOfEmail", "OPT-3", at=later),
        Decision(DecisionType.HELD, Side.SALESFORCE, "Phone", "Q-30", at=held),
        CREATED,
    ]


@pytest.mark.rule("CH-5")
def test_a_field_that_is_stopped_in_a_loop_is_kept_once() -> None:
    """However often its record is synced afterwards."""
    rule = FieldRule("phone", "Phone", Update.ALWAYS_HUBSPOT, FieldType.PHONE)
    world = MemoryWorld(settings={"field": (rule,)})
    ada, lead = linked(world)
    edit(world, ada, phone="0200")
    for number in range(LIMIT):
        edit(world, lead, Phone=f"066{number}")
    stopped = world.now
    edit(world, ada, jobtitle="Countess")
    assert decided(world)[:2] == [
        a_write(world.now, Side.SALESFORCE, "Title"),
        Decision(DecisionType.STOPPED, None, "phone", "CH-5", at=stopped),
    ]
    assert [one.type for one in decided(world)].count(DecisionType.STOPPED) == 1


def test_what_has_rules_of_its_own_is_kept() -> None:
    """Owners and companies; a company is no field in HubSpot."""
    world = MemoryWorld()
    eve = Owner("7", "Eve Fox", "eve@example.com", is_active=True, kind="PERSON")
    user = Owner(
        "005000000000002AAA", "Eve Fox", "eve@example.com", is_active=True, kind="Standard"
    )
    world.owners = Owners((eve,), (user,))
    account = world.new_account()
    world.sync(account)
    ada = world.new_contact()
    lead = world.new_salesforce_contact(None)
    world.sync(ada)
    edit(world, lead, OwnerId=user.id, AccountId=account.id)
    (link,) = [one for one in world.links.all if one.hubspot == ada]
    mine = [one for one in decisions_of(link.history) if one.at == world.now]
    assert mine == [
        Decision(DecisionType.WRITTEN, Side.HUBSPOT, name, because, None, PERSON, world.now)
        for name, because in (("hubspot_owner_id", "OWN-12"), ("associatedcompanyid", "FLD-8"))
    ]


def test_a_pair_that_ends_and_comes_back_keeps_its_history() -> None:
    """The deletion and the return are decisions as well."""
    world = MemoryWorld()
    ada, _ = linked(world)
    world.hubspot.delete(ada)
    world.sync(ada)
    ended = world.now
    world.wait()
    world.hubspot.restore(ada)
    world.sync(ada, cause=Cause.RESTORED)
    assert decided(world) == [
        Decision(DecisionType.REVIVED, Side.HUBSPOT, because="DEL-1", at=world.now),
        Decision(DecisionType.ENDED, Side.HUBSPOT, because="DEL-1", at=ended),
        CREATED,
    ]


def test_an_undo_is_kept() -> None:
    """What it puts back, and what then crosses."""
    world = a_world()
    ada, _ = pair(world)
    since = mistake(world, ada)
    undo(world, since)
    put_back = world.now
    world.drain()
    assert [(one.type, one.side, one.name, one.at) for one in decided(world) if one.at != NOON][
        :4
    ] == [
        (DecisionType.WRITTEN, Side.HUBSPOT, "lastname", put_back + timedelta(minutes=15)),
        (DecisionType.WRITTEN, Side.HUBSPOT, "phone", put_back + timedelta(minutes=15)),
        (DecisionType.RESTORED, Side.SALESFORCE, "LastName", put_back),
        (DecisionType.RESTORED, Side.SALESFORCE, "Phone", put_back),
    ]


@pytest.mark.rule("CH-9")
def test_a_privacy_deletion_leaves_no_history_behind() -> None:
    """The history goes with the link; an ordinary deletion keeps both."""
    for cause, left in ((Cause.FORGOTTEN, 0), (Cause.EDITED, 1)):
        world = MemoryWorld()
        ada, lead = linked(world)
        conflict(world, ada, lead)
        world.sync(ada)
        world.hubspot.delete(ada)
        world.sync(ada, cause=cause)
        assert sum("phone" in one.history for one in world.links.all) == left
