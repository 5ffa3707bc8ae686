"""What is decided for a linked contact that was edited: facts in, whole plans out."""

from dataclasses import replace

import pytest

from crmsync.model.conflicts import FieldConflict
from crmsync.model.crm_names import PARENT_ACCOUNT, PRIMARY_COMPANY
from crmsync.model.effects import (
    Category,
    Dissociate,
    OptOut,
    Report,
    RequestSync,
    SaveLink,
    UpdateRecord,
)
from crmsync.model.fields import FieldRule, FieldType, Update
from crmsync.model.fingerprints import Base, tags
from crmsync.model.links import LinkState
from crmsync.model.names import SALESFORCE_KEY
from crmsync.model.plan import Plan
from crmsync.model.records import Kind, Origin, Ref
from crmsync.plans.contact import ContactFacts, plan_contact
from crmsync.rules.merge.intents import revision_on
from crmsync.rules.merge.owners import OwnerMatches
from crmsync.rules.pair.plan import view_alone
from tests.builders import (
    CONTACT_ID,
    LEAD_ID,
    OUR_APP,
    a_change,
    a_connection,
    a_contact,
    a_lead,
    a_link,
    a_ruleset,
    a_salesforce_contact,
    at,
    base_of,
)
from tests.plans.contact_facts import (
    KEY,
    RULESET,
    H,
    S,
    announcing,
    linked,
    pair,
    remember,
    shows_nothing_new,
)


def test_an_echo_leads_to_an_empty_plan():
    """A pair that shows what was agreed gets an empty plan, whatever the message said."""
    assert plan_contact(linked(), RULESET) == Plan()


def test_an_unchanged_record_needs_no_read_of_the_other_side():
    """A record that shows what was agreed is unchanged; one with a new value is not, nor is one of
    a tombstone.
    """
    hubspot, salesforce = pair()
    link = a_link(hubspot, salesforce, RULESET)
    assert shows_nothing_new(hubspot, link, RULESET)
    assert shows_nothing_new(salesforce, link, RULESET)
    assert not shows_nothing_new(a_contact({"phone": "1"}), link, RULESET)
    assert not shows_nothing_new(hubspot, replace(link, state=LinkState.TOMBSTONE), RULESET)


@pytest.mark.rule("DUP-24")
@pytest.mark.parametrize(
    "shown", [None, "00Q000000000009AAA"], ids=["none", "the id of another lead"]
)
def test_a_contact_that_does_not_name_its_lead_gets_its_id_again(shown):
    """A missing or wrong id of the counterpart is news, although everything else is agreed on."""
    hubspot, salesforce = pair()
    link = a_link(hubspot, salesforce, RULESET)
    unnamed = a_contact(salesforce_id=shown)
    assert not shows_nothing_new(unnamed, link, RULESET)
    assert not shows_nothing_new(a_lead(), link, RULESET)
    assert plan_contact(linked(unnamed), RULESET) == Plan(
        (remember(H, hubspot.ref, crmsync_salesforce_id=LEAD_ID),)
    )
    assert plan_contact(linked(salesforce=a_lead()), RULESET) == Plan(
        (remember(S, salesforce.ref, Crmsync_HubSpot_Id__c=KEY),)
    )


def test_edits_of_different_fields_on_both_sides_both_survive():
    """HubSpot's new phone goes to Salesforce, Salesforce's new title goes to HubSpot, and the base
    has both.
    """
    hubspot, salesforce = pair(hubspot={"phone": "0100"}, salesforce={"Title": "Engineer"})
    facts = linked(hubspot, salesforce)
    merged_h = dict(hubspot.fields) | {"jobtitle": "Engineer"}
    merged_s = dict(salesforce.fields) | {"Phone": "0100"}
    saved = replace(
        facts.link,
        hubspot_base=base_of(merged_h, RULESET, H),
        salesforce_base=base_of(merged_s, RULESET, S),
        wrote=tags(["Phone"]),
    )
    announced = announcing(saved, facts, hubspot={"jobtitle": None}, salesforce={"Phone": None})
    assert plan_contact(facts, RULESET) == Plan(
        (
            SaveLink(announced),
            UpdateRecord(hubspot.ref, H, {"jobtitle": "Engineer"}, ("MAP-3",)),
            UpdateRecord(salesforce.ref, S, {"Phone": "0100"}, ("MAP-3",)),
        )
    )


