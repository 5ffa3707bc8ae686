"""How many changes were carried over lately, and how long they took, for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from crmsync.errors import SyncError
from crmsync.model.operations.throughput import HourOfChanges
from crmsync.rules.timing.call_counts import DAY

Hours = Mapping[str, Mapping[int, HourOfChanges]]


@dataclass(frozen=True, slots=True)
class Throughput:
    """The changes of the last day.

    Attributes:
        hours: Connection -> hour since the epoch -> the changes of that hour; hours without any are
            missing.
        trouble: Why nothing is known, and what to do; "" if it is.
    """

    hours: Hours
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class ThroughputReader:
    """Reads what the functions have measured.

    Attributes:
        read: The changes of connections from one time to another (UTC). Raises `SyncError`.
    """

    read: Callable[[Sequence[str], datetime, datetime], Hours]

    def last_day(self, connections: Sequence[str], now: datetime) -> Throughput:
        """The changes of the last day, as far as they can be read: a page shows the rest without
        them.
        """
        try:
            return Throughput(self.read(connections, now - DAY, now) if connections else {})
        except SyncError as error:
            return Throughput({}, f"{error.text} {_HINT}")


_HINT = (
    "The console's role needs cloudwatch:GetMetricData and a way to CloudWatch; the figures are "
    "kept and show again by themselves."
)
