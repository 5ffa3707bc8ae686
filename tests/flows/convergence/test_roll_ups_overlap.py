"""Several workers that compute the roll-ups of one contact: the newest sums stay whichever worker
writes last.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crmsync.errors import TryAgain
from crmsync.model.changes import Cause
from crmsync.model.records import Ref, Side
from tests.memory.world import MemoryWorld


def a_contact_with_two_opportunities(world: MemoryWorld) -> tuple[Ref, list[Ref]]:
    """A HubSpot contact with a role in two opportunities of amount 1, whose roll-ups are
    written.
    """
    theirs = world.new_salesforce_contact(None)
    world.sync(theirs)
    both = [world.new_opportunity(theirs, Amount=1, Name=f"Pumps {number}") for number in range(2)]
    world.sync(*both)
    world.drain()
    world.wait()
    return world.counterpart(theirs), both


def revenue(world: MemoryWorld, contact: Ref) -> object:
    """The contact's total revenue in HubSpot."""
    return world.hubspot.fields(contact).get("crmsync_total_revenue")


def before(crm: object, verb: str, times: int, happens: Callable[[], None]) -> None:
    """Run `happens` just before each of the next calls."""
    real = getattr(crm, verb)
    left = [times]

    def call(*args: object, **more: object) -> object:
        if left[0]:
            left[0] -= 1
            happens()
        return real(*args, **more)

    setattr(crm, verb, call)


@pytest.mark.rule("ROLL-6")
def test_an_older_sum_does_not_stay():
    """Worker 1 read 2 + 1 and worker 2 wrote 2 + 5; worker 1 writes its 3, reads once more, and
    writes 7.
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


def test_reading_once_more_takes_one_salesforce_call():
    """If nothing was written, no second read is made, and HubSpot is not called for it."""
    world = MemoryWorld()
    contact, (first, _) = a_contact_with_two_opportunities(world)
    world.salesforce.edit(first, {"Amount": 2})
    ties, reads = world.salesforce.calls["of_contacts"], world.hubspot.calls["read"]
    world.sync(first)
    with_news = (world.salesforce.calls["of_contacts"] - ties, world.hubspot.calls["read"] - reads)

    ties, reads = world.salesforce.calls["of_contacts"], world.hubspot.calls["read"]
    world.sync(first, cause=Cause.AGAIN)
    without = (world.salesforce.calls["of_contacts"] - ties, world.hubspot.calls["read"] - reads)

    assert (with_news, without, revenue(world, contact)) == ((2, 2), (1, 2), "3")


def test_a_failed_second_read_is_retried_later():
    """Salesforce fails after the write, and the retry writes the newest sum although another worker
    has synced the pair.
    """
    world = MemoryWorld()
    contact, (first, second) = a_contact_with_two_opportunities(world)
    real, asked = world.opportunities.of_contacts, [0]

    def of_contacts(contacts):
        asked[0] += 1
        if asked[0] == 1:
            rows = real(contacts)
            # The older picture is written over what worker 2 makes of the newer one.
            before(
                world.hubspot,
                "read",
                1,
                lambda: (world.salesforce.edit(first, {"Amount": 9}), world.sync(first)),
            )
            return rows
        if asked[0] == 4:
            raise TryAgain("Salesforce is down.")
        return real(contacts)

    world.opportunities.of_contacts = of_contacts
    world.salesforce.edit(first, {"Amount": 2})
    world.sync(first)
    put_off = [(change.ref, change.cause, change.tries) for change, _ in world.outbox.delayed]
    stale = revenue(world, contact)
    world.drain()

    assert (put_off, stale, revenue(world, contact)) == ([(first, Cause.EDITED, 1)], "3", "10")
    assert second.side is Side.SALESFORCE


def test_opportunities_that_change_at_every_read_are_put_off():
    """After a few turns the change is put off, and its sum is written later."""
    world = MemoryWorld()
    contact, (first, second) = a_contact_with_two_opportunities(world)
    amounts = iter(range(10, 100))
    world.salesforce.edit(first, {"Amount": 2})
    before(
        world.opportunities,
        "of_contacts",
        4,
        lambda: world.salesforce.edit(second, {"Amount": next(amounts)}),
    )

    summary = world.sync(first)
    world.drain()

    assert (summary.counts["PutOff"], revenue(world, contact)) == (1, "15")
