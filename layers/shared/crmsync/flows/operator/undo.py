"""Undo: what our writes overwrote is put back, as far as the settings had it kept. Shows first and
acts only when told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from crmsync.errors import Refused, TryAgain
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.preview.window import ReadOnlyView, chosen_connections
from crmsync.flows.undo.run import Tell, UndoRun, tell_nobody
from crmsync.flows.undo.summary import RestoredValues, SkippedValues, UndoCounts
from crmsync.model.jobs import Job, JobState, JobStep, JobType
from crmsync.model.records import Kind, Ref, Side
from crmsync.model.settings import Connection, Settings
from crmsync.ports.overwritten import ReadsOverwritten
from crmsync.ports.stores import Jobs
from crmsync.rules.pair.undo import Traces, traced

_MEANT: Mapping[str, tuple[Kind, str]] = MappingProxyType(
    {
        "contact": (Kind.CONTACT, ""),
        "Contact": (Kind.CONTACT, "Contact"),
        "lead": (Kind.CONTACT, "Lead"),
        "company": (Kind.ACCOUNT, ""),
        "account": (Kind.ACCOUNT, ""),
        "deal": (Kind.OPPORTUNITY, ""),
        "opportunity": (Kind.OPPORTUNITY, ""),
    }
)
"""What ``--object`` may name: the kind of the pairs, and Salesforce's object where only those with
one are meant.
"""

_OBJECT: Mapping[Kind, str] = MappingProxyType(
    {Kind.CONTACT: "contact", Kind.ACCOUNT: "company", Kind.OPPORTUNITY: "deal"}
)
"""HubSpot's object of a kind."""

_NOTHING = "{}: nothing that was overwritten since then is kept ([connection.undo] hours = {})."
_TOO_LATE = (
    "{}: values are kept for {} hours: what was overwritten before {:%Y-%m-%d %H:%M} UTC is lost."
)
_GOES_ON = "{}: goes on with the undo that {} began at {:%Y-%m-%d %H:%M:%S} UTC; what was overwritten later is left: give a later --since."
_SECOND = timedelta(seconds=1)
"""The clock of the jobs shows whole seconds."""

_NOBODY = "?"
"""No connection is called so."""
_MISSING = "ResourceNotFoundException"
_KEPT_NOWHERE = "This stack keeps nothing that is overwritten."
_KEEP = "Deploy it with KeepOverwritten=yes, and set hours under [connection.undo]; what was overwritten before is lost."


@dataclass(frozen=True, slots=True)
class UndoRequest:
    """What to put back: what was overwritten at `since` (UTC) or later, of the object `name` or
    all, on the connection `only` or all.
    """

    since: datetime
    name: str = ""
    only: str = ""

    @property
    def key(self) -> str:
        """By what a job knows that it is of this undo, however its object was written. Raises
        `Refused` for an unknown one.
        """
        kind, name = _meant(self.name)
        return " ".join((self.since.isoformat(), *filter(None, (kind, name))))


