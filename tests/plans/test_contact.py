"""What is decided for one contact: facts in, whole plans out."""

from dataclasses import replace

import pytest

from crmsync.model.changes import Cause
from crmsync.model.effects import (
    Category,
    Conflict,
    CreateRecord,
    DeleteRecord,
    DropLink,
    OptOut,
    Plan,
    Report,
    SaveLink,
    UpdateRecord,
)
from crmsync.model.fields import FieldRule, Form, Update
from crmsync.model.links import Link, LinkState, tags
from crmsync.model.records import Kind, Side
from crmsync.model.settings import CreateInHubspot, CreateInSalesforce
from crmsync.plans.contact import ContactFacts, is_quiet, plan_contact
from crmsync.rules.births import NEW
from crmsync.rules.owners import OwnerBook
from tests.builders import LEAD_ID, OUR_USER, a_book, a_change, a_contact, a_lead, a_link, a_salesforce_contact, base_of

H, S = Side.HUBSPOT, Side.SALESFORCE
BOOK = a_book()
KEY = "555001-81"


def linked(hubspot=None, salesforce=None, *, agreed=None, **link):
    """Facts of a pair that agreed on `agreed` (HubSpot record, Salesforce record) and now shows these two."""
    before_h, before_s = agreed or (a_contact(salesforce_id=LEAD_ID), a_lead(key=KEY))
    return ContactFacts(
        a_change(before_h.ref),
        a_link(before_h, before_s, BOOK, **link),
        hubspot or before_h,
        salesforce or before_s,
    )


def born_in_hubspot(contact, candidates=(), taken=frozenset()):
    return ContactFacts(a_change(contact.ref), hubspot=contact, candidates=tuple(candidates), taken=taken)


def born_in_salesforce(record, candidates=(), taken=frozenset()):
    return ContactFacts(a_change(record.ref), salesforce=record, candidates=tuple(candidates), taken=taken)


def remember(side, ref, **fields):
    """The write of a field of our own, which nothing depends on."""
    return UpdateRecord(ref, side, fields, ("DUP-24",), courtesy=True)


def pair(**fields):
    """A linked contact and lead that show the ids of each other."""
    return a_contact(fields.get("hubspot"), salesforce_id=LEAD_ID), a_lead(fields.get("salesforce"), key=KEY)


@pytest.mark.rule("SET-2")
@pytest.mark.rule("FLD-7")
def test_a_new_hubspot_contact_becomes_a_lead():
    """A new HubSpot contact makes a lead, company name included; its link is ready for the lead's id."""
    contact = a_contact({"company": "Example GmbH", "phone": "+49 731 0100"})
    shown = {
        "Email": "ada@example.com",
        "FirstName": "Ada",
        "LastName": "Lang",
        "Company": "Example GmbH",
        "Phone": "+49 731 0100",
    }
    link = Link(
        "acme",
        Kind.CONTACT,
        contact.ref,
        NEW,
        base_of(contact.fields, BOOK, H),
        base_of(shown, BOOK, S),
        tags(shown),
        hubspot_owner="",
    )
    create = CreateRecord(S, "Lead", KEY, shown, NEW, ("SET-2", "SET-3", "OWN-9"), assign=True)
    assert plan_contact(born_in_hubspot(contact), BOOK) == Plan((create,), birth=link)


def test_a_newborns_pair_learns_each_others_ids_and_is_linked_at_once():
    """As soon as the lead exists the pair is looked at: HubSpot learns the lead's id, and only what the lead shows otherwise is news."""
    contact = a_contact()
    plan = plan_contact(born_in_hubspot(contact), BOOK)
    lead = a_lead(key=KEY, by=OUR_USER)
    assert plan.birth is not None
    pair = plan_contact(
        ContactFacts(a_change(contact.ref), replace(plan.birth, salesforce=lead.ref), contact, lead), BOOK
    )
    assert pair == Plan(
        (
            SaveLink(replace(plan.birth, salesforce=lead.ref), ("DUP-1",)),
            remember(H, contact.ref, crmsync_salesforce_id=LEAD_ID),
        )
    )


