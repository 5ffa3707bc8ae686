"""Reads the e-mail event log and queues what is new in it as ranges (TASK-2).

Only the kinds of events that are switched on are read. The log shows some events late, so each scan
goes back over an overlap. It remembers what was queued by the minute: the number of events, and a
fingerprint of their ids. A minute with a new fingerprint is queued again as a whole; its consumer
knows which of its events are done. The cursor moves only after everything before it is durably
queued.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from crmsync.model.mail import LogRange, MailEvent, milliseconds
from crmsync.model.moments import from_epoch_ms
from crmsync.model.settings import Connection
from crmsync.ports.mail import MailLog, RangeQueue
from crmsync.ports.stores import Cursor, Cursors

OVERLAP = timedelta(minutes=30)
"""How far every scan goes back, whatever it costs. Most late events are some minutes late
(docs/vendors.md#hubspot-e-mail-log).
"""

FAR = timedelta(hours=24)
"""How far a scan goes back once an hour, and every time if that takes no more than `CHEAP` pages.
The first scan begins here.
"""

CHEAP = 10
"""Pages of a thousand events."""

STEP = timedelta(minutes=15)
"""How much of the log is read before the cursor moves, after scheduled scans were missed."""

STEPS = 48
"""The most steps of a scan, half a day of the log. After days of pause later scans go on from the
cursor, so that the calls are spread and other work finds some.
"""

ROOM = 1000
"""The most events of a range, unless more than that share a second."""

_MINUTE = 60_000
_SECOND = 1000


def queue_events(
    connection: Connection,
    kind: str,
    log: MailLog,
    cursors: Cursors,
    queue: RangeQueue,
    now: datetime,
) -> int:
    """Scan the log for events of a kind and queue the ranges that have new ones.

    Answers the number of events in these ranges. Raises `SyncError`; what was queued until then
    stays queued.
    """
    name = f"email {kind}"
    place = cursors.load(connection.name, name)
    if place is None:
        place = Cursor(now, {})
        cursors.save(connection.name, name, place)
        place = replace(place, version=1)
    queued = 0
    for _ in range(STEPS):
        end = min(now, place.since + STEP)
        minutes = _read(connection, kind, log, place, end, is_last=end == now)
        fresh = minutes.fresh(place)
        at = milliseconds(now)
        ranges = [LogRange(connection.name, kind, *one, at) for one in minutes.ranges(fresh)]
        if ranges:
            queue.queue([(one, 0) for one in ranges])
        queued += minutes.count(fresh)
        if ranges or end - place.since >= STEP / 2:
            place = replace(place, since=end, seen=minutes.seen_after(place, end))
            cursors.save(connection.name, name, place)
            place = replace(place, version=place.version + 1)
        if end == now:
            break
    return queued


def _read(
    connection: Connection, kind: str, log: MailLog, place: Cursor, end: datetime, *, is_last: bool
) -> _Minutes:
    """What the log shows up to `end`. Only the last step goes far back."""
    needed = _floor(milliseconds(place.since - (OVERLAP if is_last else timedelta())), _MINUTE)
    far = _floor(milliseconds(end - FAR), _MINUTE) if is_last else needed
    start = min(needed, far)
    is_due = place.since.replace(minute=0, second=0, microsecond=0) < end.replace(
        minute=0, second=0, microsecond=0
    )
    minutes = _Minutes(start)
    pages = log.events(
        kind, start, milliseconds(end), without_bots=connection.email_tasks.ignore_bots
    )
    for number, page in enumerate(pages, 1):
        minutes.add(page)
        oldest = min((event.created for event in page), default=start)
        if not is_due and number >= CHEAP and oldest < needed:
            # The page may end within a minute, which was then read in part only.
            minutes.forget_before(_floor(oldest, _MINUTE) + _MINUTE)
            break
    return minutes


@dataclass(slots=True)
class _Minute:
    """The events of one minute.

    Attributes:
        count: Their number.
        fingerprint: The XOR of the hashes of their ids.
        seconds: Their number by the start of the second, in milliseconds.
    """

    count: int = 0
    fingerprint: int = 0
    seconds: Counter[int] = field(default_factory=Counter)


@dataclass(slots=True)
class _Minutes:
    """What the log showed, by minute.

    Single events are kept for a page only, so memory does not grow with their number.
    """

    start: int
    _by_start: dict[int, _Minute] = field(default_factory=dict)
    _latest: frozenset[int] = frozenset()

    def add(self, page: Sequence[MailEvent]) -> None:
        """Count the events of a page.

        Events that arrived since the previous page may have pushed some of its events onto this
        one; these are counted once.
        """
        hashes = {_hash(event): event for event in page}
        for hash_, event in hashes.items():
            if hash_ not in self._latest:
                one = self._by_start.setdefault(_floor(event.created, _MINUTE), _Minute())
                one.count += 1
                one.fingerprint ^= hash_
                one.seconds[_floor(event.created, _SECOND)] += 1
        self._latest = frozenset(hashes)

    def forget_before(self, moment: int) -> None:
        """Forget the minutes before this moment (milliseconds)."""
        self.start = moment
        self._by_start = {start: one for start, one in self._by_start.items() if start >= moment}

    def fresh(self, place: Cursor) -> frozenset[int]:
        """The minutes that differ from what was queued."""
        return frozenset(
            minute for minute in self._by_start if self._name(minute) not in place.seen
        )

    def count(self, minutes: Iterable[int]) -> int:
        """The number of events in these minutes."""
        return sum(self._by_start[minute].count for minute in minutes)

    def ranges(self, fresh: frozenset[int]) -> Iterator[tuple[int, int]]:
        """First and last millisecond of as few ranges as can hold the fresh minutes.

        A minute with more than `ROOM` events is divided by its seconds. Each range costs a call, so
        what lies between two fresh minutes is included if it fits.
        """
        held: tuple[int, int, int] | None = None
        between = 0
        for minute in sorted(self._by_start):
            if minute not in fresh:
                between += self._by_start[minute].count
                continue
            for start, end, count in self._pieces(minute):
                if held is not None and held[2] + between + count <= ROOM:
                    held = (held[0], end, held[2] + between + count)
                else:
                    if held is not None:
                        yield held[:2]
                    held = (start, end, count)
                between = 0
        if held is not None:
            yield held[:2]

    def seen_after(self, place: Cursor, end: datetime) -> dict[str, datetime]:
        """What has been queued, as far back as a later scan may go."""
        kept = {
            name: at
            for name, at in place.seen.items()
            if at >= end - FAR - STEP and milliseconds(at) < self.start
        }
        return kept | {
            self._name(minute): from_epoch_ms(minute)
            for minute in self._by_start
            if from_epoch_ms(minute) >= end - FAR
        }

    def _pieces(self, minute: int) -> list[tuple[int, int, int]]:
        one = self._by_start[minute]
        if one.count <= ROOM:
            return [(minute, minute + _MINUTE - 1, one.count)]
        return [(start, start + _SECOND - 1, one.seconds[start]) for start in sorted(one.seconds)]

    def _name(self, minute: int) -> str:
        one = self._by_start[minute]
        return f"{minute // _MINUTE:x}.{one.count:x}.{one.fingerprint:x}"


def _hash(event: MailEvent) -> int:
    return int.from_bytes(
        hashlib.blake2b(f"{event.created}-{event.id}".encode(), digest_size=8).digest()
    )


def _floor(moment: int, size: int) -> int:
    return moment - moment % size
