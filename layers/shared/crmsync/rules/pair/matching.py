"""Which record of the other side belongs to a record that has no link yet (DUP-1, CH-13, DUP-23).

A record may name its counterpart in the field of our own that both CRMs have. Otherwise contacts
are matched by e-mail address alone, never by name (DUP-20); the choice among several does not
depend on their order (DUP-21), and an existing record is not created again (DUP-25). Once there is
a link, it alone decides (DUP-24).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from crmsync.model import names
from crmsync.model.crm_names import (
    ACCOUNT,
    EVENT,
    HUBSPOT_CONTACT,
    LEAD,
    OPPORTUNITY,
    SALESFORCE_CONTACT,
    TASK,
)
from crmsync.model.records import Record, Ref, Side
from crmsync.rules.merge.person_accounts import may_share_company

PREFIXES: Mapping[str, str] = MappingProxyType(
    {
        "00Q": LEAD,
        "003": SALESFORCE_CONTACT,
        "001": ACCOUNT,
        "006": OPPORTUNITY,
        "00T": TASK,
        "00U": EVENT,
    }
)
"""The first three characters of a Salesforce id -> its object [D]."""

KEY_OF: Mapping[Side, str] = MappingProxyType(
    {Side.HUBSPOT: names.HUBSPOT_KEY, Side.SALESFORCE: names.SALESFORCE_KEY}
)
"""The field of each side in which a record names its counterpart."""

_ORDER = {HUBSPOT_CONTACT: 0, SALESFORCE_CONTACT: 0, LEAD: 1}
"""Contacts are preferred to leads."""


def named_by(record: Record, portal_id: int, objects: Collection[str]) -> Ref | None:
    """The counterpart that a record names, if it is one of `objects` of the other side. Of a
    Salesforce record only one in the portal `portal_id` counts (TEN-1).
    """
    text = str(record.fields.get(KEY_OF[record.ref.side]) or "")
    if record.ref.side is Side.HUBSPOT:
        name = PREFIXES.get(text[:3], "")
        return Ref(Side.SALESFORCE, name, text) if name in objects else None
    ours = names.salesforce_key(portal_id, "")
    identifier = text.removeprefix(ours)
    (name,) = objects
    return Ref(Side.HUBSPOT, name, identifier) if text.startswith(ours) and identifier else None


def choose_match(candidates: Sequence[Record], taken: Collection[Ref]) -> Record | None:
    """The record to link with, among those that have the address: a contact before a lead, then the
    oldest, then the smallest id. None where there is no free one.

    Records in `taken` belong to another link and stay there.
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
    """The company or account to pair with: the one with the most contacts in common (DUP-2,
    DUP-27), then the oldest, then the smallest id. None where there is no free one.

    Records in `taken` have a pair already, which is exclusive and lasting (DUP-3). A person account
    shares its company with no other account and is not chosen (Q-34).
    """
    free = [
        record for record in candidates if record.ref not in taken and may_share_company(record)
    ]
    return min(
        free,
        key=lambda record: (-votes.get(record.ref, 0), record.created_at, record.ref.id),
        default=None,
    )
