"""Salesforce's codes about fields, rights, the login, limits and whole calls. Data only.

They are those of the API's StatusCode and ExceptionCode lists and of its OAuth errors ([D]), and
HTTP statuses for replies without a code.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from crmsync.errors import Drifted, Refused, TryAgain
from crmsync.model.effects import Category
from crmsync.rules.refusals.refusal import Extent, Fixer, Refusal

LOGIN_HINT = "Check the connection's Salesforce secret and the external client app's policies."
RECORD_TYPE_HINT = (
    "Assign the record type to the integration user in Salesforce: a permission set, Object "
    "Settings."
)
_FIELD = "Give the integration user access to the field, or take it out of the field mappings."
_RIGHT = "Give the integration user the missing permission in Salesforce."
_USER = "Correct the integration user or its login policies in Salesforce."
_ORG = "Ask Salesforce's support what is the matter with the org."
_DEFECT = "This is a defect of crmsync; please report it with the code."


def _right(cause: str, hint: str = _RIGHT) -> Refusal:
    """The integration user lacks a right."""
    return Refusal(Refused, Category.PERMISSIONS, cause, Fixer.SALESFORCE_ADMIN, hint)


def _field(cause: str) -> Refusal:
    """The org does not have, show or accept a field."""
    return Refusal(Drifted, Category.PERMISSIONS, cause, Fixer.SALESFORCE_ADMIN, _FIELD)


def _login(
    cause: str, hint: str = LOGIN_HINT, who: Fixer = Fixer.OPERATOR, wait: float = 30
) -> Refusal:
    """Nothing works until somebody corrects the login or the org."""
    return Refusal(Refused, Category.PERMISSIONS, cause, who, hint, wait, extent=Extent.SIDE)


def _user(cause: str, hint: str = _USER) -> Refusal:
    """Nothing works until an administrator corrects the integration user."""
    return _login(cause, hint, Fixer.SALESFORCE_ADMIN)


def _later(
    cause: str, wait: float = 60, *, soon: bool = False, extent: Extent = Extent.CALL
) -> Refusal:
    """It may work later."""
    return Refusal(
        TryAgain, Category.UNAVAILABLE, cause, Fixer.NOBODY, "", wait, soon=soon, extent=extent
    )


def _defect(cause: str) -> Refusal:
    """A fault of crmsync: Salesforce does not offer what it asks for."""
    return Refusal(Refused, Category.INTERNAL, cause, Fixer.OPERATOR, _DEFECT)


RECORD_TYPE = _right(
    "The integration user does not have the record's record type.", RECORD_TYPE_HINT
)
"""An INVALID_CROSS_REFERENCE_KEY whose text is about a record type."""

CONCURRENT = _later("Too many calls run at once.", 15, soon=True, extent=Extent.SIDE)
"""A REQUEST_LIMIT_EXCEEDED whose text is about concurrent calls."""

GOVERNOR_LIMIT = _later(
    "Triggers or flows exceeded a governor limit, such as the CPU time of a call.",
    60,
    extent=Extent.RECORDS,
)
"""A CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY whose text names a System.LimitException: the limit is
that of a whole call, so fewer rows may stay below it.
"""

_SERVER = _later("Salesforce's servers did not do it.", 15, soon=True)
_THROTTLED = _later("Salesforce wants fewer calls.", 15, soon=True, extent=Extent.SIDE)

CALLS: Mapping[str, Refusal] = MappingProxyType(
    {
        # fields and objects
        "INVALID_FIELD": _field(
            "A field is missing in the org, or the integration user cannot see it."
        ),
        "INVALID_FIELD_FOR_INSERT_UPDATE": _field("The integration user may not write a field."),
        "INVALID_TYPE": _right(
            "An object is missing in the org, or the integration user cannot see it.",
            "Give the integration user access to the object.",
        ),
        # rights
        "INSUFFICIENT_ACCESS_OR_READONLY": _right("The integration user may not write the record."),
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": _right(
            "The integration user may not see or use the record that a field points to."
        ),
        "INSUFFICIENT_ACCESS": _right("The integration user lacks a right."),
        "FORBIDDEN": _right("The integration user may not make this call."),
        "TRANSFER_REQUIRES_READ": _right("The new owner may not read the record."),
        "CHILD_SHARE_FAILS_PARENT": _right(
            "The owner of the record may not see its parent.",
            "Give the owner access to the account, or choose another owner.",
        ),
        "SHARE_NEEDED_FOR_CHILD_OWNER": _right(
            "The owner of a child record would lose the right to see its parent.",
            "Give the owner access to the account, or choose another owner.",
        ),
        "UNAVAILABLE_RECORDTYPE_EXCEPTION": RECORD_TYPE,
        "FUNCTIONALITY_NOT_ENABLED": _right(
            "The org does not have a feature that the call needs.",
            "Switch the feature on in Salesforce, or take what needs it out of the settings.",
        ),
        "TXN_SECURITY_NO_ACCESS": _right(
            "A transaction security policy blocks the call.",
            "Exempt the integration user from the policy.",
        ),
        "INVALID_ASSIGNMENT_RULE": _right(
            "The assignment rule does not exist or is not active.",
            "Activate the assignment rule in Salesforce.",
        ),
        # the login
        "INVALID_SESSION_ID": _login("The session has ended, and a new login did not help."),
        "INVALID_AUTH_HEADER": _login("Salesforce does not accept the session."),
        "invalid_grant": _login("The app may not sign in as the integration user."),
        "invalid_client": _login("Salesforce does not know the app's key or secret."),
        "invalid_client_id": _login("Salesforce does not know the app's key."),
        "invalid_client_credentials": _login("The app's secret is wrong."),
        "invalid_scope": _login("The app does not have the scope that it asks for."),
        "unauthorized_client": _login("The app may not use this way to sign in."),
        "unsupported_grant_type": _login("The app may not use this way to sign in."),
        "invalid_app_access": _user("The integration user may not use the app."),
        "access_denied": _user("The integration user may not use the app."),
        "inactive_user": _user("The integration user is inactive."),
        "inactive_org": _user("The org is inactive.", _ORG),
        "INVALID_LOGIN": _login("The user name or password is wrong, or the user is locked."),
        "INVALID_OPERATION_WITH_EXPIRED_PASSWORD": _user("The password has expired."),
        "PASSWORD_LOCKOUT": _user("The integration user is locked after wrong passwords."),
        "LOGIN_DURING_RESTRICTED_DOMAIN": _user("The user may not sign in from this address."),
        "LOGIN_DURING_RESTRICTED_TIME": _user("The user may not sign in at this time."),
        "LOGIN_CHALLENGE_ISSUED": _user("Salesforce wants the login to be confirmed."),
        "LOGIN_CHALLENGE_PENDING": _user("Salesforce wants the login to be confirmed."),
        "LOGIN_MUST_USE_SECURITY_TOKEN": _user("The login needs a security token."),
        "CLIENT_NOT_ACCESSIBLE_FOR_USER": _user("The integration user may not use the app."),
        "TXN_SECURITY_TWO_FA_REQUIRED": _user("A security policy asks for a second factor."),
        "MUTUAL_AUTHENTICATION_FAILED": _user("The org requires a certificate of the client."),
        "API_DISABLED_FOR_ORG": _user(
            "The org's edition has no API.",
            "This Salesforce edition has no API: add it to the edition.",
        ),
        "API_CURRENTLY_DISABLED": _user(
            "The integration user may not use the API.",
            "Give the integration user the permission API Enabled.",
        ),
        "ORG_LOCKED": _user("Salesforce has locked the org.", _ORG),
        "TRIAL_EXPIRED": _user("The org's trial has ended.", _ORG),
        # limits and outages
        "REQUEST_LIMIT_EXCEEDED": _later(
            "The org's calls of the last 24 hours are used up.", 900, extent=Extent.SIDE
        ),
        "EXCEEDED_QUOTA": _later("A quota of the org is used up.", 900),
        "TOO_MANY_APEX_REQUESTS": _later("Too many long Apex requests run at once."),
        "rate_limit_exceeded": _later("The app signs in too often.", 900, extent=Extent.SIDE),
        "SERVER_UNAVAILABLE": _later("Salesforce is overloaded or restarting.", 15, soon=True),
        "server_error": _SERVER,
        "temporarily_unavailable": _SERVER,
        "ORG_IN_MAINTENANCE": _later("The org is in maintenance.", 900, extent=Extent.SIDE),
        "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE": _later(
            "The org is in maintenance and can only be read.", 900
        ),
        "FUNCTIONALITY_TEMPORARILY_UNAVAILABLE": _later(
            "A feature is switched off for a time.", 900
        ),
        "UNKNOWN_EXCEPTION": _later("Something failed inside Salesforce."),
        "APEX_ERROR": _later("Apex code of the org failed."),
        "QUERY_TIMEOUT": _later("A query took too long."),
        "REQUEST_RUNNING_TOO_LONG": _later("The call took too long."),
        "OPERATION_TOO_LARGE": _later("A query covers too many records."),
        "INVALID_QUERY_LOCATOR": _later("The rest of a query is no longer available."),
        "PROCESSING_HALTED": _later("Another record of the same call failed."),
        "ALL_OR_NONE_OPERATION_ROLLED_BACK": _later("Another record of the same call failed."),
        "420": _THROTTLED,
        "429": _THROTTLED,
        "500": _SERVER,
        "502": _SERVER,
        "503": _SERVER,
        "504": _SERVER,
        # set-up
        "DUPLICATE_DEVELOPER_NAME": Refusal(
            Refused,
            Category.DUPLICATES,
            "The org already has a part with this name.",
            Fixer.SALESFORCE_ADMIN,
            "Rename or delete the other part, then run crmsync setup --apply.",
        ),
        "CUSTOM_ENTITY_OR_FIELD_LIMIT": _right(
            "The object has as many custom fields as its edition allows.",
            "Delete a custom field of the object, then run crmsync setup --apply.",
        ),
        # calls that crmsync should not make
        "MISSING_ARGUMENT": _defect("The call lacks something, such as a record's id."),
        "MALFORMED_QUERY": _defect("Salesforce cannot read a query."),
        "MALFORMED_SEARCH": _defect("Salesforce cannot read a search."),
        "QUERY_TOO_COMPLICATED": _defect("A query is too complicated."),
        "ILLEGAL_QUERY_PARAMETER_VALUE": _defect("A parameter of a query is wrong."),
        "INVALID_QUERY_FILTER_OPERATOR": _defect("A field cannot be compared like this."),
        "INVALID_REPLICATION_DATE": _defect("Deletions are listed for other days only."),
        "EXCEEDED_ID_LIMIT": _defect("The call has too many ids."),
        "EXCEEDED_MAX_SIZE_REQUEST": _defect("The call is too large."),
        "INVALID_BATCH_SIZE": _defect("The call has too many records."),
        "INVALID_BATCH_OPERATION": _defect("The records of the call do not go together."),
        "INVALID_ARGUMENT_TYPE": _defect("A part of the call has the wrong type."),
        "INVALID_OPERATION": _defect("Salesforce does not offer the operation."),
        "INVALID_TYPE_FOR_OPERATION": _defect("The object does not offer the operation."),
        "METHOD_NOT_ALLOWED": _defect("The address does not take this kind of call."),
        "INVALID_CONTENT_TYPE": _defect("Salesforce does not read this kind of content."),
        "UNSUPPORTED_API_VERSION": _defect("Salesforce no longer offers this version of its API."),
    }
)
