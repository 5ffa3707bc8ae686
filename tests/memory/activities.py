"""Salesforce's tasks and events in memory: what is about a record, and what they may be about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from crmsync.errors import Refused
from crmsync.model.crm_names import WHAT_ID, WHO_ID
from crmsync.model.kinds.activities import CONTACT_LISTS
from crmsync.model.records import Ref, Value
from tests.memory.crm import MemoryCrm


class MemoryActivities:
    """Implements `Activities` for the records of `crm`."""

    def __init__(self, crm: MemoryCrm) -> None:
        """Look at the records of `crm`."""
        self._crm = crm
        crm.checks.append(self._check)

    def _check(self, ref: Ref | None, name: str, fields: Mapping[str, Value]) -> Refused | None:
        """Refuse a record beside a lead, as Salesforce does."""
        if name not in {"Task", "Event"}:
            return None
        before = self._crm.fields(ref) if ref else {}
        who, what = (fields.get(one, before.get(one)) for one in (WHO_ID, WHAT_ID))
        if what and str(who or "").startswith("00Q"):
            text = "An activity of a lead cannot be related to another record."
            return Refused(text, code="FIELD_INTEGRITY_EXCEPTION", fieldname=WHAT_ID)
        return None

    def about(
        self,
        records: Iterable[Ref],
        since: Mapping[str, datetime | None],
        *,
        several: bool = False,
    ) -> Sequence[Ref]:
        """See the port."""
        self._crm.calls["about"] += 1
        wanted = {ref.id for ref in records}
        found = [
            ref
            for name in since
            for ref in self._crm.refs(name)
            if not wanted.isdisjoint(_named_by(self._crm.fields(ref), several=several))
        ]
        shown = self._crm.read(found, {name: [] for name in since})
        return sorted(
            ref
            for ref in found
            if (begin := since[ref.object]) is None or shown[ref].created_at >= begin
        )


def _named_by(fields: Mapping[str, Value], *, several: bool) -> list[str]:
    """The ids of whom and what a task or event is about, with the others in its list if wanted."""
    names = (WHO_ID, WHAT_ID, *(CONTACT_LISTS.values() if several else ()))
    return [one for name in names for one in str(fields.get(name) or "").split(";")]
