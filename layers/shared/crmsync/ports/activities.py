"""What the flows ask Salesforce about tasks and events besides their records.

The law of `crmsync.ports` holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from crmsync.model.records import Ref
from crmsync.ports.crm import Deleter


class Activities(Protocol):
    """What is about a record in Salesforce."""

    def about(
        self,
        records: Iterable[Ref],
        since: Mapping[str, datetime | None],
        *,
        several: bool = False,
    ) -> Sequence[Ref]:
        """The tasks and events whose ``WhoId`` or ``WhatId`` is one of the records, by object and
        id: of each object in `since` those that were made at that moment or later (None: at any).
        With `several`, for orgs with Shared Activities, also those that list one of the contacts.

        Deleted ones are left out; archived ones may be.
        """


class ActivityBin(Deleter, Protocol):
    """Salesforce's recycle bin, for tasks and events."""

    def in_bin(self, refs: Iterable[Ref]) -> Mapping[Ref, frozenset[str]]:
        """Those of the tasks and events that are in the recycle bin, each with the ids of whom and
        what it was about. One that is purged, or that we are not shown, is left out.
        """