@pytest.mark.rule("SET-3")
@pytest.mark.rule("FLD-6")
def test_a_new_hubspot_contact_becomes_a_contact_if_the_settings_say_so():
    """With the default object Contact, a Salesforce contact is made, and the company name does not go with it."""
    book = a_book(create_in_salesforce=CreateInSalesforce.CONTACT)
    created = plan_contact(born_in_hubspot(a_contact({"company": "Example GmbH"})), book).effects[0]
    shown = {"Email": "ada@example.com", "FirstName": "Ada", "LastName": "Lang"}
    assert created == CreateRecord(S, "Contact", KEY, shown, NEW, ("SET-2", "SET-3", "OWN-13"))


@pytest.mark.rule("SET-2")
def test_a_new_hubspot_contact_stays_alone_if_the_settings_say_never():
    """With creation off, a new HubSpot contact makes nothing in Salesforce."""
    book = a_book(create_in_salesforce=CreateInSalesforce.NEVER)
    assert plan_contact(born_in_hubspot(a_contact()), book).effects == ()


@pytest.mark.rule("Q-35")
@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({}, {"LastName": "ada", "Company": "example.com"}),
        (
            {"last_name_fallback": "Unknown", "company_fallback": "Private"},
            {"LastName": "Unknown", "Company": "Private"},
        ),
    ],
)
def test_a_lead_gets_the_names_that_salesforce_requires(settings, names):
    """Without a last name or company, the settings say where one comes from."""
    contact = a_contact({"lastname": None, "firstname": None})
    created = plan_contact(born_in_hubspot(contact), a_book(**settings)).effects[0]
    assert isinstance(created, CreateRecord)
    assert created.fields == {"Email": "ada@example.com"} | names


@pytest.mark.rule("Q-35")
def test_a_lead_without_a_required_name_and_without_a_fallback_is_an_error():
    """Where the settings name no fallback, the missing name is shown and nothing is made."""
    plan = plan_contact(born_in_hubspot(a_contact()), a_book(company_fallback=""))
    assert [(type(effect), effect.fieldname) for effect in plan.effects] == [(Report, "Company")]


@pytest.mark.rule("SET-1")
@pytest.mark.rule("INC-6")
@pytest.mark.parametrize(
    ("setting", "lead", "contact"),
    [
        (CreateInHubspot.LEADS_AND_CONTACTS, True, True),
        (CreateInHubspot.LEADS_ONLY, True, False),
        (CreateInHubspot.CONTACTS_ONLY, False, True),
        (CreateInHubspot.NEVER, False, False),
    ],
)
def test_which_salesforce_records_become_hubspot_contacts(setting, lead, contact):
    """The setting says whether new leads, new contacts, both or neither make a HubSpot contact."""
    book = a_book(create_in_hubspot=setting)
    assert bool(plan_contact(born_in_salesforce(a_lead()), book).effects) is lead
    assert bool(plan_contact(born_in_salesforce(a_salesforce_contact()), book).effects) is contact


@pytest.mark.rule("SET-1")
def test_a_new_lead_becomes_a_hubspot_contact():
    """A new lead makes a HubSpot contact with its values in HubSpot's form; its link is ready for the contact's id."""
    lead = a_lead({"HasOptedOutOfEmail": True, "AnnualRevenue": 1200000.0})
    shown = {
        "email": "ada@example.com",
        "firstname": "Ada",
        "lastname": "Lang",
        "company": "example.com",
        "annualrevenue": "1200000",
    }
    link = Link(
        "acme",
        Kind.CONTACT,
        NEW,
        lead.ref,
        base_of(shown, BOOK, H),
        base_of(lead.fields, BOOK, S),
        hubspot_owner="",
        salesforce_owner="",
    )
    create = CreateRecord(H, "contact", LEAD_ID, shown, NEW, ("SET-1", "INC-6"))
    assert plan_contact(born_in_salesforce(lead), BOOK) == Plan((create,), birth=link)


@pytest.mark.rule("OPT-7")
def test_a_lead_that_is_opted_out_makes_an_unsubscribed_contact():
    """The opt-out is carried the first time that the contact syncs, right after it was made."""
    lead = a_lead({"HasOptedOutOfEmail": True})
    plan = plan_contact(born_in_salesforce(lead), BOOK)
    contact = a_contact({"company": "example.com"}, salesforce_id=LEAD_ID)
    assert plan.birth is not None
    pair = plan_contact(ContactFacts(a_change(lead.ref), replace(plan.birth, hubspot=contact.ref), contact, lead), BOOK)
    assert pair.effects[0] == OptOut("ada@example.com", ("OPT-4",))
    assert pair.effects[2:] == (remember(S, lead.ref, Crmsync_HubSpot_Id__c=KEY),)


