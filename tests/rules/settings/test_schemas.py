"""Mapping rows against what both CRMs say of the properties and fields they name."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from crmsync.model.fields import FieldRule, FieldType, Update
from crmsync.model.schema import HubspotProperty, Option, SalesforceField
from crmsync.rules.fields.types import GOES_WITH, KINDS, kind_of
from crmsync.rules.settings.mappings import Objection
from crmsync.rules.settings.schemas import CheckedRow, SalesforceFields, by_small_name, check_row

USER_ID = "005000000000001AAA"


def options(*pairs: str) -> tuple[Option, ...]:
    """Options written ``value=label``, or just the value."""
    return tuple(
        Option(value, label or value) for value, _, label in (pair.partition("=") for pair in pairs)
    )


STAGES = (
    *("subscriber=Subscriber", "lead=Lead", "marketingqualifiedlead=Marketing Qualified Lead"),
    *("salesqualifiedlead=Sales Qualified Lead", "opportunity=Opportunity", "customer=Customer"),
    *("evangelist=Evangelist", "other=Other"),
)
LABELS = tuple(stage.partition("=")[2] for stage in STAGES)

PROPERTIES = {
    one.name: one
    for one in (
        HubspotProperty("nickname"),
        HubspotProperty("notes", "string", "textarea"),
        HubspotProperty(
            "favourite_colour", "enumeration", "select", options("red=Red", "dark_blue=Dark Blue")
        ),
        HubspotProperty(
            "interests", "enumeration", "checkbox", options("golf=Golf", "tennis=Tennis")
        ),
        HubspotProperty("size", "number", "number"),
        HubspotProperty("birthday", "date", "date"),
        HubspotProperty("last_seen", "datetime", "date"),
        HubspotProperty("vip", "bool", "booleancheckbox"),
        HubspotProperty("score", "number", "calculation_equation", is_read_only=True),
        HubspotProperty("second_owner", "enumeration", "select", refers_to="OWNER"),
        HubspotProperty(
            "assistant", "enumeration", "select", options(f"{USER_ID}=Ada Lang", "none=Nobody")
        ),
        HubspotProperty("cv", "string", "file"),
        HubspotProperty("lifecyclestage", "enumeration", "radio", options(*STAGES)),
    )
}

BOTH = (
    SalesforceField("Nickname__c", length=40),
    SalesforceField("Notes__c", "textarea", 32_000),
    SalesforceField(
        "Colour__c",
        "picklist",
        255,
        options=options("Red", "DB=dark blue", "Green"),
        is_restricted=True,
    ),
    SalesforceField("Free_Colour__c", "picklist", 255, options=options("Red")),
    SalesforceField(
        "Interests__c",
        "multipicklist",
        4_099,
        options=options("Tennis", "Golf"),
        is_restricted=True,
    ),
    SalesforceField("Size__c", "double", precision=6, scale=2),
    SalesforceField("Price__c", "currency", precision=18, scale=2),
    SalesforceField("Count__c", "int", precision=8),
    SalesforceField("Birthday__c", "date"),
    SalesforceField("Seen__c", "datetime"),
    SalesforceField("Vip__c", "boolean"),
    SalesforceField("Formula__c", "double", precision=18, scale=2, is_read_only=True),
    SalesforceField("Assistant__c", "reference", 18, refers_to=("User",)),
    SalesforceField("Stage__c", "picklist", 255, options=options(*LABELS), is_restricted=True),
    SalesforceField("Short_Stage__c", "picklist", 255, options=options(*LABELS[:-2])),
)
FIELDS: SalesforceFields = {
    "Lead": by_small_name(
        (*BOTH, SalesforceField("Hint__c", length=80), SalesforceField("Split__c", length=20))
    ),
    "Contact": by_small_name(
        (*BOTH, SalesforceField("Split__c", length=30), SalesforceField("Twist__c", "date"))
    ),
}
EVERYWHERE = ("Lead", "Contact")


def learnt(
    hubspot: str,
    salesforce: str,
    update: Update = Update.TWO_WAY,
    fields: SalesforceFields = FIELDS,
) -> CheckedRow:
    """What comes of the third row of a file."""
    return check_row(
        FieldRule(hubspot, salesforce, update), 2, PROPERTIES, fields, called="contacts"
    )


COLOURS = (("red", "Red"), ("dark_blue", "DB"))
GOOD: Mapping[tuple[str, str], FieldRule] = {
    ("nickname", "Nickname__c"): FieldRule(
        "nickname", "Nickname__c", objects=EVERYWHERE, length=40
    ),
    ("nickname", "nickname__C"): FieldRule(
        "nickname", "Nickname__c", objects=EVERYWHERE, length=40
    ),
    ("nickname", "Notes__c"): FieldRule("nickname", "Notes__c", objects=EVERYWHERE, length=32_000),
    ("notes", "Notes__c"): FieldRule("notes", "Notes__c", objects=EVERYWHERE, length=32_000),
    ("favourite_colour", "Colour__c"): FieldRule(
        "favourite_colour",
        "Colour__c",
        form=FieldType.CHOICE,
        objects=EVERYWHERE,
        choices=COLOURS,
        restricted=True,
    ),
    ("favourite_colour", "Free_Colour__c"): FieldRule(
        *("favourite_colour", "Free_Colour__c"),
        form=FieldType.CHOICE,
        objects=EVERYWHERE,
        choices=(("red", "Red"), ("dark_blue", "dark_blue")),
    ),
    ("interests", "Interests__c"): FieldRule(
        *("interests", "Interests__c"),
        form=FieldType.MULTI,
        objects=EVERYWHERE,
        choices=(("golf", "Golf"), ("tennis", "Tennis")),
        restricted=True,
    ),
    ("assistant", "Assistant__c"): FieldRule(
        *("assistant", "Assistant__c"),
        form=FieldType.CHOICE,
        objects=EVERYWHERE,
        choices=((USER_ID, USER_ID),),
        restricted=True,
    ),
    ("size", "Size__c"): FieldRule(
        "size", "Size__c", form=FieldType.NUMBER, objects=EVERYWHERE, length=4, scale=2
    ),
    ("size", "Price__c"): FieldRule(
        "size", "Price__c", form=FieldType.NUMBER, objects=EVERYWHERE, length=16, scale=2
    ),
    ("size", "Count__c"): FieldRule(
        "size", "Count__c", form=FieldType.NUMBER, objects=EVERYWHERE, length=8, scale=0
    ),
    ("birthday", "Birthday__c"): FieldRule(
        "birthday", "Birthday__c", form=FieldType.DATE, objects=EVERYWHERE
    ),
    ("birthday", "Seen__c"): FieldRule(
        "birthday", "Seen__c", form=FieldType.DAY, objects=EVERYWHERE
    ),
    ("last_seen", "Seen__c"): FieldRule(
        "last_seen", "Seen__c", form=FieldType.DATETIME, objects=EVERYWHERE
    ),
    ("vip", "Vip__c"): FieldRule("vip", "Vip__c", form=FieldType.BOOLEAN, objects=EVERYWHERE),
}


@pytest.mark.rule("MAP-7")
@pytest.mark.parametrize("names", GOOD)
def test_fields_that_go_together_are_learnt(names: tuple[str, str]) -> None:
    """Types that go together, and what crossing needs: the form, the length, the digits, the
    choices.
    """
    assert learnt(*names).rules == (GOOD[names],)


TYPES = (
    *(
        "string",
        "textarea",
        "email",
        "phone",
        "url",
        "picklist",
        "multipicklist",
        "reference",
        "boolean",
        "double",
    ),
    *("currency", "percent", "int", "date", "datetime", "address", "id", "encryptedstring"),
)
_STRINGS = {"string", "textarea", "email", "phone", "url"}
_NUMBERS = {"double", "currency", "percent", "int"}
TABLE = {
    "single-line text": _STRINGS,
    "a phone number": _STRINGS,
    "multi-line text": {"textarea"},
    "rich text": {"textarea"},
    "a number": _NUMBERS,
    "a date": {"date", "datetime"},
    "a date with time": {"datetime"},
    "a single checkbox": {"boolean"},
    "a dropdown": {"picklist", "reference"},
    "a radio select": {"picklist", "reference"},
    "multiple checkboxes": {"multipicklist"},
}


@pytest.mark.rule("MAP-7")
@pytest.mark.parametrize("kind", TABLE)
def test_the_types_that_go_together(kind: str) -> None:
    """Dropdowns with picklists and lookups, checkboxes with booleans, dates with dates and moments:
    this and nothing else.
    """
    assert {one for one in TYPES if one in GOES_WITH[kind]} == TABLE[kind]
    assert set(GOES_WITH) == set(KINDS.values()) == set(TABLE)


def test_a_calculated_property_is_of_the_type_of_its_values() -> None:
    """HubSpot's field type says only that it is calculated; what HubSpot may add one day goes with
    nothing.
    """
    assert [kind_of(one, "calculation_equation") for one in ("number", "bool")] == [
        "a number",
        "a single checkbox",
    ]
    assert kind_of("number", "hologram") == "number (hologram)"


WRONG: Mapping[tuple[str, str], tuple[str, str, str]] = {
    ("nickname", "Colour__c"): (
        "salesforce",
        (
            "nickname is single-line text, Colour__c on Lead is of type picklist; "
            "single-line text goes with string, email, phone, url, textarea"
        ),
        "MAP-7",
    ),
    ("nickname", "Assistant__c"): (
        "salesforce",
        "nickname is single-line text, which cannot be written to Assistant__c on Lead, a lookup to User",
        "MAP-7",
    ),
    ("favourite_colour", "Assistant__c"): (
        "hubspot",
        "Assistant__c on Lead is a lookup, and no option of favourite_colour has a record's 18-character id as its value",
        "MAP-7",
    ),
    ("notes", "Hint__c"): (
        "salesforce",
        "notes is multi-line text, Hint__c is of type string; multi-line text goes with textarea",
        "MAP-7",
    ),
    ("birthday", "Size__c"): (
        "salesforce",
        "birthday is a date, Size__c on Lead is of type double; a date goes with date, datetime",
        "MAP-7",
    ),
    ("cv", "Nickname__c"): (
        "salesforce",
        "cv is string (file), Nickname__c on Lead is of type string; string (file) goes with nothing",
        "MAP-7",
    ),
    ("nicknames", "Nickname__c"): (
        "hubspot",
        'HubSpot\'s contacts have no property nicknames; did you mean "nickname"?',
        "MAP-8",
    ),
    ("zodiac", "Nickname__c"): ("hubspot", "HubSpot's contacts have no property zodiac", "MAP-8"),
    ("nickname", "Nick_Name__c"): (
        "salesforce",
        'neither Lead nor Contact has a field Nick_Name__c; did you mean "Nickname__c"?',
        "MAP-8",
    ),
    ("nickname", "Zodiac"): (
        "salesforce",
        "neither Lead nor Contact has a field Zodiac, or the integration user may not see it",
        "MAP-8",
    ),
    ("second_owner", "Nickname__c"): (
        "hubspot",
        "second_owner holds a HubSpot user, and such a property cannot be mapped",
        "MAP-9",
    ),
    ("score", "Size__c"): (
        "hubspot",
        'score cannot be written in HubSpot, so its update must be "always_hubspot" or "never", not "two_way"',
        "MAP-8",
    ),
    ("size", "Formula__c"): (
        "salesforce",
        'Formula__c cannot be written in Salesforce, so its update must be "always_salesforce" or "never", not "two_way"',
        "MAP-8",
    ),
    ("lifecyclestage", "Short_Stage__c"): (
        "salesforce",
        'Short_Stage__c on Lead lacks "Evangelist", "Other": its values must be the labels of HubSpot\'s lifecycle stages',
        "MAP-16",
    ),
    ("lifecyclestage", "Nickname__c"): (
        "salesforce",
        "lifecyclestage is a radio select, Nickname__c on Lead is of type string; a radio select goes with picklist, reference",
        "MAP-7",
    ),
}


@pytest.mark.rule("MAP-7")
@pytest.mark.rule("MAP-8")
@pytest.mark.rule("MAP-9")
@pytest.mark.rule("MAP-16")
@pytest.mark.parametrize("names", WRONG)
def test_what_does_not_go_together_is_refused(names: tuple[str, str]) -> None:
    """A mismatch, an unknown name, a HubSpot user, a field nobody may write: each with the cell at
    fault, a sentence and its rule.
    """
    assert learnt(*names) == CheckedRow(objection=Objection(2, *WRONG[names]))


@pytest.mark.rule("MAP-8")
@pytest.mark.parametrize("policy", Update)
def test_what_cannot_be_written_has_policies_that_never_write_it(policy: Update) -> None:
    """A calculated property only passes its value on, a formula field too; between the two nothing
    can pass but nothing.
    """
    assert bool(learnt("score", "Size__c", policy).rules) == (
        policy in {Update.ALWAYS_HUBSPOT, Update.NEVER}
    )
    assert bool(learnt("size", "Formula__c", policy).rules) == (
        policy in {Update.ALWAYS_SALESFORCE, Update.NEVER}
    )
    assert bool(learnt("score", "Formula__c", policy).rules) == (policy is Update.NEVER)


@pytest.mark.rule("MAP-11")
def test_one_row_serves_every_object_that_has_the_field() -> None:
    """A field that only one object has serves that one; where lead and contact differ, each has its
    own lengths.
    """
    assert learnt("nickname", "Hint__c").rules == (
        FieldRule("nickname", "Hint__c", objects=("Lead",), length=80),
    )
    assert learnt("nickname", "Split__c").rules == (
        FieldRule("nickname", "Split__c", objects=("Lead",), length=20),
        FieldRule("nickname", "Split__c", objects=("Contact",), length=30),
    )
    assert learnt("birthday", "Twist__c").rules == (
        FieldRule("birthday", "Twist__c", form=FieldType.DATE, objects=("Contact",)),
    )


def test_an_object_alone_is_named_alone() -> None:
    """Companies go with accounts and nothing else."""
    objection = learnt("nickname", "Nick_Name__c", fields={"Account": FIELDS["Lead"]}).objection

    assert objection == Objection(
        2, "salesforce", 'Account has no field Nick_Name__c; did you mean "Nickname__c"?', "MAP-8"
    )


@pytest.mark.rule("MAP-7")
@pytest.mark.parametrize(
    ("salesforce", "policy", "told"),
    [
        ("Colour__c", Update.TWO_WAY, ('"Green" of Colour__c',)),
        ("Colour__c", Update.ALWAYS_HUBSPOT, ()),
        (
            "Small__c",
            Update.TWO_WAY,
            ('"Dark Blue" of favourite_colour and "A", "B", "C", "D", "E" and 1 more of Small__c',),
        ),
        ("Small__c", Update.ALWAYS_HUBSPOT, ('"Dark Blue" of favourite_colour',)),
        ("Small__c", Update.ALWAYS_SALESFORCE, ('"A", "B", "C", "D", "E" and 1 more of Small__c',)),
        ("Small__c", Update.NEVER, ()),
    ],
)
def test_choices_without_counterpart_are_a_caution(
    salesforce: str, policy: Update, told: tuple[str, ...]
) -> None:
    """They do not forbid the mapping, but whoever makes it should know; only those that the policy
    lets cross matter.
    """
    small = SalesforceField(
        "Small__c", "picklist", options=options("Red", *"ABCDEF"), is_restricted=True
    )
    fields = {"Lead": {**FIELDS["Lead"], "small__c": small}}

    assert learnt("favourite_colour", salesforce, policy, fields).warnings == tuple(
        Objection(
            2, "salesforce", f"{names} cannot cross: the other side has no such value", "MAP-7"
        )
        for names in told
    )


@pytest.mark.rule("FLD-2")
@pytest.mark.rule("MAP-16")
def test_the_lifecycle_stage_goes_with_a_picklist_of_its_labels() -> None:
    """HubSpot's inner names on one side, the labels that people read on the other."""
    (rule,) = learnt("lifecyclestage", "Stage__c").rules

    assert rule.choices == tuple(
        (value, label) for value, _, label in (stage.partition("=") for stage in STAGES)
    )
