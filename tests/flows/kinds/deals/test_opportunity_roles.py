"""The contacts, roll-ups and accounts of deals and opportunities, against two CRMs in memory."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmsync.errors import Down
from crmsync.model.changes import Cause
from crmsync.model.records import Side
from crmsync.model.settings import CreateInSalesforce, DealSettings
from tests.builders import NOON
from tests.flows.kinds.deals.opportunity_records import a_pair_of_contacts, shown
from tests.memory.world import MemoryWorld


@pytest.mark.rule("OPP-9")
@pytest.mark.rule("ROLL-1")
def test_roles_become_associations_and_roll_ups():
    """A contact with a role is associated with the deal, and its roll-ups include the
    opportunity.
    """
    world = MemoryWorld()
    contact, theirs = a_pair_of_contacts(world)
    opportunity = world.new_opportunity(theirs, StageName="Closed Won")

    world.sync(opportunity)

    deal = world.counterpart(opportunity)
    assert world.associations.of([deal], "contact") == {deal: (contact,)}
    expected = {
        "crmsync_num_associated_deals": "1",
        "crmsync_first_deal_created_date": NOON.date().isoformat(),
        "crmsync_recent_deal_close_date": "2026-06-30",
        "crmsync_recent_deal_amount": "1000",
        "crmsync_total_revenue": "1000",
        "crmsync_opportunity_stage": "Closed Won",
        "lifecyclestage": "customer",
    }
    assert shown(world, contact, *expected) == expected


@pytest.mark.rule("OPP-12")
def test_the_contact_of_a_deal_gets_a_role_once():
    """Neither a further sync nor a lost link creates a second role."""
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
def test_a_deal_that_comes_while_its_contact_is_being_linked_gets_the_role():
    """Its worker does not see the link yet, and the contact's worker has read the deals of the
    contact before.
    """
    world = MemoryWorld(settings={"create_in_salesforce": CreateInSalesforce.CONTACT})
    contact = world.new_contact()
    save, deals = world.links.save, []

    def slowly(links):
        world.links.save = save
        deals.append(world.new_deal(contact))
        world.sync(*deals)
        return save(links)

    world.links.save = slowly
    world.sync(contact)
    world.drain()

    opportunity = world.counterpart(deals[0])
    roles = world.opportunities.roles_of([opportunity])[opportunity]
    assert [one.contact for one in roles] == [world.counterpart(contact)]


@pytest.mark.rule("OPP-12")
def test_the_role_of_a_lead_comes_with_its_conversion():
    """While the deal's contact syncs with a lead there is no role (Q-27); the conversion creates it
    without an edit of the deal.
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
    """By default a role that is removed in Salesforce leaves the association, and is never created
    again (Q-29).
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
def test_a_role_that_we_created_and_a_person_deletes_at_once_is_known():
    """The change event of the deletion names only the role's id, which Salesforce has forgotten."""
    world = MemoryWorld(deal_settings=DealSettings(remove_associations=True))
    contact, _ = a_pair_of_contacts(world)
    deal = world.new_deal(contact)
    world.sync(deal)
    (role,) = world.salesforce.refs("OpportunityContactRole")

    world.salesforce.delete(role)
    world.sync(role, cause=Cause.DELETED)

    assert world.associations.of([deal], "contact") == {}


@pytest.mark.rule("ROLL-1")
@pytest.mark.rule("ROLL-2")
def test_a_role_that_was_counted_before_its_own_news_and_is_deleted_no_longer_counts():
    """Its contact was added up for another opportunity, and the role is gone before it is read for
    itself.
    """
    world = MemoryWorld()
    contact, theirs = a_pair_of_contacts(world)
    known, late = world.new_opportunity(theirs), world.new_opportunity(theirs)
    world.sync(known)
    before = shown(world, contact, "crmsync_num_associated_deals")
    roles = world.salesforce.refs("OpportunityContactRole")
    (role,) = (one for one in roles if world.salesforce.fields(one)["OpportunityId"] == late.id)

    world.salesforce.delete(role)
    world.sync(late)
    world.sync(role, cause=Cause.DELETED)

    assert (before, shown(world, contact, "crmsync_num_associated_deals")) == (
        {"crmsync_num_associated_deals": "2"},
        {"crmsync_num_associated_deals": "1"},
    )


