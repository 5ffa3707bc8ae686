"""Pairs whose second record crmsync made itself, without being able to save the link: what was edited
since is an edit, not the first meeting of two records.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from crmsync.model.crm_names import HUBSPOT_OWNER as OWNER
from crmsync.model.effects import SaveLink, UpdateRecord
from crmsync.model.fields import FieldRule, Update
from crmsync.model.kinds.owners import Owner, Owners
from crmsync.model.links import Intent, Link, LinkState
from crmsync.model.names import HUBSPOT_REVISION, salesforce_revision
from crmsync.model.operations.troubles import Rest
from crmsync.model.plan import Plan
from crmsync.model.records import Kind, Origin, PastValue, Record, Ref, Side, Value
from crmsync.plans.contact import ContactFacts, plan_contact
from crmsync.rules.kinds.contact.creation import hubspot_creation, salesforce_creation
from crmsync.rules.merge.owners import SHOWN_ID, match_owners
from crmsync.rules.merge.resting_mappings import without
from crmsync.rules.merge.ruleset import Ruleset
from tests.builders import LEAD_ID, OUR_APP, OUR_USER, a_change, a_contact, a_lead, a_ruleset, at

RULESET = a_ruleset()
SHOWN = salesforce_revision(555001)
NAMES = {"phone": "Phone", "jobtitle": "Title", "fax": "Fax"}
WAS: dict[str, Value] = {"phone": "+49 1", "jobtitle": "Engineer", "fax": None}
"""What the first record showed when the second was made of it."""

LATER = 30
"""Minutes after noon, when the second record was made; longer than any write takes."""

PERSON = "005000000000009AAA"
OTHER_SETTINGS = a_ruleset(field=(FieldRule("website", "Website", update=Update.NEVER),))


def edited_contact(edits: Mapping[str, tuple[Value, float]], *, owner: str | None = None) -> Record:
    """The contact that the lead was made of while it belonged to `owner`, read with its history;
    `edits` has what people set since noon, and when.
    """
    was = WAS | {OWNER: owner}
    fields = was | {name: value for name, (value, _) in edits.items()}
    past = {name: (PastValue(at(-60), value, "CRM_UI"),) for name, value in was.items() if value}
    for name, (value, minutes) in edits.items():
        past[name] = (*past.get(name, ()), PastValue(at(minutes), value, "CRM_UI"))
    origins = {name: Origin(values[-1].at, "CRM_UI") for name, values in past.items()}
    return replace(a_contact(fields), origins=origins, past=past)


def made_lead(
    edits: Mapping[str, Value],
    *,
    by: str = OUR_USER,
    ruleset: Ruleset = RULESET,
    owner: str | None = None,
) -> Record:
    """The lead that was made for the contact of `owner` at noon, with what was edited since."""
    contact = a_contact(WAS | {OWNER: owner})
    creation = salesforce_creation(contact, "Lead", "", ruleset)
    revision = creation.link.salesforce_intent.revision.hex()
    fields = {**creation.create.fields, SHOWN: revision, **edits}
    lead = a_lead(fields, key=creation.create.key, created=0, by=by)
    return replace(lead, modified_at=at(LATER if by != OUR_USER else 0))


def made_contact(edits: Mapping[str, tuple[Value, float]]) -> Record:
    """The contact that was made for the lead at noon; `edits` has what people set since, and when."""
    creation = hubspot_creation(made_of(), RULESET)
    fields = dict(creation.create.fields) | {name: value for name, (value, _) in edits.items()}
    revision = creation.link.hubspot_intent.revision.hex()
    contact = a_contact(fields | {HUBSPOT_REVISION: revision}, salesforce_id=LEAD_ID)
    past = {
        name: (PastValue(at(), value, OUR_APP),) for name, value in creation.create.fields.items()
    }
    for name, (value, minutes) in edits.items():
        past[name] = (*past.get(name, ()), PastValue(at(minutes), value, "CRM_UI"))
    origins = {name: Origin(values[-1].at, values[-1].by) for name, values in past.items()}
    return replace(contact, created_at=at(), origins=origins, past=past)


def made_of(edits: Mapping[str, Value] | None = None) -> Record:
    """The lead that the contact was made for, with what was edited since."""
    return a_lead({NAMES[name]: value for name, value in WAS.items()} | dict(edits or {}))


def planned(hubspot: Record, salesforce: Record, ruleset: Ruleset = RULESET) -> Plan:
    """The plan of the contact, which has no link."""
    facts = ContactFacts(a_change(hubspot.ref), hubspot=hubspot, named_counterpart=salesforce)
    return plan_contact(facts, ruleset)


def written(plan: Plan) -> dict[Side, dict[str, Value]]:
    """What a plan writes to people's fields."""
    found: dict[Side, dict[str, Value]] = {}
    for effect in plan.effects:
        if isinstance(effect, UpdateRecord) and not effect.best_effort:
            found.setdefault(effect.side, {}).update(effect.fields)
    return found


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, {}),
        ({"Phone": None}, {Side.HUBSPOT: {"phone": None}}),
        ({"Phone": None, "Fax": "7"}, {Side.HUBSPOT: {"phone": None, "fax": "7"}}),
    ],
    ids=["as it was made", "a value removed", "a value removed and another filled"],
)
def test_an_edit_of_the_new_lead_crosses_if_the_contact_is_as_it_was(
    edits: Mapping[str, Value], expected: Mapping[Side, Mapping[str, Value]]
) -> None:
    """The revision that the lead shows says what it was made of, so no history is needed."""
    plan = planned(a_contact(WAS), made_lead(edits, by=PERSON))

    assert (written(plan), plan.undecided) == (expected, False)


