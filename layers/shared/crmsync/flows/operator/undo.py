"""The operator's undo: what our writes overwrote is put back, as far as the settings had it kept.

Nothing is written without `apply`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from heapq import merge
from types import MappingProxyType

from crmsync.errors import Refused, TryAgain
from crmsync.flows.arguments import (
    ReportProgress,
    chosen_connections,
    no_progress,
    singular_forms,
)
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.preview.read_only import ReadOnlyView
from crmsync.flows.setup.steps import SetupStep, StepState
from crmsync.flows.undo.run import UndoRun
from crmsync.flows.undo.summary import RestoredValues, SkippedValues, UndoCounts
from crmsync.model.operations.jobs import Job, JobState, JobStep, JobType
from crmsync.model.operations.overwritten import OverwrittenBatch
from crmsync.model.records import Kind, Ref, Side
from crmsync.model.settings import Connection, Settings
from crmsync.ports.overwritten import OverwrittenHistory
from crmsync.ports.stores import Jobs
from crmsync.rules.pair.undo import WriteHistories, with_writes, with_writes_of_another

_OBJECTS: Mapping[str, tuple[Kind, str]] = MappingProxyType(
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
"""A value of ``--object`` -> the kind of the pairs, and the Salesforce object that limits them."""

_HUBSPOT_OBJECT: Mapping[Kind, str] = MappingProxyType(
    {Kind.CONTACT: "contact", Kind.ACCOUNT: "company", Kind.OPPORTUNITY: "deal"}
)

_NOTHING = "{}: nothing that was overwritten since then is kept ([connection.undo] hours = {})."
_TOO_LATE = (
    "{}: values are kept for {} hours: what was overwritten before {:%Y-%m-%d %H:%M} UTC is lost."
)
_GOES_ON = (
    "{}: goes on with the undo that {} began at {:%Y-%m-%d %H:%M:%S} UTC; what was "
    "overwritten later is left: give a later --since."
)
_KEPT_NOWHERE = "This stack keeps nothing that is overwritten."
_KEEP = (
    "Deploy it with KeepOverwritten=yes, and set hours under [connection.undo]; what was "
    "overwritten before is lost."
)
_NO_STORE = (
    "are not kept: deploy the stack with KeepOverwritten=yes, or set hours = 0 under "
    "[connection.undo]"
)

_SECOND = timedelta(seconds=1)
"""The resolution of the times of jobs."""

_NO_CONNECTION = "?"
"""A name that no connection can have."""

MISSING_TABLE = "ResourceNotFoundException"
"""The code of a table that the stack does not have."""

OVERWRITTEN = "overwritten values"
"""The part of a `SetupStep` about the store of overwritten values."""


@dataclass(frozen=True, slots=True)
class UndoRequest:
    """What to put back.

    Attributes:
        since: The earliest overwriting to undo (UTC).
        name: An object of either side, or "" for all.
        only: A connection's name, or "" for all.
    """

    since: datetime
    name: str = ""
    only: str = ""

    @property
    def key(self) -> str:
        """What the jobs of this undo have in common, however its object was spelled.

        Raises `Refused` for an unknown object.
        """
        kind, name = _object(self.name)
        return " ".join((self.since.isoformat(), *filter(None, (kind, name))))


@dataclass(frozen=True, slots=True)
class UndoResult:
    """What an undo did, or would do.

    Attributes:
        since: The earliest overwriting that it undoes (UTC).
        applied: Whether anything was written.
        back: The values that are put back.
        left: The values that are not, and why.
        jobs: One job per connection; empty without `apply`.
        remarks: What else the operator should know, a sentence each.
    """

    since: datetime
    applied: bool
    back: tuple[RestoredValues, ...] = ()
    left: tuple[SkippedValues, ...] = ()
    jobs: tuple[Job, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether another run would find nothing more to put back."""
        return not any(one.is_open for one in self.left) and all(
            job.state is JobState.DONE for job in self.jobs
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoAdmin:
    """What the command does to undo.

    Attributes:
        settings: Reads the settings in force.
        kept: Makes the reader of overwritten values.
        view: Opens a connection for reading.
        context: Opens a connection for writing.
        jobs: Keeps a job per connection.
        new_id: Makes the id of a job.
        now: The clock (UTC).
        caller: The identity that a job is stored with.
    """

    settings: Callable[[], Settings]
    kept: Callable[[], OverwrittenHistory]
    view: Callable[[Connection, Settings], ReadOnlyView]
    context: Callable[[Connection, Settings], SyncContext]
    jobs: Jobs
    new_id: Callable[[], str]
    now: Callable[[], datetime]
    caller: Callable[[], str] = lambda: ""

    def undo(
        self, request: UndoRequest, *, apply: bool, progress: ReportProgress = no_progress
    ) -> UndoResult:
        """Put back what was overwritten, or without `apply` say what would be.

        Raises `Refused` for an unknown object or connection, a time in the future, and a stack that
        keeps no overwritten values; `SyncError` when a CRM or a store did not answer before
        anything was written.
        """
        if request.since > self.now():
            raise Refused(f"{request.since:%Y-%m-%d %H:%M:%S} UTC is still to come.", code="SINCE")
        settings = self.settings()
        kind, name = _object(request.name)
        runs: list[UndoRun] = []
        remarks: list[str] = []
        for connection in chosen_connections(settings, request.only):
            remarks += self._too_late(connection, request.since)
            first = self._first_job(connection, request)
            until = first.started_at if first else self.now()
            pairs = self._pairs(connection, settings, request.since, until, kind)
            if not pairs:
                remarks.append(_NOTHING.format(connection.name, connection.undo.hours))
                continue
            if first:
                remarks.append(_GOES_ON.format(connection.name, first.by, first.started_at))
            job = self._start(connection, request, pairs) if apply else None
            runs.append(
                UndoRun(
                    pairs,
                    name,
                    self.view(connection, settings).context,
                    replace(self.context(connection, settings), now=self.now),
                    self.jobs,
                    self.now,
                    job,
                    UndoCounts(connection.name),
                )
            )
        for run in runs:
            run.go(progress)
        return UndoResult(
            request.since,
            apply,
            tuple(one for run in runs for one in run.counts.back),
            tuple(one for run in runs for one in run.counts.left),
            tuple(run.job for run in runs if run.job),
            tuple(remarks),
        )

    def is_kept(self) -> bool:
        """Whether this stack has a store for overwritten values. Raises `TryAgain`."""
        now = self.now()
        try:
            next(iter(self.kept().since(_NO_CONNECTION, now, now)), None)
        except TryAgain as error:
            if error.code == MISSING_TABLE:
                return False
            raise
        return True

    def _too_late(self, connection: Connection, since: datetime) -> list[str]:
        """A remark when the request goes back further than values are kept."""
        hours = connection.undo.hours
        oldest = self.now() - timedelta(hours=hours)
        if hours > 0 and since < oldest:
            return [_TOO_LATE.format(connection.name, hours, oldest)]
        return []

    def _first_job(self, connection: Connection, request: UndoRequest) -> Job | None:
        """The first run of this undo.

        A later run puts back what the first one saw, and leaves alone what was written since: the
        undo itself wrote some of it.
        """
        jobs = self._jobs(connection, request)
        return min(jobs, key=lambda job: job.started_at, default=None)

    def _jobs(self, connection: Connection, request: UndoRequest) -> list[Job]:
        return [one for one in self._undos(connection) if one.after == request.key]

    def _undos(self, connection: Connection) -> list[Job]:
        return [one for one in self.jobs.all(connection.name) if one.type is JobType.UNDO]

    def _pairs(
        self,
        connection: Connection,
        settings: Settings,
        since: datetime,
        until: datetime,
        kind: Kind | None,
    ) -> Mapping[Kind, Mapping[Ref, WriteHistories]]:
        """What was overwritten, pair by pair. Raises `Refused` when this stack keeps nothing."""
        found: dict[Kind, dict[Ref, WriteHistories]] = defaultdict(dict)
        pairs_of: dict[tuple[Kind, Ref], set[Ref]] = defaultdict(set)
        try:
            for batch in self._batches(connection, settings, since):
                is_own = batch.connection == connection.name
                if kind not in {None, batch.kind} or (is_own and batch.at >= until + _SECOND):
                    continue
                pairs = found[batch.kind]
                for one in batch.pairs:
                    place = batch.kind, one.salesforce
                    if is_own:
                        pairs[one.hubspot] = with_writes(pairs.get(one.hubspot, {}), one)
                        pairs_of[place].add(one.hubspot)
                        continue
                    for ref in pairs_of.get(place, ()):
                        pairs[ref] = with_writes_of_another(pairs[ref], one)
        except TryAgain as error:
            if error.code == MISSING_TABLE:
                raise Refused(_KEPT_NOWHERE, code="UNDO", hint=_KEEP) from error
            raise
        return {one: pairs for one, pairs in found.items() if pairs}

    def _batches(
        self, connection: Connection, settings: Settings, since: datetime
    ) -> Iterator[OverwrittenBatch]:
        """What a connection and the others on its org overwrote, oldest first.

        Of another one only what it wrote after its own last undo, which is not kept and may have
        put back what this connection wrote.
        """
        kept, now = self.kept(), self.now()
        begins = {connection.name: since}
        for one in settings.connections:
            if (
                one.name != connection.name
                and one.salesforce.org_key == connection.salesforce.org_key
            ):
                undone = (job.started_at for job in self._undos(one))
                begins[one.name] = max((since, *undone))
        return merge(
            *(kept.since(name, begin, now) for name, begin in begins.items()),
            key=lambda batch: batch.at,
        )

    def _start(
        self,
        connection: Connection,
        request: UndoRequest,
        pairs: Mapping[Kind, Mapping[Ref, WriteHistories]],
    ) -> Job:
        """Store a running job, and cancel those of this undo that it replaces."""
        now, job_id = self.now(), self.new_id()
        for one in self._jobs(connection, request):
            if not one.state.is_over:
                text = f"Another run went on with it: {job_id}."
                self.jobs.save(replace(one, state=JobState.CANCELLED, moved_at=now, trouble=text))
        steps = tuple(
            JobStep(Side.HUBSPOT, _HUBSPOT_OBJECT[kind], total=len(some))
            for kind, some in pairs.items()
        )
        return self.jobs.save(
            Job(
                connection.name,
                job_id,
                JobType.UNDO,
                steps,
                started_at=now,
                moved_at=now,
                after=request.key,
                by=self.caller(),
            )
        )


def missing_undo_stores(settings: Settings, undo: UndoAdmin) -> Iterator[SetupStep]:
    """A step for each connection that wants overwritten values kept, if the stack keeps none.

    Raises `TryAgain`.
    """
    wanted = [one.name for one in settings.connections if one.undo.hours]
    if wanted and not undo.is_kept():
        for name in wanted:
            yield SetupStep(name, Side.SALESFORCE, OVERWRITTEN, StepState.WRONG, _NO_STORE)


def _object(name: str) -> tuple[Kind | None, str]:
    """The kind of an object in any spelling, and the Salesforce object that limits its pairs.

    None and "" for no object. Raises `Refused` for an unknown one.
    """
    if not name:
        return None, ""
    for spelling in (name, *singular_forms(name)):
        if spelling in _OBJECTS:
            return _OBJECTS[spelling]
    raise Refused(f"Of {name} nothing is put back; there are {', '.join(_OBJECTS)}.", code="OBJECT")
