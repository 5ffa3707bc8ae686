"""What a link announces before a write: known as written by the revision that the record shows,
taken back where it never arrived.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from crmsync.model.crm_names import ACCOUNT, COMPANY, PARENT_ACCOUNT, PRIMARY_COMPANY
from crmsync.model.effects import UpdateRecord, effect_line
from crmsync.model.fingerprints import tag
from crmsync.model.links import LONGEST_WRITE, Intent
from crmsync.model.names import HUBSPOT_REVISION, SALESFORCE_KEY, salesforce_revision
from crmsync.model.records import Origin, Ref, Side
from crmsync.plans.contact import ContactFacts, plan_contact
from crmsync.rules.merge.intents import has_arrived, may_be_under_way, may_be_unwritten, revision_on
from crmsync.rules.merge.owners import OwnerMatches
from tests.builders import (
    ACCOUNT_ID,
    CONTACT_ID,
    LEAD_ID,
    NOON,
    OUR_APP,
    OUR_USER,
    a_change,
    a_contact,
    a_lead,
    a_link,
    a_ruleset,
    a_salesforce_contact,
    at,
)
from tests.plans.contact_facts import KEY, RULESET, H, S, linked

SHARED = replace(RULESET, our_user="")
"""As where several portals are connected with the org: nobody there is known to be us."""

PERSON = "005000000000009AAA"
OWNERS = OwnerMatches({"1": "005J", "2": "005A"}, {"005J": "1", "005A": "2"})


def announced(hubspot, salesforce, *, agreed, ruleset=RULESET):
    """The link as it is saved before a pair is written that agreed on `agreed` and now shows these
    two.
    """
    plan = plan_contact(linked(hubspot, salesforce, agreed=agreed), ruleset)
    return replace(plan.effects[0].link.announced_at(NOON), version=2)


def shown(**fields):
    """A pair that shows each other's ids, and these values: HubSpot's phone and Salesforce's
    Phone.
    """
    hubspot = a_contact(
        {"phone": fields.get("phone"), HUBSPOT_REVISION: fields.get("h")}, salesforce_id=LEAD_ID
    )
    lead = {"Phone": fields.get("Phone"), salesforce_revision(555001): fields.get("s")}
    return hubspot, a_lead(lead, key=KEY, by=fields.get("by", PERSON))


def planned(link, hubspot, salesforce, ruleset=RULESET):
    """The values that are written to each side if the stored link is `link`."""
    plan = plan_contact(replace(linked(hubspot, salesforce), link=link), ruleset)
    writes = {one.side: dict(one.fields) for one in plan.effects if hasattr(one, "fields")}
    return writes, plan.undecided


TO_SALESFORCE = announced(*shown(phone="2", Phone="1"), agreed=shown(phone="1", Phone="1"))
"""HubSpot's 2 is on its way to Salesforce, where it replaces 1."""

TO_HUBSPOT = announced(*shown(phone="1", Phone="2"), agreed=shown(phone="1", Phone="1"))
"""Salesforce's 2 is on its way to HubSpot, where it replaces 1."""

S_TEXT = TO_SALESFORCE.salesforce_intent.revision.hex()
H_TEXT = TO_HUBSPOT.hubspot_intent.revision.hex()


