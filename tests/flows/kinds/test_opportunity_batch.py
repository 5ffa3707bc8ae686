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
from tests.memory.worlds import JUNE, Town

MANY = 1000


def a_pair_of_contacts(
    town: Town, email: str = "ada@example.com", **fields: str
) -> tuple[Ref, Ref]:
    """A HubSpot contact and the Salesforce contact that it syncs with."""
    theirs = town.new_member(None, email, **fields)
    town.sync(theirs)
    return town.counterpart(theirs), theirs


def shown(town: Town, ref: Ref, *names: str) -> dict[str, object]:
    """What a record shows in these fields."""
    fields = town.crm(ref.side).fields(ref)
    return {name: fields.get(name) for name in names}


def stage_of(town: Town, deal: Ref) -> tuple[str, str]:
    """The labels of a deal's pipeline and stage."""
    fields = town.hubspot.fields(deal)
    (pipeline,) = [one for one in town.deals.pipelines() if one.id == fields["pipeline"]]
    (stage,) = [one for one in pipeline.stages if one.id == fields["dealstage"]]
    return pipeline.label, stage.label


@pytest.mark.rule("OPP-1")
@pytest.mark.rule("OPP-8")
def test_an_opportunity_makes_a_deal_in_the_default_pipeline():
    """With one process only, the pipeline is called so; name, date, amount and stage come along."""
    town = Town()
    opportunity = town.new_opportunity()

    town.sync(opportunity)

    (deal,) = town.hubspot.refs("deal")
    assert stage_of(town, deal) == ("Salesforce - Default pipeline", "Prospecting")
    told = {
        "dealname": "Pumps",
        "closedate": JUNE,
        "amount": "1000",
        "crmsync_salesforce_id": opportunity.id,
    }
    assert shown(town, deal, *told) == told


@pytest.mark.rule("CH-14")
@pytest.mark.parametrize("side", Side)
def test_an_unreported_deletion_leaves_its_value_to_the_next_record(side: Side):
    """A deal, or an opportunity, was deleted; the one that is made with its value goes on with the
    record across.
    """
    town = Town(
        deals_settings=DealSettings(sync=True, match_hubspot="dealname", match_salesforce="Name")
    )
    opportunity = town.new_opportunity()
    town.sync(opportunity)
    deal = town.counterpart(opportunity)
    town.crm(side).delete(deal if side is Side.HUBSPOT else opportunity)
    new = town.new_deal() if side is Side.HUBSPOT else town.new_opportunity()
    town.sync(new)
    pairs = [(link.hubspot, link.salesforce) for link in town.links.all]
    assert pairs == [(new, opportunity) if side is Side.HUBSPOT else (deal, new)]
    assert (list(town.inbox.parked("acme")), len(town.hubspot.refs("deal"))) == ([], 1)


@pytest.mark.rule("OPP-11")
@pytest.mark.rule("DUP-7")
def test_a_deal_makes_an_opportunity_and_stays_in_its_own_pipeline():
    """Even where one of the same name stands already, and whatever is reported twice."""
    town = Town()
    town.new_opportunity()
    deal = town.new_deal(amount="250.5")

    town.sync(deal)
    town.sync(deal)

    opportunity = town.counterpart(deal)
    told = {"Name": "Pumps", "CloseDate": "2026-06-30", "Amount": 250.5, "StageName": "Prospecting"}
    assert shown(town, opportunity, *told) == told
    assert len(town.salesforce.refs("Opportunity")) == 2
    assert stage_of(town, deal) == ("Sales Pipeline", "Qualified To Buy")


@pytest.mark.rule("OPP-4")
def test_an_older_opportunity_waits_for_its_import():
    """An edit of it makes no deal; a resync, as an import is one, does."""
    town = Town(since=NOON + timedelta(days=1))
    opportunity = town.new_opportunity()

    town.sync(opportunity)
    assert town.hubspot.refs("deal") == []

    town.sync(opportunity, cause=Cause.RESYNC)
    assert len(town.hubspot.refs("deal")) == 1


