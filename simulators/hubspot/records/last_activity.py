"""The day of the latest activity on a contact, company or deal (``notes_last_updated``).

Law: values only; `associations` knows what is logged where, and the value is stored through
`writes`. That all five kinds count, and that it is a change of the record, is [M].
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from simulators.hubspot.associations import Associations
from simulators.hubspot.records.table import Record
from simulators.hubspot.records.writes import CALCULATED, Follow, Writes
from simulators.hubspot.schema.catalog import ACTIVITIES, COMPANY, CONTACT, DEAL
from simulators.hubspot.stamps import Actor, millis

NAME = "notes_last_updated"
_LOGGED = frozenset(kind.type_id for kind in ACTIVITIES)
_SHOWING = (CONTACT.type_id, COMPANY.type_id, DEAL.type_id)
Place = tuple[str, str]
"""Type id and record id."""


class LastActivity:
    """Keeps the day of the latest activity of one portal's records up to date."""

    def __init__(self, writes: Mapping[str, Writes], associations: Associations) -> None:
        """Follow the activities' own changes from now on; the caller reports changed
        associations.
        """
        self._writes, self._associations = writes, associations
        for type_id in _LOGGED:
            writes[type_id].followers.append(self._follow(type_id))

    def records_of(self, type_id: str, record_id: str) -> list[Place]:
        """Return the records on which an activity is logged; to be called before it is removed."""
        return [
            (other, to_id)
            for other in (_SHOWING if type_id in _LOGGED else ())
            for to_id in self._associations.of((type_id, other), record_id)
        ]

    def count(self, places: Iterable[Place]) -> None:
        """Work the day out again for those of these records that show one."""
        for type_id, record_id in dict.fromkeys(places):
            record = self._writes[type_id].table.by_id(record_id)
            if type_id in _SHOWING and record is not None and record.archived_ms is None:
                latest = max(self._times(type_id, record_id), key=millis, default="")
                if record.value(NAME) != latest:
                    self._writes[type_id].apply(record, {NAME: latest}, CALCULATED)

    def _times(self, type_id: str, record_id: str) -> Iterable[str]:
        for kind in _LOGGED:
            table = self._writes[kind].table
            for activity_id in self._associations.of((type_id, kind), record_id):
                activity = table.by_id(activity_id)
                if activity is not None and activity.value("hs_timestamp"):
                    yield activity.value("hs_timestamp")

    def _follow(self, type_id: str) -> Follow:
        def follow(activity: Record, changed: Mapping[str, str], _actor: Actor) -> None:
            if "hs_timestamp" in changed:
                self.count(self.records_of(type_id, activity.id))

        return follow