@pytest.mark.rule("CH-14")
@pytest.mark.rule("OPP-9")
def test_a_deal_that_is_matched_gets_the_contacts_of_its_opportunity():
    """Those with a role are associated by the sync of the deal that pairs the two."""
    matched = DealSettings(sync=True, match_hubspot="dealname", match_salesforce="Name")
    world = MemoryWorld(deal_settings=matched)
    contact, theirs = a_pair_of_contacts(world)
    opportunity = world.new_opportunity(theirs)
    deal = world.new_deal()

    world.sync(deal)

    assert world.counterpart(deal) == opportunity
    assert world.associations.of([deal], "contact") == {deal: (contact,)}


@pytest.mark.parametrize("side", Side)
def test_with_the_setting_a_removed_contact_is_removed_on_both_sides(side):
    """With `remove_associations` a removal syncs in either direction (Q-29)."""
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


@pytest.mark.rule("OPP-11")
def test_the_company_of_a_deal_gives_the_opportunity_its_account():
    """The account is set at once if company and account are linked, and otherwise as soon as they
    are (Q-27).
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
def test_an_import_of_contacts_syncs_each_older_opportunity_once():
    """A contact's roll-ups include its older opportunities, which wait for their own import
    (OPP-4).
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


@pytest.mark.rule("Q-29")
@pytest.mark.parametrize("how", ["restored", "stays deleted"])
def test_a_deal_forgets_a_contact_that_was_deleted(how: str):
    """So the role in Salesforce is no tie that a person has removed in HubSpot, also if the contact
    comes back without its deals.
    """
    world = MemoryWorld(deal_settings=DealSettings(remove_associations=True))
    contact, theirs = a_pair_of_contacts(world)
    opportunity = world.new_opportunity(theirs)
    world.sync(opportunity)
    world.drain()
    deal = world.counterpart(opportunity)

    world.hubspot.delete(contact)
    world.sync(contact, cause=Cause.DELETED)
    world.drain()
    ties = [link.tied for link in world.links.all if link.hubspot == deal]
    if how == "restored":
        world.associations.remove_association(deal, contact)
        world.hubspot.restore(contact)
        world.sync(contact, cause=Cause.RESTORED)
        world.drain()

    again = {deal: (contact,)} if how == "restored" else {}
    roles = world.opportunities.roles_of([opportunity])[opportunity]
    assert (ties, [one.is_deleted for one in roles], world.associations.of([deal], "contact")) == (
        [{}],
        [False],
        again,
    )


@pytest.mark.rule("OPP-12")
@pytest.mark.rule("Q-29")
@pytest.mark.parametrize("removes", [False, True])
def test_a_contact_that_is_paired_anew_gets_a_role_for_its_new_salesforce_contact(removes: bool):  # noqa: FBT001
    """Its Salesforce contact is deleted while another one waits for its address, so it has a new
    pair before its deal was read. The missing role was removed by nobody.
    """
    world = MemoryWorld(deal_settings=DealSettings(remove_associations=removes))
    contact, theirs = a_pair_of_contacts(world)
    deal = world.new_deal(contact)
    world.sync(deal)
    other = world.new_salesforce_contact(None)
    world.sync(other)
    world.drain()

    world.salesforce.delete(theirs)
    world.sync(theirs, cause=Cause.DELETED)
    world.drain()

    opportunity = world.counterpart(deal)
    roles = world.opportunities.roles_of([opportunity])[opportunity]
    assert world.counterpart(contact) == other
    assert [one.contact for one in roles if not one.is_deleted] == [other]
    assert world.associations.of([deal], "contact") == {deal: (contact,)}
    assert [link.tied for link in world.links.all if link.hubspot == deal] == [
        {contact.id: other.id}
    ]


@pytest.mark.rule("OPP-12")
def test_a_new_counterpart_takes_no_role_from_the_contact_that_the_former_was_merged_into():
    """The role that was made for the former one belongs to that contact by then."""
    world = MemoryWorld()
    contact, theirs = a_pair_of_contacts(world)
    deal = world.new_deal(contact)
    world.sync(deal)
    other = world.new_salesforce_contact(None)
    eva = world.new_salesforce_contact(None, "eva@example.com")
    world.sync(other, eva)
    world.drain()

    world.salesforce.merge(eva, theirs)
    world.sync(theirs, cause=Cause.DELETED)
    world.drain()

    opportunity = world.counterpart(deal)
    roles = world.opportunities.roles_of([opportunity])[opportunity]
    assert world.counterpart(contact) == other
    assert {one.contact for one in roles if not one.is_deleted} == {other, eva}
    assert set(world.associations.of([deal], "contact")[deal]) == {contact, world.counterpart(eva)}


