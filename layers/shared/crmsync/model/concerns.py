"""Which concern an object belongs to, and which objects of a side a connection syncs. Data and
lookups only.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from crmsync.model.crm_names import (
    ACCOUNT,
    COMPANY,
    CONTACT_ROLE,
    DEAL,
    HUBSPOT_CONTACT,
    LEAD,
    OPPORTUNITY,
    OPPORTUNITY_STAGE,
    RECORD_TYPE,
    SALESFORCE_CONTACT,
    TASK,
)
from crmsync.model.kinds.activities import HUBSPOT_OBJECTS, SALESFORCE_OBJECTS
from crmsync.model.records import Kind, Side
from crmsync.model.settings import Connection

KIND_OF: Mapping[Side, Mapping[str, Kind]] = MappingProxyType(
    {
        Side.HUBSPOT: MappingProxyType(
            {
                HUBSPOT_CONTACT: Kind.CONTACT,
                COMPANY: Kind.ACCOUNT,
                DEAL: Kind.OPPORTUNITY,
                **dict.fromkeys(HUBSPOT_OBJECTS.values(), Kind.ACTIVITY),
            },
        ),
        Side.SALESFORCE: MappingProxyType(
            {
                LEAD: Kind.CONTACT,
                SALESFORCE_CONTACT: Kind.CONTACT,
                ACCOUNT: Kind.ACCOUNT,
                OPPORTUNITY: Kind.OPPORTUNITY,
                **dict.fromkeys(SALESFORCE_OBJECTS.values(), Kind.ACTIVITY),
            }
        ),
    }
)
"""Side -> object -> the concern that syncs it."""

INDIRECT_OBJECTS: Mapping[str, Kind] = MappingProxyType(
    {
        CONTACT_ROLE: Kind.OPPORTUNITY,
        OPPORTUNITY_STAGE: Kind.OPPORTUNITY,
        RECORD_TYPE: Kind.OPPORTUNITY,
    }
)
"""Objects of Salesforce that are never half of a pair; a change of one makes its concern sync
something else.
"""

METADATA_OBJECTS = frozenset({OPPORTUNITY_STAGE, RECORD_TYPE})
"""Those of them that an administrator changes, rarely."""

SKIPPED_ON_METADATA_POLL = frozenset({OPPORTUNITY, CONTACT_ROLE})
"""Objects that a poll leaves out when it asks for metadata: one call to Salesforce asks for five
objects, and leads, contacts and accounts are more urgent.
"""


ACTIVITIES = frozenset({"Activity", TASK})
"""Salesforce's names for tasks: where their fields are made, and where they are shown."""


def mail_kinds_of(connection: Connection) -> tuple[str, ...]:
    """The kinds of e-mail events that become tasks (SET-10).

    None where contacts do not sync, as a task needs the link of a contact.
    """
    return connection.email_tasks.kinds if connection.contacts.sync else ()


def objects_of(connection: Connection, side: Side) -> dict[str, Kind]:
    """The objects of a side that a connection syncs, each with its concern. Of activities these are
    the objects whose changes cross.
    """
    kinds = connection.kinds
    found = {name: kind for name, kind in KIND_OF[side].items() if kind in kinds}
    if Kind.ACTIVITY not in kinds:
        return found
    activities = connection.activities.objects(side)
    return {
        name: kind
        for name, kind in found.items()
        if kind is not Kind.ACTIVITY or name in activities
    }


def watched_of(connection: Connection, side: Side) -> dict[str, Kind]:
    """The objects of a side whose changes a connection needs, each with the concern that they go
    to.

    These are the objects that sync and the indirect ones.
    """
    kinds = connection.kinds
    signs = INDIRECT_OBJECTS if side is Side.SALESFORCE else {}
    return objects_of(connection, side) | {
        name: kind for name, kind in signs.items() if kind in kinds
    }


def since_of(connection: Connection, kind: Kind) -> datetime | None:
    """When a concern was switched on (UTC), by the push that did so; None before such dates were
    kept.

    Opportunities sync where both deals and companies are on (OPP-2), so the later date counts.
    """
    companies, deals = connection.companies.since, connection.deals.since
    dates = {
        Kind.CONTACT: [connection.contacts.since],
        Kind.ACCOUNT: [companies],
        Kind.OPPORTUNITY: [companies, deals],
        Kind.ACTIVITY: [],
    }
    return max((one for one in dates[kind] if one), default=None)
