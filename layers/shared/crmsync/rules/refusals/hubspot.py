"""HubSpot's codes: its categories, the errors of single properties, and HTTP statuses for replies
without a category. Data only.

They are those of HubSpot's error handling guide and its announcements ([D]), and those seen in
other integrations' logs ([S]).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from crmsync.errors import Conflict, Drifted, Gone, Refused, TryAgain
from crmsync.model.effects import Category
from crmsync.rules.refusals.refusal import Extent, Fixer, Refusal

_CORRECT = "Correct the value in Salesforce, or change the property's settings in HubSpot."
_NUMBER = "Correct the value in Salesforce, or map the field to a property of another type."
_DEFECT = "This is a defect of crmsync; please report it with the code."


def _value(cause: str, hint: str = _CORRECT) -> Refusal:
    """A value of the record is wrong."""
    return Refusal(Refused, Category.VALIDATION, cause, Fixer.RECORD_OWNER, hint, status=400)


def _property(cause: str, hint: str) -> Refusal:
    """The settings of a property are in the way."""
    return Refusal(Refused, Category.VALIDATION, cause, Fixer.HUBSPOT_ADMIN, hint, status=400)


def _drifted(cause: str, hint: str) -> Refusal:
    """HubSpot does not have or accept a property."""
    return Refusal(Drifted, Category.VALIDATION, cause, Fixer.HUBSPOT_ADMIN, hint, status=400)


def _token(cause: str) -> Refusal:
    """The token is not accepted."""
    hint = "Store a valid HubSpot access token in the connection's secret."
    return Refusal(
        Refused,
        Category.PERMISSIONS,
        cause,
        Fixer.OPERATOR,
        hint,
        extent=Extent.SIDE,
        status=401,
    )


def _scope(cause: str) -> Refusal:
    """The app lacks a right."""
    hint = "Give the HubSpot app the missing scopes, then retry."
    return Refusal(
        Refused,
        Category.PERMISSIONS,
        cause,
        Fixer.HUBSPOT_ADMIN,
        hint,
        extent=Extent.SIDE,
        status=403,
    )


def _gone(cause: str) -> Refusal:
    """The record does not exist, or no longer."""
    return Refusal(Gone, Category.ASSOCIATIONS, cause, Fixer.NOBODY, "", status=404)


def _taken(cause: str, status: int) -> Refusal:
    """Another record is in the way."""
    return Refusal(
        Conflict,
        Category.DUPLICATES,
        cause,
        Fixer.RECORD_OWNER,
        "Merge the two records in HubSpot, or correct the value of one of them.",
        status=status,
    )


def _later(
    cause: str, status: int, wait: float, *, soon: bool = True, extent: Extent = Extent.CALL
) -> Refusal:
    """It may work later."""
    return Refusal(
        TryAgain, Category.UNAVAILABLE, cause, Fixer.NOBODY, "", wait, soon, extent, status
    )


def _defect(cause: str, status: int) -> Refusal:
    """A fault of crmsync: HubSpot does not take such a call."""
    return Refusal(Refused, Category.INTERNAL, cause, Fixer.OPERATOR, _DEFECT, status=status)


def _server(status: int) -> Refusal:
    """An outage. The write may have been applied; all our calls are safe to repeat."""
    return _later("HubSpot's servers did not do it.", status, 30)


_SERVER_FAULTS = (500, 502, 503, 504, 521, 522, 523, 524, 525)

HUBSPOT: Mapping[str, Refusal] = MappingProxyType(
    {
        # one property, inside the message of a VALIDATION_ERROR
        "INVALID_OPTION": _property(
            "The property does not have this option.",
            "Add the option to the property in HubSpot, or correct the value in Salesforce.",
        ),
        "INVALID_EMAIL": _value(
            "HubSpot does not accept the e-mail address.",
            "Correct the address in Salesforce. HubSpot also refuses addresses that it was asked "
            "to forget for privacy.",
        ),
        "INVALID_INTEGER": _value("The property takes whole numbers only.", _NUMBER),
        "INVALID_LONG": _value("The property takes whole numbers only.", _NUMBER),
        "INVALID_DOUBLE": _value("The property takes numbers only.", _NUMBER),
        "INVALID_DATE": _value("The property takes dates only.", _NUMBER),
        "INVALID_BOOLEAN": _value("The property takes true or false only.", _NUMBER),
        "INVALID_ALPHA": _property(
            "A validation rule of the property allows letters only.",
            "Correct the value in Salesforce, or change the property's validation rule.",
        ),
        "LEADING_TRAILING_WHITESPACE": _value(
            "The value begins or ends with a space or an invisible character.",
            "Remove the space in Salesforce.",
        ),
        "REQUIRED_PROPERTY_MISSING": _value(
            "HubSpot requires the property.",
            "Fill the field in Salesforce, or make the property optional in HubSpot.",
        ),
        "READ_ONLY_VALUE": _drifted(
            "The property cannot be written.",
            'Map the property with update = "never", or take it out of the field mappings.',
        ),
        "PROPERTY_DOESNT_EXIST": _drifted(
            "HubSpot does not have the property.",
            "Restore the property in HubSpot, or take it out of the field mappings.",
        ),
        "CONFLICTING_UNIQUE_VALUE": _taken("Another record has the unique value.", 400),
        # categories and statuses
        "VALIDATION_ERROR": _value("HubSpot does not accept the record."),
        "400": _value("HubSpot does not accept the record."),
        "EXPIRED_AUTHENTICATION": _token("The access token has expired."),
        "INVALID_AUTHENTICATION": _token("HubSpot does not know the access token."),
        "401": _token("HubSpot does not accept the access token."),
        "MISSING_SCOPES": _scope("The app lacks a scope."),
        "403": _scope("The app may not make this call."),
        "OBJECT_NOT_FOUND": _gone("The record was deleted or merged."),
        "404": _gone("The record was deleted or merged."),
        "CONFLICT": _taken("A contact with the e-mail address exists already.", 409),
        "409": _taken("Another record is in the way.", 409),
        "OBJECT_ALREADY_EXISTS": _taken("A part of the set-up exists already.", 409),
        "405": _defect("The address does not take this kind of call.", 405),
        "414": _defect("The call's address is too long.", 414),
        "415": _defect("HubSpot does not read this kind of content.", 415),
        "431": _defect("The call's headers are too long.", 431),
        "423": _later(
            "HubSpot locks the records because of many writes.", 423, 2, extent=Extent.RECORDS
        ),
        "RATE_LIMITS": _later("The app makes too many calls.", 429, 10, extent=Extent.SIDE),
        "429": _later("The app makes too many calls.", 429, 10, extent=Extent.SIDE),
        "DAILY": _later(
            "The account's calls of the day are used up, until midnight in its time zone.",
            429,
            900,
            soon=False,
            extent=Extent.SIDE,
        ),
        "477": _later(
            "HubSpot is moving the account to another data centre, a day at most.",
            477,
            900,
            soon=False,
            extent=Extent.SIDE,
        ),
        "INTERNAL_ERROR": _server(500),
        **{str(status): _server(status) for status in _SERVER_FAULTS},
    }
)
