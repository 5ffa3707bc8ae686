"""Deals and opportunities in batches, against two CRMs in memory: births, roles, roll-ups, ends,
what a batch costs and a crash leaves.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from crmsync.errors import TryAgain
from crmsync.model.changes import Cause
from crmsync.model.pipelines import OrgStage
from crmsync.model.records import Ref, Side
from crmsync.model.settings import CreateInSalesforce, DealSettings
from tests.builders import NOON
from tests.memory.deals import MASTER
from tests.memory.world import JUNE, MemoryWorld

MANY = 1000


def a_pair_of_contacts(
    world: MemoryWorld, email: str = "ada@example.com", **fields: str
) -> tuple[Ref, Ref]:
    """A HubSpot contact and the Salesforce contact that it syncs with."""
    theirs = world.new_salesforce_contact(None, email, **fields)
    world.sync(theirs)
    return world.counterpart(theirs), theirs


def shown(world: MemoryWorld, ref: Ref, *names: str) -> dict[str, object]:
    """What a record shows in these fields."""
    fields = world.crm(ref.side).fields(ref)
    return {name: fields.get(name) for name in names}


def stage_of(world: MemoryWorld, deal: Ref) -> tuple[str, str]:
    """The labels of a deal's pipeline and stage."""
    fields = world.hubspot.fields(deal)
    (pipeline,) = [one for one in world.deals.pipelines() if one.id == fields["pipeline"]]
    (stage,) = [one for one in pipeline.stages if one.id == fields["dealstage"]]
    return pipeline.label, stage.label


@pytest.mark.rule("OPP-1")
@pytest.mark.rule("OPP-8")
def test_an_opportunity_makes_a_deal_in_the_default_pipeline():
    """With one process only, the pipeline is called so; name, date, amount and stage come along."""
    world = MemoryWorld()
    opportunity = world.new_opportunity()

    world.sync(opportunity)

    (deal,) = world.hubspot.refs("deal")
    assert stage_of(world, deal) == ("Salesforce - Default pipeline", "Prospecting")
    told = {
        "dealname": "Pumps",
        "closedate": JUNE,
        "amount": "1000",
        "crmsync_salesforce_id": opportunity.id,
    }
    assert shown(world, deal, *told) == told


@pytest.mark.rule("CH-14")
@pytest.mark.parametrize("side", Side)
def test_an_unreported_deletion_leaves_its_value_to_the_next_record(side: Side):
    """A deal, or an opportunity, was deleted; the one that is made with its value goes on with the
    record across.
    """
    world = MemoryWorld(
        deal_settings=DealSettings(sync=True, match_hubspot="dealname", match_salesforce="Name")
    )
    opportunity = world.new_opportunity()
    world.sync(opportunity)
    deal = world.counterpart(opportunity)
    world.crm(side).delete(deal if side is Side.HUBSPOT else opportunity)
    new = world.new_deal() if side is Side.HUBSPOT else world.new_opportunity()
    world.sync(new)
    pairs = [(link.hubspot, link.salesforce) for link in world.links.all]
    assert pairs == [(new, opportunity) if side is Side.HUBSPOT else (deal, new)]
    assert (list(world.inbox.parked("acme")), len(world.hubspot.refs("deal"))) == ([], 1)


@pytest.mark.rule("OPP-11")
@pytest.mark.rule("DUP-7")
def test_a_deal_makes_an_opportunity_and_stays_in_its_own_pipeline():
    """Even where one of the same name stands already, and whatever is reported twice."""
    world = MemoryWorld()
    world.new_opportunity()
    deal = world.new_deal(amount="250.5")

    world.sync(deal)
    world.sync(deal)

    opportunity = world.counterpart(deal)
    told = {"Name": "Pumps", "CloseDate": "2026-06-30", "Amount": 250.5, "StageName": "Prospecting"}
    assert shown(world, opportunity, *told) == told
    assert len(world.salesforce.refs("Opportunity")) == 2
    assert stage_of(world, deal) == ("Sales Pipeline", "Qualified To Buy")


