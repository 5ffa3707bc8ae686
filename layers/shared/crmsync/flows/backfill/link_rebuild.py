"""Links made anew from the ids that both CRMs keep, for a table that was lost: one kind of one
connection at a time.

A link is made only where both records name each other, or where one names the other and nobody
contradicts. What stands is never overwritten; what contradicts is listed. Everything is read page
by page, and what was made already stands the next time, so a rebuild that was broken off is simply
begun again. The rebuilt link has no base: the first look at the pair is a first meeting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from crmsync.errors import Conflict, SyncError
from crmsync.model.concerns import KIND_OF, kinds_of
from crmsync.model.links import Link
from crmsync.model.records import Kind, Record, Ref, Side
from crmsync.model.settings import Connection
from crmsync.ports.crm import Fields
from crmsync.ports.listing import Lister
from crmsync.ports.stores import Links
from crmsync.rules.pair.counterparts import KEY_OF, named_by

PAGE = 2_000
"""Records asked for at a time; HubSpot gives a hundred."""

Pair = tuple[Ref, Ref]
"""The HubSpot record and the Salesforce record."""


class RecordReader(Protocol):
    """A side's records, by id."""

    def read(self, refs: Iterable[Ref], fields: Fields) -> Mapping[Ref, Record]:
        """Read records; a missing or deleted one is left out."""