@pytest.mark.rule("TRG-17")
@pytest.mark.parametrize(
    "facts",
    [born_in_hubspot(a_contact({"email": None})), born_in_salesforce(a_lead({"Email": " "}))],
    ids=["HubSpot", "Salesforce"],
)
def test_a_record_without_an_address_waits(facts):
    """Without an e-mail address a record waits, and is listed as waiting and not as an error."""
    effects = plan_contact(facts, BOOK).effects
    assert [(type(one), one.category) for one in effects] == [(Report, Category.WAITING)]


@pytest.mark.rule("DUP-1")
def test_a_person_that_the_other_side_has_already_is_linked_not_doubled():
    """The same address on the other side is the same person: the two are linked, blanks filled from either side."""
    contact = a_contact({"jobtitle": "Engineer"})
    lead = a_lead({"Phone": "0100"})
    plan = plan_contact(born_in_hubspot(contact, [lead]), BOOK)
    assert plan.effects[:2] == (
        UpdateRecord(lead.ref, S, {"Title": "Engineer"}, ("MAP-3",)),
        UpdateRecord(contact.ref, H, {"phone": "0100", "company": "example.com"}, ("MAP-3",)),
    )
    assert isinstance(plan.effects[2], SaveLink)
    assert (plan.effects[2].link.hubspot, plan.effects[2].link.salesforce) == (contact.ref, lead.ref)
    assert plan.effects[3:] == (
        remember(S, lead.ref, Crmsync_HubSpot_Id__c=KEY),
        remember(H, contact.ref, crmsync_salesforce_id=LEAD_ID),
    )


@pytest.mark.rule("CH-13")
def test_a_second_record_with_the_address_of_a_linked_one_is_reported():
    """A link is lasting: a second lead with the same address is a finding, not a reason to link anew."""
    contact = a_contact()
    plan = plan_contact(born_in_salesforce(a_lead(), [contact], frozenset({contact.ref})), BOOK)
    assert [(type(one), one.category) for one in plan.effects] == [(Report, Category.DUPLICATES)]


def test_an_echo_plans_to_nothing():
    """A pair that shows what was agreed plans to nothing, whatever the message said."""
    assert plan_contact(linked(), BOOK) == Plan()


def test_a_quiet_record_needs_no_look_across():
    """A record that shows what was agreed is quiet; one with a new value is not, nor is one of a buried link."""
    hubspot, salesforce = pair()
    link = a_link(hubspot, salesforce, BOOK)
    assert is_quiet(hubspot, link, BOOK)
    assert is_quiet(salesforce, link, BOOK)
    assert not is_quiet(a_contact({"phone": "1"}), link, BOOK)
    assert not is_quiet(hubspot, replace(link, state=LinkState.TOMBSTONE), BOOK)


def test_edits_of_different_fields_on_both_sides_both_survive():
    """HubSpot's new phone goes to Salesforce and Salesforce's new title to HubSpot, and the base takes both in."""
    hubspot, salesforce = pair(hubspot={"phone": "0100"}, salesforce={"Title": "Engineer"})
    facts = linked(hubspot, salesforce)
    merged_h = dict(hubspot.fields) | {"jobtitle": "Engineer"}
    merged_s = dict(salesforce.fields) | {"Phone": "0100"}
    saved = replace(
        facts.link,
        hubspot_base=base_of(merged_h, BOOK, H),
        salesforce_base=base_of(merged_s, BOOK, S),
        wrote=tags(["Phone"]),
    )
    assert plan_contact(facts, BOOK) == Plan(
        (
            UpdateRecord(salesforce.ref, S, {"Phone": "0100"}, ("MAP-3",)),
            UpdateRecord(hubspot.ref, H, {"jobtitle": "Engineer"}, ("MAP-3",)),
            SaveLink(saved),
        )
    )


