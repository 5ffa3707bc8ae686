"""A record that waits for what a reported pair shows syncs as soon as the pair no longer shows it,
although the pair's link has noted nothing of it (CH-13, DUP-1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from crmsync.errors import TryAgain
from crmsync.model.changes import Cause, Change
from crmsync.model.fields import FieldRule, Update
from crmsync.model.records import Ref, Side
from crmsync.model.settings import DealSettings
from tests.memory.world import MemoryWorld

ADA, BEA, EVE = "ada@example.com", "bea@example.com", "eve@example.com"
Told = list[tuple[Ref, str, tuple[Ref, ...]]]


def sync(world: MemoryWorld, ref: Ref, cause: Cause = Cause.EDITED) -> None:
    """A webhook or poll has a record synced, and the queue is worked off."""
    world.wait()
    world.sync(ref, cause=cause)
    world.drain()


def edit(world: MemoryWorld, ref: Ref, fields: dict[str, str]) -> None:
    """A person edits a record."""
    world.wait()
    world.crm(ref.side).edit(ref, fields)
    sync(world, ref)


def told(world: MemoryWorld) -> Told:
    """What is in the error inbox, and what it waits for."""
    return [(one.ref, one.code, tuple(one.waits_for)) for one in world.inbox.parked("acme")]


def contested(**settings: object) -> tuple[MemoryWorld, Ref, Ref, Ref]:
    """Ada's pair, whose lead has got Bea's address, and Bea's contact, which has no lead yet."""
    world = MemoryWorld(settings=settings)
    ada = world.new_contact(email=ADA)
    sync(world, ada)
    lead, bea = world.counterpart(ada), world.new_contact(email=BEA)
    edit(world, lead, {"Email": BEA})
    assert told(world) == [
        (ada, "ADDRESS_TAKEN", (bea,)),
        (bea, "SHARED_ADDRESS", (lead,)),
    ]
    return world, ada, lead, bea


@pytest.mark.rule("CH-13")
@pytest.mark.parametrize("further", [{}, {"Phone": "0100"}], ids=["alone", "with another field"])
def test_an_address_that_comes_back_frees_the_one_in_between(further: dict[str, str]) -> None:
    """The lead shows again what was agreed on, which is no news, and Bea gets a lead of her own."""
    world, ada, lead, bea = contested()

    edit(world, lead, {"Email": ADA, **further})

    assert (told(world), {one.hubspot for one in world.links.all}) == ([], {ada, bea})


@pytest.mark.rule("CH-13")
@pytest.mark.rule("DUP-1")
def test_an_address_that_waits_for_another_contact_now_frees_the_first_one() -> None:
    """The lead gets the address of a third contact instead, which is reported as well."""
    world, ada, lead, bea = contested()
    eve = world.new_contact(email=EVE)

    edit(world, lead, {"Email": EVE})

    assert {one.hubspot for one in world.links.all} == {ada, bea}
    assert told(world) == [
        (ada, "ADDRESS_TAKEN", (eve,)),
        (eve, "SHARED_ADDRESS", (lead,)),
    ]


@pytest.mark.rule("CH-13")
def test_a_pair_that_another_record_has_looked_at_first_frees_the_address_as_well() -> None:
    """That look ends the report, and the edit finds nothing new afterwards."""
    world, ada, lead, bea = contested()
    world.salesforce.edit(lead, {"Email": ADA})

    for cause in (Cause.WOKEN, Cause.EDITED):
        sync(world, lead, cause)

    assert (told(world), {one.hubspot for one in world.links.all}) == ([], {ada, bea})


@pytest.mark.rule("CH-13")
def test_a_look_that_failed_may_have_seen_the_address() -> None:
    """It noted nothing. By its next try the lead shows what was agreed on."""
    world = MemoryWorld()
    ada = world.new_contact(email=ADA)
    sync(world, ada)
    lead, bea = world.counterpart(ada), world.new_contact(email=BEA)
    world.salesforce.edit(lead, {"Email": BEA})
    sync(world, bea)
    assert told(world) == [(bea, "SHARED_ADDRESS", (lead,))]
    world.salesforce.edit(lead, {"Email": ADA})

    world.deliver([replace(world.change(lead), tries=1)])
    world.drain()

    assert (told(world), {one.hubspot for one in world.links.all}) == ([], {ada, bea})


