"""Our own stores in memory: links, the outbox, the error inbox, cursors and change counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from crmsync.errors import Conflict, SyncError, TryAgain
from crmsync.gateways.dynamodb.links.link_items import placed
from crmsync.model.change_limits import Hold
from crmsync.model.changes import Change
from crmsync.model.effects import Category, Report
from crmsync.model.links import Link
from crmsync.model.operations.inbox import InboxEntry
from crmsync.model.records import Kind, Ref
from crmsync.ports.link_keys import KeyUse
from crmsync.ports.stores import Cursor
from crmsync.rules.timing.parked import KEPT, SOON
from crmsync.rules.timing.sweeps import newest
from tests.builders import NOON

_FIRST = "Somebody else saved this link first."


class MemoryLinks:
    """Implements `Links`. `reads` counts records, `writes` saves and drops."""

    def __init__(self, links: Iterable[Link] = ()) -> None:
        """Store these `links` as they are."""
        self.reads = 0
        self.writes = 0
        self._by_ref: dict[tuple[str, Ref], Link] = {}
        for link in links:
            self._store(replace(link, stored=(link.hubspot, link.salesforce)))

    @property
    def all(self) -> list[Link]:
        """All links, each once."""
        return list({id(link): link for link in self._by_ref.values()}.values())

    def find(self, connection: str, refs: Iterable[Ref]) -> Mapping[Ref, Link]:
        """See the port."""
        wanted = list(refs)
        self.reads += len(wanted)
        return {
            ref: self._by_ref[connection, ref]
            for ref in wanted
            if (connection, ref) in self._by_ref
        }

    def save(self, links: Sequence[Link]) -> Sequence[Link | SyncError]:
        """See the port."""
        return [self._save(link) for link in links]

    def drop(self, links: Sequence[Link]) -> Sequence[Link | SyncError]:
        """See the port."""
        return [self._drop(link) for link in links]

    def put_one_sided(self, link: Link) -> None:
        """Store a link that only its HubSpot record leads to, as no release saves it."""
        assert isinstance(link.hubspot, Ref)
        self._by_ref[link.connection, link.hubspot] = replace(
            link, stored=(link.hubspot, link.salesforce)
        )

    def _drop(self, link: Link) -> Link | SyncError:
        holders = [self._by_ref[place] for place in self._places(link) if place in self._by_ref]
        if any(
            self._places(one) != self._places(link) or one.version != link.version
            for one in holders
        ):
            return Conflict(_FIRST)
        self.writes += 1
        for place in self._places(link):
            self._by_ref.pop(place, None)
        return link

    def _save(self, link: Link) -> Link | SyncError:
        before = self._before(link) if link.version else None
        if link.version and before is None:
            return Conflict(_FIRST)
        holders = [self._by_ref[place] for place in self._places(link) if place in self._by_ref]
        if any(holder is not before for holder in holders):
            return Conflict(_FIRST)
        for place in self._places(before) if before else ():
            self._by_ref.pop(place, None)
        self.writes += 1
        saved = link.saved()
        self._store(saved)
        return saved

    def _before(self, link: Link) -> Link | None:
        """Return the link as it was read, if it is still stored like that."""
        hubspot, salesforce = link.stored or (link.hubspot, link.salesforce)
        read = replace(link, hubspot=hubspot, salesforce=salesforce)
        found = [self._by_ref.get(place) for place in self._places(read)]
        same = found[0] is not None and found[0] is found[1] and found[0].version == link.version
        return found[0] if same else None

    def _store(self, link: Link) -> None:
        self._by_ref.update(dict.fromkeys(self._places(link), link))

    def _places(self, link: Link) -> list[tuple[str, Ref]]:
        assert isinstance(link.hubspot, Ref), "every slot is filled"
        assert isinstance(link.salesforce, Ref), "every slot is filled"
        return [(link.connection, link.hubspot), (link.connection, link.salesforce)]


class MemoryCensus:
    """Implements `Census` for the links of a `MemoryLinks`, with two rows a page."""

    def __init__(self, links: MemoryLinks) -> None:
        """Count these links."""
        self._links = links

    def pages(self) -> Iterator[Sequence[KeyUse]]:
        """See the port."""
        rows = [
            KeyUse(one.connection, one.kind, placed(one.hubspot), one.state, one.key)
            for one in self._links.all
        ]
        yield from (rows[start : start + 2] for start in range(0, len(rows), 2))


class MemoryOutbox:
    """Implements `Outbox`: the changes that were published, and those that were delayed."""

    def __init__(self) -> None:
        """Nothing was sent."""
        self.published: list[Change] = []
        self.delayed: list[tuple[Change, int]] = []
        self.is_down = False

    def publish(self, changes: Sequence[Change]) -> None:
        """See the port."""
        self._check()
        self.published.extend(changes)

    def again(self, changes: Sequence[tuple[Change, int]]) -> None:
        """See the port."""
        self._check()
        self.delayed.extend((change, min(max(after, 0), 900)) for change, after in changes)

    def _check(self) -> None:
        if self.is_down:
            msg = "The bus is down."
            raise TryAgain(msg)


class MemoryInbox:
    """Implements `Inbox`. `writes` counts reports kept and forgotten."""

    def __init__(self, now: Callable[[], datetime] = lambda: NOON) -> None:
        """Nothing is parked. `now` gives the time (UTC) at which a report was seen."""
        self.writes = 0
        self._now = now
        self._entries: dict[tuple[str, Ref], InboxEntry] = {}

    def park(
        self, connection: str, reports: Sequence[Report], same_attempt: Collection[Ref] = ()
    ) -> Sequence[Ref]:
        """See the port; a newer report keeps the older one's place in the order."""
        new_waits: list[Ref] = []
        for ref, report in {report.ref: report for report in reports}.items():
            self.writes += 1
            now = self._now()
            old = self._entries.get((connection, ref))
            more = 0 if old and ref in same_attempt else 1
            self._entries[connection, ref] = InboxEntry(
                report, old.first_at if old else now, now, (old.attempts if old else 0) + more
            )
            if not set(report.waits_for) <= set(old.report.waits_for if old else ()):
                new_waits.append(ref)
        return new_waits

    def clear(
        self, connection: str, refs: Iterable[Ref], left: Collection[Ref] = ()
    ) -> Sequence[Ref]:
        """See the port."""
        reported = self.reported(connection, refs)
        for ref in reported:
            if ref not in left:
                del self._entries[connection, ref]
                self.writes += 1
        return sorted(ref for ref in reported if ref in left)

    def reported(
        self, connection: str, refs: Iterable[Ref], *, or_awaited: bool = False
    ) -> Collection[Ref]:
        """As the port says."""
        awaited = {ref for report in self.parked(connection) for ref in report.waits_for}
        return [
            ref
            for ref in refs
            if (connection, ref) in self._entries or (or_awaited and ref in awaited)
        ]

    def waiting_for(self, connection: str, refs: Iterable[Ref]) -> Sequence[Ref]:
        """See the port."""
        wanted = set(refs)
        return [report.ref for report in self.parked(connection) if wanted & set(report.waits_for)]

    def held(self, connection: str) -> Sequence[Ref]:
        """See the port."""
        return [
            report.ref for report in self.parked(connection) if report.category is Category.HELD
        ]

    def parked(self, connection: str) -> Sequence[Report]:
        """See the port."""
        return [entry.report for entry in self.entries(connection)]

    def entries(self, connection: str) -> Sequence[InboxEntry]:
        """See the port."""
        return [entry for (name, _), entry in self._entries.items() if name == connection]

    def entries_of(self, connection: str, refs: Iterable[Ref]) -> Sequence[InboxEntry]:
        """See the port."""
        about = set(refs)
        return [one for one in self.entries(connection) if one.report.ref in about]

    def ending(self, connection: str) -> Sequence[Ref]:
        """See the port."""
        old = self._now() - KEPT + SOON
        return [
            entry.report.ref
            for entry in self.entries(connection)
            if not entry.report.lasts and entry.last_at <= old
        ]