@pytest.mark.rule("Q-21")
@pytest.mark.parametrize(
    ("hubspot_at", "salesforce_at", "winner"),
    [(5, 4, H), (4, 5, S), (5, 5, S)],
    ids=["HubSpot later", "Salesforce later", "a tie goes to Salesforce"],
)
def test_the_same_field_edited_on_both_sides_follows_the_latest(hubspot_at, salesforce_at, winner):
    """The age of HubSpot's property against the age of Salesforce's record decides, and the conflict is told with both values."""
    hubspot = a_contact({"phone": "1"}, salesforce_id=LEAD_ID, modified=9, ages={"phone": hubspot_at})
    salesforce = a_lead({"Phone": "2"}, key=KEY, modified=salesforce_at)
    plan = plan_contact(linked(hubspot, salesforce), BOOK)
    assert plan.conflicts == (Conflict("phone", "Phone", "1", "2", "two_way", winner),)
    written = {
        H: UpdateRecord(salesforce.ref, S, {"Phone": "1"}, ("MAP-3",)),
        S: UpdateRecord(hubspot.ref, H, {"phone": "2"}, ("MAP-3",)),
    }
    assert plan.effects[0] == written[winner]


def test_both_sides_edited_to_the_same_value_only_moves_the_base():
    """Nothing needs to be written, but the two agree on something new, and the link remembers it."""
    hubspot, salesforce = pair(hubspot={"phone": "+1 (0)100"}, salesforce={"Phone": "+10100"})
    assert [type(one) for one in plan_contact(linked(hubspot, salesforce), BOOK).effects] == [SaveLink]


@pytest.mark.rule("OPT-4")
def test_ticking_email_opt_out_unsubscribes_in_hubspot():
    """The opt-out goes to HubSpot through its communication preferences, not as a property."""
    hubspot, salesforce = pair(salesforce={"HasOptedOutOfEmail": True})
    plan = plan_contact(linked(hubspot, salesforce), BOOK)
    assert plan.effects[0] == OptOut("ada@example.com", ("OPT-4",))


@pytest.mark.rule("OPT-5")
def test_unticking_email_opt_out_is_undone():
    """While HubSpot says unsubscribed, the box is ticked again and HubSpot is left alone."""
    out = pair(hubspot={"hs_email_optout": "true"}, salesforce={"HasOptedOutOfEmail": True})
    hubspot, salesforce = pair(hubspot={"hs_email_optout": "true"}, salesforce={"HasOptedOutOfEmail": False})
    plan = plan_contact(linked(hubspot, salesforce, agreed=out), BOOK)
    assert plan.effects[0] == UpdateRecord(salesforce.ref, S, {"HasOptedOutOfEmail": True}, ("OPT-5",))
    assert [type(one) for one in plan.effects] == [UpdateRecord, SaveLink]


def test_a_value_that_cannot_cross_does_not_hold_back_the_others():
    """A text where Salesforce has a number is reported; the other fields are carried and the bad one stays unagreed."""
    hubspot, salesforce = pair(hubspot={"annualrevenue": "a lot", "phone": "0100"})
    plan = plan_contact(linked(hubspot, salesforce), BOOK)
    update, saved, report = plan.effects
    assert update == UpdateRecord(salesforce.ref, S, {"Phone": "0100"}, ("MAP-3",))
    assert (report.category, report.fieldname) == (Category.VALIDATION, "annualrevenue")
    again = plan_contact(
        replace(
            linked(hubspot, replace(salesforce, fields=dict(salesforce.fields) | {"Phone": "0100"})), link=saved.link
        ),
        BOOK,
    )
    assert [type(one) for one in again.effects] == [Report]


@pytest.mark.parametrize("gone", ["hubspot", "salesforce"])
def test_a_deleted_record_leaves_a_tombstone_and_nothing_is_deleted_across(gone):
    """When one of the two is gone, the link is buried; the other record stays as it is."""
    facts = replace(linked(), **{gone: None})
    assert plan_contact(facts, BOOK) == Plan((SaveLink(replace(facts.link, state=LinkState.TOMBSTONE), ("DEL-1",)),))


def test_an_edit_does_not_bring_a_buried_pair_back():
    """A tombstoned record is not made again by an edit of the other one."""
    hubspot, salesforce = pair(hubspot={"phone": "1"})
    facts = linked(hubspot, salesforce)
    buried = replace(facts, link=replace(facts.link, state=LinkState.TOMBSTONE), salesforce=None)
    assert plan_contact(buried, BOOK).effects == ()


def test_an_undeleted_record_is_linked_again():
    """When both records of a buried link exist again, the pair goes on as if nothing had happened."""
    hubspot, salesforce = pair(hubspot={"phone": "1"})
    facts = linked(hubspot, salesforce)
    again = plan_contact(replace(facts, link=replace(facts.link, state=LinkState.TOMBSTONE)), BOOK)
    assert again == plan_contact(facts, BOOK)


