"""The product's own names inside the two CRMs. Whoever speaks of our property, field or client does so with these.

They are data shared by rules, gateways and set-up; renaming one orphans what deployments have stored.
"""

from __future__ import annotations

HUBSPOT_KEY = "crmsync_salesforce_id"
"""HubSpot contact property, unique: the id of the linked Salesforce record. Upserts go by it."""

SALESFORCE_KEY = "Crmsync_HubSpot_Id__c"
"""Salesforce field on Lead and Contact, external id and unique: ``<portal id>-<HubSpot id>``, as several portals may
share an org (TEN-1)."""

HUBSPOT_REVISION = "crmsync_revision"
"""HubSpot property of contacts, companies and deals: the newest of our writes that has reached the record (`Intent.revision`)."""

SALESFORCE_REVISION = "Crmsync_Revision__c"
"""Salesforce field on Lead, Contact, Account and Opportunity: likewise."""

TASK_KEY = "Crmsync_Email_Event__c"
"""Salesforce field on Activity, external id: which e-mail events a task stands for, so that a repeat finds the first."""

TASK_COUNT = "Crmsync_Email_Event_Count__c"
"""Salesforce field on Activity, a number: how many events a task stands for."""

MERGED_IDS = "hs_merged_object_ids"
"""HubSpot's own property: the ids of the records that a record was merged from, ``81;93``."""

HUBSPOT_GROUP = "crmsync"
"""Property group of our own HubSpot properties."""

SALESFORCE_CLIENT = "crmsync"
"""Our name in ``Sforce-Call-Options: client=``, which Salesforce repeats as the origin of a change."""

PERMISSION_SET = "Crmsync"
"""Salesforce permission set that makes our fields visible to the integration user."""


def salesforce_key(portal_id: int, hubspot_id: str) -> str:
    """The value of `SALESFORCE_KEY` for a HubSpot record."""
    return f"{portal_id}-{hubspot_id}"


def revision_text(portal_id: int, revision: bytes) -> str:
    """How a record shows a revision: with the portal's id before it, as several portals may write to one Salesforce record (TEN-1)."""
    return f"{portal_id}-{revision.hex()}"


def is_foreign_revision(portal_id: int, text: str) -> bool:
    """Whether a record shows the revision of another portal's write, so that nothing is known of ours."""
    return bool(text) and not text.startswith(f"{portal_id}-")
