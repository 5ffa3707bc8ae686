"""Preview a first sync, or a change of settings: what would be written, over real data, page by
page. Writes nothing (CH-28).

The pages are those of an import and a resync, the plans those of the sync; they are made in a dry
world and added up instead of applied. As nothing is written, a plan of this preview only knows of
those before it what is kept here: who will be whose counterpart, and who makes a record for which
address. What becomes of a new record once it is there cannot be known; it is created once, and that
is all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

from crmsync.errors import Refused
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.lifecycle import changed_stages, would_spread
from crmsync.flows.engine.passes import BATCH
from crmsync.flows.engine.planning import PlannedBatch
from crmsync.flows.kinds.dispatch import plan_changes
from crmsync.flows.preview.read_only import ExpectedLinks
from crmsync.flows.preview.window import ReadOnlyView, chosen_connections
from crmsync.model.changes import Cause, Change
from crmsync.model.crm_names import HUBSPOT_EMAIL, SALESFORCE_EMAIL
from crmsync.model.effects import CreateRecord, Plan, SaveLink
from crmsync.model.facts import Facts
from crmsync.model.jobs import JobStep
from crmsync.model.links import LinkState
from crmsync.model.records import Kind, Ref, Side
from crmsync.model.settings import Connection, Settings
from crmsync.ports.listing import Lister
from crmsync.rules.backfill.estimate import Price, expected_calls, price_of, together
from crmsync.rules.backfill.objects import WALKED, Walked
from crmsync.rules.backfill.pacing import DailyCalls, calls_for_backfills
from crmsync.rules.pair import reports
from crmsync.rules.preview.explanation import creation_reports
from crmsync.rules.preview.report import PreviewReport

SAMPLE = 1_000
"""Records of an object that are looked at unless somebody asks for more: one batch of the sync."""

_PASSES = 3

Tell: TypeAlias = Callable[[str, int, int], None]
"""Told how far a preview is: of which object, how many were looked at, how many there are to look
at.
"""


def tell_nobody(_name: str, _at: int, _of: int) -> None:
    """Keeps it to itself."""


@dataclass(frozen=True, slots=True)
class PreviewRequest:
    """What to preview: everything that is switched on or the object `name`, everywhere or on `only`
    one connection.

    At most `limit` records of each object are looked at; 0: all of them.
    """

    name: str = ""
    only: str = ""
    limit: int = SAMPLE


@dataclass(frozen=True, slots=True)
class PreviewedObject:
    """One object of a connection: its records that a first sync walks through, those that were
    looked at, those without an address.
    """

    connection: str
    leg: JobStep
    looked_at: int


@dataclass(frozen=True, slots=True)
class CallBudget:
    """A connection's Salesforce calls: used by everybody in the last 24 hours and allowed to
    everybody, and our allotment (API-1).

    Backfills go on up to `per_day` of them (RTY-2).
    """

    connection: str
    calls: DailyCalls
    allotment: int
    per_day: int

    @property
    def left(self) -> int:
        """How many calls a backfill could make now."""
        return max(0, self.per_day - self.calls.used)


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be written, what that costs, and what the preview itself cost in calls per side.

    `price` is for all records there are, whatever share of them was looked at; `expected` are its
    calls if the rest is like that share.
    """

    seen: tuple[PreviewedObject, ...]
    outlook: PreviewReport
    price: Price
    expected: dict[Side, int]
    budgets: tuple[CallBudget, ...]
    spent: dict[Side, int]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Previewer:
    """Looks at everything that is switched on. `window` opens a connection for looking, by the
    settings it is given.
    """

    window: Callable[[Connection, Settings], ReadOnlyView]
    now: Callable[[], datetime]

    def preview(
        self, settings: Settings, wanted: PreviewRequest, tell: Tell = tell_nobody
    ) -> Preview:
        """What a first sync under these settings would write.

        Raises `Refused` for an object that is not walked through, and where all that is wanted is
        switched off.
        """
        rows = _rows(wanted.name)
        outlook = PreviewReport()
        connections = chosen_connections(settings, wanted.only)
        walks = [
            _ConnectionPreview(self.window(one, settings), outlook, wanted.limit, self.now, tell)
            for one in connections
        ]
        seen = [
            one
            for walk in walks
            for one in walk.through([row for row in rows if row.syncs(walk.connection)])
        ]
        remarks = [text for walk in walks for text in _switched_off(walk.connection, rows)]
        if not seen:
            raise Refused(" ".join(remarks), code="SWITCH", hint="There is nothing to preview.")
        budgets = tuple(walk.budget() for walk in walks)
        price = together(
            price_of(
                [one.leg for one in seen if one.connection == budget.connection], budget.per_day
            )
            for budget in budgets
        )
        total, looked_at = sum(one.leg.total for one in seen), sum(one.looked_at for one in seen)
        share = max(1.0, total / looked_at) if looked_at else 1.0
        expected = {
            side: expected_calls(price, side, round(outlook.writes(side) * share)) for side in Side
        }
        spent = {side: sum(walk.spent(side) for walk in walks) for side in Side}
        return Preview(tuple(seen), outlook, price, expected, budgets, spent, tuple(remarks))


