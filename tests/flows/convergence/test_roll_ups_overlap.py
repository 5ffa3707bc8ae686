"""Workers that add up one contact at the same time: the newest sums stay, whoever writes last, and
what that costs.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crmsync.errors import TryAgain
from crmsync.model.changes import Cause
from crmsync.model.records import Ref, Side
from tests.memory.worlds import Town


def a_contact_with_two_opportunities(town: Town) -> tuple[Ref, list[Ref]]:
    """A HubSpot contact who has a role in both, of 1 each, added up."""
    theirs = town.new_member(None)
    town.sync(theirs)
    both = [town.new_opportunity(theirs, Amount=1, Name=f"Pumps {number}") for number in range(2)]
    town.sync(*both)
    town.drain()
    town.wait()
    return town.counterpart(theirs), both


def revenue(town: Town, contact: Ref) -> object:
    """What the contact shows."""
    return town.hubspot.fields(contact).get("crmsync_total_revenue")


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
    town = Town()
    contact, (first, second) = a_contact_with_two_opportunities(town)

    def meanwhile() -> None:
        town.salesforce.edit(second, {"Amount": 5})
        town.sync(second)

    real, shown = town.hubspot.update, []

    def update(effects):
        sums = any("crmsync_total_revenue" in one.fields for one in effects)
        if sums and not shown:
            shown.append("worker 1 is about to write")
            meanwhile()
        outcomes = real(effects)
        shown.extend([revenue(town, contact)] if sums else [])
        return outcomes

    town.hubspot.update = update
    town.salesforce.edit(first, {"Amount": 2})
    town.sync(first)

    assert shown == ["worker 1 is about to write", "7", "3", "7"]


def test_the_second_look_costs_one_question_to_salesforce():
    """None where nothing was written, and no call to HubSpot."""
    town = Town()
    contact, (first, _) = a_contact_with_two_opportunities(town)
    town.salesforce.edit(first, {"Amount": 2})
    ties, reads = town.salesforce.calls["ties"], town.hubspot.calls["read"]
    town.sync(first)
    with_news = (town.salesforce.calls["ties"] - ties, town.hubspot.calls["read"] - reads)

    ties, reads = town.salesforce.calls["ties"], town.hubspot.calls["read"]
    town.sync(first, cause=Cause.AGAIN)
    without = (town.salesforce.calls["ties"] - ties, town.hubspot.calls["read"] - reads)

    assert (with_news, without, revenue(town, contact)) == ((2, 2), (1, 2), "3")


def test_where_the_second_look_fails_the_contact_is_added_up_later():
    """Salesforce does not answer after the write. Another worker has agreed on the pair by the time
    of the retry; it still adds up.
    """
    town = Town()
    contact, (first, second) = a_contact_with_two_opportunities(town)
    real, asked = town.opportunities.ties_of, [0]

    def ties_of(contacts):
        asked[0] += 1
        if asked[0] == 1:
            told = real(contacts)
            # The older picture is written over what worker 2 makes of the newer one.
            before(
                town.hubspot,
                "read",
                1,
                lambda: (town.salesforce.edit(first, {"Amount": 9}), town.sync(first)),
            )
            return told
        if asked[0] == 4:
            raise TryAgain("Salesforce is down.")
        return real(contacts)

    town.opportunities.ties_of = ties_of
    town.salesforce.edit(first, {"Amount": 2})
    town.sync(first)
    put_off = [(change.ref, change.cause, change.tries) for change, _ in town.outbox.delayed]
    stale = revenue(town, contact)
    town.drain()

    assert (put_off, stale, revenue(town, contact)) == ([(first, Cause.EDITED, 1)], "3", "10")
    assert second.side is Side.SALESFORCE


def test_opportunities_that_never_rest_are_put_off():
    """After a few turns; nothing is lost, and nobody waits for ever."""
    town = Town()
    contact, (first, second) = a_contact_with_two_opportunities(town)
    amounts = iter(range(10, 100))
    town.salesforce.edit(first, {"Amount": 2})
    before(
        town.opportunities,
        "ties_of",
        4,
        lambda: town.salesforce.edit(second, {"Amount": next(amounts)}),
    )

    summary = town.sync(first)
    town.drain()

    assert (summary.counts["PutOff"], revenue(town, contact)) == (1, "15")
