"""An edit that is set back while a slow worker is about to carry it across: for everybody else the
record shows what was agreed on, so only that worker can have the pair read once more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from crmsync.flows.kinds.account import sync_accounts
from crmsync.flows.kinds.contact import sync_contacts
from crmsync.flows.kinds.opportunity import sync_opportunities
from crmsync.model.changes import Cause
from crmsync.model.kinds.owners import Owner, Owners
from crmsync.model.records import Kind, Ref, Side
from crmsync.model.settings import CompanySettings
from tests.flows.interleaving.gate import Gate, with_gate
from tests.memory.world import MemoryWorld

_SYNC = {
    Kind.CONTACT: sync_contacts,
    Kind.ACCOUNT: sync_accounts,
    Kind.OPPORTUNITY: sync_opportunities,
}
ADA = Owner("1", "Ada Lang", "ada@example.com", is_active=True, kind="PERSON")
ADA_THERE = Owner("005000000000011AAA", ADA.name, ADA.email, is_active=True, kind="Standard")
BO_THERE = Owner("005000000000012AAA", "Bo", "bo@example.com", is_active=True, kind="Standard")


def a_company(world: MemoryWorld) -> Ref:
    """The company of a new account."""
    account = world.new_account(BillingCity="Bonn")
    world.sync(account)
    return world.counterpart(account)


Make = Callable[[MemoryWorld], Ref]
PHONE = "a phone number in HubSpot"
EDITS: Mapping[str, tuple[Make, Side, tuple[str, str, str]]] = {
    PHONE: (lambda world: world.new_contact(phone="1"), Side.HUBSPOT, ("phone", "1", "2")),
    "a phone number in Salesforce": (
        lambda world: world.new_contact(phone="1"),
        Side.SALESFORCE,
        ("Phone", "1", "2"),
    ),
    "an owner in Salesforce": (
        lambda world: world.new_contact(hubspot_owner_id=ADA.id),
        Side.SALESFORCE,
        ("OwnerId", ADA_THERE.id, BO_THERE.id),
    ),
    "a city in HubSpot": (
        a_company,
        Side.HUBSPOT,
        ("city", "Bonn", "Ulm"),
    ),
    "a description in Salesforce": (
        lambda world: world.new_deal(description="one"),
        Side.SALESFORCE,
        ("Description", "one", "two"),
    ),
}
"""What is edited: the HubSpot record of a pair, the side of the edit, and the field with its value
before and after.
"""


def an_edited_pair(name: str) -> tuple[MemoryWorld, tuple[Ref, Ref], list[dict[str, object]]]:
    """A pair of which one record was just edited: that one, the other one, and what both showed
    before the edit.
    """
    make, side, (field, _, edited) = EDITS[name]
    owners = Owners(hubspot=(ADA,), salesforce=(ADA_THERE, BO_THERE))
    world = MemoryWorld(companies=CompanySettings(sync=True), owners=owners)
    here = make(world)
    world.sync(here)
    world.drain()
    there = world.counterpart(here)
    pair = (here, there) if side is Side.HUBSPOT else (there, here)
    before = world.shown(pair)
    world.wait()
    world.crm(side).edit(pair[0], {field: edited})
    return world, pair, before


def run(world: MemoryWorld, ref: Ref, gate: Gate) -> None:
    """A worker syncs a record that was edited."""
    change = world.change(ref)
    _SYNC[change.kind]([change], with_gate(world.context, gate))


def set_back(
    name: str, *, seconds: float
) -> tuple[MemoryWorld, tuple[Ref, Ref], list[dict[str, object]]]:
    """The pair after somebody has set the edit back, which a worker had read and not saved in the
    link yet: it began so many seconds before. Another worker has read the record in between.
    """
    (world, (source, _), _), names = an_edited_pair(name), Gate()
    run(world, source, names)
    world, pair, before = an_edited_pair(name)
    _, side, (field, value, _) = EDITS[name]

    def meanwhile() -> None:
        world.wait(seconds / 60)
        world.crm(side).edit(pair[0], {field: value})
        world.sync(pair[0])

    run(world, pair[0], Gate(at=names.calls.index("links.save"), meanwhile=meanwhile))
    return world, pair, before


@pytest.mark.parametrize("name", EDITS)
def test_what_was_set_back_while_a_slow_worker_stood_stands_on_both_sides(name: str) -> None:
    """That worker has the pair read once more, and the value before the edit crosses again."""
    world, pair, before = set_back(name, seconds=5)
    queued = [(change.ref, change.cause, after) for change, after in world.outbox.delayed]
    world.drain()

    assert (queued, world.shown(pair)) == ([(pair[0], Cause.AGAIN, 0)], before)


def test_a_pair_that_is_saved_soon_after_it_was_read_is_not_read_once_more() -> None:
    """Ordinary edits cost no further call."""
    world, _, _ = set_back(PHONE, seconds=4)

    assert world.outbox.delayed == []


def test_a_pair_that_a_slow_worker_has_made_is_not_read_once_more() -> None:
    """A record without a link is never quiet, so an import costs no further call."""
    world, names = MemoryWorld(), Gate()
    run(world, world.new_contact(), names)
    world = MemoryWorld()
    slow = Gate(at=names.calls.index("links.save"), meanwhile=lambda: world.wait(1))
    run(world, world.new_contact(), slow)

    assert (slow.was_open, len(world.links.all), world.outbox.delayed) == (True, 1, [])
