"""What Salesforce's refusals mean: one table by error code, and how to look up in it. No calls.

Only known sentences of Salesforce's texts are kept (see `vendor_texts`).

The codes are those of the API's StatusCode and ExceptionCode lists ([D]); rows of a collection call
them `statusCode`, failed calls `errorCode`. A code that is not in the table means `Refused`,
because repeating a refused call only uses up the day's calls.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from crmsync.errors import Conflict, Down, Gone, Refused, SyncError, TryAgain
from crmsync.gateways.salesforce.ids import full, is_id
from crmsync.gateways.salesforce.texts import SENTENCES
from crmsync.gateways.vendor_texts import code_of, kept, name_of, plain_of, whole
from crmsync.gateways.verdict import Verdict

_VALUE = Verdict(
    Refused, hint="Correct the value in HubSpot, or change the field's rules in Salesforce."
)
_FIELD = Verdict(
    Refused,
    hint="Give the integration user access to the field, or take it out of the field mappings.",
)
_RIGHTS = Verdict(Refused, hint="Give the integration user the missing permission in Salesforce.")
_OWNER = Verdict(Refused, hint="Choose an active Salesforce user as owner.")
_DUPLICATE = Verdict(
    Refused,
    hint="Merge the duplicates in Salesforce, or change the duplicate rule. What a rule only "
    'alerts of is saved with duplicates = "allow" under [connection.salesforce].',
)
_RECORD_TYPE = Verdict(
    Refused,
    hint="Assign the record type to the integration user in Salesforce: a permission set, Object "
    "Settings.",
)
_LOGIN = Verdict(
    Refused, hint="Check the connection's Salesforce secret and the external client app's policies."
)
_SOON = Verdict(TryAgain, wait=15, soon=True)
_LATER = Verdict(TryAgain, wait=60)
_DAY = Verdict(TryAgain, wait=900)
_GONE = Verdict(Gone)

VERDICTS: Mapping[str, Verdict] = MappingProxyType(
    {
        # temporary
        "UNABLE_TO_LOCK_ROW": _SOON,
        "SERVER_UNAVAILABLE": _SOON,
        "UNKNOWN_EXCEPTION": _LATER,
        "QUERY_TIMEOUT": _LATER,
        "OPERATION_TOO_LARGE": _LATER,
        "APEX_ERROR": _LATER,
        "ENTITY_IS_LOCKED": Verdict(TryAgain, wait=900),  # waiting for an approval
        "REQUEST_LIMIT_EXCEEDED": _DAY,
        "REQUEST_RUNNING_TOO_LONG": _LATER,
        "PROCESSING_HALTED": _LATER,
        "ALL_OR_NONE_OPERATION_ROLLED_BACK": _LATER,
        "STORAGE_LIMIT_EXCEEDED": _DAY,
        # the record no longer exists
        "ENTITY_IS_DELETED": _GONE,
        "NOT_FOUND": _GONE,
        "INVALID_ID_FIELD": _GONE,
        "MALFORMED_ID": _GONE,
        "CANNOT_UPDATE_CONVERTED_LEAD": Verdict(Gone),  # it has become a contact
        # another record has the value
        "DUPLICATE_VALUE": Verdict(Conflict),
        # needs a person
        "DUPLICATES_DETECTED": _DUPLICATE,
        "DUPLICATE_EXTERNAL_ID": _DUPLICATE,
        "INVALID_CROSS_REFERENCE_KEY": Verdict(
            Refused, hint="The record that this one points to is missing in Salesforce."
        ),
        "FIELD_CUSTOM_VALIDATION_EXCEPTION": Verdict(
            Refused,
            hint="A validation rule, trigger or flow in Salesforce refused it: make the record "
            "meet it, or change it. Whoever makes the same edit in Salesforce sees all that it "
            "says.",
        ),
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": Verdict(
            Refused,
            hint="A trigger or flow in Salesforce failed on it. Make the same edit in Salesforce "
            "to see its error, and have it mended.",
        ),
        "CANNOT_EXECUTE_FLOW_TRIGGER": Verdict(
            Refused,
            hint="A flow in Salesforce failed on it. Salesforce has mailed the error to the flow's "
            "administrator; have it mended.",
        ),
        "FIELD_INTEGRITY_EXCEPTION": _VALUE,
        "FIELD_FILTER_VALIDATION_EXCEPTION": _VALUE,
        "REQUIRED_FIELD_MISSING": Verdict(
            Refused, hint="Fill the field in HubSpot, or give it a fallback in the settings."
        ),
        "STRING_TOO_LONG": Verdict(
            Refused, hint="Shorten the value in HubSpot, or lengthen the field in Salesforce."
        ),
        "INVALID_EMAIL_ADDRESS": _VALUE,
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": Verdict(
            Refused, hint="Add the value to the picklist, or correct it in HubSpot."
        ),
        "BAD_VALUE_FOR_RESTRICTED_PICKLIST": Verdict(
            Refused, hint="Add the value to the picklist, or correct it in HubSpot."
        ),
        "NUMBER_OUTSIDE_VALID_RANGE": _VALUE,
        "INVALID_TYPE_ON_FIELD_IN_RECORD": _VALUE,
        "JSON_PARSER_ERROR": _VALUE,
        "INVALID_FIELD": _FIELD,
        "INVALID_FIELD_FOR_INSERT_UPDATE": _FIELD,
        "INVALID_TYPE": Verdict(Refused, hint="Give the integration user access to the object."),
        "INSUFFICIENT_ACCESS_OR_READONLY": _RIGHTS,
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": _RIGHTS,
        "TRANSFER_REQUIRES_READ": _RIGHTS,
        "INACTIVE_OWNER_OR_USER": _OWNER,
        "OPERATION_WITH_INACTIVE_USER_EXCEPTION": _OWNER,
        "INVALID_SESSION_ID": _LOGIN,  # only after one new login
        "invalid_grant": _LOGIN,
        "invalid_client": _LOGIN,
        "invalid_client_id": _LOGIN,
        "API_DISABLED_FOR_ORG": Verdict(
            Refused, hint="This Salesforce edition has no API: add it to the edition."
        ),
        "API_CURRENTLY_DISABLED": Verdict(
            Refused, hint="Give the integration user the permission API Enabled."
        ),
    }
)

RULE = "FIELD_CUSTOM_VALIDATION_EXCEPTION"
"""The code of a refusal by a validation rule, or by a trigger or flow."""
LOCKED = "UNABLE_TO_LOCK_ROW"
DOUBLE = "DUPLICATE_VALUE"
FIELD_CODES = frozenset({"INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE"})
ROW_WISE = frozenset({400, 404})
"""Statuses with which Salesforce refuses a whole collection because of one row, such as a text in a
number field.
"""

RENEW = 401
_SERVER_FAULT = 500
_BUSY = frozenset({420, 429})
_EXISTING = re.compile(r"record with id: ([A-Za-z0-9]{15,18})")
SIDE = "salesforce"
_SHUT = frozenset(
    {
        "REQUEST_LIMIT_EXCEEDED",
        "INVALID_SESSION_ID",
        "API_DISABLED_FOR_ORG",
        "API_CURRENTLY_DISABLED",
    }
    | {"invalid_grant", "invalid_client", "invalid_client_id"}
)
"""Codes that every call of this app would get."""
_OF_A_ROW = frozenset({"UNABLE_TO_LOCK_ROW", "ENTITY_IS_LOCKED", "STORAGE_LIMIT_EXCEEDED"})
"""Temporary codes that are about the records of the call, not about all of Salesforce."""
_COLUMN = re.compile(r"(?:No such column|column) '([^']+)'")


def verdict_of(code: str, status: int = 400, message: str = "") -> Verdict:
    """The verdict on a code; for an unknown code the HTTP status decides."""
    if code == "REQUEST_LIMIT_EXCEEDED" and "concurrent" in message.lower():
        return _SOON
    if code == "INVALID_CROSS_REFERENCE_KEY" and "record type" in message.lower():
        return _RECORD_TYPE
    if code in VERDICTS:
        return VERDICTS[code]
    return _SOON if status >= _SERVER_FAULT or status in _BUSY else Verdict(Refused)


def first_error(content: Any) -> Mapping[str, Any]:
    """The first error in the body of a failed call: of a list of errors, an OAuth error, or {} for
    anything else.
    """
    found = content[0] if isinstance(content, list) and content else content
    return found if isinstance(found, dict) else {}


def call_error(
    status: int,
    content: Any,
    *,
    sent: Mapping[str, object] = MappingProxyType({}),
    asked: float | None = None,
) -> SyncError:
    """The error for a whole refused call; `sent` are the fields of its row if it had only one,
    `asked` is Retry-After in seconds.

    It is a `Down` if every call would fail: a refused login, a limit, a server error.
    """
    found = first_error(content)
    code = code_of(found.get("errorCode") or found.get("error"), status)
    message = str(found.get("message") or found.get("error_description") or code)
    error = _error(code, status, message, found, values=tuple(sent.values()), asked=asked)
    shut = code in _SHUT or status in _BUSY
    if not shut and (not isinstance(error, TryAgain) or code in _OF_A_ROW):
        return error
    verdict = verdict_of(code, status, message)
    return verdict.down(error, side=SIDE, sure=shut)


def set_up_error(status: int, content: Any) -> SyncError:
    """The error for a refused part of our set-up, with Salesforce's own text: the call contained
    only our definitions, and the error is not stored.
    """
    error = call_error(status, content)
    error.text = whole(str(first_error(content).get("message") or error.text))
    return error


def login_error(status: int, content: Any) -> Down:
    """The error for a refused login, whatever its code: without a login nothing works."""
    error = call_error(status, content)
    after = error.after if isinstance(error, TryAgain) else _LOGIN.wait
    return Down(error.text, side=SIDE, after=after, code=error.code, hint=error.hint or _LOGIN.hint)


def row_error(
    errors: Iterable[Mapping[str, Any]],
    sent: Mapping[str, object],
    *,
    updates: bool = False,
    rules: Collection[str] = (),
) -> SyncError:
    """The error for one row of a collection; `sent` are its fields. Of several errors the first one
    is used, with the fields of all.

    `rules` are the messages of the org's validation rules, from `rule_texts`.

    Updating a record that does not exist is refused as an invalid cross reference; so is a
    reference to such a record. Only if the row has no reference is its own record certainly gone.
    """
    every = list(errors)
    found = every[0] if every else {}
    code = code_of(found.get("statusCode") or found.get("errorCode"), "UNKNOWN_EXCEPTION")
    message = str(found.get("message") or code)
    if (
        updates
        and code == "INVALID_CROSS_REFERENCE_KEY"
        and not any(is_id(str(value)) for value in sent.values())
    ):
        return Gone("The Salesforce record no longer exists.", code=code)
    error = _error(code, 400, message, found, values=tuple(sent.values()), rules=rules)
    return error.naming(name_of(name) for one in every for name in one.get("fields") or ())


def _error(
    code: str,
    status: int,
    message: str,
    found: Mapping[str, Any],
    *,
    values: tuple[object, ...],
    asked: float | None = None,
    rules: Collection[str] = (),
) -> SyncError:
    verdict = verdict_of(code, status, message)
    fieldname = _fieldname(found, message)
    text = kept(message, SENTENCES.get(code, ()), values) or _of_a_rule(code, message, rules)
    matches = _matches(found)
    if len(matches) == 1:
        return Conflict(text, existing=matches[0], code=code, hint=verdict.hint)
    existing = _EXISTING.search(message)
    return verdict.error_for(
        text,
        side=SIDE,
        code=code,
        fieldname=fieldname,
        existing=full(existing.group(1)) if existing else "",
        is_about_a_field=code in FIELD_CODES,
        asked=asked,
    )


def _of_a_rule(code: str, message: str, rules: Collection[str]) -> str:
    """The message, if it is a validation rule's; else a sentence with the code."""
    text = plain_of(message)
    return text if code == RULE and text and text in rules else f"Salesforce answered {code}."


def _fieldname(found: Mapping[str, Any], message: str) -> str:
    fields = found.get("fields") or ()
    column = _COLUMN.search(message)
    return name_of(fields[0] if fields else column.group(1) if column else "")


def _matches(found: Mapping[str, Any]) -> list[str]:
    """The ids of the records that a duplicate rule matched, if Salesforce returns them."""
    results = (found.get("duplicateResult") or {}).get("matchResults") or ()
    records = (
        match.get("record") or {}
        for result in results
        for match in result.get("matchRecords") or ()
    )
    return list(dict.fromkeys(full(str(record["Id"])) for record in records if record.get("Id")))
