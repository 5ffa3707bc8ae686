"""Changes held back by the hourly limits: they are listed, released or dropped (Q-30)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from crmsync.errors import Gone, Refused
from crmsync.flows.operator.decisions import DecisionLog
from crmsync.model.changes import Cause, Change
from crmsync.model.concerns import KIND_OF
from crmsync.model.effects import Category, Report
from crmsync.model.operations.jobs import JobType
from crmsync.model.records import Kind
from crmsync.model.settings import Settings
from crmsync.ports.queues import Outbox
from crmsync.ports.stores import Inbox

_CAUSES: Mapping[JobType, Cause] = MappingProxyType(
    {JobType.RELEASE: Cause.RELEASED, JobType.DROP: Cause.DROPPED}
)


@dataclass(frozen=True, slots=True)
class OverLimitRecord:
    """A record with changes that a limit holds back.

    Attributes:
        connection: The name of its connection.
        kind: The kind of the record.
        report: What the error inbox says about it.
        since: Since when it is in the error inbox (UTC).
    """

    connection: str
    kind: Kind
    report: Report
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OverLimitAdmin:
    """What the command does with changes that a limit holds back.

    Attributes:
        settings: Reads the settings in force.
        inbox: The error inbox, which has a report per record.
        outbox: Takes the changes that make the sync act on a decision.
        decisions: Keeps what was decided, per decision and connection.
    """

    settings: Callable[[], Settings]
    inbox: Inbox
    outbox: Outbox
    decisions: DecisionLog

    def held(self, identifier: str = "", name: str = "") -> list[OverLimitRecord]:
        """The records with changes held back, oldest first.

        `identifier` limits them to one record, `name` to the kind of an object of either side.
        Raises `Refused` for an unknown object, `Gone` for an id of which nothing is held back, and
        `TryAgain`.
        """
        kinds = _kinds(name)
        found = [
            OverLimitRecord(connection.name, kind, report, entry.first_at)
            for connection in self.settings().connections
            for entry in self.inbox.entries(connection.name)
            if (report := entry.report).category is Category.BRAKE
            and (kind := KIND_OF[report.ref.side][report.ref.object]) in kinds
            and identifier in {"", report.ref.id}
        ]
        if identifier and not found:
            raise Gone(
                f"Nothing of {identifier} is held back.",
                hint="crmsync brakes list shows what is.",
            )
        return found

    def decide(self, records: Sequence[OverLimitRecord], decision: JobType) -> None:
        """Queue records with the decision to release or to drop their changes.

        A job of each connection records who decided. Raises `TryAgain`.
        """
        for connection in dict.fromkeys(one.connection for one in records):
            refs = [one.report.ref for one in records if one.connection == connection]
            self.decisions.add(
                connection, decision, Counter((one.side, one.object) for one in refs)
            )
        now = self.decisions.now()
        cause = _CAUSES[decision]
        self.outbox.publish(
            [Change(one.connection, one.kind, one.report.ref, cause, now) for one in records]
        )


def _kinds(name: str) -> frozenset[Kind]:
    """The kinds of the objects of this name, in any case; all for "". Raises `Refused`."""
    found = frozenset(
        kind
        for objects in KIND_OF.values()
        for object_, kind in objects.items()
        if name.lower() in {"", object_.lower()}
    )
    if not found:
        names = ", ".join(dict.fromkeys(one for objects in KIND_OF.values() for one in objects))
        raise Refused(f"There is no object {name}; there are {names}.", code="OBJECT")
    return found