@pytest.mark.rule("Q-21")
@pytest.mark.parametrize(
    ("hubspot_at", "salesforce_at", "winner"),
    [(5, 4, H), (4, 5, S), (5, 5, S)],
    ids=["HubSpot later", "Salesforce later", "a tie goes to Salesforce"],
)
def test_the_same_field_edited_on_both_sides_follows_the_latest(hubspot_at, salesforce_at, winner):
    """HubSpot's time of the property is compared with Salesforce's time of the record, and the
    conflict is recorded with both values.
    """
    hubspot = a_contact(
        {"phone": "1"}, salesforce_id=LEAD_ID, modified=9, ages={"phone": hubspot_at}
    )
    salesforce = a_lead({"Phone": "2"}, key=KEY, modified=salesforce_at)
    plan = plan_contact(linked(hubspot, salesforce), RULESET)
    assert plan.conflicts == (FieldConflict("phone", "Phone", "1", "2", "two_way", winner),)
    written = {
        H: UpdateRecord(salesforce.ref, S, {"Phone": "1"}, ("MAP-3",)),
        S: UpdateRecord(hubspot.ref, H, {"phone": "2"}, ("MAP-3",)),
    }
    assert plan.effects[1] == written[winner]


@pytest.mark.rule("Q-21")
@pytest.mark.parametrize(
    ("named", "is_first_meeting", "winner"),
    [("00Q000000000999AAA", True, H), (LEAD_ID, True, S), ("00Q000000000999AAA", False, S)],
    ids=["another lead brought it", "this lead did", "the two have agreed before"],
)
def test_what_another_lead_brought_is_no_echo_of_this_one(named, is_first_meeting, winner):
    """Our write of the contact's phone number is later than the lead's edit. If it came from a lead
    that is gone, and in whose place this one is linked now, its time counts.
    """
    hubspot = replace(
        a_contact({"phone": "1"}, salesforce_id=named), origins={"phone": Origin(at(6), OUR_APP)}
    )
    facts = linked(hubspot, a_lead({"Phone": "2"}, key=KEY, modified=5))
    if is_first_meeting:
        link = replace(facts.link, hubspot_base=Base(), salesforce_base=Base())
        facts = replace(facts, link=link)
    plan = plan_contact(facts, RULESET)
    assert plan.conflicts == (FieldConflict("phone", "Phone", "1", "2", "two_way", winner),)


def test_the_same_edit_on_both_sides_only_changes_the_base():
    """Nothing is written, but the two agree on something new, and the link keeps it."""
    hubspot, salesforce = pair(hubspot={"phone": "+1 (0)100"}, salesforce={"Phone": "+10100"})
    assert [type(one) for one in plan_contact(linked(hubspot, salesforce), RULESET).effects] == [
        SaveLink
    ]


@pytest.mark.rule("OPT-4")
def test_ticking_email_opt_out_unsubscribes_in_hubspot():
    """The opt-out goes to HubSpot through its communication preferences, not as a property."""
    hubspot, salesforce = pair(salesforce={"HasOptedOutOfEmail": True})
    plan = plan_contact(linked(hubspot, salesforce), RULESET)
    assert plan.effects[1] == OptOut("ada@example.com", ("OPT-4",))


@pytest.mark.rule("OPT-3")
def test_a_contact_without_an_address_is_not_unsubscribed():
    """HubSpot keeps opt-outs by address, so a contact that has lost its address leaves nothing to
    unsubscribe; its other edits cross.
    """
    before = (
        a_contact({"hs_email_optout": "true"}, salesforce_id=LEAD_ID),
        a_lead({"HasOptedOutOfEmail": True}, key=KEY),
    )
    contact = a_contact(
        {"hs_email_optout": "true", "email": None, "firstname": "Eva"}, salesforce_id=LEAD_ID
    )
    plan = plan_contact(linked(contact, before[1], agreed=before), RULESET)
    assert [type(effect) for effect in plan.effects] == [SaveLink, UpdateRecord]
    assert plan.effects[1].fields == {"Email": None, "FirstName": "Eva"}


@pytest.mark.rule("OPT-6")
@pytest.mark.parametrize("side", [H, S])
def test_an_opted_out_contact_that_has_lost_its_address_rests(side):
    """Whichever side takes the address away, the opt-out stays agreed on: once the other side shows
    it, there is nothing to save.
    """
    hubspot, salesforce = {"hs_email_optout": "true"}, {"HasOptedOutOfEmail": True}
    out = pair(hubspot=hubspot, salesforce=salesforce)
    no_contact, no_lead = pair(
        hubspot=hubspot | {"email": None}, salesforce=salesforce | {"Email": None}
    )
    shown = (no_contact, out[1]) if side is H else (out[0], no_lead)
    effects = plan_contact(linked(*shown, agreed=out), RULESET).effects
    assert [type(one) for one in effects] == [SaveLink, UpdateRecord]
    save, update = effects
    assert update.fields == {"Email" if side is H else "email": None}
    revision = revision_on(save.link, update.place, side.other, 555001)
    written = pair(
        hubspot=no_contact.fields | (revision if side is S else {}),
        salesforce=no_lead.fields | (revision if side is H else {}),
    )
    assert plan_contact(replace(linked(*written), link=save.link), RULESET) == Plan()


