"""The inclusion list in plans: who is linked, who is frozen, who thaws (INC-2, INC-6, INC-7, Q-23,
Q-38, CH-17).
"""

from dataclasses import replace

import pytest

from crmsync.model.effects import CreateRecord, OptOut, SaveLink, UpdateRecord
from crmsync.model.fingerprints import Base
from crmsync.model.settings import CreateInHubspot, OutsideInclusionList
from crmsync.plans.contact import ContactFacts, plan_contact
from crmsync.rules.pair.reports import duplicate_of_linked
from tests.builders import LEAD_ID, a_change, a_contact, a_lead, a_link, a_ruleset
from tests.plans.contact_facts import shows_nothing_new

KEY = "555001-81"
OUTSIDE = a_ruleset(inclusion_list="77")
INSIDE = a_ruleset(inclusion_list="77", members=[a_contact().ref])


def met(contact, lead, *, named="salesforce"):
    """Facts of two unlinked records with one address."""
    if named == "hubspot":
        return ContactFacts(a_change(contact.ref), hubspot=contact, candidates=(lead,))
    return ContactFacts(a_change(lead.ref), salesforce=lead, candidates=(contact,))


def edited(ruleset):
    """Facts of a linked pair in which both sides were edited."""
    before = a_contact(salesforce_id=LEAD_ID), a_lead(key=KEY)
    link = a_link(*before, ruleset)
    now = a_contact({"phone": "1"}, salesforce_id=LEAD_ID), a_lead({"Title": "Engineer"}, key=KEY)
    return ContactFacts(a_change(now[0].ref), link, *now)


@pytest.mark.rule("INC-2")
@pytest.mark.parametrize("outside", OutsideInclusionList)
def test_a_hubspot_contact_outside_the_list_stays_unlinked(outside):
    """It creates no Salesforce record and is not linked to one, whatever the setting for
    Salesforce's records.
    """
    ruleset = a_ruleset(inclusion_list="77", outside_inclusion_list=outside)
    contact = a_contact()
    assert plan_contact(ContactFacts(a_change(contact.ref), hubspot=contact), ruleset).effects == ()
    assert plan_contact(met(contact, a_lead(), named="hubspot"), ruleset).effects == ()


@pytest.mark.rule("TRG-10")
def test_a_contact_that_entered_the_list_syncs():
    """A contact that has entered the list creates its lead."""
    contact = a_contact()
    plan = plan_contact(ContactFacts(a_change(contact.ref), hubspot=contact), INSIDE)
    assert [type(one) for one in plan.effects] == [CreateRecord]


@pytest.mark.rule("INC-6")
def test_a_lead_creates_a_contact_whatever_the_list():
    """A new Salesforce record creates its HubSpot contact although that contact cannot be in the
    list.
    """
    lead = a_lead()
    plan = plan_contact(ContactFacts(a_change(lead.ref), salesforce=lead), OUTSIDE)
    assert [type(one) for one in plan.effects] == [CreateRecord]


@pytest.mark.rule("INC-6")
@pytest.mark.rule("INC-7")
def test_a_lead_whose_contact_is_outside_the_list_is_linked_and_frozen():
    """It is linked to the existing contact, nothing is written, and nothing counts as
    agreed yet.
    """
    contact, lead = a_contact({"phone": "1"}), a_lead({"Title": "Engineer"})
    (saved,) = plan_contact(met(contact, lead), OUTSIDE).effects
    assert (saved.link.hubspot, saved.link.salesforce) == (contact.ref, lead.ref)
    assert (saved.link.hubspot_base, saved.link.salesforce_base) == (Base(), Base())


@pytest.mark.rule("INC-7")
@pytest.mark.rule("Q-22")
@pytest.mark.rule("Q-23")
def test_a_pair_outside_the_list_is_frozen_in_both_directions_and_keeps_its_link():
    """Outside the list nothing is synced and nothing is deleted; back in the list both
    edits cross.
    """
    assert plan_contact(edited(OUTSIDE), OUTSIDE).effects == ()
    thawed = plan_contact(edited(INSIDE), INSIDE).effects
    assert [type(one) for one in thawed] == [SaveLink, UpdateRecord, UpdateRecord]
    assert (thawed[1].fields, thawed[2].fields) == ({"jobtitle": "Engineer"}, {"Phone": "1"})


