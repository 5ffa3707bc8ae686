"""The table of error codes."""

from __future__ import annotations

import pytest

from crmsync.errors import Conflict, Drifted, Gone, Refused, TryAgain
from crmsync.gateways.hubspot.texts import SENTENCES as OF_HUBSPOT
from crmsync.gateways.salesforce.texts import SENTENCES as OF_SALESFORCE
from crmsync.model.effects import Category
from crmsync.rules.refusals.findings import FINDINGS
from crmsync.rules.refusals.hubspot import HUBSPOT
from crmsync.rules.refusals.refusal import Fixer, Refusal
from crmsync.rules.refusals.salesforce_calls import CALLS
from crmsync.rules.refusals.salesforce_records import RECORDS
from crmsync.rules.refusals.table import (
    SALESFORCE,
    UNKNOWN,
    category_of,
    hint_for,
    hint_of,
    refusal_of,
    who_fixes,
)

EVERY = [(code, one) for table in (FINDINGS, SALESFORCE, HUBSPOT) for code, one in table.items()]


@pytest.mark.rule("ERR-1")
@pytest.mark.parametrize("one", [one for _, one in EVERY], ids=[code for code, _ in EVERY])
def test_every_code_has_a_cause_and_somebody_to_fix_it(one: Refusal) -> None:
    """What passes by itself needs nobody; for all else a sentence says what to do."""
    assert one.cause.endswith(".")
    assert (one.hint == "") == (one.who is Fixer.NOBODY)
    assert one.hint == "" or one.hint.endswith(".")
    assert one.error in {Refused, Drifted, Gone, Conflict, TryAgain}
    assert (one.error is TryAgain) == (one.category is Category.UNAVAILABLE)


def test_a_code_has_one_entry_of_a_vendor_and_one_meaning() -> None:
    """A report is about a record of either side, so its code alone must tell the category and who
    can fix it.
    """
    assert RECORDS.keys().isdisjoint(CALLS)
    shared = [code for code in SALESFORCE if code in HUBSPOT or code in FINDINGS]
    assert [
        code
        for code in shared
        if (SALESFORCE[code].category, SALESFORCE[code].who)
        != (HUBSPOT[code].category, HUBSPOT[code].who)
    ] == []
    assert FINDINGS.keys().isdisjoint(HUBSPOT)


@pytest.mark.parametrize(
    ("known", "table"), [(OF_SALESFORCE, SALESFORCE), (OF_HUBSPOT, HUBSPOT)], ids=["sf", "hs"]
)
def test_every_code_whose_sentences_are_kept_is_in_the_table(
    known: dict[str, object], table: dict[str, object]
) -> None:
    """A sentence that crmsync knows belongs to a code that it knows."""
    assert [code for code in known if code not in table] == []


@pytest.mark.rule("ERR-2")
@pytest.mark.rule("ERR-3")
@pytest.mark.rule("ERR-4")
@pytest.mark.rule("ERR-5")
@pytest.mark.rule("ERR-6")
@pytest.mark.rule("ERR-7")
@pytest.mark.parametrize(
    ("code", "category"),
    [
        ("ASSOCIATION_LIMIT", Category.ASSOCIATIONS),
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", Category.VALIDATION),
        ("DUPLICATES_DETECTED", Category.DUPLICATES),
        ("CONFLICT", Category.DUPLICATES),
        ("INVALID_FIELD", Category.PERMISSIONS),
        ("UNAVAILABLE_RECORDTYPE_EXCEPTION", Category.PERMISSIONS),
        ("STRING_TOO_LONG", Category.VALIDATION),
        ("RATE_LIMITS", Category.UNAVAILABLE),
        ("MALFORMED_QUERY", Category.INTERNAL),
        ("DUPLICATE_OF_A_NEW_KIND", Category.DUPLICATES),
        ("NO_ACCESS_TO_A_NEW_THING", Category.PERMISSIONS),
        ("BRAND_NEW_RULE", Category.VALIDATION),
        ("418", Category.VALIDATION),
        ("", Category.VALIDATION),
    ],
)
def test_the_category_follows_from_the_code(code: str, category: Category) -> None:
    """The name of an unknown code may show its category; any other concerns the record's values."""
    assert category_of(code) is category


def test_who_can_fix_it_follows_from_the_code_or_else_from_the_category() -> None:
    """Reports of crmsync's own have no code of a vendor."""
    assert who_fixes("STRING_TOO_LONG", Category.VALIDATION) is Fixer.RECORD_OWNER
    assert who_fixes("", Category.WAITING) is Fixer.RECORD_OWNER
    assert who_fixes("BRAND_NEW_RULE", Category.VALIDATION) is Fixer.OPERATOR
    assert (refusal_of("BRAND_NEW_RULE"), hint_of("BRAND_NEW_RULE")) == (None, "")
    assert (hint_of("429"), hint_of("MISSING_SCOPES")) == (
        "",
        "Give the HubSpot app the missing scopes, then retry.",
    )
    assert UNKNOWN.who is Fixer.OPERATOR


@pytest.mark.parametrize(
    ("code", "category", "hint"),
    [
        ("BRAND_NEW_RULE", Category.VALIDATION, UNKNOWN.hint),
        ("BRAND_NEW_RIGHT", Category.PERMISSIONS, UNKNOWN.hint),
        ("BRAND_NEW_OUTAGE", Category.UNAVAILABLE, ""),
        ("", Category.VALIDATION, ""),
        ("MISSING_SCOPES", Category.PERMISSIONS, hint_of("MISSING_SCOPES")),
        ("429", Category.UNAVAILABLE, ""),
    ],
)
def test_an_error_has_a_hint_unless_it_passes(code: str, category: Category, hint: str) -> None:
    """A code that is in no table says where to look it up."""
    assert hint_for(code, category) == hint