def test_without_history_an_edited_contact_is_undecided() -> None:
    """Only the history shows whether a blank property was cleared or never filled."""
    assert planned(a_contact(WAS | {"phone": None}), made_lead({})).undecided


@pytest.mark.parametrize(
    ("contact", "lead", "by", "expected"),
    [
        ({"phone": (None, 9)}, {}, OUR_USER, {Side.SALESFORCE: {"Phone": None}}),
        ({"phone": ("+49 2", 9)}, {}, OUR_USER, {Side.SALESFORCE: {"Phone": "+49 2"}}),
        (
            {"fax": ("7", 9)},
            {"Phone": None},
            PERSON,
            {Side.SALESFORCE: {"Fax": "7"}, Side.HUBSPOT: {"phone": None}},
        ),
        (
            {"phone": (None, 9)},
            {"Fax": "7"},
            PERSON,
            {Side.SALESFORCE: {"Phone": None}, Side.HUBSPOT: {"fax": "7"}},
        ),
        (
            {"fax": ("7", 9)},
            {"MobilePhone": "+49 9"},
            OUR_USER,
            {Side.SALESFORCE: {"Fax": "7"}, Side.HUBSPOT: {"mobilephone": "+49 9"}},
        ),
        (
            {"phone": ("+49 2", 9)},
            {"Phone": "+49 3"},
            PERSON,
            {Side.HUBSPOT: {"phone": "+49 3"}},
        ),
    ],
    ids=[
        "removed in HubSpot",
        "changed in HubSpot",
        "one field in HubSpot, another removed in Salesforce",
        "one field removed in HubSpot, another in Salesforce",
        "Salesforce filled a blank at the creation",
        "both changed it, Salesforce later",
    ],
)
@pytest.mark.parametrize("then", [RULESET, OTHER_SETTINGS], ids=["", "other settings then"])
def test_a_new_lead_and_an_edited_contact_keep_every_edit(
    contact: Mapping[str, tuple[Value, float]],
    lead: Mapping[str, Value],
    by: str,
    expected: Mapping[Side, Mapping[str, Value]],
    then: Ruleset,
) -> None:
    """HubSpot's history says what the lead was made of; if the settings have changed since, its
    revision says nothing, but each of its fields is compared with what would have been sent.
    """
    plan = planned(edited_contact(contact), made_lead(lead, by=by, ruleset=then))

    assert (written(plan), plan.undecided) == (expected, False)


