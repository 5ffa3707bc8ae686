"""What the operator does with backfills: reckons what one would cost, starts it, watches it, pauses
it, has it go on, cancels it.

Shows first and acts only when told. A job is stored before its first errand is sent: one whose
errand got lost is there to be resumed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from crmsync.errors import Gone, Refused
from crmsync.flows.backfill.run import LEFT_OUT
from crmsync.model.crm_names import ACCOUNT
from crmsync.model.jobs import Job, JobState, JobStep, JobType, errand_of
from crmsync.model.records import Kind, Side
from crmsync.model.settings import Connection, Settings
from crmsync.ports.listing import Lister
from crmsync.ports.queues import JobMessages
from crmsync.ports.stores import Jobs
from crmsync.rules.backfill.estimate import Price, price_of, together
from crmsync.rules.backfill.objects import IMPORTABLE, WALKED, Walked, importable, walked
from crmsync.rules.kinds.contact.creation import MAKES_A_CONTACT
from crmsync.rules.settings.order import obstacle

LOOK_EVERY = 1.0
"""Seconds between two looks at jobs that run."""

PATIENCE = 90
"""Looks without any move after which nobody watches any longer; the jobs do not need it."""


@dataclass(frozen=True, slots=True)
class PlannedJobs:
    """Jobs as they would be started, one per connection, what they cost together, and what should
    be known beside.
    """

    jobs: tuple[Job, ...]
    price: Price
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JobAdmin:
    """Everything about jobs that the command can do. `lister` makes a side of a connection when it
    is needed.

    `ticket` makes a ticket that no other turn has, `sleep` lets seconds pass, `who` says who acts.
    """

    settings: Callable[[], Settings]
    jobs: Jobs
    job_messages: JobMessages
    lister: Callable[[Connection, Side], Lister]
    ticket: Callable[[], str]
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    who: Callable[[], str] = lambda: ""

    def plan_import(self, word: str, only: str = "") -> PlannedJobs:
        """What ``crmsync import`` of an object would do, for every connection that has it switched
        on, or `only` one (ACC-4, IMP-1).

        Raises `Refused` for an object that cannot be imported, and where it is switched off
        everywhere (ACC-2).
        """
        found = importable(word)
        if found is None:
            raise Refused(f"{word} cannot be imported; {', '.join(IMPORTABLE)} can.", code="OBJECT")
        leg = replace(found.leg(), with_email=found.needs_email)
        return self._plan(JobType.IMPORT, [(found, leg)], self._connections(only))

    def plan_resync(
        self, side: Side, name: str, ids: Sequence[str] = (), only: str = ""
    ) -> PlannedJobs:
        """What a resync of an object, or of single records of it, would do (MAP-6, ACC-13). Raises
        `Refused` for an unknown object.
        """
        found = walked(side, name)
        if found is None:
            known = ", ".join(one.object for one in WALKED if one.side is side)
            raise Refused(f"{side} has no {name} to resync; there are {known}.", code="OBJECT")
        return self._plan(JobType.RESYNC, [(found, found.leg(*ids))], self._connections(only))

    def plan_resync_of_all(self, only: str = "") -> PlannedJobs:
        """What a resync of everything would do, parents first: all that a connection has switched
        on.
        """
        return self._plan(
            JobType.RESYNC, [(one, one.leg()) for one in WALKED], self._connections(only)
        )

    def start(self, planned: PlannedJobs, *, limit: int = 0) -> list[Job]:
        """Start the jobs. Raises `Refused`, and starts none, where there are more records than
        `limit` (0: no brake).
        """
        if limit and planned.price.records > limit:
            raise Refused(
                f"{planned.price.records:,} records would be looked at, more than --max-changes {limit:,} allows.",
                code="BRAKE",
                hint="Nothing was queued. Resync less at a time, or allow more.",
            )
        return [self._start(replace(job, limit=limit)) for job in planned.jobs]

    def all(self) -> list[Job]:
        """Every job of every connection, newest first."""
        jobs = [job for one in self.settings().connections for job in self.jobs.all(one.name)]
        return sorted(jobs, key=lambda job: (job.started_at, job.id), reverse=True)

    def watch(self, jobs: Sequence[Job]) -> Iterator[list[Job]]:
        """The same jobs, looked at each second until none of them runs, or until nothing has moved
        for a while.
        """
        now, still = list(jobs), 0
        while any(job.state is JobState.RUNNING for job in now) and still < PATIENCE:
            self.sleep(LOOK_EVERY)
            before, now = now, [self.jobs.load(job.connection, job.id) or job for job in now]
            still = (
                still + 1 if [job.version for job in before] == [job.version for job in now] else 0
            )
            yield now

    def pause(self, job_id: str) -> Job:
        """Have a job stop where it is. Raises `Gone` for an unknown one, `Refused` for one that is
        over, `Conflict` when it just moved.
        """
        return self._stop(job_id, JobState.PAUSED, "paused by the operator")

    def cancel(self, job_id: str) -> Job:
        """End a job for good; what is queued is still looked at. Raises as `pause` does."""
        return self._stop(job_id, JobState.CANCELLED, f"{LEFT_OUT} The job was cancelled (LIM-2).")

    def resume(self, job_id: str) -> Job:
        """Have a job go on from where it stopped; a brake counts anew. Raises as `pause` does.

        Also for one that runs and does not move: the new ticket takes the old one's place.
        """
        job = self._open(job_id)
        if job.verb is JobType.UNDO:
            raise Refused("An undo goes on when crmsync undo is run again.", code="JOB")
        more = job.queued + job.limit if job.limit else 0
        again = replace(job, state=JobState.RUNNING, trouble="", limit=more, moved_at=self.now())
        return self._send(again)

    def finish_account_import(self) -> None:
        """Have every connection count as one whose accounts are imported (OPP-2): for a deployment
        that has no older ones.
        """
        for one in self.settings().connections:
            self.jobs.mark_imported(one.name, ACCOUNT, self.now())

    def _plan(
        self,
        verb: JobType,
        rows: Sequence[tuple[Walked, JobStep]],
        connections: Sequence[Connection],
    ) -> PlannedJobs:
        jobs: list[Job] = []
        remarks: list[str] = []
        for connection in connections:
            on, told = self._ready(rows, connection)
            remarks += told
            if verb is JobType.IMPORT:
                remarks += [
                    _MAKES_NONE.format(connection.name, leg.object)
                    for _, leg in on
                    if _makes_none(leg, connection)
                ]
            if on:
                legs = tuple(self._counted(connection, one, leg) for one, leg in on)
                jobs.append(self._job(connection, verb, legs))
        if not jobs:
            hint = (
                _SWITCH
                if any(not one.syncs(connection) for one, _ in rows for connection in connections)
                else ""
            )
            raise Refused(
                " ".join(remarks) or "There are no connections.", code="SWITCH", hint=hint
            )
        daily = {one.name: one.salesforce.daily_call_allotment for one in connections}
        price = together(price_of(job.legs, daily[job.connection]) for job in jobs)
        return PlannedJobs(tuple(jobs), price, (*remarks, *_about(jobs)))

    def _ready(
        self, rows: Sequence[tuple[Walked, JobStep]], connection: Connection
    ) -> tuple[list[tuple[Walked, JobStep]], list[str]]:
        """Those of the rows that can be walked through, and what is to be said of the others
        (SET-4, OPP-2, OPP-3).
        """
        name = connection.name
        sentence, rule = obstacle(connection, self.jobs.imported(name, ACCOUNT))
        held = {Kind.OPPORTUNITY} if sentence else set[Kind]()
        others = [one for one, _ in rows if one.kind is not Kind.OPPORTUNITY]
        off = {one.section: one.switch for one in reversed(others) if not one.syncs(connection)}
        told = [_OFF.format(name, section, switch) for section, switch in off.items()]
        told += [f"{name}: {sentence} ({rule})." for one, _ in rows if one.kind in held][:1]
        return [
            (one, leg) for one, leg in rows if one.syncs(connection) and one.kind not in held
        ], told

    def _counted(self, connection: Connection, row: Walked, leg: JobStep) -> JobStep:
        """The leg with how many records it has to walk through."""
        if leg.ids:
            return replace(leg, total=len(leg.ids))
        lister = self.lister(connection, row.side)
        total = lister.count(leg.object, with_email=leg.with_email)
        left_out = max(0, lister.count(leg.object) - total) if leg.with_email else 0
        return replace(leg, total=total, left_out=left_out)

    def _job(self, connection: Connection, verb: JobType, legs: tuple[JobStep, ...]) -> Job:
        now = self.now()
        return Job(
            connection.name, self.ticket(), verb, legs, started_at=now, moved_at=now, by=self.who()
        )

    def _start(self, job: Job) -> Job:
        now = self.now()
        return self._send(replace(job, started_at=now, moved_at=now))

    def _send(self, job: Job) -> Job:
        saved = self.jobs.save(job.with_ticket(self.ticket()))
        self.job_messages.send(errand_of(saved))
        return saved

    def _stop(self, job_id: str, state: JobState, trouble: str) -> Job:
        job = self._open(job_id)
        left = job.leg is not None or state is JobState.PAUSED
        return self.jobs.save(
            replace(job, state=state, trouble=trouble if left else "", moved_at=self.now())
        )

    def _open(self, job_id: str) -> Job:
        found = next((job for job in self.all() if job.id == job_id), None)
        if found is None:
            raise Gone(f"there is no job {job_id}")
        if found.state.is_over:
            raise Refused(f"Job {job_id} is {found.state} already.", code="JOB")
        return found

    def _connections(self, only: str) -> list[Connection]:
        known = list(self.settings().connections)
        if not only:
            return known
        named = [one for one in known if one.name == only]
        if not named:
            raise Refused(f"There is no connection {only}.", code="CONNECTION")
        return named


_OFF = "{}: {} are switched off ({})."
_SWITCH = "Switch it on in the settings before the import: without that nothing would be made."


_MAKES_NONE = "{}: by create_in_hubspot a {} makes no contact, so the import only finds those that there are (SET-1)."


def _makes_none(leg: JobStep, connection: Connection) -> bool:
    return (
        leg.with_email and leg.object not in MAKES_A_CONTACT[connection.contacts.create_in_hubspot]
    )


def _about(jobs: Iterable[Job]) -> list[str]:
    return [
        f"{job.connection}: {job.left_out:,} have no e-mail address and are not imported (IMP-4)."
        for job in jobs
        if job.left_out
    ]
