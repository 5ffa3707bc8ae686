"""How many changes were carried over in an hour, and how long that took. Values only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HourOfChanges:
    """The changes of a connection after which records were written, in one hour.

    Attributes:
        count: How many there were.
        p50: Seconds from such a change to the write that half of them took at most.
        p95: The same for 95 percent.
    """

    count: int
    p50: float
    p95: float
