"""The records of one CRM in memory: ids, fields, history, deletions, merges and person accounts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from crmsync.errors import SyncError
from crmsync.model.operations.calls import DailyCalls, KnownCalls
from crmsync.model.records import Origin, PastValue, Ref, Side, Value
from tests.memory.behaviour import BEHAVIOUR, CHILDREN, PERSON_CONTACT, contact_field_of

FURTHER = "hs_additional_emails"
"""A HubSpot contact's further addresses; its own address is never among them."""

BINLESS = frozenset({"OpportunityContactRole"})
"""Objects whose records are in no recycle bin when they are deleted by themselves."""

IS_PERSON = "IsPersonAccount"


@dataclass(slots=True)
class _Row:
    fields: dict[str, Value]
    created_at: datetime
    modified_at: datetime
    by: str
    is_deleted: bool = False
    origins: dict[str, Origin] = field(default_factory=dict)
    past: dict[str, tuple[PastValue, ...]] = field(default_factory=dict)
    owner: str = ""
    """The owner while no owner is written."""
    deleted_with_record: Ref | None = None
    """The record with which it was deleted, and with which it is restored."""


class MemoryRecords:
    """The records of one side, whoever writes them."""

    def __init__(self, side: Side, *, now: Callable[[], datetime]) -> None:
        """An empty CRM of this `side`; `now` is its clock."""
        self.side = side
        self.behaviour = BEHAVIOUR[side]
        self.calls: Counter[str] = Counter()
        self.down: SyncError | None = None
        self.daily = DailyCalls(0, 100_000)
        self.known_calls: KnownCalls | None = None
        """The daily calls as the newest response reported them."""
        self.refuse: Callable[[Mapping[str, object]], SyncError | None] = lambda _fields: None
        self.checks: list[Callable[[Ref | None, str, Mapping[str, Value]], SyncError | None]] = []
        """Further checks of a write; arguments are the record (None for a new one), the object and
        the fields.
        """
        self.missing_fields: set[tuple[str, str]] = set()
        """(object, field) of fields that are gone or hidden from us."""
        self.read_only_fields: set[tuple[str, str]] = set()
        """(object, field) of fields that we may read and not write."""
        self.assignment_owner = ""
        """The owner whom Salesforce's active assignment rule gives to new leads."""
        self.has_person_accounts = False
        self.after_write: list[Callable[[Ref, Mapping[str, Value]], None]] = []
        self.after_delete: list[Callable[[Ref, Ref | None], None]] = []
        """Called with each deleted record and, if it was merged, its survivor."""
        self.after_restore: list[Callable[[Ref], None]] = []
        self._now = now
        self._rows: dict[Ref, _Row] = {}
        self._merged: dict[Ref, Ref] = {}
        self._purged: set[Ref] = set()
        self._next = 100

    def fields(self, ref: Ref, *, deleted_too: bool = False) -> Mapping[str, Value]:
        """Return a record's fields that are not blank; a deleted record has none unless
        requested.
        """
        if not self.is_live(ref) and not (deleted_too and ref in self._rows):
            return {}
        return {name: value for name, value in self._rows[ref].fields.items() if value is not None}

    def refs(self, name: str, *, deleted_too: bool = False) -> list[Ref]:
        """Return the records of an object in the order of their creation, by default without
        deleted ones.
        """
        return [
            ref for ref in self._rows if ref.object == name and (deleted_too or self.is_live(ref))
        ]

    def recycle_bin(self, name: str) -> list[Ref]:
        """Return the deleted records of an object that can still be restored."""
        return [
            ref
            for ref, row in self._rows.items()
            if ref.object == name and row.is_deleted
            if ref not in self._merged and not self._is_purged(ref)
        ]

    def deleted_with(self, ref: Ref) -> Ref | None:
        """Return the record with which this one was deleted, or None if it was deleted by
        itself.
        """
        return self._rows[ref].deleted_with_record

    def deleted_time(self, ref: Ref) -> datetime | None:
        """Return when a record was deleted, or None if it is not deleted."""
        row = self._rows.get(ref)
        return self._stamp(row.modified_at) if row and row.is_deleted else None

    def put(self, ref: Ref, fields: Mapping[str, Value], *, ours: bool, by: str = "") -> None:
        """Change a record, as us or as somebody else."""
        row = self._rows[ref]
        row.modified_at, row.by = self._now(), by or self.behaviour.by[ours]
        for name, value in fields.items():
            kept = self._stored(name, value)
            if row.fields.get(name) != kept:
                at = self._stamp(row.modified_at)
                row.origins[name] = Origin(at, row.by)
                row.past[name] = (*row.past.get(name, ()), PastValue(at, kept, row.by))
            row.fields[name] = kept
        if self.behaviour.unique_email and row.fields.get(FURTHER):
            own, *further = row.fields.get("email"), *str(row.fields[FURTHER]).split(";")
            row.fields[FURTHER] = ";".join(one for one in further if one != own) or None
        if self.has_person_accounts and ref.object == "Account":
            self._mirror_person(ref, ours=ours)
        for callback in self.after_write:
            callback(ref, fields)

    def fill_in(self, ref: Ref, fields: Mapping[str, Value]) -> None:
        """Set fields as the CRM itself does during a write."""
        self._rows[ref].fields.update(fields)

    def _insert(self, name: str, fields: Mapping[str, Value], *, ours: bool) -> Ref:
        self._next += 1
        prefix = self.behaviour.prefixes.get(name)
        identifier = f"{prefix}{self._next:012d}AAA" if prefix else str(self._next)
        ref = Ref(self.side, name, identifier)
        self._rows[ref] = _Row(
            {}, self._now(), self._now(), self.behaviour.by[ours], owner=self.behaviour.by[ours]
        )
        self.put(ref, fields, ours=ours)
        return ref

    def _end(self, ref: Ref, survivor: Ref | None, *, ours: bool = False) -> None:
        row = self._rows[ref]
        row.is_deleted, row.modified_at, row.by = True, self._now(), self.behaviour.by[ours]
        if survivor is not None:
            self._merged[ref] = survivor
        for callback in self.after_delete:
            callback(ref, survivor)

    def _children_of(self, parent: Ref) -> list[tuple[Ref, str]]:
        """Return Salesforce's child records, each with the field that names the parent."""
        ways = CHILDREN.get(parent.object, ())
        return [
            (ref, by)
            for name, by in ways
            for ref in self.refs(name)
            if self._rows[ref].fields.get(by) == parent.id
        ]

    def _is_purged(self, ref: Ref) -> bool:
        """Return whether a record is deleted and in no recycle bin.

        Objects without a recycle bin are in none when they are deleted by themselves.
        """
        row = self._rows[ref]
        return ref in self._purged or (
            row.is_deleted and row.deleted_with_record is None and ref.object in BINLESS
        )

    def _end_of(self, ref: Ref) -> Ref:
        while ref in self._merged:
            ref = self._merged[ref]
        return ref

    def is_live(self, ref: Ref) -> bool:
        """Return whether the record exists and is not deleted."""
        return ref in self._rows and not self._rows[ref].is_deleted

    def _addresses(self, row: _Row) -> list[str]:
        """Return the addresses by which a record is found: its own, and a HubSpot contact's further
        ones.
        """
        further = (
            str(row.fields.get(FURTHER) or "").split(";") if self.behaviour.unique_email else ()
        )
        return [
            text
            for one in (row.fields.get(self.behaviour.email), *further)
            if (text := str(one or "").lower())
        ]

    def _holder(self, name: str, field_name: str, value: Value) -> Ref | None:
        if value is None:
            return None
        return next(
            (
                ref
                for ref, row in self._rows.items()
                if row.fields.get(field_name) == value and ref.object == name and not row.is_deleted
            ),
            None,
        )

    def _mirror_person(self, account: Ref, *, ours: bool) -> None:
        """Update the contact of a person account, which is an account with a last name instead of a
        name (PA-3).
        """
        fields = self._rows[account].fields
        if not fields.get("LastName") or (fields.get("Name") and not fields.get(IS_PERSON)):
            return
        fields[IS_PERSON] = True
        fields["Name"] = " ".join(
            str(fields[name]) for name in ("FirstName", "LastName") if fields.get(name)
        )
        shown = {
            contact_field_of(name): value
            for name, value in fields.items()
            if contact_field_of(name)
        }
        if not fields.get(PERSON_CONTACT):
            contact = self._insert(
                "Contact", {**shown, IS_PERSON: True, "AccountId": account.id}, ours=ours
            )
            fields[PERSON_CONTACT] = contact.id
        contact = Ref(self.side, "Contact", str(fields[PERSON_CONTACT]))
        if any(self._rows[contact].fields.get(name) != value for name, value in shown.items()):
            self.put(contact, shown, ours=ours)

    def _stored(self, name: str, value: Value) -> Value:
        """Return a value as the side stores it: HubSpot has only text and lowercase addresses;
        neither side has empty text.
        """
        if self.side is Side.HUBSPOT:
            return text_of(value, lower=name == self.behaviour.email)
        return None if value == "" else value

    def _stamp(self, moment: datetime) -> datetime:
        return moment - (moment - datetime.min.replace(tzinfo=UTC)) % self.behaviour.stamp


def text_of(value: Value, *, lower: bool = False) -> str | None:
    if value is None or value == "":
        return None
    text = str(value).lower() if isinstance(value, bool) or lower else str(value)
    return text.strip() if lower else text