@pytest.mark.rule("OPP-4")
def test_an_older_opportunity_waits_for_its_import():
    """An edit of it makes no deal; a resync, as an import is one, does."""
    world = MemoryWorld(since=NOON + timedelta(days=1))
    opportunity = world.new_opportunity()

    world.sync(opportunity)
    assert world.hubspot.refs("deal") == []

    world.sync(opportunity, cause=Cause.RESYNC)
    assert len(world.hubspot.refs("deal")) == 1


@pytest.mark.parametrize("side", Side)
def test_stage_amount_and_date_follow_each_other(side):
    """Whichever side was edited, the other shows it, and a further sync writes nothing."""
    world = MemoryWorld()
    opportunity = world.new_opportunity()
    world.sync(opportunity)
    deal = world.counterpart(opportunity)
    world.wait()
    if side is Side.SALESFORCE:
        world.salesforce.edit(
            opportunity, {"StageName": "Closed Won", "Amount": 7, "CloseDate": "2026-07-01"}
        )
        world.sync(opportunity)
    else:
        (pipeline,) = [
            one for one in world.deals.pipelines() if one.label == "Salesforce - Default pipeline"
        ]
        (won,) = [one.id for one in pipeline.stages if one.label == "Closed Won"]
        world.hubspot.edit(
            deal, {"dealstage": won, "amount": "7", "closedate": "2026-07-01T12:00:00.000Z"}
        )
        world.sync(deal)

    assert stage_of(world, deal) == ("Salesforce - Default pipeline", "Closed Won")
    assert shown(world, deal, "amount", "closedate") == {
        "amount": "7",
        "closedate": "2026-07-01T12:00:00.000Z",
    }
    told = {"StageName": "Closed Won", "Amount": 7, "CloseDate": "2026-07-01", "IsWon": True}
    assert shown(world, opportunity, *told) == told
    writes = world.writes()
    world.sync(opportunity, deal)
    assert world.writes() == writes


@pytest.mark.rule("OPP-6")
def test_an_opportunity_in_a_stage_that_the_org_gave_up_is_shown_as_the_nearest_one():
    """Its own stage stays as it is, until somebody moves one of the two."""
    world = MemoryWorld()
    given_up = OrgStage("Won (old)", "Won (old)", 100, is_closed=True, is_won=True)
    world.opportunities.types = [replace(MASTER, others=(given_up,))]
    opportunity = world.new_opportunity(StageName="Won (old)")

    world.sync(opportunity)
    deal = world.counterpart(opportunity)
    assert stage_of(world, deal) == ("Salesforce - Default pipeline", "Closed Won")

    world.hubspot.edit(deal, {"amount": "3"})
    world.sync(deal)
    assert shown(world, opportunity, "StageName", "Amount") == {
        "StageName": "Won (old)",
        "Amount": 3,
    }


@pytest.mark.rule("OPP-9")
@pytest.mark.rule("ROLL-1")
def test_roles_become_associations_and_roll_ups():
    """A contact with a role is associated with the deal, and shows what its opportunities come
    to.
    """
    world = MemoryWorld()
    contact, theirs = a_pair_of_contacts(world)
    opportunity = world.new_opportunity(theirs, StageName="Closed Won")

    world.sync(opportunity)

    deal = world.counterpart(opportunity)
    assert world.associations.of([deal], "contact") == {deal: (contact,)}
    told = {
        "crmsync_num_associated_deals": "1",
        "crmsync_first_deal_created_date": NOON.date().isoformat(),
        "crmsync_recent_deal_close_date": "2026-06-30",
        "crmsync_recent_deal_amount": "1000",
        "crmsync_total_revenue": "1000",
        "crmsync_opportunity_stage": "Closed Won",
        "lifecyclestage": "customer",
    }
    assert shown(world, contact, *told) == told