@pytest.mark.parametrize(
    ("now", "writes"),
    [
        ({"phone": "2", "Phone": "2", "s": S_TEXT}, {}),
        ({"phone": "2", "Phone": "1"}, {S: {"Phone": "2"}}),
        ({"phone": "3", "Phone": "1"}, {S: {"Phone": "3"}}),
        ({"phone": "1", "Phone": "1"}, {}),
        ({"phone": "1", "Phone": "2", "s": S_TEXT}, {S: {"Phone": "1"}}),
        ({"phone": "2", "Phone": "1", "s": S_TEXT}, {H: {"phone": "1"}}),
        ({"phone": "2", "Phone": "5", "s": S_TEXT}, {H: {"phone": "5"}}),
        ({"phone": "2", "Phone": "0", "s": "0123456789", "by": OUR_USER}, {S: {"Phone": "2"}}),
    ],
    ids=[
        "it arrived",
        "it never arrived",
        "it never arrived, and the person went on to 3",
        "it never arrived, and the person went back to 1",
        "it arrived, and the person went back to 1 in HubSpot",
        "it arrived, and a person went back to 1 in Salesforce",
        "it arrived, and a person went on to 5 in Salesforce",
        "an older write of another worker came after it",
    ],
)
def test_a_lost_write_to_salesforce_is_repeated_unless_somebody_edited_the_field(now, writes):
    """The revision shows whether the write arrived. If it did, a value that it should have replaced
    is a person's edit; otherwise it is not.
    """
    assert planned(TO_SALESFORCE, *shown(**now)) == (writes, False)


@pytest.mark.parametrize(
    ("now", "writes"),
    [
        ({"phone": "2", "Phone": "2", "h": H_TEXT}, {}),
        ({"phone": "1", "Phone": "2"}, {H: {"phone": "2"}}),
        ({"phone": "1", "Phone": "3"}, {H: {"phone": "3"}}),
        ({"phone": "2", "Phone": "1", "h": H_TEXT}, {H: {"phone": "1"}}),
        ({"phone": "1", "Phone": "2", "h": H_TEXT}, {S: {"Phone": "1"}}),
    ],
    ids=[
        "it arrived",
        "it never arrived",
        "and went on to 3",
        "back to 1 in Salesforce",
        "back to 1 in HubSpot",
    ],
)
def test_a_lost_write_to_hubspot_is_repeated_unless_somebody_edited_the_property(now, writes):
    """The same as for Salesforce, on the other side."""
    assert planned(TO_HUBSPOT, *shown(**now)) == (writes, False)


@pytest.mark.parametrize(
    ("by", "writes"), [(OUR_APP, {H: {"phone": "2"}}), ("CRM_UI", {S: {"Phone": "0"}})]
)
def test_hubspots_history_distinguishes_our_older_write_from_a_persons_edit(by, writes):
    """A record does not show our write and has a value that was not announced last: the history
    shows who wrote it.
    """
    hubspot, salesforce = shown(phone="0", Phone="2", h="0123456789")
    assert planned(TO_HUBSPOT, hubspot, salesforce)[1]
    aged = replace(hubspot, origins={"phone": Origin(at(5), by)})
    assert planned(TO_HUBSPOT, aged, salesforce) == (writes, False)


@pytest.mark.parametrize(
    ("set_after", "kept"),
    [(-100, "salesforce"), (100, "hubspot")],
    ids=["before our announcement", "since then"],
)
def test_a_company_that_was_set_after_our_announcement_is_a_persons_edit(set_after, kept):
    """A company is associated before the write that shows its arrival, so its time decides, even
    within one second.
    """
    companies = {
        Ref(H, COMPANY, "1"): Ref(S, ACCOUNT, "001A"),
        Ref(H, COMPANY, "2"): Ref(S, ACCOUNT, "001B"),
    }
    ruleset = replace(
        a_ruleset(),
        parents=companies | {account: company for company, account in companies.items()},
    )
    hubspot = a_contact({PRIMARY_COMPANY: "1"}, salesforce_id=CONTACT_ID)
    before, moved = (
        a_salesforce_contact({PARENT_ACCOUNT: account, SALESFORCE_KEY: KEY})
        for account in ("001A", "001B")
    )
    facts = ContactFacts(a_change(moved.ref), a_link(hubspot, before, ruleset), hubspot, moved)
    announced_at = NOON + timedelta(milliseconds=500)
    link = plan_contact(facts, ruleset).effects[0].link.announced_at(announced_at)
    was_set = Origin(announced_at + timedelta(milliseconds=set_after), "CRM_UI")
    again = replace(
        facts,
        link=replace(link, version=2),
        hubspot=replace(hubspot, origins={PRIMARY_COMPANY: was_set}),
    )
    writes = {
        one.side for one in plan_contact(again, ruleset).effects if isinstance(one, UpdateRecord)
    }
    assert writes == {H if kept == "salesforce" else S}


