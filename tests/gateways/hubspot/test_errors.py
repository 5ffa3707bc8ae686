"""What HubSpot's refusals mean."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crmsync.errors import Conflict, Down, Gone, Refused, SyncError, TryAgain
from crmsync.gateways.hubspot.errors import call_error, row_error


def parts(error: SyncError) -> tuple[Any, ...]:
    """Return an error's attributes, to compare them."""
    return type(error), error.code, getattr(error, "after", None), getattr(error, "sure", None)


@pytest.mark.parametrize(
    ("status", "body", "kind", "code", "after", "sure"),
    [
        (
            400,
            {"category": "VALIDATION_ERROR", "message": "no"},
            Refused,
            "VALIDATION_ERROR",
            None,
            None,
        ),
        (401, {"category": "EXPIRED_AUTHENTICATION"}, Down, "EXPIRED_AUTHENTICATION", 30, True),
        (401, {"category": "INVALID_AUTHENTICATION"}, Down, "INVALID_AUTHENTICATION", 30, True),
        (403, {"category": "MISSING_SCOPES"}, Down, "MISSING_SCOPES", 30, True),
        (404, {"category": "OBJECT_NOT_FOUND"}, Gone, "OBJECT_NOT_FOUND", None, None),
        (409, {"category": "CONFLICT"}, Conflict, "CONFLICT", None, None),
        (423, {}, TryAgain, "423", 2, None),
        (
            429,
            {"category": "RATE_LIMITS", "policyName": "TEN_SECONDLY_ROLLING"},
            Down,
            "RATE_LIMITS",
            10,
            True,
        ),
        (429, {"category": "RATE_LIMITS", "policyName": "DAILY"}, Down, "RATE_LIMITS", 900, True),
        (477, {}, Down, "477", 900, True),
        (500, {}, Down, "500", 30, False),
        (502, {}, Down, "502", 30, False),
        (521, {}, Down, "521", 30, False),
        (418, {}, Refused, "418", None, None),
    ],
)
def test_the_error_follows_from_status_and_category(
    status: int, body: dict[str, Any], kind: type, code: str, after: float, sure: object
) -> None:
    """The error follows from status and category, or from the status alone; it is `Down` if all
    calls fail.
    """
    assert parts(call_error(status, body)) == (kind, code, after, sure)


def test_retry_after_is_kept() -> None:
    """Retry-After replaces our own wait."""
    assert parts(call_error(429, {"category": "RATE_LIMITS"}, asked=7)) == (
        Down,
        "RATE_LIMITS",
        7,
        True,
    )


def test_a_bad_value_is_refused_with_its_property_and_a_hint_and_without_the_value() -> None:
    """HubSpot puts the details as JSON into its message."""
    detail = '[{"isValid":false,"message":"Mauve was not one of the allowed options: [label: \\"Red\\"]",'
    detail += '"error":"INVALID_OPTION","name":"colour"}]'
    body = {"category": "VALIDATION_ERROR", "message": f"Property values were not valid: {detail}"}

    error = row_error(body, {"colour": "mauve", "lastname": "Lang"})

    assert (type(error), error.code, error.fieldname) == (Refused, "INVALID_OPTION", "colour")
    assert error.text == "colour: … was not one of the allowed options: …"
    assert error.hint


@pytest.mark.parametrize(
    "message",
    [
        "Contact already exists. Existing ID: 501",
        'Property values were not valid: [{"message":"7. 501 already has that value.","error":"CONFLICTING_UNIQUE_VALUE","name":"a_key"}]',
    ],
)
def test_a_conflict_names_the_existing_record(message: str) -> None:
    """Both of HubSpot's sentences are understood."""
    error = row_error(
        {"category": "VALIDATION_ERROR" if "[" in message else "CONFLICT", "message": message}, {}
    )

    assert (type(error), getattr(error, "existing", "")) == (Conflict, "501")


@pytest.mark.parametrize(
    "message",
    ["", "[{", "[{]", '[{"a":', "[{}]", '[{"name":null,"error":null,"message":null}]', "[[{}]]"],
)
def test_a_message_of_another_shape_is_still_a_refusal(message: str) -> None:
    """HubSpot's messages are for people and may change."""
    assert type(row_error({"category": "VALIDATION_ERROR", "message": message}, {})) is Refused


@pytest.mark.rule("CH-8")
def test_all_properties_that_a_row_was_refused_for_are_named() -> None:
    """They are in the JSON of the message and in the context of each error."""
    rows = [{"name": "phone", "error": "REQUIRED_PROPERTY_MISSING", "message": "phone is required"}]
    body = {
        "category": "VALIDATION_ERROR",
        "message": f"Property values were not valid: {json.dumps(rows)}",
        "errors": [
            {"context": {"propertyName": ["phone"]}},
            {"context": {"propertyName": ["city"]}},
        ],
    }
    error = row_error(body, {"phone": "", "city": "Graz"})
    assert (type(error), error.fieldname, error.fieldnames) == (Refused, "phone", ("phone", "city"))
