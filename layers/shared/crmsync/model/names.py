"""Names that crmsync adds to the two CRMs: its properties, fields, permission set and client.

Rules, gateways and set-up share them. Renaming one orphans what deployments have stored. The CRMs'
own names are in `crmsync.model.crm_names`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from crmsync.model.records import Side

HUBSPOT_KEY = "crmsync_salesforce_id"
"""HubSpot property, unique: the id of the linked Salesforce record, so that only one record can be
made for that one.
"""

SALESFORCE_KEY = "Crmsync_HubSpot_Id__c"
"""Salesforce field, external id and unique: ``<portal id>-<HubSpot id>``, as several portals may
share an org (TEN-1).
"""

HUBSPOT_REVISION = "crmsync_revision"
"""HubSpot property of contacts, companies and deals: the newest of our writes that has reached the
record (`Intent.revision`).
"""

HUBSPOT_CAMPAIGNS = "crmsync_campaign_ids"
"""HubSpot property of contacts: the ids of the Salesforce campaigns that the linked lead or contact
is a member of (CMP-1).
"""

TASK_KEY = "Crmsync_Email_Event__c"
"""Salesforce field on Activity, external id: which e-mail events a task stands for, so that a
repeat finds the first.
"""

TASK_COUNT = "Crmsync_Email_Event_Count__c"
"""Salesforce field on Activity, a number: how many events a task stands for."""


HUBSPOT_GROUP = "crmsync"
"""Property group of our own HubSpot properties."""

SALESFORCE_CLIENT = "crmsync"
"""Our name in ``Sforce-Call-Options: client=``, which Salesforce repeats as the origin of a
change.
"""

PERMISSION_SET = "Crmsync"
"""Salesforce permission set that makes our fields visible to the integration user."""


def salesforce_key(portal_id: int, hubspot_id: str) -> str:
    """The value of `SALESFORCE_KEY` for a HubSpot record."""
    return f"{portal_id}-{hubspot_id}"


def salesforce_revision(portal_id: int) -> str:
    """Salesforce field on Lead, Contact, Account and Opportunity, like `HUBSPOT_REVISION`: each
    portal has its own (TEN-1).

    In one that they shared, each would hide from the others whether their writes have arrived.
    Salesforce allows 40 characters before ``__c``, of which this leaves 23 to the id.
    """
    return f"Crmsync_Revision_{portal_id}__c"


@cache
def revision_fields(portal_id: int) -> Mapping[Side, str]:
    """Where the records of each side show which of our writes for the portal reached them last."""
    return MappingProxyType(
        {Side.HUBSPOT: HUBSPOT_REVISION, Side.SALESFORCE: salesforce_revision(portal_id)}
    )
