"""What a comparison of both CRMs and the links finds (CH-31): how many records of an object are in
step, and which are not.

Known by ids alone: nothing here holds a value of a record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from crmsync.model.records import Ref, Side

KEPT = 50
"""The most findings of an object that are kept; all are counted."""


class Standing(StrEnum):
    """How a record stands to its counterpart.

    - ``IN_STEP``: it has one, and nothing is left to write.
    - ``WAITING``: something is left to write, and the sync will come to it by itself.
    - ``PARKED``: it is in the error inbox.
    - ``OUTSIDE``: by the settings or the rules it has no counterpart, or is left alone.
    - ``MISSING``: it should have a counterpart and has none.
    - ``DIFFERENT``: it has one, and the two do not agree where they should.
    """

    IN_STEP = "in_step"
    WAITING = "waiting"
    PARKED = "parked"
    OUTSIDE = "outside"
    MISSING = "missing"
    DIFFERENT = "different"


FINDINGS = frozenset({Standing.MISSING, Standing.DIFFERENT})
"""What is neither explained nor under way."""


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """A record that is not in step.

    Attributes:
        ref: The record.
        standing: `Standing.MISSING` or `Standing.DIFFERENT`.
        reason: What would be done about it and by which rules, without any value.
    """

    ref: Ref
    standing: Standing
    reason: str


@dataclass(frozen=True, slots=True)
class ObjectComparison:
    """The result for one object of one connection.

    Attributes:
        side: The side of the object.
        object: Its name there.
        counts: How many records stand how; a standing without records is left out.
        findings: The first `KEPT` findings.
        repaired: How many records were queued to be put in step.
        at: When the comparison ended (UTC); None while it runs.
        seconds: How long the comparison of all objects took.
        calls: The API calls that the comparison of all objects made, by side.
        since: Since when each comparison has found something; None if this one found nothing.
    """

    side: Side
    object: str
    counts: Mapping[Standing, int] = field(default_factory=dict)
    findings: tuple[Discrepancy, ...] = ()
    repaired: int = 0
    at: datetime | None = None
    seconds: int = 0
    calls: Mapping[Side, int] = field(default_factory=dict)
    since: datetime | None = None

    @property
    def records(self) -> int:
        """How many records were compared."""
        return sum(self.counts.values())

    @property
    def found(self) -> int:
        """How many records are missing a counterpart or differ from it."""
        return sum(count for standing, count in self.counts.items() if standing in FINDINGS)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison that runs, or has ended.

    Attributes:
        repairs: Whether what it finds is queued to be put in step.
        objects: The results so far; an object without records is left out.
        calls: The API calls so far, by side.
    """

    repairs: bool = False
    objects: tuple[ObjectComparison, ...] = ()
    calls: Mapping[Side, int] = field(default_factory=dict)

    def of(self, side: Side, name: str) -> ObjectComparison:
        """The result for an object; an empty one if none of its records was compared yet."""
        found = (one for one in self.objects if (one.side, one.object) == (side, name))
        return next(found, ObjectComparison(side, name))

    def counting(self, ref: Ref, standing: Standing) -> Comparison:
        """The comparison with one more record that stands like this."""
        one = self.of(ref.side, ref.object)
        counts = {**one.counts, standing: one.counts.get(standing, 0) + 1}
        return self._with(replace(one, counts=counts))

    def finding(self, found: Discrepancy, *, is_repaired: bool) -> Comparison:
        """The comparison with a finding, which is kept while there is room, and was queued if
        `is_repaired`.
        """
        one = self.of(found.ref.side, found.ref.object)
        kept = (*one.findings, found) if len(one.findings) < KEPT else one.findings
        return self._with(replace(one, findings=kept, repaired=one.repaired + is_repaired))

    def spending(self, calls: Mapping[Side, int]) -> Comparison:
        """The comparison with further API calls."""
        return replace(
            self, calls={side: self.calls.get(side, 0) + calls.get(side, 0) for side in Side}
        )

    def _with(self, one: ObjectComparison) -> Comparison:
        others = [
            each for each in self.objects if (each.side, each.object) != (one.side, one.object)
        ]
        return replace(self, objects=(*others, one))