@pytest.mark.rule("DEL-1")
def test_a_deletion_in_salesforce_deletes_the_contact_only_by_the_setting():
    """With the setting, the HubSpot contact goes to the recycle bin; a deletion in HubSpot deletes nothing in Salesforce."""
    book = a_book(delete_in_hubspot=True)
    facts = linked()
    buried = SaveLink(replace(facts.link, state=LinkState.TOMBSTONE), ("DEL-1",))
    assert plan_contact(replace(facts, salesforce=None), book) == Plan(
        (DeleteRecord(facts.hubspot.ref, ("DEL-1",)), buried)
    )
    assert plan_contact(replace(facts, hubspot=None), book) == Plan((buried,))


@pytest.mark.rule("CH-9")
def test_a_deletion_is_noticed_outside_the_inclusion_list_too():
    """A contact that left the list is frozen, but the deletion of its Salesforce record is not missed."""
    book = a_book(inclusion_list="77", delete_in_hubspot=True)
    facts = replace(linked(), salesforce=None)
    assert [type(one) for one in plan_contact(facts, book).effects] == [DeleteRecord, SaveLink]


def test_a_contact_that_asks_to_be_forgotten_is_forgotten():
    """After a privacy deletion the link and its hashes are gone."""
    facts = replace(linked(), hubspot=None)
    forgotten = replace(facts, change=a_change(facts.change.ref, Cause.FORGOTTEN))
    assert plan_contact(forgotten, BOOK).effects == (DropLink(facts.link),)


@pytest.mark.rule("DUP-26")
def test_a_converted_leads_link_goes_on_with_its_contact():
    """The contact of a converted lead takes the lead's place, and what it shows is merged as usual."""
    facts = linked()
    contact = a_salesforce_contact({"Crmsync_HubSpot_Id__c": KEY, "Title": "Engineer"})
    plan = plan_contact(replace(facts, salesforce=contact), BOOK)
    assert plan.effects[0] == UpdateRecord(facts.hubspot.ref, H, {"jobtitle": "Engineer"}, ("MAP-3",))
    assert plan.effects[1].link.salesforce == contact.ref
    assert plan.effects[2:] == (remember(H, facts.hubspot.ref, crmsync_salesforce_id=contact.ref.id),)


@pytest.mark.rule("MRG-2")
def test_a_loser_whose_survivor_is_linked_already_is_buried():
    """When the survivor of a merge belongs to another pair, the loser's link is buried and nothing is written."""
    facts = replace(linked(), outlived=True)
    assert [type(one) for one in plan_contact(facts, BOOK).effects] == [SaveLink]


@pytest.mark.rule("DUP-24")
def test_a_record_that_names_its_counterpart_is_linked_with_it_whatever_the_address():
    """The id that a record keeps of its counterpart outweighs the address: a lost link is found again."""
    contact, lead = a_contact(salesforce_id=LEAD_ID), a_lead({"Email": "other@example.com"}, key=KEY)
    plan = plan_contact(replace(born_in_hubspot(contact), remembered=lead), BOOK)
    (saved,) = (one for one in plan.effects if isinstance(one, SaveLink))
    assert (saved.link.hubspot, saved.link.salesforce) == (contact.ref, lead.ref)


def test_a_record_whose_counterpart_was_deleted_makes_no_new_one():
    """A contact that names a lead which no longer exists was in step once; an edit does not bring the lead back."""
    assert plan_contact(replace(born_in_hubspot(a_contact(salesforce_id=LEAD_ID)), orphaned=True), BOOK).effects == ()


def test_a_record_that_is_gone_and_was_never_linked_is_no_business_of_ours():
    """A change of something that no longer exists and was never linked plans to nothing."""
    assert plan_contact(ContactFacts(a_change(a_contact().ref, Cause.DELETED)), BOOK).effects == ()


def test_a_custom_mapping_joins_the_default_ones():
    """An operator's row is carried like any other, under its own policy."""
    book = a_book(field=(FieldRule("favourite_colour", "Favourite_Colour__c", Update.ALWAYS_HUBSPOT, Form.TEXT),))
    hubspot, salesforce = pair(hubspot={"favourite_colour": "red"})
    facts = ContactFacts(a_change(hubspot.ref), a_link(*pair(), book), hubspot, salesforce)
    assert plan_contact(facts, book).effects[0] == UpdateRecord(
        salesforce.ref, S, {"Favourite_Colour__c": "red"}, ("MAP-2",)
    )


