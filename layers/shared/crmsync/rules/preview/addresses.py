"""Where people see a record in its CRM.

Facts: docs/vendors.md#addresses-of-records.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from crmsync.model.crm_names import (
    COMPANY,
    DEAL,
    HUBSPOT_CALL,
    HUBSPOT_CONTACT,
    HUBSPOT_MAIL,
    HUBSPOT_MEETING,
    HUBSPOT_NOTE,
    HUBSPOT_TASK,
)
from crmsync.model.records import Ref, Side
from crmsync.model.settings import Connection

_TYPES: Mapping[str, str] = MappingProxyType(
    {
        HUBSPOT_CONTACT: "0-1",
        COMPANY: "0-2",
        DEAL: "0-3",
        HUBSPOT_TASK: "0-27",
        HUBSPOT_NOTE: "0-46",
        HUBSPOT_MEETING: "0-47",
        HUBSPOT_CALL: "0-48",
        HUBSPOT_MAIL: "0-49",
    }
)
"""HubSpot's ids of object types."""


def address_of(ref: Ref, connection: Connection) -> str:
    """The address of a record for a browser in which somebody is signed in to the CRM."""
    if ref.side is Side.SALESFORCE:
        return f"{connection.salesforce.login_url.rstrip('/')}/{ref.id}"
    account = f"https://app.hubspot.com/contacts/{connection.hubspot.portal_id}"
    return f"{account}/record/{_TYPES[ref.object]}/{ref.id}"
