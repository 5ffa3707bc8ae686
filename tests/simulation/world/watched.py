"""CRMs in memory that keep a ledger of all that ever changed in them: what, when, by whom."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from crmsync.errors import SyncError
from crmsync.gateways.dynamodb.links.link_items import placed
from crmsync.model.change_limits import Hold
from crmsync.model.effects import Category, Report
from crmsync.model.links import Link, LinkState
from crmsync.model.records import Ref, Side, Value
from crmsync.ports.crm import Fields
from crmsync.ports.troubles import Described
from tests.memory import MemoryCrm, MemoryInbox, MemoryLinks, MemorySchemas
from tests.memory.behaviour import BEHAVIOUR
from tests.simulation.world.faults import DOWN_CODES

GATHERS = "accounts.has_person_accounts"
"""The call with which a worker begins to gather facts about people."""

UNDO = "undo"
"""How the workers are called that run the operator's undo."""


@dataclass(slots=True)
class Entry:
    """Something changed in a CRM.

    Attributes:
        number: Its place among all entries of the history.
        at: When.
        ref: The record.
        field: The field, or "" for the record itself.
        value: The new value; for the record itself "born", "gone", "back" or "touched".
        before: The value that it had.
        ours: Whether crmsync did it by itself; what an undo puts back, the operator does.
        reads: What the worker that wrote had read by then -> the number of the newest entry when it
            last read that.
        worker: Who wrote, "" for a person.
        connection: For which connection.
        began: The number of the newest entry when the worker began.
        call: The call that wrote.
        repeats: Whether crmsync wrote what the field showed already, so that nothing changed.
    """

    number: int
    at: datetime
    ref: Ref
    field: str
    value: Value
    before: Value
    ours: bool
    reads: Mapping[Ref, int] = field(default_factory=dict)
    worker: str = ""
    connection: str = ""
    began: int = -1
    call: str = ""
    repeats: bool = False

    def read_of(self, ref: Ref) -> int:
        """The number of the newest entry when the worker that wrote last read a record, -1 where it
        never did.
        """
        return self.reads.get(ref, -1)


@dataclass(frozen=True, slots=True)
class Look:
    """A worker has read a record.

    Attributes:
        number: The number of the newest entry then.
        resting: The Salesforce fields whose mappings rested for the worker, which it may also have
            noticed afterwards.
        is_part: Whether it has read only some fields, for another record's sake.
    """

    number: int
    resting: Collection[str] = ()
    is_part: bool = False


@dataclass(frozen=True, slots=True)
class Save:
    """A worker has saved the link of a pair.

    Attributes:
        number: The number of the newest entry then.
        reads: Up to which entry it had read each record.
        waits: Whether a limit holds back anything of the pair (Q-30).
        resting: The Salesforce fields whose mappings rested for the worker.
    """

    number: int
    reads: Mapping[Ref, int]
    waits: bool = False
    resting: Collection[str] = ()


@dataclass
class Drop:
    """What the operator has dropped of a pair (Q-30).

    Attributes:
        connection: The connection's name.
        ref: The record that the report was about.
        decided: The number of the newest entry when the operator decided.
        done: That of the newest entry when a worker had last carried it out.
        holds: What waited when it was carried out, because of which limits; nothing is written there
            because of it.
    """

    connection: str
    ref: Ref
    decided: int
    done: int
    holds: frozenset[Hold] = frozenset()


