"""The operator's backfills: their cost is estimated, and they are started, watched, paused, resumed
and cancelled.

A job is stored before its first message is sent, so a job whose message got lost can be resumed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from crmsync.errors import Gone, Refused
from crmsync.flows.arguments import chosen_connections, singular_forms
from crmsync.flows.backfill.link_rebuild import RecordReader
from crmsync.flows.backfill.run import LEFT_OUT, counted
from crmsync.model.concerns import KIND_OF
from crmsync.model.crm_names import ACCOUNT
from crmsync.model.effects import Category
from crmsync.model.operations.comparison import Comparison
from crmsync.model.operations.inbox import InboxEntry
from crmsync.model.operations.jobs import (
    LINKS,
    Job,
    JobCounts,
    JobState,
    JobStep,
    JobType,
    job_message_of,
)
from crmsync.model.records import Kind, Ref, Side
from crmsync.model.settings import Connection, Settings
from crmsync.ports.listing import Lister
from crmsync.ports.queues import JobMessages
from crmsync.ports.stores import Inbox, Jobs
from crmsync.rules.backfill.estimate import CallEstimate, estimate_of, storage_of, total_estimate
from crmsync.rules.backfill.objects import (
    BACKFILL_OBJECTS,
    IMPORTABLE,
    BackfillObject,
    backfill_object,
    expected_on,
    importable,
)
from crmsync.rules.kinds.contact.creation import MAKES_A_CONTACT
from crmsync.rules.preview.labels import LABEL_FIELDS
from crmsync.rules.settings.prerequisites import obstacle

POLL_SECONDS, MAX_POLLS = 1.0, 90
"""Seconds between two reads of watched jobs, and reads without progress that end the watch."""

AFTERWARDS = timedelta(minutes=15)
"""How long after a job's last progress its last records may still be parked."""

SHORT_ID = 15
"""Characters of a Salesforce id without its checksum."""

_OFF = "{}: {} are switched off ({})."
_SWITCH = "Switch it on in the settings before the import: without that nothing would be made."
_MAKES_NONE = (
    "{}: by create_in_hubspot a {} makes no contact, so the import only finds those that "
    "there are (SET-1)."
)
_WITHOUT_ADDRESS = "{}: {:,} have no e-mail address and are not imported (IMP-4)."


