"""Who owns a new activity where the settings leave it to the owner of the record that it is about
(ACT-6).

That owner is chosen when the activity is made, and never again: each CRM has ways of its own to
hand open activities over along with a record.
"""

from __future__ import annotations

from collections.abc import Mapping

from crmsync.model.kinds.activities import About
from crmsync.model.records import Ref, Side
from crmsync.rules.merge.owners import OwnerMatches

QUEUES = frozenset({"Queue", "QUEUE"})
"""Kinds of owners that are no persons. No queue may own an event, and only some may own tasks
(docs/vendors.md#salesforce-activities).
"""


def record_of(about: About, back: Mapping[Ref, Ref] | None = None) -> Ref | None:
    """The record whose owner counts: the person, otherwise what the activity is about; with `back`
    the HubSpot records that those are linked with.
    """
    named = [one for one in (about.who, about.what) if one is not None]
    found = named if back is None else [back[one] for one in named if one in back]
    return found[0] if found else None


def record_owner(
    record: Ref | None, owners: Mapping[Ref, str], matches: OwnerMatches | None
) -> tuple[str, str]:
    """Who owns an activity that is about a record, and why nobody does.

    Args:
        record: The record on the side where the activity is made; None for an unknown one.
        owners: Record -> its owner's id on its side, "" for none.
        matches: The owners of both sides.

    Returns:
        The owner's id, "" for nobody; and for nobody the reason, in words after "it".
    """
    if record is None:
        return "", "is about nobody and nothing that is linked"
    known = matches or OwnerMatches()
    people = known.salesforce if record.side is Side.SALESFORCE else known.hubspot
    owner = people.get(owners.get(record, ""))
    if owner is None:
        return "", f"is about a {record.object} whose owner is not known"
    if owner.kind in QUEUES:
        return "", f"is about a {record.object} of a queue"
    if not owner.is_active:
        return "", f"is about a {record.object} of somebody who is no longer active"
    return owner.id, ""
