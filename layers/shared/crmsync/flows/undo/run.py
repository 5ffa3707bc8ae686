"""An undo on one connection: pairs are read, judged and put back batch by batch, and the job keeps
how far it came.

Nothing is done twice, whenever it ends: what is back is known by what the records show. Whoever
pauses or cancels the job stops it at the next batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

from crmsync.errors import Conflict, SyncError
from crmsync.flows.engine.change_limits import allowed
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.kinds.dispatch import plan_changes
from crmsync.flows.undo.summary import UndoCounts
from crmsync.flows.undo.writes import PairUndo, write_undo
from crmsync.model.brakes import Counted, Hold
from crmsync.model.changes import Cause, Change
from crmsync.model.facts import Facts
from crmsync.model.jobs import Job, JobState
from crmsync.model.records import Kind, Ref, Side
from crmsync.ports.stores import Jobs
from crmsync.rules.pair.undo import Left, Traces, left_alone, restoration

BATCH = 200
"""Pairs that are read and put back together: one call to Salesforce, two to HubSpot."""

Tell: TypeAlias = Callable[[str, int, int], None]
"""Told how far an undo is: on which connection, how many pairs are done, how many there are."""


def tell_nobody(_name: str, _at: int, _of: int) -> None:
    """Keeps it to itself."""


@dataclass(slots=True)
class UndoRun:
    """One connection's pairs with what was overwritten of them.

    `looking` can only read. `name` is Salesforce's object where only pairs with one are meant. With
    a `job`, its values are put back in `writing`; without, they are only counted.
    """

    pairs: Mapping[Kind, Mapping[Ref, Traces]]
    name: str
    looking: SyncContext
    writing: SyncContext
    jobs: Jobs
    now: Callable[[], datetime]
    job: Job | None = None
    tally: UndoCounts = field(default_factory=UndoCounts)

    @property
    def total(self) -> int:
        """How many pairs there are."""
        return sum(map(len, self.pairs.values()))

    def go(self, tell: Tell) -> None:
        """Work through all pairs. Raises `SyncError` without a job; a job tells of it and is
        paused.
        """
        done = 0
        try:
            for kind, some in self._batches():
                self._work(kind, some)
                done += len(some)
                self._keep(queued=done)
                tell(self.looking.connection.name, done, self.total)
            state, trouble = (
                (JobState.PAUSED, BEYOND_TOO) if self.tally.waits else (JobState.DONE, "")
            )
            self._keep(state=state, trouble=trouble)
        except Conflict:
            # Somebody paused or cancelled the job.
            self.job = self.job and self.jobs.load(self.job.connection, self.job.id)
        except SyncError as error:
            if self.job is None:
                raise
            self._keep(state=JobState.PAUSED, trouble=f"{error.text} {_AGAIN}")

    def _batches(self) -> Iterator[tuple[Kind, Mapping[Ref, Traces]]]:
        for kind, pairs in self.pairs.items():
            refs = list(pairs)
            for start in range(0, len(refs), BATCH):
                yield kind, {ref: pairs[ref] for ref in refs[start : start + BATCH]}

    def _work(self, kind: Kind, pairs: Mapping[Ref, Traces]) -> None:
        restored = [one for one in self._judged(kind, pairs) if one.is_of(self.name)]
        waiting = self._beyond_the_limit(kind, restored)
        for at in waiting:
            self.tally.add(restored[at], waits=BEYOND)
        going = [one for at, one in enumerate(restored) if at not in waiting]
        failed = write_undo(going, self.writing, kind, self.now()) if self.job else {}
        for at, one in enumerate(going):
            self.tally.add(one, failed.get(at))

    def _beyond_the_limit(self, kind: Kind, restored: Sequence[PairUndo]) -> set[int]:
        """The places of those that an hour's limit keeps from being written now (Q-30); a preview
        counts as if the hour were unused.
        """
        context = self.writing if self.job else self.looking
        waiting: set[int] = set()
        for side in Side:
            mine = [at for at, one in enumerate(restored) if side in one.sides]
            waiting.update(mine[allowed(Hold(side, Counted.UNDONE), len(mine), context, kind) :])
        return waiting

    def _judged(self, kind: Kind, pairs: Mapping[Ref, Traces]) -> list[PairUndo]:
        """What is to be put back of each pair. One that is read together with another waits for a
        second run, as it does in the sync.
        """
        name, now = self.looking.connection.name, self.now()
        looked = plan_changes(
            [Change(name, kind, ref, Cause.AGAIN, now) for ref in pairs], self.looking
        )
        facts: dict[Ref, Facts] = {one.change.ref: one for one in looked.facts}
        found: list[PairUndo] = []
        for ref, traces in pairs.items():
            one = facts.get(ref)
            if one is None:
                alone = Facts(Change(name, kind, ref, Cause.AGAIN, now))
                found.append(PairUndo(alone, left_alone(traces, Left.MOVING)))
            else:
                found.append(PairUndo(one, restoration(traces, one, looked.ruleset)))
        return found

    def _keep(self, **news: object) -> None:
        if self.job:
            self.job = self.jobs.save(replace(self.job, moved_at=self.now(), **news))  # type: ignore[arg-type]


BEYOND = "are beyond max_changes_per_hour, which holds for an undo as well: run it again in the next hour"
BEYOND_TOO = "Some records are beyond max_changes_per_hour, which holds for an undo as well. Run the undo again in the next hour."
_AGAIN = "Run the undo again: it goes on where this one stopped."