@dataclass
class Ledger:
    """All entries of a history, by record."""

    now: Callable[[], datetime]
    rows: dict[Ref, list[Entry]] = field(default_factory=dict)
    repeated: dict[Ref, list[Entry]] = field(default_factory=dict)
    """Record -> the fields that crmsync wrote and that showed the value already."""
    number: int = 0
    worker: str = ""
    connection: str = ""
    began: int = -1
    call: str = ""
    linked: dict[tuple[Ref, Ref], int] = field(default_factory=dict)
    """Pair -> its place among the entries when it was linked for the first time."""
    met: dict[tuple[Ref, Ref], Mapping[Ref, int]] = field(default_factory=dict)
    """Pair -> up to which entry the worker that linked it had read each record."""
    saved: dict[tuple[Ref, Ref], list[Save]] = field(default_factory=dict)
    """Pair -> when its link was saved."""
    reads: dict[Ref, int] = field(default_factory=dict)
    """What the worker that runs now has read, and up to which entry."""
    held: set[Ref] = field(default_factory=set)
    """The records that it has read since it began to gather facts."""
    resting: set[str] = field(default_factory=set)
    """The Salesforce fields whose mappings rest for the worker that runs now."""
    looks: dict[Ref, list[Look]] = field(default_factory=dict)
    """Record -> when any worker read it."""

    drops: list[Drop] = field(default_factory=list)
    lifted: list[tuple[str, Link, frozenset[Hold]]] = field(default_factory=list)
    """The workers that saved a link under which less waits than before, and what no longer does."""
    moves: dict[Ref, list[tuple[int, bool]]] = field(default_factory=dict)
    """Contact -> when it joined or left the inclusion list, with its place among the entries."""
    asked: list[tuple[int, int, str]] = field(default_factory=list)
    """The opt-outs that crmsync asked HubSpot for: the newest entry at that time and when the worker
    began, and the address.
    """

    ties: list[tuple[int, int, Ref]] = field(default_factory=list)
    """The contacts that crmsync associated with a deal or took from one: the newest entry at that
    time and when the worker began, and the contact.
    """

    def move(self, contact: Ref, *, is_in: bool) -> None:
        """A contact joins or leaves the inclusion list, which has a number of its own."""
        self.number += 1
        self.moves.setdefault(contact, []).append((self.number, is_in))

    def was_outside(self, contact: Ref, first: int, last: int) -> bool:
        """Whether a contact was outside the list from one entry to another."""
        moves = self.moves.get(contact, [])
        before = [is_in for number, is_in in moves if number <= first]
        return not (before and before[-1]) and not any(first < one <= last for one, _ in moves)

    def ask(self, address: str) -> None:
        """Crmsync asks HubSpot to unsubscribe an address."""
        self.asked.append((self.number, self.began, address))

    def tie(self, *records: Ref) -> None:
        """Crmsync associates two records, or ends that."""
        if {one.object for one in records} == {"deal", "contact"}:
            (contact,) = (one for one in records if one.object == "contact")
            self.ties.append((self.number, self.began, contact))

    def carry_out_drops(self, connection: str, refs: Collection[Ref]) -> None:
        """The worker that runs now has carried out what was decided about these records."""
        for one in self.drops:
            if one.connection == connection and one.ref in refs:
                one.done = self.number
                one.holds = one.holds.union(
                    *(
                        holds
                        for worker, link, holds in self.lifted
                        if (worker, link.connection) == (self.worker, connection)
                        and one.ref in {link.hubspot, link.salesforce}
                    )
                )

    def begin_call(self, name: str) -> None:
        """A call of a worker begins."""
        self.call = name
        if name == GATHERS:
            self.held.clear()

    def read(self, ref: Ref, *, is_part: bool = False) -> None:
        """A worker reads a record; or only a part of it, such as its stage, by which it does not
        decide on the record's other fields.
        """
        self.looks.setdefault(ref, []).append(Look(self.number, self.resting, is_part))
        if not is_part:
            self.held.add(ref)
            self.reads[ref] = self.number

    def find(self, ref: Ref) -> None:
        """A worker finds a record by its address. It goes by what it has read of it, if it has."""
        if ref not in self.held:
            self.read(ref)

    def link(self, pair: tuple[Ref, Ref], *, waits: bool = False) -> None:
        """A pair is linked. The first time has a number of its own, so that it is known whether a
        worker began before it or after it.
        """
        if pair not in self.linked:
            self.number += 1
            self.linked[pair] = self.number
            self.met[pair] = dict(self.reads)
        save = Save(self.number, dict(self.reads), waits, frozenset(self.resting))
        self.saved.setdefault(pair, []).append(save)

    def note(self, ref: Ref, name: str, value: Value, before: Value, *, ours: bool) -> None:
        """One more entry."""
        self.number += 1
        is_undo = self.worker.startswith(UNDO)
        entry = Entry(self.number, self.now(), ref, name, value, before, ours and not is_undo)
        if ours:
            entry.reads, entry.worker = dict(self.reads), self.worker
            entry.connection, entry.began = self.connection, self.began
            entry.call = self.call
        self.rows.setdefault(ref, []).append(entry)

    def looks_at(self, ref: Ref, field: str, *, resting: bool) -> list[int]:
        """The numbers of the newest entries when any worker read a record for which the mapping of
        a Salesforce field rested, or for which it did not.
        """
        looks = (one for one in self.looks.get(ref, ()) if not one.is_part)
        return [one.number for one in looks if (field in one.resting) == resting]

    def repeat(self, ref: Ref, name: str, value: Value) -> None:
        """Crmsync writes what a field shows already. This has no number of its own."""
        self.repeated.setdefault(ref, []).append(
            Entry(
                self.number,
                self.now(),
                ref,
                name,
                value,
                value,
                ours=True,
                reads=dict(self.reads),
                worker=self.worker,
                connection=self.connection,
                repeats=True,
            )
        )

    def seen_alive(self) -> set[Ref]:
        """The records that some worker has read before they were gone."""
        gone = {
            ref: max((one.number for one in rows if one.value == "gone"), default=self.number + 1)
            for ref, rows in self.rows.items()
        }
        return {ref for ref, looks in self.looks.items() if looks[0].number < gone.get(ref, 0)}

    def was_back(self, ref: Ref) -> bool:
        """Whether somebody has taken a record out of the recycle bin."""
        return any(one.value == "back" for one in self.rows[ref] if not one.field)

    def key_of(self, ref: Ref, field: str) -> str:
        """The key under which crmsync made a record, "" where a person made it."""
        entries = self.rows[ref]
        if not any(one.ours and one.value == "born" for one in entries if not one.field):
            return ""
        return next((str(one.value) for one in entries if one.field == field and one.ours), "")

    def linked_at(self, ref: Ref) -> int:
        """The place among the entries when a record was linked first; after all if it never was."""
        return min((at for pair, at in self.linked.items() if ref in pair), default=self.number + 1)

    def made_for(self, ref: Ref) -> tuple[Ref, Ref] | None:
        """The pair for which crmsync made a record, None where a person made it, or where the
        record that it was made for is in no pair with it, unless that was merged or converted. A
        record of an org that two accounts share may be in a pair of each.
        """
        if not any(one.ours and one.value == "born" for one in self.rows[ref] if not one.field):
            return None
        key = self.key_of(ref, BEHAVIOUR[ref.side].key).rpartition("-")[2]
        pairs = [pair for pair in self.linked if ref in pair]
        named = (pair for pair in pairs if any(one.id == key for one in pair if one != ref))
        others = (one for one in self.rows if one.side is not ref.side and one.id == key)
        may_be_any = all(map(self.was_merged, others))
        return next(named, pairs[0] if pairs and may_be_any else None)

    def was_merged(self, ref: Ref) -> bool:
        """Whether a record is no longer there as it was merged or converted into another one."""
        entries = self.rows.get(ref, ())
        ends = [one for one in entries if one.value == "gone" and not one.field]
        return any(one.before for one in ends) or any(one.field == "IsConverted" for one in entries)


