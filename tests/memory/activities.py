"""Salesforce's tasks and events in memory: what is about a record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from crmsync.model.records import Ref
from tests.memory.crm import MemoryCrm


class MemoryActivities:
    """Implements `Activities` for the records of `crm`."""

    def __init__(self, crm: MemoryCrm) -> None:
        """Look at the records of `crm`."""
        self._crm = crm

    def about(self, records: Iterable[Ref], since: Mapping[str, datetime | None]) -> Sequence[Ref]:
        """See the port."""
        self._crm.calls["about"] += 1
        wanted = {ref.id for ref in records}
        found = [
            ref
            for name in since
            for ref in self._crm.refs(name)
            if wanted & {self._crm.fields(ref).get(column) for column in ("WhoId", "WhatId")}
        ]
        shown = self._crm.read(found, {name: [] for name in since})
        return sorted(
            ref
            for ref in found
            if (begin := since[ref.object]) is None or shown[ref].created_at >= begin
        )
