"""Which contacts sync: the inclusion list (INC-1 to INC-7).

Whether a contact is in a HubSpot list was read before; only the preset is worked out here, as it
needs nothing but the contact.
"""

from __future__ import annotations

from collections.abc import Collection

from crmsync.model.crm_names import LIFECYCLE_STAGE
from crmsync.model.records import Record, Ref
from crmsync.model.settings import ContactSettings, OutsideInclusionList
from crmsync.rules.fields.values import is_blank

PRESET = "default"
"""All contacts but subscribers (INC-4). It goes by this name and is never made as a list in HubSpot
(Q-24).
"""

SUBSCRIBER = "subscriber"


def needs_membership(contacts: ContactSettings) -> bool:
    """Whether HubSpot has to be asked who is in the list."""
    return contacts.inclusion_list not in {"", PRESET}


def has_preset(contacts: ContactSettings) -> bool:
    """Whether pairs whose contact is a subscriber stay as they are, so that another stage may let
    them sync.
    """
    return contacts.inclusion_list == PRESET and is_frozen(contacts, included=False)


def qualifies(contact: Record, contacts: ContactSettings, members: Collection[Ref]) -> bool:
    """Whether a HubSpot contact is to sync.

    Without a list, which is the default, everybody is (INC-1, INC-5), otherwise those who meet its
    criteria (INC-2).
    """
    if not contacts.inclusion_list:
        return True
    if contacts.inclusion_list == PRESET:
        stage = contact.fields.get(LIFECYCLE_STAGE)
        return is_blank(stage) or str(stage).strip().lower() != SUBSCRIBER
    return contact.ref in members


def new_record_qualifies(contacts: ContactSettings) -> bool:
    """Whether a HubSpot contact that does not exist yet can be in the list: never in a list of
    HubSpot's, always in the preset.
    """
    return not needs_membership(contacts)


def is_frozen(contacts: ContactSettings, *, included: bool) -> bool:
    """Whether a linked pair stays unchanged in both directions (INC-7, Q-22, Q-23), unless the
    setting lets it sync all the same.
    """
    return not included and contacts.outside_inclusion_list is not OutsideInclusionList.SYNC
