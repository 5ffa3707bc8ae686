"""Which records merged Salesforce records were merged into.

The losers of a merge stay in the recycle bin for 15 days and name the winner in ``MasterRecordId``
(docs/vendors.md#salesforce-objects [M]); after that, the winner is unknown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from crmsync.gateways.salesforce.ids import full, is_id
from crmsync.gateways.salesforce.queries import masters, run
from crmsync.gateways.salesforce.session import SalesforceSession
from crmsync.model.crm_names import ACCOUNT, LEAD, SALESFORCE_CONTACT
from crmsync.model.records import Ref, Side

MAX_MERGES = 10
"""How many merges in a row are followed, at one call each. A longer chain within 15 days is not to
be expected.
"""


MERGED = frozenset({LEAD, SALESFORCE_CONTACT, ACCOUNT})
"""The objects that Salesforce can merge; others have no ``MasterRecordId`` [D]."""


def survivors(session: SalesforceSession, refs: Iterable[Ref]) -> Mapping[Ref, Ref]:
    """The record that each merged record was finally merged into, unless that one is deleted.

    One call per merge in a row. Raises `SyncError`.
    """
    starts = {
        ref: Ref(ref.side, ref.object, full(ref.id))
        for ref in refs
        if ref.object in MERGED and is_id(ref.id)
    }
    ends = dict(starts)
    lives_on: dict[Ref, Ref | None] = {}
    for _ in range(MAX_MERGES + 1):
        lives_on.update(_masters(session, set(ends.values()) - lives_on.keys()))
        further = {ref: lives_on[end] or end for ref, end in ends.items()}
        if further == ends:
            break
        ends = further
    return {
        ref: end for ref, end in ends.items() if end != starts[ref] and lives_on.get(end) == end
    }


def _masters(session: SalesforceSession, refs: Collection[Ref]) -> Mapping[Ref, Ref | None]:
    """The record itself if it exists, its winner if it was merged, else None."""
    queries = [
        query
        for name in sorted({ref.object for ref in refs})
        for query in masters(name, sorted(ref.id for ref in refs if ref.object == name))
    ]
    found: dict[Ref, Ref | None] = dict.fromkeys(refs)
    for query, rows in run(session, queries):
        for row in rows:
            here = Ref(Side.SALESFORCE, query.object, row["Id"])
            there = row.get("MasterRecordId") if row.get("IsDeleted") else row["Id"]
            found[here] = Ref(Side.SALESFORCE, query.object, there) if there else None
    return found