@pytest.mark.parametrize("side", Side)
def test_stage_amount_and_date_follow_each_other(side):
    """Whichever side was edited, the other shows it, and a further sync writes nothing."""
    town = Town()
    opportunity = town.new_opportunity()
    town.sync(opportunity)
    deal = town.counterpart(opportunity)
    town.wait()
    if side is Side.SALESFORCE:
        town.salesforce.edit(
            opportunity, {"StageName": "Closed Won", "Amount": 7, "CloseDate": "2026-07-01"}
        )
        town.sync(opportunity)
    else:
        (pipeline,) = [
            one for one in town.deals.pipelines() if one.label == "Salesforce - Default pipeline"
        ]
        (won,) = [one.id for one in pipeline.stages if one.label == "Closed Won"]
        town.hubspot.edit(
            deal, {"dealstage": won, "amount": "7", "closedate": "2026-07-01T12:00:00.000Z"}
        )
        town.sync(deal)

    assert stage_of(town, deal) == ("Salesforce - Default pipeline", "Closed Won")
    assert shown(town, deal, "amount", "closedate") == {
        "amount": "7",
        "closedate": "2026-07-01T12:00:00.000Z",
    }
    told = {"StageName": "Closed Won", "Amount": 7, "CloseDate": "2026-07-01", "IsWon": True}
    assert shown(town, opportunity, *told) == told
    writes = town.writes()
    town.sync(opportunity, deal)
    assert town.writes() == writes


@pytest.mark.rule("OPP-6")
def test_an_opportunity_in_a_stage_that_the_org_gave_up_is_shown_as_the_nearest_one():
    """Its own stage stays as it is, until somebody moves one of the two."""
    town = Town()
    given_up = OrgStage("Won (old)", "Won (old)", 100, is_closed=True, is_won=True)
    town.opportunities.types = [replace(MASTER, others=(given_up,))]
    opportunity = town.new_opportunity(StageName="Won (old)")

    town.sync(opportunity)
    deal = town.counterpart(opportunity)
    assert stage_of(town, deal) == ("Salesforce - Default pipeline", "Closed Won")

    town.hubspot.edit(deal, {"amount": "3"})
    town.sync(deal)
    assert shown(town, opportunity, "StageName", "Amount") == {
        "StageName": "Won (old)",
        "Amount": 3,
    }


@pytest.mark.rule("OPP-9")
@pytest.mark.rule("ROLL-1")
def test_roles_become_associations_and_roll_ups():
    """A contact with a role is associated with the deal, and shows what its opportunities come
    to.
    """
    town = Town()
    contact, theirs = a_pair_of_contacts(town)
    opportunity = town.new_opportunity(theirs, StageName="Closed Won")

    town.sync(opportunity)

    deal = town.counterpart(opportunity)
    assert town.associations.of([deal], "contact") == {deal: (contact,)}
    told = {
        "crmsync_num_associated_deals": "1",
        "crmsync_first_deal_created_date": NOON.date().isoformat(),
        "crmsync_recent_deal_close_date": "2026-06-30",
        "crmsync_recent_deal_amount": "1000",
        "crmsync_total_revenue": "1000",
        "crmsync_opportunity_stage": "Closed Won",
        "lifecyclestage": "customer",
    }
    assert shown(town, contact, *told) == told


@pytest.mark.rule("OPP-12")
def test_the_contact_of_a_deal_gets_a_role_once():
    """Looked at again, or with the link lost on the way, it is still one role."""
    town = Town()
    contact, theirs = a_pair_of_contacts(town)
    deal = town.new_deal(contact)

    town.sync(deal)
    town.sync(deal, cause=Cause.AGAIN)

    opportunity = town.counterpart(deal)
    roles = town.opportunities.roles_of([opportunity])[opportunity]
    assert [(one.contact, one.is_deleted) for one in roles] == [(theirs, False)]
    assert shown(town, contact, "lifecyclestage", "crmsync_total_revenue") == {
        "lifecyclestage": "opportunity",
        "crmsync_total_revenue": "0",
    }


@pytest.mark.rule("OPP-12")
def test_the_role_of_a_lead_comes_with_its_conversion():
    """As long as the deal's contact syncs with a lead there is no role (Q-27); the conversion
    brings it, the deal being untouched.
    """
    town = Town()
    contact = town.new_contact()
    town.sync(contact)
    deal = town.new_deal(contact)
    town.sync(deal)
    opportunity = town.counterpart(deal)
    assert town.opportunities.roles_of([opportunity]) == {}

    lead = town.counterpart(contact)
    person = town.salesforce.convert(lead)
    town.sync(lead, person)
    town.drain()

    (role,) = town.opportunities.roles_of([opportunity])[opportunity]
    assert role.contact == person


