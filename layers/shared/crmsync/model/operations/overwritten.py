"""What our writes overwrite: the value that was in a field, and the one that replaced it.

Of all values that are stored, only these are customers' data: encrypted, for hours, and only where
the operator wants it. Values are left out of every ``repr``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from crmsync.model.records import Kind, Ref, Side, Value


@dataclass(frozen=True, slots=True)
class Overwrite:
    """A write to one field of a record.

    Attributes:
        side: The side that is written.
        hubspot: The property.
        salesforce: The field.
        old: The value that was read before.
        new: The value that was sent.
    """

    side: Side
    hubspot: str
    salesforce: str
    old: Value = field(repr=False)
    new: Value = field(repr=False)

    @property
    def row(self) -> tuple[str, str]:
        """The two fields, HubSpot's first."""
        return self.hubspot, self.salesforce

    @property
    def name(self) -> str:
        """The field's name on the side that is written."""
        return self.hubspot if self.side is Side.HUBSPOT else self.salesforce


@dataclass(frozen=True, slots=True)
class OverwrittenPair:
    """All that one plan overwrites of a pair, with the ids that the records had then."""

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
