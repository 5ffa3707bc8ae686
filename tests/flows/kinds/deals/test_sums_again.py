"""The sums of a contact are added up again when its own sync changes whose they are, or ends a
report about it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NoReturn

import pytest

from crmsync.errors import Down, Refused, TryAgain
from crmsync.model.changes import Cause, Change
from crmsync.model.effects import Category, Report, UpdateRecord
from crmsync.model.links import LinkState
from crmsync.model.records import Kind, Ref, Side
from crmsync.model.settings import OutsideInclusionList
from crmsync.rules.timing.outages import TRIES
from tests.memory.world import MemoryWorld

COUNT, REVENUE = "crmsync_num_associated_deals", "crmsync_total_revenue"


def a_contact_with_a_sum(world: MemoryWorld) -> tuple[Ref, Ref]:
    """A linked contact, as (HubSpot, Salesforce), whose deal was deleted in HubSpot and whose
    opportunity, of 1,000, still counts.
    """
    theirs = world.new_salesforce_contact(None)
    opportunity = world.new_opportunity(theirs)
    world.sync(theirs, opportunity)
    world.drain()
    deal = world.counterpart(opportunity)
    world.hubspot.delete(deal)
    world.sync(deal, cause=Cause.DELETED)
    world.drain()
    return world.counterpart(theirs), theirs


def shown(world: MemoryWorld, contact: Ref) -> tuple[object, object]:
    """The number of opportunities and the revenue that a HubSpot contact shows."""
    fields = world.hubspot.fields(contact)
    return fields.get(COUNT), fields.get(REVENUE)


def sums_again(world: MemoryWorld, contact: Ref) -> Change:
    """The queued change that adds up a contact's opportunities again."""
    return Change("acme", Kind.OPPORTUNITY, contact, Cause.WOKEN, world.now)


@pytest.mark.rule("ROLL-1")
@pytest.mark.rule("MRG-3")
@pytest.mark.parametrize("order", [("survivor", "other"), ("other", "survivor")])
def test_the_survivor_of_a_merge_shows_its_own_sums(order: tuple[str, str]) -> None:
    """Its Salesforce contact has no opportunity, and it has taken the sums of the other contact."""
    world = MemoryWorld()
    other, _ = a_contact_with_a_sum(world)
    theirs = world.new_salesforce_contact(None, "eva@example.com")
    world.sync(theirs)
    survivor = world.hubspot.merge(world.counterpart(theirs), other)
    taken = shown(world, survivor)

    world.sync(*({"survivor": survivor, "other": other}[name] for name in order))
    world.drain()

    assert (taken, shown(world, survivor)) == (("1", "1000"), ("0", "0"))


@pytest.mark.rule("DUP-1")
@pytest.mark.rule("OPP-12")
def test_a_deal_forgets_the_salesforce_contact_of_a_contact_that_is_paired_with_a_lead() -> None:
    """The role was deleted with that contact, and the deal is read before either is known to be
    gone; a lead of the address is read before the message about the deletion.
    """
    world = MemoryWorld()
    theirs = world.new_salesforce_contact(None)
    opportunity = world.new_opportunity(theirs)
    world.sync(theirs, opportunity)
    world.drain()
    contact, deal = world.counterpart(theirs), world.counterpart(opportunity)
    ties = {link.hubspot: link.tied for link in world.links.all}

    world.salesforce.delete(theirs)
    world.sync(opportunity)
    lead = world.new_lead()
    world.sync(lead)
    world.drain()

    assert (ties[deal], world.counterpart(contact)) == ({contact.id: theirs.id}, lead)
    assert [link.tied for link in world.links.all if link.hubspot == deal] == [{}]


@pytest.mark.rule("ROLL-1")
@pytest.mark.rule("DEL-1")
def test_a_contact_whose_salesforce_contact_is_deleted_shows_no_sums() -> None:
    """The link of its opportunity had ended before, and says nothing of it."""
    world = MemoryWorld()
    contact, theirs = a_contact_with_a_sum(world)

    world.salesforce.delete(theirs)
    world.sync(theirs, cause=Cause.DELETED)
    world.drain()

    assert shown(world, contact) == ("0", "0")