@pytest.mark.rule("FLD-8")
def test_writes_that_are_lost_on_both_sides_are_both_repeated():
    """Salesforce was last edited by us, but the account that the contact has there is still what the
    company has to follow.
    """
    company, account = Ref(H, COMPANY, "1"), Ref(S, ACCOUNT, "001A")
    ruleset = replace(a_ruleset(), parents={company: account, account: company})
    before = (
        a_contact({"phone": "1", PRIMARY_COMPANY: None}, salesforce_id=CONTACT_ID),
        a_salesforce_contact({"Phone": "1", PARENT_ACCOUNT: None, SALESFORCE_KEY: KEY}),
    )
    hubspot = a_contact({"phone": "2", PRIMARY_COMPANY: None}, salesforce_id=CONTACT_ID)
    salesforce = a_salesforce_contact({"Phone": "1", PARENT_ACCOUNT: "001A", SALESFORCE_KEY: KEY})
    facts = ContactFacts(a_change(hubspot.ref), a_link(*before, ruleset), hubspot, salesforce)
    first = plan_contact(facts, ruleset)
    lost = replace(first.effects[0].link.announced_at(NOON), version=2)
    marked = replace(salesforce, modified_by=OUR_USER)
    again = plan_contact(replace(facts, link=lost, salesforce=marked), ruleset)
    assert again.effects[1:] == first.effects[1:]
    assert {effect_line(one) for one in first.effects[1:]} == {
        "associate hubspot:contact:81 as primary with hubspot:company:1 (FLD-8, FLD-9)",
        "update hubspot:contact:81:  (FLD-8, FLD-9)",
        f"update {salesforce.ref}: Phone (MAP-3)",
    }


def test_an_owner_that_never_arrived_is_written_again():
    """A link keeps owners as plain ids; an announced owner is withdrawn like a field."""
    ruleset = a_ruleset(owners=OWNERS)
    before = (
        a_contact({"hubspot_owner_id": "1"}, salesforce_id=LEAD_ID),
        a_lead({"OwnerId": "005J"}, key=KEY),
    )
    moved = a_contact({"hubspot_owner_id": "2"}, salesforce_id=LEAD_ID), before[1]
    link = announced(*moved, agreed=before, ruleset=ruleset)
    assert (link.hubspot_owner, link.salesforce_owner) == ("2", "005A")
    writes, _ = planned(link, *moved, ruleset)
    assert writes[S] == {"OwnerId": "005A"}


def test_an_owner_that_never_arrived_where_there_was_none_is_written_again():
    """A contact that still shows no owner is known by that, and not taken for one that a person
    took the owner from.
    """
    ruleset = a_ruleset(owners=OWNERS)
    contact = a_contact({"hubspot_owner_id": None}, salesforce_id=LEAD_ID)
    before = contact, a_lead({"OwnerId": "005X"}, key=KEY)
    moved = contact, a_lead({"OwnerId": "005A"}, key=KEY)

    link = announced(*moved, agreed=before, ruleset=ruleset)

    nobody = ruleset.fingerprinter.fingerprint("hubspot_owner_id", "")
    assert (link.hubspot_owner, link.salesforce_owner) == ("2", "005A")
    assert link.hubspot_intent.replaces[tag("hubspot_owner_id")] == {nobody}
    plan = plan_contact(replace(linked(*moved), link=link), ruleset)
    assert {
        one.side: one.fields["hubspot_owner_id"]
        for one in plan.effects
        if isinstance(one, UpdateRecord) and "hubspot_owner_id" in one.fields
    } == {H: "2"}


