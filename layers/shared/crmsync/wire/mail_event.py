"""Events and campaigns of HubSpot's e-mail event log to the model
(docs/vendors.md#hubspot-e-mail-log). Only what tasks need is read.

The log is HubSpot's oldest API, and rows may lack fields, so only id, time and type are required.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmsync.model.mail import Campaign, MailEvent


def mail_event(row: Mapping[str, Any]) -> MailEvent:
    """An event of the log. Raises `KeyError` or `ValueError` for a row without id, time or type."""
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
    """A campaign, with its name and subject."""
    return Campaign(_text(row, "name"), _text(row, "subject"))


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(value)