@pytest.mark.parametrize(
    ("contact", "lead", "modified", "expected"),
    [
        ({"phone": (None, 9)}, {}, -60, {Side.SALESFORCE: {"Phone": None}}),
        ({}, {"Phone": None}, 9, {Side.HUBSPOT: {"phone": None}}),
        (
            {"fax": ("7", 9)},
            {"Phone": None},
            8,
            {Side.SALESFORCE: {"Fax": "7"}, Side.HUBSPOT: {"phone": None}},
        ),
        (
            {"phone": (None, 9)},
            {"Fax": "7"},
            10,
            {Side.SALESFORCE: {"Phone": None}, Side.HUBSPOT: {"fax": "7"}},
        ),
        ({"phone": ("+49 2", 9)}, {"Phone": "+49 3"}, 8, {Side.SALESFORCE: {"Phone": "+49 2"}}),
    ],
    ids=[
        "removed in HubSpot",
        "removed in Salesforce",
        "one field in HubSpot, another removed in Salesforce",
        "one field removed in HubSpot, another in Salesforce",
        "both changed it, HubSpot later",
    ],
)
def test_a_new_contact_and_its_lead_keep_every_edit(
    contact: Mapping[str, tuple[Value, float]],
    lead: Mapping[str, Value],
    modified: float,
    expected: Mapping[Side, Mapping[str, Value]],
) -> None:
    """HubSpot's history says which values the contact was made with, and which people have set
    since.
    """
    plan = planned(made_contact(contact), replace(made_of(lead), modified_at=at(modified)))

    assert (written(plan), plan.undecided) == (expected, False)


def test_a_value_that_the_policy_kept_back_is_not_taken_for_removed() -> None:
    """Under always_salesforce the lead was made without the phone number, and the contact keeps its
    own.
    """
    rows = (FieldRule("phone", "Phone", update=Update.ALWAYS_SALESFORCE),)
    ruleset = a_ruleset(field=rows)
    contact = edited_contact({"fax": ("7", 9)})

    plan = planned(contact, made_lead({}, by=PERSON, ruleset=ruleset), ruleset)

    assert written(plan) == {Side.SALESFORCE: {"Fax": "7"}}


@pytest.mark.parametrize(
    ("hubspot", "salesforce", "expected"),
    [
        (
            edited_contact({}),
            made_lead({"Phone": None}, by=PERSON),
            {Side.HUBSPOT: {"phone": None}},
        ),
        (edited_contact({"phone": (None, 9)}), made_lead({}), {Side.SALESFORCE: {"Phone": None}}),
        (made_contact({"phone": (None, 9)}), made_of(), {Side.SALESFORCE: {"Phone": None}}),
        (
            made_contact({}),
            replace(made_of({"Phone": None}), modified_at=at(9)),
            {Side.HUBSPOT: {"phone": None}},
        ),
        (made_contact({}), made_of(), {}),
    ],
    ids=[
        "removed from the new lead",
        "removed from the lead's contact",
        "removed from the new contact",
        "removed from the contact's lead",
        "as it was made",
    ],
)
def test_a_field_that_is_hidden_while_its_pair_is_linked_keeps_every_edit(
    hubspot: Record, salesforce: Record, expected: Mapping[Side, Mapping[str, Value]]
) -> None:
    """What the new record was made with is known although Salesforce does not show the field, so a
    value that somebody has removed does not come back once the mapping syncs again.
    """
    hidden = without(RULESET, [Rest(Side.SALESFORCE, "Lead", "Phone", at())])
    shown = {name: value for name, value in salesforce.fields.items() if name != "Phone"}
    first = planned(hubspot, replace(salesforce, fields=shown), hidden)
    (save,) = (one for one in first.effects if isinstance(one, SaveLink))
    facts = ContactFacts(
        a_change(hubspot.ref), save.link.saved(), hubspot=hubspot, salesforce=salesforce
    )

    assert (written(first), first.undecided) == ({}, False)
    assert written(plan_contact(facts, RULESET)) == expected


ADA, BO, CLERK = "005A", "005B", "005C"
PEOPLE = [("1", ADA, "Ada"), ("2", BO, "Bo"), ("3", "", "Cy"), ("", CLERK, "Clerk")]
MATCHES = match_owners(
    Owners(
        tuple(
            Owner(one, name, f"{name}@example.com", True, "PERSON")
            for one, _, name in PEOPLE
            if one
        ),
        tuple(
            Owner(one, name, f"{name}@example.com", True, "Standard")
            for _, one, name in PEOPLE
            if one
        ),
    )
)
"""Ada and Bo work in both CRMs, Cy only in HubSpot, and the clerk only in Salesforce."""