@pytest.mark.rule("OPP-9")
@pytest.mark.rule("OPP-12")
@pytest.mark.parametrize("side", list(Side))
def test_a_deal_of_a_contact_that_was_just_made_is_tied_on_both_sides(side: Side):
    """Somebody ties the new contact to a deal, or gives it a role, before its link is saved."""
    world = MemoryWorld(settings={"create_in_salesforce": CreateInSalesforce.CONTACT})
    person = world.new_contact() if side is Side.SALESFORCE else world.new_salesforce_contact(None)
    save = world.links.save

    def slowly(links):
        world.links.save = save
        (made,) = world.crm(side).refs("contact" if side is Side.HUBSPOT else "Contact")
        new = world.new_deal if side is Side.HUBSPOT else world.new_opportunity
        world.sync(new(made))
        return save(links)

    world.links.save = slowly
    world.sync(person)
    world.drain()

    (deal,), (contact,) = world.hubspot.refs("deal"), world.hubspot.refs("contact")
    (theirs,) = world.salesforce.refs("Contact")
    (roles,) = world.opportunities.roles_of(world.salesforce.refs("Opportunity")).values()
    assert world.associations.of([deal], "contact") == {deal: (contact,)}
    assert [one.contact for one in roles] == [theirs]


@pytest.mark.rule("OPP-12")
def test_deals_that_cannot_be_read_once_their_contact_is_linked_are_read_later():
    """A deal came while the link was being saved, and HubSpot does not answer when the deals are
    read for the second time.
    """
    world = MemoryWorld()
    contact, theirs = world.new_contact(), world.new_salesforce_contact(None)
    save, associated = world.links.save, world.associations.of

    def slowly(links):
        world.links.save = save
        world.sync(world.new_deal(contact))
        world.associations.of = unanswered
        return save(links)

    def unanswered(*_):
        world.associations.of = associated
        raise Down("No answer.", side=Side.HUBSPOT)

    world.links.save = slowly
    world.sync(contact)
    (deal,) = world.hubspot.refs("deal")
    queued = [(change.ref, change.cause) for change, _ in world.outbox.delayed]
    world.drain()

    (roles,) = world.opportunities.roles_of([world.counterpart(deal)]).values()
    assert queued == [(contact, Cause.AGAIN), (theirs, Cause.AGAIN)]
    assert [one.contact for one in roles] == [theirs]


@pytest.mark.rule("Q-29")
def test_a_role_that_somebody_removed_does_not_come_back_with_a_merge():
    """The Salesforce contact that had it is merged into another one, which is the same person."""
    world = MemoryWorld()
    contact, theirs = a_pair_of_contacts(world)
    deal = world.new_deal(contact)
    world.sync(deal)
    opportunity = world.counterpart(deal)
    (role,) = world.opportunities.roles_of([opportunity])[opportunity]
    world.salesforce.delete(role.ref)
    world.sync(role.ref, cause=Cause.DELETED)
    world.drain()
    other = world.new_salesforce_contact(None, "eva@example.com")

    world.salesforce.merge(other, theirs)
    world.sync(theirs, other)
    world.drain()

    roles = world.opportunities.roles_of([opportunity]).get(opportunity, ())
    assert world.counterpart(contact) == other
    assert [one for one in roles if not one.is_deleted] == []
    assert [link.tied for link in world.links.all if link.hubspot == deal] == [
        {contact.id: other.id}
    ]


@pytest.mark.rule("ROLL-1")
def test_a_contact_whose_link_ended_before_that_of_its_deal_is_added_up():
    """The Salesforce contact and the deal are deleted, and the contact's change comes first."""
    world = MemoryWorld()
    contact, theirs = a_pair_of_contacts(world)
    opportunity = world.new_opportunity(theirs)
    world.sync(opportunity)
    world.drain()
    deal = world.counterpart(opportunity)

    world.salesforce.delete(theirs)
    world.hubspot.delete(deal)
    world.sync(theirs, cause=Cause.DELETED)
    world.sync(deal, cause=Cause.DELETED)
    world.drain()

    assert shown(world, contact, "crmsync_num_associated_deals") == {
        "crmsync_num_associated_deals": "0"
    }
