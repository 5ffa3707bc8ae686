"""What was gathered about one change: all that a plan is made from. A kind adds what only its own
rules ask for.
"""

from __future__ import annotations

from dataclasses import dataclass

from crmsync.model.brakes import Hold
from crmsync.model.changes import Change
from crmsync.model.links import Link
from crmsync.model.records import Record, Ref, Side


@dataclass(frozen=True, slots=True)
class Facts:
    """All that was gathered about one change.

    ``hubspot`` and ``salesforce`` are the records of the pair, as far as there is one and they
    still exist, under a new id where one was merged or converted. ``outlived`` says that what
    became of one of them belongs to another link. Without a link, ``candidates`` are the records of
    the other side that may be the same, ``taken`` those among them that already belong to another
    link, and ``tombstones`` the tombstones of others among them; ``remembered`` is the record of the
    other side that this one names as its counterpart, ``orphaned`` that this one no longer exists.
    ``holds`` is what the brakes hold back of this pair in this batch.
    """

    change: Change
    link: Link | None = None
    hubspot: Record | None = None
    salesforce: Record | None = None
    outlived: bool = False
    candidates: tuple[Record, ...] = ()
    taken: frozenset[Ref] = frozenset()
    tombstones: tuple[Link, ...] = ()
    remembered: Record | None = None
    orphaned: bool = False
    holds: frozenset[Hold] = frozenset()

    @property
    def named(self) -> Record | None:
        """The record that the change named."""
        return self.hubspot if self.change.ref.side is Side.HUBSPOT else self.salesforce
