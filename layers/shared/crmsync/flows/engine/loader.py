"""Gathers for a whole batch at a time: records, links, and what became of records that are gone.
Alike for every kind.

What a batch costs is decided here. The other side is read only for records that have changed,
merges and conversions are followed only for records that are gone, and nothing is read twice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic

from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.gathered import Gathered
from crmsync.flows.engine.merged_links import (
    belongs_to_another,
    ended_link,
    inherit_links,
    unread_links,
)
from crmsync.flows.engine.named_records import named_by_candidates, orphans, reported_alone, revived
from crmsync.model.changes import CUT_SHORT, Cause, Change, weight, with_ties
from crmsync.model.facts import AnyFacts
from crmsync.model.links import Link, LinkState, Place
from crmsync.model.records import Kind, Record, Ref, Side
from crmsync.rules.merge.baseline import SideView
from crmsync.rules.merge.intents import may_be_unwritten
from crmsync.rules.merge.ruleset import Ruleset
from crmsync.rules.pair.matching import named_by
from crmsync.rules.pair.plan import is_unchanged, view_alone
from crmsync.rules.pair.successors import merged_from

ALWAYS_SYNC = frozenset(set(Cause) - {Cause.EDITED, Cause.DELETED})
"""Causes for which a record is synced even if it shows nothing new."""


def one_plan_per_record(
    facts: Sequence[AnyFacts], identity: Callable[[AnyFacts], Hashable]
) -> tuple[list[AnyFacts], list[Change]]:
    """The facts to plan, each record and each unlinked `identity` once, and the changes that wait.

    Two plans for one person would both create a record, or write the same one. Of several changes
    of a pair the heaviest is planned, so a privacy deletion is never taken for an ordinary one
    (CH-9); that plan covers the others and gets their news of ties. Any other change that meets a
    record, candidate or identity of an earlier plan waits for it. Pairs go first, as their plans
    decide whether their records are free for others; then who may be linked with one that exists.
    """
    firsts: list[AnyFacts] = []
    not_yet: list[Change] = []
    seen: dict[object, int] = {}
    for one in sorted(facts, key=lambda a: (a.link is None, -weight(a.change), not a.candidates)):
        met = (one.hubspot, one.salesforce, one.named_counterpart, *one.candidates)
        keys = {record.ref for record in met if record} | {identity(one)}
        earlier = {seen[key] for key in keys if key in seen}
        if not earlier:
            seen |= dict.fromkeys(keys, len(firsts))
            firsts.append(one)
        elif one.link is None or any(firsts[at].link != one.link for at in earlier):
            not_yet.append(one.change)
        else:
            for at in earlier:
                firsts[at] = replace(firsts[at], change=with_ties(firsts[at].change, one.change))
    return firsts, not_yet


@dataclass(slots=True)
class BatchLoader(Generic[AnyFacts]):
    """Everything that was read so far for one batch. Every method may raise `SyncError`.

    The gather of a kind calls `load`, finds candidates for the unlinked records, and then calls
    `resolve_named` and `facts_of`.

    Attributes:
        context: the sides and stores to read.
        ruleset: the rules of the kind; they name the fields to read.
        make: the kind's class of facts.
        completed: adds to records that were just read what a kind reads elsewhere.
        records: the records by their refs; one that is missing does not exist.
        links: the links by the records that they name.
        candidates: unlinked record -> records of the other side that may be the same.
        unlinked: the records of the changes that had no link when they were read.
    """

    context: SyncContext
    ruleset: Ruleset
    make: type[AnyFacts]
    completed: Callable[[Mapping[Ref, Record]], Mapping[Ref, Record]] = lambda records: records
    records: dict[Ref, Record] = field(default_factory=dict)
    links: dict[Ref, Link] = field(default_factory=dict)
    candidates: dict[Ref, tuple[Record, ...]] = field(default_factory=dict)
    unlinked: set[Ref] = field(default_factory=set)
    _asked: set[Ref] = field(default_factory=set)
    _survivors: dict[Ref, Ref] = field(default_factory=dict)
    _retried: set[Ref] = field(default_factory=set)
    _made: dict[Ref, Ref] = field(default_factory=dict)
    _ended: set[Ref] = field(default_factory=set)
    _revived: set[Ref] = field(default_factory=set)
    _named: Mapping[Ref, Ref] = field(default_factory=dict)
    _orphans: set[Ref] = field(default_factory=set)
    _naming: Mapping[Ref, Ref] = field(default_factory=dict)
    _views: dict[Ref, SideView] = field(default_factory=dict)

    def load(self, changes: Sequence[Change]) -> tuple[list[Change], list[Record]]:
        """Read records and links; returns the changes with news, and the records without a link."""
        refs = [change.ref for change in changes]
        self._retried.update(
            one.ref for one in changes if one.tries or one.held or one.cause in CUT_SHORT
        )
        self.find_links(refs)
        self.read(refs)
        self._inherit_links(refs)
        quiet = filter(self._shows_nothing_new, changes)
        skipped = self.context.without_reports(quiet, self.counterpart_of, self.records)
        to_sync = [change for change in changes if change not in skipped]
        self.unlinked.update(ref for ref in refs if ref not in self.links)
        return to_sync, [
            self.records[change.ref]
            for change in to_sync
            if change.ref not in self.links and change.ref in self.records
        ]

    def resolve_named(self, unlinked: Sequence[Record]) -> None:
        """Read the records that these name, and whose counterparts these and the candidates are."""
        self._find_made(unlinked)
        named = [ref for record in unlinked if (ref := self.counterpart_named_by(record))]
        self.follow(named)
        candidates = [one.ref for record in unlinked for one in self.candidates.get(record.ref, ())]
        self.load_counterparts([*filter(None, map(self.successor_of, named)), *candidates])
        self._named = named_by_candidates(self, candidates, unlinked)
        self._naming = {there: ref for ref, there in self._named.items()}
        self._revived = revived(self, candidates)
        self._orphans = orphans(self, unlinked)

    def facts_of(
        self,
        changes: Sequence[Change],
        to_sync: Sequence[Change],
        identity: Callable[[AnyFacts], Hashable],
    ) -> Gathered[AnyFacts]:
        """Read the pairs of the changes `to_sync`, and return the facts.

        A record that another worker has linked since it was read must be read again, as people may
        have edited it before that: its change waits. So do the records whose links have ended with
        a merge, until the survivor has its link, and those whose links are no tombstones any more.
        """
        linked_since = self.unlinked.intersection(_places(self.links.values()))
        overtaken = [change for change in to_sync if change.ref in linked_since]
        mine = [change for change in to_sync if change not in overtaken]
        linked = [one.ref for one in mine if one.ref in self.links]
        self._follow_links(self.links[ref] for ref in linked)
        self._end_merged_links([self.links[ref] for ref in linked if ref in self._retried])
        facts, not_yet = one_plan_per_record([self._facts(change) for change in mine], identity)
        left = self._ended | self._revived
        unread = unread_links(self, left, changes, facts) if left else []
        waits = [*not_yet, *overtaken, *unread]
        return Gathered(facts, waits, len(changes) - len(to_sync), self._views)

    def _end_merged_links(self, links: Iterable[Link]) -> None:
        """Look again for links that ended with a merge: the first try may have moved the survivor's
        link and failed before it queued the others.
        """
        places = {place: link for link in links for place in _places([link])}
        self.links = {**places, **self.links}
        self._retried.update(places)
        self._inherit_links(places)

    def read(self, refs: Iterable[Ref]) -> None:
        """Read records that were not read yet."""
        wanted = [ref for ref in dict.fromkeys(refs) if ref not in self._asked]
        self._asked.update(wanted)
        for side in Side:
            here = [ref for ref in wanted if ref.side is side]
            if here:
                self.records.update(
                    self.completed(self.context.crm(side).read(here, self.ruleset.fields(side)))
                )

    def keep(self, records: Iterable[Record]) -> None:
        """Keep records that were found otherwise than by their ids."""
        for record in records:
            self.records.setdefault(record.ref, record)
            self._asked.add(record.ref)

    def find_links(self, refs: Iterable[Ref]) -> None:
        """Read the links of records, and of those that were merged into records that were read."""
        refs = list(dict.fromkeys(refs))
        self.read_links(refs)
        self._inherit_links(refs)

    def read_links(self, refs: Iterable[Ref]) -> None:
        """Read the links of records that were not read yet."""
        wanted = [ref for ref in refs if ref not in self.links]
        self.links.update(self.context.links.find(self.context.connection.name, wanted))

    def _inherit_links(self, refs: Iterable[Ref]) -> None:
        """Let merged HubSpot records take over the link of the primary record (MRG-3, MRG-4).

        The link may not have moved yet, and the other links may not have ended yet: none of these
        records was synced since the merge. Those that have not ended are noted, as nothing else may
        report the merge.
        """
        merged = {
            ref: old
            for ref in refs
            if (ref not in self.links or ref in self._retried)
            and ref in self.records
            and (old := merged_from(self.records[ref]))
        }
        if merged:
            self._ended |= inherit_links(self, merged)

    def with_successors(self, place: Place | None) -> frozenset[Ref]:
        """A record and the record that took its place."""
        if not isinstance(place, Ref):
            return frozenset()
        return frozenset(one for one in (place, self.successor_of(place)) if one)

    def _find_made(self, unlinked: Sequence[Record]) -> None:
        """Find records that another worker has created as counterparts of these, and could not save
        in a link.

        Creating a record again by its key would write old values over edits that people have made
        since. Contacts are also found by their addresses, and activities are claimed: they are
        asked for only if an earlier sync was cut short or told something, or an address is gone.
        """
        asks_always = self.ruleset.kind not in {Kind.CONTACT, Kind.ACTIVITY}
        met = self._retried | reported_alone(self, unlinked)
        asked = [
            one
            for one in unlinked
            if asks_always or one.ref in met or self._may_have_lost_its_address(one)
            if not self.counterpart_named_by(one)
        ]
        for side in Side:
            by_key: dict[str, Ref] = {}
            for record in asked:
                if record.ref.side is side:
                    key = record.ref.id
                    by_key[self.ruleset.key_of(key) if side is Side.HUBSPOT else key] = record.ref
            if by_key:
                made = self.context.crm(side.other).made_by(
                    {name: list(by_key) for name in self._counterpart_objects(side)}
                )
                self._made.update({by_key[key]: ref for key, ref in made.items()})

    def _may_have_lost_its_address(self, record: Record) -> bool:
        """Whether a contact has nothing by which candidates are found, and was edited since it was
        made.
        """
        is_alone = self.ruleset.kind is Kind.CONTACT and record.ref not in self.candidates
        return is_alone and record.created_at < record.modified_at

    def load_counterparts(self, refs: Iterable[Ref]) -> None:
        """Read the links of records and the counterparts in them: a deletion may not have been
        reported.
        """
        refs = list(refs)
        self.find_links(refs)
        self.follow(place for ref in refs if (place := self.counterpart_of(ref)))

    def follow(self, places: Iterable[Ref]) -> None:
        """Read records, and for those that are gone the records that took their places, step by
        step: the survivor of a merge may have been converted since, and be read for itself before.
        """
        wanted, followed = list(dict.fromkeys(places)), set[Ref]()
        while wanted:
            self.read(wanted)
            followed.update(wanted)
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
                if (successor := self._next_successor(ref)) and successor not in followed
            ]

    def successor_of(self, place: Ref) -> Ref | None:
        """The record that a ref stands for now: itself, the one that took its place in the end, or
        None for a record that is gone.
        """
        while successor := self._next_successor(place):
            place = successor
        return place if place in self.records else None

    def _next_successor(self, place: Ref) -> Ref | None:
        """The contact of a converted lead, or the survivor of a merge."""
        record = self.records.get(place)
        return self._survivors.get(place) if record is None else record.successor

    def is_taken(self, ref: Ref) -> bool:
        """Whether a record's pair is active, and its other record may exist, or is so again."""
        counterpart = self.counterpart_of(ref)
        if counterpart is None:
            return ref in self._revived
        return counterpart not in self._asked or self.successor_of(counterpart) is not None

    def counterpart_of(self, ref: Ref) -> Ref | None:
        """The other record of an active link."""
        link = self.links.get(ref)
        place = link.on(ref.side.other) if link and link.state is LinkState.ACTIVE else None
        return place if isinstance(place, Ref) else None

    def _shows_nothing_new(self, change: Change) -> bool:
        """Whether a change is an echo, a duplicate, or about something that was synced already.

        Not if an earlier sync was cut short: what the link announces may not have been written.
        """
        link, record = self.links.get(change.ref), self.records.get(change.ref)
        if change.cause in ALWAYS_SYNC or change.tries or change.held:
            return False
        if link is None or record is None or link.on(change.ref.side) != change.ref:
            return False
        if may_be_unwritten(link, change.ref.side.other, self.context.now()):
            return False
        if shown := view_alone(record, link, self.ruleset):
            self._views[record.ref] = shown
        return shown is not None and is_unchanged(shown, link, self.ruleset)

    def _follow_links(self, links: Iterable[Link]) -> None:
        """Read both records of each link; for one that is gone, its successor and its link."""
        places = _places(links)
        self.follow(places)
        successors = [
            successor
            for place in places
            if (successor := self.successor_of(place)) and successor != place
        ]
        self.find_links(successors)
        found = (self.records[ref] for ref in successors if ref in self.records)
        self.follow(named for record in found if (named := self.counterpart_named_by(record)))

    def _facts(self, change: Change) -> AnyFacts:
        """The facts of one change, from what has been read."""
        link, record = self.links.get(change.ref), self.records.get(change.ref)
        if link is not None:
            return self._linked_facts(change, link)
        if record is None:
            return self.make(change)
        candidates = self.candidates.get(record.ref, ())
        taken = frozenset(
            one.ref
            for one in candidates
            if self.is_taken(one.ref) or self._named.get(one.ref, record.ref) != record.ref
        )
        named = self.counterpart_named_by(record) or self._naming.get(record.ref)
        successor = self.successor_of(named) if named else None
        is_free = successor not in self.links and record.ref not in self._orphans
        return self.make(
            change,
            None,
            record if change.ref.side is Side.HUBSPOT else None,
            record if change.ref.side is Side.SALESFORCE else None,
            candidates=candidates,
            taken=taken,
            tombstones=tuple(
                self.links[one.ref]
                for one in candidates
                if one.ref in self.links and one.ref not in taken
            ),
            named_counterpart=self.records.get(successor) if successor and is_free else None,
            counterpart_is_gone=named is not None and successor not in self.records,
            made=(successor or named) if record.ref in self._made else None,
            names_that_of=self.counterpart_of(successor) if successor else None,
        )

    def _linked_facts(self, change: Change, link: Link) -> AnyFacts:
        places = link.hubspot, link.salesforce
        now = [self.successor_of(one) if isinstance(one, Ref) else None for one in places]
        moved = [ref for ref, place in zip(now, places, strict=True) if ref and ref != place]
        hubspot, salesforce = (self.records.get(ref) if ref else None for ref in now)
        is_linked = any(belongs_to_another(self, ref, link) for ref in moved)
        ended = tuple(one for ref in moved if (one := ended_link(self, ref, link)))
        return self.make(change, link, hubspot, salesforce, is_linked, tombstones=ended)

    def counterpart_named_by(self, record: Record) -> Ref | None:
        """The record that this one names as its counterpart, or that was created for it."""
        if record.ref in self._made:
            return self._made[record.ref]
        return named_by(
            record,
            self.ruleset.connection.hubspot.portal_id,
            self._counterpart_objects(record.ref.side),
        )

    def _counterpart_objects(self, side: Side) -> Collection[str]:
        """The objects of the other side that a counterpart of a record may be."""
        return self.ruleset.mappings if side is Side.HUBSPOT else (self.ruleset.hubspot_object,)


def _places(links: Iterable[Link]) -> list[Ref]:
    """Both records of each link."""
    return [place for link in links for side in Side if isinstance(place := link.on(side), Ref)]