OWNED = replace(RULESET, owners=MATCHES)
SHARED = replace(OWNED, our_user="")


@pytest.mark.parametrize("edits", [{}, {"fax": ("7", 9)}], ids=["", "another field edited"])
@pytest.mark.parametrize(
    ("shown", "owner", "user", "expected"),
    [
        (ADA, "1", BO, {Side.HUBSPOT: {OWNER: "2"}}),
        (CLERK, None, BO, {Side.HUBSPOT: {OWNER: "2"}}),
        (ADA, "2", ADA, {Side.SALESFORCE: {"OwnerId": BO}}),
        (ADA, "1", ADA, {}),
    ],
    ids=[
        "the lead was given away",
        "the lead of somebody who is not in HubSpot was given away",
        "the new contact was given away",
        "the new contact",
    ],
)
def test_a_new_owner_of_a_new_contact_or_its_lead_crosses(
    shown: str,
    owner: str | None,
    user: str,
    expected: dict[Side, dict[str, Value]],
    edits: Mapping[str, tuple[Value, float]],
) -> None:
    """The revision of a new contact tells nothing of owners: whom the pair belonged to then is read
    off the contact itself.
    """
    contact = made_contact(edits)
    contact = replace(contact, fields={**contact.fields, SHOWN_ID: shown, OWNER: owner})
    plan = planned(contact, made_of({"OwnerId": user}), OWNED)

    assert written(plan) == with_fax(edits, expected)


@pytest.mark.parametrize("edits", [{}, {"fax": ("7", 8)}], ids=["", "another field edited"])
@pytest.mark.parametrize("ruleset", [OWNED, SHARED], ids=["", "in a shared org"])
@pytest.mark.parametrize(
    ("then", "owner", "user", "edited", "expected"),
    [
        ("1", "2", ADA, None, {Side.SALESFORCE: {"OwnerId": BO}}),
        ("1", "2", ADA, LATER, {Side.SALESFORCE: {"OwnerId": BO}}),
        ("1", None, ADA, None, {}),
        ("1", "1", ADA, LATER, {}),
        ("1", "1", BO, LATER, {Side.HUBSPOT: {OWNER: "2"}}),
        ("1", None, BO, LATER, {Side.HUBSPOT: {OWNER: "2"}}),
        ("1", "2", CLERK, 8, {Side.SALESFORCE: {"OwnerId": BO}}),
        ("1", "2", CLERK, LATER, {Side.HUBSPOT: {OWNER: None}}),
        (None, "2", CLERK, None, {Side.SALESFORCE: {"OwnerId": BO}}),
        (None, "2", CLERK, 8, {Side.SALESFORCE: {"OwnerId": BO}}),
        (None, "2", CLERK, LATER, {Side.HUBSPOT: {OWNER: None}}),
        (None, None, ADA, None, {Side.HUBSPOT: {OWNER: "1"}}),
        ("3", "3", CLERK, None, {Side.HUBSPOT: {OWNER: None}}),
        ("3", "2", ADA, None, {Side.SALESFORCE: {"OwnerId": BO}}),
    ],
    ids=[
        "the contact was given away",
        "the contact was given away, and the lead edited",
        "the contact has no owner any more",
        "the lead was edited",
        "the lead was given away",
        "the contact has no owner any more, and the lead was given away",
        "both were given away, the contact later",
        "both were given away, the lead later",
        "Salesforce chose the owner, and the contact was given away",
        "Salesforce chose the owner, and the contact was given away after an edit of the lead",
        "Salesforce chose the owner, and the lead was edited after the contact was given away",
        "Salesforce chose somebody who is in HubSpot",
        "Salesforce chose somebody for one who is not there",
        "Salesforce chose somebody for one who is not there, and the contact was given away",
    ],
)
def test_a_new_owner_of_a_new_lead_or_its_contact_crosses(
    then: str | None,
    owner: str | None,
    user: str,
    edited: float | None,
    expected: dict[Side, dict[str, Value]],
    ruleset: Ruleset,
    edits: Mapping[str, tuple[Value, float]],
) -> None:
    """The revision of a new lead tells of HubSpot's owner then, and so does HubSpot's history, no
    matter who has edited the lead since.
    """
    given = {} if owner == then else {OWNER: (owner, 9.0)}
    contact = edited_contact({**edits, **given}, owner=then)
    by = OUR_USER if edited is None else PERSON
    lead = made_lead({"OwnerId": user}, by=by, ruleset=ruleset, owner=then)
    if edited is not None:
        lead = replace(lead, modified_at=at(edited))
    plan = planned(contact, lead, ruleset)

    assert (written(plan), plan.undecided) == (with_fax(edits, expected), False)


