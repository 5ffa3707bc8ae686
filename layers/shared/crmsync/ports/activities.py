"""What the flows ask Salesforce about tasks and events besides their records.

The law of `crmsync.ports` holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from crmsync.model.records import Ref


class Activities(Protocol):
    """What is about a record in Salesforce."""

    def about(self, records: Iterable[Ref], since: Mapping[str, datetime | None]) -> Sequence[Ref]:
        """The tasks and events whose ``WhoId`` or ``WhatId`` is one of the records, by object and
        id: of each object in `since` those that were made at that moment or later (None: at any).

        Deleted ones are left out; archived ones may be.
        """
