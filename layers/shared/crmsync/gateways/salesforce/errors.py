"""What follows from Salesforce's refusals: looked up in the table of codes. No calls.

Only known sentences of Salesforce's texts are kept (see `vendor_texts`).

The table is in `crmsync.rules.refusals.table`. Rows of a collection call a code `statusCode`,
failed calls `errorCode`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from crmsync.errors import Conflict, Down, Drifted, Gone, SyncError, TryAgain
from crmsync.gateways.salesforce.ids import full, is_id
from crmsync.gateways.salesforce.texts import SENTENCES
from crmsync.gateways.vendor_texts import code_of, kept, name_of, plain_of, whole
from crmsync.gateways.verdict import error_for, error_of_call
from crmsync.rules.refusals.refusal import Refusal
from crmsync.rules.refusals.salesforce_calls import (
    CONCURRENT,
    GOVERNOR_LIMIT,
    LOGIN_HINT,
    RECORD_TYPE,
)
from crmsync.rules.refusals.table import SALESFORCE, UNKNOWN

RULE = "FIELD_CUSTOM_VALIDATION_EXCEPTION"
"""The code of a refusal by a validation rule, or by a trigger or flow."""
LOCKED = "UNABLE_TO_LOCK_ROW"
TRIGGER = "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
"""The code of a refusal by a trigger or flow that failed."""
DOUBLE = "DUPLICATE_VALUE"
FIELD_CODES = frozenset(code for code, one in SALESFORCE.items() if one.error is Drifted)
"""Codes about a field itself, not about its value."""
ROW_WISE = frozenset({400, 404})
"""Statuses with which Salesforce refuses a whole collection because of one row, such as a text in a
number field.
"""

DAILY_LIMIT = "REQUEST_LIMIT_EXCEEDED"
"""The code of a refusal because too many calls were made, within a day or at the same time."""
RENEW = 401
_SERVER_FAULT = 500
_BUSY = frozenset({420, 429})
_EXISTING = re.compile(r"record with id: ([A-Za-z0-9]{15,18})")
SIDE = "salesforce"
_LOGIN_WAIT = 30
_COLUMN = re.compile(r"(?:No such column|column) '([^']+)'")


def refusal_of(code: str, status: int = 400, message: str = "") -> Refusal:
    """What a code means; for an unknown code the HTTP status decides."""
    if code == DAILY_LIMIT and "concurrent" in message.lower():
        return CONCURRENT
    if code == TRIGGER and "System.LimitException" in message:
        return GOVERNOR_LIMIT
    if code == "INVALID_CROSS_REFERENCE_KEY" and "record type" in message.lower():
        return RECORD_TYPE
    if status in _BUSY and code not in SALESFORCE:
        code = str(status)
    elif status >= _SERVER_FAULT and code not in SALESFORCE:
        code = str(_SERVER_FAULT)
    return SALESFORCE.get(code, UNKNOWN)


def first_error(content: Any) -> Mapping[str, Any]:
    """The first error in the body of a failed call: of a list of errors, an OAuth error, or {} for
    anything else.
    """
    found = content[0] if isinstance(content, list) and content else content
    return found if isinstance(found, dict) else {}


def is_daily_limit(content: Any) -> bool:
    """Whether a call was refused because the org's calls of 24 hours are used up."""
    found = first_error(content)
    code, message = str(found.get("errorCode", "")), str(found.get("message", ""))
    return code == DAILY_LIMIT and refusal_of(code, message=message) is not CONCURRENT


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
    return error_of_call(refusal_of(code, status, message), error, side=SIDE)


def set_up_error(status: int, content: Any) -> SyncError:
    """The error for a refused part of our set-up, with Salesforce's own text: the call contained
    only our definitions, and the error is not stored.
    """
    error = call_error(status, content)
    error.text = whole(str(first_error(content).get("message") or error.text))
    return error


def login_error(status: int, content: Any) -> Down:
    """The error for a refused login, whatever its code: without a login nothing works.

    A server error says nothing about the credentials, so nobody is asked to mend them.
    """
    error = call_error(status, content)
    after = error.after if isinstance(error, TryAgain) else _LOGIN_WAIT
    hint = error.hint if error.code in SALESFORCE else ""
    if not hint and not isinstance(error, TryAgain):
        hint = LOGIN_HINT
    return Down(error.text, side=SIDE, after=after, code=error.code, hint=hint)


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
    refusal = refusal_of(code, status, message)
    fieldname = _fieldname(found, message)
    text = kept(message, SENTENCES.get(code, ()), values) or _of_a_rule(code, message, rules)
    matches = _matches(found)
    if len(matches) == 1:
        return Conflict(text, existing=matches[0], code=code, hint=refusal.hint)
    existing = _EXISTING.search(message)
    return error_for(
        refusal,
        text,
        side=SIDE,
        code=code,
        fieldname=fieldname,
        existing=full(existing.group(1)) if existing else "",
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
