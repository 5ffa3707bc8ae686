"""Which contacts may be written where an inclusion list leaves some as they are (INC-7)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from crmsync.model.crm_names import HUBSPOT_CONTACT, LIFECYCLE_STAGE
from crmsync.model.records import Record, Ref
from crmsync.model.settings import ContactSettings
from crmsync.ports.crm import Crm
from crmsync.ports.listing import Lists
from crmsync.rules.kinds.contact.inclusion import is_frozen, needs_membership, qualifies


def not_frozen(contacts: Sequence[Record], settings: ContactSettings, lists: Lists) -> list[Record]:
    """Those of HubSpot's contacts that are not frozen outside the inclusion list (INC-7).

    Their membership is read in one go, and only where it decides. Raises `SyncError`.
    """
    members: frozenset[Ref] = frozenset()
    if contacts and needs_membership(settings):
        members = lists.members(settings.inclusion_list, [one.ref for one in contacts])
    return [
        one
        for one in contacts
        if not is_frozen(settings, included=qualifies(one, settings, members))
    ]


def frozen_among(
    contacts: Collection[Ref], settings: ContactSettings, lists: Lists, hubspot: Crm
) -> frozenset[Ref]:
    """Those of HubSpot's contacts that are frozen outside the inclusion list (INC-7).

    One call for a list of HubSpot's, one for the preset, and none without a list. A contact that
    is gone is in no list of HubSpot's. Raises `SyncError`.
    """
    is_asked = settings.inclusion_list and is_frozen(settings, included=False)
    if not contacts or not is_asked:
        return frozenset()
    if needs_membership(settings):
        return frozenset(contacts) - lists.members(settings.inclusion_list, contacts)
    shown = hubspot.read(contacts, {HUBSPOT_CONTACT: (LIFECYCLE_STAGE,)})
    return frozenset(ref for ref, one in shown.items() if not qualifies(one, settings, ()))
