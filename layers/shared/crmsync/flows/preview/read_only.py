"""A read-only view of a connection: its sync context without any way to write, all its records page
by page, and its API calls (CH-28).

Law: a method is refused unless it is listed here as reading, so a port that is forgotten, or learns
to write, cannot write by mistake.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from crmsync.errors import SyncError
from crmsync.flows.engine.context import SyncContext
from crmsync.model.change_limits import Hold
from crmsync.model.kinds.roles import Role
from crmsync.model.links import Link
from crmsync.model.operations.troubles import Outage, Pause, Rest, Troubles
from crmsync.model.records import Kind, Ref, Side
from crmsync.model.settings import Connection
from crmsync.ports.deals import RoleStore
from crmsync.ports.health import Quota
from crmsync.ports.listing import Lister
from crmsync.ports.stores import Links
from crmsync.ports.troubles import TroubleStore

READ_METHODS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "hubspot": frozenset({"read", "find", "made_by", "survivors"}),
        "salesforce": frozenset({"read", "find", "made_by", "survivors"}),
        "preferences": frozenset(),
        "deleter": frozenset(),
        "activity_bin": frozenset({"in_bin"}),
        "lists": frozenset({"members", "joined_since"}),
        "associations": frozenset({"of", "primary_companies"}),
        "companies": frozenset({"companies_by_domain"}),
        "accounts": frozenset(
            {"accounts_by_domain", "contacts_of", "leads_of", "has_person_accounts", "places"}
        ),
        "opportunities": frozenset(
            {
                "roles",
                "roles_of",
                "of_contacts",
                "of_accounts",
                "deleted_at",
                "by_value",
                "has_currencies",
                "record_types",
            }
        ),
        "activities": frozenset({"about"}),
        "deals": frozenset({"pipelines", "by_value"}),
        "pipeline_maps": frozenset({"load"}),
        "directory": frozenset({"owners"}),
        "links": frozenset({"find"}),
        "outbox": frozenset(),
        "inbox": frozenset({"entries", "entries_of", "parked", "reported", "waiting_for"}),
        "calls": frozenset({"hold"}),
        "troubles": frozenset({"load"}),
        "schemas": frozenset({"described"}),
        "overwrites": frozenset(),
        "claims": frozenset(),
    }
)
"""The ports of `SyncContext` -> the methods that only read. A port without an entry has none."""

NOT_PORTS = frozenset(
    {
        "connection",
        "fingerprinter",
        "our_user",
        "our_app",
        "now",
        "opportunities_since",
        "may_begin",
        "zone",
        "pairs",
    }
)
"""The fields of `SyncContext` that are not ports."""


class WriteRefusedError(RuntimeError):
    """A read-only context was asked to write: a defect of crmsync. Nothing was written."""


@dataclass(frozen=True, slots=True)
class ReadOnlyView:
    """One connection, for reading only.

    Attributes:
        context: The sync context, made by `read_only`.
        lister: Makes the lister of a side.
        quota: Knows the org's daily API calls.
        own_calls: Counts those of 24 hours that crmsync has made.
        spent: The number of API calls made to a side so far.
        full: Gives the 18-character form of a Salesforce id.
    """

    context: SyncContext
    lister: Callable[[Side], Lister]
    quota: Quota
    own_calls: Callable[[], int]
    spent: Callable[[Side], int]
    full: Callable[[str], str]

    @property
    def connection(self) -> Connection:
        """The connection that is viewed."""
        return self.context.connection


def read_only(context: SyncContext) -> SyncContext:
    """The same context, in which every method that is not listed as reading is refused.

    A refused method raises `WriteRefusedError`.
    """
    ports: dict[str, Any] = {
        one.name: _ReadOnlyPort(
            getattr(context, one.name), one.name, READ_METHODS.get(one.name, frozenset())
        )
        for one in fields(context)
        if one.name not in NOT_PORTS
    }
    ports["change_counts"] = _LocalChangeCounts()
    ports["troubles"] = _ReadOnlyTroubles(context.troubles)
    return replace(context, **ports)


class _ReadOnlyPort:
    """A port that gives access to some of its methods only."""

    __slots__ = ("_methods", "_name", "_port")

    def __init__(self, port: object, name: str, methods: Collection[str]) -> None:
        self._port, self._name, self._methods = port, name, methods

    def __getattr__(self, method: str) -> Any:  # noqa: ANN401 - the type of the port's method
        if method not in self._methods:
            msg = f"{self._name}.{method} is not for a dry run"
            raise WriteRefusedError(msg)
        return getattr(self._port, method)


class _LocalChangeCounts:
    """Implements `ChangeCounts` in memory, as if nothing had been written in this hour."""

    def __init__(self) -> None:
        self._counted: Counter[tuple[Kind, Hold]] = Counter()

    def reserve(
        self,
        connection: str,  # noqa: ARG002 - one view has one connection
        kind: Kind,
        hold: Hold,
        wanted: int,
        limit: int,
        now: datetime,  # noqa: ARG002 - all within one hour
    ) -> int:
        """As the port says, counting the changes of this view alone."""
        allowed = max(0, min(wanted, limit - self._counted[kind, hold])) if limit else wanted
        self._counted[kind, hold] += allowed
        return allowed

    def return_unused(
        self, connection: str, kind: Kind, hold: Hold, unused: int, now: datetime
    ) -> None:
        """Do nothing: without writes, no write fails."""

    def usage(self, connection: str, kind: Kind) -> float:  # noqa: ARG002 - as the port says
        """Always 0: a preview is not part of the metrics."""
        return 0


class _ReadOnlyTroubles:
    """Implements `TroubleStore` and stores nothing; the next sync finds the same troubles."""

    def __init__(self, troubles: TroubleStore) -> None:
        self._troubles = troubles

    def load(self, connection: str) -> Troubles:
        """As the port says."""
        return self._troubles.load(connection)

    def save_rest(self, connection: str, rest: Rest) -> bool:  # noqa: ARG002 - as the port says
        """Store nothing, and answer False so that nobody is notified."""
        return False

    def end_rest(self, connection: str, rest: Rest) -> None:
        """Do nothing."""

    def save_outage(self, connection: str, kind: Kind, outage: Outage) -> Outage | None:  # noqa: ARG002 - as the port says
        """Store nothing."""
        return None

    def end_outage(self, connection: str, kind: Kind) -> None:
        """Do nothing."""

    def pause(self, connection: str, pause: Pause) -> None:
        """Do nothing."""

    def resume(self, connection: str) -> None:
        """Do nothing."""


class ReadOnlyRoles:
    """Implements `RoleStore` and stores nothing; roles that are stored already can be read."""

    def __init__(self, roles: RoleStore) -> None:
        """Read from `roles`."""
        self._roles = roles

    def keep(self, roles: Iterable[Role]) -> None:
        """Store nothing. This is not refused: reading roles from Salesforce calls it, too."""

    def of(self, refs: Iterable[Ref]) -> Mapping[Ref, Role]:
        """As the port says."""
        return self._roles.of(refs)


class ExpectedLinks:
    """Implements `Links`: the stored links, and those that the plans of a preview would save."""

    def __init__(self, links: Links) -> None:
        """Read from `links`; nothing is expected yet."""
        self._links = links
        self._expected: dict[Ref, Link] = {}

    def expect(self, link: Link) -> None:
        """Answer `find` from now on as if the link were stored."""
        self._expected.update(
            (place, link) for place in (link.hubspot, link.salesforce) if isinstance(place, Ref)
        )

    def find(self, connection: str, refs: Iterable[Ref]) -> Mapping[Ref, Link]:
        """As the port says."""
        wanted = list(refs)
        stored = self._links.find(connection, wanted)
        return {**stored, **{ref: self._expected[ref] for ref in wanted if ref in self._expected}}

    def save(self, links: Sequence[Link]) -> Sequence[Link | SyncError]:
        """Pass on to the links that are read; they refuse it when they are read-only."""
        return self._links.save(links)

    def drop(self, links: Sequence[Link]) -> Sequence[Link | SyncError]:
        """As `save`."""
        return self._links.drop(links)
