"""Changes held back by the hourly limits: they are listed, released or dropped (Q-30)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from crmsync.errors import Gone, Refused
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
        jobs: Keeps a finished job per decision and connection.
        new_id: Makes the id of a job.
        now: The clock (UTC).
        caller: The identity that a job is stored with.
    """

    settings: Callable[[], Settings]
    inbox: Inbox
    outbox: Outbox
    jobs: Jobs
    new_id: Callable[[], str]
    now: Callable[[], datetime]
    caller: Callable[[], str] = lambda: ""

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
        now = self.now()
        for connection in dict.fromkeys(one.connection for one in records):
            counts = Counter(
                one.report.ref.object for one in records if one.connection == connection
            )
            steps = tuple(
                JobStep(Side.HUBSPOT, name, total=number) for name, number in sorted(counts.items())
            )
            self.jobs.save(
                Job(
                    connection,
                    self.new_id(),
                    decision,
                    steps,
                    started_at=now,
                    moved_at=now,
                    state=JobState.DONE,
                    at=len(steps),
                    queued=counts.total(),
                    by=self.caller(),
                )
            )
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
