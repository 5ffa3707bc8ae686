"""A world in which nothing can be written: for looking at records and saying what would become of
them (CH-28).

Whatever is not named here as reading is refused, so a port that is forgotten, or learns to write,
cannot write by mistake.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from crmsync.errors import SyncError
from crmsync.flows.engine.context import SyncContext
from crmsync.model.brakes import Hold
from crmsync.model.links import Link
from crmsync.model.records import Kind, Ref
from crmsync.model.roles import Role
from crmsync.model.troubles import Outage, Pause, Rest, Troubles
from crmsync.ports.deals import RoleStore
from crmsync.ports.stores import Links
from crmsync.ports.troubles import TroubleStore

READ_METHODS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "hubspot": frozenset({"read", "find", "made_by", "survivors"}),
        "salesforce": frozenset({"read", "find", "made_by", "survivors"}),
        "preferences": frozenset(),
        "deleter": frozenset(),
        "lists": frozenset({"members", "joined_since"}),
        "associations": frozenset({"of", "primary_companies"}),
        "companies": frozenset({"companies_by_domain"}),
        "accounts": frozenset(
            {"accounts_by_domain", "contacts_of", "has_person_accounts", "places"}
        ),
        "opportunities": frozenset(
            {
                "roles",
                "roles_of",
                "ties_of",
                "of_accounts",
                "deleted_at",
                "by_value",
                "has_currencies",
                "record_types",
            }
        ),
        "deals": frozenset({"pipelines", "by_value"}),
        "pipeline_maps": frozenset({"load"}),
        "directory": frozenset({"owners"}),
        "links": frozenset({"find"}),
        "outbox": frozenset(),
        "inbox": frozenset({"waiting_for", "parked"}),
        "conflict_log": frozenset({"last"}),
        "meter": frozenset({"known"}),
        "troubles": frozenset({"load"}),
        "schemas": frozenset({"described"}),
        "overwrites": frozenset(),
    }
)
"""A port of the world -> what may be asked of it; of a port that is not named, nothing."""

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
"""What of the world is no port."""


class WriteRefusedError(RuntimeError):
    """Something wanted to write in a dry run: a defect of crmsync, and nothing was written."""


class _ReadOnlyPort:
    """A port of which only some methods may be used."""

    __slots__ = ("_methods", "_name", "_port")

    def __init__(self, port: object, name: str, methods: Collection[str]) -> None:
        self._port, self._name, self._methods = port, name, methods

    def __getattr__(self, method: str) -> Any:  # noqa: ANN401 - whatever the port has under that name
        if method not in self._methods:
            msg = f"{self._name}.{method} is not for a dry run"
            raise WriteRefusedError(msg)
        return getattr(self._port, method)


class _LocalChangeCounts:
    """Implements `ChangeCounts` without counting for anybody else: as if nothing had been written in this
    hour yet.
    """

    def __init__(self) -> None:
        self._pulled: Counter[tuple[Kind, Hold]] = Counter()

    def pull(
        self,
        connection: str,  # noqa: ARG002 - as the port says
        kind: Kind,
        hold: Hold,
        wanted: int,
        limit: int,
        now: datetime,  # noqa: ARG002 - as above
    ) -> int:
        """As the port says, within this dry run."""
        allowed = max(0, min(wanted, limit - self._pulled[kind, hold])) if limit else wanted
        self._pulled[kind, hold] += allowed
        return allowed

    def give_back(
        self, connection: str, kind: Kind, hold: Hold, unused: int, now: datetime
    ) -> None:
        """Nothing is written, so nothing fails."""

    def fill(self, connection: str, kind: Kind) -> float:  # noqa: ARG002 - as the port says
        """Nobody is told of a dry run."""
        return 0


class _ReadOnlyTroubles:
    """Implements `TroubleStore` for reading: what a dry run finds lacking is noted by the next
    sync.
    """

    def __init__(self, ruleset: TroubleStore) -> None:
        self._book = ruleset

    def load(self, connection: str) -> Troubles:
        """As the port says."""
        return self._book.load(connection)

    def save_rest(self, connection: str, rest: Rest) -> bool:  # noqa: ARG002 - as the port says
        """Stores nothing, and has nobody told."""
        return False

    def end_rest(self, connection: str, rest: Rest) -> None:
        """Ends nothing."""

    def save_outage(self, connection: str, kind: Kind, outage: Outage) -> Outage | None:  # noqa: ARG002 - as the port says
        """Stores nothing."""
        return None

    def end_outage(self, connection: str, kind: Kind) -> None:
        """Ends nothing."""

    def pause(self, connection: str, pause: Pause) -> None:
        """Pauses nothing."""

    def resume(self, connection: str) -> None:
        """Resumes nothing."""


class ReadOnlyRoles:
    """Implements `RoleStore` for reading: in a dry run nothing that is seen is remembered."""

    def __init__(self, memory: RoleStore) -> None:
        """Read `memory`."""
        self._memory = memory

    def keep(self, roles: Iterable[Role]) -> None:
        """Keeps nothing: this is no mistake of the caller's, who only reads."""

    def of(self, refs: Iterable[Ref]) -> Mapping[Ref, Role]:
        """As the port says."""
        return self._memory.of(refs)


class ExpectedLinks:
    """Implements `Links` for reading: what is stored, together with the links that plans of this
    dry run would save.
    """

    def __init__(self, links: Links) -> None:
        """Read `links`; nothing is expected yet."""
        self._links = links
        self._expected: dict[Ref, Link] = {}

    def expect(self, link: Link) -> None:
        """From now on count the link as stored."""
        self._expected.update(
            (place, link) for place in (link.hubspot, link.salesforce) if isinstance(place, Ref)
        )

    def find(self, connection: str, refs: Iterable[Ref]) -> Mapping[Ref, Link]:
        """As the port says."""
        wanted = list(refs)
        stored = self._links.find(connection, wanted)
        return {**stored, **{ref: self._expected[ref] for ref in wanted if ref in self._expected}}

    def save(self, links: Sequence[Link]) -> Sequence[Link | SyncError]:
        """Left to the links that are read, which refuse it where they are dry."""
        return self._links.save(links)

    def drop(self, links: Sequence[Link]) -> Sequence[Link | SyncError]:
        """As `save`."""
        return self._links.drop(links)


def read_only(context: SyncContext) -> SyncContext:
    """The same world for looking only: every port refuses what is not reading, with
    `WriteRefusedError`.
    """
    ports: dict[str, Any] = {
        one.name: _ReadOnlyPort(
            getattr(context, one.name), one.name, READ_METHODS.get(one.name, frozenset())
        )
        for one in fields(context)
        if one.name not in NOT_PORTS
    }
    return replace(
        context,
        **{**ports, "brake": _LocalChangeCounts(), "troubles": _ReadOnlyTroubles(context.troubles)},
    )