@pytest.mark.rule("ROLL-1")
@pytest.mark.parametrize("then", ["alone", "lead", "contact"])
def test_a_contact_that_is_taken_out_of_the_recycle_bin_is_added_up(then: str) -> None:
    """Its Salesforce contact was deleted meanwhile, and it has no counterpart any more, a lead, or
    a new contact without opportunities. While it was deleted its sums could not be written.
    """
    world = MemoryWorld()
    contact, theirs = a_contact_with_a_sum(world)
    world.hubspot.delete(contact)
    world.salesforce.delete(theirs)
    world.sync(contact, theirs, cause=Cause.DELETED)
    world.drain()
    world.hubspot.restore(contact)
    before = shown(world, contact)
    new = {
        "alone": list,
        "lead": lambda: [world.new_lead()],
        "contact": lambda: [world.new_salesforce_contact(None)],
    }[then]()

    world.deliver([world.change(contact, Cause.RESTORED), *map(world.change, new)])
    world.drain()

    assert [one.salesforce for one in world.links.all if one.state is LinkState.ACTIVE] == new
    assert (before, shown(world, contact)) == (("1", "1000"), ("0", "0"))


@pytest.mark.rule("ROLL-1")
@pytest.mark.rule("INC-4")
@pytest.mark.parametrize("was_in", [True, False])
def test_a_subscriber_who_gets_another_stage_is_added_up(*, was_in: bool) -> None:
    """The preset list leaves subscribers out, also one who was linked before becoming one. By the
    time of another stage no opportunity has news.
    """
    world = MemoryWorld(settings={"inclusion_list": "default"})
    contact = world.new_contact(lifecyclestage="lead" if was_in else "subscriber")
    theirs = world.new_salesforce_contact(None)
    world.sync(theirs)
    world.drain()
    world.hubspot.edit(contact, {"lifecyclestage": "subscriber"})
    world.sync(contact, world.new_opportunity(theirs))
    world.drain()
    before = shown(world, contact)

    world.hubspot.edit(contact, {"lifecyclestage": "marketingqualifiedlead"})
    world.sync(contact)
    queued = [change for change, _ in world.outbox.delayed if change.kind is Kind.OPPORTUNITY]
    world.drain()

    again = replace(sums_again(world, contact), cause=Cause.AGAIN, at=queued[0].at)
    assert queued == [again]
    assert (before, shown(world, contact)) == ((None, None), ("1", "1000"))


@pytest.mark.rule("ROLL-1")
@pytest.mark.rule("INC-4")
@pytest.mark.parametrize(
    ("settings", "is_lead", "stage"),
    [
        ({}, False, "customer"),
        (
            {
                "inclusion_list": "default",
                "outside_inclusion_list": OutsideInclusionList.SYNC,
            },
            False,
            "customer",
        ),
        ({"inclusion_list": "default"}, True, "customer"),
        ({"inclusion_list": "default"}, False, "subscriber"),
    ],
)
def test_other_new_stages_add_nobody_up(
    *, settings: dict[str, str], is_lead: bool, stage: str
) -> None:
    """Without the preset list nobody was left out, leads have no sums, and subscribers stay out."""
    world = MemoryWorld(settings=dict(settings))
    contact = world.new_contact(lifecyclestage="lead")
    world.sync(world.new_lead() if is_lead else world.new_salesforce_contact(None))
    world.drain()

    world.hubspot.edit(contact, {"lifecyclestage": stage})
    world.sync(contact)

    assert [change for change, _ in world.outbox.delayed if change.kind is Kind.OPPORTUNITY] == []


@pytest.mark.rule("ROLL-1")
@pytest.mark.rule("ERR-5")
def test_a_refused_sum_is_written_once_the_report_about_its_contact_ends() -> None:
    """No opportunity and no role has changed since."""
    world = MemoryWorld()
    theirs = world.new_salesforce_contact(None)
    world.sync(theirs)
    contact = world.counterpart(theirs)
    world.hubspot.refuse = lambda fields: (  # type: ignore[assignment]
        Refused("A rule refused it.", code="VALIDATION_ERROR") if COUNT in fields else None
    )
    world.sync(world.new_opportunity(theirs))
    world.drain()
    reported = [(one.ref, one.category) for one in world.inbox.parked("acme")]
    world.hubspot.refuse = lambda _fields: None

    world.sync(contact, cause=Cause.AGAIN)
    (queued,) = [change for change, _ in world.outbox.delayed]
    world.outbox.delayed = []
    summary = world.deliver([queued])
    world.drain()

    assert reported == [(contact, Category.VALIDATION)]
    assert summary.decisions == [
        {
            "record": str(contact),
            "effects": ["add up the opportunities of 1 contacts (ROLL-1)"],
            "conflicts": [],
            "outcome": "Done",
            "code": "",
        }
    ]
    assert (shown(world, contact), list(world.inbox.parked("acme"))) == (("1", "1000"), [])


