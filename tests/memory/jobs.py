"""What backfills use, in memory: jobs, their messages, depths of queues, and lists of an object's
records.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from crmsync.errors import Conflict, SyncError, TryAgain
from crmsync.model.kinds.activities import ActivityKind
from crmsync.model.operations.calls import DailyCalls
from crmsync.model.operations.jobs import Job, JobCounts, JobMessage, without_findings
from crmsync.model.records import Kind, Ref, Value
from crmsync.ports.listing import ChangedRecord, DeletedPage, Page
from crmsync.rules.backfill.pacing import Depth
from tests.memory.crm import MemoryCrm


class MemoryJobs:
    """Implements `Jobs`. `fails` has an error for the save with that number (the first is 1),
    raised once.
    """

    def __init__(self) -> None:
        """There are no jobs."""
        self.saves = 0
        self.fails: dict[int, Exception] = {}
        self._jobs: dict[tuple[str, str], Job] = {}
        self._imported: dict[tuple[str, str], datetime] = {}
        self._counts: dict[tuple[str, str], JobCounts] = {}

    def load(self, connection: str, job_id: str) -> Job | None:
        """See the port."""
        return self._jobs.get((connection, job_id))

    def save(self, job: Job) -> Job:
        """See the port."""
        self.saves += 1
        if self.saves in self.fails:
            raise self.fails.pop(self.saves)
        stored = self._jobs.get((job.connection, job.id))
        if job.version != (stored.version if stored else 0):
            raise Conflict("The job was changed meanwhile.", code="JOB")
        saved = replace(job, version=job.version + 1)
        self._jobs[job.connection, job.id] = saved
        return saved

    def all(self, connection: str) -> Sequence[Job]:
        """See the port."""
        mine = [
            without_findings(job) if job.state.is_over else job
            for (name, _), job in self._jobs.items()
            if name == connection
        ]
        return sorted(mine, key=lambda job: (job.started_at, job.id), reverse=True)

    def not_over(self, connection: str) -> Sequence[Job]:
        """See the port."""
        return [job for job in self.all(connection) if not job.state.is_over]

    def count(self, connection: str, job_id: str, counts: JobCounts, now: datetime) -> None:  # noqa: ARG002 - kept for ever
        """See the port."""
        key = (connection, job_id)
        self._counts[key] = self._counts.get(key, JobCounts()) + counts

    def counts(self, connection: str) -> dict[str, JobCounts]:
        """See the port."""
        return {job: one for (name, job), one in self._counts.items() if name == connection}

    def mark_imported(self, connection: str, name: str, at: datetime) -> None:
        """See the port."""
        self._imported.setdefault((connection, name), at)

    def imported(self, connection: str, name: str) -> datetime | None:
        """See the port."""
        return self._imported.get((connection, name))

    def imports(self, connection: str) -> dict[str, datetime]:
        """See the port."""
        return {name: at for (of, name), at in self._imported.items() if of == connection}


class MemoryJobMessages:
    """Implements `JobMessages`: the messages that were sent and not yet received, with their
    delays.
    """

    def __init__(self) -> None:
        """No message was sent."""
        self.sent: list[tuple[JobMessage, int]] = []
        self.is_down = False

    def send(self, job_message: JobMessage, *, after: int = 0) -> None:
        """See the port."""
        if self.is_down:
            raise TryAgain("The queue is down.")
        self.sent.append((job_message, after))

    def take(self) -> JobMessage:
        """Return the oldest message and delete it."""
        return self.sent.pop(0)[0]


class MemoryBacklog:
    """Implements `Backlog`: the queue of every kind has the depth `now`."""

    def __init__(self) -> None:
        """The queues are empty."""
        self.now = Depth()

    def depth(self, kind: Kind) -> Depth:  # noqa: ARG002 - one queue for all
        """See the port."""
        return self.now


class MemoryWaiting:
    """Implements `Waiting` with the given depths."""

    def __init__(self, depths: Mapping[str, Depth] | None = None) -> None:
        """Queues of these depths."""
        self.queues = dict(depths or {})

    def depths(self) -> Mapping[str, Depth]:
        """See the port."""
        return dict(self.queues)


class MemoryLister:
    """Implements `Lister` and `RecycleBin` for the records of `crm`, and `Quota`. `down` has an error
    for the page with that number (the first is 1), raised once.
    """

    def __init__(self, crm: MemoryCrm, most: int = 2_000) -> None:
        """A page has at most `most` records."""
        self.pages = self.asked = 0
        self.down: dict[int, SyncError] = {}
        self.daily = DailyCalls(0, 100_000)
        self._crm = crm
        self._most = most

    def page(
        self,
        name: str,
        after: str,
        size: int,
        *,
        with_email: bool = False,
        activity: ActivityKind | None = None,
    ) -> Page:
        """See the port."""
        self.pages += 1
        if self.pages in self.down:
            raise self.down.pop(self.pages)
        found = self._refs(name, with_email=with_email, activity=activity)
        refs = [ref for ref in found if _order(ref.id) > _order(after)]
        part = tuple(refs[: min(size, self._most)])
        return Page(part, part[-1].id if len(refs) > len(part) else None)

    def count(
        self, name: str, *, with_email: bool = False, activity: ActivityKind | None = None
    ) -> int:
        """See the port."""
        return len(self._refs(name, with_email=with_email, activity=activity))

    def deleted(self, name: str, after: str) -> DeletedPage:
        """See the port."""
        self.pages += 1
        if self.pages in self.down:
            raise self.down.pop(self.pages)
        found = sorted(
            (ref for ref in self._crm.recycle_bin(name) if _order(ref.id) > _order(after)),
            key=lambda ref: _order(ref.id),
        )
        part = found[: self._most]
        records = tuple(
            ChangedRecord(one, at, deleted=True)
            for ref in part
            if (at := self._crm.deleted_time(ref))
            for one in (ref, *self._crm.merged_into(ref))
        )
        return DeletedPage(records, part[-1].id if len(found) > len(part) else None)

    def calls(self) -> DailyCalls:
        """See the port; `asked` counts the calls."""
        self.asked += 1
        return self.daily

    def _refs(self, name: str, *, with_email: bool, activity: ActivityKind | None) -> list[Ref]:
        fields = {ref: self._crm.fields(ref) for ref in self._crm.refs(name)}
        address = self._crm.behaviour.email
        wanted = [ref for ref, shown in fields.items() if not shown.get("IsConverted")]
        if name == "Task" and activity:
            wanted = [ref for ref in wanted if _task_kind(fields[ref]) is activity]
        return sorted(
            (ref for ref in wanted if fields[ref].get(address) or not with_email),
            key=lambda ref: _order(ref.id),
        )


def _task_kind(fields: Mapping[str, Value]) -> ActivityKind:
    """Return the kind of activity that a task is."""
    subtypes = {"Call": ActivityKind.CALL, "Email": ActivityKind.EMAIL}
    return subtypes.get(str(fields.get("TaskSubtype")), ActivityKind.TASK)


def _order(record_id: str) -> tuple[int, str]:
    """Return the sort key of an id: numbers by their value, other ids as text."""
    return (int(record_id), "") if record_id.isdigit() else (0, record_id)
