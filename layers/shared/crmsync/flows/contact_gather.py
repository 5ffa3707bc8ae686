"""Gather all that planning contacts needs, for a whole batch at a time.

What a batch costs is decided here: the other side is read only for records that show news, merged and converted records are followed only
where one is gone, and nobody is asked anything twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from crmsync.flows.world import World
from crmsync.model import names
from crmsync.model.changes import Cause, Change
from crmsync.model.links import Link, LinkState
from crmsync.model.records import Record, Ref, Side
from crmsync.plans.contact import ContactFacts, address_of
from crmsync.rules.book import Book
from crmsync.rules.contact_book import HUBSPOT_OBJECT
from crmsync.rules.pair_plan import is_quiet
from crmsync.rules.values import is_blank

_PREFIXES = {"00Q": "Lead", "003": "Contact"}
"""The first letters of a Salesforce id tell its object [D]."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a batch turned out to be: facts to plan, changes that must wait for another's plan, and how many records showed nothing new."""

    facts: list[ContactFacts]
    not_yet: list[Change]
    quiet: int


def gather(changes: Sequence[Change], world: World, book: Book) -> Gathered:
    """Read all that the plans of these changes need. Raises `SyncError` when a side or a store does not answer."""
    desk = _Desk(world, book)
    desk.find_links([change.ref for change in changes])
    desk.read(change.ref for change in changes)
    loud = [change for change in changes if not desk.shows_nothing_new(change)]
    lone = [desk.records[change.ref] for change in loud if change.ref not in desk.links and change.ref in desk.records]
    desk.find_counterparts(lone)
    desk.inherit_links(lone)
    desk.follow(desk.links[change.ref] for change in loud if change.ref in desk.links)
    facts, not_yet = _one_plan_per_record([desk.facts(change) for change in loud])
    return Gathered(facts, not_yet, len(changes) - len(loud))


def _one_plan_per_record(facts: Sequence[ContactFacts]) -> tuple[list[ContactFacts], list[Change]]:
    """Plan every record and every unlinked address once: two plans for one person would both create it, or write the same record.

    A second change of one pair is covered by the first plan. Whoever else meets the same record or address waits for that plan: pairs go
    first, as what becomes of them decides whether their records are free for others.
    """
    firsts: list[ContactFacts] = []
    not_yet: list[Change] = []
    seen: dict[object, Link | None] = {}
    for one in sorted(facts, key=lambda one: one.link is None):
        mine = {record.ref for record in (one.hubspot, one.salesforce) if record} | {_person(one)}
        met = mine | {record.ref for record in (*one.candidates, one.remembered) if record}
        holders = [seen[key] for key in met if key in seen]
        if not holders:
            firsts.append(one)
            seen |= dict.fromkeys(mine, one.link)
        elif one.link is None or any(link != one.link for link in holders):
            not_yet.append(one.change)
    return firsts, not_yet


def _person(facts: ContactFacts) -> object:
    if facts.link is not None:
        return facts.link.hubspot
    return (facts.named and _address(facts.named)) or facts.change.ref


