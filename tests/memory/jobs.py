"""What backfills work with, in memory: jobs, job messages, the backlog of the queues, an object's
records one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from crmsync.errors import Conflict, SyncError, TryAgain
from crmsync.model.jobs import Job, JobMessage
from crmsync.model.records import Kind, Ref
from crmsync.ports.listing import Page
from crmsync.rules.backfill.pacing import DailyCalls, Depth, KnownCalls
from tests.memory.crm import MemoryCrm


class MemoryJobs:
    """Implements `Jobs`. ``fails`` is raised once by the save with that number (the first is 1)."""

    def __init__(self) -> None:
        """No job was ever started."""
        self.saves = 0
        self.fails: dict[int, Exception] = {}
        self._jobs: dict[tuple[str, str], Job] = {}
        self._imported: dict[tuple[str, str], datetime] = {}

    def load(self, connection: str, job_id: str) -> Job | None:
        """As the port says."""
        return self._jobs.get((connection, job_id))

    def save(self, job: Job) -> Job:
        """As the port says."""
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
        """As the port says."""
        mine = [job for (name, _), job in self._jobs.items() if name == connection]
        return sorted(mine, key=lambda job: (job.started_at, job.id), reverse=True)

    def mark_imported(self, connection: str, name: str, at: datetime) -> None:
        """As the port says."""
        self._imported.setdefault((connection, name), at)

    def imported(self, connection: str, name: str) -> datetime | None:
        """As the port says."""
        return self._imported.get((connection, name))


class MemoryJobMessages:
    """Implements `JobMessages`: what was sent and not yet taken, with its delay."""

    def __init__(self) -> None:
        """Nothing was sent."""
        self.sent: list[tuple[JobMessage, int]] = []
        self.is_down = False

    def send(self, job_message: JobMessage, *, after: int = 0) -> None:
        """As the port says."""
        if self.is_down:
            raise TryAgain("The queue is down.")
        self.sent.append((job_message, after))

    def take(self) -> JobMessage:
        """The oldest job message, which is then gone."""
        return self.sent.pop(0)[0]


class MemoryBacklog:
    """Implements `Backlog`: every concern has ``now`` before it."""

    def __init__(self) -> None:
        """Nothing waits."""
        self.now = Depth()

    def depth(self, kind: Kind) -> Depth:  # noqa: ARG002 - one queue for all
        """As the port says."""
        return self.now


class MemoryWaiting:
    """Implements `Waiting`: says what it is told to."""

    def __init__(self, depths: Mapping[str, Depth] | None = None) -> None:
        """Queues of these depths."""
        self.queues = dict(depths or {})

    def depths(self) -> Mapping[str, Depth]:
        """As the port says."""
        return dict(self.queues)


class MemoryMeter:
    """Implements `Meter` for the org `crm`."""

    def __init__(self, crm: MemoryCrm) -> None:
        """Listen to its answers."""
        self._crm = crm

    def known(self) -> KnownCalls | None:
        """As the port says."""
        return self._crm.known_calls


class MemoryLister:
    """Implements `Lister` for the records of `crm`, and `Quota`. ``down`` is raised once by the
    page with that number (the first is 1).
    """

    def __init__(self, crm: MemoryCrm, most: int = 2_000) -> None:
        """Give at most `most` records a page."""
        self.pages = self.asked = 0
        self.down: dict[int, SyncError] = {}
        self.daily = DailyCalls(0, 100_000)
        self._crm = crm
        self._most = most

    def page(self, name: str, after: str, size: int, *, with_email: bool = False) -> Page:
        """As the port says."""
        self.pages += 1
        if self.pages in self.down:
            raise self.down.pop(self.pages)
        refs = [
            ref for ref in self._refs(name, with_email=with_email) if _place(ref.id) > _place(after)
        ]
        part = tuple(refs[: min(size, self._most)])
        return Page(part, part[-1].id if len(refs) > len(part) else None)

    def count(self, name: str, *, with_email: bool = False) -> int:
        """As the port says."""
        return len(self._refs(name, with_email=with_email))

    def calls(self) -> DailyCalls:
        """As the port says; ``asked`` counts."""
        self.asked += 1
        return self.daily

    def _refs(self, name: str, *, with_email: bool) -> list[Ref]:
        fields = {ref: self._crm.fields(ref) for ref in self._crm.refs(name)}
        address = self._crm.behaviour.email
        wanted = [ref for ref, shown in fields.items() if not shown.get("IsConverted")]
        return sorted(
            (ref for ref in wanted if fields[ref].get(address) or not with_email),
            key=lambda ref: _place(ref.id),
        )


def _place(record_id: str) -> tuple[int, str]:
    """Where an id stands in a side's order: numbers by their size, others letter by letter."""
    return (int(record_id), "") if record_id.isdigit() else (0, record_id)
