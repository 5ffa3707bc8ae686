"""Compares both CRMs and the links, batch by batch, as a job does it (CH-31).

Law: nothing is written to a CRM or a link. Every record is judged by the plan that a sync would
make of it, in a read-only context; what a plan cannot see of itself, two links to one record or a
link that is not found from both sides, is looked up.

First the links are walked through, and both records of each are read: that finds what differs, and
links whose records are gone. Then each object is listed, and the records without a link are
planned: that finds what is missing. So a pair is read once. Findings are queued, if the job
repairs, before the place is stored: a crash costs a repetition and loses none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from crmsync.flows.backfill.run import kinds_of, moved
from crmsync.flows.engine.batches import BATCH
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.planning import PlannedBatch
from crmsync.flows.engine.staleness import last_poll, longest_wait, names_of_notes
from crmsync.flows.kinds.dispatch import plan_changes
from crmsync.flows.kinds.roll_ups import wrong_sums
from crmsync.flows.preview.read_only import ReadOnlyView
from crmsync.model.change_limits import Hold
from crmsync.model.changes import Cause, Change
from crmsync.model.effects import Category, RollUp
from crmsync.model.facts import Facts
from crmsync.model.links import LinkState
from crmsync.model.operations.comparison import Comparison, Discrepancy, ObjectComparison, Standing
from crmsync.model.operations.jobs import LINKS, Job, JobStep
from crmsync.model.plan import Plan
from crmsync.model.records import SIDES, Kind, Ref, Side
from crmsync.model.settings import Connection
from crmsync.ports.comparison import Comparisons, LinkedPair, LinkPages
from crmsync.ports.listing import Page
from crmsync.ports.queues import Outbox
from crmsync.ports.stores import Cursors, Jobs
from crmsync.rules.backfill.objects import backfill_object_of
from crmsync.rules.preview.comparison import (
    BEHIND,
    LOST,
    TWICE,
    Judgement,
    judge,
    settled_before,
)

BATCHES = 3
"""Batches of one turn, some ten seconds each."""

ITEMS = 2 * BATCH
"""Items of the link table of one batch: half of them are pointers."""

_PASSES = 3
"""Passes over a batch: a record that waits for another's plan is planned again without it."""


@dataclass(frozen=True, slots=True)
class Comparer:
    """What a turn of a comparison works with.

    Attributes:
        view: Opens a connection for reading.
        pages: Walks through the links.
        results: Keeps the results.
        jobs: The stored jobs.
        cursors: Knows what has not moved for long.
        outbox: Takes what is repaired.
        now: The clock (UTC).
    """

    view: Callable[[Connection], ReadOnlyView]
    pages: LinkPages
    results: Comparisons
    jobs: Jobs
    cursors: Cursors
    outbox: Outbox
    now: Callable[[], datetime]

    def run(self, job: Job, connection: Connection) -> Job:
        """Compare a few batches, storing the place after each, and the results after the last.

        Raises `SyncError`; what was stored until then stays.
        """
        if job.step is not None:
            view = self.view(connection)
            context = replace(view.context, change_counts=_NoLimits())
            turn = _Turn(self, replace(view, context=context))
            for _ in range(BATCHES):
                if job.step is not None:
                    job = self.jobs.save(turn.after_batch(job, job.step))
        if job.step is None:
            before = self.results.latest(job.connection)
            self.results.save(job.connection, _ended(job, before))
        return job


class _NoLimits:
    """Implements `ChangeCounts` without limits: what one would hold back differs all the same."""

    def reserve(
        self,
        connection: str,  # noqa: ARG002 - as the port says
        kind: Kind,  # noqa: ARG002 - as the port says
        hold: Hold,  # noqa: ARG002 - as the port says
        wanted: int,
        limit: int,  # noqa: ARG002 - as the port says
        now: datetime,  # noqa: ARG002 - as the port says
    ) -> int:
        """Allow everything."""
        return wanted

    def return_unused(
        self, connection: str, kind: Kind, hold: Hold, unused: int, now: datetime
    ) -> None:
        """Do nothing."""

    def usage(self, connection: str, kind: Kind) -> float:  # noqa: ARG002 - as the port says
        """Always 0: nothing is written."""
        return 0


