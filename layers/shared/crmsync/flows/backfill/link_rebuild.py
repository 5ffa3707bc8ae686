"""Rebuilds the links of one connection from the ids that both CRMs keep, after the table was lost.

Law: a link is made only if both records name each other, or one names the other and no other record
contradicts. Existing links are never overwritten; contradictions are listed.

Everything is read page by page. What was made already counts as existing the next time, so a
rebuild that broke off is simply started again. A rebuilt link has no base: the next sync merges the
pair as if the two had met for the first time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from crmsync.errors import Conflict
from crmsync.model.concerns import KIND_OF
from crmsync.model.kinds.activities import HUBSPOT_OBJECTS, SALESFORCE_OBJECTS
from crmsync.model.links import Link, Place
from crmsync.model.records import Kind, Record, Ref, Side
from crmsync.model.settings import Connection
from crmsync.ports.crm import Fields
from crmsync.ports.listing import Lister
from crmsync.ports.stores import Links
from crmsync.rules.pair.matching import KEY_OF, named_by

PAGE = 2_000
"""Records requested per page; HubSpot gives a hundred."""

Pair = tuple[Ref, Ref]
"""A HubSpot record and a Salesforce record."""


class RecordReader(Protocol):
    """Reads the records of a side."""

    def read(self, refs: Iterable[Ref], fields: Fields) -> Mapping[Ref, Record]:
        """Read records; missing and deleted ones are left out."""


@dataclass(frozen=True, slots=True)
class RebuildSides:
    """The two CRMs of a connection.

    Attributes:
        listers: List the records, by side.
        readers: Read the records, by side.
    """

    listers: Mapping[Side, Lister]
    readers: Mapping[Side, RecordReader]


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A link that was not made.

    Attributes:
        connection: The name of the connection.
        ref: The HubSpot record.
        text: Why, with ids and without values.
    """

    connection: str
    ref: Ref
    text: str


@dataclass(slots=True)
class RebuildResult:
    """The result of a rebuild so far.

    Attributes:
        connection: The name of the connection.
        total: The number of records on both sides when the rebuild began.
        in_hubspot: How many of them are HubSpot's.
        read: The number of records that were read.
        existing: The number of links that exist already.
        made: The number of links that were made, or would be.
        gone: The number of records that name a deleted, merged or converted record.
        contradictions: The links that were not made.
    """

    connection: str
    total: int = 0
    in_hubspot: int = 0
    read: int = 0
    existing: int = 0
    made: int = 0
    gone: int = 0
    contradictions: list[Contradiction] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Scope:
    """What is rebuilt together.

    Attributes:
        kind: The kind of the links.
        objects: The objects of each side that belong together.
    """

    kind: Kind
    objects: Mapping[Side, tuple[str, ...]]


