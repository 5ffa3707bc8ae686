"""HubSpot's e-mail event log and its campaigns -> the model (docs/vendors.md#hubspot-e-mail-log).
Only what tasks are made of is read; addresses go no further.

The log is HubSpot's oldest API: a row may lack what others have, so only its identity and its kind
must be there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmsync.model.mail import Campaign, MailEvent


def mail_event(row: Mapping[str, Any]) -> MailEvent:
    """An event of the log. Raises `KeyError` or `ValueError` for a row without identity, which the
    log does not have.
    """
    return MailEvent(
        id=str(row["id"]),
        created=int(row["created"]),
        kind=str(row["type"]),
        recipient=_text(row, "recipient"),
        app=_text(row, "appId"),
        campaign=_text(row, "emailCampaignId"),
        subject=_text(row, "subject"),
        url=_text(row, "url"),
        is_filtered=row.get("filteredEvent") is True,
        is_obsolete=bool(row.get("obsoletedBy")),
    )


def campaign(row: Mapping[str, Any]) -> Campaign:
    """A campaign by the names that HubSpot's users gave it."""
    return Campaign(_text(row, "name"), _text(row, "subject"))


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(value)