@pytest.mark.parametrize("ruleset", [OWNED, SHARED], ids=["", "in a shared org"])
def test_a_new_owner_crosses_to_a_lead_that_was_made_by_other_settings(ruleset: Ruleset) -> None:
    """Its revision says nothing then: whom it was given follows from HubSpot's owner at the time."""
    then = replace(OTHER_SETTINGS, owners=MATCHES, our_user=ruleset.our_user)
    lead = made_lead({"OwnerId": ADA, "Fax": "7"}, by=PERSON, ruleset=then, owner="1")
    plan = planned(edited_contact({OWNER: ("2", 9)}, owner="1"), lead, ruleset)

    assert written(plan) == {Side.SALESFORCE: {"OwnerId": BO}, Side.HUBSPOT: {"fax": "7"}}


def test_a_lead_that_was_made_for_another_owner_asks_for_the_history_of_its_contact() -> None:
    """Only that says whom the lead was given."""
    assert planned(a_contact(WAS | {OWNER: "2"}), made_lead({}, owner="1"), SHARED).undecided


def with_fax(
    edits: Mapping[str, tuple[Value, float]], expected: Mapping[Side, Mapping[str, Value]]
) -> dict[Side, dict[str, Value]]:
    """What is written, with the fax number if that was edited."""
    fax = {Side.SALESFORCE: {"Fax": "7"}} if edits else {}
    return {side: {**fax.get(side, {}), **expected.get(side, {})} for side in {*fax, *expected}}


@pytest.mark.parametrize(
    ("contact", "lead"),
    [
        ({HUBSPOT_REVISION: "0102030405"}, {}),
        ({}, {"Crmsync_HubSpot_Id__c": "555001-99"}),
        ({}, {SHOWN: None}),
    ],
    ids=["both show a revision", "the lead names another contact", "no revision"],
)
def test_other_pairs_without_a_link_meet_for_the_first_time(
    contact: Mapping[str, Value], lead: Mapping[str, Value]
) -> None:
    """A pair that was linked before shows nothing of its beginning: a value fills a blank."""
    here = a_contact(WAS | {"phone": None} | dict(contact), ages={"phone": 9})

    plan = planned(here, made_lead({**lead}, by=PERSON))

    assert written(plan) == {Side.HUBSPOT: {"phone": "+49 1", "company": "example.com"}}


@pytest.mark.rule("DUP-1")
def test_a_contact_whose_pair_has_ended_keeps_its_newer_values_beside_the_lead_made_for_it() -> (
    None
):
    """A slow worker made the lead while another one paired the contact with a lead that was deleted
    afterwards. What the contact got in that pair is newer than what the lead was made with, even if
    a person has edited another field of the lead; that edit crosses.
    """
    made = made_lead({"Fax": "7"}, by=PERSON)
    contact = edited_contact({"phone": ("+49 2", 9)})
    contact = replace(contact, fields={**contact.fields, HUBSPOT_REVISION: "0102030405"})
    ended = Link(
        "acme",
        Kind.CONTACT,
        contact.ref,
        Ref(Side.SALESFORCE, "Lead", "00Q000000000999AAA"),
        state=LinkState.TOMBSTONE,
        hubspot_intent=Intent(bytes.fromhex("0102030405")),
    )
    facts = ContactFacts(
        a_change(made.ref), salesforce=made, candidates=(contact,), tombstones=(ended,)
    )
    plan = plan_contact(facts, RULESET)

    assert (written(plan), plan.undecided) == (
        {Side.SALESFORCE: {"Phone": "+49 2"}, Side.HUBSPOT: {"fax": "7"}},
        False,
    )