def test_a_contact_that_lost_a_role_does_not_get_it_back():
    """By default a role that is taken away in Salesforce leaves the association, and comes back by
    itself never (Q-29).
    """
    town = Town()
    contact, theirs = a_pair_of_contacts(town)
    opportunity = town.new_opportunity(theirs)
    town.sync(opportunity)
    (role,) = town.opportunities.roles_of([opportunity])[opportunity]

    town.salesforce.delete(role.ref)
    town.sync(role.ref)
    town.sync(opportunity, cause=Cause.AGAIN)

    deal = town.counterpart(opportunity)
    assert town.associations.of([deal], "contact") == {deal: (contact,)}
    assert town.opportunities.roles_of([opportunity]) == {}
    assert shown(town, contact, "crmsync_num_associated_deals", "crmsync_total_revenue") == {
        "crmsync_num_associated_deals": "0",
        "crmsync_total_revenue": "0",
    }


@pytest.mark.rule("Q-29")
def test_a_role_that_we_made_and_a_person_ends_at_once_is_known():
    """Nobody has synced it in between; the report of its deletion names its own id alone, and
    Salesforce has forgotten it.
    """
    town = Town(deals_settings=DealSettings(remove_associations=True))
    contact, _ = a_pair_of_contacts(town)
    deal = town.new_deal(contact)
    town.sync(deal)
    (role,) = town.salesforce.refs("OpportunityContactRole")

    town.salesforce.delete(role)
    town.sync(role, cause=Cause.DELETED)

    assert town.associations.of([deal], "contact") == {}


@pytest.mark.parametrize("side", Side)
def test_with_the_setting_a_removed_contact_is_removed_on_both_sides(side):
    """`remove_associations` lets a removal cross, in either direction (Q-29)."""
    town = Town(deals_settings=DealSettings(remove_associations=True))
    contact, theirs = a_pair_of_contacts(town)
    opportunity = town.new_opportunity(theirs)
    town.sync(opportunity)
    deal = town.counterpart(opportunity)
    (role,) = town.opportunities.roles_of([opportunity])[opportunity]

    if side is Side.SALESFORCE:
        town.salesforce.delete(role.ref)
        town.sync(role.ref)
    else:
        town.associations.take_apart(deal, contact)
        town.sync(deal)

    assert town.associations.of([deal], "contact") == {}
    assert town.opportunities.roles_of([opportunity]) == {}


@pytest.mark.rule("OPP-13")
def test_a_deleted_opportunity_takes_its_deal_with_it_and_an_undelete_brings_it_back():
    """Whatever reports the undelete: a poll sees no more than an edit (Q-30)."""
    town = Town()
    contact, theirs = a_pair_of_contacts(town)
    opportunity = town.new_opportunity(theirs)
    town.sync(opportunity)

    town.salesforce.delete(opportunity)
    town.sync(opportunity, cause=Cause.DELETED)
    assert town.hubspot.refs("deal") == []
    assert shown(town, contact, "crmsync_num_associated_deals") == {
        "crmsync_num_associated_deals": "0"
    }

    town.salesforce.restore(opportunity)
    town.sync(opportunity)
    (deal,) = town.hubspot.refs("deal")
    assert town.associations.of([deal], "contact") == {deal: (contact,)}
    assert shown(town, contact, "crmsync_num_associated_deals") == {
        "crmsync_num_associated_deals": "1"
    }


@pytest.mark.rule("OPP-14")
def test_a_deleted_deal_leaves_its_opportunity_and_never_comes_back():
    """The opportunity stays and counts on; a later edit of it makes no new deal (Q-28), yet its
    roll-ups follow.
    """
    town = Town()
    contact, theirs = a_pair_of_contacts(town)
    opportunity = town.new_opportunity(theirs)
    town.sync(opportunity)
    deal = town.counterpart(opportunity)

    town.hubspot.delete(deal)
    town.sync(deal, cause=Cause.DELETED)
    town.salesforce.edit(opportunity, {"Amount": 5})
    town.sync(opportunity)

    assert town.hubspot.refs("deal") == []
    assert town.salesforce.refs("Opportunity") == [opportunity]
    assert shown(town, contact, "crmsync_total_revenue") == {"crmsync_total_revenue": "5"}


def test_a_deletion_can_be_held():
    """With `hold_deletes_hours` the deal goes when the time is over and the opportunity has not
    come back (Q-30).
    """
    town = Town(deals_settings=DealSettings(hold_deletes_hours=2))
    opportunity = town.new_opportunity()
    town.sync(opportunity)
    town.salesforce.delete(opportunity)

    town.sync(opportunity, cause=Cause.DELETED)
    assert len(town.hubspot.refs("deal")) == 1
    assert [one.category for one in town.inbox.parked("acme")] == ["held"]

    town.wait(121)
    town.sync(opportunity, cause=Cause.AGAIN)
    assert town.hubspot.refs("deal") == []
    assert town.inbox.parked("acme") == []


