"""What the flows ask a side about many records: which have changed, and which there are.

The law of `crmsync.ports` holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from crmsync.model.kinds.activities import ActivityKind
from crmsync.model.records import Ref
from crmsync.ports.troubles import Described


@dataclass(frozen=True, slots=True)
class ChangedRecord:
    """A record that a sweep came across.

    Attributes:
        ref: The record.
        modified_at: When it was last modified (UTC).
        deleted: Whether it is in the recycle bin.
    """

    ref: Ref
    modified_at: datetime
    deleted: bool


Show: TypeAlias = Callable[[Mapping[str, Described]], None]
"""Takes what a side lets us see of the fields of objects, by object name."""


class Sweeper(Protocol):
    """What a side can report about everything that changed since a moment."""

    def changed_since(
        self, since: Mapping[str, datetime], *, with_purged: bool = False, show: Show | None = None
    ) -> Iterator[Sequence[ChangedRecord]]:
        """Records modified at or after the moment given per object name.

        Yields page by page, oldest first within an object. However many records share one moment,
        all of them are named and the iteration ends. Costs one call when nothing changed.

        Args:
            since: Object name -> moment (UTC).
            with_purged: Also name deleted records that are in no recycle bin any more. Records in
                the recycle bin are named anyway where the side reports them.
            show: Called once with the fields of these objects that the side lets us see, where
                that costs no further call (Salesforce). Objects that are not described are absent.
        """


class Lists(Protocol):
    """HubSpot's lists, for the inclusion list (INC-2)."""

    def members(self, list_id: str, refs: Iterable[Ref]) -> frozenset[Ref]:
        """Those of the contacts that are in the list now, by batch membership reads of 100.

        Raises `Refused` when the list does not exist.
        """

    def joined_since(self, list_id: str, since: datetime) -> Iterator[Sequence[ChangedRecord]]:
        """Contacts that entered the list at or after the moment, newest first.

        `ChangedRecord.modified_at` is when they entered. Costs one call when nobody did.
        """


@dataclass(frozen=True, slots=True)
class Page:
    """A page of an object's records.

    Attributes:
        refs: The records.
        after: Where the next page begins, in the side's own words; None after the last page.
    """

    refs: tuple[Ref, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class DeletedPage:
    """A page of the records in a recycle bin.

    Attributes:
        records: The records; `ChangedRecord.modified_at` is when they were deleted.
        after: Where the next page begins, in the side's own words; None after the last page.
    """

    records: tuple[ChangedRecord, ...]
    after: str | None


class RecycleBin(Protocol):
    """The deleted records of a side that can still be restored."""

    def deleted(self, name: str, after: str) -> DeletedPage:
        """Deleted records of an object, in a stable order, each with those that had been merged
        into it before; the page begins at `after`, "" for the first one. Records that were deleted
        for good are not named.
        """


class Lister(Protocol):
    """What a side can report about all records of an object."""

    def page(
        self,
        name: str,
        after: str,
        size: int,
        *,
        with_email: bool = False,
        activity: ActivityKind | None = None,
    ) -> Page:
        """Up to `size` records of the object that are not deleted, in a stable order.

        Every record that existed at the first call and still exists is named once, however many
        there are.

        Args:
            name: The object.
            after: Where the page begins, "" for the first one.
            size: The most records to return.
            with_email: Leave out records without an address (Salesforce).
            activity: Of tasks only those of this kind (Salesforce); None for all.
        """

    def count(
        self, name: str, *, with_email: bool = False, activity: ActivityKind | None = None
    ) -> int:
        """How many records of the object there are, as far as the side knows. One call."""