class MemoryCursors:
    """Implements `Cursors`."""

    def __init__(self) -> None:
        """There are no cursors."""
        self._cursors: dict[tuple[str, str], Cursor] = {}

    def load(self, connection: str, name: str) -> Cursor | None:
        """See the port."""
        return self._cursors.get((connection, name))

    def load_many(self, connection: str, names: Sequence[str]) -> Mapping[str, Cursor]:
        """See the port."""
        return {name: found for name in names if (found := self.load(connection, name))}

    def save(self, connection: str, name: str, cursor: Cursor) -> None:
        """See the port."""
        stored = self._cursors.get((connection, name))
        if cursor.version == (stored.version if stored else 0):
            self._cursors[connection, name] = replace(
                cursor, seen=newest(cursor.seen), version=cursor.version + 1
            )


class MemoryChangeCounts:
    """Implements `ChangeCounts`."""

    def __init__(self) -> None:
        """All counts are zero."""
        self._counts: Counter[tuple[str, Kind, Hold, datetime]] = Counter()
        self._fill: dict[tuple[str, Kind, Hold], float] = {}

    def reserve(
        self, connection: str, kind: Kind, hold: Hold, wanted: int, limit: int, now: datetime
    ) -> int:
        """See the port."""
        if limit <= 0:
            return max(wanted, 0)
        hour = (connection, kind, hold, _hour(now))
        may = max(0, min(wanted, limit - self._counts[hour]))
        self._counts[hour] += may
        self._fill[connection, kind, hold] = self._counts[hour] / limit
        return may

    def return_unused(
        self, connection: str, kind: Kind, hold: Hold, unused: int, now: datetime
    ) -> None:
        """See the port."""
        self._counts[connection, kind, hold, _hour(now)] -= unused

    def usage(self, connection: str, kind: Kind) -> float:
        """See the port."""
        return max(
            (one for (name, of, _), one in self._fill.items() if (name, of) == (connection, kind)),
            default=0,
        )


def _hour(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