@dataclass(slots=True)
class _Desk:
    """Everything read so far for one batch."""

    world: World
    book: Book
    records: dict[Ref, Record] = field(default_factory=dict)
    links: dict[Ref, Link] = field(default_factory=dict)
    _asked: set[Ref] = field(default_factory=set)
    _candidates: dict[tuple[Side, str], tuple[Record, ...]] = field(default_factory=dict)
    _survivors: dict[Ref, Ref] = field(default_factory=dict)

    def read(self, refs: Iterable[Ref]) -> None:
        """Read records that were not asked for yet."""
        wanted = [ref for ref in dict.fromkeys(refs) if ref not in self._asked]
        self._asked.update(wanted)
        for side in Side:
            here = [ref for ref in wanted if ref.side is side]
            if here:
                self.records.update(self.world.crm(side).read(here, self.book.fields(side)))

    def find_links(self, refs: Iterable[Ref]) -> None:
        """Look up the links of records."""
        self.links.update(
            self.world.links.find(self.world.connection.name, [ref for ref in refs if ref not in self.links])
        )

    def shows_nothing_new(self, change: Change) -> bool:
        """Whether a change is an echo, a duplicate, or of something that was put right already."""
        link, record = self.links.get(change.ref), self.records.get(change.ref)
        if change.cause in {Cause.RESYNC, Cause.FORGOTTEN} or link is None or record is None:
            return False
        return is_quiet(record, link, self.book)

    def find_counterparts(self, lone: Sequence[Record]) -> None:
        """For records without a link: those across that hold the same address, those that they name themselves, and whose these are."""
        for side in Side:
            emails = [_address(record) for record in lone if record.ref.side is side.other and _address(record)]
            if emails:
                for record in self.world.crm(side).find(emails, self.book.fields(side)):
                    key = (side, _address(record))
                    self._candidates[key] = (*self._candidates.get(key, ()), record)
                    self.records.setdefault(record.ref, record)
                    self._asked.add(record.ref)
        named = [ref for record in lone if (ref := self._named_by(record))]
        self._look_after(named)
        heirs = [now for ref in named if (now := self._now(ref))]
        self.read(heirs)
        self.find_links([*heirs, *(record.ref for records in self._candidates.values() for record in records)])

    def inherit_links(self, lone: Sequence[Record]) -> None:
        """Have a record that is what became of a linked one take over its link (DUP-26, MRG-1, MRG-3)."""
        heirs: list[tuple[Record, Link]] = []
        for record in lone:
            candidates = self._candidates.get((record.ref.side.other, _address(record)), ())
            heirs += [(record, self.links[one.ref]) for one in candidates if one.ref in self.links]
        self._look_after(place for record, link in heirs if isinstance(place := link.on(record.ref.side), Ref))
        for record, link in heirs:
            place = link.on(record.ref.side)
            if isinstance(place, Ref) and self._now(place) == record.ref:
                self.links.setdefault(record.ref, link)

    def follow(self, links: Iterable[Link]) -> None:
        """Read both records of each link, and where one of them is gone, what became of it and whose that is."""
        places = [place for link in links for side in Side if isinstance(place := link.on(side), Ref)]
        self._look_after(places)
        successors = [now for place in places if (now := self._now(place)) and now != place]
        self.read(successors)
        self.find_links(successors)

    def facts(self, change: Change) -> ContactFacts:
        """The facts of one change, from what has been read."""
        link = self.links.get(change.ref)
        if link is not None:
            return self._linked_facts(change, link)
        record = self.records.get(change.ref)
        if record is None:
            return ContactFacts(change)
        candidates = self._candidates.get((change.ref.side.other, _address(record)), ()) if _address(record) else ()
        named = self._named_by(record)
        heir = self._now(named) if named else None
        return ContactFacts(
            change,
            None,
            record if change.ref.side is Side.HUBSPOT else None,
            record if change.ref.side is Side.SALESFORCE else None,
            candidates=candidates,
            taken=frozenset(one.ref for one in candidates if self._is_taken(one.ref)),
            buried=tuple(
                self.links[one.ref] for one in candidates if one.ref in self.links and not self._is_taken(one.ref)
            ),
            remembered=self.records.get(heir) if heir and heir not in self.links else None,
            orphaned=named is not None and heir not in self.records,
        )

    def _linked_facts(self, change: Change, link: Link) -> ContactFacts:
        now: dict[Side, Record | None] = {}
        outlived = False
        for side in Side:
            place = link.on(side)
            there = self._now(place) if isinstance(place, Ref) else None
            now[side] = self.records.get(there) if there else None
            outlived = outlived or (there != place and there in self.links and self.links[there].on(side) == there)
        return ContactFacts(change, link, now[Side.HUBSPOT], now[Side.SALESFORCE], outlived)

    def _is_taken(self, ref: Ref) -> bool:
        return ref in self.links and self.links[ref].state is LinkState.ACTIVE

    def _look_after(self, places: Iterable[Ref]) -> None:
        """Read records, and ask what became of those that are gone."""
        wanted = list(dict.fromkeys(places))
        self.read(wanted)
        for side in Side:
            gone = [
                ref for ref in wanted if ref.side is side and ref not in self.records and ref not in self._survivors
            ]
            if gone:
                self._survivors.update(self.world.crm(side).survivors(gone))

    def _now(self, place: Ref) -> Ref | None:
        """Where a record lives on: itself, the contact of a converted lead, the survivor of a merge, or nowhere."""
        record = self.records.get(place)
        if record is None:
            return self._survivors.get(place)
        return record.successor or place

    def _named_by(self, record: Record) -> Ref | None:
        """The record across that this one names as its counterpart, in our field."""
        if record.ref.side is Side.HUBSPOT:
            record_id = str(record.fields.get(names.HUBSPOT_KEY) or "")
            object_ = _PREFIXES.get(record_id[:3])
            return Ref(Side.SALESFORCE, object_, record_id) if object_ else None
        ours = self.book.key_of("")
        key = str(record.fields.get(names.SALESFORCE_KEY) or "")
        return Ref(Side.HUBSPOT, HUBSPOT_OBJECT, key.removeprefix(ours)) if key.startswith(ours) else None


def _address(record: Record) -> str:
    address = address_of(record)
    return "" if is_blank(address) else str(address).strip().lower()