class WatchedLinks(MemoryLinks):
    """Links in memory; the ledger knows when a pair was linked first, and what no longer waits."""

    def __init__(self, ledger: Ledger) -> None:
        """No link."""
        super().__init__()
        self._ledger = ledger

    def save(self, links: Sequence[Link]) -> Sequence[Link | SyncError]:
        """As the port says."""
        before = [self._before(one) if one.version else None for one in links]
        outcomes = super().save(links)
        for old, one in zip(before, outcomes, strict=True):
            if not isinstance(one, Link):
                continue
            if one.state is LinkState.ACTIVE:
                pair = (placed(one.hubspot), placed(one.salesforce))
                self._ledger.link(pair, waits=bool(one.holds))
            if old is not None and old.holds - one.holds:
                self._ledger.lifted.append((self._ledger.worker, old, old.holds - one.holds))
        return outcomes


class WatchedSchemas(MemorySchemas):
    """The fields of both sides; the ledger knows which mappings rest once a worker has asked."""

    def __init__(self, hubspot: MemoryCrm, salesforce: MemoryCrm, ledger: Ledger) -> None:
        """Describe these CRMs."""
        super().__init__(hubspot, salesforce)
        self._salesforce, self._ledger = salesforce, ledger

    def described(self, side: Side, names: Sequence[str]) -> Mapping[str, Described]:
        """As the port says."""
        self._ledger.resting |= {name for _, name in self._salesforce.missing_fields}
        return super().described(side, names)