@pytest.mark.rule("OPP-12")
def test_the_contact_of_a_deal_gets_a_role_once():
    """Looked at again, or with the link lost on the way, it is still one role."""
    world = MemoryWorld()
    contact, theirs = a_pair_of_contacts(world)
    deal = world.new_deal(contact)

    world.sync(deal)
    world.sync(deal, cause=Cause.AGAIN)

    opportunity = world.counterpart(deal)
    roles = world.opportunities.roles_of([opportunity])[opportunity]
    assert [(one.contact, one.is_deleted) for one in roles] == [(theirs, False)]
    assert shown(world, contact, "lifecyclestage", "crmsync_total_revenue") == {
        "lifecyclestage": "opportunity",
        "crmsync_total_revenue": "0",
    }


@pytest.mark.rule("OPP-12")
def test_the_role_of_a_lead_comes_with_its_conversion():
    """As long as the deal's contact syncs with a lead there is no role (Q-27); the conversion
    brings it, the deal being untouched.
    """
    world = MemoryWorld()
    contact = world.new_contact()
    world.sync(contact)
    deal = world.new_deal(contact)
    world.sync(deal)
    opportunity = world.counterpart(deal)
    assert world.opportunities.roles_of([opportunity]) == {}

    lead = world.counterpart(contact)
    person = world.salesforce.convert(lead)
    world.sync(lead, person)
    world.drain()

    (role,) = world.opportunities.roles_of([opportunity])[opportunity]
    assert role.contact == person


def test_a_contact_that_lost_a_role_does_not_get_it_back():
    """By default a role that is taken away in Salesforce leaves the association, and comes back by
    itself never (Q-29).
    """
    world = MemoryWorld()
    contact, theirs = a_pair_of_contacts(world)
    opportunity = world.new_opportunity(theirs)
    world.sync(opportunity)
    (role,) = world.opportunities.roles_of([opportunity])[opportunity]

    world.salesforce.delete(role.ref)
    world.sync(role.ref)
    world.sync(opportunity, cause=Cause.AGAIN)

    deal = world.counterpart(opportunity)
    assert world.associations.of([deal], "contact") == {deal: (contact,)}
    assert world.opportunities.roles_of([opportunity]) == {}
    assert shown(world, contact, "crmsync_num_associated_deals", "crmsync_total_revenue") == {
        "crmsync_num_associated_deals": "0",
        "crmsync_total_revenue": "0",
    }


@pytest.mark.rule("Q-29")
def test_a_role_that_we_made_and_a_person_ends_at_once_is_known():
    """Nobody has synced it in between; the report of its deletion names its own id alone, and
    Salesforce has forgotten it.
    """
    world = MemoryWorld(deal_settings=DealSettings(remove_associations=True))
    contact, _ = a_pair_of_contacts(world)
    deal = world.new_deal(contact)
    world.sync(deal)
    (role,) = world.salesforce.refs("OpportunityContactRole")

    world.salesforce.delete(role)
    world.sync(role, cause=Cause.DELETED)

    assert world.associations.of([deal], "contact") == {}


@pytest.mark.parametrize("side", Side)
def test_with_the_setting_a_removed_contact_is_removed_on_both_sides(side):
    """`remove_associations` lets a removal cross, in either direction (Q-29)."""
    world = MemoryWorld(deal_settings=DealSettings(remove_associations=True))
    contact, theirs = a_pair_of_contacts(world)
    opportunity = world.new_opportunity(theirs)
    world.sync(opportunity)
    deal = world.counterpart(opportunity)
    (role,) = world.opportunities.roles_of([opportunity])[opportunity]

    if side is Side.SALESFORCE:
        world.salesforce.delete(role.ref)
        world.sync(role.ref)
    else:
        world.associations.remove_association(deal, contact)
        world.sync(deal)

    assert world.associations.of([deal], "contact") == {}
    assert world.opportunities.roles_of([opportunity]) == {}