@dataclass(frozen=True, slots=True)
class RebuildSides:
    """What a rebuild asks of a connection's two CRMs."""

    listers: Mapping[Side, Lister]
    readers: Mapping[Side, RecordReader]


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A link that was not made: whose, and why, in ids alone."""

    connection: str
    ref: Ref
    text: str


@dataclass(slots=True)
class RebuildResult:
    """What a rebuild came to so far.

    ``walked`` of ``total`` records were looked through. ``gone`` counts those that name a record
    which is deleted, merged or converted.
    """

    connection: str
    total: int = 0
    walked: int = 0
    stands: int = 0
    made: int = 0
    gone: int = 0
    contradictions: list[Contradiction] = field(default_factory=list)


@dataclass(slots=True)
class Rebuild:
    """One connection's rebuild; without `apply` nothing is saved. `tell` hears of each page."""

    connection: Connection
    sides: RebuildSides
    links: Links
    apply: bool
    tell: Callable[[RebuildResult], None]
    found: RebuildResult = field(init=False)
    _claims: dict[Ref, list[Ref]] = field(default_factory=dict)
    """HubSpot records, and those that name them in Salesforce without being named back."""

    _lost: set[Ref] = field(default_factory=set)
    """HubSpot records that are named in Salesforce and no longer there: who names one contradicts
    nobody.
    """

    _contested: dict[Ref, Ref] = field(default_factory=dict)
    """Salesforce records that name one record and are named by another."""

    def __post_init__(self) -> None:
        """Nothing was found yet."""
        self.found = RebuildResult(self.connection.name)

    def run(self) -> RebuildResult:
        """Go through all kinds that are switched on. Raises `SyncError`; what was saved by then
        stands.
        """
        kinds = sorted(kinds_of(self.connection))
        self.found.total = sum(
            self.sides.listers[side].count(name)
            for kind in kinds
            for side in Side
            for name in _objects(side, kind)
        )
        for kind in kinds:
            self._rebuild(kind)
        return self.found

    def _rebuild(self, kind: Kind) -> None:
        """Salesforce first: whoever is named there and does not name back is remembered; those are
        few where all is well.
        """
        self._claims, self._lost, self._contested = {}, set(), {}
        for named in self._walk(Side.SALESFORCE, kind):
            self._hear(named, kind)
        for named in self._walk(Side.HUBSPOT, kind):
            self._link(self._agreed(named, kind), kind)
        self._link(self._unanswered(), kind)

    def _walk(self, side: Side, kind: Kind) -> Iterator[Mapping[Ref, Ref]]:
        """All records of a kind on a side, page by page: of each page those that name a
        counterpart.
        """
        lister, across = self.sides.listers[side], _objects(side.other, kind)
        for name in _objects(side, kind):
            after: str | None = ""
            while after is not None:
                page = lister.page(name, after, PAGE)
                records = self._read(side, page.refs).values()
                counterparts = {one.ref: self._named_by(one, across) for one in records}
                yield {ref: named for ref, named in counterparts.items() if named}
                self.found.walked += len(page.refs)
                self.tell(self.found)
                after = page.after

    def _hear(self, named: Mapping[Ref, Ref], kind: Kind) -> None:
        """Remember whom Salesforce's records name, unless these name them back."""
        there = self._read(Side.HUBSPOT, named.values())
        for salesforce, hubspot in named.items():
            record = there.get(hubspot)
            if record is None:
                self._lost.add(hubspot)
                self.found.gone += 1
            elif self._named_by(record, _objects(Side.SALESFORCE, kind)) != salesforce:
                self._claims.setdefault(hubspot, []).append(salesforce)

    def _agreed(self, named: Mapping[Ref, Ref], kind: Kind) -> Iterator[Pair]:
        """HubSpot's records whose claim nobody contradicts, with whom they name."""
        there = self._read(Side.SALESFORCE, named.values())
        for hubspot, salesforce in named.items():
            record = there.get(salesforce)
            others = self._claims.pop(hubspot, [])
            named_back = record and self._named_by(record, _objects(Side.HUBSPOT, kind))
            if others:
                self._object(hubspot, f"names {salesforce}, but {others[0]} names it")
            elif record is None or record.successor:
                self.found.gone += 1
            elif named_back and named_back != hubspot and named_back not in self._lost:
                self._contested[salesforce] = hubspot
                self._object(hubspot, f"names {salesforce}, which names {named_back}")
            else:
                yield hubspot, salesforce

    def _unanswered(self) -> Iterator[Pair]:
        """What is left: HubSpot records that name nobody and are named."""
        for hubspot, namers in self._claims.items():
            if namers[1:]:
                self._object(hubspot, f"is named by {' and by '.join(map(str, namers))}")
            elif (rival := self._contested.get(namers[0])) is not None:
                self._object(hubspot, f"is named by {namers[0]}, which {rival} names")
            else:
                yield hubspot, namers[0]

    def _link(self, agreed: Iterable[Pair], kind: Kind) -> None:
        """Save the links that are missing."""
        pairs = list(agreed)
        known = self.links.find(self.connection.name, [ref for pair in pairs for ref in pair])
        missing: list[Link] = []
        for hubspot, salesforce in pairs:
            if holder := _held(hubspot, salesforce, known):
                self._object(hubspot, f"goes with {salesforce}, but {holder}")
            elif hubspot in known:
                self.found.stands += 1
            else:
                missing.append(Link(self.connection.name, kind, hubspot, salesforce))
        self._save(missing)

    def _save(self, links: Sequence[Link]) -> None:
        """Save new links; one whose place was taken meanwhile by the sync stands."""
        for outcome in self.links.save(links) if self.apply and links else links:
            if isinstance(outcome, SyncError) and not isinstance(outcome, Conflict):
                raise outcome
            self.found.made += isinstance(outcome, Link)
            self.found.stands += isinstance(outcome, Conflict)

    def _read(self, side: Side, refs: Iterable[Ref]) -> Mapping[Ref, Record]:
        wanted = list(refs)
        fields = {ref.object: (KEY_OF[side],) for ref in wanted}
        return self.sides.readers[side].read(wanted, fields) if wanted else {}

    def _named_by(self, record: Record, across: Sequence[str]) -> Ref | None:
        return named_by(record, self.connection.hubspot.portal_id, across)

    def _object(self, ref: Ref, text: str) -> None:
        self.found.contradictions.append(Contradiction(self.connection.name, ref, text))


def _held(hubspot: Ref, salesforce: Ref, known: Mapping[Ref, Link]) -> str:
    """Which of the two is linked with a third record, and with which; "" where neither is."""
    for ref, other in ((hubspot, salesforce), (salesforce, hubspot)):
        if ref in known and known[ref].on(other.side) != other:
            return f"{ref} is linked with {known[ref].on(other.side)}"
    return ""


def _objects(side: Side, kind: Kind) -> tuple[str, ...]:
    return tuple(name for name, concern in KIND_OF[side].items() if concern is kind)
