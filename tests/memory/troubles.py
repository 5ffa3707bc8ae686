"""Troubles of connections, and the fields of both sides, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from crmsync.errors import SyncError
from crmsync.model.operations.troubles import Outage, Pause, Rest, Troubles
from crmsync.model.records import Kind, Ref, Side
from crmsync.ports.troubles import Described
from tests.memory.crm import MemoryCrm


class MemoryTroubleStore:
    """Implements `TroubleStore`."""

    def __init__(self) -> None:
        """There are no troubles."""
        self.down: SyncError | None = None
        self.outages: dict[tuple[str, Kind], Outage] = {}
        self.rests: dict[tuple[str, Ref], Rest] = {}
        self.pauses: dict[str, Pause] = {}

    def load(self, connection: str) -> Troubles:
        """See the port."""
        self._check()
        outages = {
            kind: outage for (name, kind), outage in self.outages.items() if name == connection
        }
        rests = tuple(rest for (name, _), rest in sorted(self.rests.items()) if name == connection)
        return Troubles(outages, rests, self.pauses.get(connection))

    def save_outage(self, connection: str, kind: Kind, outage: Outage) -> Outage | None:
        """See the port."""
        self._check()
        stored = self.outages.get((connection, kind))
        if outage.version != (stored.version if stored else 0):
            return None
        self.outages[connection, kind] = replace(outage, version=outage.version + 1)
        return self.outages[connection, kind]

    def save_rest(self, connection: str, rest: Rest) -> bool:
        """See the port."""
        self._check()
        is_new = (connection, rest.ref) not in self.rests
        self.rests[connection, rest.ref] = rest
        return is_new

    def end_rest(self, connection: str, rest: Rest) -> None:
        """See the port."""
        self._check()
        self.rests.pop((connection, rest.ref), None)

    def end_outage(self, connection: str, kind: Kind) -> None:
        """See the port."""
        self._check()
        self.outages.pop((connection, kind), None)

    def pause(self, connection: str, pause: Pause) -> None:
        """See the port."""
        self._check()
        self.pauses.setdefault(connection, pause)

    def resume(self, connection: str) -> None:
        """See the port."""
        self._check()
        self.pauses.pop(connection, None)

    def _check(self) -> None:
        if self.down is not None:
            raise self.down


class _Everything(frozenset[str]):
    """All names but those in `but`."""

    __slots__ = ("but",)

    def __contains__(self, name: object) -> bool:
        return name not in self.but


class MemorySchemas:
    """Implements `Schemas` for memory CRMs, which have every field but their missing ones; `asked`
    counts the calls.
    """

    def __init__(self, hubspot: MemoryCrm, salesforce: MemoryCrm) -> None:
        """Describe these CRMs."""
        self._crms = {Side.HUBSPOT: hubspot, Side.SALESFORCE: salesforce}
        self.asked = 0

    def described(self, side: Side, names: Sequence[str]) -> Mapping[str, Described]:
        """See the port."""
        self.asked += 1
        crm = self._crms[side]
        found = {}
        for name in names:
            fields = _Everything()
            fields.but = {field.lower() for place, field in crm.missing_fields if place == name}
            found[name] = Described(
                fields,
                frozenset(field.lower() for place, field in crm.read_only_fields if place == name),
            )
        return found
