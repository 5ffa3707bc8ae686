"""Records of one object type and the indexes that find them: memory, no rules.

`writes` decides what may be written and what follows from it; here a record is stored, found by id,
redirect or unique value, and listed in the order of ids. No read scans the table.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from simulators.hubspot.schema.catalog import ObjectType
from simulators.hubspot.schema.schema import Schema
from simulators.hubspot.stamps import Actor


@dataclass(frozen=True, slots=True)
class Version:
    """One entry of a property's history."""

    value: str
    at_ms: int
    actor: Actor


@dataclass(slots=True)
class Record:
    """One CRM record: its present values and, per property, every version, newest first."""

    id: str
    created_ms: int
    updated_ms: int
    archived_ms: int | None = None
    values: dict[str, str] = field(default_factory=dict)
    history: dict[str, list[Version]] = field(default_factory=dict)

    def value(self, name: str) -> str:
        """Return the present value, empty if there is none."""
        return self.values.get(name, "")


class RecordTable:
    """All records of one type in one portal, including archived ones."""

    def __init__(self, kind: ObjectType, schema: Schema) -> None:
        """Start empty."""
        self.kind = kind
        self.schema = schema
        self.redirects: dict[str, str] = {}
        self._by_id: dict[str, Record] = {}
        self._order: list[int] = []
        self._unique: dict[str, dict[str, str]] = {}
        self._next_id = kind.first_id

    def __len__(self) -> int:
        """How many records there are, including archived ones."""
        return len(self._by_id)

    def new_id(self) -> str:
        """Return the next free id; ids only grow."""
        self._next_id += 1
        return str(self._next_id - 1)

    def insert(self, record: Record) -> None:
        """Store a new record, whose id must be the largest so far."""
        self._by_id[record.id] = record
        self._order.append(int(record.id))

    def erase(self, record: Record) -> None:
        """Delete a record without trace, as after a merge or a privacy deletion."""
        self.drop_keys(record)
        del self._by_id[record.id]

    def by_id(self, record_id: str) -> Record | None:
        """Return a record by its id, or by an id it had before a merge."""
        return self._by_id.get(record_id) or self._by_id.get(self._end_of(record_id))

    def _end_of(self, record_id: str) -> str:
        while record_id in self.redirects:
            record_id = self.redirects[record_id]
        return record_id

    def redirect(self, old_id: str, new_id: str) -> None:
        """Let a merged id lead to the survivor."""
        if old_id != new_id:
            self.redirects[old_id] = new_id

    def is_key(self, name: str) -> bool:
        """Return whether a property identifies a record: unique by definition, or by nature."""
        definition = self.schema.properties.get(name)
        return name == self.kind.natural_key or bool(definition and definition.is_unique)

    def by_key(self, name: str, value: str) -> Record | None:
        """Return the living record with this value of an identifying property."""
        if name == "hs_object_id":
            return self.by_id(value)
        found = self._unique.get(name, {}).get(self._folded(name, value))
        return None if found is None else self._by_id[found]

    def put(self, record: Record, name: str, value: str) -> None:
        """Set or clear a value and update the indexes, which do not contain archived records."""
        keys = self._keys(name, record.value(name))
        if value:
            record.values[name] = value
        else:
            record.values.pop(name, None)
        if record.archived_ms is None:
            self._reindex(record, name, keys)

    def drop_keys(self, record: Record) -> None:
        """Remove a record from all indexes, so that its unique values are free."""
        for name, value in record.values.items():
            for index, key in self._keys(name, value):
                if self._unique.get(index, {}).get(key) == record.id:
                    del self._unique[index][key]

    def restore_keys(self, record: Record) -> None:
        """Add a record to all indexes."""
        for name, value in record.values.items():
            for index, key in self._keys(name, value):
                self._unique.setdefault(index, {})[key] = record.id

    def page(
        self, after: str | None, limit: int, *, archived: bool
    ) -> tuple[list[Record], str | None]:
        """Return up to `limit` records above the id `after`, in the order of ids, and the cursor of
        the next page if there is one.
        """
        found: list[Record] = []
        for record in self.walk(int(after) if after else 0):
            if (record.archived_ms is not None) is archived:
                if len(found) == limit:
                    return found, found[-1].id
                found.append(record)
        return found, None

    def walk(self, above: int = 0) -> Iterator[Record]:
        """Yield records in the order of ids, from above an id on."""
        for number in self._order[bisect_right(self._order, above) :]:
            record = self._by_id.get(str(number))
            if record is not None:
                yield record

    def _reindex(self, record: Record, name: str, old: list[tuple[str, str]]) -> None:
        new = self._keys(name, record.value(name))
        for index, key in old:
            if (index, key) not in new and self._unique[index].get(key) == record.id:
                del self._unique[index][key]
        for index, key in new:
            self._unique.setdefault(index, {})[key] = record.id

    def _keys(self, name: str, value: str) -> list[tuple[str, str]]:
        if not value:
            return []
        natural = self.kind.natural_key
        if natural is not None and name in {natural, self.kind.other_keys}:
            return [(natural, self._folded(natural, part)) for part in value.split(";") if part]
        return [(name, value)] if name != "hs_object_id" and self.is_key(name) else []

    def _folded(self, name: str, value: str) -> str:
        return value.strip().lower() if name == self.kind.natural_key else value
