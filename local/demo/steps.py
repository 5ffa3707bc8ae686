"""What a step of the demo's story is: what people did, and what could be seen afterwards. Values
only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

SWEEP = 16 * 60
"""Seconds within which both CRMs were read."""

POLL = 2 * 60
"""Seconds within which Salesforce was."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What one place shows, and what it should show."""

    place: str
    seen: Any
    expected: Any

    @property
    def as_expected(self) -> bool:
        """Whether it shows what it should."""
        return bool(self.seen == self.expected)


@dataclass(slots=True)
class Step:
    """One step after it was played.

    Attributes:
        title: Its headline.
        actions: What people did, a sentence each.
        observations: What could be seen afterwards.
    """

    title: str
    actions: list[str]
    observations: list[Observation] = field(default_factory=list)
