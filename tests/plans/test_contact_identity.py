"""Who is who after matches, merges, conversions and deletions: facts in, whole plans out."""

from dataclasses import replace

import pytest

from crmsync.model.changes import Cause
from crmsync.model.crm_names import PRIMARY_COMPANY
from crmsync.model.effects import (
    Category,
    CreateRecord,
    DeleteRecord,
    DropLink,
    Report,
    RequestSync,
    SaveLink,
    UpdateRecord,
)
from crmsync.model.links import Link, LinkState
from crmsync.model.plan import Plan
from crmsync.model.records import Kind, Ref, Side
from crmsync.plans.contact import ContactFacts, plan_contact
from crmsync.rules.merge.change_limits import DELETIONS
from crmsync.rules.pair.reports import (
    counterpart_taken,
    deleted_for_privacy,
    deletion_limited,
    waiting,
)
from tests.builders import (
    LEAD_ID,
    a_change,
    a_contact,
    a_lead,
    a_link,
    a_ruleset,
    a_salesforce_contact,
)
from tests.plans.contact_facts import (
    KEY,
    RULESET,
    H,
    S,
    born_in_hubspot,
    born_in_salesforce,
    linked,
    pair,
    remember,
)


@pytest.mark.rule("DUP-1")
def test_a_person_that_exists_on_the_other_side_is_linked_not_duplicated():
    """The same address on the other side is the same person: the two are linked, and each fills the
    other's blanks.
    """
    contact = a_contact({"jobtitle": "Engineer"})
    lead = a_lead({"Phone": "0100"})
    plan = plan_contact(born_in_hubspot(contact, [lead]), RULESET)
    assert plan.effects[1:3] == (
        UpdateRecord(contact.ref, H, {"phone": "0100", "company": "example.com"}, ("MAP-3",)),
        UpdateRecord(lead.ref, S, {"Title": "Engineer"}, ("MAP-3",)),
    )
    assert isinstance(plan.effects[0], SaveLink)
    assert (plan.effects[0].link.hubspot, plan.effects[0].link.salesforce) == (
        contact.ref,
        lead.ref,
    )
    assert plan.effects[3:] == (
        remember(S, lead.ref, Crmsync_HubSpot_Id__c=KEY),
        remember(H, contact.ref, crmsync_salesforce_id=LEAD_ID),
    )


@pytest.mark.rule("CH-13")
def test_a_second_record_with_the_address_of_a_linked_one_is_reported():
    """A link is lasting: a second lead with the same address is reported and not linked."""
    contact = a_contact()
    plan = plan_contact(born_in_salesforce(a_lead(), [contact], frozenset({contact.ref})), RULESET)
    assert [(type(one), one.category) for one in plan.effects] == [(Report, Category.DUPLICATES)]


@pytest.mark.parametrize("gone", ["hubspot", "salesforce"])
def test_a_deleted_record_leaves_a_tombstone_and_its_counterpart_stays(gone):
    """When one of the two is gone, the link becomes a tombstone; the other record stays as
    it is.
    """
    facts = replace(linked(), **{gone: None})
    tombstone = replace(facts.link, state=LinkState.TOMBSTONE, deleted_on=Side(gone))
    assert plan_contact(facts, RULESET) == Plan((SaveLink(tombstone, ("DEL-1",)),))


@pytest.mark.rule("ACC-11")
@pytest.mark.parametrize(("syncs", "asked"), [(True, True), (False, False)])
def test_the_company_of_a_contact_that_loses_its_lead_is_synced(syncs, asked):
    """With nothing but leads it made no account; now it may."""
    ruleset = a_ruleset()
    companies = replace(ruleset.connection.companies, sync=syncs)
    ruleset = replace(ruleset, connection=replace(ruleset.connection, companies=companies))
    facts = replace(
        linked(a_contact({"associatedcompanyid": "12"}, salesforce_id=LEAD_ID)), salesforce=None
    )
    company = RequestSync(Ref(H, "company", "12"), Kind.ACCOUNT, None, ("ACC-11",))
    assert plan_contact(facts, ruleset).effects[1:] == ((company,) if asked else ())


