"""One transaction: what it wrote, how to take it back, and what changed in the end.

It knows rows and ids, not what they mean.
"""

from __future__ import annotations

from dataclasses import dataclass

from local.simulators.salesforce.fields import Row
from local.simulators.salesforce.store import Store


@dataclass(frozen=True, slots=True)
class Actor:
    """Who writes, and how: `origin` shows in change events, `trusted` is the administrator of long ago (the world file)."""

    user_id: str
    origin: str = ""
    product: bool = False
    auto_assign: bool = True
    allow_save: bool = False
    trusted: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """What one transaction did to one record: the row before it (None: there was none) and after it (None: taken back)."""

    sobject: str
    record_id: str
    before: Row | None
    after: Row | None


class Transaction:
    """Writes that become visible as one and can be taken back to any mark."""

    def __init__(self, store: Store, actor: Actor, now_ms: int) -> None:
        """Begin; `now_ms` is the stamp of everything written here."""
        self.store = store
        self.actor = actor
        self.now_ms = now_ms
        self._undo: list[tuple[str, str, Row | None]] = []

    def put(self, sobject: str, record_id: str, row: Row) -> None:
        """Write a row."""
        before = self.store.tables[sobject].put(record_id, row)
        self._undo.append((sobject, record_id, before))

    def remove(self, sobject: str, record_id: str) -> None:
        """Take a row out for good (objects without recycle bin)."""
        before = self.store.tables[sobject].put(record_id, None)
        self._undo.append((sobject, record_id, before))

    def mark(self) -> int:
        """A place to come back to."""
        return len(self._undo)

    def rollback(self, mark: int = 0) -> None:
        """Take back everything written since `mark`."""
        while len(self._undo) > mark:
            sobject, record_id, before = self._undo.pop()
            self.store.tables[sobject].put(record_id, before)

    def changes(self) -> list[Change]:
        """What changed in the end, one entry per record, in the order of the first write."""
        first: dict[tuple[str, str], Row | None] = {}
        for sobject, record_id, before in self._undo:
            first.setdefault((sobject, record_id), before)
        return [
            Change(sobject, record_id, before, self.store.get(sobject, record_id))
            for (sobject, record_id), before in first.items()
        ]