@pytest.mark.rule("OPP-13")
def test_a_deleted_opportunity_takes_its_deal_with_it_and_an_undelete_brings_it_back():
    """Whatever reports the undelete: a poll sees no more than an edit (Q-30)."""
    world = MemoryWorld()
    contact, theirs = a_pair_of_contacts(world)
    opportunity = world.new_opportunity(theirs)
    world.sync(opportunity)

    world.salesforce.delete(opportunity)
    world.sync(opportunity, cause=Cause.DELETED)
    assert world.hubspot.refs("deal") == []
    assert shown(world, contact, "crmsync_num_associated_deals") == {
        "crmsync_num_associated_deals": "0"
    }

    world.salesforce.restore(opportunity)
    world.sync(opportunity)
    (deal,) = world.hubspot.refs("deal")
    assert world.associations.of([deal], "contact") == {deal: (contact,)}
    assert shown(world, contact, "crmsync_num_associated_deals") == {
        "crmsync_num_associated_deals": "1"
    }


@pytest.mark.rule("OPP-14")
def test_a_deleted_deal_leaves_its_opportunity_and_never_comes_back():
    """The opportunity stays and counts on; a later edit of it makes no new deal (Q-28), yet its
    roll-ups follow.
    """
    world = MemoryWorld()
    contact, theirs = a_pair_of_contacts(world)
    opportunity = world.new_opportunity(theirs)
    world.sync(opportunity)
    deal = world.counterpart(opportunity)

    world.hubspot.delete(deal)
    world.sync(deal, cause=Cause.DELETED)
    world.salesforce.edit(opportunity, {"Amount": 5})
    world.sync(opportunity)

    assert world.hubspot.refs("deal") == []
    assert world.salesforce.refs("Opportunity") == [opportunity]
    assert shown(world, contact, "crmsync_total_revenue") == {"crmsync_total_revenue": "5"}


def test_a_deletion_can_be_held():
    """With `hold_deletes_hours` the deal goes when the time is over and the opportunity has not
    come back (Q-30).
    """
    world = MemoryWorld(deal_settings=DealSettings(hold_deletes_hours=2))
    opportunity = world.new_opportunity()
    world.sync(opportunity)
    world.salesforce.delete(opportunity)

    world.sync(opportunity, cause=Cause.DELETED)
    assert len(world.hubspot.refs("deal")) == 1
    assert [one.category for one in world.inbox.parked("acme")] == ["held"]

    world.wait(121)
    world.sync(opportunity, cause=Cause.AGAIN)
    assert world.hubspot.refs("deal") == []
    assert world.inbox.parked("acme") == []


@pytest.mark.rule("OPP-11")
def test_the_company_of_a_deal_gives_the_opportunity_its_account():
    """At once where the two are linked; else as soon as they are, without anybody touching the deal
    (Q-27).
    """
    world = MemoryWorld(settings={"create_in_salesforce": CreateInSalesforce.CONTACT})
    account = world.new_account()
    world.sync(account)
    late = world.new_company(name="Late GmbH")
    deals = [
        world.new_deal(company=world.counterpart(account)),
        world.new_deal(company=late, dealname="Valves"),
    ]

    world.sync(*deals)
    world.drain()
    opportunities = [world.counterpart(deal) for deal in deals]
    assert [shown(world, one, "AccountId")["AccountId"] for one in opportunities] == [
        account.id,
        None,
    ]

    contact = world.new_contact(email="eva@example.com")
    world.associations.add_association(contact, late)
    world.sync(contact, late)
    world.drain()
    assert shown(world, opportunities[1], "AccountId")["AccountId"] == world.counterpart(late).id


