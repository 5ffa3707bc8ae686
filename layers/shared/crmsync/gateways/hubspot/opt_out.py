"""Unsubscribing an address from all e-mail of a HubSpot account, including its brands.

The verbose response has the status of each subscription after the call and the brand it belongs to
(``businessUnitId``; the account itself is 0 [V spec]). HubSpot does not document whether a call
without a brand covers the brands [M], so one more call is made for each brand that is still
subscribed. A successful call does not prove that the contact is opted out: a later read of the
contact checks that (decision 0032).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmsync.errors import Refused, SyncError, TryAgain
from crmsync.gateways.hubspot.client import HubspotClient, Reply
from crmsync.gateways.hubspot.errors import ROW_WISE, row_error
from crmsync.gateways.hubspot.versions import UNSUBSCRIBE
from crmsync.model.crm_names import HUBSPOT_CONTACT, HUBSPOT_OPT_OUT
from crmsync.model.records import Ref, Side
from crmsync.ports.crm import Outcome, Written
from crmsync.rules.refusals.table import hint_of

ASKED = Written(Ref(Side.HUBSPOT, HUBSPOT_CONTACT, ""), {})
_ACCOUNT = "0"
_OUT, _IN = "UNSUBSCRIBED", "SUBSCRIBED"


def unsubscribe(client: HubspotClient, email: str) -> Outcome:
    """Unsubscribe the address from everything: one call, and one more for each brand that is still
    subscribed after it. Raises `SyncError`.
    """
    reply = _ask(client, email)
    if error := _refusal(reply, email):
        return error
    rows = list(reply.rows)
    for brand in sorted(
        {_brand(row) for row in reply.rows if row.get("status") != _OUT} - {_ACCOUNT}
    ):
        reply = _ask(client, email, businessUnitId=brand)
        if error := _refusal(reply, email):
            return error
        rows = [row for row in rows if _brand(row) != brand] + [
            row for row in reply.rows if _brand(row) == brand
        ]
    return _still_in(rows) or ASKED


def _ask(client: HubspotClient, email: str, **brand: str) -> Reply:
    query = {"channel": "EMAIL", "verbose": "true", **brand}
    return client.ask("POST", UNSUBSCRIBE, inside={"email": email}, query=query, see=ROW_WISE)


def _refusal(reply: Reply, email: str) -> SyncError | None:
    """Why the opt-out failed, if it did: a refusal, an error entry, or a task that HubSpot
    cancelled.
    """
    if reply.status in ROW_WISE:
        return row_error(reply.body, {"email": email}, status=reply.status)
    if reply.errors:
        return row_error(reply.errors[0], {"email": email})
    if reply.body.get("numErrors") or reply.body.get("status") == "CANCELED":
        return TryAgain(
            "HubSpot did not carry the opt-out through.",
            code=str(reply.body.get("status") or reply.status),
        )
    return None


def _still_in(rows: Sequence[Mapping[str, Any]]) -> Refused | None:
    left = sorted({str(row.get("subscriptionId")) for row in rows if row.get("status") == _IN})
    if not left:
        return None
    text = (
        f"HubSpot left the address subscribed to {len(left)} of its subscription types: "
        f"{', '.join(left)}."
    )
    code = "STILL_SUBSCRIBED"
    return Refused(text, code=code, fieldname=HUBSPOT_OPT_OUT, hint=hint_of(code))


def _brand(row: Mapping[str, Any]) -> str:
    return str(row.get("businessUnitId") or _ACCOUNT)