def test_an_edit_does_not_revive_a_tombstone():
    """An edit of the remaining record does not create the deleted one again."""
    hubspot, salesforce = pair(hubspot={"phone": "1"})
    facts = linked(hubspot, salesforce)
    tombstone = replace(facts, link=replace(facts.link, state=LinkState.TOMBSTONE), salesforce=None)
    assert plan_contact(tombstone, RULESET).effects == ()


@pytest.mark.rule("DEL-1")
@pytest.mark.parametrize("deletes", [False, True])
def test_an_edit_of_a_lead_does_not_revive_its_deleted_contact(deletes):
    """The lead is still there and may be edited; only its own return from the recycle bin creates a
    contact again.
    """
    facts = linked(salesforce=a_lead({"Phone": "1"}, key=KEY))
    ended = replace(facts.link, state=LinkState.TOMBSTONE, deleted_on=H)
    edited = replace(facts, change=a_change(facts.salesforce.ref), link=ended, hubspot=None)
    assert plan_contact(edited, a_ruleset(delete_in_hubspot=deletes)).effects == ()


def test_an_undeleted_record_is_linked_again():
    """When both records of a tombstone exist again, the pair goes on as before."""
    hubspot, salesforce = pair(hubspot={"phone": "1"})
    facts = linked(hubspot, salesforce)
    again = plan_contact(
        replace(facts, link=replace(facts.link, state=LinkState.TOMBSTONE)), RULESET
    )
    assert again == plan_contact(facts, RULESET)


@pytest.mark.rule("DEL-1")
def test_a_deletion_in_salesforce_deletes_the_contact_only_by_the_setting():
    """With the setting, the HubSpot contact goes to the recycle bin; a deletion in HubSpot deletes
    nothing in Salesforce.
    """
    ruleset = a_ruleset(delete_in_hubspot=True)
    facts = linked()

    def tombstone(deleted_on):
        return SaveLink(
            replace(facts.link, state=LinkState.TOMBSTONE, deleted_on=deleted_on), ("DEL-1",)
        )

    assert plan_contact(replace(facts, salesforce=None), ruleset) == Plan(
        (DeleteRecord(facts.hubspot.ref, ("DEL-1",)), tombstone(Side.SALESFORCE))
    )
    assert plan_contact(replace(facts, hubspot=None), ruleset) == Plan((tombstone(Side.HUBSPOT),))


@pytest.mark.rule("Q-30")
def test_a_held_deletion_is_kept_in_the_link_and_the_pair_goes_on():
    """The link says so once, the company is not synced as for a pair that ends, and a pair without
    its deletion ends without the hold.
    """
    ruleset = a_ruleset(delete_in_hubspot=True)
    contact = a_contact({PRIMARY_COMPANY: "301"}, salesforce_id=LEAD_ID)
    facts = replace(linked(agreed=(contact, a_lead(key=KEY))), salesforce=None)
    held = replace(facts.link, holds=frozenset({DELETIONS[Side.HUBSPOT]}))
    report = deletion_limited(contact.ref)

    over = plan_contact(replace(facts, holds=held.holds), ruleset)
    again = plan_contact(replace(facts, link=held), ruleset)
    gone = plan_contact(replace(facts, link=held, hubspot=None), ruleset)

    assert (over, again) == (Plan((SaveLink(held, ("Q-30",)), report)), Plan((report,)))
    assert gone == Plan((SaveLink(replace(facts.link, state=LinkState.TOMBSTONE), ("DEL-1",)),))


@pytest.mark.rule("CH-9")
def test_a_deletion_is_noticed_outside_the_inclusion_list_too():
    """A contact that left the list is frozen, but the deletion of its Salesforce record is not
    missed.
    """
    ruleset = a_ruleset(inclusion_list="77", delete_in_hubspot=True)
    facts = replace(linked(), salesforce=None)
    assert [type(one) for one in plan_contact(facts, ruleset).effects] == [DeleteRecord, SaveLink]


