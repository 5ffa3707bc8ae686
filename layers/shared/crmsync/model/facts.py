"""What was gathered about one change: all that a plan is made from. Each kind adds what only its
own rules need.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from crmsync.model.change_limits import Hold
from crmsync.model.changes import Change
from crmsync.model.links import Link
from crmsync.model.records import Record, Ref, Side


@dataclass(frozen=True, slots=True)
class Facts:
    """All that was gathered about one change.

    Attributes:
        change: The change.
        link: The pair's link, if the record has one.
        hubspot: The HubSpot record of the pair, if it exists; under its new id after a merge.
        salesforce: The Salesforce record, likewise, also after a conversion.
        survivor_is_linked: The record into which one of the two was merged belongs to another link.
        candidates: Without a link: records of the other side that may be the counterpart.
        taken: Those of the candidates that belong to another link.
        tombstones: Tombstones of others of the candidates, or of the record that the pair's
            Salesforce record was merged into.
        named_counterpart: The record of the other side that this one names as its counterpart.
        counterpart_is_gone: The record that this one names as its counterpart no longer exists.
        made: The record that crmsync made for this one before, without linking the two, or what
            has become of it since.
        names_that_of: The record with which the one is linked that this one names.
        holds: What the limits on changes hold back of this pair in this batch.
        since: When the first of all this was read (UTC); None where nothing was.
    """

    change: Change
    link: Link | None = None
    hubspot: Record | None = None
    salesforce: Record | None = None
    survivor_is_linked: bool = False
    candidates: tuple[Record, ...] = ()
    taken: frozenset[Ref] = frozenset()
    tombstones: tuple[Link, ...] = ()
    named_counterpart: Record | None = None
    counterpart_is_gone: bool = False
    made: Ref | None = None
    names_that_of: Ref | None = None
    holds: frozenset[Hold] = frozenset()
    since: datetime | None = None

    @property
    def named(self) -> Record | None:
        """The record that the change named."""
        return self.hubspot if self.change.ref.side is Side.HUBSPOT else self.salesforce


AnyFacts = TypeVar("AnyFacts", bound=Facts)
