"""Writing records of one object type: what is refused, what is stored, what follows.

Law: the only place where a record's values change (merging uses it, too). Refusals come before any
change, so a refused write leaves nothing behind. Rules: docs/vendors.md#hubspot-records; those from
memory are tagged [M].
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from simulators.hubspot.errors import (
    ApiError,
    already_exists,
    invalid,
    invalid_values,
    non_unique,
    not_found,
    required_missing,
)
from simulators.hubspot.events import RecordEvent, Report
from simulators.hubspot.owners import Owners
from simulators.hubspot.pipelines import Pipelines
from simulators.hubspot.records.derived import derived, may_move
from simulators.hubspot.records.search_index import SearchIndex
from simulators.hubspot.records.table import Record, RecordTable, Version
from simulators.hubspot.records.values import (
    BadValueError,
    email_address,
    event_value,
    joined,
    stored,
)
from simulators.hubspot.records.write_rules import WriteRule, broken
from simulators.hubspot.schema.catalog import ObjectType
from simulators.hubspot.schema.standard import OPEN_ENUMERATIONS
from simulators.hubspot.stamps import Actor, PortalClock, iso

CALCULATED = Actor("CALCULATED", "CalculatedPropertyComputer")
Follow = Callable[[Record, Mapping[str, str], Actor], None]


class Writes:
    """Creates, updates, archives, restores and deletes the records of one table."""

    def __init__(
        self,
        table: RecordTable,
        index: SearchIndex,
        owners: Owners,
        pipelines: Pipelines | None,
        clock: PortalClock,
        report: Report,
    ) -> None:
        """`followers` may be added to: each is called after the values of a living record
        changed.
        """
        self.table = table
        self.kind: ObjectType = table.kind
        self.followers: list[Follow] = []
        self.blocked: set[str] = set()
        self.rules: tuple[WriteRule, ...] = ()
        self._index = index
        self._owners = owners
        self._pipelines = pipelines
        self._clock = clock
        self._report = report

    def checked(
        self, raw: Mapping[str, Any], record: Record | None = None, *, enforced: bool = False
    ) -> dict[str, str]:
        """Return the values to store. Raises 400 with every bad property, or 409/400 if a unique
        value belongs to another record.

        With `enforced`, an administrator's rules on writes apply as well.
        """
        values = self._valid(raw, record)
        existing = {**(record.values if record else {}), **values}
        if record is None and self.kind.required:
            self._refuse_incomplete(values)
        if enforced and (problems := broken(self.rules, existing, values, is_new=record is None)):
            raise invalid_values(problems)
        self._refuse_clashes(values, record)
        return values

    def create(self, values: Mapping[str, str], actor: Actor) -> Record:
        """Create a record from values that `checked` returned."""
        now = self._clock.now_ms()
        record = Record(self.table.new_id(), now, now)
        self.table.insert(record)
        stamps = {
            "hs_object_id": record.id,
            self.kind.created: iso(now),
            self.kind.modified: iso(now),
        }
        sources = {"hs_object_source": actor.change_source, "hs_object_source_id": actor.source_id}
        record.values |= stamps | sources
        self._report(
            RecordEvent("creation", self.kind, now, actor, record.id, {"changeFlag": "CREATED"})
        )
        self.apply(record, self._with_defaults(values), actor)
        return record

    def update(self, record: Record, values: Mapping[str, str], actor: Actor) -> None:
        """Change a record to values that `checked` returned; an equal value is no change."""
        self.apply(record, values, actor)

    def apply(self, record: Record, values: Mapping[str, str], actor: Actor) -> None:
        """Store values unchecked, with history, events and what follows; for `writes` and HubSpot's
        own changes.
        """
        changed = {name: value for name, value in values.items() if record.value(name) != value}
        now = self._clock.now_ms()
        existing = {**record.values, **changed}
        computed = derived(self.kind.type_id, changed, existing, self._pipelines, now)
        self._store(record, changed, actor, now)
        self._store(
            record, {n: v for n, v in computed.items() if record.value(n) != v}, CALCULATED, now
        )
        if changed:
            self.touch(record, now)
        for follow in self.followers if changed else ():
            follow(record, changed, actor)
        self._index.push(record, self._clock.true_ms())

    def touch(self, record: Record, now: int) -> None:
        """Set the modified time."""
        record.updated_ms = now
        record.values[self.kind.modified] = iso(now)

    def archive(self, record: Record, actor: Actor) -> None:
        """Move a record to the recycle bin; its unique values are free again [M]."""
        if record.archived_ms is not None:
            return
        now = self._clock.now_ms()
        self.table.drop_keys(record)
        record.archived_ms = now
        record.updated_ms = now
        self._index.push(record, self._clock.true_ms())
        self._report(
            RecordEvent("deletion", self.kind, now, actor, record.id, {"changeFlag": "DELETED"})
        )

    def restore(self, record: Record, actor: Actor) -> None:
        """Restore a record from the recycle bin. Raises the clash if a unique value, or any address
        of a contact, was taken meanwhile.
        """
        if record.archived_ms is None:
            return
        keys = {
            name: value
            for name, value in record.values.items()
            if (self.table.is_key(name) or name == self.kind.other_keys) and name != "hs_object_id"
        }
        self._refuse_clashes(keys, record)
        now = self._clock.now_ms()
        record.archived_ms = None
        self.table.restore_keys(record)
        self.touch(record, now)
        self._index.push(record, self._clock.true_ms())
        self._report(
            RecordEvent("restore", self.kind, now, actor, record.id, {"changeFlag": "RESTORED"})
        )

    def forget(self, record: Record, actor: Actor) -> None:
        """Delete for privacy: nothing is kept, two events report it [D/M]."""
        now = self._clock.now_ms()
        if record.archived_ms is None:
            self._report(
                RecordEvent("deletion", self.kind, now, actor, record.id, {"changeFlag": "DELETED"})
            )
        self._report(RecordEvent("privacyDeletion", self.kind, now, actor, record.id))
        self._index.drop(record.id)
        self.table.erase(record)

    def dropped(self, record: Record) -> None:
        """Remove a record that a merge took away from search."""
        record.archived_ms = self._clock.now_ms()
        self._index.push(record, self._clock.true_ms())

    def living(self, record_id: str, id_property: str | None = None) -> Record:
        """Return the record to write to. Raises 404, or 400 for an ``idProperty`` that is not
        unique.
        """
        record = self.found(record_id, id_property)
        if record is None or record.archived_ms is not None:
            raise not_found()
        return record

    def found(self, record_id: str, id_property: str | None = None) -> Record | None:
        """Return a record by id or unique value, archived ones by id, too. Raises 400 for an
        ``idProperty`` that is not unique.
        """
        if id_property is None:
            return self.table.by_id(record_id)
        if not self.table.is_key(id_property):
            raise non_unique(self.kind.type_id)
        return self.table.by_key(id_property, record_id)

    def _refuse_incomplete(self, values: Mapping[str, str]) -> None:
        """Raise 400 if a required property is neither given nor follows from the others."""
        follows = derived(self.kind.type_id, values, values, self._pipelines, 0)
        given = {name for name, value in {**values, **follows}.items() if value}
        if missing := sorted(set(self.kind.required) - given):
            raise required_missing(self.kind.label, missing)

    def _with_defaults(self, values: Mapping[str, str]) -> dict[str, str]:
        if self._pipelines is None:
            # A new contact or company is a lead unless it is said to be something else [S].
            return {**dict(self.kind.defaults), **values}
        pipeline = values.get("pipeline") or "default"
        return {**values, "pipeline": pipeline}

    def _store(self, record: Record, values: Mapping[str, str], actor: Actor, now: int) -> None:
        for name, value in values.items():
            self.table.put(record, name, value)
            record.history.setdefault(name, []).insert(0, Version(value, now, actor))
            shown = event_value(self.table.schema.properties.get(name), value)
            fields = {"propertyName": name, "propertyValue": shown}
            self._report(
                RecordEvent(
                    "propertyChange", self.kind, now, actor, record.id, fields, property_name=name
                )
            )

    def _valid(self, raw: Mapping[str, Any], record: Record | None) -> dict[str, str]:
        values: dict[str, str] = {}
        problems: list[tuple[str, str, str]] = []
        for name, value in raw.items():
            try:
                values[name] = self._one(name, value, record)
            except BadValueError as error:
                problems.append((name, error.code, error.text))
        problems += self._stage_problem(values, record)
        if problems:
            raise invalid_values(problems)
        if not may_move(
            record.value("lifecyclestage") if record else "", values.get("lifecyclestage", "")
        ):
            del values["lifecyclestage"]  # left as it is without an error [M], see PLT-5
        return self._without_promoted(values, record)

    def _without_promoted(self, values: dict[str, str], record: Record | None) -> dict[str, str]:
        """An additional address that becomes the main one stops being additional [M]; this is
        stored first.
        """
        natural, others = self.kind.natural_key, self.kind.other_keys
        if (
            record is None
            or natural is None
            or others is None
            or not values.get(natural)
            or others in values
        ):
            return values
        rest = [
            part for part in record.value(others).split(";") if part and part != values[natural]
        ]
        return {others: ";".join(rest), **values}

    def _one(self, name: str, raw: Any, record: Record | None) -> str:
        definition = self.table.schema.properties.get(name)
        if definition is None:
            code = "PROPERTY_DOESNT_EXIST"
            raise BadValueError(code, f'Property "{name}" does not exist')
        if definition.is_read_only or definition.is_calculated:
            code = "READ_ONLY_VALUE"
            raise BadValueError(code, f'"{name}" is a read only property; its value cannot be set.')
        is_open = name in OPEN_ENUMERATIONS and definition.is_hubspot_defined
        value = stored(definition, raw, is_open=is_open or definition.referenced_type == "OWNER")
        if value and definition.referenced_type == "OWNER" and not self._owners.exists(value):
            code = "INVALID_OWNER_ID"
            raise BadValueError(code, f"Owner {value} does not exist")
        if value and name == self.kind.natural_key:
            return email_address(value)
        if value and name == self.kind.other_keys:
            return ";".join(email_address(part) for part in value.split(";") if part)
        if definition.is_multiple:
            return joined(record.value(name) if record else "", value)
        return value

    def _stage_problem(
        self, values: Mapping[str, str], record: Record | None
    ) -> Iterable[tuple[str, str, str]]:
        if self._pipelines is None or not {"pipeline", "dealstage"} & set(values):
            return ()
        pipeline = (
            values.get("pipeline") or (record.value("pipeline") if record else "") or "default"
        )
        if pipeline not in {row.id for row in self._pipelines.all()}:
            return (
                ("pipeline", "INVALID_OPTION", f"{pipeline} was not one of the allowed options"),
            )
        stage = values.get("dealstage") or (record.value("dealstage") if record else "")
        if stage and self._pipelines.stage(pipeline, stage) is None:
            return (
                (
                    "dealstage",
                    "INVALID_OPTION",
                    f"{stage} was not one of the allowed options of pipeline {pipeline}",
                ),
            )
        return ()

    def _refuse_clashes(self, values: Mapping[str, str], record: Record | None) -> None:
        for name, value in values.items():
            for key in self._key_values(name, value):
                index = self.kind.natural_key if name == self.kind.other_keys else name
                other = self.table.by_key(index or name, key)
                if other is not None and other is not record:
                    raise self._clash(name, key, record, other)
            if name == self.kind.natural_key and value in self.blocked and record is None:
                raise invalid(
                    f"{self.kind.name.capitalize()} may not be created: the address is on the "
                    "block list."
                )

    def _key_values(self, name: str, value: str) -> list[str]:
        if name in {self.kind.natural_key, self.kind.other_keys}:
            return [part for part in value.split(";") if part]
        return [value] if value and self.table.is_key(name) else []

    def _clash(self, name: str, value: str, record: Record | None, other: Record) -> ApiError:
        if name in {self.kind.natural_key, self.kind.other_keys}:
            return already_exists(self.kind.name, other.id)
        where = f"objectTypeId={self.kind.type_id}, propertyName={name}, value={value}"
        holder = record.id if record else "a new record"
        text = (
            f"Cannot set PropertyValueCoordinates{{{where}}} on {holder}. {other.id} already has "
            "that value."
        )
        return invalid_values([(name, "CONFLICTING_UNIQUE_VALUE", text)])
