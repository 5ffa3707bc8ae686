"""Gather for a whole batch at a time: records, links, and what became of records that are gone.
Alike for every kind.

What a batch costs is decided here: the other side is read only for records that show news, merged
and converted records are followed only where one is gone, and nobody is asked anything twice.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from crmsync.flows.engine.context import SyncContext
from crmsync.model.changes import Cause, Change, with_ties
from crmsync.model.facts import Facts
from crmsync.model.links import Link, LinkState, Place
from crmsync.model.records import Kind, Record, Ref, Side
from crmsync.rules.merge.intents import may_be_unwritten
from crmsync.rules.merge.ruleset import Ruleset
from crmsync.rules.pair.counterparts import named_by
from crmsync.rules.pair.plan import is_unchanged
from crmsync.rules.pair.successors import merged_from, primary_link

AnyFacts = TypeVar("AnyFacts", bound=Facts)

ALWAYS_SYNC = frozenset(set(Cause) - {Cause.EDITED, Cause.DELETED})
"""Causes for which a record is looked at even if it shows nothing new."""


@dataclass(frozen=True, slots=True)
class Gathered(Generic[AnyFacts]):
    """What a batch turned out to be: facts to plan, changes that must wait for another's plan, and
    how many records showed nothing new.
    """

    facts: list[AnyFacts]
    not_yet: list[Change]
    quiet: int


def one_plan_per_record(
    facts: Sequence[AnyFacts], identity: Callable[[AnyFacts], Hashable]
) -> tuple[list[AnyFacts], list[Change]]:
    """Plan every record and every unlinked `identity` once: two plans for one person would both
    create it, or write the same record.

    A second change of one pair is covered by the first plan, which has its news of ties. Whoever
    else meets the same record or address waits for that plan: pairs go first, as what becomes of
    them decides whether their records are free for others.
    """
    firsts: list[AnyFacts] = []
    not_yet: list[Change] = []
    seen: dict[object, int] = {}
    for one in sorted(facts, key=lambda one: one.link is None):
        mine = {record.ref for record in (one.hubspot, one.salesforce) if record} | {identity(one)}
        met = mine | {record.ref for record in (*one.candidates, one.remembered) if record}
        holders = {seen[key] for key in met if key in seen}
        if not holders:
            seen |= dict.fromkeys(mine, len(firsts))
            firsts.append(one)
        elif one.link is None or any(firsts[at].link != one.link for at in holders):
            not_yet.append(one.change)
        else:
            for at in holders:
                firsts[at] = replace(firsts[at], change=with_ties(firsts[at].change, one.change))
    return firsts, not_yet


@dataclass(slots=True)
class BatchLoader(Generic[AnyFacts]):
    """Everything read so far for one batch.

    ``candidates`` are, for a record without a link, those across that may be the same; the kind
    finds them. ``completed`` lays beside records what a kind knows of them from elsewhere, each
    time some have been read.
    """

    context: SyncContext
    ruleset: Ruleset
    make: type[AnyFacts]
    completed: Callable[[Mapping[Ref, Record]], Mapping[Ref, Record]] = lambda records: records
    records: dict[Ref, Record] = field(default_factory=dict)
    links: dict[Ref, Link] = field(default_factory=dict)
    candidates: dict[Ref, tuple[Record, ...]] = field(default_factory=dict)
    _asked: set[Ref] = field(default_factory=set)
    _survivors: dict[Ref, Ref] = field(default_factory=dict)
    _retried: set[Ref] = field(default_factory=set)
    _unlinked: set[Ref] = field(default_factory=set)
    _made: dict[Ref, Ref] = field(default_factory=dict)

    def load(self, changes: Sequence[Change]) -> tuple[list[Change], list[Record]]:
        """Read the records of the changes and their links; answers the changes that show news, and
        the records without a link.
        """
        refs = [change.ref for change in changes]
        self._retried.update(
            one.ref for one in changes if one.tries or one.held or one.cause is Cause.AGAIN
        )
        self.find_links(refs)
        self.read(refs)
        self._inherit_links(refs)
        to_sync = [change for change in changes if not self._shows_nothing_new(change)]
        self._unlinked.update(ref for ref in refs if ref not in self.links)
        return to_sync, [
            self.records[change.ref]
            for change in to_sync
            if change.ref not in self.links and change.ref in self.records
        ]

    def facts_of(
        self,
        changes: Sequence[Change],
        to_sync: Sequence[Change],
        identity: Callable[[AnyFacts], Hashable],
    ) -> Gathered[AnyFacts]:
        """Follow the links of the loud changes and hand out the facts.

        A record that another worker has linked since it was read must be read again: people may
        have changed it before that.
        """
        overtaken = [
            change for change in to_sync if change.ref in self._unlinked and self._names(change.ref)
        ]
        mine = [change for change in to_sync if change not in overtaken]
        self._follow_links(self.links[change.ref] for change in mine if change.ref in self.links)
        facts, not_yet = one_plan_per_record([self._facts(change) for change in mine], identity)
        return Gathered(facts, [*not_yet, *overtaken], len(changes) - len(to_sync))

    def _names(self, ref: Ref) -> bool:
        """Whether there is a link of this very record, not one that it has taken over."""
        link = self.links.get(ref)
        return link is not None and link.on(ref.side) == ref

    def read(self, refs: Iterable[Ref]) -> None:
        """Read records that were not asked for yet."""
        wanted = [ref for ref in dict.fromkeys(refs) if ref not in self._asked]
        self._asked.update(wanted)
        for side in Side:
            here = [ref for ref in wanted if ref.side is side]
            if here:
                self.records.update(
                    self.completed(self.context.crm(side).read(here, self.ruleset.fields(side)))
                )

    def keep(self, records: Iterable[Record]) -> None:
        """Lay records on the desk that were found otherwise than by their ids."""
        for record in records:
            self.records.setdefault(record.ref, record)
            self._asked.add(record.ref)

    def find_links(self, refs: Iterable[Ref]) -> None:
        """Look up the links of records; of those that are on the desk, also the links that they
        have taken over.
        """
        refs = list(dict.fromkeys(refs))
        self._look_up(refs)
        self._inherit_links(refs)

    def _look_up(self, refs: Iterable[Ref]) -> None:
        self.links.update(
            self.context.links.find(
                self.context.connection.name, [ref for ref in refs if ref not in self.links]
            )
        )

    def _inherit_links(self, refs: Iterable[Ref]) -> None:
        """Have HubSpot records that are what became of linked ones take over the primary one's link
        (MRG-3, MRG-4).

        That link may not have moved yet, and the others not be over yet: nobody has looked at them
        since the merge.
        """
        successors = {
            ref: old
            for ref in refs
            if ref not in self.links
            and ref in self.records
            and (old := merged_from(self.records[ref]))
        }
        if not successors:
            return
        self._look_up(dict.fromkeys(one for old in successors.values() for one in old))
        found = {
            ref: [self.links[one] for one in old if self._counterpart(one)]
            for ref, old in successors.items()
        }
        named = {
            ref: one
            for ref, links in found.items()
            if links and (one := self._named_by(self.records[ref]))
        }
        places = [
            place
            for links in found.values()
            for link in links
            for side in Side
            if isinstance(place := link.on(side), Ref)
        ]
        self.follow([*places, *named.values()])
        for ref, links in found.items():
            ends = [
                (link, self._with_successors(link.salesforce))
                for link in links
                if isinstance(link.hubspot, Ref) and self.successor_of(link.hubspot) == ref
            ]
            link = primary_link(
                self.records[ref], self._with_successors(named.get(ref)), ends, self.ruleset
            )
            self.links.update({ref: link} if link else {})

    def _with_successors(self, place: Place | None) -> frozenset[Ref]:
        """A record and what became of it."""
        return (
            frozenset(one for one in (place, self.successor_of(place)) if one)
            if isinstance(place, Ref)
            else frozenset()
        )

    def resolve_named(self, unlinked: Sequence[Record]) -> None:
        """For records without a link: read those that they name themselves, and find out whose
        these and the candidates are.
        """
        self._find_made(unlinked)
        named = [ref for record in unlinked if (ref := self._named_by(record))]
        self.follow(named)
        successors = [now for ref in named if (now := self.successor_of(ref))]
        self.load_counterparts(
            [
                *successors,
                *(one.ref for record in unlinked for one in self.candidates.get(record.ref, ())),
            ]
        )

    def _find_made(self, unlinked: Sequence[Record]) -> None:
        """Find what another look, beside this one or before it, has made for these records and
        could not tell of yet.

        To make it once more would give it back the values of then, though people may have changed
        it since. People are found by their address as well, so for them it is asked only where an
        earlier look ended half way.
        """
        asks_always = self.ruleset.kind is not Kind.CONTACT
        retried = [
            one
            for one in unlinked
            if (asks_always or one.ref in self._retried) and not self._named_by(one)
        ]
        for side in Side:
            here: dict[str, Ref] = {}
            for record in retried:
                if record.ref.side is side:
                    key = record.ref.id
                    here[self.ruleset.key_of(key) if side is Side.HUBSPOT else key] = record.ref
            rules = self.ruleset
            names = rules.mappings if side is Side.HUBSPOT else (rules.hubspot_object,)
            if here:
                made = self.context.crm(side.other).made_by({name: list(here) for name in names})
                self._made.update({here[key]: ref for key, ref in made.items()})

    def load_counterparts(self, refs: Iterable[Ref]) -> None:
        """Find out whose these records are, and whether those still live anywhere: of a deletion
        nobody may have told (fault 3).
        """
        refs = list(refs)
        self.find_links(refs)
        self.follow(place for ref in refs if isinstance(place := self._counterpart(ref), Ref))

    def follow(self, places: Iterable[Ref]) -> None:
        """Read records, and ask what became of those that are gone, step by step: a survivor may
        have been converted since.
        """
        wanted = list(dict.fromkeys(places))
        while wanted:
            self.read(wanted)
            for side in Side:
                gone = [
                    ref
                    for ref in wanted
                    if ref.side is side and ref not in self.records and ref not in self._survivors
                ]
                if gone:
                    self._survivors.update(self.context.crm(side).survivors(gone))
            wanted = [
                successor
                for ref in wanted
                if (successor := self._successor(ref)) and successor not in self._asked
            ]

    def successor_of(self, place: Ref) -> Ref | None:
        """Where a record lives on in the end: itself, one that took its place, or nowhere."""
        while successor := self._successor(place):
            place = successor
        return place if place in self.records else None

    def _successor(self, place: Ref) -> Ref | None:
        """The record that took this one's place: the contact of a converted lead, the survivor of a
        merge.
        """
        record = self.records.get(place)
        return self._survivors.get(place) if record is None else record.successor

    def is_taken(self, ref: Ref) -> bool:
        """Whether a record belongs to a pair that is kept in step, whose other record is not known
        to be gone for good.
        """
        across = self._counterpart(ref)
        return across is not None and (
            across not in self._asked or self.successor_of(across) is not None
        )

    def _counterpart(self, ref: Ref) -> Ref | None:
        """The other record of a pair that is kept in step."""
        link = self.links.get(ref)
        place = link.on(ref.side.other) if link and link.state is LinkState.ACTIVE else None
        return place if isinstance(place, Ref) else None

    def _shows_nothing_new(self, change: Change) -> bool:
        """Whether a change is an echo, a duplicate, or of something that was put right already.

        Not where an earlier look was cut short: then what the link says may not have been written.
        """
        link, record = self.links.get(change.ref), self.records.get(change.ref)
        if (
            change.cause in ALWAYS_SYNC
            or change.tries
            or change.held
            or link is None
            or record is None
        ):
            return False
        if link.on(change.ref.side) != change.ref:
            return False
        is_settled = not may_be_unwritten(link, change.ref.side.other, self.context.now())
        return is_settled and is_unchanged(record, link, self.ruleset)

    def _follow_links(self, links: Iterable[Link]) -> None:
        """Read both records of each link, and where one of them is gone, what became of it and
        whose that is.
        """
        places = [
            place for link in links for side in Side if isinstance(place := link.on(side), Ref)
        ]
        self.follow(places)
        self.find_links(
            now for place in places if (now := self.successor_of(place)) and now != place
        )

    def _facts(self, change: Change) -> AnyFacts:
        """The facts of one change, from what has been read."""
        link, record = self.links.get(change.ref), self.records.get(change.ref)
        if link is not None:
            return self._linked_facts(change, link)
        if record is None:
            return self.make(change)
        candidates = self.candidates.get(record.ref, ())
        named = self._named_by(record)
        successor = self.successor_of(named) if named else None
        return self.make(
            change,
            None,
            record if change.ref.side is Side.HUBSPOT else None,
            record if change.ref.side is Side.SALESFORCE else None,
            candidates=candidates,
            taken=frozenset(one.ref for one in candidates if self.is_taken(one.ref)),
            tombstones=tuple(
                self.links[one.ref]
                for one in candidates
                if one.ref in self.links and not self.is_taken(one.ref)
            ),
            remembered=self.records.get(successor)
            if successor and successor not in self.links
            else None,
            orphaned=named is not None and successor not in self.records,
        )

    def _linked_facts(self, change: Change, link: Link) -> AnyFacts:
        now: dict[Side, Record | None] = {}
        outlived = False
        for side in Side:
            place = link.on(side)
            there = self.successor_of(place) if isinstance(place, Ref) else None
            now[side] = self.records.get(there) if there else None
            outlived = outlived or (
                there != place and there is not None and self.links.get(there, link) != link
            )
        return self.make(change, link, now[Side.HUBSPOT], now[Side.SALESFORCE], outlived)

    def _named_by(self, record: Record) -> Ref | None:
        """The record across that this one names as its counterpart, in our field, or that was made
        for it.
        """
        if record.ref in self._made:
            return self._made[record.ref]
        across = (
            self.ruleset.mappings
            if record.ref.side is Side.HUBSPOT
            else (self.ruleset.hubspot_object,)
        )
        return named_by(record, self.ruleset.connection.hubspot.portal_id, across)
