"""Workers that add up one contact at the same time: the newest sums stay, whoever writes last, and
what that costs.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crmsync.errors import TryAgain
from crmsync.model.changes import Cause
from crmsync.model.records import Ref, Side
from tests.memory.world import MemoryWorld


def a_contact_with_two_opportunities(world: MemoryWorld) -> tuple[Ref, list[Ref]]:
    """A HubSpot contact who has a role in both, of 1 each, added up."""
    theirs = world.new_salesforce_contact(None)
    world.sync(theirs)
    both = [world.new_opportunity(theirs, Amount=1, Name=f"Pumps {number}") for number in range(2)]
    world.sync(*both)
    world.drain()
    world.wait()
    return world.counterpart(theirs), both


def revenue(world: MemoryWorld, contact: Ref) -> object:
    """What the contact shows."""
    return world.hubspot.fields(contact).get("crmsync_total_revenue")


def before(crm: object, verb: str, times: int, happens: Callable[[], None]) -> None:
    """Have something happen just before each of the next calls."""
    real = getattr(crm, verb)
    left = [times]

    def call(*args: object, **more: object) -> object:
        if left[0]:
            left[0] -= 1
            happens()
        return real(*args, **more)

    setattr(crm, verb, call)


@pytest.mark.rule("ROLL-6")
def test_the_older_sum_does_not_stay():
    """Worker 1 has read 2 + 1; a person makes it 2 + 5 and worker 2 writes 7; worker 1 writes its
    3, looks once more, and makes it 7.
    """
    world = MemoryWorld()
    contact, (first, second) = a_contact_with_two_opportunities(world)

    def meanwhile() -> None:
        world.salesforce.edit(second, {"Amount": 5})
        world.sync(second)

    real, shown = world.hubspot.update, []

    def update(effects):
        sums = any("crmsync_total_revenue" in one.fields for one in effects)
        if sums and not shown:
            shown.append("worker 1 is about to write")
            meanwhile()
        outcomes = real(effects)
        shown.extend([revenue(world, contact)] if sums else [])
        return outcomes

    world.hubspot.update = update
    world.salesforce.edit(first, {"Amount": 2})
    world.sync(first)

    assert shown == ["worker 1 is about to write", "7", "3", "7"]


def test_the_second_look_costs_one_question_to_salesforce():
    """None where nothing was written, and no call to HubSpot."""
    world = MemoryWorld()
    contact, (first, _) = a_contact_with_two_opportunities(world)
    world.salesforce.edit(first, {"Amount": 2})
    ties, reads = world.salesforce.calls["ties"], world.hubspot.calls["read"]
    world.sync(first)
    with_news = (world.salesforce.calls["ties"] - ties, world.hubspot.calls["read"] - reads)

    ties, reads = world.salesforce.calls["ties"], world.hubspot.calls["read"]
    world.sync(first, cause=Cause.AGAIN)
    without = (world.salesforce.calls["ties"] - ties, world.hubspot.calls["read"] - reads)

    assert (with_news, without, revenue(world, contact)) == ((2, 2), (1, 2), "3")


def test_where_the_second_look_fails_the_contact_is_added_up_later():
    """Salesforce does not answer after the write. Another worker has agreed on the pair by the time
    of the retry; it still adds up.
    """
    world = MemoryWorld()
    contact, (first, second) = a_contact_with_two_opportunities(world)
    real, asked = world.opportunities.ties_of, [0]

    def ties_of(contacts):
        asked[0] += 1
        if asked[0] == 1:
            told = real(contacts)
            # The older picture is written over what worker 2 makes of the newer one.
            before(
                world.hubspot,
                "read",
                1,
                lambda: (world.salesforce.edit(first, {"Amount": 9}), world.sync(first)),
            )
            return told
        if asked[0] == 4:
            raise TryAgain("Salesforce is down.")
        return real(contacts)

    world.opportunities.ties_of = ties_of
    world.salesforce.edit(first, {"Amount": 2})
    world.sync(first)
    put_off = [(change.ref, change.cause, change.tries) for change, _ in world.outbox.delayed]
    stale = revenue(world, contact)
    world.drain()

    assert (put_off, stale, revenue(world, contact)) == ([(first, Cause.EDITED, 1)], "3", "10")
    assert second.side is Side.SALESFORCE


def test_opportunities_that_never_rest_are_put_off():
    """After a few turns; nothing is lost, and nobody waits for ever."""
    world = MemoryWorld()
    contact, (first, second) = a_contact_with_two_opportunities(world)
    amounts = iter(range(10, 100))
    world.salesforce.edit(first, {"Amount": 2})
    before(
        world.opportunities,
        "ties_of",
        4,
        lambda: world.salesforce.edit(second, {"Amount": next(amounts)}),
    )

    summary = world.sync(first)
    world.drain()

    assert (summary.counts["PutOff"], revenue(world, contact)) == (1, "15")