@pytest.mark.rule("OPP-11")
def test_the_company_of_a_deal_gives_the_opportunity_its_account():
    """At once where the two are linked; else as soon as they are, without anybody touching the deal
    (Q-27).
    """
    town = Town(settings={"create_in_salesforce": CreateInSalesforce.CONTACT})
    account = town.new_account()
    town.sync(account)
    late = town.new_company(name="Late GmbH")
    deals = [
        town.new_deal(company=town.counterpart(account)),
        town.new_deal(company=late, dealname="Valves"),
    ]

    town.sync(*deals)
    town.drain()
    opportunities = [town.counterpart(deal) for deal in deals]
    assert [shown(town, one, "AccountId")["AccountId"] for one in opportunities] == [
        account.id,
        None,
    ]

    contact = town.new_contact(email="eva@example.com")
    town.associations.put_together(contact, late)
    town.sync(contact, late)
    town.drain()
    assert shown(town, opportunities[1], "AccountId")["AccountId"] == town.counterpart(late).id


@pytest.mark.rule("ROLL-1")
def test_older_opportunities_cost_an_import_of_contacts_one_sync_each():
    """A contact with many of them shows what they come to; they themselves wait for their own
    import (OPP-4).
    """
    town = Town(since=NOON + timedelta(days=1))
    theirs = town.new_member(None)
    for _ in range(20):
        town.new_opportunity(theirs, Amount=1)

    town.sync(theirs)
    assert len(town.outbox.delayed) == 2
    town.drain()

    contact = town.counterpart(theirs)
    assert shown(town, contact, "crmsync_total_revenue") == {"crmsync_total_revenue": "20"}
    assert town.hubspot.refs("deal") == []


@pytest.mark.parametrize("side", Side)
@pytest.mark.long
def test_a_thousand_new_records_cost_a_handful_of_calls(side):
    """Nothing is asked or made record by record, whichever side they are on."""
    town = Town()
    make = town.new_opportunity if side is Side.SALESFORCE else town.new_deal
    refs = [make() for _ in range(MANY)]
    town.sync(make())
    town.hubspot.calls.clear()
    town.salesforce.calls.clear()

    town.sync(*refs)

    assert len(town.hubspot.refs("deal")) == len(town.salesforce.refs("Opportunity")) == MANY + 1
    assert town.hubspot.calls.total() <= 6
    assert town.salesforce.calls.total() <= 6


@pytest.mark.parametrize("at", ["roles", "contacts"])
def test_what_fails_on_the_way_is_done_by_the_next_sync(at):
    """Whether the role or the roll-up could not be written: afterwards there is one of
    everything.
    """
    town = Town()
    contact, _ = a_pair_of_contacts(town)
    deal = town.new_deal(contact, amount="10")
    down = TryAgain("down")
    if at == "roles":
        town.salesforce.refuse = lambda fields: down if "ContactId" in fields else None
    else:
        town.hubspot.refuse = lambda fields: down if "crmsync_total_revenue" in fields else None

    town.sync(deal)
    town.salesforce.refuse = town.hubspot.refuse = lambda _fields: None
    town.drain()

    opportunity = town.counterpart(deal)
    assert town.salesforce.refs("Opportunity") == [opportunity]
    assert len(town.opportunities.roles_of([opportunity])[opportunity]) == 1
    assert shown(town, contact, "crmsync_total_revenue") == {"crmsync_total_revenue": "10"}


@pytest.mark.rule("OPP-5")
@pytest.mark.rule("ROLL-3")
def test_a_month_and_a_day_are_those_of_the_hubspot_account():
    """On the last evening of November by universal time it is December in Tokyo: for a close date
    that nobody gave, and for a roll-up.
    """
    town = Town(now=datetime(2026, 11, 30, 20, tzinfo=UTC), zone=ZoneInfo("Asia/Tokyo"), since=None)
    contact, theirs = a_pair_of_contacts(town)
    deal = town.new_deal(contact, closedate="")

    town.sync(deal)

    opportunity = town.counterpart(deal)
    assert shown(town, opportunity, "CloseDate") == {"CloseDate": "2026-12-31"}
    assert shown(town, contact, "crmsync_first_deal_created_date") == {
        "crmsync_first_deal_created_date": "2026-12-01"
    }
    assert theirs in [
        role.contact for role in town.opportunities.roles_of([opportunity])[opportunity]
    ]
