"""A refused field while workers die or overlap: the value that stays is never taken for a person's
new edit (CH-8).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

import pytest

from crmsync.errors import Refused
from crmsync.flows.kinds.contact import sync_contacts
from crmsync.model.changes import Cause, redelivered
from crmsync.model.records import Ref, Side
from tests.builders import OUR_USER
from tests.flows.interleaving.gate import VISIBILITY_MINUTES, Gate, KilledError, with_gate
from tests.memory.world import MemoryWorld

REFUSED = {Side.SALESFORCE: ("Phone", "FirstName"), Side.HUBSPOT: ("phone", "firstname")}


def refusing(name: str) -> object:
    """A CRM that refuses this phone number."""

    def refuse(fields: Mapping[str, object]) -> Refused | None:
        error = Refused(
            "No such phone numbers here.", code="FIELD_CUSTOM_VALIDATION_EXCEPTION", fieldname=name
        )
        return error if fields.get(name) == "666" else None

    return refuse


def edited(side: Side) -> tuple[MemoryWorld, Ref, Ref]:
    """A synced pair with two edited fields, one of which the other side refuses; both records, the
    refusing side's first.
    """
    world = MemoryWorld()
    contact = world.new_contact(phone="111", firstname="Ada")
    world.sync(contact)
    lead = world.counterpart(contact)
    world.wait(30)
    world.drain()
    phone, first = REFUSED[side.other]
    here, there = (contact, lead) if side is Side.SALESFORCE else (lead, contact)
    world.crm(side).refuse = refusing(REFUSED[side][0])  # type: ignore[assignment]
    world.wait()
    world.crm(side.other).edit(here, {phone: "666", first: "Bea"})
    return world, here, there


def shown(world: MemoryWorld, one: Ref) -> tuple[object, object]:
    """Phone number and first name of a record."""
    fields = world.crm(one.side).fields(one)
    return tuple(fields.get(name) for name in REFUSED[one.side])  # type: ignore[return-value]


@pytest.mark.rule("CH-8")
@pytest.mark.parametrize("dies", [True, False], ids=["dies", "meets another"])
@pytest.mark.parametrize("side", Side)
def test_the_value_that_stays_does_not_count_as_an_edit(side: Side, *, dies: bool) -> None:
    """This holds wherever the first worker is stopped, for good or during another worker's sync."""
    at, was_open = 0, True
    while was_open:
        world, here, there = edited(side)
        change = world.change(here)
        breaker = (
            Gate(at, kills=True)
            if dies
            else Gate(at, lambda world=world, here=here: world.sync(here))
        )  # type: ignore[misc]
        with suppress(KilledError):
            sync_contacts([change], with_gate(world.context, breaker))
        world.wait(VISIBILITY_MINUTES)
        world.deliver([redelivered(change)] if dies else [])
        world.drain()
        world.sync(here, there)
        was_open, where = breaker.was_open, f"stopped before call {at}"
        assert (shown(world, here), shown(world, there)) == (("666", "Bea"), ("111", "Bea")), where
        reported = [(one.fieldname, one.text) for one in world.inbox.parked("acme")]
        text = (
            "No such phone numbers here. The field was left out, the rest of the record is in step."
        )
        assert reported == [(REFUSED[side][0], text)], where
        before = world.writes()
        world.wait(30)
        world.sync(here, there)
        assert world.writes() == before, where
        at += 1
    assert at > 5


@pytest.mark.rule("CH-8")
@pytest.mark.rule("TEN-1")
@pytest.mark.parametrize("our_user", [OUR_USER, ""], ids=["alone", "shared org"])
@pytest.mark.parametrize("side", Side)
def test_a_record_is_created_without_the_refused_field_and_its_blank_does_not_sync_back(
    side: Side, our_user: str
) -> None:
    """The other fields are written, and the refused value stays until it is changed to an allowed
    one.
    """
    world = MemoryWorld()
    world.crm(side).refuse = refusing(REFUSED[side][0])  # type: ignore[assignment]
    given = dict(zip(REFUSED[side.other], ("666", "Bea"), strict=True))
    here = world.new_lead(**given) if side is Side.HUBSPOT else world.new_contact(**given)
    context = replace(world.context, our_user=our_user)
    for _ in range(2):
        sync_contacts([world.change(here)], context)
    there = world.counterpart(here)
    sync_contacts([world.change(there), world.change(here)], context)
    assert (shown(world, here), shown(world, there)) == (("666", "Bea"), (None, "Bea"))
    assert [one.fieldname for one in world.inbox.parked("acme")] == [REFUSED[side][0]]

    world.wait()
    world.crm(here.side).edit(here, {REFUSED[here.side][0]: "222"})
    sync_contacts([world.change(here)], context)
    assert (shown(world, here), shown(world, there)) == (("222", "Bea"), ("222", "Bea"))
    assert list(world.inbox.parked("acme")) == []


@pytest.mark.rule("CH-8")
def test_a_retry_writes_the_refused_value_once_the_rule_allows_it() -> None:
    """A resync does so as well, and no earlier sync writes anything."""
    world, contact, lead = edited(Side.SALESFORCE)
    world.sync(contact)
    world.salesforce.refuse = lambda _fields: None
    world.sync(contact, lead)
    assert shown(world, lead) == ("111", "Bea")
    world.sync(contact, cause=Cause.FORCED)
    assert (shown(world, lead), shown(world, contact)) == (("666", "Bea"), ("666", "Bea"))
    assert list(world.inbox.parked("acme")) == []


@pytest.mark.rule("CH-8")
def test_many_refusals_take_one_more_call() -> None:
    """All rows of a batch that are tried again are written together."""
    world = MemoryWorld()
    contacts = [world.new_contact(email=f"p{one}@example.com", phone="111") for one in range(20)]
    world.sync(*contacts)
    world.salesforce.refuse = refusing("Phone")  # type: ignore[assignment]
    world.wait()
    for one in contacts:
        world.hubspot.edit(one, {"phone": "666", "firstname": "Bea"})
    before = world.salesforce.calls["update"]
    world.sync(*contacts)
    assert world.salesforce.calls["update"] - before == 2
    assert {shown(world, world.counterpart(one)) for one in contacts} == {("111", "Bea")}
    assert len(list(world.inbox.parked("acme"))) == 20