@pytest.mark.rule("OPT-4")
def test_an_opt_out_waits_for_an_address():
    """The box of a contact without an address leads to nothing in HubSpot, and to one save."""
    nobody = a_contact({"email": None}, salesforce_id=LEAD_ID), a_lead({"Email": None}, key=KEY)
    ticked = a_lead({"Email": None, "HasOptedOutOfEmail": True}, key=KEY)
    facts = linked(nobody[0], ticked, agreed=nobody)
    (save,) = plan_contact(facts, RULESET).effects
    assert plan_contact(replace(facts, link=save.link), RULESET) == Plan()
    back = replace(facts, link=save.link, hubspot=a_contact(salesforce_id=LEAD_ID))
    assert OptOut("ada@example.com", ("OPT-6",)) in plan_contact(back, RULESET).effects


@pytest.mark.rule("OPT-6")
def test_an_opt_out_whose_address_waits_is_requested_once():
    """Both sides have a new address, and another contact has the one that wins. The person is
    unsubscribed under the address that HubSpot shows; the next read asks for nothing again.
    """
    out = pair(hubspot={"hs_email_optout": "true"}, salesforce={"HasOptedOutOfEmail": True})
    hubspot, salesforce = pair(
        hubspot={"hs_email_optout": "true", "email": "eva@example.com"},
        salesforce={"HasOptedOutOfEmail": True, "Email": "grace@example.com"},
    )
    facts = replace(linked(hubspot, salesforce, agreed=out), holder=Ref(H, "contact", "99"))
    first = plan_contact(facts, RULESET)
    (save,) = (effect for effect in first.effects if isinstance(effect, SaveLink))
    assert OptOut("eva@example.com", ("OPT-6",)) in first.effects
    again = plan_contact(replace(facts, link=save.link), RULESET)
    assert [type(effect) for effect in again.effects] == [Report]


@pytest.mark.rule("OPT-5")
def test_unticking_email_opt_out_is_undone():
    """While HubSpot shows the opt-out, the box is ticked again and HubSpot is left alone."""
    out = pair(hubspot={"hs_email_optout": "true"}, salesforce={"HasOptedOutOfEmail": True})
    hubspot, salesforce = pair(
        hubspot={"hs_email_optout": "true"}, salesforce={"HasOptedOutOfEmail": False}
    )
    plan = plan_contact(linked(hubspot, salesforce, agreed=out), RULESET)
    assert plan.effects[1] == UpdateRecord(
        salesforce.ref, S, {"HasOptedOutOfEmail": True}, ("OPT-5",)
    )
    assert [type(one) for one in plan.effects] == [SaveLink, UpdateRecord]


def test_a_value_that_cannot_cross_does_not_hold_back_the_others():
    """A text for a numeric field is reported; the other fields are written, and this one stays
    unagreed.
    """
    hubspot, salesforce = pair(hubspot={"annualrevenue": "a lot", "phone": "0100"})
    plan = plan_contact(linked(hubspot, salesforce), RULESET)
    saved, update, report = plan.effects
    assert update == UpdateRecord(salesforce.ref, S, {"Phone": "0100"}, ("MAP-3",))
    assert (report.category, report.fieldname) == (Category.VALIDATION, "annualrevenue")
    again = plan_contact(
        replace(
            linked(
                hubspot, replace(salesforce, fields=dict(salesforce.fields) | {"Phone": "0100"})
            ),
            link=saved.link,
        ),
        RULESET,
    )
    assert [type(one) for one in again.effects] == [Report]


def test_a_custom_mapping_joins_the_default_ones():
    """The operator's mapping syncs like any other, by its own policy."""
    ruleset = a_ruleset(
        field=(
            FieldRule(
                "favourite_colour", "Favourite_Colour__c", Update.ALWAYS_HUBSPOT, FieldType.TEXT
            ),
        )
    )
    hubspot, salesforce = pair(hubspot={"favourite_colour": "red"})
    facts = ContactFacts(a_change(hubspot.ref), a_link(*pair(), ruleset), hubspot, salesforce)
    assert plan_contact(facts, ruleset).effects[1] == UpdateRecord(
        salesforce.ref, S, {"Favourite_Colour__c": "red"}, ("MAP-2",)
    )