def test_a_privacy_deletion_removes_the_link():
    """The link and its hashes are removed; if the Salesforce record remains, that is reported."""
    facts = replace(linked(), hubspot=None)
    forgotten = replace(facts, change=a_change(facts.change.ref, Cause.FORGOTTEN))
    lead = facts.salesforce.ref
    left = Report(
        Ref(S, "privacy", f"Lead.{lead.id}"),
        Category.PRIVACY,
        "the contact of this Lead was deleted in HubSpot for privacy; it is still in Salesforce, and no longer syncs",
        hint=f"Decide what becomes of Lead {lead.id}, of its tasks and of its duplicates in Salesforce; then run "
        f"crmsync errors done --id {lead.id} --apply.",
        because=("CH-9",),
        code="DELETED_FOR_PRIVACY",
    )
    assert plan_contact(forgotten, RULESET).effects == (left, DropLink(facts.link))
    assert plan_contact(replace(forgotten, salesforce=None), RULESET).effects == (
        DropLink(facts.link),
    )


@pytest.mark.rule("CH-9")
def test_a_lead_of_another_account_stays_ended_without_hashes():
    """A lead that names another HubSpot account's contact would make the deleted one again. So the
    two ids stay, nothing else does, and neither an edit, an undelete nor a resync makes a contact;
    if the lead is converted, the link moves to its contact.
    """
    agreed = a_contact(salesforce_id=LEAD_ID), a_lead(key="555002-7")
    facts = replace(linked(agreed=agreed), hubspot=None)
    change = a_change(facts.change.ref, Cause.FORGOTTEN)
    left, ended = plan_contact(replace(facts, change=change), RULESET).effects
    forgotten = Link(
        "acme",
        Kind.CONTACT,
        facts.link.hubspot,
        facts.link.salesforce,
        state=LinkState.FORGOTTEN,
        version=1,
    )
    assert (left.code, ended) == ("DELETED_FOR_PRIVACY", SaveLink(forgotten, ("CH-9",)))
    for cause in Cause:
        again = replace(facts, link=forgotten, change=a_change(facts.salesforce.ref, cause))
        assert plan_contact(again, RULESET).effects == ()
    in_another_pair = replace(facts, change=change, survivor_is_linked=True)
    assert plan_contact(in_another_pair, RULESET).effects == (left, DropLink(facts.link))
    converted = replace(facts, link=forgotten, salesforce=a_salesforce_contact())
    moved = replace(forgotten, salesforce=converted.salesforce.ref)
    assert plan_contact(converted, RULESET).effects == (SaveLink(moved, ("CH-9", "DUP-26")),)


@pytest.mark.rule("CH-9")
def test_a_privacy_deletion_leaves_the_tombstone_of_what_its_lead_became():
    """That contact has one already, so the link is dropped, or stays where it is: it is never
    moved there.
    """
    became = a_salesforce_contact()
    other = Link("acme", Kind.CONTACT, Ref(H, "contact", "83"), became.ref)
    tombstone = replace(other, state=LinkState.TOMBSTONE, deleted_on=H)
    facts = replace(linked(), hubspot=None, salesforce=became, tombstones=(tombstone,))
    told = replace(facts, change=a_change(facts.change.ref, Cause.FORGOTTEN))
    ended = Link(
        "acme", Kind.CONTACT, facts.link.hubspot, facts.link.salesforce, state=LinkState.FORGOTTEN
    )
    left = deleted_for_privacy(became.ref)
    assert plan_contact(told, RULESET).effects == (left, DropLink(facts.link))
    assert plan_contact(replace(facts, link=ended), RULESET).effects == ()