@pytest.mark.rule("Q-30")
@pytest.mark.rule("CH-13")
@pytest.mark.parametrize("then", [ADA, EVE])
def test_an_address_that_a_limit_held_back_is_free_once_it_is_another_one(then: str) -> None:
    """It never crossed, so the link has noted the address before it alone."""
    world = MemoryWorld(settings={"max_changes_per_hour": 1})
    other, ada = world.new_contact(email="other@example.com"), world.new_contact(email=ADA)
    world.sync(other, ada)
    world.wait()
    counted, lead = world.counterpart(other), world.counterpart(ada)
    world.salesforce.edit(counted, {"LastName": "Moor"})
    world.salesforce.edit(lead, {"Email": BEA})
    world.sync(counted, lead)
    bea = world.new_contact(email=BEA)
    sync(world, bea)
    held = (ada, "CHANGES_OVER_LIMIT", ())
    assert told(world) == [held, (bea, "SHARED_ADDRESS", (lead,))]

    edit(world, lead, {"Email": then})

    assert {one.hubspot for one in world.links.all} == {ada, other, bea}
    assert told(world) == ([held] if then == EVE else [])


@pytest.mark.rule("CH-4")
@pytest.mark.rule("CH-13")
@pytest.mark.parametrize("then", [ADA, EVE])
def test_an_address_that_stays_in_salesforce_alone_is_free_once_it_is_another_one(
    then: str,
) -> None:
    """It fills blanks only, so HubSpot's address has not changed at all."""
    rule = FieldRule("email", "Email", update=Update.FILL_BLANK)
    world = MemoryWorld(settings={"field": (rule,)})
    ada, lead = world.new_contact(email=ADA), world.new_lead(Email=ADA)
    sync(world, ada)
    edit(world, lead, {"Email": BEA})
    bea = world.new_contact(email=BEA)
    sync(world, bea)
    assert told(world) == [(bea, "SHARED_ADDRESS", (lead,))]

    edit(world, lead, {"Email": then})

    assert (told(world), {one.hubspot for one in world.links.all}) == ([], {ada, bea})
    assert world.hubspot.fields(ada)["email"] == ADA


@pytest.mark.rule("CH-14")
@pytest.mark.rule("Q-30")
def test_a_value_that_a_limit_held_back_is_free_for_an_opportunity_once_it_is_another_one() -> None:
    """The deal's name goes back to what it was before it crossed."""
    world = MemoryWorld(
        deal_settings=DealSettings(
            match_hubspot="dealname", match_salesforce="Name", max_changes_per_hour=1
        )
    )
    other, mine = world.new_opportunity(Name="Valves"), world.new_opportunity()
    world.sync(other, mine)
    world.wait()
    counted, deal = world.counterpart(other), world.counterpart(mine)
    world.hubspot.edit(counted, {"amount": "2000"})
    world.hubspot.edit(deal, {"dealname": "Pipes"})
    world.sync(counted, deal)
    second = world.new_opportunity(Name="Pipes")
    sync(world, second)
    assert told(world) == [
        (deal, "CHANGES_OVER_LIMIT", ()),
        (second, "SHARED_VALUE", (deal,)),
    ]

    edit(world, deal, {"dealname": "Pumps"})

    assert told(world) == []
    assert {one.salesforce for one in world.links.all} == {other, mine, second}


@pytest.mark.rule("CH-13")
def test_what_waits_is_queued_before_the_report_goes() -> None:
    """The queue refuses it at first, and the next try of the worker finds the report still there."""
    world, ada, lead, bea = contested()
    again = world.outbox.again

    def refuse(_changes: Sequence[tuple[Change, int]]) -> None:
        raise TryAgain("Down.")

    world.outbox.again = refuse
    world.salesforce.edit(lead, {"Email": ADA})
    with pytest.raises(TryAgain):
        world.sync(lead)
    world.outbox.again = again
    sync(world, lead)

    assert (told(world), {one.hubspot for one in world.links.all}) == ([], {ada, bea})


@pytest.mark.rule("CH-13")
@pytest.mark.parametrize("cause", list(set(Cause) - {Cause.DELETED, Cause.FORGOTTEN}))
@pytest.mark.parametrize("side", list(Side))
def test_two_reports_that_wait_for_each_other_come_to_rest(side: Side, cause: Cause) -> None:
    """A look at either record ends, writes nothing and leaves both reports."""
    world, ada, lead, bea = contested()
    before, reports = world.writes(), told(world)

    for ref in (bea, ada if side is Side.HUBSPOT else lead):
        sync(world, ref, cause)

    assert (world.outbox.published, world.outbox.delayed) == ([], [])
    assert (world.writes(), told(world)) == (before, reports)


@pytest.mark.rule("CH-13")
def test_a_pair_without_a_report_has_nobody_looked_at() -> None:
    """An edit of Ada's phone leaves alone the second lead of her address, which waits for her."""
    world = MemoryWorld()
    ada = world.new_contact(email=ADA)
    sync(world, ada)
    double = world.new_lead(Email=ADA)
    sync(world, double)
    assert told(world) == [(double, "SHARED_ADDRESS", (ada,))]
    world.hubspot.edit(ada, {"phone": "0100"})

    world.sync(ada)

    assert (world.outbox.published, world.outbox.delayed) == ([], [])