def _rows(name: str) -> list[Walked]:
    """What to walk through: everything, or what goes by that name: ``leads`` or ``Lead``;
    ``contacts`` are contacts of both sides.
    """
    small = name.lower()
    words = {small, small.removesuffix("s"), f"{small.removesuffix('ies')}y"}
    found = [one for one in WALKED if not name or {one.object.lower(), one.word} & words]
    if not found:
        known = ", ".join(dict.fromkeys(one.object.lower() for one in WALKED))
        raise Refused(f"{name} cannot be previewed; {known} can.", code="OBJECT")
    return found


def _switched_off(connection: Connection, rows: Sequence[Walked]) -> list[str]:
    off = {one.section: one.switch for one in reversed(rows) if not one.syncs(connection)}
    return [
        f"{connection.name}: {section} are switched off ({rule})." for section, rule in off.items()
    ]


@dataclass(slots=True)
class _ConnectionPreview:
    """The way through one connection.

    `paired` are records whose pair was looked at from the other side, `makers` says who makes a
    record for which address.
    """

    window: ReadOnlyView
    outlook: PreviewReport
    limit: int
    now: Callable[[], datetime]
    tell: Tell
    paired: set[Ref] = field(default_factory=set)
    makers: dict[str, Ref] = field(default_factory=dict)
    links: ExpectedLinks = field(init=False)
    context: SyncContext = field(init=False)
    _before: dict[Side, int] = field(init=False)

    def __post_init__(self) -> None:
        self.links = ExpectedLinks(self.window.context.links)
        self.context = replace(self.window.context, links=self.links)
        self._before = {side: self.window.spent(side) for side in Side}

    @property
    def connection(self) -> Connection:
        return self.window.connection

    def spent(self, side: Side) -> int:
        return self.window.spent(side) - self._before[side]

    def budget(self) -> CallBudget:
        calls, allotment = (
            self.window.quota.calls(),
            self.connection.salesforce.daily_call_allotment,
        )
        return CallBudget(
            self.connection.name, calls, allotment, calls_for_backfills(calls, allotment)
        )

    def through(self, rows: Sequence[Walked]) -> Iterator[PreviewedObject]:
        """Walk through the objects, parents first, and add up what would become of their
        records.
        """
        for row in rows:
            lister = self.window.lister(row.side)
            leg = _counted(replace(row.leg(), with_email=row.needs_email), lister)
            most = min(leg.total, self.limit) if self.limit else leg.total
            at = 0
            for refs in _batches(leg, lister, self.limit):
                self._look(row.kind, refs)
                at += len(refs)
                self.tell(f"{self.connection.name}: {leg}", at, max(most, at))
            yield PreviewedObject(self.connection.name, leg, at)

    def _look(self, kind: Kind, refs: Sequence[Ref]) -> None:
        """Look at records as a resync does, those that wait for another's plan once more after
        it.
        """
        now, name = self.now(), self.connection.name
        changes = [Change(name, kind, ref, Cause.RESYNC, now) for ref in refs]
        for _ in range(_PASSES):
            changes = [one for one in changes if one.ref not in self.paired]
            if not changes:
                return
            looked = plan_changes(changes, self.context)
            self._add(looked)
            changes = looked.not_yet
        for change in changes:
            self.outlook.add_effects([reports.behind_another(change.ref)], change.ref)

    def _add(self, looked: PlannedBatch[Facts]) -> None:
        for plan in looked.first:
            self.outlook.add_effects(plan.effects, next(iter(looked.facts)).change.ref)
        for facts, planned in zip(looked.facts, looked.plans, strict=True):
            plan = self._unless_made(facts, planned)
            self.outlook.add(facts, plan)
            self.outlook.add_effects(
                creation_reports(facts.named, plan, looked.ruleset), facts.change.ref
            )
            self._expect(facts, plan)
        news = changed_stages(looked.facts, looked.plans, looked.ruleset)
        for effect in would_spread(news, self.context):
            self.outlook.add_effects(
                [effect], effect.place if isinstance(effect.place, Ref) else next(iter(news))
            )

    def _unless_made(self, facts: Facts, plan: Plan) -> Plan:
        """The plan, unless a record of this preview makes one for the same address already: then
        that one will be linked (CH-13).
        """
        address = next((_address(one) for one in plan.effects if isinstance(one, CreateRecord)), "")
        if not address or facts.link is not None:
            return plan
        maker = self.makers.setdefault(address, facts.change.ref)
        return (
            plan
            if maker == facts.change.ref
            else Plan((reports.held_by_another(facts.change.ref, [maker]),))
        )

    def _expect(self, facts: Facts, plan: Plan) -> None:
        """Remember who is in a pair now: looked at from one side, it need not be from the other."""
        saved = [one.link for one in plan.effects if isinstance(one, SaveLink)]
        for link in saved:
            if not link.version and link.state is LinkState.ACTIVE:
                self.links.expect(replace(link, version=1))
        places = [
            place
            for link in saved
            for place in (link.hubspot, link.salesforce)
            if isinstance(place, Ref)
        ]
        records = [one.ref for one in (facts.hubspot, facts.salesforce) if one]
        self.paired.update(
            ref for ref in (*places, *records) if ref.side is not facts.change.ref.side
        )


def _address(create: CreateRecord) -> str:
    """The e-mail address that a new contact or lead gets; "" for what has none."""
    return (
        str(
            create.fields.get(HUBSPOT_EMAIL if create.side is Side.HUBSPOT else SALESFORCE_EMAIL)
            or ""
        )
        .strip()
        .lower()
    )


def _counted(leg: JobStep, lister: Lister) -> JobStep:
    total = lister.count(leg.object, with_email=leg.with_email)
    left_out = max(0, lister.count(leg.object) - total) if leg.with_email else 0
    return replace(leg, total=total, left_out=left_out)


def _batches(leg: JobStep, lister: Lister, limit: int) -> Iterator[list[Ref]]:
    """The records of an object, batch by batch as the sync takes them, and no more than `limit` (0:
    all).
    """
    after: str | None = ""
    held: list[Ref] = []
    listed = 0
    while after is not None and not (limit and listed >= limit):
        size = min(BATCH - len(held), limit - listed) if limit else BATCH - len(held)
        page = lister.page(leg.object, after, size, with_email=leg.with_email)
        held += page.refs
        listed += len(page.refs)
        after = page.after
        if len(held) >= BATCH:
            yield held
            held = []
    if held:
        yield held
