"""Previews a first sync, or a change of settings: what would be written, over real data, page by
page (CH-28).

Law: nothing is written. The pages are those of an import and a resync, and the plans those of the
sync; they are made in a read-only context and counted instead of applied.

Since nothing is written, a plan knows of earlier plans only what is kept here: the pairs that will
exist, and which record creates one for an e-mail address. What happens to a new record after its
creation is not known; it is created once, and that is all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from crmsync.errors import Refused
from crmsync.flows.arguments import (
    ReportProgress,
    chosen_connections,
    no_progress,
    singular_forms,
)
from crmsync.flows.backfill.run import counted
from crmsync.flows.campaigns.preview import PreviewedCampaign
from crmsync.flows.engine.batches import BATCH
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.lifecycle import would_spread
from crmsync.flows.engine.planning import PlannedBatch, changed_stages
from crmsync.flows.kinds.dispatch import plan_changes
from crmsync.flows.preview.read_only import ExpectedLinks, ReadOnlyView
from crmsync.model.changes import Cause, Change
from crmsync.model.crm_names import HUBSPOT_EMAIL, SALESFORCE_EMAIL
from crmsync.model.effects import CreateRecord, SaveLink
from crmsync.model.facts import Facts
from crmsync.model.kinds.emails import normalise_email
from crmsync.model.links import LinkState
from crmsync.model.operations.calls import DailyCalls
from crmsync.model.operations.jobs import JobStep
from crmsync.model.plan import Plan
from crmsync.model.records import Kind, Ref, Side
from crmsync.model.settings import Connection, Settings
from crmsync.ports.listing import Lister
from crmsync.rules.backfill.estimate import (
    CallEstimate,
    estimate_of,
    expected_calls,
    total_estimate,
)
from crmsync.rules.backfill.objects import (
    BACKFILL_OBJECTS,
    BackfillObject,
    expected_on,
    importable,
)
from crmsync.rules.pair import reports
from crmsync.rules.preview.explanation import creation_reports
from crmsync.rules.preview.report import PreviewReport
from crmsync.rules.timing.call_leases import (
    calls_for_backfills,
    left_for_backfills,
    limits_of,
)

SAMPLE = 1_000
"""Records of an object that are previewed by default: one batch of the sync."""

_PASSES = 3
"""Passes over a batch: a record that waits for another's plan is planned again after it."""


@dataclass(frozen=True, slots=True)
class PreviewRequest:
    """What to preview.

    Attributes:
        name: An object, or "" for everything that is switched on.
        only: A connection's name, or "" for all.
        limit: The most records of each object; 0 = all.
    """

    name: str = ""
    only: str = ""
    limit: int = SAMPLE


@dataclass(frozen=True, slots=True)
class PreviewedObject:
    """One object of a connection.

    Attributes:
        connection: The name of the connection.
        step: The object, and how many records a first sync would work through.
        looked_at: How many of them were previewed.
    """

    connection: str
    step: JobStep
    looked_at: int


@dataclass(frozen=True, slots=True)
class CallBudget:
    """The Salesforce API calls of a connection's org.

    Attributes:
        connection: The name of the connection.
        calls: The calls that were used in the last 24 hours, and those allowed, by all clients.
        allotment: The share of them that crmsync may use; 0 = no limit (API-1).
        per_day: The number of used calls up to which backfills go on (RTY-2).
        left: The calls that a backfill could make now.
    """

    connection: str
    calls: DailyCalls
    allotment: int
    per_day: int
    left: int


@dataclass(frozen=True, slots=True)
class Preview:
    """The result of a preview.

    Attributes:
        objects: What was previewed.
        report: What would be written.
        estimate: The API calls of a first sync of all records.
        expected: Its API calls by side, if all records are like those that were previewed.
        budgets: The API calls that each org has left.
        spent: The API calls of the preview itself, by side.
        remarks: What is switched off, a sentence each.
        campaigns: What would become of the members of campaigns, if all objects were asked for.
    """

    objects: tuple[PreviewedObject, ...]
    report: PreviewReport
    estimate: CallEstimate
    expected: dict[Side, int]
    budgets: tuple[CallBudget, ...]
    spent: dict[Side, int]
    remarks: tuple[str, ...] = ()
    campaigns: tuple[PreviewedCampaign, ...] = ()