@pytest.mark.rule("ROLL-1")
@pytest.mark.rule("ERR-5")
def test_a_contact_is_added_up_although_the_deal_was_refused_at_first() -> None:
    """An edited message, as a sweep sends it, writes the deal; the opportunity shows nothing new by
    then.
    """
    world = MemoryWorld()
    theirs = world.new_salesforce_contact(None)
    opportunity = world.new_opportunity(theirs)
    world.sync(theirs, opportunity)
    world.drain()
    world.wait(60)
    world.salesforce.edit(opportunity, {"Amount": 2000})
    world.hubspot.refuse = lambda fields: (  # type: ignore[assignment]
        Refused("A rule refused it.", code="VALIDATION_ERROR") if "amount" in fields else None
    )
    world.sync(opportunity)
    before = shown(world, world.counterpart(theirs))
    world.hubspot.refuse = lambda _fields: None

    world.sync(opportunity)

    assert before == ("1", "1000")
    assert shown(world, world.counterpart(theirs)) == ("1", "2000")


@pytest.mark.rule("ROLL-1")
@pytest.mark.rule("RTY-1")
def test_a_contact_is_added_up_although_the_write_of_its_opportunity_was_not_answered() -> None:
    """Salesforce has stored the amount, so the next try finds nothing new in it; that the side was
    down does not count as a try.
    """
    world = MemoryWorld()
    theirs = world.new_salesforce_contact(None)
    opportunity = world.new_opportunity(theirs)
    world.sync(theirs, opportunity)
    world.drain()
    deal, update = world.counterpart(opportunity), world.salesforce.update
    world.hubspot.edit(deal, {"amount": "2000"})

    def unanswered(effects: Sequence[UpdateRecord]) -> NoReturn:
        update(effects)
        raise Down("No answer.", side=Side.SALESFORCE)

    world.salesforce.update = unanswered  # type: ignore[method-assign]
    world.sync(deal)
    queued = [(change.tries, change.held) for change, _ in world.outbox.delayed]
    world.salesforce.update = update  # type: ignore[method-assign]
    world.drain()

    assert queued == [(0, True)]
    assert shown(world, world.counterpart(theirs)) == ("1", "2000")


@pytest.mark.rule("ROLL-1")
@pytest.mark.rule("ERR-5")
def test_a_sum_that_is_refused_again_is_reported_again_and_queues_nothing() -> None:
    """The next try is that of the operator, or of the next edit."""
    world = MemoryWorld()
    contact, theirs = a_contact_with_a_sum(world)
    world.new_opportunity(theirs)
    world.hubspot.refuse = lambda fields: (  # type: ignore[assignment]
        Refused("A rule refused it.", code="VALIDATION_ERROR") if COUNT in fields else None
    )

    world.deliver([sums_again(world, contact)])

    assert [(one.ref, one.category) for one in world.inbox.parked("acme")] == [
        (contact, Category.VALIDATION)
    ]
    assert world.outbox.delayed == []


@pytest.mark.rule("ROLL-1")
@pytest.mark.rule("RTY-1")
def test_a_sum_that_cannot_be_written_now_is_tried_again_and_parked_in_the_end() -> None:
    """It is tried as often as any other change."""
    world = MemoryWorld()
    contact, theirs = a_contact_with_a_sum(world)
    world.new_opportunity(theirs)
    world.hubspot.refuse = lambda _fields: TryAgain("Locked.", code="LOCKED")  # type: ignore[assignment]
    change = sums_again(world, contact)

    world.deliver([change])
    again, world.outbox.delayed = world.outbox.delayed, []
    world.deliver([replace(change, tries=TRIES)])

    assert again == [(replace(change, tries=1), 30)]
    assert world.outbox.delayed == []
    assert [(one.ref, one.category) for one in world.inbox.parked("acme")] == [
        (contact, Category.UNAVAILABLE)
    ]


def test_a_report_about_a_contact_of_a_lead_ends_without_adding_up() -> None:
    """A lead has no opportunities."""
    world = MemoryWorld()
    contact = world.new_contact()
    world.sync(contact)
    world.inbox.park("acme", [Report(contact, Category.VALIDATION, "A rule refused it.")])

    world.sync(contact, cause=Cause.AGAIN)

    assert (list(world.inbox.parked("acme")), world.outbox.delayed) == ([], [])