@pytest.mark.rule("CH-9")
def test_a_lead_in_the_recycle_bin_stays_ended_where_another_account_may_have_linked_it():
    """Whom a deleted lead names cannot be read. It may name another account's contact, and would
    make the deleted one again once it is undeleted. So the two ids stay, and nothing else.
    """
    facts = replace(linked(), hubspot=None, salesforce=None)
    forgotten = replace(facts, change=a_change(facts.change.ref, Cause.FORGOTTEN))
    link = facts.link
    ended = Link(
        "acme",
        Kind.CONTACT,
        link.hubspot,
        link.salesforce,
        state=LinkState.FORGOTTEN,
        version=link.version,
    )
    several = replace(RULESET, our_user="")
    assert plan_contact(forgotten, several).effects == (SaveLink(ended, ("CH-9",)),)
    undeleted = replace(
        facts,
        link=ended,
        salesforce=a_lead(key="555002-7"),
        change=a_change(link.salesforce, Cause.RESTORED),
    )
    assert plan_contact(undeleted, several).effects == ()


@pytest.mark.rule("CH-9")
def test_a_person_who_comes_back_is_linked_with_what_a_privacy_deletion_left():
    """A new contact with the lead's address replaces the ended link."""
    contact, lead = a_contact(record_id="82"), a_lead(key="555002-7")
    ended = Link(
        "acme",
        Kind.CONTACT,
        Ref(H, "contact", "81"),
        lead.ref,
        state=LinkState.FORGOTTEN,
        version=2,
    )
    facts = replace(born_in_hubspot(contact, [lead]), tombstones=(ended,))
    dropped, saved, *_ = plan_contact(facts, RULESET).effects
    assert (dropped, saved.link.hubspot, saved.link.salesforce) == (
        DropLink(ended, ("DUP-1",)),
        contact.ref,
        lead.ref,
    )


@pytest.mark.rule("DUP-26")
def test_a_converted_leads_link_goes_on_with_its_contact():
    """The contact of a converted lead takes the lead's place, and its values are merged as
    usual.
    """
    facts = linked()
    contact = a_salesforce_contact({"Crmsync_HubSpot_Id__c": KEY, "Title": "Engineer"})
    plan = plan_contact(replace(facts, salesforce=contact), RULESET)
    assert plan.effects[1] == UpdateRecord(
        facts.hubspot.ref, H, {"jobtitle": "Engineer"}, ("MAP-3",)
    )
    assert plan.effects[0].link.salesforce == contact.ref
    assert plan.effects[2:] == (
        remember(H, facts.hubspot.ref, crmsync_salesforce_id=contact.ref.id),
    )


@pytest.mark.rule("DUP-26")
@pytest.mark.rule("MRG-3")
def test_a_pair_of_which_both_records_were_replaced_gets_a_new_link():
    """The contact was merged and its lead converted before either was synced: the old link is
    dropped, as it cannot be updated in place.
    """
    facts = linked()
    contact = a_contact(record_id="99", salesforce_id=LEAD_ID)
    converted = a_salesforce_contact({"Crmsync_HubSpot_Id__c": KEY})
    dropped, saved, *_ = plan_contact(
        replace(facts, hubspot=contact, salesforce=converted), RULESET
    ).effects
    assert dropped == DropLink(facts.link, ("DUP-26",))
    link = saved.link
    assert (link.hubspot, link.salesforce, link.version) == (contact.ref, converted.ref, 0)


@pytest.mark.rule("MRG-2")
def test_the_link_of_a_merged_record_becomes_a_tombstone_if_the_survivor_is_linked():
    """When the survivor of a merge belongs to another pair, the merged record's link becomes a
    tombstone and nothing is written.
    """
    facts = replace(linked(), survivor_is_linked=True)
    assert [type(one) for one in plan_contact(facts, RULESET).effects] == [SaveLink]


@pytest.mark.rule("MRG-3")
def test_deleting_the_lead_of_a_merged_contact_does_not_delete_the_survivor():
    """The surviving contact belongs to another pair, so the setting that deletes the contact of a
    deleted lead does not reach it.
    """
    facts = replace(linked(), salesforce=None, survivor_is_linked=True)
    assert [
        type(one) for one in plan_contact(facts, a_ruleset(delete_in_hubspot=True)).effects
    ] == [SaveLink]


