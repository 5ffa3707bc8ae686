"""Who wrote a row last and when, and writing another row along with one."""

from __future__ import annotations

from typing import Any

from simulators.salesforce.objects.fields import Row
from simulators.salesforce.org.transaction import Transaction


def stamped(transaction: Transaction, before: Row | None, row: Row) -> Row:
    """Return the row with the stamps of this write; the administrator of the world file keeps those
    that were given.
    """
    user, now = transaction.actor.user_id, transaction.now_ms
    created = {"CreatedDate": now, "CreatedById": user} if before is None else {}
    written = {"LastModifiedDate": now, "LastModifiedById": user, "SystemModstamp": now}
    stamps = created | written
    if transaction.actor.trusted:
        born = row.get("CreatedDate") or now
        stamps = {
            "CreatedDate": born,
            "CreatedById": user,
            "LastModifiedDate": row.get("LastModifiedDate") or born,
            "LastModifiedById": row.get("LastModifiedById") or user,
            "SystemModstamp": row.get("SystemModstamp") or born,
        }
    return row | stamps


def touch(transaction: Transaction, sobject: str, row: Row, **changes: Any) -> Row:
    """Write changed values of another record, with its stamps."""
    new = stamped(transaction, row, row | changes)
    transaction.put(sobject, row["Id"], new)
    return new
