"""Deals and opportunities in batches, against two CRMs in memory: creation, stages, deletions, what
a batch costs, and what a crash leaves.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from crmsync.errors import TryAgain
from crmsync.model.changes import Cause
from crmsync.model.kinds.pipelines import OrgStage
from crmsync.model.names import SALESFORCE_KEY
from crmsync.model.records import Side
from crmsync.model.settings import DealSettings
from tests.builders import NOON
from tests.flows.kinds.deals.opportunity_records import a_pair_of_contacts, shown, stage_of
from tests.memory.deals import MASTER
from tests.memory.world import JUNE, MemoryWorld

MANY = 1000


@pytest.mark.rule("OPP-1")
@pytest.mark.rule("OPP-8")
def test_an_opportunity_creates_a_deal_in_the_default_pipeline():
    """An org with one sales process has one pipeline, and name, date, amount and stage are set on
    the deal.
    """
    world = MemoryWorld()
    opportunity = world.new_opportunity()

    world.sync(opportunity)

    (deal,) = world.hubspot.refs("deal")
    assert stage_of(world, deal) == ("Salesforce - Default pipeline", "Prospecting")
    expected = {
        "dealname": "Pumps",
        "closedate": JUNE,
        "amount": "1000",
        "crmsync_salesforce_id": opportunity.id,
    }
    assert shown(world, deal, *expected) == expected


@pytest.mark.rule("CH-14")
@pytest.mark.parametrize("side", Side)
def test_an_unreported_deletion_leaves_its_value_to_the_next_record(side: Side):
    """If a deal or an opportunity was deleted unnoticed, the new one with its value is linked with
    the remaining record.
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


@pytest.mark.rule("CH-14")
@pytest.mark.rule("OPP-5")
@pytest.mark.rule("Q-21")
def test_a_stage_that_another_opportunity_brought_is_no_echo_of_the_next_one():
    """A deal whose opportunity is gone keeps the stage that it got from it last, if the opportunity
    that takes its place was not edited since, which then names the deal.
    """
    world = MemoryWorld(
        deal_settings=DealSettings(sync=True, match_hubspot="dealname", match_salesforce="Name")
    )
    first, next_ = world.new_opportunity(), world.new_opportunity()
    world.sync(first)
    deal = world.counterpart(first)
    world.sync(next_)
    world.wait()
    world.salesforce.edit(first, {"StageName": "Closed Won"})
    world.sync(first)
    world.wait()
    world.salesforce.delete(first)

    world.sync(next_)

    assert (world.counterpart(deal), stage_of(world, deal)[1]) == (next_, "Closed Won")
    assert shown(world, next_, "StageName", SALESFORCE_KEY) == {
        "StageName": "Closed Won",
        SALESFORCE_KEY: f"555001-{deal.id}",
    }


@pytest.mark.rule("OPP-11")
@pytest.mark.rule("DUP-7")
def test_a_deal_creates_an_opportunity_and_stays_in_its_own_pipeline():
    """This holds even if an opportunity of that name exists, and however often the deal is
    reported.
    """
    world = MemoryWorld()
    world.new_opportunity()
    deal = world.new_deal(amount="250.5")

    world.sync(deal)
    world.sync(deal)

    opportunity = world.counterpart(deal)
    expected = {
        "Name": "Pumps",
        "CloseDate": "2026-06-30",
        "Amount": 250.5,
        "StageName": "Prospecting",
    }
    assert shown(world, opportunity, *expected) == expected
    assert len(world.salesforce.refs("Opportunity")) == 2
    assert stage_of(world, deal) == ("Sales Pipeline", "Qualified To Buy")


@pytest.mark.rule("OPP-4")
def test_an_older_opportunity_waits_for_its_import():
    """An edit of it creates no deal, but a resync does, as an import is one."""
    world = MemoryWorld(since=NOON + timedelta(days=1))
    opportunity = world.new_opportunity()

    world.sync(opportunity)
    assert world.hubspot.refs("deal") == []

    world.sync(opportunity, cause=Cause.RESYNC)
    assert len(world.hubspot.refs("deal")) == 1


@pytest.mark.parametrize("side", Side)
def test_stage_amount_and_date_sync_both_ways(side):
    """An edit on either side reaches the other, and a further sync writes nothing."""
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
    expected = {"StageName": "Closed Won", "Amount": 7, "CloseDate": "2026-07-01", "IsWon": True}
    assert shown(world, opportunity, *expected) == expected
    writes = world.writes()
    world.sync(opportunity, deal)
    assert world.writes() == writes


@pytest.mark.rule("OPP-6")
def test_an_opportunity_in_an_inactive_stage_is_shown_in_the_nearest_stage():
    """Its own stage stays until a person moves the deal or the opportunity."""
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


@pytest.mark.rule("OPP-13")
def test_a_deleted_opportunity_deletes_its_deal_and_an_undelete_creates_it_again():
    """This holds even if a poll reports the undelete as a mere edit (Q-30)."""
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
def test_a_deleted_deal_leaves_its_opportunity_and_is_not_created_again():
    """The opportunity still counts in roll-ups, and a later edit of it creates no new deal
    (Q-28).
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


def test_a_deletion_can_be_deferred():
    """With `hold_deletes_hours` the deal is deleted when the time is over, unless the opportunity
    was undeleted (Q-30).
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


@pytest.mark.parametrize("side", Side)
@pytest.mark.long
def test_a_thousand_new_records_take_few_calls(side):
    """Nothing is read or created record by record, on either side."""
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
def test_what_could_not_be_written_is_done_by_the_next_sync(at):
    """If the role or the roll-up could not be written, the next sync writes it once."""
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
def test_dates_are_those_of_the_hubspot_accounts_time_zone():
    """On the last evening of November in UTC it is December in Tokyo, for a default close date and
    for a roll-up.
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
