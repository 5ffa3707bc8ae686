"""The ties of contacts outside the inclusion list stay as they are, on either side, until these
join it.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from crmsync.flows.intake.sweep import sweep_list
from crmsync.flows.kinds.opportunity import gather_and_plan
from crmsync.model.changes import Cause
from crmsync.model.kinds.roles import Role
from crmsync.model.plan import Note
from crmsync.model.records import Ref
from crmsync.model.settings import DealSettings, OutsideInclusionList
from tests.flows.kinds.deals.opportunity_records import a_pair_of_contacts, shown
from tests.memory.world import MemoryWorld

REMOVES = DealSettings(remove_associations=True)


def listed(outside: str = "freeze", deals: DealSettings | None = None) -> MemoryWorld:
    """A world with an inclusion list that nobody is in."""
    world = MemoryWorld(deal_settings=deals or DealSettings())
    world.lists.make("77")
    world.settings = {
        "inclusion_list": "77",
        "outside_inclusion_list": OutsideInclusionList(outside),
    }
    return world


def a_linked_contact(world: MemoryWorld) -> tuple[Ref, Ref]:
    """A contact, and its Salesforce contact, that were linked before there was a list."""
    settings, world.settings = world.settings, {}
    pair = a_pair_of_contacts(world)
    world.settings = settings
    return pair


def join(world: MemoryWorld, contact: Ref) -> None:
    """It joins the list, and the sweep finds it; nothing else has news."""
    world.lists.add_to_list("77", contact)
    sweep_list(world.context.connection, world.lists, world.cursors, world.outbox, world.now)
    world.deliver(world.outbox.published)
    world.drain()


def tied(world: MemoryWorld, deal: Ref, opportunity: Ref) -> tuple[Sequence[Ref], list[Ref]]:
    """The contacts of a deal, and those that have a role in its opportunity."""
    roles = world.opportunities.roles_of([opportunity]).get(opportunity, ())
    associated = world.associations.of([deal], "contact").get(deal, ())
    return associated, [one.contact for one in roles if not one.is_deleted]


def membership_reads(world: MemoryWorld) -> list[frozenset[Ref]]:
    """The contacts of each membership read from now on."""
    read, asked = world.lists.members, []

    def members(list_id: str, refs: Sequence[Ref]) -> frozenset[Ref]:
        asked.append(frozenset(refs))
        return read(list_id, refs)

    world.lists.members = members
    return asked


def role_of(world: MemoryWorld, opportunity: Ref) -> Role:
    """The only role of an opportunity."""
    (role,) = world.opportunities.roles_of([opportunity])[opportunity]
    return role


@pytest.mark.rule("INC-7")
@pytest.mark.rule("Q-22")
@pytest.mark.rule("OPP-12")
@pytest.mark.parametrize("outside", ["freeze", "ignore"])
def test_a_frozen_contact_of_a_deal_gets_its_role_once_it_joins(outside: str) -> None:
    """The deal syncs without it. When the sweep finds that it has joined, nothing else has news."""
    world = listed(outside)
    contact, theirs = a_linked_contact(world)
    deal = world.new_deal(contact)
    world.sync(deal)
    world.drain()
    opportunity = world.counterpart(deal)
    before = tied(world, deal, opportunity)

    join(world, contact)

    assert (before, tied(world, deal, opportunity)) == (
        ((contact,), []),
        ((contact,), [theirs]),
    )
    assert shown(world, contact, "lifecyclestage") == {"lifecyclestage": "opportunity"}


@pytest.mark.rule("INC-7")
@pytest.mark.rule("Q-22")
@pytest.mark.rule("OPP-9")
def test_a_frozen_contact_with_a_role_is_associated_once_it_joins() -> None:
    """Its role is found by its counterpart, as HubSpot shows no deal of it."""
    world = listed()
    contact, theirs = a_pair_of_contacts(world)
    opportunity = world.new_opportunity(theirs)
    world.sync(opportunity)
    world.drain()
    deal = world.counterpart(opportunity)
    before = tied(world, deal, opportunity)

    join(world, contact)

    assert (before, tied(world, deal, opportunity)) == (
        ((), [theirs]),
        ((contact,), [theirs]),
    )
    assert shown(world, contact, "crmsync_num_associated_deals", "lifecyclestage") == {
        "crmsync_num_associated_deals": "1",
        "lifecyclestage": "opportunity",
    }


@pytest.mark.rule("INC-7")
@pytest.mark.rule("Q-29")
@pytest.mark.parametrize("ends_role", [True, False])
def test_a_tie_of_a_frozen_contact_that_is_removed_stays_on_the_other_side(
    *, ends_role: bool
) -> None:
    """What was agreed on stays agreed on, so that the removal crosses once the contact joins, and
    the tie does not come back.
    """
    world = listed(deals=REMOVES)
    contact, theirs = a_pair_of_contacts(world)
    world.lists.add_to_list("77", contact)
    deal = world.new_deal(contact)
    world.sync(deal)
    opportunity = world.counterpart(deal)
    world.lists.remove_from_list("77", contact)

    if ends_role:
        role = role_of(world, opportunity)
        world.salesforce.delete(role.ref)
        world.sync(role.ref)
    else:
        world.associations.remove_association(deal, contact)
        world.sync(deal)
    world.drain()
    outside = tied(world, deal, opportunity)
    join(world, contact)

    left = ((contact,), []) if ends_role else ((), [theirs])
    assert (outside, tied(world, deal, opportunity)) == (left, ((), []))


@pytest.mark.rule("INC-7")
@pytest.mark.rule("INC-4")
def test_a_subscriber_gets_its_role_with_another_stage() -> None:
    """The preset list leaves subscribers out; no deal has news when the contact has another stage."""
    world = MemoryWorld(settings={"inclusion_list": "default"})
    contact, theirs = a_pair_of_contacts(world)
    world.hubspot.edit(contact, {"lifecyclestage": "subscriber"})
    world.sync(contact)
    deal = world.new_deal(contact)
    world.sync(deal)
    world.drain()
    opportunity = world.counterpart(deal)
    before = tied(world, deal, opportunity)

    world.hubspot.edit(contact, {"lifecyclestage": "lead"})
    world.sync(contact)
    world.drain()

    assert (before, tied(world, deal, opportunity)) == (
        ((contact,), []),
        ((contact,), [theirs]),
    )


@pytest.mark.rule("INC-7")
def test_others_of_the_deal_are_tied_beside_a_frozen_contact() -> None:
    """One contact is in the list, the other is not; one membership read is enough for both deals."""
    world = listed()
    outside, _ = a_pair_of_contacts(world)
    inside, theirs = a_pair_of_contacts(world, "eva@example.com")
    world.lists.add_to_list("77", inside)
    deals = [world.new_deal(outside, inside), world.new_deal(inside)]
    asked = membership_reads(world)

    gather_and_plan([world.change(deal) for deal in deals], world.context)
    reads = list(asked)
    world.sync(*deals)

    assert reads == [frozenset({outside, inside})]
    assert [tied(world, deal, world.counterpart(deal)) for deal in deals] == [
        ((outside, inside), [theirs]),
        ((inside,), [theirs]),
    ]


@pytest.mark.rule("INC-7")
def test_a_plan_says_whose_ties_stay_as_they_are() -> None:
    """Nothing is to be done for the deal, and who looks is told why."""
    world = listed()
    contact, _ = a_pair_of_contacts(world)
    deal = world.new_deal(contact)
    world.sync(deal)
    world.drain()

    (plan,) = gather_and_plan([world.change(deal, Cause.AGAIN)], world.context).plans

    text = f"ties of contacts outside the inclusion list stay as they are: {contact.id}"
    assert plan.notes == (Note(text, ("Q-22",)),)


@pytest.mark.rule("INC-1")
@pytest.mark.rule("CH-17")
@pytest.mark.parametrize("outside", ["", "sync"])
def test_where_nobody_is_frozen_nobody_is_asked_for(outside: str) -> None:
    """Without a list, or where contacts outside sync, membership decides nothing here."""
    world = listed(outside) if outside else MemoryWorld()
    contact, theirs = a_pair_of_contacts(world)
    deal = world.new_deal(contact)
    asked = membership_reads(world)

    planned = gather_and_plan([world.change(deal)], world.context)
    reads = list(asked)
    world.sync(deal)

    assert (reads, [one.frozen for one in planned.facts]) == ([], [frozenset()])
    assert tied(world, deal, world.counterpart(deal)) == ((contact,), [theirs])


@pytest.mark.rule("INC-7")
def test_nobody_is_asked_for_whose_ties_are_on_both_sides() -> None:
    """There is nothing to do about them, whoever is in the list."""
    world = listed()
    contact, _ = a_pair_of_contacts(world)
    world.lists.add_to_list("77", contact)
    deal = world.new_deal(contact)
    world.sync(deal)
    asked = membership_reads(world)

    world.hubspot.edit(deal, {"dealname": "Pumps"})
    gather_and_plan([world.change(deal)], world.context)

    assert asked == []
