"""What search sees: copies of records as they were some seconds ago.

Law: the lag and the copies only; `search` evaluates queries. HubSpot's index lags seconds to
minutes (docs/vendors.md#hubspot-search); `DEFAULT_LAG_S` is [M], the fault ``search_lag`` sets
another lag.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from simulators.faults import Faults
from simulators.hubspot.records.table import Record
from simulators.hubspot.stamps import PortalClock, millis

DEFAULT_LAG_S = 3.0


@dataclass(frozen=True, slots=True)
class Seen:
    """A living record as the index knows it."""

    id: str
    created_ms: int
    updated_ms: int
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Pending:
    pushed_ms: int
    record_id: str
    seen: Seen | None


class SearchIndex:
    """The lagging copy of one record table."""

    def __init__(self, clock: PortalClock, faults: Faults, modified: str) -> None:
        """`modified` names the property with the time of a record's last change.

        `listeners` may be added to: each is called with every change that the index takes in.
        """
        self.modified = modified
        self.listeners: list[Callable[[str, Seen | None], None]] = []
        self._clock = clock
        self._faults = faults
        self._pending: deque[_Pending] = deque()
        self._seen: dict[str, Seen] = {}
        self._line: list[tuple[int, int, int]] = []
        """Last change, creation and id of each record, in this order, so that a page of the latest
        changes reads no other record.
        """

    def push(self, record: Record, pushed_ms: int) -> None:
        """Note a change of a record, which becomes visible after the lag."""
        seen = None
        if record.archived_ms is None:
            seen = Seen(record.id, record.created_ms, record.updated_ms, dict(record.values))
        self._pending.append(_Pending(pushed_ms, record.id, seen))

    def drop(self, record_id: str) -> None:
        """Remove a record at once, including pending copies, as a privacy deletion requires."""
        self._pending = deque(entry for entry in self._pending if entry.record_id != record_id)
        self._take_in(record_id, None)

    def rows(self) -> Sequence[Seen]:
        """Return all records that the index sees now."""
        self.catch_up()
        return tuple(self._seen.values())

    def changed(
        self, low: int, high: int | None, offset: int, limit: int
    ) -> tuple[int, Sequence[Seen]]:
        """Return how many records changed last from `low` up to, not including, `high`
        (milliseconds), and those of one page, oldest first.
        """
        self.catch_up()
        start = bisect_left(self._line, (low,))
        end = len(self._line) if high is None else bisect_left(self._line, (high,))
        page = self._line[start + offset : max(start, min(end, start + offset + limit))]
        return max(0, end - start), [self._seen[str(number)] for _, _, number in page]

    def catch_up(self) -> None:
        """Take in the changes that are older than the lag."""
        until = self._clock.true_ms() - round(self._lag_s() * 1000)
        while self._pending and self._pending[0].pushed_ms <= until:
            entry = self._pending.popleft()
            self._take_in(entry.record_id, entry.seen)

    def _take_in(self, record_id: str, seen: Seen | None) -> None:
        before = self._seen.pop(record_id, None) if seen is None else self._seen.get(record_id)
        if before is not None:
            del self._line[bisect_left(self._line, self._place(before))]
        if seen is not None:
            self._seen[record_id] = seen
            insort(self._line, self._place(seen))
        for listener in self.listeners:
            listener(record_id, seen)

    def _place(self, seen: Seen) -> tuple[int, int, int]:
        return millis(seen.values[self.modified]), seen.created_ms, int(seen.id)

    def _lag_s(self) -> float:
        fault = self._faults.take("hubspot", "search_lag")
        return (
            DEFAULT_LAG_S if fault is None else float(fault.details.get("seconds", DEFAULT_LAG_S))
        )