@dataclass(frozen=True, slots=True)
class Previewer:
    """Previews everything that is switched on.

    Attributes:
        view: Opens a connection for reading, under the settings it is given.
        now: The clock (UTC).
        campaigns: Previews the campaigns of a connection.
    """

    view: Callable[[Connection, Settings], ReadOnlyView]
    now: Callable[[], datetime]
    campaigns: Callable[[Connection], Sequence[PreviewedCampaign]]

    def preview(
        self, settings: Settings, request: PreviewRequest, progress: ReportProgress = no_progress
    ) -> Preview:
        """What a first sync under these settings would write.

        Raises `Refused` for an unknown object, and when all that is requested is switched off.
        """
        rows = _rows(request.name)
        report = PreviewReport()
        previews = [
            _ConnectionPreview(self.view(one, settings), report, request.limit, self.now, progress)
            for one in chosen_connections(settings, request.only)
        ]
        objects = [
            one
            for each in previews
            for one in each.run([row for row in rows if row.syncs(each.connection)])
        ]
        remarks = [text for each in previews for text in _switched_off(each.connection, rows)]
        if not objects:
            raise Refused(" ".join(remarks), code="SWITCH", hint="There is nothing to preview.")
        campaigns = [
            one
            for each in (previews if not request.name else ())
            if each.connection.campaigns and Kind.CONTACT in each.connection.kinds
            for one in self.campaigns(each.connection)
        ]
        budgets = tuple(each.budget() for each in previews)
        estimate = total_estimate(
            estimate_of(
                [one.step for one in objects if one.connection == budget.connection], budget.per_day
            )
            for budget in budgets
        )
        total = sum(one.step.total for one in objects)
        looked_at = sum(one.looked_at for one in objects)
        share = max(1.0, total / looked_at) if looked_at else 1.0
        expected = {
            side: expected_calls(estimate, side, round(report.writes(side) * share))
            for side in Side
        }
        spent = {side: sum(each.spent(side) for each in previews) for side in Side}
        return Preview(
            tuple(objects),
            report,
            estimate,
            expected,
            budgets,
            spent,
            tuple(remarks),
            tuple(campaigns),
        )


def _rows(name: str) -> list[BackfillObject]:
    """The objects of this name, or all for "": ``leads`` and ``Lead`` are the same, ``contacts``
    are those of both sides.
    """
    words = set(singular_forms(name))
    found = [one for one in BACKFILL_OBJECTS if not name or {one.object.lower(), one.word} & words]
    places = {(one.side, one.object) for one in found}
    found += [one for one in importable(name) if (one.side, one.object) not in places]
    if not found:
        known = ", ".join(dict.fromkeys(one.object.lower() for one in BACKFILL_OBJECTS))
        raise Refused(f"{name} cannot be previewed; {known} can.", code="OBJECT")
    return found


def _switched_off(connection: Connection, rows: Sequence[BackfillObject]) -> list[str]:
    told = reversed(expected_on(rows))
    off = {one.section: one.switch for one in told if not one.syncs(connection)}
    return [
        f"{connection.name}: {section} are switched off ({rule})." for section, rule in off.items()
    ]


