"""How long changes wait: the judge of time (RTY-1, docs/operations.md, "When a side is down").

While a side is down, or the calls of a day are used up, changes wait in their queues and nothing is
parked; once the side is back, everything follows within minutes. A mapped field that is gone costs
only its own mapping. What was given up for another reason is tried by schedule: one record an hour,
and the others as soon as that one succeeds.

Law: nothing here knows tries, probes or outages as crmsync notes them. It sees when a change came
into a queue and when it left, and what stood in its way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias

from crmsync.model.changes import Change
from crmsync.model.records import Kind, Ref

SOON = timedelta(minutes=30)
"""How long a change may wait with nothing in its way: then the alarm about changes that are put off
would go off.
"""

RETRIED = timedelta(hours=2)
"""How long a record may be unavailable with nothing in its way: an hour until one is tried, two
sweeps until the others are, and some minutes.
"""

Waiting: TypeAlias = tuple[str, Kind, Ref, datetime]
"""A change as it stays the same however often it is queued again: connection, kind, record, time."""


def waiting(changes: Iterable[Change]) -> tuple[Waiting, ...]:
    """What waits in a message about these changes."""
    return tuple((one.connection, one.kind, one.ref, one.at) for one in changes)


@dataclass
class Waits:
    """The changes that wait, since when, and those that have waited too long.

    Attributes:
        now: The clock.
        late: Connection, record, and how long it had waited with nothing in its way.
        paused: The connections that the operator has paused.
    """

    now: Callable[[], datetime]
    late: dict[tuple[str, Ref], timedelta] = field(default_factory=dict)
    paused: set[str] = field(default_factory=set)
    _blocked_until: datetime | None = None
    _since: dict[Waiting, datetime] = field(default_factory=dict)
    _messages: Counter[Waiting] = field(default_factory=Counter)

    def block(self, until: datetime | None = None) -> None:
        """Something stands in the way of all changes, until now or until later."""
        until = until or self.now()
        self._blocked_until = max(self._blocked_until or until, until)

    def unblock(self, after: timedelta = timedelta()) -> None:
        """Nothing stands in the way any more, or soon will not."""
        if self._blocked_until:
            self._blocked_until = min(self._blocked_until, self.now() + after)

    def come(self, some: Iterable[Waiting]) -> None:
        """A message is in a queue, for the first time or again."""
        for one in some:
            self._messages[one] += 1
            self._since.setdefault(one, self.now())

    def go(self, some: Iterable[Waiting]) -> None:
        """A worker is done with a message: its changes are synced, or in the queue again."""
        for one in some:
            since = self._since[one]
            waited = self.now() - max(since, self._blocked_until or since)
            connection, _, ref, _ = one
            if waited > SOON and connection not in self.paused:
                self.late.setdefault((connection, ref), waited)
            self._messages[one] -= 1
            if not self._messages[one]:
                del self._messages[one], self._since[one]
