"""What Salesforce's refusals mean."""

from __future__ import annotations

from typing import Any

import pytest

from crmsync.errors import Conflict, Down, Gone, Refused, SyncError, TryAgain
from crmsync.gateways.salesforce.errors import call_error, row_error, set_up_error
from crmsync.gateways.salesforce.ids import checksum, full, is_id


def parts(error: SyncError) -> tuple[Any, ...]:
    """Return an error's attributes, to compare them."""
    return type(error), error.code, getattr(error, "after", None), getattr(error, "sure", None)


def limit_exceeded(which: str) -> list[dict[str, str]]:
    """Salesforce's response if a limit is used up."""
    return [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": f"{which} Limit exceeded."}]


@pytest.mark.parametrize(
    ("status", "content", "expected"),
    [
        (
            401,
            [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired"}],
            (Down, "INVALID_SESSION_ID", 30, True),
        ),
        (
            400,
            {"error": "invalid_grant", "error_description": "no"},
            (Down, "invalid_grant", 30, True),
        ),
        (
            403,
            [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}],
            (Down, "REQUEST_LIMIT_EXCEEDED", 900, True),
        ),
        (
            403,
            [
                {
                    "errorCode": "REQUEST_LIMIT_EXCEEDED",
                    "message": "ConcurrentRequests Limit exceeded.",
                }
            ],
            (Down, "REQUEST_LIMIT_EXCEEDED", 15, True),
        ),
        (
            403,
            [{"errorCode": "API_DISABLED_FOR_ORG", "message": "no"}],
            (Down, "API_DISABLED_FOR_ORG", 30, True),
        ),
        (404, [{"errorCode": "NOT_FOUND", "message": "gone"}], (Gone, "NOT_FOUND", None, None)),
        (
            503,
            [{"errorCode": "SERVER_UNAVAILABLE", "message": "later"}],
            (Down, "SERVER_UNAVAILABLE", 15, False),
        ),
        (500, "<html>", (Down, "500", 15, False)),
        (
            400,
            [{"errorCode": "UNABLE_TO_LOCK_ROW", "message": "no"}],
            (TryAgain, "UNABLE_TO_LOCK_ROW", 15, None),
        ),
        (429, [], (Down, "429", 15, True)),
        (418, [], (Refused, "418", None, None)),
    ],
)
def test_the_error_follows_from_code_and_status(
    status: int, content: Any, expected: tuple[Any, ...]
) -> None:
    """The error follows from the code, or from the status if there is none; it is `Down` if all
    calls fail.
    """
    assert parts(call_error(status, content)) == expected


@pytest.mark.rule("ERR-1")
def test_an_unknown_code_is_kept_with_a_hint() -> None:
    """The row is refused under Salesforce's own name for the error, and people learn what to do."""
    error = row_error([{"statusCode": "BRAND_NEW_RULE", "message": "Ada is not allowed."}], {})

    assert (type(error), error.code, error.text) == (
        Refused,
        "BRAND_NEW_RULE",
        "Salesforce answered BRAND_NEW_RULE.",
    )
    assert error.hint.startswith("Look the code up")


def test_a_row_is_refused_with_its_field_and_without_its_values() -> None:
    """The first of several errors is used."""
    errors = [
        {
            "statusCode": "STRING_TOO_LONG",
            "message": "Last Name: data value too large: Langlang",
            "fields": ["LastName"],
        },
        {"statusCode": "REQUIRED_FIELD_MISSING", "message": "Company", "fields": ["Company"]},
    ]

    error = row_error(errors, {"LastName": "Langlang"})

    assert (type(error), error.code, error.fieldname) == (Refused, "STRING_TOO_LONG", "LastName")
    assert error.text == "…: data value too large: …"


def test_a_duplicate_key_names_the_existing_record_by_its_long_id() -> None:
    """Salesforce's sentence has the short id."""
    message = "duplicate value found: Crmsync_HubSpot_Id__c duplicates value on record with id: 00QYw0000000001"

    error = row_error([{"statusCode": "DUPLICATE_VALUE", "message": message, "fields": []}], {})

    assert (type(error), getattr(error, "existing", "")) == (Conflict, "00QYw0000000001MAA")


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (["003Yw0000000001IAA"], (Conflict, "003Yw0000000001IAA")),
        (["003Yw0000000001", "003Yw0000000002"], (Refused, "")),
        ([], (Refused, "")),
    ],
)
def test_a_duplicate_rule_that_matched_one_record_is_a_conflict_with_it(
    ids: list[str], expected: tuple[type, str]
) -> None:
    """If it matched several or none is named, a person must decide."""
    records = [{"record": {"Id": identifier}} for identifier in ids]
    found = {
        "statusCode": "DUPLICATES_DETECTED",
        "message": "Use one of these records?",
        "duplicateResult": {"matchResults": [{"matchRecords": records}]},
    }

    error = row_error([found], {})

    assert (type(error), getattr(error, "existing", "")) == expected


