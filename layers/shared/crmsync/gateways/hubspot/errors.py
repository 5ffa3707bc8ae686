"""What follows from HubSpot's refusals: looked up in the table of codes. No calls.

Only known sentences of HubSpot's texts are kept (see `vendor_texts`).

The table is in `crmsync.rules.refusals.table`. If HubSpot sends a category with another status than
the table has, the status applies. Rows of a 207 have a category but no status of their own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from crmsync.errors import Conflict, Drifted, SyncError, TryAgain
from crmsync.gateways.hubspot.texts import SENTENCES
from crmsync.gateways.vendor_texts import code_of, kept, name_of
from crmsync.gateways.verdict import error_for, error_of_call
from crmsync.rules.refusals.hubspot import HUBSPOT
from crmsync.rules.refusals.refusal import Refusal

RENEW = 401
"""The status after which the token is renewed, once."""

ROW_WISE = frozenset({400, 404, 409})
"""Statuses with which HubSpot refuses a whole batch because of one row. The batch is then halved
until the row is found.
"""

BAD_REQUEST = 400
PROPERTY_CODES = frozenset(code for code, one in HUBSPOT.items() if one.error is Drifted)
"""Codes about a property itself, not about its value."""

SIDE = "hubspot"
_LISTED = "Property values were not valid: "
_EXISTING = re.compile(r"Existing ID: (\d+)|[0-9]\. (\d+) already has that value")
"""The id that follows a record's id and a full stop. Digits elsewhere may be the value itself."""
_SERVER_FAULT = 500


def refusal_of(status: int, category: str, policy: str = "") -> Refusal:
    """What a refused call means. A status that is not in the table counts as a server error from
    500 on, and as a refusal below.
    """
    for code in (policy, category, str(status)):
        if code in HUBSPOT and HUBSPOT[code].status == status:
            return HUBSPOT[code]
    return HUBSPOT[str(_SERVER_FAULT if status >= _SERVER_FAULT else BAD_REQUEST)]


def call_error(status: int, body: Mapping[str, Any], *, asked: float | None = None) -> SyncError:
    """The error for a whole refused call; `asked` is Retry-After in seconds.

    It is a `Down` if every call would fail: an invalid token, a missing scope, a limit, a server
    error.
    """
    category = code_of(body.get("category") or body.get("errorType"), status)
    refusal = refusal_of(status, category, str(body.get("policyName", "")))
    error = _error(refusal, body, code=category, values=(), asked=asked)
    return error_of_call(refusal, error, side=SIDE)


def row_error(
    body: Mapping[str, Any], sent: Mapping[str, object], *, status: int = 400
) -> SyncError:
    """The error for one row, from an error entry of a 207 or from a refused call with this row
    alone; `sent` are the row's properties.
    """
    category = code_of(body.get("category"), status)
    refusal = HUBSPOT.get(category) or refusal_of(status, category)
    return _error(refusal, body, code=category, values=sent.values())


def _error(
    refusal: Refusal,
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
        refusal = HUBSPOT.get(code, refusal)
    named = [*(detail.name for detail in details), *_named(body)]
    fieldname = details[0].name if details else next(iter(named), "")
    sentences = " ".join(detail.sentence(values) for detail in details)
    text = (
        sentences or kept(message, SENTENCES.get(code, ()), values) or f"HubSpot answered {code}."
    )
    existing = _EXISTING.search(message)
    error = error_for(
        refusal,
        text,
        side=SIDE,
        code=code,
        fieldname=fieldname,
        existing=(existing.group(1) or existing.group(2)) if existing else "",
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