@dataclass(slots=True)
class _ConnectionPreview:
    """The preview of one connection.

    Attributes:
        view: The connection, for reading.
        report: Counts what would be written.
        limit: The most records of each object; 0 = all.
        now: The clock (UTC).
        progress: Called after each batch.
        paired: Records whose pair was previewed from the other side.
        creators: E-mail address -> the record that creates one with it.
        links: The stored links, and those that the plans so far would save.
        context: The read-only context with these links.
    """

    view: ReadOnlyView
    report: PreviewReport
    limit: int
    now: Callable[[], datetime]
    progress: ReportProgress
    paired: set[Ref] = field(default_factory=set)
    creators: dict[str, Ref] = field(default_factory=dict)
    links: ExpectedLinks = field(init=False)
    context: SyncContext = field(init=False)
    _spent_before: dict[Side, int] = field(init=False)

    def __post_init__(self) -> None:
        self.links = ExpectedLinks(self.view.context.links)
        self.context = replace(self.view.context, links=self.links)
        self._spent_before = {side: self.view.spent(side) for side in Side}

    @property
    def connection(self) -> Connection:
        return self.view.connection

    def spent(self, side: Side) -> int:
        return self.view.spent(side) - self._spent_before[side]

    def budget(self) -> CallBudget:
        calls = self.view.quota.calls()
        limits = limits_of(self.connection, Side.SALESFORCE)
        per_day = calls_for_backfills(limits, calls)
        left = left_for_backfills(limits, calls, self.view.own_calls())
        return CallBudget(self.connection.name, calls, limits.allotment, per_day, left)

    def run(self, rows: Sequence[BackfillObject]) -> Iterator[PreviewedObject]:
        """Preview the objects, parents first."""
        for row in rows:
            lister = self.view.lister(row.side)
            step = counted(replace(row.step(), with_email=row.needs_email), lister)
            most = min(step.total, self.limit) if self.limit else step.total
            done = 0
            for refs in _batches(step, lister, self.limit):
                self._preview(row.kind, refs)
                done += len(refs)
                self.progress(f"{self.connection.name}: {step}", done, max(most, done))
            yield PreviewedObject(self.connection.name, step, done)

    def _preview(self, kind: Kind, refs: Sequence[Ref]) -> None:
        """Plan records as a resync does."""
        now, name = self.now(), self.connection.name
        changes = [Change(name, kind, ref, Cause.RESYNC, now) for ref in refs]
        for _ in range(_PASSES):
            changes = [one for one in changes if one.ref not in self.paired]
            if not changes:
                return
            planned = plan_changes(changes, self.context)
            self._add(planned)
            changes = planned.not_yet
        for change in changes:
            self.report.add_effects([reports.behind_another(change.ref)], change.ref)

    def _add(self, planned: PlannedBatch[Facts]) -> None:
        for plan in planned.first:
            self.report.add_effects(plan.effects, next(iter(planned.facts)).change.ref)
        for facts, own_plan in zip(planned.facts, planned.plans, strict=True):
            plan = self._without_second_creation(facts, own_plan)
            self.report.add(facts, plan)
            foreseen = creation_reports(facts.named, plan, planned.ruleset)
            self.report.add_effects(foreseen, facts.change.ref)
            self._remember(facts, plan)
        news = changed_stages(planned.facts, planned.plans, planned.ruleset)
        for effect in would_spread(news, self.context):
            ref = effect.place if isinstance(effect.place, Ref) else next(iter(news))
            self.report.add_effects([effect], ref)

    def _without_second_creation(self, facts: Facts, plan: Plan) -> Plan:
        """The plan, or a report when an earlier plan creates a record for the same address.

        The sync would link this record with that one (CH-13).
        """
        address = next((_address(one) for one in plan.effects if isinstance(one, CreateRecord)), "")
        if not address or facts.link is not None:
            return plan
        creator = self.creators.setdefault(address, facts.change.ref)
        if creator == facts.change.ref:
            return plan
        return Plan((reports.duplicate_of_linked(facts.change.ref, [creator]),))

    def _remember(self, facts: Facts, plan: Plan) -> None:
        """Remember the pairs that exist after this plan, so that each is previewed once."""
        saved = [one.link for one in plan.effects if isinstance(one, SaveLink)]
        for link in saved:
            if not link.version and link.state is LinkState.ACTIVE:
                self.links.expect(replace(link, version=1))
        refs = [one.ref for one in (facts.hubspot, facts.salesforce) if one]
        for link in saved:
            refs += [one for one in (link.hubspot, link.salesforce) if isinstance(one, Ref)]
        self.paired.update(ref for ref in refs if ref.side is not facts.change.ref.side)


def _address(create: CreateRecord) -> str:
    """The e-mail address of a new record, normalised; "" when it has none."""
    name = HUBSPOT_EMAIL if create.side is Side.HUBSPOT else SALESFORCE_EMAIL
    return normalise_email(create.fields.get(name))


def _batches(step: JobStep, lister: Lister, limit: int) -> Iterator[list[Ref]]:
    """Up to `limit` records of an object (0 = all), in batches of the sync's size."""
    after: str | None = ""
    batch: list[Ref] = []
    listed = 0
    while after is not None and not (limit and listed >= limit):
        room = BATCH - len(batch)
        size = min(room, limit - listed) if limit else room
        page = lister.page(
            step.object, after, size, with_email=step.with_email, activity=step.activity
        )
        batch += page.refs
        listed += len(page.refs)
        after = page.after
        if len(batch) >= BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
