"""Whether the deletion of a task or event crosses to HubSpot (ACT-8).

Salesforce deletes the tasks and events of a lead, contact, account or opportunity along with it
(docs/vendors.md#salesforce-activities). HubSpot keeps the activities of a deleted contact for its
company and deals; so crmsync follows only a deletion that was about the task itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from crmsync.model.kinds.activities import Kept


@dataclass(frozen=True, slots=True)
class Binned:
    """A task or event in Salesforce's recycle bin.

    Attributes:
        about: The ids of all that it or its HubSpot activity was about in Salesforce.
        there: Those of them that still exist.
    """

    about: frozenset[str] = frozenset()
    there: frozenset[str] = frozenset()


def kept_in_hubspot(binned: Binned | None) -> Kept | None:
    """Why the activity of a deleted task or event stays; None if it is deleted as well.

    `binned` is None for one that is not in the recycle bin.
    """
    if binned is None:
        return Kept.UNSEEN
    return None if binned.about <= binned.there else Kept.WITH_RECORD