@pytest.mark.rule("DUP-24")
def test_a_record_that_names_its_counterpart_is_linked_with_it_whatever_the_address():
    """The id that a record keeps of its counterpart outweighs the address, so a lost link is found
    again.
    """
    contact, lead = (
        a_contact(salesforce_id=LEAD_ID),
        a_lead({"Email": "other@example.com"}, key=KEY),
    )
    plan = plan_contact(replace(born_in_hubspot(contact), named_counterpart=lead), RULESET)
    (saved,) = (one for one in plan.effects if isinstance(one, SaveLink))
    assert (saved.link.hubspot, saved.link.salesforce) == (contact.ref, lead.ref)


def test_a_record_whose_counterpart_was_deleted_creates_no_new_one():
    """A contact that names a lead which no longer exists was linked once; an edit does not bring
    the lead back.
    """
    assert (
        plan_contact(
            replace(born_in_hubspot(a_contact(salesforce_id=LEAD_ID)), counterpart_is_gone=True),
            RULESET,
        ).effects
        == ()
    )


def test_a_lead_that_was_deleted_before_it_was_linked_gets_a_tombstone():
    """The contact does not name it, so without a link a later edit would create another lead."""
    contact, lead = a_contact(), Ref(Side.SALESFORCE, "Lead", LEAD_ID)
    facts = replace(born_in_hubspot(contact), counterpart_is_gone=True, made=lead)

    plan = plan_contact(facts, RULESET)

    tombstone = Link(
        "acme",
        Kind.CONTACT,
        contact.ref,
        lead,
        state=LinkState.TOMBSTONE,
        deleted_on=Side.SALESFORCE,
    )
    assert plan.effects == (SaveLink(tombstone, ("DEL-1",)),)


@pytest.mark.rule("CH-13")
def test_a_contact_whose_own_lead_belongs_to_another_pair_is_reported():
    """No second lead can be made, as the first one has its key. It waits for what that has become."""
    contact, made = a_contact(), Ref(Side.SALESFORCE, "Contact", LEAD_ID)

    plan = plan_contact(replace(born_in_hubspot(contact), made=made), RULESET)

    assert plan.effects == (counterpart_taken(contact.ref, made),)


def test_a_missing_record_that_was_never_linked_leads_to_an_empty_plan():
    """A change of a record that no longer exists and was never linked plans nothing."""
    assert (
        plan_contact(ContactFacts(a_change(a_contact().ref, Cause.DELETED)), RULESET).effects == ()
    )


@pytest.mark.rule("DUP-1")
def test_a_new_record_with_the_address_of_a_tombstone_replaces_it():
    """Only a new record with that address brings a person back, not an edit: the tombstone is
    dropped for the new link.
    """
    contact = a_contact(record_id="99")
    widow = a_lead(key=KEY)
    tombstone = replace(a_link(a_contact(), widow, RULESET), state=LinkState.TOMBSTONE)
    plan = plan_contact(
        replace(born_in_hubspot(contact, [widow]), tombstones=(tombstone,)), RULESET
    )
    dropped, saved, *written = plan.effects
    assert (dropped, saved.link.joins(contact.ref, widow.ref)) == (
        DropLink(tombstone, ("DUP-1",)),
        True,
    )
    assert written[-2:] == [
        remember(S, widow.ref, Crmsync_HubSpot_Id__c="555001-99"),
        remember(H, contact.ref, crmsync_salesforce_id=widow.ref.id),
    ]
    assert (plan.effects[1].link.hubspot, plan.effects[1].link.salesforce) == (
        contact.ref,
        widow.ref,
    )


