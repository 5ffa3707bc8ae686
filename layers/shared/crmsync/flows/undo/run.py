"""The undo of one connection: pairs are read, decided about and written batch by batch, and a job
keeps how far it came.

Wherever a run ends, nothing is done twice: the records themselves show what is put back already.
A job that an operator pauses or cancels stops before its next batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from crmsync.errors import Conflict, SyncError
from crmsync.flows.arguments import ReportProgress
from crmsync.flows.engine.change_limits import allowed
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.kinds.dispatch import plan_changes
from crmsync.flows.undo.summary import UndoCounts
from crmsync.flows.undo.writes import PairUndo, write_undo
from crmsync.model.change_limits import ChangeLimit, Hold
from crmsync.model.changes import Cause, Change
from crmsync.model.facts import Facts
from crmsync.model.operations.jobs import Job, JobState
from crmsync.model.records import Kind, Ref, Side
from crmsync.ports.stores import Jobs
from crmsync.rules.pair.undo import SkipReason, WriteHistories, left_alone, restoration

BATCH = 200
"""Pairs that are read and written together: one call to Salesforce, two to HubSpot."""

OVER_LIMIT = (
    "are beyond max_changes_per_hour, which holds for an undo as well: run it again in the "
    "next hour"
)
JOB_OVER_LIMIT = (
    "Some records are beyond max_changes_per_hour, which holds for an undo as well. Run the "
    "undo again in the next hour."
)
_RUN_AGAIN = "Run the undo again: it goes on where this one stopped."


@dataclass(slots=True)
class UndoRun:
    """The undo of one connection.

    Attributes:
        pairs: What was overwritten, by kind and HubSpot record.
        name: The Salesforce object whose pairs alone are undone; "" for all.
        reading: The connection, for reading only.
        writing: The connection, for writing.
        jobs: Keeps the job.
        now: The clock (UTC).
        job: The job of the run. Without one, nothing is written and the values are only counted.
        counts: The result so far.
    """

    pairs: Mapping[Kind, Mapping[Ref, WriteHistories]]
    name: str
    reading: SyncContext
    writing: SyncContext
    jobs: Jobs
    now: Callable[[], datetime]
    job: Job | None = None
    counts: UndoCounts = field(default_factory=UndoCounts)

    def go(self, progress: ReportProgress) -> None:
        """Work through all pairs.

        Without a job, raises `SyncError`; with one, the job is paused and says why.
        """
        done, total = 0, sum(map(len, self.pairs.values()))
        try:
            for kind, batch in self._batches():
                self._undo(kind, batch)
                done += len(batch)
                self._save_job(queued=done)
                progress(self.reading.connection.name, done, total)
            if self.counts.waits:
                self._save_job(state=JobState.PAUSED, trouble=JOB_OVER_LIMIT)
            else:
                self._save_job(state=JobState.DONE, trouble="")
        except Conflict:
            # Somebody paused or cancelled the job.
            self.job = self.job and self.jobs.load(self.job.connection, self.job.id)
        except SyncError as error:
            if self.job is None:
                raise
            self._save_job(state=JobState.PAUSED, trouble=f"{error.text} {_RUN_AGAIN}")

    def _batches(self) -> Iterator[tuple[Kind, Mapping[Ref, WriteHistories]]]:
        for kind, pairs in self.pairs.items():
            refs = list(pairs)
            for start in range(0, len(refs), BATCH):
                yield kind, {ref: pairs[ref] for ref in refs[start : start + BATCH]}

    def _undo(self, kind: Kind, batch: Mapping[Ref, WriteHistories]) -> None:
        undos = [one.only(self.name) for one in self._decided(kind, batch)]
        over_limit = self._over_limit(kind, undos)
        for at in over_limit:
            self.counts.add(undos[at], waits=OVER_LIMIT)
        within = [one for at, one in enumerate(undos) if at not in over_limit]
        failed = write_undo(within, self.writing, kind, self.now()) if self.job else {}
        for at, one in enumerate(within):
            self.counts.add(one, failed.get(at))

    def _over_limit(self, kind: Kind, undos: Sequence[PairUndo]) -> set[int]:
        """The places of the undos that exceed an hour's limit (Q-30).

        A preview counts as if nothing else had been changed in the hour.
        """
        context = self.writing if self.job else self.reading
        over: set[int] = set()
        for side in Side:
            places = [at for at, one in enumerate(undos) if side in one.sides]
            room = allowed(Hold(side, ChangeLimit.UNDONE), len(places), context, kind)
            over.update(places[room:])
        return over

    def _decided(self, kind: Kind, batch: Mapping[Ref, WriteHistories]) -> list[PairUndo]:
        """What to put back of each pair.

        As in the sync, a pair that shares records with another is not planned in the same pass; it
        is left for another run.
        """
        name, now = self.reading.connection.name, self.now()
        changes = {ref: Change(name, kind, ref, Cause.AGAIN, now) for ref in batch}
        planned = plan_changes(list(changes.values()), self.reading)
        facts: dict[Ref, Facts] = {one.change.ref: one for one in planned.facts}
        undos: list[PairUndo] = []
        for ref, histories in batch.items():
            if ref in facts:
                decided = restoration(histories, facts[ref], planned.ruleset)
                undos.append(PairUndo(facts[ref], decided))
            else:
                undos.append(
                    PairUndo(Facts(changes[ref]), left_alone(histories, SkipReason.MOVING))
                )
        return undos

    def _save_job(self, **news: object) -> None:
        if self.job:
            self.job = self.jobs.save(replace(self.job, moved_at=self.now(), **news))  # type: ignore[arg-type]
