"""A contact is deleted while a worker makes its lead, and a new contact of its address comes: of the
two leads that this may leave, the one whose contact is gone is reported.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crmsync.flows.kinds.contact import sync_contacts
from crmsync.model.changes import Cause, redelivered
from crmsync.model.effects import Report
from crmsync.model.links import LinkState
from crmsync.model.records import Ref, Side
from crmsync.model.settings import OutsideInclusionList
from crmsync.rules.pair.reports import duplicate_of_linked
from tests.flows.interleaving.gate import Gate, KilledError, with_gate
from tests.memory.world import MemoryWorld

CREATE = "salesforce.create"


def replaced(
    at: int | None, *, is_told: bool = True, dies_at: int | None = None
) -> tuple[MemoryWorld, Gate]:
    """The world after a worker made the counterpart of a contact, and the worker's calls: before its
    call `at` the contact was deleted and another one came with its address.
    """
    world = MemoryWorld()
    first = world.new_contact()

    def replace_contact() -> None:
        world.hubspot.delete(first)
        second = world.new_contact()
        told = [world.change(first, Cause.DELETED)] if is_told else []
        world.deliver([*told, world.change(second)])

    gate = Gate(at, replace_contact, dies_at=dies_at)
    change = world.change(first)
    try:
        sync_contacts([change], with_gate(world.context, gate))
    except KilledError:
        # As the poll of the next minute does.
        world.sync(*world.salesforce.refs("Lead"))
        world.outbox.again([(redelivered(change), 720)])
    world.drain()
    return world, gate


def living(world: MemoryWorld) -> dict[Ref, Ref]:
    """Contact -> lead of the living links."""
    return {
        one.hubspot: one.salesforce  # type: ignore[misc]
        for one in world.links.all
        if one.state is LinkState.ACTIVE
    }


def reported(world: MemoryWorld) -> list[Report]:
    """What is in the error inbox."""
    return list(world.inbox.parked("acme"))


@pytest.mark.rule("CH-13")
@pytest.mark.parametrize("is_told", [True, False])
def test_the_second_lead_of_an_address_is_reported(*, is_told: bool) -> None:
    """Whenever the contact is deleted, whether or not HubSpot tells of it, and wherever the worker
    dies after that: the new contact is linked, and every other lead of the address is in the error
    inbox.
    """
    _, gate = replaced(None)
    calls, seen = len(gate.calls), set()
    for at in range(calls):
        for dies_at in [None, *range(at + 1, calls + 10)]:
            world, gate = replaced(at, is_told=is_told, dies_at=dies_at)
            (contact,) = world.hubspot.refs("contact")
            linked = living(world)
            others = [one for one in world.salesforce.refs("Lead") if one != linked.get(contact)]
            expected = [duplicate_of_linked(one, [contact]) for one in others]
            assert (set(linked), reported(world)) == ({contact}, expected), (at, dies_at, gate)
            seen.add(len(others))

    assert seen == {0, 1}


def left_over() -> tuple[MemoryWorld, Ref, Ref]:
    """A world with the lead of a deleted contact that is reported, and the linked lead."""
    _, gate = replaced(None)
    world, _ = replaced(gate.calls.index(CREATE))
    (linked,) = living(world).values()
    (left,) = (one for one in world.salesforce.refs("Lead") if one != linked)
    assert [one.ref for one in reported(world)] == [left]
    return world, left, linked


def _merge(world: MemoryWorld, left: Ref, linked: Ref) -> Ref:
    world.salesforce.merge(linked, left)
    return left


def _merge_into_it(world: MemoryWorld, left: Ref, linked: Ref) -> Ref:
    world.salesforce.merge(left, linked)
    return linked


def _new_address(world: MemoryWorld, left: Ref, _linked: Ref) -> Ref:
    world.salesforce.edit(left, {"Email": "ada.two@example.com"})
    return left


def _delete(world: MemoryWorld, left: Ref, _linked: Ref) -> Ref:
    world.salesforce.delete(left)
    return left


@pytest.mark.parametrize("settle", [_merge, _merge_into_it, _new_address, _delete])
def test_the_report_ends_with_its_cause(settle: Callable[[MemoryWorld, Ref, Ref], Ref]) -> None:
    """When the two leads are merged, in either direction, or the one that is left gets another
    address or is deleted; the contact stays linked.
    """
    world, left, linked = left_over()
    (contact,) = living(world)
    world.wait()
    edited = settle(world, left, linked)
    world.sync(edited, cause=Cause.EDITED if world.salesforce.is_live(edited) else Cause.DELETED)
    world.drain()

    assert (reported(world), set(living(world))) == ([], {contact})


@pytest.mark.parametrize("cause", [Cause.EDITED, Cause.AGAIN, Cause.WOKEN])
def test_the_report_stays_while_its_cause_does(cause: Cause) -> None:
    """Further syncs of either lead report the same."""
    world, left, linked = left_over()
    before = reported(world)
    world.wait()
    world.salesforce.edit(left, {"Title": "Pilot"})
    world.sync(left, linked, cause=cause)
    world.drain()

    assert reported(world) == before


def test_the_report_ends_when_the_linked_contact_gets_another_address() -> None:
    """It waits for that contact."""
    world, _, _ = left_over()
    (contact,) = living(world)
    world.wait()
    world.hubspot.edit(contact, {"email": "ada.two@example.com"})
    world.sync(contact)
    world.drain()

    assert reported(world) == []


def test_the_report_follows_the_lead_when_it_is_converted() -> None:
    """It is about the contact that the lead has become, and no longer about the lead."""
    world, left, _ = left_over()
    (contact,) = living(world)
    world.wait()
    became = world.salesforce.convert(left)
    world.sync(left, became)
    world.drain()

    assert reported(world) == [duplicate_of_linked(became, [contact])]


def test_a_lead_that_is_left_alone_is_not_reported() -> None:
    """A lead of a deleted contact stays in Salesforce, and costs one further look, three minutes
    later, if it had just been made.
    """
    world = MemoryWorld()
    contact = world.new_contact()
    world.sync(contact)
    world.hubspot.delete(contact)
    world.sync(contact, cause=Cause.DELETED)
    delays = [delay for _, delay in world.outbox.delayed]
    world.drain()

    assert (delays, reported(world), len(world.salesforce.refs("Lead"))) == ([180], [], 1)


def test_a_lead_that_was_there_before_gets_no_further_look() -> None:
    """No other worker can be about to make a second one."""
    world = MemoryWorld()
    contact = world.new_contact()
    world.sync(contact)
    world.wait(4)
    world.hubspot.delete(contact)
    world.sync(contact, cause=Cause.DELETED)

    assert world.outbox.delayed == []


def test_a_lead_that_somebody_enters_later_makes_no_duplicate_of_what_is_left() -> None:
    """Also if the second look, whose message is delivered once more, comes after it: whoever
    entered it could see what was there.
    """
    world = MemoryWorld()
    lead = world.new_lead()
    world.sync(lead)
    contact = world.counterpart(lead)
    world.hubspot.delete(contact)
    world.sync(contact, cause=Cause.DELETED)
    again = [change for change, _ in world.outbox.delayed]
    world.drain()
    world.sync(world.new_lead())
    world.drain()
    world.deliver(again)
    world.drain()

    assert [change.cause for change in again] == [Cause.LEFT]
    assert (reported(world), len(living(world))) == ([], 1)


def left_and_another() -> tuple[MemoryWorld, Ref, Ref]:
    """A world with the lead that is left of a deleted contact, which was looked at twice since, and
    the contact of an older pair with another address.
    """
    world = MemoryWorld()
    other = world.new_contact(email="ada.two@example.com")
    gone = world.new_contact()
    world.sync(other, gone)
    left = world.counterpart(gone)
    world.hubspot.delete(gone)
    world.sync(gone, cause=Cause.DELETED)
    world.drain()
    assert reported(world) == []
    return world, left, other


@pytest.mark.rule("CH-13")
@pytest.mark.parametrize("side", list(Side))
def test_what_is_left_is_reported_when_another_pair_gets_its_address(side: Side) -> None:
    """Whichever side gives it to that pair: a sync of the record that was edited is enough."""
    world, left, other = left_and_another()
    edited = other if side is Side.HUBSPOT else world.counterpart(other)
    field = "email" if side is Side.HUBSPOT else "Email"
    world.crm(side).edit(edited, {field: "ada@example.com"})
    world.sync(edited)
    world.drain()

    assert reported(world) == [duplicate_of_linked(left, [other])]


@pytest.mark.rule("CH-13")
def test_what_is_left_is_reported_when_it_gets_the_address_of_another_pair() -> None:
    """Any look at it tells, and the report ends when it has an address of its own again."""
    world, left, other = left_and_another()
    world.salesforce.edit(left, {"Email": "ada.two@example.com"})
    world.sync(left)
    world.drain()
    told = reported(world)
    world.salesforce.edit(left, {"Email": "ada.three@example.com"})
    world.sync(left)
    world.drain()

    assert (told, reported(world)) == ([duplicate_of_linked(left, [other])], [])


@pytest.mark.rule("CH-13")
def test_what_is_left_is_reported_when_an_older_record_is_linked() -> None:
    """A lead that had no address gets the one of what is left, and a contact is made of it."""
    world = MemoryWorld()
    older = world.new_lead(Email="")
    world.wait()
    gone = world.new_contact()
    world.sync(gone, older)
    left = world.counterpart(gone)
    world.hubspot.delete(gone)
    world.sync(gone, cause=Cause.DELETED)
    world.drain()
    before = reported(world)
    world.salesforce.edit(older, {"Email": "ada@example.com"})
    world.sync(older)
    world.drain()

    told = [report for report in reported(world) if report.ref == left]
    assert ([one.ref for one in before], told) == (
        [older],
        [duplicate_of_linked(left, [world.counterpart(older)])],
    )


@pytest.mark.rule("CH-13")
def test_what_is_left_is_reported_when_the_one_that_waited_is_linked() -> None:
    """A lead that waited for the contact is older: as the contact goes, another is made of it."""
    world = MemoryWorld()
    older = world.new_lead()
    world.wait(5)
    left = world.new_lead()
    world.sync(left)
    world.sync(older)
    contact = world.counterpart(left)
    world.wait()
    world.hubspot.edit(contact, {"phone": "0100"})
    world.sync(contact)
    world.drain()
    world.hubspot.delete(contact)
    world.sync(contact, cause=Cause.DELETED)
    world.drain()

    assert reported(world) == [duplicate_of_linked(left, [world.counterpart(older)])]


@pytest.mark.rule("CH-13")
def test_of_two_that_are_left_the_one_that_is_not_linked_again_is_reported() -> None:
    """A new contact is linked with the older of two leads of its address whose contacts are gone."""
    world, left, other = left_and_another()
    older = world.counterpart(other)
    world.salesforce.edit(older, {"Email": "ada@example.com"})
    world.hubspot.delete(other)
    world.sync(other, cause=Cause.DELETED)
    world.drain()
    before = reported(world)
    new = world.new_contact()
    world.sync(new)
    world.drain()

    assert (before, world.counterpart(new)) == ([], older)
    assert reported(world) == [duplicate_of_linked(left, [new])]


@pytest.mark.rule("CH-13")
def test_a_record_that_is_entered_later_is_no_duplicate_of_what_is_left() -> None:
    """Who entered it could see what was there."""
    world, left, _ = left_and_another()
    world.wait()
    world.sync(world.new_lead())
    world.drain()
    world.sync(left)
    world.drain()

    assert reported(world) == []


@pytest.mark.rule("CH-13")
def test_what_a_worker_made_that_died_is_found_by_its_contact() -> None:
    """It died before it linked the two, the contact was deleted and its address taken before, and
    nothing reports the lead: the message that is delivered again leads to it.
    """
    world = MemoryWorld()
    first = world.new_contact()
    gate = Gate(None)
    sync_contacts([world.change(first)], with_gate(world.context, gate))
    dies_at = gate.calls.index(CREATE) + 1
    world = MemoryWorld()
    first = world.new_contact()
    change = world.change(first)
    with pytest.raises(KilledError):
        sync_contacts([change], with_gate(world.context, Gate(None, dies_at=dies_at)))
    (left,) = world.salesforce.refs("Lead")
    older = world.new_contact(email="ada.two@example.com")
    world.sync(older)
    world.hubspot.delete(first)
    world.hubspot.edit(older, {"email": "ada@example.com"})
    world.salesforce.edit(world.counterpart(older), {"Email": "ada@example.com"})
    world.outbox.again([(redelivered(change), 720)])
    world.drain()

    assert reported(world) == [duplicate_of_linked(left, [older])]


def test_nothing_stays_reported_about_the_deleted_contact_itself() -> None:
    """Its lead had got the address of another contact, which it could not get. Once it is deleted,
    the lead is what shares the address.
    """
    world = MemoryWorld()
    one, two = world.new_contact(), world.new_contact(email="ada.two@example.com")
    world.sync(one, two)
    lead = world.counterpart(two)
    world.wait()
    world.salesforce.edit(lead, {"Email": "ada@example.com"})
    world.sync(lead)
    before = [report.ref for report in reported(world)]
    world.hubspot.delete(two)
    world.sync(two, cause=Cause.DELETED)
    world.drain()

    assert (before, reported(world)) == ([two], [duplicate_of_linked(lead, [one])])


@pytest.mark.rule("CH-13")
@pytest.mark.rule("INC-7")
@pytest.mark.parametrize("outside", ["freeze", "ignore"])
@pytest.mark.parametrize("was_in", [True, False])
def test_a_contact_outside_the_list_takes_the_address_of_what_is_left(
    *, outside: str, was_in: bool
) -> None:
    """Nothing crosses to its own lead, and what is left is told of as if it did: a comparison
    searches for nothing more.
    """
    world = MemoryWorld()
    other = world.new_lead(Email="ada.two@example.com")
    gone = world.new_lead()
    world.lists.make("77")
    if was_in:
        world.sync(other)
    world.settings = {"inclusion_list": "77"}
    world.sync(other, gone)
    world.settings["outside_inclusion_list"] = OutsideInclusionList(outside)
    contact = world.counterpart(gone)
    world.hubspot.delete(contact)
    world.sync(contact, cause=Cause.DELETED)
    world.drain()
    before = reported(world)
    mine = world.counterpart(other)

    world.hubspot.edit(mine, {"email": "ada@example.com"})
    world.sync(mine)
    world.drain()

    assert (before, reported(world)) == ([], [duplicate_of_linked(gone, [mine])])
    assert world.salesforce.fields(other)["Email"] == "ada.two@example.com"
    searches = world.salesforce.calls["find"]
    world.sync(mine, cause=Cause.COMPARED)
    assert (world.salesforce.calls["find"], world.outbox.delayed) == (searches, [])


@pytest.mark.rule("CH-13")
@pytest.mark.rule("CH-17")
def test_a_contact_outside_the_list_takes_the_address_of_a_lead_that_was_ignored() -> None:
    """No contact in the list had its address, so none was made of it; it is a duplicate now."""
    world = MemoryWorld()
    mine = world.new_contact()
    world.sync(mine)
    world.lists.make("77")
    world.settings = {
        "inclusion_list": "77",
        "outside_inclusion_list": OutsideInclusionList.IGNORE,
    }
    ignored = world.new_lead(Email="eva@example.com")
    world.sync(ignored)
    world.drain()
    before = reported(world)

    world.hubspot.edit(mine, {"email": "eva@example.com"})
    world.sync(mine)
    world.drain()

    assert (before, reported(world)) == ([], [duplicate_of_linked(ignored, [mine])])


@pytest.mark.rule("INC-7")
@pytest.mark.rule("MRG-3")
def test_what_a_contact_merged_outside_the_list_has_left_is_looked_at_once_and_rests() -> None:
    """A lead was linked with a contact outside the list, so that nothing was agreed on. The contact
    was merged with another one, which keeps the address of the lead that is left.
    """
    world = MemoryWorld()
    world.lists.make("77")
    world.settings = {"inclusion_list": "77"}
    first, other, lead = (
        world.new_contact(),
        world.new_lead(Email="ada.two@example.com"),
        world.new_lead(),
    )
    world.sync(other, lead)
    second = world.counterpart(other)
    survivor = world.hubspot.merge(first, second)
    world.sync(first, second, survivor)
    world.drain()

    assert (living(world), world.outbox.published, world.outbox.delayed) == (
        {survivor: other},
        [],
        [],
    )


@pytest.mark.rule("INC-7")
def test_other_edits_outside_the_list_search_salesforce_for_nobody() -> None:
    """Only an address that was not agreed on is looked for."""
    world = MemoryWorld()
    mine = world.new_contact()
    world.sync(mine)
    world.lists.make("77")
    world.settings = {"inclusion_list": "77"}
    searches = world.salesforce.calls["find"]

    world.hubspot.edit(mine, {"phone": "0100"})
    world.sync(mine)

    assert (world.salesforce.calls["find"], world.outbox.delayed) == (searches, [])


@pytest.mark.rule("INC-7")
def test_a_look_that_another_record_asks_for_searches_salesforce_for_nobody() -> None:
    """The edit that gave a contact outside the list its address was looked at by itself; also if the
    look comes together with an edit of another contact outside.
    """
    world = MemoryWorld()
    mine, other = world.new_contact(), world.new_contact(email="eva@example.com")
    world.sync(mine, other)
    world.lists.make("77")
    world.settings = {"inclusion_list": "77"}
    world.hubspot.edit(mine, {"email": "ada.two@example.com"})
    searches = world.salesforce.calls["find"]

    world.sync(mine, cause=Cause.WOKEN)
    world.hubspot.edit(other, {"phone": "0100"})
    world.deliver([world.change(mine, Cause.WOKEN), world.change(other)])
    asked = world.salesforce.calls["find"]
    world.sync(mine)

    assert (asked - searches, world.salesforce.calls["find"] - asked) == (0, 1)
