"""Lists of one portal and their members.

MANUAL lists are written to; DYNAMIC ones follow the search index, and so lag as it does
(docs/vendors.md#hubspot-lists); SNAPSHOT ones are filled once. `branches` evaluates their filters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from simulators.hubspot.errors import conflict, invalid, not_found
from simulators.hubspot.records.branches import Test, branch_test
from simulators.hubspot.records.search_index import SearchIndex, Seen
from simulators.hubspot.records.writes import Writes
from simulators.hubspot.schema.catalog import BY_NAME
from simulators.hubspot.stamps import PortalClock, iso

PROCESSING_TYPES = frozenset({"MANUAL", "DYNAMIC", "SNAPSHOT"})


@dataclass(slots=True)
class RecordList:
    """One list; `members` maps a record id to when it first and last joined."""

    id: str
    name: str
    type_id: str
    processing: str
    branch: Mapping[str, Any] | None
    created_ms: int
    updated_ms: int
    version: int = 1
    deleted_ms: int | None = None
    members: dict[str, tuple[int, int]] = field(default_factory=dict)
    added_ms: int | None = None
    removed_ms: int | None = None
    test: Test | None = None

    def shown(self, *, with_filters: bool = False) -> dict[str, Any]:
        """Return the list as the API shows it."""
        row: dict[str, Any] = {
            "listId": self.id,
            "listVersion": self.version,
            "name": self.name,
            "objectTypeId": self.type_id,
            "processingType": self.processing,
            "processingStatus": "COMPLETE",
            "createdAt": iso(self.created_ms),
            "updatedAt": iso(self.updated_ms),
            "filtersUpdatedAt": iso(self.created_ms),
            "size": len(self.members),
        }
        if self.deleted_ms is not None:
            row["deletedAt"] = iso(self.deleted_ms)
        return row | ({"filterBranch": self.branch} if with_filters and self.branch else {})

    def properties(self) -> dict[str, str]:
        """Return the list's own properties that a search shows without being asked [D:
        ListSearchRequest]; times are milliseconds in a text [M].
        """
        known = {
            "hs_last_record_added_at": self.added_ms,
            "hs_last_record_removed_at": self.removed_ms,
        }
        return {"hs_list_size": str(len(self.members))} | {
            name: str(ms) for name, ms in known.items() if ms is not None
        }


class Lists:
    """All lists of a portal."""

    def __init__(
        self, writes: Mapping[str, Writes], indexes: Mapping[str, SearchIndex], clock: PortalClock
    ) -> None:
        """Start without lists and listen to the indexes."""
        self._writes, self._indexes, self._clock = writes, indexes, clock
        self._lists: dict[str, RecordList] = {}
        self._memberships: dict[tuple[str, str], set[str]] = {}
        self._next_id = 101
        for type_id, index in indexes.items():
            index.listeners.append(partial(self._seen, type_id))

    def install(self, row: Mapping[str, Any]) -> None:
        """Make a list of the world file with its id."""
        self._make(str(row.get("listId") or self._new_id()), row)

    def create(self, row: Mapping[str, Any]) -> RecordList:
        """Make a list. Raises 400 for bad parts, 409 if the name is taken."""
        if any(other.name == row.get("name") for other in self.living()):
            raise conflict(f"A list with the name '{row.get('name')}' already exists.")
        return self._make(self._new_id(), row)

    def living(self) -> list[RecordList]:
        """Return every list that is not deleted, by id."""
        self._catch_up()
        rows = [row for row in self._lists.values() if row.deleted_ms is None]
        return sorted(rows, key=lambda row: int(row.id))

    def one(self, list_id: str, *, deleted: bool = False) -> RecordList:
        """Return a list by id. Raises 404."""
        self._catch_up()
        row = self._lists.get(list_id)
        if row is None or (row.deleted_ms is not None) != deleted:
            raise not_found(f"List does not exist with ID {list_id}.")
        return row

    def rename(self, list_id: str, name: str) -> RecordList:
        """Rename a list. Raises 404 or 400."""
        row = self.one(list_id)
        if not name:
            raise invalid("A list needs a name.")
        row.name, row.updated_ms = name, self._clock.now_ms()
        return row

    def refilter(self, list_id: str, branch: Mapping[str, Any]) -> RecordList:
        """Give a DYNAMIC list another filter branch. Raises 404 or 400."""
        row = self.one(list_id)
        if row.processing != "DYNAMIC":
            raise invalid("Only the filters of DYNAMIC lists can be changed.")
        row.test = self._test(branch, row.type_id)
        row.branch, row.version, row.updated_ms = branch, row.version + 1, self._clock.now_ms()
        self._fill(row)
        return row

    def delete(self, list_id: str) -> None:
        """Delete a list, which can be restored. Raises 404."""
        self.one(list_id).deleted_ms = self._clock.now_ms()

    def restore(self, list_id: str) -> None:
        """Restore a deleted list. Raises 404."""
        self.one(list_id, deleted=True).deleted_ms = None

    def add_and_remove(
        self, list_id: str, add: Iterable[str], remove: Iterable[str]
    ) -> tuple[list[str], list[str], list[str]]:
        """Change a MANUAL or SNAPSHOT list; return the ids added, removed, and missing. Raises 404
        or 400.

        Missing are ids without a record, and ids to remove that are not members [S].
        """
        row = self.one(list_id)
        if row.processing == "DYNAMIC":
            raise invalid(f"List {list_id} is DYNAMIC; its members cannot be changed.")
        table = self._writes[row.type_id].table
        added, missing = [], []
        for record_id in dict.fromkeys(map(str, add)):
            record = table.by_id(record_id)
            if record is None or record.archived_ms is not None:
                missing.append(record_id)
            elif record.id not in row.members:
                self._join(row, record.id)
                added.append(record.id)
        removed: list[str] = []
        for record_id in dict.fromkeys(map(str, remove)):
            (removed if self._leave(row, record_id) else missing).append(record_id)
        return added, removed, missing

    def members(self, list_id: str) -> Sequence[tuple[str, int]]:
        """Return the record ids of a list with the time they joined, in the order of ids. Raises
        404.
        """
        row = self.one(list_id)
        return sorted(
            ((key, last) for key, (_, last) in row.members.items()), key=lambda pair: int(pair[0])
        )

    def of_record(self, type_id: str, record_id: str) -> list[dict[str, Any]]:
        """Return the memberships of a record as the API shows them."""
        self._catch_up()
        found = [
            self._lists[list_id] for list_id in self._memberships.get((type_id, record_id), ())
        ]
        return [
            {
                "listId": row.id,
                "listVersion": row.version,
                "firstAddedTimestamp": iso(row.members[record_id][0]),
                "lastAddedTimestamp": iso(row.members[record_id][1]),
            }
            for row in sorted(found, key=lambda row: int(row.id))
            if row.deleted_ms is None
        ]

    def replace_member(self, type_id: str, old_ids: Iterable[str], new_id: str) -> None:
        """Replace merged records by their survivor in every list."""
        for old_id in old_ids:
            for list_id in sorted(self._memberships.get((type_id, old_id), ())):
                self._leave(self._lists[list_id], old_id)
                if new_id not in self._lists[list_id].members:
                    self._join(self._lists[list_id], new_id)

    def _make(self, list_id: str, row: Mapping[str, Any]) -> RecordList:
        kind = BY_NAME.get(str(row.get("objectTypeId", "0-1")))
        processing, branch = str(row.get("processingType", "MANUAL")), row.get("filterBranch")
        if kind is None or processing not in PROCESSING_TYPES or not row.get("name"):
            raise invalid(
                "A list needs a name, a known objectTypeId and a processingType of MANUAL, "
                "DYNAMIC or SNAPSHOT."
            )
        if processing == "DYNAMIC" and not branch:
            raise invalid("A DYNAMIC list needs a filterBranch.")
        now = self._clock.now_ms()
        made = RecordList(list_id, str(row["name"]), kind.type_id, processing, branch, now, now)
        if branch:
            made.test = self._test(branch, kind.type_id)
        self._lists[list_id] = made
        self._fill(made)
        return made

    def _new_id(self) -> str:
        while str(self._next_id) in self._lists:
            self._next_id += 1
        return str(self._next_id)

    def _test(self, branch: Mapping[str, Any], type_id: str) -> Test:
        table = self._writes[type_id].table
        return branch_test(
            branch, table, lambda list_id, record_id: record_id in self.one(list_id).members
        )

    def _fill(self, row: RecordList) -> None:
        if row.test is None:
            return
        for seen in self._indexes[row.type_id].rows():
            self._judge(row, seen.id, seen)

    def _catch_up(self) -> None:
        for index in self._indexes.values():
            index.catch_up()

    def _seen(self, type_id: str, record_id: str, seen: Seen | None) -> None:
        for row in self._lists.values():
            if row.type_id == type_id and (row.processing == "DYNAMIC" or seen is None):
                self._judge(row, record_id, seen)

    def _judge(self, row: RecordList, record_id: str, seen: Seen | None) -> None:
        fits = seen is not None and row.test is not None and row.test(seen)
        if fits and record_id not in row.members:
            self._join(row, record_id)
        elif not fits:
            self._leave(row, record_id)

    def _join(self, row: RecordList, record_id: str) -> None:
        now = self._clock.now_ms()
        row.members[record_id] = (now, now)
        row.added_ms = now
        self._memberships.setdefault((row.type_id, record_id), set()).add(row.id)

    def _leave(self, row: RecordList, record_id: str) -> bool:
        self._memberships.get((row.type_id, record_id), set()).discard(row.id)
        if row.members.pop(record_id, None) is None:
            return False
        row.removed_ms = self._clock.now_ms()
        return True