def test_a_custom_row_that_names_a_default_pair_only_changes_its_policy():
    """Naming a default pair again changes whose value counts, and maps nothing twice."""
    book = a_book(field=(FieldRule("phone", "Phone", Update.NEVER),))
    assert "phone" not in book.pages["Lead"].hubspot_forms
    assert "phone" in BOOK.pages["Lead"].hubspot_forms


@pytest.mark.rule("TEN-1")
def test_a_salesforce_key_of_another_portal_is_left_alone():
    """Where several portals share an org, the record keeps the id of the portal that linked it first."""
    hubspot, salesforce = a_contact(salesforce_id=LEAD_ID), a_lead(key="555002-7")
    assert plan_contact(linked(hubspot, salesforce, agreed=(hubspot, salesforce)), BOOK) == Plan()


@pytest.mark.rule("CH-12")
@pytest.mark.parametrize(("account", "target"), [("001000000000001AAA", "Contact"), ("", "Lead")])
def test_a_customers_colleague_becomes_a_contact_and_a_stranger_a_lead(account, target):
    """Where the settings ask for it, a person whose domain has an account becomes a contact under it, anybody else a lead."""
    book = a_book(create_in_salesforce=CreateInSalesforce.CONTACT_IF_ACCOUNT)
    (create,) = plan_contact(replace(born_in_hubspot(a_contact()), account=account), book).effects
    assert (create.object, create.fields.get("AccountId")) == (target, account or None)


@pytest.mark.rule("DUP-1")
def test_a_new_record_with_the_address_of_a_widowed_one_takes_the_tombstones_place():
    """Only a new record with that address, not an edit, brings a person back: the tombstone makes room for the new link."""
    contact = a_contact(record_id="99")
    widow = a_lead(key=KEY)
    buried = replace(a_link(a_contact(), widow, BOOK), state=LinkState.TOMBSTONE)
    plan = plan_contact(replace(born_in_hubspot(contact, [widow]), buried=(buried,)), BOOK)
    assert [type(one) for one in plan.effects] == [DropLink, UpdateRecord, SaveLink, UpdateRecord]
    assert (plan.effects[2].link.hubspot, plan.effects[2].link.salesforce) == (contact.ref, widow.ref)


@pytest.mark.rule("DEL-1")
def test_a_lead_that_is_undeleted_makes_its_contact_anew_if_that_was_deleted_with_it():
    """When the contact went with the lead, an undelete of the lead makes a new contact and forgets the old link."""
    facts = linked()
    buried = replace(facts.link, state=LinkState.TOMBSTONE)
    restored = replace(facts, change=a_change(facts.salesforce.ref, Cause.RESTORED), link=buried, hubspot=None)
    assert [type(one) for one in plan_contact(restored, BOOK).effects] == [DropLink, CreateRecord]


@pytest.mark.rule("OWN-12")
@pytest.mark.rule("Q-21")
@pytest.mark.parametrize(("hubspot_at", "winner"), [(9, H), (1, S)])
def test_owners_that_changed_on_both_sides_follow_the_latest(hubspot_at, winner):
    """The age of HubSpot's owner property against the age of Salesforce's record decides, and the conflict is told."""
    book = a_book(owners=OwnerBook({"1": "005J", "2": "005A"}, {"005J": "1", "005A": "2", "005X": "3"}))
    before = a_contact({"hubspot_owner_id": "1"}, salesforce_id=LEAD_ID), a_lead({"OwnerId": "005J"}, key=KEY)
    hubspot = a_contact({"hubspot_owner_id": "2"}, salesforce_id=LEAD_ID, ages={"hubspot_owner_id": hubspot_at})
    facts = ContactFacts(
        a_change(hubspot.ref), a_link(*before, book), hubspot, a_lead({"OwnerId": "005X"}, key=KEY, modified=5)
    )
    plan = plan_contact(facts, book)
    assert plan.conflicts == (Conflict("hubspot_owner_id", "OwnerId", "2", "005X", "two_way", winner),)
    assert plan.effects[0].fields == ({"OwnerId": "005A"} if winner is H else {"hubspot_owner_id": "3"})
