"""One CRM in memory: records with ids, unique keys and addresses, history, a recycle bin, and a
person who works beside us.

What the two sides do differently is data (`behaviour`), and only what the ports' contracts speak of
is modelled; the vendors' finer ways belong to the simulators.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from crmsync.errors import Conflict, Drifted, Gone, Refused, SyncError
from crmsync.model.effects import CreateRecord, UpdateRecord
from crmsync.model.records import Origin, Record, Ref, Side, Value
from crmsync.ports.crm import Fields, Outcome, Written
from crmsync.ports.listing import ChangedRecord, Show
from crmsync.rules.backfill.pacing import DailyCalls, KnownCalls
from simulators.hubspot.records.derived import may_move
from tests.memory.behaviour import BEHAVIOUR, CHILDREN, PERSON_CONTACT, of_contact

PAGE = 200
LIFECYCLE = "lifecyclestage"
FURTHER = "hs_additional_emails"
"""A HubSpot contact's further addresses; one that becomes its own address is none of them any
more.
"""

MERGED = "hs_merged_object_ids"
"""The ids of all the records that a HubSpot record was merged from."""

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
    owner: str = ""
    """Whose it is while nobody has said so."""
    deleted_with_record: Ref | None = None
    """The record with which it was deleted, and with which it is restored."""


class MemoryCrm:
    """Implements `Crm`, `Survivors` and `Sweeper`. ``assignment_owner`` is whom Salesforce's active
    assignment rule gives new leads.
    """

    def __init__(self, side: Side, *, now: Callable[[], datetime]) -> None:
        """An empty CRM that is this `side`; `now` is its clock."""
        self.side = side
        self.behaviour = BEHAVIOUR[side]
        self.calls: Counter[str] = Counter()
        self.down: SyncError | None = None
        self.daily = DailyCalls(0, 100_000)
        self.known_calls: KnownCalls | None = None
        """What the newest answer told of the daily calls."""
        self.refuse: Callable[[Mapping[str, object]], SyncError | None] = lambda _fields: None
        self.checks: list[Callable[[Ref | None, str, Mapping[str, Value]], SyncError | None]] = []
        """What else may refuse a write: told the record (None for a new one), the object and the
        fields.
        """
        self.missing_fields: set[tuple[str, str]] = set()
        """Fields, each with its object, that are gone or hidden from us."""
        self.read_only_fields: set[tuple[str, str]] = set()
        """Fields that we may read and not write."""
        self.assignment_owner = ""
        self.has_person_accounts = False
        self.after_write: list[Callable[[Ref, Mapping[str, Value]], None]] = []
        self.after_delete: list[Callable[[Ref, Ref | None], None]] = []
        """Told of records that were deleted, and of those that were merged, with the survivor."""
        self._now = now
        self._rows: dict[Ref, _Row] = {}
        self._merged: dict[Ref, Ref] = {}
        self._purged: set[Ref] = set()
        self._next = 100

    # -- the port --

    def read(
        self, refs: Iterable[Ref], fields: Fields, *, history: bool = False
    ) -> Mapping[Ref, Record]:
        """As the port says."""
        self._call("read")
        return {
            ref: self._record(ref, fields.get(ref.object, ()), history=history)
            for ref in refs
            if self._is_live(ref)
        }

    def find(self, emails: Iterable[str], fields: Fields) -> Sequence[Record]:
        """As the port says."""
        self._call("find")
        wanted = {email.strip().lower() for email in emails if email and email.strip()}
        return [
            self._record(ref, fields[ref.object])
            for ref, row in self._rows.items()
            if ref.object in fields
            and self._is_live(ref)
            and not wanted.isdisjoint(self._addresses(row))
            and not row.fields.get("IsConverted")
        ]

    def made_by(self, keys: Mapping[str, Sequence[str]]) -> Mapping[str, Ref]:
        """As the port says."""
        self._call("made_by")
        found = {
            key: self._holder(name, self.behaviour.key, key)
            for name, some in keys.items()
            for key in some
        }
        return {key: ref for key, ref in found.items() if ref}

    def create(self, effects: Sequence[CreateRecord]) -> Sequence[Outcome]:
        """As the port says."""
        self._call("create")
        return [self._create(effect) for effect in effects]

    def update(self, effects: Sequence[UpdateRecord]) -> Sequence[Outcome]:
        """As the port says."""
        self._call("update")
        return [self._update(effect) for effect in effects]

    def survivors(self, refs: Iterable[Ref]) -> Mapping[Ref, Ref]:
        """As the port says."""
        self._call("survivors")
        ends = {ref: self._end_of(ref) for ref in refs}
        return {ref: end for ref, end in ends.items() if end != ref and self._is_live(end)}

    def changed_since(
        self, since: Mapping[str, datetime], *, with_purged: bool = False, show: Show | None = None
    ) -> Iterator[Sequence[ChangedRecord]]:
        """As the port says; nothing is described."""
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

    # -- the person beside us --

    def add(self, name: str, fields: Mapping[str, Value]) -> Ref:
        """A person makes a record."""
        return self._insert(name, dict(fields), ours=False)

    def edit(self, ref: Ref, fields: Mapping[str, Value], *, by: str = "") -> None:
        """A person changes a record, or whoever `by` names."""
        self.put(ref, fields, ours=False, by=by)

    def delete(self, ref: Ref, *, ours: bool = False) -> None:
        """A person deletes a record; in Salesforce its children go with it."""
        self._end(ref, None, ours=ours)
        for child, _ in self._children_of(ref):
            self.delete(child, ours=ours)
            self._rows[child].deleted_with_record = ref

    def purge(self, ref: Ref) -> None:
        """A person deletes a record, if nobody has, and takes it out of the recycle bin for good,
        with what was deleted along with it.
        """
        if self._is_live(ref):
            self.delete(ref)
        self._purged |= {
            ref,
            *(one for one, row in self._rows.items() if row.deleted_with_record == ref),
        }

    def restore(self, ref: Ref) -> None:
        """A person takes a record out of the recycle bin, and what was deleted along with it."""
        row = self._rows[ref]
        row.is_deleted, row.deleted_with_record, row.modified_at, row.by = (
            False,
            None,
            self._now(),
            self.behaviour.by[False],
        )
        for child in [one for one, other in self._rows.items() if other.deleted_with_record == ref]:
            self.restore(child)

    def merge(self, winner: Ref, loser: Ref) -> Ref:
        """A person merges two records and gets the survivor: in HubSpot a new one, in Salesforce
        the winner.
        """
        survivor = winner
        if self.side is Side.HUBSPOT:
            both = {**self.fields(loser), **self.fields(winner)}
            held = dict.fromkeys(
                one for ref in (winner, loser) for one in self._addresses(self._rows[ref])
            )
            both[FURTHER] = ";".join(one for one in held if one != both.get("email")) or None
            earlier = [
                one
                for ref in (winner, loser)
                for one in str(self.fields(ref).get(MERGED) or "").split(";")
            ]
            both[MERGED] = ";".join(
                dict.fromkeys(one for one in (*earlier, winner.id, loser.id) if one)
            )
            survivor = self._insert(winner.object, both, ours=False)
            self._end(winner, survivor)
        self._end(loser, survivor)
        for child, parent in self._children_of(loser):
            self.put(child, {parent: survivor.id}, ours=False)
        return survivor

    def convert(self, lead: Ref, account: Ref | None = None) -> Ref:
        """A person converts a lead and gets the contact: of that account, or of a new one that is
        named after the lead's company.

        A lead without a company becomes a person account where there are such (PA-8).
        """
        if self.has_person_accounts and not self.fields(lead).get("Company"):
            of_account = {
                "LastName": "LastName",
                "FirstName": "FirstName",
                "Email": "PersonEmail",
                "Phone": "Phone",
            }
            own = {
                of_account[name]: value
                for name, value in self.fields(lead).items()
                if name in of_account
            }
            account = self._insert("Account", own, ours=False)
            contact = Ref(self.side, "Contact", str(self._rows[account].fields[PERSON_CONTACT]))
            self.put(lead, {"IsConverted": True, "ConvertedContactId": contact.id}, ours=False)
            return contact
        names = ("LastName", "FirstName", "Email", "Phone")
        fields = {name: value for name, value in self.fields(lead).items() if name in names}
        account = account or self._insert(
            "Account", {"Name": self.fields(lead).get("Company")}, ours=False
        )
        contact = self._insert("Contact", {**fields, "AccountId": account.id}, ours=False)
        self.put(lead, {"IsConverted": True, "ConvertedContactId": contact.id}, ours=False)
        return contact

    def fields(self, ref: Ref, *, deleted_too: bool = False) -> Mapping[str, Value]:
        """All that a record shows, blanks left out; a deleted one shows nothing unless asked
        for.
        """
        if not self._is_live(ref) and not (deleted_too and ref in self._rows):
            return {}
        return {name: value for name, value in self._rows[ref].fields.items() if value is not None}

    def refs(self, name: str, *, deleted_too: bool = False) -> list[Ref]:
        """The records of an object that are not deleted (or all), in the order in which they were
        made.
        """
        return [
            ref for ref in self._rows if ref.object == name and (deleted_too or self._is_live(ref))
        ]

    def deleted_with(self, ref: Ref) -> Ref | None:
        """The record with which a deleted one was deleted, or None where it was deleted by
        itself.
        """
        return self._rows[ref].deleted_with_record

    def deleted_time(self, ref: Ref) -> datetime | None:
        """When a record was deleted, or None while it is not."""
        row = self._rows.get(ref)
        return self._stamp(row.modified_at) if row and row.is_deleted else None

    def is_live(self, ref: Ref) -> bool:
        """Whether there is the record, and it is not deleted."""
        return self._is_live(ref)

    # -- inside --

    def _end(self, ref: Ref, survivor: Ref | None, *, ours: bool = False) -> None:
        row = self._rows[ref]
        row.is_deleted, row.modified_at, row.by = True, self._now(), self.behaviour.by[ours]
        if survivor is not None:
            self._merged[ref] = survivor
        for tell in self.after_delete:
            tell(ref, survivor)

    def _children_of(self, parent: Ref) -> list[tuple[Ref, str]]:
        """Salesforce's records below a record, each with the field that names it."""
        ways = CHILDREN.get(parent.object, ())
        return [
            (ref, by)
            for name, by in ways
            for ref in self.refs(name)
            if self._rows[ref].fields.get(by) == parent.id
        ]

    def _is_purged(self, ref: Ref) -> bool:
        """Whether it is deleted and in no recycle bin; what is deleted by itself and has none never
        was in one.
        """
        row = self._rows[ref]
        return ref in self._purged or (
            row.is_deleted and row.deleted_with_record is None and ref.object in BINLESS
        )

    def _call(self, verb: str) -> None:
        self.calls[verb] += 1
        self.known_calls = KnownCalls(self.daily, self._now())
        if self.down is not None:
            raise self.down

    def _end_of(self, ref: Ref) -> Ref:
        while ref in self._merged:
            ref = self._merged[ref]
        return ref

    def _is_live(self, ref: Ref) -> bool:
        return ref in self._rows and not self._rows[ref].is_deleted

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
        return Record(ref, shown, *at, by, origins if self.side is Side.HUBSPOT else {}, successor)

    def _create(self, effect: CreateRecord) -> Outcome:
        fields = {name: _plain(value) for name, value in effect.fields.items()}
        first = self._holder(effect.object, self.behaviour.key, effect.key)
        error = self._refused(first, effect.object, fields)
        if error is not None:
            return error
        if first is not None:
            self.put(first, self._taken(first, fields), ours=True)
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
        if not self._is_live(ref) or self._rows[ref].fields.get("IsConverted"):
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
            return Conflict("The key is taken.", existing=holder.id, code="DUPLICATE_VALUE")
        self.put(ref, self._taken(ref, fields), ours=True)
        return self._written(ref, fields)

    def _taken(self, ref: Ref, fields: Mapping[str, Value]) -> Mapping[str, Value]:
        """What the side takes of a write by API: HubSpot leaves a lifecycle stage that comes before
        the one it shows (PLT-5).
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
        return self.refuse(fields) or next(
            filter(None, (check(ref, name, fields) for check in self.checks)), None
        )

    def _clash(self, name: str, fields: Mapping[str, Value]) -> Ref | None:
        if not self.behaviour.unique_email:
            return None
        address = _text(fields.get(self.behaviour.email), lower=True)
        return next(
            (
                ref
                for ref in self.refs(name)
                if address and address in self._addresses(self._rows[ref])
            ),
            None,
        )

    def _addresses(self, row: _Row) -> list[str]:
        """The addresses by which a record is found: its own, and a HubSpot contact's further
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
            (ref for ref in self.refs(name) if self._rows[ref].fields.get(field_name) == value),
            None,
        )

    def _written(self, ref: Ref, fields: Mapping[str, Value]) -> Written:
        shown = (
            {name: self._rows[ref].fields.get(name) for name in fields}
            if self.behaviour.answers_with_values
            else {}
        )
        return Written(ref, shown)

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

    def put(self, ref: Ref, fields: Mapping[str, Value], *, ours: bool, by: str = "") -> None:
        """Somebody changes a record: we, or a person."""
        row = self._rows[ref]
        row.modified_at, row.by = self._now(), by or self.behaviour.by[ours]
        for name, value in fields.items():
            kept = self._kept(name, value)
            if row.fields.get(name) != kept:
                row.origins[name] = Origin(self._stamp(row.modified_at), row.by)
            row.fields[name] = kept
        if self.behaviour.unique_email and row.fields.get(FURTHER):
            own, *further = row.fields.get("email"), *str(row.fields[FURTHER]).split(";")
            row.fields[FURTHER] = ";".join(one for one in further if one != own) or None
        if self.has_person_accounts and ref.object == "Account":
            self._mirror_person(ref, ours=ours)
        for tell in self.after_write:
            tell(ref, fields)

    def fill_in(self, ref: Ref, fields: Mapping[str, Value]) -> None:
        """The CRM itself fills fields in, as part of a write."""
        self._rows[ref].fields.update(fields)

    def _mirror_person(self, account: Ref, *, ours: bool) -> None:
        """An account with a last name instead of a name is a person; Salesforce keeps a contact
        behind it (PA-3).
        """
        fields = self._rows[account].fields
        if not fields.get("LastName") or (fields.get("Name") and not fields.get(IS_PERSON)):
            return
        fields[IS_PERSON] = True
        fields["Name"] = " ".join(
            str(fields[name]) for name in ("FirstName", "LastName") if fields.get(name)
        )
        shown = {of_contact(name): value for name, value in fields.items() if of_contact(name)}
        if not fields.get(PERSON_CONTACT):
            contact = self._insert(
                "Contact", {**shown, IS_PERSON: True, "AccountId": account.id}, ours=ours
            )
            fields[PERSON_CONTACT] = contact.id
        contact = Ref(self.side, "Contact", str(fields[PERSON_CONTACT]))
        if any(self._rows[contact].fields.get(name) != value for name, value in shown.items()):
            self.put(contact, shown, ours=ours)

    def _required(self, name: str, fields: Mapping[str, Value]) -> list[str]:
        """A lead needs no company where it may become a person account (Q-35), and an account of a
        person has no name of its own.
        """
        if name == "Account":
            return [] if self.has_person_accounts and fields.get("LastName") else ["Name"]
        free = {"Company"} if self.has_person_accounts else set()
        return [one for one in self.behaviour.required.get(name, ()) if one not in free]

    def _check_columns(self, name: str, names: Iterable[str]) -> None:
        """Columns that are lacking, and those of person accounts where they are off (PA-1)."""
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
        """What a call says that names a field which is not there, or may not be written."""
        code = "INVALID_FIELD" if self.side is Side.SALESFORCE else "PROPERTY_DOESNT_EXIST"
        return Drifted(
            f"No such column '{one}' on entity '{name}'.", side=self.side, code=code, fieldname=one
        )

    def _kept(self, name: str, value: Value) -> Value:
        """A value as the side keeps it: HubSpot has text only and small addresses; neither has an
        empty text.
        """
        if self.side is Side.HUBSPOT:
            return _text(value, lower=name == self.behaviour.email)
        return None if value == "" else value

    def _stamp(self, moment: datetime) -> datetime:
        return moment - (moment - datetime.min.replace(tzinfo=UTC)) % self.behaviour.stamp


def _plain(value: object) -> Value:
    assert value is None or isinstance(value, str | int | float | bool), "every slot is filled"
    return value


def _text(value: Value, *, lower: bool = False) -> str | None:
    if value is None or value == "":
        return None
    text = str(value).lower() if isinstance(value, bool) or lower else str(value)
    return text.strip() if lower else text