def test_a_second_write_recognises_a_late_first_one():
    """A worker that writes while another's write is in flight recognises that value if it arrives
    late.
    """
    link = (
        plan_contact(replace(linked(*shown(phone="3", Phone="1")), link=TO_SALESFORCE), RULESET)
        .effects[0]
        .link
    )
    fingerprints = {RULESET.fingerprinter.fingerprint("Phone", value) for value in ("1", "2")}
    assert link.salesforce_intent.replaces == {tag("Phone"): fingerprints}
    late = shown(phone="3", Phone="2", s=S_TEXT)
    assert planned(replace(link, version=3), *late) == ({S: {"Phone": "3"}}, False)


@pytest.mark.rule("TEN-1")
def test_the_revision_of_another_portal_does_not_count():
    """Each portal has its own field in Salesforce: another portal's revision neither confirms our
    write nor hides it.
    """
    hubspot, salesforce = shown(phone="2", Phone="1")
    others = replace(
        salesforce, fields=salesforce.fields | {salesforce_revision(555002): S_TEXT, "Title": "Dr."}
    )
    assert not has_arrived(others, TO_SALESFORCE, SHARED)
    assert planned(TO_SALESFORCE, hubspot, others, SHARED) == (
        {S: {"Phone": "2"}, H: {"jobtitle": "Dr."}},
        False,
    )


def test_a_text_that_is_no_revision_is_not_taken_for_one():
    """Somebody has overwritten our field: the link keeps what it has, and nothing is written for
    that.
    """
    hubspot, salesforce = shown(phone="2", Phone="2", s="by hand")
    known = Intent(TO_SALESFORCE.salesforce_intent.revision)
    base = TO_SALESFORCE.hubspot_base.with_pending(["phone"])
    link = replace(TO_SALESFORCE, hubspot_base=base, salesforce_intent=known)
    (saved,) = plan_contact(replace(linked(hubspot, salesforce), link=link), RULESET).effects
    assert saved.link.salesforce_intent == known


@pytest.mark.rule("PA-3")
def test_the_revision_of_a_person_account_is_written_to_the_account():
    """The account has the contact's field under another name, which is different for each
    portal.
    """
    contact, account = Ref(S, "Contact", CONTACT_ID), Ref(S, ACCOUNT, ACCOUNT_ID)
    link = replace(TO_SALESFORCE, salesforce=contact)
    assert [revision_on(link, place, S, 555002) for place in (contact, account)] == [
        {"Crmsync_Revision_555002__c": S_TEXT},
        {"Crmsync_Revision_555002__pc": S_TEXT},
    ]


def test_an_announced_write_is_checked_once_its_writer_has_certainly_ended():
    """Until then the writer may still write; afterwards the pair is checked when either record is
    synced.
    """
    late = NOON + LONGEST_WRITE
    hubspot, salesforce = shown(phone="2", Phone="1")
    assert may_be_under_way(TO_SALESFORCE, hubspot, salesforce, RULESET, NOON)
    assert not may_be_under_way(TO_SALESFORCE, hubspot, salesforce, RULESET, late)
    assert not may_be_unwritten(TO_SALESFORCE, Side.SALESFORCE, NOON)
    assert may_be_unwritten(TO_SALESFORCE, Side.SALESFORCE, late)


@pytest.mark.parametrize(
    "intent",
    [
        Intent(b"\x01\x02\x03\x04\x05"),
        Intent(b"\x00\x02\x03\x04\x05", {tag("Phone"): frozenset({b"abcde", b"fghij"}), tag("Title"): frozenset({b"abcde"})}, NOON),
        Intent(replaces={tag("contacts"): frozenset({b"abcde"})}, at=NOON + timedelta(milliseconds=1)),
    ],
    ids=["written", "in flight", "without a revision"],
)  # fmt: skip
def test_an_intent_is_kept_in_a_compact_form(intent):
    """Nine bytes for each value that it replaces, eleven for revision and time."""
    assert Intent.from_bytes(intent.to_bytes()) == intent
    assert len(intent.to_bytes()) == 11 + 9 * sum(map(len, intent.replaces.values()))
