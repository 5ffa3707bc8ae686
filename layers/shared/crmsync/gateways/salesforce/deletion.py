"""Deletes rows of one Salesforce org: 200 per call, whatever their objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crmsync.errors import Gone, SyncError
from crmsync.gateways.retry import chunks
from crmsync.gateways.salesforce.errors import row_error
from crmsync.gateways.salesforce.ids import is_id
from crmsync.gateways.salesforce.session import SalesforceSession
from crmsync.model.records import Ref
from crmsync.ports.crm import Outcome, Written

DELETE_BATCH = 200


def delete(session: SalesforceSession, refs: Iterable[Ref]) -> Sequence[Outcome]:
    """Delete rows, in order. One that does not exist, or whose id cannot be one, counts as deleted.

    Raises `SyncError` if nothing was deleted.
    """
    wanted = list(refs)
    outcomes: dict[Ref, Outcome] = {ref: Written(ref, {}) for ref in wanted if not is_id(ref.id)}
    left = [ref for ref in dict.fromkeys(wanted) if ref not in outcomes]
    begun = False
    try:
        for part in chunks(left, DELETE_BATCH):
            outcomes |= _delete(session, part)
            begun = True
    except SyncError as error:
        # What has been deleted is reported; only the rest is tried again.
        if not begun:
            raise
        return [outcomes.get(ref, error) for ref in wanted]
    return [outcomes[ref] for ref in wanted]


def _delete(session: SalesforceSession, part: Sequence[Ref]) -> Mapping[Ref, Outcome]:
    ids = ",".join(ref.id for ref in part)
    answer = session.call("DELETE", f"composite/sobjects?ids={ids}&allOrNone=false")
    return {ref: _outcome(ref, row) for ref, row in zip(part, answer, strict=True)}


def _outcome(ref: Ref, row: Mapping[str, Any]) -> Outcome:
    if row.get("success"):
        return Written(ref, {})
    error = row_error(row.get("errors") or (), {}, updates=True)
    return Written(ref, {}) if isinstance(error, Gone) else error
