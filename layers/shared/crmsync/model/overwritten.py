"""What our writes overwrite: the value that stood in a field, and the one that was put in its
place.

Of all nouns that are stored, these alone hold customers' values: encrypted, for hours, and only
where the operator wants it. Values are left out of every ``repr``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from crmsync.model.records import Kind, Ref, Side, Value


@dataclass(frozen=True, slots=True)
class Overwrite:
    """A write to one field of the record on `side`: `old` as it was read there, `new` as it was
    sent.

    ``hubspot`` and ``salesforce`` name the field on either side.
    """

    side: Side
    hubspot: str
    salesforce: str
    old: Value = field(repr=False)
    new: Value = field(repr=False)

    @property
    def row(self) -> tuple[str, str]:
        """The fields that go together, HubSpot's first."""
        return self.hubspot, self.salesforce

    @property
    def name(self) -> str:
        """What the field is called on the side that was written to."""
        return self.hubspot if self.side is Side.HUBSPOT else self.salesforce


@dataclass(frozen=True, slots=True)
class OverwrittenPair:
    """All that one plan overwrites of a pair; both records had these ids then."""

    hubspot: Ref
    salesforce: Ref
    fields: tuple[Overwrite, ...]


@dataclass(frozen=True, slots=True)
class OverwrittenBatch:
    """What the plans of a batch overwrite, kept at `at` (UTC), just before they are applied."""

    connection: str
    kind: Kind
    at: datetime
    pairs: tuple[OverwrittenPair, ...]