def test_a_record_type_that_the_user_lacks_has_its_own_hint() -> None:
    """Nothing is missing in Salesforce; the integration user lacks the record type."""
    message = "Record Type ID: this ID value isn't valid for the user: 012Yw0000000001IAA"
    found = {
        "statusCode": "INVALID_CROSS_REFERENCE_KEY",
        "message": message,
        "fields": ["RecordTypeId"],
    }

    error = row_error([found], {"RecordTypeId": "012Yw0000000001IAA"}, updates=True)

    assert (type(error), error.fieldname) == (Refused, "RecordTypeId")
    assert error.hint.startswith("Assign the record type to the integration user in Salesforce")


def test_only_an_update_without_references_shows_that_its_record_is_gone() -> None:
    """An invalid cross reference may be the record itself or one that it refers to."""
    errors = [
        {
            "statusCode": "INVALID_CROSS_REFERENCE_KEY",
            "message": "invalid cross reference id",
            "fields": [],
        }
    ]

    assert type(row_error(errors, {"Phone": "1"}, updates=True)) is Gone
    assert type(row_error(errors, {"OwnerId": "005Yw0000000002IAA"}, updates=True)) is Refused
    assert type(row_error(errors, {"Phone": "1"})) is Refused


def test_ids_are_known_by_their_checksum() -> None:
    """The last three characters show which of the others are uppercase."""
    assert checksum("00QYw0000000001") == "MAA"
    assert (full("00QYw0000000001"), full("00QYw0000000001MAA")) == (
        "00QYw0000000001MAA",
        "00QYw0000000001MAA",
    )
    assert [
        is_id(text)
        for text in ("00QYw0000000001", "00QYw0000000001MAA", "00QYw0000000001MAB", "00Q", "")
    ] == [
        True,
        True,
        False,
        False,
        False,
    ]


@pytest.mark.rule("CH-8")
def test_all_fields_that_a_row_was_refused_for_are_named() -> None:
    """Salesforce may return several errors per row, each with fields; the report uses the first."""
    errors = [
        {"statusCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "No.", "fields": ["Phone"]},
        {
            "statusCode": "REQUIRED_FIELD_MISSING",
            "message": "Required",
            "fields": ["Company", "Phone"],
        },
        {
            "statusCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            "message": "Top of the page",
            "fields": [],
        },
    ]
    error = row_error(errors, {"Phone": "1", "Company": None})
    assert (error.code, error.fieldname) == ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Phone")
    assert error.fieldnames == ("Phone", "Company")


def test_a_refusal_of_our_set_up_has_salesforces_own_text() -> None:
    """The call contains only our definitions; the text is shown at a terminal and not stored."""
    text = "This field name  is reserved:\n" + "x" * 400
    error = set_up_error(400, [{"errorCode": "INVALID_FULL_NAME", "message": text}])

    assert (type(error), error.code, error.text) == (
        Refused,
        "INVALID_FULL_NAME",
        f"This field name is reserved: {'x' * 271}",
    )
    assert set_up_error(500, "<html>").text == "Salesforce answered 500."