class WatchedInbox(MemoryInbox):
    """An inbox in memory that remembers whom crmsync gave up because a side was down."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        """Nothing is parked."""
        super().__init__(now)
        self.given_up: set[tuple[str, Ref]] = set()

    def park(
        self, connection: str, reports: Sequence[Report], same_attempt: Collection[Ref] = ()
    ) -> Sequence[Ref]:
        """As the port says."""
        self.given_up |= {
            (connection, one.ref)
            for one in reports
            if one.category is Category.UNAVAILABLE and one.code in DOWN_CODES
        }
        return super().park(connection, reports, same_attempt)


class WatchedCrm(MemoryCrm):
    """A CRM in memory whose changes are noted."""

    def __init__(self, side: Side, ledger: Ledger, *, first: int) -> None:
        """An empty CRM, whose ids begin with a number of its own."""
        super().__init__(side, now=ledger.now)
        self.ledger = ledger
        self._next = first
        self.answers: list[Callable[[Ref, Iterable[str]], None]] = []
        """Called with a record and the fields that crmsync has just changed in it."""

    def read(
        self, refs: Iterable[Ref], fields: Fields, *, history: bool = False
    ) -> Mapping[Ref, object]:
        """As the port says."""
        refs = list(refs)
        key = BEHAVIOUR[self.side].key
        for ref in refs:
            # Whoever decides on the fields of a record asks for its counterpart's id as well.
            self.ledger.read(ref, is_part=key not in fields.get(ref.object, [key]))
        return super().read(refs, fields, history=history)

    def find(self, emails: Iterable[str], fields: Fields) -> Sequence[object]:
        """As the port says."""
        found = super().find(emails, fields)
        for one in found:
            self.ledger.find(one.ref)
        return found

    def put(self, ref: Ref, fields: Mapping[str, Value], *, ours: bool, by: str = "") -> None:
        """Somebody changes a record."""
        shown = self._rows[ref].fields
        before = {name: shown.get(name) for name in fields}
        super().put(ref, fields, ours=ours, by=by)
        changed = [name for name, old in before.items() if shown.get(name) != old]
        for name in changed:
            self.ledger.note(ref, name, shown.get(name), before[name], ours=ours)
        if not changed:
            self.ledger.note(ref, "", "touched", None, ours=ours)
        for name in before.keys() - changed if ours else ():
            self.ledger.repeat(ref, name, before[name])
        for answer in self.answers if ours else ():
            answer(ref, changed)

    def _insert(self, name: str, fields: Mapping[str, Value], *, ours: bool) -> Ref:
        ref = super()._insert(name, fields, ours=ours)
        self.ledger.note(ref, "", "born", None, ours=ours)
        return ref

    def _end(self, ref: Ref, survivor: Ref | None, *, ours: bool = False) -> None:
        super()._end(ref, survivor, ours=ours)
        self.ledger.note(ref, "", "gone", str(survivor or ""), ours=ours)

    def restore(self, ref: Ref) -> None:
        """A person takes a record out of the recycle bin."""
        super().restore(ref)
        self.ledger.note(ref, "", "back", None, ours=False)

    def owner_of(self, ref: Ref) -> str:
        """The Salesforce user who owns a record: whoever made it, until somebody gets it."""
        row = self._rows[ref]
        return str(row.fields.get("OwnerId") or row.owner)

    def knows(self, ref: Ref) -> bool:
        """Whether this CRM has, or had, the record."""
        return ref in self._rows