@dataclass(slots=True)
class Rebuild:
    """The rebuild of one connection.

    Attributes:
        connection: The connection.
        sides: Its two CRMs.
        links: The stored links.
        apply: Whether new links are saved.
        progress: Called after each page.
        result: The result so far.
    """

    connection: Connection
    sides: RebuildSides
    links: Links
    apply: bool
    progress: Callable[[RebuildResult], None]
    result: RebuildResult = field(init=False)
    _claims: dict[Ref, list[Ref]] = field(default_factory=dict)
    """HubSpot records -> the Salesforce records that name them and are not named back."""

    _missing: set[Ref] = field(default_factory=set)
    """HubSpot records that Salesforce records name but that are gone. A record that names one of
    them contradicts nobody.
    """

    _contested: dict[Ref, Ref] = field(default_factory=dict)
    """Salesforce records that name one HubSpot record -> another one that names them."""

    def __post_init__(self) -> None:
        """Start with an empty result."""
        self.result = RebuildResult(self.connection.name)

    def run(self) -> RebuildResult:
        """Rebuild all kinds that are switched on.

        Raises `SyncError`; links that were saved until then remain.
        """
        scopes = list(_scopes(self.connection))
        counts = {
            side: sum(
                self.sides.listers[side].count(name)
                for scope in scopes
                for name in scope.objects[side]
            )
            for side in Side
        }
        self.result.total = sum(counts.values())
        self.result.in_hubspot = counts[Side.HUBSPOT]
        for scope in scopes:
            self._rebuild(scope)
        return self.result

    def _rebuild(self, scope: _Scope) -> None:
        """Read Salesforce first, and remember the claims that HubSpot does not return.

        These are few in a healthy connection, so they fit into memory.
        """
        self._claims, self._missing, self._contested = {}, set(), {}
        for named in self._pages(Side.SALESFORCE, scope):
            self._collect_claims(named, scope)
        for named in self._pages(Side.HUBSPOT, scope):
            self._link(self._agreed_pairs(named, scope), scope.kind)
        self._link(self._unreturned_pairs(), scope.kind)

    def _pages(self, side: Side, scope: _Scope) -> Iterator[Mapping[Ref, Ref]]:
        """All records of a scope on a side, page by page: record -> the counterpart it names."""
        lister, other_objects = self.sides.listers[side], scope.objects[side.other]
        for name in scope.objects[side]:
            after: str | None = ""
            while after is not None:
                page = lister.page(name, after, PAGE)
                records = self._read(side, page.refs).values()
                counterparts = {one.ref: self._named_by(one, other_objects) for one in records}
                yield {ref: named for ref, named in counterparts.items() if named}
                self.result.read += len(page.refs)
                self.progress(self.result)
                after = page.after

    def _collect_claims(self, named: Mapping[Ref, Ref], scope: _Scope) -> None:
        """Remember the HubSpot records that Salesforce records name and that do not name them. A
        task names an activity of any kind, so one that is not among those of the scope may be of
        another kind, and does not count as gone.
        """
        records = self._read(Side.HUBSPOT, named.values())
        for salesforce, hubspot in named.items():
            record = records.get(hubspot)
            if record is None:
                self._missing.add(hubspot)
                self.result.gone += scope.kind is not Kind.ACTIVITY
            elif self._named_by(record, scope.objects[Side.SALESFORCE]) != salesforce:
                self._claims.setdefault(hubspot, []).append(salesforce)

    def _agreed_pairs(self, named: Mapping[Ref, Ref], scope: _Scope) -> Iterator[Pair]:
        """The pairs of a page of HubSpot records that nothing contradicts."""
        records = self._read(Side.SALESFORCE, named.values())
        for hubspot, salesforce in named.items():
            record = records.get(salesforce)
            others = self._claims.pop(hubspot, [])
            named_back = record and self._named_by(record, scope.objects[Side.HUBSPOT])
            if others:
                self._contradict(hubspot, f"names {salesforce}, but {others[0]} names it")
            elif record is None or record.successor:
                self.result.gone += 1
            elif named_back and named_back != hubspot and named_back not in self._missing:
                self._contested[salesforce] = hubspot
                self._contradict(hubspot, f"names {salesforce}, which names {named_back}")
            else:
                yield hubspot, salesforce

    def _unreturned_pairs(self) -> Iterator[Pair]:
        """The pairs whose HubSpot record names nothing, and is named by one Salesforce record."""
        for hubspot, namers in self._claims.items():
            rival = self._contested.get(namers[0])
            if namers[1:]:
                self._contradict(hubspot, f"is named by {' and by '.join(map(str, namers))}")
            elif rival is not None:
                self._contradict(hubspot, f"is named by {namers[0]}, which {rival} names")
            else:
                yield hubspot, namers[0]

    def _link(self, agreed: Iterable[Pair], kind: Kind) -> None:
        """Save the links that are missing."""
        pairs = list(agreed)
        known = self.links.find(self.connection.name, [ref for pair in pairs for ref in pair])
        new: list[Link] = []
        gone = self._gone(pairs, known)
        for hubspot, salesforce in pairs:
            other_link = _other_link(hubspot, salesforce, known)
            if other_link and other_link[1] in gone:
                # The link of a record that was merged or converted moves at its next sync.
                self.result.existing += 1
            elif other_link:
                ref, other = other_link
                text = f"goes with {salesforce}, but {ref} is linked with {other}"
                self._contradict(hubspot, text)
            elif hubspot in known:
                self.result.existing += 1
            else:
                new.append(Link(self.connection.name, kind, hubspot, salesforce))
        for outcome in self.links.save(new) if self.apply and new else new:
            if isinstance(outcome, Link):
                self.result.made += 1
            elif isinstance(outcome, Conflict):
                # The sync made a link of one of the two meanwhile.
                self.result.existing += 1
            else:
                raise outcome

    def _gone(self, pairs: Sequence[Pair], known: Mapping[Ref, Link]) -> frozenset[Place]:
        """The records that are linked with one of a pair, belong to no pair here, and are gone."""
        others = [found[1] for pair in pairs if (found := _other_link(*pair, known))]
        gone: set[Place] = set()
        for side in Side:
            refs = [one for one in others if isinstance(one, Ref) and one.side is side]
            there = self._read(side, refs)
            gone |= {ref for ref in refs if ref not in there or there[ref].successor}
        return frozenset(gone)

    def _read(self, side: Side, refs: Iterable[Ref]) -> Mapping[Ref, Record]:
        wanted = list(refs)
        fields = {ref.object: (KEY_OF[side],) for ref in wanted}
        return self.sides.readers[side].read(wanted, fields) if wanted else {}

    def _named_by(self, record: Record, objects: Sequence[str]) -> Ref | None:
        return named_by(record, self.connection.hubspot.portal_id, objects)

    def _contradict(self, ref: Ref, text: str) -> None:
        self.result.contradictions.append(Contradiction(self.connection.name, ref, text))


def _other_link(
    hubspot: Ref, salesforce: Ref, known: Mapping[Ref, Link]
) -> tuple[Ref, Place] | None:
    """Which of the two is linked with a third record, and with which; None when neither is."""
    for ref, other in ((hubspot, salesforce), (salesforce, hubspot)):
        if ref in known and known[ref].on(other.side) != other:
            return ref, known[ref].on(other.side)
    return None


def _scopes(connection: Connection) -> Iterator[_Scope]:
    """What is rebuilt together: each kind that is switched on, and each kind of activity."""
    for kind in sorted(connection.kinds - {Kind.ACTIVITY}):
        yield _Scope(
            kind,
            {
                side: tuple(name for name, one in KIND_OF[side].items() if one is kind)
                for side in Side
            },
        )
    for activity in connection.activities.on:
        yield _Scope(
            Kind.ACTIVITY,
            {
                Side.HUBSPOT: (HUBSPOT_OBJECTS[activity],),
                Side.SALESFORCE: (SALESFORCE_OBJECTS[activity],),
            },
        )
