"""Merging two records of one type into a survivor.

The survivor gets a new id, both old ids lead to it, and the primary record's values win [D:
HubSpot's changelog, "Updated merge functionality for contacts and companies"; for deals "Deals now
support merging"]; its empty values are filled from the other record [M]. Values are stored through
`writes`.
"""

from __future__ import annotations

from simulators.hubspot.associations import Associations
from simulators.hubspot.errors import invalid
from simulators.hubspot.events import RecordEvent, Report
from simulators.hubspot.records.derived import STAGE_ORDER
from simulators.hubspot.records.table import Record
from simulators.hubspot.records.writes import Writes
from simulators.hubspot.stamps import Actor, PortalClock, iso

MERGED = Actor("MERGE_OBJECTS", "ObjectMerger")
_OWN = frozenset(
    {
        "hs_object_id",
        "createdate",
        "hs_object_source",
        "hs_object_source_id",
        "hs_merged_object_ids",
    }
)


class Merging:
    """Merges the records of one portal, one type at a time."""

    def __init__(self, associations: Associations, clock: PortalClock, report: Report) -> None:
        """Needs the associations, which move to the survivor."""
        self._associations, self._clock, self._report = associations, clock, report

    def merge(self, writes: Writes, primary: Record, other: Record, actor: Actor) -> Record:
        """Merge `other` into `primary` and return the survivor. Raises 400 if both are the same
        record.
        """
        if primary is other:
            raise invalid("A record cannot be merged with itself.")
        table, now = writes.table, self._clock.now_ms()
        values = _combined(writes, primary, other, now)
        for record in (primary, other):
            table.erase(record)
            writes.dropped(record)
        survivor = Record(table.new_id(), min(primary.created_ms, other.created_ms), now)
        survivor.history = {name: list(versions) for name, versions in primary.history.items()}
        table.insert(survivor)
        created = {writes.kind.created: iso(survivor.created_ms)}
        survivor.values |= {"hs_object_id": survivor.id, **created}
        for record in (primary, other):
            table.redirect(record.id, survivor.id)
            self._associations.move(writes.kind.type_id, record.id, survivor.id)
        moved = [name for name, value in values.items() if value != primary.value(name)]
        for name in set(values) - set(moved):
            table.put(survivor, name, values[name])
        self._tell(writes, (primary, other, survivor), len(moved), actor)
        writes.apply(survivor, {name: values[name] for name in moved}, MERGED)
        return survivor

    def _tell(
        self, writes: Writes, records: tuple[Record, Record, Record], moved: int, actor: Actor
    ) -> None:
        primary, other, survivor = records
        fields = {
            "primaryObjectId": int(primary.id),
            "mergedObjectIds": [int(other.id)],
            "newObjectId": int(survivor.id),
            "numberOfPropertiesMoved": moved,
        }
        self._report(
            RecordEvent("merge", writes.kind, self._clock.now_ms(), actor, survivor.id, fields)
        )


def _combined(writes: Writes, primary: Record, other: Record, now: int) -> dict[str, str]:
    kind = writes.kind
    skipped = _OWN | {kind.modified}
    values = {
        name: value
        for name, value in {**other.values, **primary.values}.items()
        if name not in skipped
    }
    stages = [
        record.value("lifecyclestage")
        for record in (primary, other)
        if record.value("lifecyclestage")
    ]
    if stages:
        values["lifecyclestage"] = max(
            stages, key=lambda stage: STAGE_ORDER.get(stage, len(STAGE_ORDER))
        )
    ids = [
        *_listed(primary, "hs_merged_object_ids"),
        *_listed(other, "hs_merged_object_ids"),
        primary.id,
        other.id,
    ]
    values["hs_merged_object_ids"] = ";".join(dict.fromkeys(ids))
    if kind.natural_key and kind.other_keys:
        names = (kind.natural_key, kind.other_keys)
        keys = [
            part for record in (primary, other) for name in names for part in _listed(record, name)
        ]
        values[kind.other_keys] = ";".join(
            key for key in dict.fromkeys(keys) if key != values.get(kind.natural_key)
        )
        values["hs_calculated_merged_vids"] = ";".join(
            f"{record_id}:{now}" for record_id in dict.fromkeys(ids)
        )
    return values


def _listed(record: Record, name: str) -> list[str]:
    return [part for part in record.value(name).split(";") if part]