def _ended(job: Job, before: Iterable[ObjectComparison]) -> list[ObjectComparison]:
    """The results of a job that is through; `before` are those of the comparison before it."""
    comparison, at = job.comparison or Comparison(), job.listed_at or job.moved_at
    known = {(one.side, one.object): one.since for one in before}
    seconds = round((at - job.started_at).total_seconds())
    return [
        replace(
            found,
            at=at,
            seconds=seconds,
            calls=comparison.calls,
            since=(known.get((step.side, step.object)) or at) if found.found else None,
        )
        for step in job.steps
        if step.object != LINKS
        for found in (comparison.of(step.side, step.object),)
    ]


@dataclass(frozen=True, slots=True)
class _Judged:
    """A record, or a pair, as it was judged.

    Attributes:
        refs: The records that count.
        judgement: How they stand.
        change: What puts them in step; None where a sync cannot.
    """

    refs: tuple[Ref, ...]
    judgement: Judgement
    change: Change | None


@dataclass(slots=True)
class _Turn:
    """One turn of a comparison.

    Attributes:
        comparer: What it works with.
        view: The connection, for reading.
        parked: The records in the error inbox by category, once one of them was met.
        settled: The time before which the edits of a kind were seen, as far as known.
    """

    comparer: Comparer
    view: ReadOnlyView
    parked: Mapping[Ref, Category] | None = None
    settled: dict[Kind, datetime] = field(default_factory=dict)

    def after_batch(self, job: Job, step: JobStep) -> Job:
        """Compare one batch of a step; the job after it."""
        spent = {side: self.view.spent(side) for side in Side}
        comparison = job.comparison or Comparison()
        kinds = kinds_of(job) & self.view.connection.kinds
        if step.object == LINKS:
            page = self.comparer.pages.page(job.connection, job.after, ITEMS)
            judged, after = self._of_links(page.pairs, kinds), page.after
        elif (kind := backfill_object_of(step).kind) in kinds:
            refs, after = self._listed(step, job.after)
            judged = self._without_link(kind, refs)
        else:
            judged, after = iter(()), None
        rows = list(judged)
        repairs: list[Change] = []
        for one in rows:
            for ref in one.refs:
                comparison = comparison.counting(ref, one.judgement.standing)
            if one.judgement.is_finding:
                is_repaired = comparison.repairs and one.change is not None
                repairs += [one.change] if is_repaired and one.change else []
                found = Discrepancy(one.refs[0], one.judgement.standing, one.judgement.reason)
                comparison = comparison.finding(found, is_repaired=is_repaired)
        if repairs:
            self._queue(repairs)
        calls = {side: self.view.spent(side) - spent[side] for side in Side}
        counted = tuple(ref for one in rows for ref in one.refs)
        job = moved(job, Page(counted, after), self.comparer.now())
        return replace(job, waiting=0, comparison=comparison.spending(calls))

    def _queue(self, repairs: Sequence[Change]) -> None:
        for kind in Kind:
            if mine := [one for one in repairs if one.kind is kind]:
                self.comparer.outbox.publish(mine)

    def _listed(self, step: JobStep, after: str) -> tuple[list[Ref], str | None]:
        """The next records of an object, as many as a batch has."""
        lister, refs, place = self.view.lister(step.side), list[Ref](), after or ""
        while True:
            page = lister.page(step.object, place, BATCH - len(refs))
            refs += page.refs
            if page.after is None or len(refs) >= BATCH:
                return refs, page.after
            place = page.after

    def _of_links(self, pairs: Sequence[LinkedPair], kinds: frozenset[Kind]) -> Iterator[_Judged]:
        """Judge the pairs of these links."""
        broken = self._broken([one for one in pairs if one.kind in kinds])
        for pair, reason in broken.items():
            yield _Judged((pair.hubspot,), Judgement(Standing.DIFFERENT, reason), None)
        for kind in sorted(kinds):
            refs = [one.hubspot for one in pairs if one.kind is kind and one not in broken]
            for facts, judgement in self._judge(kind, refs):
                if facts.link is not None and facts.link.state is LinkState.ACTIVE:
                    yield _Judged(_shown(facts), judgement, facts.change)

    def _broken(self, pairs: Sequence[LinkedPair]) -> Mapping[LinkedPair, str]:
        """The links that are not found from their Salesforce records, and why. A link that has
        moved since the table was read is not one of them.
        """
        name, links = self.view.connection.name, self.view.context.links
        found = links.find(name, [one.salesforce for one in pairs])
        strange = {
            one: LOST if found.get(one.salesforce) is None else TWICE
            for one in pairs
            if (link := found.get(one.salesforce)) is None or link.hubspot != one.hubspot
        }
        stored = links.find(name, [one.hubspot for one in strange]) if strange else {}
        return {
            one: reason
            for one, reason in strange.items()
            if (link := stored.get(one.hubspot))
            and (link.state, link.salesforce) == (LinkState.ACTIVE, one.salesforce)
        }

    def _without_link(self, kind: Kind, refs: Sequence[Ref]) -> Iterator[_Judged]:
        """Judge those of these records that no link of an existing pair names."""
        links = self.view.context.links.find(self.view.connection.name, refs)
        alone = [
            ref
            for ref in refs
            if (link := links.get(ref)) is None
            or link.state is not LinkState.ACTIVE
            or link.on(ref.side) != ref
        ]
        for facts, judgement in self._judge(kind, alone):
            yield _Judged((facts.change.ref,), judgement, facts.change)

    def _judge(self, kind: Kind, refs: Sequence[Ref]) -> Iterator[tuple[Facts, Judgement]]:
        """Plan these records as a sync does, and judge each once."""
        name, now = self.view.connection.name, self.comparer.now()
        left = {ref: Change(name, kind, ref, Cause.COMPARED, now) for ref in refs}
        for _ in range(_PASSES):
            if not left:
                return
            planned = plan_changes(list(left.values()), self.view.context)
            for facts, judgement in self._judged(kind, planned):
                if left.pop(facts.change.ref, None):
                    yield facts, judgement
        for change in left.values():
            yield Facts(change), Judgement(Standing.MISSING, BEHIND)

    def _judged(
        self, kind: Kind, planned: PlannedBatch[Facts]
    ) -> Iterator[tuple[Facts, Judgement]]:
        rows = list(zip(planned.facts, planned.plans, strict=True))
        wrong = _wrong_sums(rows, self.view.context)
        parked = self._parked([ref for facts, _ in rows for ref in _records(facts)])
        for facts, plan in rows:
            categories = [parked[ref] for ref in _records(facts) if ref in parked]
            judgement = judge(
                facts,
                plan,
                parked=categories[0] if categories else None,
                settled_at=self._settled_at(kind),
                wrong_sums=wrong,
            )
            yield facts, judgement

    def _parked(self, refs: Sequence[Ref]) -> Mapping[Ref, Category]:
        """The records in the error inbox. The whole inbox is read once one of them may be there."""
        name, inbox = self.view.connection.name, self.view.context.inbox
        if self.parked is None and inbox.reported(name, refs):
            self.parked = {one.report.ref: one.report.category for one in inbox.entries(name)}
        return self.parked or {}

    def _settled_at(self, kind: Kind) -> datetime:
        if kind not in self.settled:
            name, now = self.view.connection.name, self.comparer.now()
            known = self.comparer.cursors.load_many(name, names_of_notes([kind]))
            looked = [last_poll(side, known) for side in SIDES]
            waits = longest_wait(kind, known, now)
            self.settled[kind] = settled_before(now, looked, [waits.since] if waits else [])
        return self.settled[kind]


def _wrong_sums(rows: Iterable[tuple[Facts, Plan]], context: SyncContext) -> frozenset[Ref]:
    sums = [effect for _, plan in rows for effect in plan.effects if isinstance(effect, RollUp)]
    return wrong_sums(sums, context) if sums else frozenset()


def _records(facts: Facts) -> list[Ref]:
    """The record of the facts, and both of its pair."""
    places = (facts.link.hubspot, facts.link.salesforce) if facts.link else ()
    shown = [one.ref for one in (facts.hubspot, facts.salesforce) if one]
    refs = [facts.change.ref, *shown, *(one for one in places if isinstance(one, Ref))]
    return list(dict.fromkeys(refs))


def _shown(facts: Facts) -> tuple[Ref, ...]:
    """The records of a linked pair that exist under the ids in the link; one that has moved counts
    when its object is listed. Of a pair that is gone altogether, the HubSpot record.
    """
    shown = tuple(
        record.ref
        for record in (facts.hubspot, facts.salesforce)
        if record and facts.link and facts.link.on(record.ref.side) == record.ref
    )
    return shown or (facts.change.ref,)
