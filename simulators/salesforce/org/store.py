"""The records of the org, with the indexes that keep ten thousand of them fast.

Law: rows are never changed in place; a write puts a new row for the id. The store has none of the
org's rules.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from typing import Any, Final

from simulators.salesforce.objects.fields import Field, Row
from simulators.salesforce.objects.sobject import SObject

TIMES: Final = ("SystemModstamp", "LastModifiedDate", "CreatedDate")
_BEFORE_ALL: Final = ""
_AFTER_ALL: Final = "~"


def index_key(value: Any) -> Any:
    """Return the form in which values are compared: texts without case, everything else unchanged
    [D].
    """
    return value.lower() if isinstance(value, str) else value


class Table:
    """The rows of one sObject."""

    def __init__(self) -> None:
        """Start empty."""
        self.rows: dict[str, Row] = {}
        self._equal: dict[str, dict[Any, dict[str, None]]] = {}
        self._times: dict[str, list[tuple[int, str]]] = {name: [] for name in TIMES}

    def __iter__(self) -> Iterator[Row]:
        """All rows, in the order of creation."""
        return iter(self.rows.values())

    def has_index(self, field: str) -> bool:
        """Return whether `matching` can answer for this field."""
        return field in self._equal

    def add_index(self, field: str) -> None:
        """Index a field from now on, including the present rows."""
        if field in self._equal or field == "Id":
            return
        self._equal[field] = {}
        for row_id, row in self.rows.items():
            self._note(field, row.get(field), row_id)

    def matching(self, field: str, values: Iterable[Any]) -> list[Row]:
        """Return the rows whose indexed `field` has one of `values` (compared by `index_key`), each
        once.
        """
        if field == "Id":
            return [self.rows[value] for value in dict.fromkeys(values) if value in self.rows]
        index = self._equal[field]
        ids = dict.fromkeys(
            row_id for value in values for row_id in index.get(index_key(value), ())
        )
        return [self.rows[row_id] for row_id in ids]

    def between(self, field: str, low: int | None, high: int | None) -> list[Row]:
        """Return the rows whose time `field` is in [low, high], oldest first."""
        return list(self.line(field, low, high))

    def line(self, field: str, low: int | None, high: int | None) -> Iterator[Row]:
        """Like `between`, but lazily: a caller that needs the oldest few reads no more."""
        line = self._times[field]
        start = 0 if low is None else bisect_left(line, (low, _BEFORE_ALL))
        end = len(line) if high is None else bisect_right(line, (high, _AFTER_ALL))
        return (self.rows[line[place][1]] for place in range(start, end))

    def put(self, row_id: str, row: Row | None) -> Row | None:
        """Store a row (None removes it) and return the previous one."""
        before = self.rows.get(row_id)
        old: Row = before or {}
        new: Row = row or {}
        for field in self._equal:
            if old.get(field) != new.get(field) or before is None or row is None:
                self._forget(field, old.get(field), row_id)
                if row is not None:
                    self._note(field, new.get(field), row_id)
        for field, line in self._times.items():
            _move(line, row_id, old.get(field), new.get(field))
        if row is None:
            self.rows.pop(row_id, None)
        else:
            self.rows[row_id] = row
        return before

    def _note(self, field: str, value: Any, row_id: str) -> None:
        if value is not None:
            self._equal[field].setdefault(index_key(value), {})[row_id] = None

    def _forget(self, field: str, value: Any, row_id: str) -> None:
        found = self._equal[field].get(index_key(value))
        if found is not None:
            found.pop(row_id, None)
            if not found:
                del self._equal[field][index_key(value)]


class Store:
    """One table per sObject."""

    def __init__(self, sobjects: Iterable[SObject]) -> None:
        """Make an empty table for each sObject, with an index for every field that has one."""
        self.tables: dict[str, Table] = {}
        for sobject in sobjects:
            self.tables[sobject.name] = Table()
            for field in sobject.fields:
                self.index(sobject.name, field)

    def index(self, sobject: str, field: Field) -> None:
        """Index a field that was added later."""
        if field.indexed:
            self.tables[sobject].add_index(field.name)

    def get(self, sobject: str, row_id: str) -> Row | None:
        """Return the row of an id, including deleted ones."""
        return self.tables[sobject].rows.get(row_id)

    def live(self, sobject: str, row_id: str) -> Row | None:
        """Return the row of an id unless it is in the recycle bin."""
        row = self.get(sobject, row_id)
        return None if row is None or row.get("IsDeleted") else row


def _move(line: list[tuple[int, str]], row_id: str, old: int | None, new: int | None) -> None:
    if old == new:
        return
    if old is not None:
        place = bisect_left(line, (old, row_id))
        if place < len(line) and line[place] == (old, row_id):
            del line[place]
    if new is not None:
        insort(line, (new, row_id))
