"""One transaction: what it wrote, how to roll it back, and what changed in the end.

Law: knows rows and ids, not their meaning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from simulators.salesforce.objects.fields import Row
from simulators.salesforce.org.store import Store
from simulators.salesforce.times import full_second


@dataclass(frozen=True, slots=True)
class Actor:
    """Who writes, and how: `origin` appears in change events, `trusted` is the administrator of the
    world file.
    """

    user_id: str
    origin: str = ""
    product: bool = False
    auto_assign: bool = True
    allow_save: bool = False
    trusted: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """What one transaction did to one record: the row before (None: it did not exist) and after
    (None: rolled back).
    """

    sobject: str
    record_id: str
    before: Row | None
    after: Row | None


class Transaction:
    """Writes that become visible together and can be rolled back to any mark."""

    def __init__(self, store: Store, actor: Actor, now_ms: int) -> None:
        """Begin; `now_ms` is the time stamp of everything written here."""
        self.store = store
        self.actor = actor
        self.now_ms = now_ms
        self._undo: list[tuple[str, str, Row | None]] = []

    def put(self, sobject: str, record_id: str, row: Row) -> None:
        """Write a row."""
        before = self.store.tables[sobject].put(record_id, row)
        self._undo.append((sobject, record_id, before))

    def remove(self, sobject: str, record_id: str) -> None:
        """Remove a row for good (objects without recycle bin)."""
        before = self.store.tables[sobject].put(record_id, None)
        self._undo.append((sobject, record_id, before))

    def mark(self) -> int:
        """Return a point to which `rollback` can return."""
        return len(self._undo)

    def rollback(self, mark: int = 0) -> None:
        """Undo everything written since `mark`."""
        while len(self._undo) > mark:
            sobject, record_id, before = self._undo.pop()
            self.store.tables[sobject].put(record_id, before)

    def changes(self) -> list[Change]:
        """Return what changed in the end, one entry per record, in the order of the first write."""
        first: dict[tuple[str, str], Row | None] = {}
        for sobject, record_id, before in self._undo:
            first.setdefault((sobject, record_id), before)
        return [
            Change(sobject, record_id, before, self.store.get(sobject, record_id))
            for (sobject, record_id), before in first.items()
        ]


@dataclass(frozen=True, slots=True)
class LateCommit:
    """A transaction that stays open after it has written: nobody sees its writes until it ends, and
    their stamps are those of the writes.
    """

    actor: Actor
    written_ms: int
    due_ms: int
    changes: Sequence[Change]

    @classmethod
    def of(cls, transaction: Transaction, due_ms: int) -> Self:
        """Roll a transaction back and keep it until it is due."""
        changes = transaction.changes()
        transaction.rollback()
        return cls(transaction.actor, transaction.now_ms, due_ms, changes)

    def redo(self, store: Store) -> Transaction:
        """Write everything; what others have meanwhile written to the same records, as a
        consequence of something else, stays.
        """
        transaction = Transaction(store, self.actor, full_second(self.due_ms))
        for change in self.changes:
            there = store.get(change.sobject, change.record_id)
            if change.after is None:
                transaction.remove(change.sobject, change.record_id)
                continue
            before = change.before or {}
            new = {
                name: value
                for name, value in change.after.items()
                if before.get(name) != value or name not in before
            }
            transaction.put(change.sobject, change.record_id, (there or before) | new)
        return transaction
