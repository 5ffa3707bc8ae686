"""One CRM in memory behind the ports.

Differences of the sides are data (`behaviour`). Only what the ports' contracts mention is modelled;
the vendors' details belong to the simulators.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from crmsync.errors import Conflict, Drifted, Gone, Refused, SyncError
from crmsync.model.effects import CreateRecord, UpdateRecord
from crmsync.model.operations.calls import KnownCalls
from crmsync.model.records import Record, Ref, Side, Value
from crmsync.ports.crm import Fields, Outcome, Written
from crmsync.ports.listing import ChangedRecord, Show
from simulators.hubspot.records.derived import may_move
from tests.memory.behaviour import PARENTS
from tests.memory.people import MemoryPeople
from tests.memory.records import IS_PERSON, text_of

PAGE = 200
LIFECYCLE = "lifecyclestage"


class MemoryCrm(MemoryPeople):
    """Implements `Crm`, `Survivors` and `Sweeper`."""

    def read(
        self, refs: Iterable[Ref], fields: Fields, *, history: bool = False
    ) -> Mapping[Ref, Record]:
        """See the port."""
        self._call("read")
        return {
            ref: self._record(ref, fields.get(ref.object, ()), history=history)
            for ref in refs
            if self.is_live(ref)
        }

    def find(self, emails: Iterable[str], fields: Fields) -> Sequence[Record]:
        """See the port."""
        self._call("find")
        wanted = {email.strip().lower() for email in emails if email and email.strip()}
        return [
            self._record(ref, fields[ref.object])
            for ref, row in self._rows.items()
            if ref.object in fields
            and self.is_live(ref)
            and not wanted.isdisjoint(self._addresses(row))
            and not row.fields.get("IsConverted")
        ]

    def made_by(self, keys: Mapping[str, Sequence[str]]) -> Mapping[str, Ref]:
        """See the port."""
        self._call("made_by")
        return {
            key: ref
            for name, some in keys.items()
            for key in some
            if (ref := self._holder(name, self.behaviour.key, key) or self._deleted(name, key))
        }

    def _deleted(self, name: str, key: str) -> Ref | None:
        """Return a record with this key in the recycle bin, where the side finds it there."""
        if not self.behaviour.lists_deleted:
            return None
        return next(
            (
                ref
                for ref in self.refs(name, deleted_too=True)
                if self._rows[ref].fields.get(self.behaviour.key) == key
                and not self._is_purged(ref)
            ),
            None,
        )

    def create(self, effects: Sequence[CreateRecord]) -> Sequence[Outcome]:
        """See the port."""
        self._call("create")
        return [self._create(effect) for effect in effects]

    def update(self, effects: Sequence[UpdateRecord]) -> Sequence[Outcome]:
        """See the port."""
        self._call("update")
        return [self._update(effect) for effect in effects]

    def survivors(self, refs: Iterable[Ref]) -> Mapping[Ref, Ref]:
        """See the port."""
        self._call("survivors")
        ends = {ref: self._end_of(ref) for ref in refs}
        return {ref: end for ref, end in ends.items() if end != ref and self.is_live(end)}

    def changed_since(
        self, since: Mapping[str, datetime], *, with_purged: bool = False, show: Show | None = None
    ) -> Iterator[Sequence[ChangedRecord]]:
        """See the port; nothing is described."""
        (show or dict)({})
        self._call("changed_since")
        for name, moment in since.items():
            seen = [
                ChangedRecord(ref, self._stamp(row.modified_at), row.is_deleted)
                for ref, row in self._rows.items()
                if ref.object == name and self._stamp(row.modified_at) >= self._stamp(moment)
                if with_purged or not self._is_purged(ref)
            ]
            seen = [one for one in seen if self.behaviour.lists_deleted or not one.deleted]
            seen.sort(key=lambda one: (one.modified_at, one.ref))
            yield from (seen[start : start + PAGE] for start in range(0, len(seen), PAGE))

    def _call(self, verb: str) -> None:
        self.calls[verb] += 1
        self.known_calls = KnownCalls(self.daily, self._now())
        if self.down is not None:
            raise self.down

    def _record(self, ref: Ref, names: Iterable[str], *, history: bool = False) -> Record:
        names = list(names)
        self._check_columns(ref.object, names)
        row = self._rows[ref]
        shown = {name: row.fields.get(name) for name in names}
        if self.side is Side.SALESFORCE and "OwnerId" in shown:
            shown["OwnerId"] = shown["OwnerId"] or row.owner
        if IS_PERSON in shown:
            shown[IS_PERSON] = bool(shown[IS_PERSON])
        origins = {name: row.origins[name] for name in shown if history and name in row.origins}
        by = row.by if self.side is Side.SALESFORCE else ""
        at = self._stamp(row.created_at), self._stamp(row.modified_at)
        contact = row.fields.get("ConvertedContactId") if row.fields.get("IsConverted") else None
        successor = Ref(self.side, "Contact", str(contact)) if contact else None
        if self.side is Side.SALESFORCE:
            return Record(ref, shown, *at, by, successor=successor)
        past = {name: row.past[name] for name in origins}
        return Record(ref, shown, *at, by, origins, past, successor)

    def _create(self, effect: CreateRecord) -> Outcome:
        fields = {name: _plain(value) for name, value in effect.fields.items()}
        first = self._holder(effect.object, self.behaviour.key, effect.key)
        error = self._refused(first, effect.object, fields)
        if error is not None:
            return error
        if first is not None and effect.object != "OpportunityContactRole":
            return self._key_taken(first)
        if first is not None:
            self.put(first, self._accepted(first, fields), ours=True)
            return self._written(first, fields)
        missing = [name for name in self._required(effect.object, fields) if not fields.get(name)]
        if missing:
            text = f"Required fields are missing: [{', '.join(missing)}]"
            return Refused(text, code="REQUIRED_FIELD_MISSING", fieldname=missing[0])
        clash = self._clash(effect.object, fields)
        if clash is not None:
            return Conflict("Contact already exists.", existing=clash.id, code="CONFLICT")
        ref = self._insert(effect.object, {**fields, self.behaviour.key: effect.key}, ours=True)
        if effect.assign and effect.object == "Lead" and self.assignment_owner:
            self._rows[ref].fields["OwnerId"] = self.assignment_owner
        return self._written(ref, fields)

    def _update(self, effect: UpdateRecord) -> Outcome:
        fields = {name: _plain(value) for name, value in effect.fields.items()}
        ref = effect.place
        assert isinstance(ref, Ref), "every place is filled"
        if not self.is_live(ref) or self._rows[ref].fields.get("IsConverted"):
            return Gone("The record no longer exists.", code="NOT_FOUND")
        error = self._refused(ref, ref.object, fields)
        if error is not None:
            return error
        if ref.object == "Contact" and self._rows[ref].fields.get(IS_PERSON):
            text = "A person account is written through its account."
            return Refused(
                text, code="INVALID_FIELD_FOR_INSERT_UPDATE", fieldname=next(iter(fields))
            )
        clash = self._clash(ref.object, fields)
        if clash is not None and clash != ref:
            return Conflict("Contact already exists.", existing=clash.id, code="CONFLICT")
        holder = self._holder(ref.object, self.behaviour.key, fields.get(self.behaviour.key))
        if holder is not None and holder != ref:
            return self._key_taken(holder)
        self.put(ref, self._accepted(ref, fields), ours=True)
        return self._written(ref, fields)

    def _key_taken(self, holder: Ref) -> Conflict:
        """Return the error of a write whose key another record has."""
        behaviour = self.behaviour
        named = behaviour.key if self.side is Side.HUBSPOT else ""
        return Conflict(
            "The key is taken.", existing=holder.id, code=behaviour.key_taken, fieldname=named
        )

    def _accepted(self, ref: Ref, fields: Mapping[str, Value]) -> Mapping[str, Value]:
        """Return the fields that the side accepts from a write by API: HubSpot ignores an earlier
        lifecycle stage (PLT-5).
        """
        stage = str(fields.get(LIFECYCLE) or "")
        if self.side is Side.HUBSPOT and not may_move(
            str(self._rows[ref].fields.get(LIFECYCLE) or ""), stage
        ):
            return {name: value for name, value in fields.items() if name != LIFECYCLE}
        return fields

    def _refused(self, ref: Ref | None, name: str, fields: Mapping[str, Value]) -> SyncError | None:
        for one in fields:
            if (name, one) in self.missing_fields | self.read_only_fields:
                return self.drifted(name, one)
        address = fields.get(self.behaviour.email)
        if address and "@" not in str(address):
            return Refused(
                "The address is not valid.", code="INVALID_EMAIL", fieldname=self.behaviour.email
            )
        if any(self._is_deleted(object_, fields.get(one)) for object_, one in PARENTS):
            return Gone("entity is deleted", code="ENTITY_IS_DELETED")
        return self.refuse(fields) or next(
            filter(None, (check(ref, name, fields) for check in self.checks)), None
        )

    def _is_deleted(self, name: str, value: Value) -> bool:
        """Whether a Salesforce field names a deleted record, which no write may do."""
        ref = Ref(Side.SALESFORCE, name, str(value or ""))
        return ref in self._rows and not self.is_live(ref)

    def _clash(self, name: str, fields: Mapping[str, Value]) -> Ref | None:
        if not self.behaviour.unique_email:
            return None
        address = text_of(fields.get(self.behaviour.email), lower=True)
        return next(
            (
                ref
                for ref in self.refs(name)
                if address and address in self._addresses(self._rows[ref])
            ),
            None,
        )

    def _written(self, ref: Ref, fields: Mapping[str, Value]) -> Written:
        shown = (
            {name: self._rows[ref].fields.get(name) for name in fields}
            if self.behaviour.answers_with_values
            else {}
        )
        return Written(ref, shown)

    def _required(self, name: str, fields: Mapping[str, Value]) -> list[str]:
        """Return the required fields of a new record.

        A lead that may become a person account needs no company (Q-35), and a person account has no
        name of its own.
        """
        if name == "Account":
            return [] if self.has_person_accounts and fields.get("LastName") else ["Name"]
        free = {"Company"} if self.has_person_accounts else set()
        return [one for one in self.behaviour.required.get(name, ()) if one not in free]

    def _check_columns(self, name: str, names: Iterable[str]) -> None:
        """Raise `Drifted` for a missing field, or for one of person accounts where they are
        disabled (PA-1).
        """
        for one in names:
            if (name, one) in self.missing_fields:
                raise self.drifted(name, one)
        if self.side is Side.HUBSPOT or self.has_person_accounts:
            return
        for one in names:
            if one == IS_PERSON or (
                name == "Account" and (one.startswith("Person") or one in {"FirstName", "LastName"})
            ):
                raise self.drifted(name, one)

    def drifted(self, name: str, one: str) -> Drifted:
        """Return the error of a call that names a missing or read-only field."""
        code = "INVALID_FIELD" if self.side is Side.SALESFORCE else "PROPERTY_DOESNT_EXIST"
        return Drifted(
            f"No such column '{one}' on entity '{name}'.", side=self.side, code=code, fieldname=one
        )


def _plain(value: object) -> Value:
    assert value is None or isinstance(value, str | int | float | bool), "every slot is filled"
    return value