@pytest.mark.rule("OPT-7")
def test_the_opt_out_crosses_when_a_frozen_pair_syncs_again():
    """A frozen pair keeps its opt-out where it is; in its first sync afterwards, opted out wins."""
    contact, lead = a_contact(), a_lead({"HasOptedOutOfEmail": True})
    (saved,) = plan_contact(met(contact, lead), OUTSIDE).effects
    facts = ContactFacts(a_change(contact.ref), replace(saved.link, version=1), contact, lead)
    assert plan_contact(facts, OUTSIDE).effects == ()
    assert OptOut("ada@example.com", ("OPT-4",)) in plan_contact(facts, INSIDE).effects


@pytest.mark.rule("CH-17")
@pytest.mark.parametrize(
    ("outside", "syncs"), [(OutsideInclusionList.SYNC, True), (OutsideInclusionList.IGNORE, False)]
)
def test_records_of_contacts_outside_the_list_sync_by_setting(outside, syncs):
    """Salesforce records whose contact is outside the list may sync all the same, or be ignored."""
    ruleset = a_ruleset(inclusion_list="77", outside_inclusion_list=outside)
    lead = a_lead()
    assert (
        bool(plan_contact(ContactFacts(a_change(lead.ref), salesforce=lead), ruleset).effects)
        is syncs
    )
    assert bool(plan_contact(met(a_contact(), lead), ruleset).effects) is syncs
    assert bool(plan_contact(edited(ruleset), ruleset).effects) is syncs


@pytest.mark.rule("CH-13")
@pytest.mark.parametrize("is_in", [True, False])
def test_a_second_lead_of_a_linked_contact_is_reported_although_others_are_ignored(is_in):
    """The contact may leave the list and join it again: the lead is reported all the time."""
    contact, lead = a_contact(), a_lead()
    ruleset = a_ruleset(
        inclusion_list="77",
        outside_inclusion_list=OutsideInclusionList.IGNORE,
        members=[contact.ref] if is_in else [],
    )
    facts = replace(met(contact, lead), taken=frozenset({contact.ref}))
    assert plan_contact(facts, ruleset).effects == (duplicate_of_linked(lead.ref, facts.taken),)


@pytest.mark.rule("Q-38")
@pytest.mark.parametrize(("ruleset", "linked"), [({}, True), ({"inclusion_list": "77"}, False)])
def test_with_creation_off_a_known_address_is_still_linked_if_its_contact_is_in_the_list(
    ruleset, linked
):
    """Switching creation off does not switch deduplication off."""
    never = a_ruleset(create_in_hubspot=CreateInHubspot.NEVER, **ruleset)
    assert bool(plan_contact(met(a_contact(), a_lead()), never).effects) is linked


@pytest.mark.rule("SET-1")
@pytest.mark.rule("Q-38")
@pytest.mark.parametrize(
    ("makes", "is_in", "linked"),
    [
        (CreateInHubspot.LEADS_ONLY, False, True),
        (CreateInHubspot.CONTACTS_ONLY, True, True),
        (CreateInHubspot.CONTACTS_ONLY, False, False),
    ],
)
def test_a_lead_that_makes_no_contact_is_linked_only_with_one_in_the_list(makes, is_in, linked):
    """As with creation off: a contact outside the list gets nobody by itself."""
    contact = a_contact()
    members = [contact.ref] if is_in else []
    ruleset = a_ruleset(inclusion_list="77", create_in_hubspot=makes, members=members)
    assert bool(plan_contact(met(contact, a_lead()), ruleset).effects) is linked


@pytest.mark.rule("Q-38")
def test_a_record_that_names_its_contact_outside_the_list_is_linked_with_it_again():
    """The contact was made of a lead, say, which became a contact that makes none."""
    contact, lead = a_contact(), a_lead(key=KEY)
    ruleset = a_ruleset(inclusion_list="77", create_in_hubspot=CreateInHubspot.CONTACTS_ONLY)
    facts = replace(met(contact, lead), named_counterpart=contact)
    assert [type(one) for one in plan_contact(facts, ruleset).effects] == [SaveLink]


@pytest.mark.rule("INC-4")
def test_a_new_lifecycle_stage_is_news_where_it_decides_who_syncs():
    """With the preset list, a contact that is no longer a subscriber is synced although no mapped
    field has changed.
    """
    ruleset = a_ruleset(inclusion_list="default")
    before = a_contact({"lifecyclestage": "subscriber"}, salesforce_id=LEAD_ID), a_lead(key=KEY)
    link = a_link(*before, ruleset)
    assert shows_nothing_new(before[0], link, ruleset)
    assert not shows_nothing_new(
        a_contact({"lifecyclestage": "lead"}, salesforce_id=LEAD_ID), link, ruleset
    )