@pytest.mark.rule("DEL-1")
@pytest.mark.parametrize(
    ("key", "gives_up"), [(KEY, True), ("999-1", False), ("", False)], ids=["own", "other", "none"]
)
def test_an_undeleted_lead_creates_its_contact_again_if_that_was_deleted_too(
    key: str, *, gives_up: bool
):
    """If the contact was deleted with the lead, undeleting the lead creates a new contact. Before
    the old link is dropped, the lead gives up the deleted contact's id, but not the id of another
    account's contact: from then on it is as any lead that was never linked.
    """
    lead = a_lead(key=key)
    tombstone = replace(a_link(a_contact(), lead, RULESET), state=LinkState.TOMBSTONE)
    restored = replace(
        linked(salesforce=lead),
        change=a_change(lead.ref, Cause.RESTORED),
        link=tombstone,
        hubspot=None,
    )
    ruleset = a_ruleset(delete_in_hubspot=True)
    *first, dropped, created = plan_contact(restored, ruleset).effects
    assert (first, dropped, type(created)) == (
        [remember(S, lead.ref, Crmsync_HubSpot_Id__c=None)] if gives_up else [],
        DropLink(tombstone, ("DEL-1",)),
        CreateRecord,
    )


@pytest.mark.rule("DEL-1")
def test_an_undeleted_lead_without_an_address_waits_for_one_as_any_other():
    """A lead that lost its address before it was deleted is reported until it has one again."""
    lead = a_lead({"Email": None}, key=KEY)
    link = a_link(a_contact(), lead, RULESET)
    tombstone = replace(link, state=LinkState.TOMBSTONE, deleted_on=S)
    restored = replace(linked(salesforce=lead), link=tombstone, hubspot=None)
    assert plan_contact(restored, a_ruleset(delete_in_hubspot=True)).effects == (
        remember(S, lead.ref, Crmsync_HubSpot_Id__c=None),
        DropLink(tombstone, ("DEL-1",)),
        waiting(lead.ref),
    )


@pytest.mark.rule("CH-9")
@pytest.mark.parametrize("deleted_on", [S, None])
def test_an_undeleted_lead_creates_no_contact_that_crmsync_has_not_deleted(deleted_on):
    """Where deletions do not cross, a person deleted the contact, perhaps for privacy, of which the
    webhook may be late.
    """
    facts = linked()
    tombstone = replace(facts.link, state=LinkState.TOMBSTONE, deleted_on=deleted_on)
    restored = a_change(facts.salesforce.ref, Cause.RESTORED)
    plan = plan_contact(replace(facts, change=restored, link=tombstone, hubspot=None), RULESET)
    assert plan.effects == ()


@pytest.mark.rule("DEL-1")
def test_an_old_undelete_does_not_bring_back_a_contact_that_was_deleted_later():
    """The lead was undeleted, and then a person deleted its contact: the message about the
    undelete creates no contact when it is delivered again.
    """
    facts = linked()
    tombstone = replace(facts.link, state=LinkState.TOMBSTONE, deleted_on=Side.HUBSPOT)
    again = a_change(facts.salesforce.ref, Cause.RESTORED)
    plan = plan_contact(replace(facts, change=again, link=tombstone, hubspot=None), RULESET)
    assert plan.effects == ()


@pytest.mark.rule("DUP-26")
@pytest.mark.rule("MRG-1")
def test_blanks_of_a_successor_are_filled_from_the_other_side():
    """A contact that replaces a lead and has fewer values clears nothing in HubSpot; its blanks are
    filled.
    """
    before = (
        a_contact({"jobtitle": "Engineer"}, salesforce_id=LEAD_ID),
        a_lead({"Title": "Engineer"}, key=KEY),
    )
    successor = a_salesforce_contact({"Title": None, "Email": None, "Crmsync_HubSpot_Id__c": KEY})
    plan = plan_contact(linked(salesforce=successor, agreed=before), RULESET)
    assert plan.effects[1] == UpdateRecord(
        successor.ref, S, {"Email": "ada@example.com", "Title": "Engineer"}, ("MAP-3",)
    )
    assert [
        effect.side
        for effect in plan.effects
        if isinstance(effect, UpdateRecord) and not effect.best_effort
    ] == [S]
