"""A refused field with workers that die or meet: the value that stays is never taken for a person's
edit back (CH-8).
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
from tests.flows.convergence.interleave import HIDDEN_FOR, Gate, KilledError, gated
from tests.memory.worlds import Town

REFUSED = {Side.SALESFORCE: ("Phone", "FirstName"), Side.HUBSPOT: ("phone", "firstname")}


def refusing(name: str) -> object:
    """A CRM that takes no such phone number."""

    def refuse(fields: Mapping[str, object]) -> Refused | None:
        error = Refused(
            "No such phone numbers here.", code="FIELD_CUSTOM_VALIDATION_EXCEPTION", fieldname=name
        )
        return error if fields.get(name) == "666" else None

    return refuse


def edited(side: Side) -> tuple[Town, Ref, Ref]:
    """A pair in step, of which a person has edited two fields where `side` does not have to take
    them; both records, theirs first.
    """
    town = Town()
    contact = town.new_contact(phone="111", firstname="Ada")
    town.sync(contact)
    lead = town.counterpart(contact)
    town.wait(30)
    town.drain()
    phone, first = REFUSED[side.other]
    here, there = (contact, lead) if side is Side.SALESFORCE else (lead, contact)
    town.crm(side).refuse = refusing(REFUSED[side][0])  # type: ignore[assignment]
    town.wait()
    town.crm(side.other).edit(here, {phone: "666", first: "Bea"})
    return town, here, there


def shown(town: Town, one: Ref) -> tuple[object, object]:
    """Phone and first name of a record."""
    fields = town.crm(one.side).fields(one)
    return tuple(fields.get(name) for name in REFUSED[one.side])  # type: ignore[return-value]


@pytest.mark.rule("CH-8")
@pytest.mark.parametrize("dies", [True, False], ids=["dies", "meets another"])
@pytest.mark.parametrize("side", Side)
def test_the_value_that_stays_does_not_count_as_an_edit(side: Side, *, dies: bool) -> None:
    """Wherever the first worker is stopped, for good or for the length of another one's sync."""
    at, was_open = 0, True
    while was_open:
        town, here, there = edited(side)
        change = town.change(here)
        breaker = (
            Gate(at, kills=True) if dies else Gate(at, lambda town=town, here=here: town.sync(here))
        )  # type: ignore[misc]
        with suppress(KilledError):
            sync_contacts([change], gated(town.world, breaker))
        town.wait(HIDDEN_FOR)
        town.deliver([redelivered(change)] if dies else [])
        town.drain()
        town.sync(here, there)
        was_open, where = breaker.was_open, f"stopped before call {at}"
        assert (shown(town, here), shown(town, there)) == (("666", "Bea"), ("111", "Bea")), where
        told = [(one.fieldname, one.text) for one in town.inbox.parked("acme")]
        text = (
            "No such phone numbers here. The field was left out, the rest of the record is in step."
        )
        assert told == [(REFUSED[side][0], text)], where
        before = town.writes()
        town.wait(30)
        town.sync(here, there)
        assert town.writes() == before, where
        at += 1
    assert at > 5


@pytest.mark.rule("CH-8")
@pytest.mark.rule("TEN-1")
@pytest.mark.parametrize("our_user", [OUR_USER, ""], ids=["alone", "shared org"])
@pytest.mark.parametrize("side", Side)
def test_a_record_is_made_without_the_field_and_the_blank_does_not_come_back(
    side: Side, our_user: str
) -> None:
    """Its other fields are there; the value that was refused stays where it is, until somebody
    gives one that is allowed.
    """
    town = Town()
    town.crm(side).refuse = refusing(REFUSED[side][0])  # type: ignore[assignment]
    given = dict(zip(REFUSED[side.other], ("666", "Bea"), strict=True))
    here = town.new_lead(**given) if side is Side.HUBSPOT else town.new_contact(**given)
    world = replace(town.world, our_user=our_user)
    for _ in range(2):
        sync_contacts([town.change(here)], world)
    there = town.counterpart(here)
    sync_contacts([town.change(there), town.change(here)], world)
    assert (shown(town, here), shown(town, there)) == (("666", "Bea"), (None, "Bea"))
    assert [one.fieldname for one in town.inbox.parked("acme")] == [REFUSED[side][0]]

    town.wait()
    town.crm(here.side).edit(here, {REFUSED[here.side][0]: "222"})
    sync_contacts([town.change(here)], world)
    assert (shown(town, here), shown(town, there)) == (("222", "Bea"), ("222", "Bea"))
    assert list(town.inbox.parked("acme")) == []


@pytest.mark.rule("CH-8")
def test_a_retry_carries_the_refused_value_once_the_rule_is_mended() -> None:
    """As a resync does; no sync before that costs a write."""
    town, contact, lead = edited(Side.SALESFORCE)
    town.sync(contact)
    town.salesforce.refuse = lambda _fields: None
    town.sync(contact, lead)
    assert shown(town, lead) == ("111", "Bea")
    town.sync(contact, cause=Cause.FORCED)
    assert (shown(town, lead), shown(town, contact)) == (("666", "Bea"), ("666", "Bea"))
    assert list(town.inbox.parked("acme")) == []


@pytest.mark.rule("CH-8")
def test_many_refusals_cost_one_call_more() -> None:
    """All rows of a batch that are worth a second try go out together."""
    town = Town()
    contacts = [town.new_contact(email=f"p{one}@example.com", phone="111") for one in range(20)]
    town.sync(*contacts)
    town.salesforce.refuse = refusing("Phone")  # type: ignore[assignment]
    town.wait()
    for one in contacts:
        town.hubspot.edit(one, {"phone": "666", "firstname": "Bea"})
    before = town.salesforce.calls["update"]
    town.sync(*contacts)
    assert town.salesforce.calls["update"] - before == 2
    assert {shown(town, town.counterpart(one)) for one in contacts} == {("111", "Bea")}
    assert len(list(town.inbox.parked("acme"))) == 20