@dataclass(frozen=True, slots=True)
class UndoResult:
    """What an undo has done, or would do."""

    since: datetime
    applied: bool
    back: tuple[RestoredValues, ...] = ()
    left: tuple[SkippedValues, ...] = ()
    jobs: tuple[Job, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left that another run could put back."""
        return not any(one.is_open for one in self.left) and all(
            job.state is JobState.DONE for job in self.jobs
        )


@dataclass(frozen=True, slots=True)
class UndoAdmin:
    """Everything about undo that the command can do.

    `kept` reads what was overwritten, `window` opens a connection for looking and `context` for
    writing, `ticket` names a job, `who` says who acts.
    """

    settings: Callable[[], Settings]
    kept: Callable[[], ReadsOverwritten]
    window: Callable[[Connection, Settings], ReadOnlyView]
    context: Callable[[Connection, Settings], SyncContext]
    jobs: Jobs
    ticket: Callable[[], str]
    now: Callable[[], datetime]
    who: Callable[[], str] = lambda: ""

    def undo(self, wanted: UndoRequest, *, apply: bool, tell: Tell = tell_nobody) -> UndoResult:
        """Put back what was overwritten, or without `apply` say what would be.

        Raises `Refused` for an unknown object or connection, a moment that is still to come, and a
        stack that keeps nothing; `SyncError` where a side or a store did not answer before anything
        was written.
        """
        if wanted.since > self.now():
            raise Refused(f"{wanted.since:%Y-%m-%d %H:%M:%S} UTC is still to come.", code="SINCE")
        settings, kind, name = self.settings(), *_meant(wanted.name)
        runs: list[UndoRun] = []
        remarks: list[str] = []
        for connection in chosen_connections(settings, wanted.only):
            remarks += self._too_late(connection, wanted.since)
            first = self._first(connection, wanted)
            pairs = self._pairs(
                connection.name, wanted.since, first.started_at if first else self.now(), kind
            )
            if not pairs:
                remarks.append(_NOTHING.format(connection.name, connection.undo.hours))
                continue
            remarks += (
                [_GOES_ON.format(connection.name, first.by, first.started_at)] if first else []
            )
            job = self._started(connection, wanted, pairs) if apply else None
            worlds = (
                self.window(connection, settings).context,
                replace(self.context(connection, settings), now=self.now),
            )
            runs.append(
                UndoRun(pairs, name, *worlds, self.jobs, self.now, job, UndoCounts(connection.name))
            )
        for run in runs:
            run.go(tell)
        return UndoResult(
            wanted.since,
            apply,
            tuple(one for run in runs for one in run.tally.back),
            tuple(one for run in runs for one in run.tally.left),
            tuple(run.job for run in runs if run.job),
            tuple(remarks),
        )

    def is_kept(self) -> bool:
        """Whether this stack has a place where overwritten values are kept. Raises `TryAgain`."""
        now = self.now()
        try:
            next(iter(self.kept().since(_NOBODY, now, now)), None)
        except TryAgain as error:
            if error.code == _MISSING:
                return False
            raise
        return True

    def _too_late(self, connection: Connection, since: datetime) -> list[str]:
        """What to say where more is wanted than is kept for so long."""
        oldest = self.now() - timedelta(hours=connection.undo.hours)
        is_too_late = connection.undo.hours > 0 and since < oldest
        return (
            [_TOO_LATE.format(connection.name, connection.undo.hours, oldest)]
            if is_too_late
            else []
        )

    def _first(self, connection: Connection, wanted: UndoRequest) -> Job | None:
        """The first run of this undo: a later one goes on with what that one saw, and leaves alone
        what has crossed since.
        """
        return min(self._runs(connection, wanted), key=lambda job: job.started_at, default=None)

    def _runs(self, connection: Connection, wanted: UndoRequest) -> list[Job]:
        return [
            one
            for one in self.jobs.all(connection.name)
            if one.verb is JobType.UNDO and one.after == wanted.key
        ]

    def _pairs(
        self, connection: str, since: datetime, until: datetime, kind: Kind | None
    ) -> Mapping[Kind, Mapping[Ref, Traces]]:
        """What was overwritten, pair by pair. Raises `Refused` where this stack keeps nothing."""
        found: dict[Kind, dict[Ref, Traces]] = defaultdict(dict)
        try:
            for batch in self.kept().since(connection, since, self.now()):
                if kind in {None, batch.kind} and batch.at < until + _SECOND:
                    pairs = found[batch.kind]
                    pairs.update(
                        {
                            one.hubspot: traced(pairs.get(one.hubspot, {}), one)
                            for one in batch.pairs
                        }
                    )
        except TryAgain as error:
            if error.code == _MISSING:
                raise Refused(_KEPT_NOWHERE, code="UNDO", hint=_KEEP) from error
            raise
        return found

    def _started(
        self,
        connection: Connection,
        wanted: UndoRequest,
        pairs: Mapping[Kind, Mapping[Ref, Traces]],
    ) -> Job:
        now, ticket = self.now(), self.ticket()
        for one in self._runs(connection, wanted):
            if not one.state.is_over:
                told = f"Another run went on with it: {ticket}."
                self.jobs.save(replace(one, state=JobState.CANCELLED, moved_at=now, trouble=told))
        legs = tuple(
            JobStep(Side.HUBSPOT, _OBJECT[kind], total=len(some)) for kind, some in pairs.items()
        )
        job = Job(
            connection.name, ticket, JobType.UNDO, legs, now, now, after=wanted.key, by=self.who()
        )
        return self.jobs.save(job)


def _meant(name: str) -> tuple[Kind | None, str]:
    """The kind of an object, written small or large, one or many, and Salesforce's name of it where
    it alone is meant.
    """
    if not name:
        return None, ""
    small = name.lower()
    words = [name, small, small.removesuffix("s"), f"{small.removesuffix('ies')}y"]
    found = next((_MEANT[one] for one in words if one in _MEANT), None)
    if found is None:
        raise Refused(
            f"Of {name} nothing is put back; there are {', '.join(_MEANT)}.", code="OBJECT"
        )
    return found
