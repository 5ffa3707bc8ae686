"""What the operator does about what the brakes hold back: looks at it, lets it cross, throws it
away (Q-30).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from crmsync.errors import Refused
from crmsync.model.changes import Cause, Change
from crmsync.model.concerns import KIND_OF
from crmsync.model.effects import Category, Report
from crmsync.model.jobs import Job, JobState, JobStep, JobType
from crmsync.model.records import Kind, Side
from crmsync.model.settings import Settings
from crmsync.ports.queues import Outbox
from crmsync.ports.stores import Inbox, Jobs

_CAUSES: Mapping[JobType, Cause] = MappingProxyType(
    {JobType.RELEASE: Cause.RELEASED, JobType.DROP: Cause.DROPPED}
)


@dataclass(frozen=True, slots=True)
class OverLimitRecord:
    """A record of a connection of which something is held back."""

    connection: str
    kind: Kind
    report: Report


@dataclass(frozen=True, slots=True)
class OverLimitAdmin:
    """Everything about held records that the command can do. `ticket` names a job, `who` says who
    acts.
    """

    settings: Callable[[], Settings]
    inbox: Inbox
    outbox: Outbox
    jobs: Jobs
    ticket: Callable[[], str]
    now: Callable[[], datetime]
    who: Callable[[], str] = lambda: ""

    def held(self, identifier: str = "", name: str = "") -> list[OverLimitRecord]:
        """What is held back, oldest first: of one record, of the kind of an object of either side,
        or all. Raises `Refused`, `TryAgain`.
        """
        kinds = _kinds(name)
        return [
            OverLimitRecord(one.name, kind, report)
            for one in self.settings().connections
            for report in self.inbox.parked(one.name)
            if report.category is Category.BRAKE
            and (kind := KIND_OF[report.ref.side][report.ref.object]) in kinds
            and identifier in {"", report.ref.id}
        ]

    def decide(self, rows: Sequence[OverLimitRecord], verb: JobType) -> None:
        """Have records looked at, to be released or dropped; a job of each connection keeps who has
        decided so. Raises `TryAgain`.
        """
        now = self.now()
        for name in dict.fromkeys(row.connection for row in rows):
            counts = Counter(row.report.ref.object for row in rows if row.connection == name)
            legs = tuple(
                JobStep(Side.HUBSPOT, one, total=number) for one, number in sorted(counts.items())
            )
            job = Job(
                name,
                self.ticket(),
                verb,
                legs,
                now,
                now,
                JobState.DONE,
                len(legs),
                queued=counts.total(),
            )
            self.jobs.save(replace(job, by=self.who()))
        cause = _CAUSES[verb]
        self.outbox.publish(
            [Change(row.connection, row.kind, row.report.ref, cause, now) for row in rows]
        )


def _kinds(name: str) -> frozenset[Kind]:
    """The kinds whose records an object's name means, in any capitals; all for "". Raises
    `Refused`.
    """
    known = {
        (side, one.lower()): kind
        for side, objects in KIND_OF.items()
        for one, kind in objects.items()
    }
    found = frozenset(kind for (_, one), kind in known.items() if name.lower() in {"", one})
    if not found:
        names = ", ".join(dict.fromkeys(one for objects in KIND_OF.values() for one in objects))
        raise Refused(f"There is no object {name}; there are {names}.", code="OBJECT")
    return found
