"""What HubSpot's refusals mean: one table by status and category, and how to look up in it. No
calls.

Only known sentences of HubSpot's texts are kept (see `vendor_texts`).

The codes are HubSpot's documented ones (error handling guide, [D]). If HubSpot sends another
category with the same status, the entry with an empty category applies. Rows of a 207 have a
category but no status of their own.
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
        (400, "VALIDATION_ERROR"): Verdict(Refused, hint=_VALUE),  # repeating the row does not help
        (400, ""): Verdict(Refused, hint=_VALUE),
        (401, "EXPIRED_AUTHENTICATION"): Verdict(Refused, hint=_TOKEN),  # only after one renewal
        (401, ""): Verdict(Refused, hint=_TOKEN),
        (403, "MISSING_SCOPES"): Verdict(Refused, hint=_SCOPES),
        (403, ""): Verdict(Refused, hint=_SCOPES),
        (404, "OBJECT_NOT_FOUND"): Verdict(Gone),  # deleted or merged
        (404, ""): Verdict(Gone),
        (409, "CONFLICT"): Verdict(Conflict),  # "Contact already exists. Existing ID: 501"
        (409, ""): Verdict(Conflict),
        (414, ""): Verdict(Refused),
        (423, ""): Verdict(
            TryAgain, wait=2, soon=True
        ),  # locked because of many writes: at least 2 s
        (429, "DAILY"): Verdict(
            TryAgain, wait=900
        ),  # the day's calls are used up until midnight in the account's time zone
        (429, ""): Verdict(TryAgain, wait=10, soon=True),  # the ten-second window
        (477, ""): Verdict(
            TryAgain, wait=900
        ),  # the account is being moved to another data centre; Retry-After is up to a day
        (500, ""): Verdict(
            TryAgain, wait=30, soon=True
        ),  # it may have been applied; all our calls are safe to repeat
    }
)

RENEW = 401
"""The status after which the token is renewed, once."""

ROW_WISE = frozenset({400, 404, 409})
"""Statuses with which HubSpot refuses a whole batch because of one row. The batch is then halved
until the row is found.
"""

BAD_REQUEST = 400
PROPERTY_CODES = frozenset({"PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE"})
"""Codes about a property itself, not about its value."""

_BY_CATEGORY = {category: verdict for (_, category), verdict in VERDICTS.items() if category}
_BY_CATEGORY["RATE_LIMITS"] = VERDICTS[429, ""]
_BY_CODE = {
    "CONFLICTING_UNIQUE_VALUE": Verdict(Conflict)
}  # another record has the unique value, whatever the category
SIDE = "hubspot"
_SHUT = frozenset({401, 403, 429, 477})
"""Statuses that every caller gets for every call."""
_LISTED = "Property values were not valid: "
_EXISTING = re.compile(r"Existing ID: (\d+)|[0-9]\. (\d+) already has that value")
"""The id that follows a record's id and a full stop. Digits elsewhere may be the value itself."""
_SERVER_FAULT = 500


def verdict_of(status: int, category: str, policy: str = "") -> Verdict:
    """The verdict on a refused call. A status that is not in the table counts as a server error
    from 500 on, and as a refusal below.
    """
    for key in ((status, policy), (status, category), (status, "")):
        if key in VERDICTS:
            return VERDICTS[key]
    return VERDICTS[_SERVER_FAULT, ""] if status >= _SERVER_FAULT else VERDICTS[400, ""]


def call_error(status: int, body: Mapping[str, Any], *, asked: float | None = None) -> SyncError:
    """The error for a whole refused call; `asked` is Retry-After in seconds.

    It is a `Down` if every call would fail: an invalid token, a missing scope, a limit, a server
    error.
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
    """The error for one row, from an error entry of a 207 or from a refused call with this row
    alone; `sent` are the row's properties.
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
    sentences = " ".join(detail.sentence(values) for detail in details)
    text = (
        sentences or kept(message, SENTENCES.get(code, ()), values) or f"HubSpot answered {code}."
    )
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
    """What HubSpot says about one property."""

    name: str
    code: str
    message: str

    def sentence(self, values: Iterable[object]) -> str:
        """The detail as a sentence, without the record's own `values`."""
        text = kept(self.message, SENTENCES.get(self.code, ()), values) or self.code
        return f"{self.name or 'Property'}: {text}" + ("" if text.endswith((".", "…")) else ".")


def _details(message: str) -> list[_Detail]:
    """The JSON list that HubSpot puts into the message of a VALIDATION_ERROR, one entry per invalid
    property.

    A message that starts differently may quote JSON that was sent; that is not such a list.
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
