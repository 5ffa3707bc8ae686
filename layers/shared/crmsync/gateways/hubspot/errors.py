"""What HubSpot's refusals mean: one table of (status, category), and its reading. Nothing here
calls anybody.

Of HubSpot's own texts only known sentences are kept (see `vendor_texts`).

The codes are HubSpot's documented ones (error handling guide, [D]); where HubSpot sends another
category with the same status, the row with an empty category counts. Rows of a 207 have a category
but no status of their own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from crmsync.errors import Conflict, Drifted, Gone, Refused, SyncError, TryAgain
from crmsync.gateways.hubspot.texts import SENTENCES
from crmsync.gateways.vendor_texts import code_of, kept, name_of
from crmsync.gateways.verdict import Verdict

_SCOPES = "Give the HubSpot app the missing scopes, then retry."
_TOKEN = "Store a valid HubSpot access token in the connection's secret."  # noqa: S105 - a sentence
_VALUE = "Correct the value in Salesforce, or change the property's settings in HubSpot."

VERDICTS: Mapping[tuple[int, str], Verdict] = MappingProxyType(
    {
        (400, "VALIDATION_ERROR"): Verdict(Refused, hint=_VALUE),  # the row is wrong and stays so
        (400, ""): Verdict(Refused, hint=_VALUE),
        (401, "EXPIRED_AUTHENTICATION"): Verdict(Refused, hint=_TOKEN),  # only after one renewal
        (401, ""): Verdict(Refused, hint=_TOKEN),
        (403, "MISSING_SCOPES"): Verdict(Refused, hint=_SCOPES),
        (403, ""): Verdict(Refused, hint=_SCOPES),
        (404, "OBJECT_NOT_FOUND"): Verdict(Gone),  # deleted or merged away
        (404, ""): Verdict(Gone),
        (409, "CONFLICT"): Verdict(Conflict),  # "Contact already exists. Existing ID: 501"
        (409, ""): Verdict(Conflict),
        (414, ""): Verdict(Refused),
        (423, ""): Verdict(TryAgain, wait=2, soon=True),  # locked by heavy writing: at least 2 s
        (429, "DAILY"): Verdict(
            TryAgain, wait=900
        ),  # the day's calls are used up; midnight of the account brings new ones
        (429, ""): Verdict(TryAgain, wait=10, soon=True),  # the ten-second window
        (477, ""): Verdict(
            TryAgain, wait=900
        ),  # the account moves to another data centre; Retry-After up to a day
        (500, ""): Verdict(
            TryAgain, wait=30, soon=True
        ),  # unknown whether applied; all our calls may be repeated
    }
)

RENEW = 401
"""The status that asks for a fresh token, once."""

ROW_WISE = frozenset({400, 404, 409})
"""Statuses with which HubSpot refuses a whole batch for the sake of one row: the batch is cut in
half until the row is found.
"""

BAD_REQUEST = 400
PROPERTY_CODES = frozenset({"PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE"})
"""Codes that are about a property, whatever its value."""

_BY_CATEGORY = {category: verdict for (_, category), verdict in VERDICTS.items() if category}
_BY_CATEGORY["RATE_LIMITS"] = VERDICTS[429, ""]
_BY_CODE = {
    "CONFLICTING_UNIQUE_VALUE": Verdict(Conflict)
}  # another record has the unique value: a clash, whatever its category
SIDE = "hubspot"
_SHUT = frozenset({401, 403, 429, 477})
"""Statuses that whoever calls would get, whatever is called for."""
_LISTED = "Property values were not valid: "
_EXISTING = re.compile(r"Existing ID: (\d+)|[0-9]\. (\d+) already has that value")
"""The id behind a record's id and a full stop: what stands anywhere else may be the value
itself.
"""
_SERVER_FAULT = 500


def verdict_of(status: int, category: str, policy: str = "") -> Verdict:
    """The verdict on a refused call; any status that the table lacks counts as a server's fault
    from 500 on, as refused below.
    """
    for key in ((status, policy), (status, category), (status, "")):
        if key in VERDICTS:
            return VERDICTS[key]
    return VERDICTS[_SERVER_FAULT, ""] if status >= _SERVER_FAULT else VERDICTS[400, ""]


def call_error(status: int, body: Mapping[str, Any], *, asked: float | None = None) -> SyncError:
    """The error for a whole refused call. `asked` is Retry-After in seconds.

    What says that HubSpot is down for everybody is a `Down`: a token or a scope that is gone,
    limits, and faults of its own.
    """
    category = code_of(body.get("category") or body.get("errorType"), status)
    verdict = verdict_of(status, category, str(body.get("policyName", "")))
    error = _error(verdict, body, code=category, values=(), asked=asked)
    if status not in _SHUT and status < _SERVER_FAULT:
        return error
    return verdict.down(error, side=SIDE, sure=status in _SHUT)


def row_error(
    body: Mapping[str, Any], sent: Mapping[str, object], *, status: int = 400
) -> SyncError:
    """The error for one row, from a 207's error entry or from a refused call that held this row
    only. `sent` are the row's properties.
    """
    category = code_of(body.get("category"), status)
    verdict = _BY_CATEGORY.get(category) or verdict_of(status, category)
    return _error(verdict, body, code=category, values=sent.values())


def _error(
    verdict: Verdict,
    body: Mapping[str, Any],
    *,
    code: str,
    values: Iterable[object],
    asked: float | None = None,
) -> SyncError:
    message = str(body.get("message") or code)
    details = _details(message)
    if details:
        code = details[0].code
        verdict = _BY_CODE.get(code, verdict)
    named = [*(detail.name for detail in details), *_named(body)]
    fieldname = details[0].name if details else next(iter(named), "")
    said = " ".join(detail.told(values) for detail in details)
    text = said or kept(message, SENTENCES.get(code, ()), values) or f"HubSpot answered {code}."
    existing = _EXISTING.search(message)
    error = verdict.error_for(
        text,
        side=SIDE,
        code=code,
        fieldname=fieldname,
        existing=(existing.group(1) or existing.group(2)) if existing else "",
        is_about_a_field=code in PROPERTY_CODES,
        asked=asked,
    )
    if isinstance(error, TryAgain | Conflict | Drifted):
        return error
    return error.naming(named)


@dataclass(frozen=True, slots=True)
class _Detail:
    """What is wrong with one property."""

    name: str
    code: str
    message: str

    def told(self, values: Iterable[object]) -> str:
        """As a sentence."""
        text = kept(self.message, SENTENCES.get(self.code, ()), values) or self.code
        return f"{self.name or 'Property'}: {text}" + ("" if text.endswith((".", "…")) else ".")


def _details(message: str) -> list[_Detail]:
    """The JSON list that HubSpot puts into the message of a VALIDATION_ERROR, one entry per bad
    property.

    Behind any other beginning there may be JSON that was sent, which says nothing about properties.
    """
    if not message.startswith(_LISTED):
        return []
    try:
        found, _ = json.JSONDecoder().raw_decode(message.removeprefix(_LISTED))
    except ValueError:
        return []
    return [
        _Detail(
            name_of(one.get("name") or one.get("propertyName")),
            code_of(one.get("error"), "VALIDATION_ERROR"),
            str(one.get("message") or ""),
        )
        for one in found
        if isinstance(one, dict)
    ]


def _named(body: Mapping[str, Any]) -> list[str]:
    contexts = [
        body.get("context") or {},
        *((one.get("context") or {}) for one in body.get("errors") or ()),
    ]
    names = (name_of(name) for context in contexts for name in context.get("propertyName") or ())
    return [name for name in names if name]
