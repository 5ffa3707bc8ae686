"""One record, for a person at a page: found in the CRMs, shown as both sides have it together with
what is stored about its pair, and synced or linked anew.

Law: the CRMs are only read. Names, addresses and values are for the person who asked, and are never
stored or logged. While a CRM does not answer, what is stored is shown without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from crmsync.errors import Gone, Refused, SyncError
from crmsync.flows.arguments import chosen_connections
from crmsync.flows.backfill.jobs import JobAdmin, PlannedJobs
from crmsync.flows.operator.calls import begin_for_a_person
from crmsync.flows.operator.history import HistoryReader, RecordHistory
from crmsync.flows.operator.links import PairLinks
from crmsync.flows.preview.explain import Explained, Explainer
from crmsync.model.concerns import KIND_OF
from crmsync.model.kinds.activities import HUBSPOT_OBJECTS, SALESFORCE_OBJECTS
from crmsync.model.links import Link
from crmsync.model.records import SIDES, Kind, Origin, Record, Ref, Side
from crmsync.model.settings import Connection
from crmsync.ports.calls import CallGate
from crmsync.ports.crm import Fields, NameSearch, PropertyOrigins
from crmsync.rules.pair.matching import PREFIXES
from crmsync.rules.preview.labels import LABEL_FIELDS, label_of

LISTED = 20
"""Records of each object that a search lists at most."""

LONGEST_TEXT = 200
"""Characters of a text that is searched for."""

_ID_LENGTHS = frozenset({15, 18})


@dataclass(frozen=True, slots=True)
class FoundPair:
    """A record that was found, with its counterpart if it is linked.

    Attributes:
        hubspot: The HubSpot record, or None.
        salesforce: The Salesforce record, or None.
        label: What a person recognises it by; "" if it was found by its id.
    """

    hubspot: Ref | None
    salesforce: Ref | None
    label: str = ""

    @property
    def ref(self) -> Ref:
        """The record by which the pair is named."""
        ref = self.hubspot or self.salesforce
        if ref is None:
            msg = "a pair has a record"
            raise ValueError(msg)
        return ref


@dataclass(frozen=True, slots=True)
class Found:
    """What a search has found.

    Attributes:
        pairs: The pairs, and records without a link.
        is_cut: There may be more.
        unread: Why a side was not searched.
    """

    pairs: tuple[FoundPair, ...]
    is_cut: bool = False
    unread: Mapping[Side, SyncError] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RecordReport:
    """All that is known of a record on a connection.

    Attributes:
        connection: The connection.
        ref: The record.
        explained: Both sides now, and what would be done; None if they were not read.
        unread: Why they were not read, or None.
        history: What was decided about the pair; None if nothing is stored about it.
    """

    connection: Connection
    ref: Ref
    explained: Explained | None
    unread: SyncError | None
    history: RecordHistory | None

    @property
    def link(self) -> Link | None:
        """The link of its pair, or None."""
        if self.explained is not None:
            return self.explained.link
        return self.history.link if self.history else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordAdmin:
    """Finds single records, and does for them what the commands do.

    Attributes:
        explainer: Explains records.
        history: Reads what was decided about them.
        pairs: Shows and drops their links.
        jobs: Starts resyncs.
        names: Makes what finds records of a connection's side by name.
        calls: Whether a connection has calls left.
    """

    explainer: Explainer
    history: HistoryReader
    pairs: PairLinks
    jobs: JobAdmin
    names: Callable[[Connection, Side], NameSearch]
    calls: Callable[[Connection], CallGate]

    def connections(self) -> tuple[str, ...]:
        """The names of the connections. Raises `TryAgain`."""
        return tuple(one.name for one in self.history.settings().connections)

    def find(self, text: str, kind: Kind, name: str) -> Found:
        """The records of a kind with this e-mail address, id or name, on the connection `name`.

        An id costs no call, an address or a name about one for each side, and for activities one
        for each of HubSpot's objects, also by an id of theirs that no link names. Raises `Refused`
        for an unknown connection, or if it syncs no activities, and `SyncError` if the links cannot
        be read.
        """
        connection = self._connection(name)
        text = text.strip()[:LONGEST_TEXT]
        if kind is Kind.ACTIVITY and not connection.activities.on:
            raise Refused(
                f"{connection.name} syncs no activities.",
                code="OFF",
                hint="Switch a kind of them on under [connection.activities].",
            )
        refs = refs_of(text, kind)
        if len(refs) == 1:
            return Found((_alone(refs[0]),))
        if refs:
            return self._with_id(connection, refs)
        records: list[Record] = []
        unread: dict[Side, SyncError] = {}
        for side in SIDES if text else ():
            try:
                records += self._search(connection, side, kind, text)
            except SyncError as error:
                unread[side] = error
        links = self.pairs.links.find(connection.name, [one.ref for one in records])
        return Found(_pairs(records, links), _is_cut(records), unread)

    def show(self, ref: Ref, name: str) -> RecordReport:
        """All that is known of a record on the connection `name`.

        Costs a call to each CRM, and as many more as a sync would make to plan the record. Raises
        `Refused` for an unknown connection or object, and `SyncError` if a store does not answer.
        """
        connection = self._connection(name)
        where = (ref.side, ref.object, ref.id, connection.name)
        explained, unread = None, None
        try:
            begin_for_a_person(self.calls(connection))
            (explained,) = self.explainer.explain(*where)
        except SyncError as error:
            unread = error
        reader = replace(self.history, origins=_no_origins) if unread else self.history
        try:
            (history,) = reader.read(*where)
        except Gone:
            history = None
        ref = explained.ref if explained else history.ref if history else ref
        return RecordReport(connection, ref, explained, unread, history)

    def resync(self, ref: Ref, name: str) -> PlannedJobs:
        """Start a resync of one record, as ``crmsync resync`` does. Raises `SyncError`."""
        planned = self._planned(ref, name)
        self.jobs.start(planned)
        return planned

    def relink(self, ref: Ref, name: str) -> PlannedJobs:
        """Drop the link of a record and resync it at once, so that its counterpart is found again.
        Raises `SyncError`.
        """
        planned = self._planned(ref, name)
        self.drop(ref, name)
        self.jobs.start(planned)
        return planned

    def drop(self, ref: Ref, name: str) -> Link:
        """Drop the link of a record, as ``crmsync links drop`` does. Raises `SyncError`."""
        return self.pairs.drop(
            ref.side, ref.object, ref.id, self._connection(name).name, apply=True
        )

    def _with_id(self, connection: Connection, refs: Sequence[Ref]) -> Found:
        """The activities of HubSpot with an id, which those of several objects may have: those that
        are linked, otherwise those that HubSpot shows.
        """
        fields = _label_fields(connection, Side.HUBSPOT, Kind.ACTIVITY)
        possible = [one for one in refs if one.object in fields]
        if linked := self.pairs.links.find(connection.name, possible):
            return Found(tuple(map(_alone, linked)))
        try:
            begin_for_a_person(self.calls(connection))
            view = self.explainer.view(connection, self.history.settings())
            records = view.context.hubspot.read(possible, fields)
        except SyncError as error:
            return Found((), unread={Side.HUBSPOT: error})
        return Found(_pairs(list(records.values()), {}))

    def _planned(self, ref: Ref, name: str) -> PlannedJobs:
        connection = self._connection(name)
        return self.jobs.plan_resync(ref.side, ref.object, [ref.id], connection.name)

    def _connection(self, name: str) -> Connection:
        """The connection of that name; the first one for "". Raises `Refused`."""
        return chosen_connections(self.history.settings(), name)[0]

    def _search(
        self, connection: Connection, side: Side, kind: Kind, text: str
    ) -> Sequence[Record]:
        begin_for_a_person(self.calls(connection))
        fields = _label_fields(connection, side, kind)
        if "@" in text and kind is Kind.CONTACT:
            view = self.explainer.view(connection, self.history.settings())
            return view.context.crm(side).find([text], fields)
        return self.names(connection, side).named(text, fields, LISTED)


def refs_of(text: str, kind: Kind) -> tuple[Ref, ...]:
    """The records that a text may name by its id: digits are an id of HubSpot, for activities of
    each of its objects, and ids of Salesforce begin with the letters of their object. None for any
    other text.
    """
    if not (text.isascii() and text.isalnum()):
        return ()
    if len(text) in _ID_LENGTHS and text[:3] in PREFIXES:
        return (Ref(Side.SALESFORCE, PREFIXES[text[:3]], text),)
    names = [name for name, one in KIND_OF[Side.HUBSPOT].items() if one is kind]
    return tuple(Ref(Side.HUBSPOT, name, text) for name in names) if text.isdecimal() else ()


def parsed_ref(text: str) -> Ref | None:
    """The record of a text such as ``hubspot:contact:81``; None if it names none that syncs."""
    side, _, rest = text.partition(":")
    name, _, identifier = rest.partition(":")
    is_id = identifier.isascii() and identifier.isalnum()
    if side not in SIDES or name not in KIND_OF[Side(side)] or not is_id:
        return None
    return Ref(Side(side), name, identifier)


def _alone(ref: Ref) -> FoundPair:
    return FoundPair(ref, None) if ref.side is Side.HUBSPOT else FoundPair(None, ref)


def _label_fields(connection: Connection, side: Side, kind: Kind) -> Fields:
    """The objects of a kind with the fields that name a record; of activities those that sync, as
    others may not be readable.
    """
    objects = HUBSPOT_OBJECTS if side is Side.HUBSPOT else SALESFORCE_OBJECTS
    on = {objects[one] for one in connection.activities.on}
    return {
        name: wanted
        for name, wanted in LABEL_FIELDS[side].items()
        if KIND_OF[side][name] is kind and (kind is not Kind.ACTIVITY or name in on)
    }


def _pairs(records: Sequence[Record], links: Mapping[Ref, Link]) -> tuple[FoundPair, ...]:
    """The records with their counterparts, each pair once, by name."""
    labels: dict[tuple[Ref | None, Ref | None], str] = {}
    for one in records:
        link = links.get(one.ref)
        places = (link.hubspot, link.salesforce) if link else (one.ref, one.ref)
        refs = [place if isinstance(place, Ref) else None for place in places]
        pair = tuple(
            ref if ref and ref.side is side else None for ref, side in zip(refs, SIDES, strict=True)
        )
        labels.setdefault((pair[0], pair[1]), label_of(one))
    found = (FoundPair(*pair, label) for pair, label in labels.items())
    return tuple(sorted(found, key=lambda one: (one.label.lower(), str(one.ref))))


def _is_cut(records: Iterable[Record]) -> bool:
    counts: dict[tuple[Side, str], int] = {}
    for one in records:
        key = (one.ref.side, one.ref.object)
        counts[key] = counts.get(key, 0) + 1
    return any(count >= LISTED for count in counts.values())


class _NoOrigins:
    """Implements `PropertyOrigins` while HubSpot is not asked."""

    def origins(self, ref: Ref, names: Iterable[str]) -> Mapping[str, Sequence[Origin]]:  # noqa: ARG002 - the port's
        """Nothing."""
        return {}


def _no_origins(_connection: Connection) -> PropertyOrigins:
    return _NoOrigins()