@pytest.mark.rule("ROLL-1")
def test_older_opportunities_cost_an_import_of_contacts_one_sync_each():
    """A contact with many of them shows what they come to; they themselves wait for their own
    import (OPP-4).
    """
    world = MemoryWorld(since=NOON + timedelta(days=1))
    theirs = world.new_salesforce_contact(None)
    for _ in range(20):
        world.new_opportunity(theirs, Amount=1)

    world.sync(theirs)
    assert len(world.outbox.delayed) == 2
    world.drain()

    contact = world.counterpart(theirs)
    assert shown(world, contact, "crmsync_total_revenue") == {"crmsync_total_revenue": "20"}
    assert world.hubspot.refs("deal") == []


@pytest.mark.parametrize("side", Side)
@pytest.mark.long
def test_a_thousand_new_records_cost_a_handful_of_calls(side):
    """Nothing is asked or made record by record, whichever side they are on."""
    world = MemoryWorld()
    make = world.new_opportunity if side is Side.SALESFORCE else world.new_deal
    refs = [make() for _ in range(MANY)]
    world.sync(make())
    world.hubspot.calls.clear()
    world.salesforce.calls.clear()

    world.sync(*refs)

    assert len(world.hubspot.refs("deal")) == len(world.salesforce.refs("Opportunity")) == MANY + 1
    assert world.hubspot.calls.total() <= 6
    assert world.salesforce.calls.total() <= 6


@pytest.mark.parametrize("at", ["roles", "contacts"])
def test_what_fails_on_the_way_is_done_by_the_next_sync(at):
    """Whether the role or the roll-up could not be written: afterwards there is one of
    everything.
    """
    world = MemoryWorld()
    contact, _ = a_pair_of_contacts(world)
    deal = world.new_deal(contact, amount="10")
    down = TryAgain("down")
    if at == "roles":
        world.salesforce.refuse = lambda fields: down if "ContactId" in fields else None
    else:
        world.hubspot.refuse = lambda fields: down if "crmsync_total_revenue" in fields else None

    world.sync(deal)
    world.salesforce.refuse = world.hubspot.refuse = lambda _fields: None
    world.drain()

    opportunity = world.counterpart(deal)
    assert world.salesforce.refs("Opportunity") == [opportunity]
    assert len(world.opportunities.roles_of([opportunity])[opportunity]) == 1
    assert shown(world, contact, "crmsync_total_revenue") == {"crmsync_total_revenue": "10"}


@pytest.mark.rule("OPP-5")
@pytest.mark.rule("ROLL-3")
def test_a_month_and_a_day_are_those_of_the_hubspot_account():
    """On the last evening of November by universal time it is December in Tokyo: for a close date
    that nobody gave, and for a roll-up.
    """
    world = MemoryWorld(
        now=datetime(2026, 11, 30, 20, tzinfo=UTC), zone=ZoneInfo("Asia/Tokyo"), since=None
    )
    contact, theirs = a_pair_of_contacts(world)
    deal = world.new_deal(contact, closedate="")

    world.sync(deal)

    opportunity = world.counterpart(deal)
    assert shown(world, opportunity, "CloseDate") == {"CloseDate": "2026-12-31"}
    assert shown(world, contact, "crmsync_first_deal_created_date") == {
        "crmsync_first_deal_created_date": "2026-12-01"
    }
    assert theirs in [
        role.contact for role in world.opportunities.roles_of([opportunity])[opportunity]
    ]


def test_a_role_and_its_link_are_saved_in_one_pass():
    """The link is saved before the role is created and after it; the second save follows the first
    and is no conflict with it.
    """
    world = MemoryWorld()
    contact, theirs = a_pair_of_contacts(world)
    deal = world.new_deal()
    world.sync(deal)
    opportunity = world.counterpart(deal)
    world.associations.add_association(deal, contact)

    summary = world.sync(deal, cause=Cause.AGAIN)

    roles = world.opportunities.roles_of([opportunity])[opportunity]
    assert [(one.contact, one.is_deleted) for one in roles] == [(theirs, False)]
    assert +summary.counts == {"Done": 1}