def test_a_custom_mapping_of_a_default_pair_only_changes_its_policy():
    """Mapping a default pair again changes which side's value wins, and maps nothing twice."""
    ruleset = a_ruleset(field=(FieldRule("phone", "Phone", Update.NEVER),))
    assert "phone" not in ruleset.mappings["Lead"].hubspot_forms
    assert "phone" in RULESET.mappings["Lead"].hubspot_forms


@pytest.mark.rule("DUP-24")
def test_the_id_of_a_contact_that_the_lead_belonged_to_before_is_replaced():
    """The lead was linked with a contact of the same portal that was deleted or merged since."""
    hubspot, salesforce = a_contact(salesforce_id=LEAD_ID), a_lead(key="555001-7")
    facts = linked(hubspot, salesforce, agreed=(hubspot, salesforce))
    assert not shows_nothing_new(salesforce, facts.link, RULESET)
    assert plan_contact(facts, RULESET) == Plan(
        (remember(S, salesforce.ref, Crmsync_HubSpot_Id__c=KEY),)
    )


@pytest.mark.rule("TEN-1")
def test_a_salesforce_key_of_another_portal_is_left_alone():
    """Where several portals share an org, the record keeps the id of the portal that linked it
    first.
    """
    hubspot, salesforce = a_contact(salesforce_id=LEAD_ID), a_lead(key="555002-7")
    assert shows_nothing_new(salesforce, a_link(hubspot, salesforce, RULESET), RULESET)
    assert (
        plan_contact(linked(hubspot, salesforce, agreed=(hubspot, salesforce)), RULESET) == Plan()
    )


@pytest.mark.rule("OWN-12")
@pytest.mark.parametrize(
    ("ages", "undecided", "owner"),
    [
        ({}, True, {}),
        ({"hubspot_owner_id": 9}, False, {}),
        ({"hubspot_owner_id": 1}, False, {"hubspot_owner_id": "3"}),
    ],
    ids=["not read yet", "removed last", "removed first"],
)
def test_whether_an_owner_was_removed_before_the_other_side_got_a_new_one_is_looked_up(
    ages, undecided, owner
):
    """HubSpot's record may have changed since, so its own time says nothing of its owner."""
    ruleset = a_ruleset(owners=OwnerMatches({"1": "005J"}, {"005J": "1", "005X": "3"}))
    before = (
        a_contact({"hubspot_owner_id": "1"}, salesforce_id=LEAD_ID),
        a_lead({"OwnerId": "005J"}, key=KEY),
    )
    hubspot = a_contact(salesforce_id=LEAD_ID, ages=ages, modified=9)
    facts = ContactFacts(
        a_change(hubspot.ref),
        a_link(*before, ruleset),
        hubspot,
        a_lead({"OwnerId": "005X"}, key=KEY, modified=5),
    )

    plan = plan_contact(facts, ruleset)

    written = {
        name: value
        for one in plan.effects
        if isinstance(one, UpdateRecord) and one.side is H
        for name, value in one.fields.items()
        if name == "hubspot_owner_id"
    }
    assert (plan.undecided, written) == (undecided, owner)


@pytest.mark.rule("OWN-12")
@pytest.mark.rule("Q-21")
@pytest.mark.parametrize(("hubspot_at", "winner"), [(9, H), (1, S)])
def test_owners_that_changed_on_both_sides_follow_the_latest(hubspot_at, winner):
    """HubSpot's time of the owner property is compared with Salesforce's time of the record, and
    the conflict is recorded.
    """
    ruleset = a_ruleset(
        owners=OwnerMatches({"1": "005J", "2": "005A"}, {"005J": "1", "005A": "2", "005X": "3"})
    )
    before = (
        a_contact({"hubspot_owner_id": "1"}, salesforce_id=LEAD_ID),
        a_lead({"OwnerId": "005J"}, key=KEY),
    )
    hubspot = a_contact(
        {"hubspot_owner_id": "2"}, salesforce_id=LEAD_ID, ages={"hubspot_owner_id": hubspot_at}
    )
    facts = ContactFacts(
        a_change(hubspot.ref),
        a_link(*before, ruleset),
        hubspot,
        a_lead({"OwnerId": "005X"}, key=KEY, modified=5),
    )
    plan = plan_contact(facts, ruleset)
    assert plan.conflicts == (
        FieldConflict("hubspot_owner_id", "OwnerId", "2", "005X", "two_way", winner),
    )
    assert plan.effects[1].fields == (
        {"OwnerId": "005A"} if winner is H else {"hubspot_owner_id": "3"}
    )