@dataclass(frozen=True, slots=True)
class PlannedJobs:
    """Jobs as they would be started.

    Attributes:
        jobs: One per connection.
        estimate: The API calls of all of them together.
        remarks: What else the operator should know, a sentence each.
    """

    jobs: tuple[Job, ...]
    estimate: CallEstimate
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JobAdmin:
    """What the command does with jobs.

    Attributes:
        settings: Reads the settings in force.
        jobs: The stored jobs.
        job_messages: Sends the message of a job's next turn.
        lister: Makes the lister of a connection's side.
        new_id: Makes an id that no job and no turn has had.
        now: The clock (UTC).
        sleep: Waits for a number of seconds.
        inbox: The error inbox.
        reader: Makes what reads the records of a connection's side.
        caller: The identity that a job is stored with.
    """

    settings: Callable[[], Settings]
    jobs: Jobs
    job_messages: JobMessages
    lister: Callable[[Connection, Side], Lister]
    new_id: Callable[[], str]
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    inbox: Inbox
    reader: Callable[[Connection, Side], RecordReader]
    caller: Callable[[], str] = lambda: ""

    def plan_import(self, word: str, only: str = "") -> PlannedJobs:
        """What ``crmsync import`` would do, on all connections or `only` one (ACC-4, IMP-1).

        Raises `Refused` for an object that cannot be imported or is off everywhere (ACC-2).
        """
        found = importable(word)
        if not found:
            raise Refused(f"{word} cannot be imported; {', '.join(IMPORTABLE)} can.", code="OBJECT")
        rows = [(one, replace(one.step(), with_email=one.needs_email)) for one in found]
        planned = self._plan(JobType.IMPORT, rows, only)
        storage = filter(None, (storage_of(job.connection, job.steps) for job in planned.jobs))
        return replace(planned, remarks=(*planned.remarks, *storage))

    def plan_resync(
        self, side: Side, name: str, ids: Sequence[str] = (), only: str = ""
    ) -> PlannedJobs:
        """What a resync of an object, or of some of its records, would do (MAP-6, ACC-13).

        Raises `Refused` for an unknown object, and for one that is switched off everywhere.
        """
        found = backfill_object(side, name)
        if found is None:
            known = ", ".join(one.object for one in BACKFILL_OBJECTS if one.side is side)
            raise Refused(f"{side} has no {name} to resync; there are {known}.", code="OBJECT")
        planned = self._plan(JobType.RESYNC, [(found, found.step(*ids))], only)
        unseen = self._unseen(found, ids, [job.connection for job in planned.jobs])
        return replace(planned, remarks=(*planned.remarks, *unseen))

    def plan_resync_of_all(self, only: str = "") -> PlannedJobs:
        """What a resync of everything that is switched on would do, parents first."""
        return self._plan(JobType.RESYNC, [(one, one.step()) for one in BACKFILL_OBJECTS], only)

    def plan_comparison(
        self, name: str = "", only: str = "", *, repairs: bool = False, counts: bool = True
    ) -> PlannedJobs:
        """What a comparison of an object's kind would do, or of everything for "" (CH-31).

        The objects of a kind are compared together, as a pair has one on each side. Without
        `counts` no call is made here. Raises `Refused` for an unknown object, and for one that is
        switched off everywhere.
        """
        rows = _of_the_kind(name)
        planned = self._plan(
            JobType.VERIFY, [(one, one.step()) for one in rows], only, counts=counts
        )
        links, comparison = JobStep(Side.HUBSPOT, LINKS), Comparison(repairs)
        jobs = (replace(job, steps=(links, *job.steps)) for job in planned.jobs)
        return replace(planned, jobs=tuple(replace(job, comparison=comparison) for job in jobs))

    def start(self, planned: PlannedJobs, *, limit: int = 0) -> list[Job]:
        """Start the jobs. Raises as `check_limit` does, and starts none then."""
        self.check_limit(planned, limit)
        now = self.now()
        return [
            self._send(replace(job, limit=limit, started_at=now, moved_at=now))
            for job in planned.jobs
        ]

    def check_limit(self, planned: PlannedJobs, limit: int) -> None:
        """Raises `Refused` if the jobs have more records than `limit` (0 = no limit)."""
        if limit and planned.estimate.records > limit:
            raise Refused(
                f"{planned.estimate.records:,} records would be looked at, more than "
                f"--max-changes {limit:,} allows.",
                code="BRAKE",
                hint="Nothing was queued. Resync less at a time, or allow more.",
            )

    def parked_by(self, jobs: Iterable[Job]) -> Mapping[str, Mapping[Category, int]]:
        """Job id -> how many records of its kinds were newly parked while it ran, by category.

        Only of imports and resyncs. Live changes of the same time are among them: a record does not
        know which job had it synced. Raises `TryAgain`.
        """
        entries: dict[str, Sequence[InboxEntry]] = {}
        counts: dict[str, Mapping[Category, int]] = {}
        for job in jobs:
            if job.type not in {JobType.IMPORT, JobType.RESYNC}:
                continue
            if job.connection not in entries:
                entries[job.connection] = self.inbox.entries(job.connection)
            counts[job.id] = Counter(
                one.report.category for one in entries[job.connection] if _is_of(job, one)
            )
        return counts

    def counts_of(self, jobs: Iterable[Job]) -> Mapping[str, JobCounts]:
        """Job id -> what became of the records that it queued. Only of imports and resyncs. Raises
        `TryAgain`.
        """
        connections = dict.fromkeys(
            job.connection for job in jobs if job.type in {JobType.IMPORT, JobType.RESYNC}
        )
        return {
            job: counts for name in connections for job, counts in self.jobs.counts(name).items()
        }

    def all(self) -> list[Job]:
        """Every job of every connection, newest first."""
        jobs = [job for one in self.settings().connections for job in self.jobs.all(one.name)]
        return sorted(jobs, key=lambda job: (job.started_at, job.id), reverse=True)

    def watch(self, jobs: Sequence[Job]) -> Iterator[list[Job]]:
        """The jobs, read each second until none is running or nothing has moved for a while."""
        now, still = list(jobs), 0
        while any(job.state is JobState.RUNNING for job in now) and still < MAX_POLLS:
            self.sleep(POLL_SECONDS)
            before, now = now, [self.jobs.load(job.connection, job.id) or job for job in now]
            has_moved = [job.version for job in before] != [job.version for job in now]
            still = 0 if has_moved else still + 1
            yield now

    def pause(self, job_id: str) -> Job:
        """Stop a job for now.

        Raises `Gone` for an unknown job, `Refused` for one that is over, `Conflict` when it moved
        on at this moment.
        """
        return self._stop(job_id, JobState.PAUSED, "paused by the operator")

    def cancel(self, job_id: str) -> Job:
        """Stop a job for good; records that are queued still sync. Raises as `pause` does."""
        return self._stop(job_id, JobState.CANCELLED, f"{LEFT_OUT} The job was cancelled (LIM-2).")

    def resume(self, job_id: str) -> Job:
        """Let a job go on from where it stopped; a limit counts from zero. Raises as `pause` does.

        Also for a job that is running but does not move: its new turn replaces the old one.
        """
        job = self._open(job_id)
        if job.type is JobType.UNDO:
            raise Refused("An undo goes on when crmsync undo is run again.", code="JOB")
        limit = job.queued + job.limit if job.limit else 0
        again = replace(job, state=JobState.RUNNING, trouble="", limit=limit, moved_at=self.now())
        return self._send(again)

    def finish_account_import(self) -> None:
        """Mark the accounts of every connection as imported (OPP-2).

        For a deployment without accounts that are older than it.
        """
        for one in self.settings().connections:
            self.jobs.mark_imported(one.name, ACCOUNT, self.now())

    def _unseen(
        self, found: BackfillObject, ids: Sequence[str], connections: Sequence[str]
    ) -> Iterator[str]:
        """A remark about each of the records that a side does not show: it may be deleted, which
        its sync finds out, or never have been there.
        """
        refs = [Ref(found.side, found.object, one) for one in ids]
        fields = LABEL_FIELDS[found.side]
        for connection in chosen_connections(self.settings(), "") if refs else ():
            if connection.name not in connections:
                continue
            shown = {
                ref.id[:SHORT_ID] for ref in self.reader(connection, found.side).read(refs, fields)
            }
            for one in ids:
                if one[:SHORT_ID] not in shown:
                    yield (
                        f"{connection.name}: {found.side} shows no {found.object} {one}; it was "
                        "deleted, or was never there."
                    )

    def _plan(
        self,
        job_type: JobType,
        rows: Sequence[tuple[BackfillObject, JobStep]],
        only: str,
        *,
        counts: bool = True,
    ) -> PlannedJobs:
        connections = chosen_connections(self.settings(), only)
        jobs: list[Job] = []
        remarks: list[str] = []
        for connection in connections:
            ready, reasons = self._ready(rows, connection)
            remarks += reasons
            if job_type is JobType.IMPORT:
                remarks += [
                    _MAKES_NONE.format(connection.name, step.object)
                    for _, step in ready
                    if _makes_none(step, connection)
                ]
            if ready:
                steps = tuple(
                    replace(step, total=len(step.ids))
                    if step.ids or not counts
                    else counted(step, self.lister(connection, one.side))
                    for one, step in ready
                )
                jobs.append(self._job(connection, job_type, steps))
        if not jobs:
            is_off = any(not one.syncs(each) for one, _ in rows for each in connections)
            raise Refused(" ".join(remarks), code="SWITCH", hint=_SWITCH if is_off else "")
        daily = {one.name: one.salesforce.daily_call_allotment for one in connections}
        estimate = total_estimate(estimate_of(job.steps, daily[job.connection]) for job in jobs)
        remarks += [
            _WITHOUT_ADDRESS.format(job.connection, job.left_out) for job in jobs if job.left_out
        ]
        return PlannedJobs(tuple(jobs), estimate, tuple(remarks))

    def _ready(
        self, rows: Sequence[tuple[BackfillObject, JobStep]], connection: Connection
    ) -> tuple[list[tuple[BackfillObject, JobStep]], list[str]]:
        """The rows that can be worked through, and why the others cannot (SET-4, OPP-2, OPP-3)."""
        sentence, rule = obstacle(connection, self.jobs.imported(connection.name, ACCOUNT))
        ready: list[tuple[BackfillObject, JobStep]] = []
        switches: dict[str, str] = {}
        is_held = False
        for one, step in rows:
            is_opportunity = one.kind is Kind.OPPORTUNITY
            if is_opportunity and sentence:
                is_held = True
            elif one.syncs(connection):
                ready.append((one, step))
            elif not is_opportunity:
                switches.setdefault(one.section, one.switch)
        on = {one.section for one, _ in ready}
        told = {one.section for one in expected_on(one for one, _ in rows)} - on
        reasons = [
            _OFF.format(connection.name, section, switch)
            for section, switch in switches.items()
            if section in told
        ]
        if is_held:
            reasons.append(f"{connection.name}: {sentence} ({rule}).")
        return ready, reasons

    def _job(self, connection: Connection, job_type: JobType, steps: tuple[JobStep, ...]) -> Job:
        now = self.now()
        return Job(
            connection.name,
            self.new_id(),
            job_type,
            steps,
            started_at=now,
            moved_at=now,
            by=self.caller(),
        )

    def _send(self, job: Job) -> Job:
        saved = self.jobs.save(job.with_turn_token(self.new_id()))
        self.job_messages.send(job_message_of(saved))
        return saved

    def _stop(self, job_id: str, state: JobState, reason: str) -> Job:
        job = self._open(job_id)
        is_left = job.step is not None or state is JobState.PAUSED
        return self.jobs.save(
            replace(job, state=state, trouble=reason if is_left else "", moved_at=self.now())
        )

    def _open(self, job_id: str) -> Job:
        jobs = self.all()
        found = next((job for job in jobs if job.id == job_id), None)
        if found is None:
            known = ", ".join(job.id for job in jobs if not job.state.is_over) or "none"
            raise Gone(
                f"There is no job {job_id}.", code="JOB", hint=f"Jobs that are not over: {known}."
            )
        if found.state.is_over:
            raise Refused(f"Job {job_id} is {found.state} already.", code="JOB")
        return found


def _of_the_kind(name: str) -> list[BackfillObject]:
    """The objects that are compared along with an object of this name; all for ""."""
    words = set(singular_forms(name))
    kinds = {one.kind for one in BACKFILL_OBJECTS if {one.object.lower(), one.word} & words}
    if name and not kinds:
        known = ", ".join(dict.fromkeys(one.object.lower() for one in BACKFILL_OBJECTS))
        raise Refused(f"{name} cannot be compared; {known} can.", code="OBJECT")
    return [one for one in BACKFILL_OBJECTS if not name or one.kind in kinds]


def _is_of(job: Job, entry: InboxEntry) -> bool:
    """Whether a record of the job's kinds was first parked while it ran."""
    kinds = {KIND_OF[step.side].get(step.object) for step in job.steps}
    ref = entry.report.ref
    is_meanwhile = job.started_at <= entry.first_at <= job.moved_at + AFTERWARDS
    return is_meanwhile and KIND_OF[ref.side].get(ref.object) in kinds


def _makes_none(step: JobStep, connection: Connection) -> bool:
    """Whether an import of this object makes no contacts, by the settings."""
    makes = MAKES_A_CONTACT[connection.contacts.create_in_hubspot]
    return step.with_email and step.object not in makes
