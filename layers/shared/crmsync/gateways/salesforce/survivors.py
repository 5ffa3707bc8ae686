"""What became of Salesforce records that are gone: the ones into which they were merged. No other
questions are asked here.

The losers of a merge stay in the recycle bin for 15 days and name the winner in ``MasterRecordId``
(docs/vendors.md#salesforce-objects [M]); after that, nobody can tell any more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from crmsync.gateways.salesforce.ids import full, is_id
from crmsync.gateways.salesforce.queries import masters, run
from crmsync.gateways.salesforce.session import SalesforceSession
from crmsync.model.crm_names import ACCOUNT, LEAD, SALESFORCE_CONTACT
from crmsync.model.records import Ref, Side

MOST_MERGES = 10
"""Merges in a row that are followed. Each costs a call, and nobody merges one record into the next
more often within 15 days.
"""


MERGED = frozenset({LEAD, SALESFORCE_CONTACT, ACCOUNT})
"""What Salesforce can merge; other objects have no ``MasterRecordId`` to ask for [D]."""


def survivors(session: SalesforceSession, refs: Iterable[Ref]) -> Mapping[Ref, Ref]:
    """For merged records the last one in a row of merges, unless it is deleted itself. Raises
    `SyncError`.
    """
    starts = {
        ref: Ref(ref.side, ref.object, full(ref.id))
        for ref in refs
        if ref.object in MERGED and is_id(ref.id)
    }
    ends = dict(starts)
    lives_on: dict[Ref, Ref | None] = {}
    for _ in range(MOST_MERGES + 1):
        lives_on.update(_look(session, set(ends.values()) - lives_on.keys()))
        further = {ref: lives_on[end] or end for ref, end in ends.items()}
        if further == ends:
            break
        ends = further
    return {
        ref: end for ref, end in ends.items() if end != starts[ref] and lives_on.get(end) == end
    }


def _look(session: SalesforceSession, refs: Collection[Ref]) -> Mapping[Ref, Ref | None]:
    """For a record that lives itself, for one that was merged its winner, for others None."""
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