@pytest.mark.rule("PA-3")
@pytest.mark.rule("PA-5")
def test_the_contact_of_a_person_account_is_written_through_the_account():
    """HubSpot's changes and our id go to the account, whose own sync is requested; the link stays
    with the contact.
    """
    ruleset = a_ruleset(person_accounts=True)
    account = Ref(S, "Account", "001000000000001AAA")
    hidden = a_salesforce_contact({"IsPersonAccount": True, "AccountId": account.id})
    before, now = (
        a_contact({"firstname": name}, salesforce_id=hidden.ref.id) for name in ("Ada", "Adele")
    )
    plan = plan_contact(
        ContactFacts(a_change(now.ref), a_link(before, hidden, ruleset), now, hidden), ruleset
    )

    save, update, mark, look = plan.effects
    assert update == UpdateRecord(account, S, {"FirstName": "Adele"}, update.because)
    assert (save.link.salesforce, save.link.wrote) == (hidden.ref, tags(["FirstName"]))
    assert mark == UpdateRecord(
        account, S, {"Crmsync_HubSpot_Id__pc": KEY}, ("DUP-24",), best_effort=True
    )
    assert look == RequestSync(account, Kind.ACCOUNT, None, ("PA-5",))


def test_a_comparison_that_was_made_already_is_used_for_the_same_record_and_link_alone():
    """The plan takes the view of the loader as it is. For the record as it was read again, and for
    another link, it compares anew.
    """
    hubspot = a_contact({"phone": "1"}, salesforce_id=LEAD_ID)
    facts = linked(hubspot)
    quiet = replace(view_alone(hubspot, facts.link, RULESET), states={})
    ruleset = replace(RULESET, views={hubspot.ref: quiet})
    fresh = plan_contact(facts, RULESET)
    assert plan_contact(facts, ruleset) == Plan() != fresh
    assert plan_contact(replace(facts, hubspot=replace(hubspot)), ruleset) == fresh
    assert plan_contact(replace(facts, link=replace(facts.link)), ruleset) == fresh


@pytest.mark.rule("PLT-5")
@pytest.mark.parametrize(
    ("update", "expected"),
    [
        (Update.TWO_WAY, [(S, {"Stage__c": "Customer"}, ("PLT-5",))]),
        (Update.PREFER_SALESFORCE, []),
        (Update.ALWAYS_SALESFORCE, []),
    ],
)
def test_an_earlier_lifecycle_stage_of_salesforce_is_not_sent_to_hubspot(update, expected):
    """HubSpot would ignore it. Its own stage goes to Salesforce, unless Salesforce's value outranks
    it: then both stay.
    """
    stages = FieldRule(
        "lifecyclestage",
        "Stage__c",
        update=update,
        form=FieldType.CHOICE,
        choices=(("lead", "Lead"), ("customer", "Customer")),
    )
    ruleset = a_ruleset(field=(stages,))
    contact = a_contact({"lifecyclestage": "customer"}, salesforce_id=LEAD_ID)
    link = a_link(contact, a_lead({"Stage__c": "Customer"}, key=KEY), ruleset)
    edited = a_lead({"Stage__c": "Lead"}, key=KEY, modified=5)

    plan = plan_contact(ContactFacts(a_change(edited.ref), link, contact, edited), ruleset)

    assert [
        (one.side, one.fields, one.because) for one in plan.effects if isinstance(one, UpdateRecord)
    ] == expected


@pytest.mark.rule("Q-29")
def test_a_contact_that_leaves_its_account_leaves_the_company_too():
    """Only where the settings ask for it. A write without fields follows, as an association shows
    no revision.
    """
    company, account = Ref(H, "company", "1"), Ref(S, "Account", "001A")
    connection = a_connection()
    companies = replace(connection.companies, remove_associations=True)
    ruleset = replace(
        a_ruleset(),
        connection=replace(connection, companies=companies),
        parents={company: account, account: company},
    )
    hubspot = a_contact({PRIMARY_COMPANY: "1"}, salesforce_id=CONTACT_ID)
    before, after = (
        a_salesforce_contact({PARENT_ACCOUNT: one, SALESFORCE_KEY: KEY}) for one in ("001A", None)
    )
    link = a_link(hubspot, before, ruleset)

    plan = plan_contact(ContactFacts(a_change(after.ref), link, hubspot, after), ruleset)

    assert [one for one in plan.effects if not isinstance(one, SaveLink)] == [
        Dissociate(hubspot.ref, company, ("Q-29",)),
        UpdateRecord(hubspot.ref, H, {}, ("Q-29",)),
    ]
