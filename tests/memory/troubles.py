"""The troubles of connections, and what the sides say of their fields, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from crmsync.errors import SyncError
from crmsync.model.records import Kind, Ref, Side
from crmsync.model.troubles import Outage, Pause, Rest, Troubles
from crmsync.ports.troubles import Described
from tests.memory.crm import MemoryCrm


class MemoryTroubleStore:
    """Implements `TroubleStore`."""

    def __init__(self) -> None:
        """All is well."""
        self.down: SyncError | None = None
        self.outages: dict[tuple[str, Kind], Outage] = {}
        self.rests: dict[tuple[str, Ref], Rest] = {}
        self.pauses: dict[str, Pause] = {}

    def load(self, connection: str) -> Troubles:
        """As the port says."""
        self._check()
        outages = {
            kind: outage for (name, kind), outage in self.outages.items() if name == connection
        }
        rests = tuple(rest for (name, _), rest in sorted(self.rests.items()) if name == connection)
        return Troubles(outages, rests, self.pauses.get(connection))

    def save_outage(self, connection: str, kind: Kind, outage: Outage) -> Outage | None:
        """As the port says."""
        self._check()
        stored = self.outages.get((connection, kind))
        if outage.version != (stored.version if stored else 0):
            return None
        self.outages[connection, kind] = replace(outage, version=outage.version + 1)
        return self.outages[connection, kind]

    def save_rest(self, connection: str, rest: Rest) -> bool:
        """As the port says."""
        self._check()
        is_new = (connection, rest.ref) not in self.rests
        self.rests[connection, rest.ref] = rest
        return is_new

    def end_rest(self, connection: str, rest: Rest) -> None:
        """As the port says."""
        self._check()
        self.rests.pop((connection, rest.ref), None)

    def end_outage(self, connection: str, kind: Kind) -> None:
        """As the port says."""
        self._check()
        self.outages.pop((connection, kind), None)

    def pause(self, connection: str, pause: Pause) -> None:
        """As the port says."""
        self._check()
        self.pauses.setdefault(connection, pause)

    def resume(self, connection: str) -> None:
        """As the port says."""
        self._check()
        self.pauses.pop(connection, None)

    def _check(self) -> None:
        if self.down is not None:
            raise self.down


class _Everything(frozenset[str]):
    """All names but some."""

    __slots__ = ("but",)

    def __contains__(self, name: object) -> bool:
        return name not in self.but


class MemorySchemas:
    """Implements `Schemas` on memory CRMs, which have every field but those that they lack; `asked`
    counts the looks.
    """

    def __init__(self, hubspot: MemoryCrm, salesforce: MemoryCrm) -> None:
        """Look at these."""
        self._crms = {Side.HUBSPOT: hubspot, Side.SALESFORCE: salesforce}
        self.asked = 0

    def described(self, side: Side, names: Sequence[str]) -> Mapping[str, Described]:
        """As the port says."""
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
