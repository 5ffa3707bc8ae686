"""Which contacts may be written where an inclusion list leaves some as they are (INC-7)."""

from __future__ import annotations

from collections.abc import Sequence

from crmsync.model.records import Record, Ref
from crmsync.model.settings import ContactSettings
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
