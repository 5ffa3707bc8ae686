"""Who is the same person on the other side (DUP-1, CH-13, DUP-23).

The address alone decides, never a name (DUP-20); among several the choice does not depend on their
order (DUP-21), and whoever is there already is not made a second time (DUP-25). A link, once made,
is the lasting anchor (DUP-24); these rules speak only where there is none yet.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from crmsync.model.crm_names import HUBSPOT_CONTACT, LEAD, SALESFORCE_CONTACT
from crmsync.model.records import Record, Ref
from crmsync.rules.merge.person_accounts import may_share_company

_ORDER = {HUBSPOT_CONTACT: 0, SALESFORCE_CONTACT: 0, LEAD: 1}


def choose_match(candidates: Sequence[Record], taken: Collection[Ref]) -> Record | None:
    """The record to link with, among those that hold the address: a contact before a lead, then the
    oldest, then the smallest id.

    Records in `taken` belong to somebody else's link and are never taken away from it.
    """
    free = [record for record in candidates if record.ref not in taken]
    return min(
        free,
        key=lambda record: (_ORDER[record.ref.object], record.created_at, record.ref.id),
        default=None,
    )


def choose_account(
    candidates: Sequence[Record], votes: Mapping[Ref, int], taken: Collection[Ref]
) -> Record | None:
    """The company or account to pair with: the one that most contacts speak for (DUP-2, DUP-27),
    then the oldest and smallest id.

    Records in `taken` have a pair already, which is exclusive and lasting (DUP-3). A person account
    shares its company with nobody and is not chosen (Q-34).
    """
    free = [
        record for record in candidates if record.ref not in taken and may_share_company(record)
    ]
    return min(
        free,
        key=lambda record: (-votes.get(record.ref, 0), record.created_at, record.ref.id),
        default=None,
    )
