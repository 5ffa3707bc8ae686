"""Read the e-mail event log and queue what is new in it, window by window (TASK-2). Only the kinds
that are switched on are asked for.

The log shows some events late. So each look goes back over an overlap, and remembers by minute what
was passed on: how many events, and a fingerprint of their ids. A minute that shows another
fingerprint than last time is queued again, whole; who works on it knows which of its events are
done. The cursor moves only after what it passed is durably queued.
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
"""How far every look goes back, whatever it costs. Most late events are some minutes late
(docs/vendors.md#hubspot-e-mail-log).
"""

FAR = timedelta(hours=24)
"""How far it goes back once an hour, and always as long as that takes no more than `CHEAP` pages.
The first look begins here.
"""

CHEAP = 10
"""Pages of a thousand events."""

STEP = timedelta(minutes=15)
"""How much of the log is read before the cursor moves, where a scheduled look was missed."""

ROOM = 1000
"""Events that a window may have, unless they share a second."""

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
    """Look once for events of a kind and queue the windows in which there are new ones; answers how
    many events these windows have.

    Raises `SyncError`; what was queued until then stays queued.
    """
    name = f"email {kind}"
    place = cursors.load(connection.name, name)
    if place is None:
        place = Cursor(now, {})
        cursors.save(connection.name, name, place)
        place = replace(place, version=1)
    queued = 0
    while True:
        end = min(now, place.since + STEP)
        minutes = _read(connection, kind, log, place, end, is_last=end == now)
        fresh = minutes.fresh(place)
        at = milliseconds(now)
        windows = [
            LogRange(connection.name, kind, *window, at) for window in minutes.windows(fresh)
        ]
        if windows:
            queue.queue([(window, 0) for window in windows])
        queued += minutes.count(fresh)
        if windows or end - place.since >= STEP / 2:
            place = replace(place, since=end, seen=minutes.seen_after(place, end))
            cursors.save(connection.name, name, place)
            place = replace(place, version=place.version + 1)
        if end == now:
            return queued


def _read(
    connection: Connection, kind: str, log: MailLog, place: Cursor, end: datetime, *, is_last: bool
) -> _Minutes:
    """What the log shows up to `end`. Only the last step looks far back, as earlier ones are in the
    past already.
    """
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
            # The page may end in the middle of a minute, which was read in part only.
            minutes.forget_before(_floor(oldest, _MINUTE) + _MINUTE)
            break
    return minutes


@dataclass(slots=True)
class _Minute:
    """The events of one minute: how many, their fingerprint, and how many there are in each
    second.
    """

    count: int = 0
    print: int = 0
    seconds: Counter[int] = field(default_factory=Counter)


@dataclass(slots=True)
class _Minutes:
    """What the log showed, by minute. Nothing is kept of a single event for longer than a page, so
    memory does not grow with the events.
    """

    start: int
    _by_start: dict[int, _Minute] = field(default_factory=dict)
    _latest: frozenset[int] = frozenset()

    def add(self, page: Sequence[MailEvent]) -> None:
        """Take note of a page. Events that came while we read have moved others onto it that the
        page before had already.
        """
        prints = {_print(event): event for event in page}
        for print_, event in prints.items():
            if print_ not in self._latest:
                one = self._by_start.setdefault(_floor(event.created, _MINUTE), _Minute())
                one.count += 1
                one.print ^= print_
                one.seconds[_floor(event.created, _SECOND)] += 1
        self._latest = frozenset(prints)

    def forget_before(self, moment: int) -> None:
        """Nothing was seen before this moment after all."""
        self.start = moment
        self._by_start = {start: one for start, one in self._by_start.items() if start >= moment}

    def fresh(self, place: Cursor) -> frozenset[int]:
        """The minutes that are not as they were passed on."""
        return frozenset(
            minute for minute in self._by_start if self._name(minute) not in place.seen
        )

    def count(self, minutes: Iterable[int]) -> int:
        """How many events these minutes have."""
        return sum(self._by_start[minute].count for minute in minutes)

    def windows(self, fresh: frozenset[int]) -> Iterator[tuple[int, int]]:
        """First and last millisecond of windows over the fresh minutes, as few as there is room
        for; a crowded minute goes by its seconds.

        What lies between two of them is taken along where there is room, as a window costs a call.
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
        """What has been passed on by now, as far back as anybody will look again."""
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
        return f"{minute // _MINUTE:x}.{one.count:x}.{one.print:x}"


def _print(event: MailEvent) -> int:
    return int.from_bytes(
        hashlib.blake2b(f"{event.created}-{event.id}".encode(), digest_size=8).digest()
    )


def _floor(moment: int, size: int) -> int:
    return moment - moment % size
