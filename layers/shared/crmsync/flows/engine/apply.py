"""The only loop over effects: the effects of all plans together, stage by stage, so that a thousand
plans cost a handful of calls.

Within a plan the effects keep their order, and the first failure stops it; other plans go on.
Nothing that was written is undone: the next sync finds it by its key or its address, and continues
from there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias, TypeVar

from crmsync.errors import Conflict, Refused, SyncError
from crmsync.flows.engine.applied import Applied
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.partial_writes import FieldRetries, WriteAttempt, retry_without_fields
from crmsync.flows.engine.waits import check_new_waits, queue_requested
from crmsync.model.crm_names import CONTACT_ROLE
from crmsync.model.effects import (
    Associate,
    Category,
    CreateRecord,
    DeleteRecord,
    Dissociate,
    DropLink,
    Effect,
    EndRole,
    OptOut,
    Report,
    RequestSync,
    RollUp,
    SaveLink,
    UpdateRecord,
)
from crmsync.model.links import Link, Place
from crmsync.model.plan import Plan
from crmsync.model.records import Ref, Side, Value
from crmsync.ports.crm import Outcome, Written
from crmsync.rules.kinds.opportunity.ties import role_made
from crmsync.rules.merge.intents import revision_on
from crmsync.rules.pair.refused_fields import AnyWrite, report

Rebase: TypeAlias = Callable[[Link, Side, Mapping[str, Value]], Link]
"""Puts the values of a side's response to a write into a link's base."""


@dataclass(slots=True)
class _Run:
    """A plan that is being applied.

    Attributes:
        left: the effects that are left.
        announced: the link that says what the plan writes.
        portal_id: the HubSpot account, for the names of our own fields.
        at: the plan's place in the batch.
        applied: what became of the plan so far.
        refused: reports of best-effort writes that were refused.
        is_apart: whether a write and the best-effort one after it were refused together.
    """

    left: list[Effect]
    announced: Link | None
    portal_id: int
    at: int
    applied: Applied = field(default_factory=Applied)
    refused: list[Report] = field(default_factory=list)
    is_apart: bool = False

    @property
    def head(self) -> Effect | None:
        return self.left[0] if self.left and self.applied.error is None else None

    @property
    def own_fields(self) -> UpdateRecord | None:
        """The best-effort write that goes along with the next update, as it is to the same record.

        Salesforce only shows who edited a record last. After a second write of ours, an edit that a
        person made between the two would look like Salesforce's formatting of our values.
        """
        match self.left[:2]:
            case [UpdateRecord(best_effort=False) as update, UpdateRecord(best_effort=True) as own]:
                return own if update.place == own.place and not self.is_apart else None
        return None

    def marked_creation(self, effect: CreateRecord) -> CreateRecord:
        """The creation with the revision that shows that the new record is this plan's."""
        return replace(effect, fields={**effect.fields, **self._revision(effect.into, effect.side)})

    def marked_update(self, effect: UpdateRecord) -> UpdateRecord:
        """The update with our own fields and the revision that shows that the record has received
        it. A best-effort write was not announced and has none.
        """
        if effect.best_effort:
            return effect
        own = self.own_fields.fields if self.own_fields else {}
        revision = self._revision(effect.place, effect.side)
        return replace(effect, fields={**effect.fields, **own, **revision})

    def _revision(self, place: Place, side: Side) -> Mapping[str, Value]:
        return revision_on(self.announced, place, side, self.portal_id) if self.announced else {}

    def keep(self, saved: Link) -> None:
        self.left.pop(0)
        self.applied.saved = saved

    def accept(self, outcome: Outcome) -> None:
        if isinstance(outcome, SyncError):
            if self.own_fields and isinstance(outcome, Conflict | Refused):
                self.is_apart = True
            elif isinstance(outcome, Conflict | Refused) and self.left[0].best_effort:
                self._leave_out(self.left.pop(0), outcome)
            else:
                self.applied.error = outcome
            return
        if self.own_fields:
            self.left.pop(1)
        if isinstance(self.left.pop(0), CreateRecord):
            self.applied.made = outcome.ref
        self.applied.shown.setdefault(outcome.ref.side, {}).update(outcome.fields)

    def _leave_out(self, effect: Effect, error: SyncError) -> None:
        """Report a best-effort write that was refused, as nothing else would lead to it. A conflict
        ends with the sync of the other record.
        """
        match effect, error:
            case UpdateRecord(place=Ref() as place), Refused():
                one = report(place, error, effect.fields)
                self.refused.append(one)
                self.applied.left_out.reports.append(one)


RollUps: TypeAlias = Callable[[Sequence[RollUp], SyncContext], Sequence[Outcome]]
"""Brings roll-ups up to date; returns one outcome per effect."""


def no_roll_ups(effects: Sequence[RollUp], _context: SyncContext) -> Sequence[Outcome]:
    """For kinds without roll-ups. Raises `TypeError`."""
    msg = f"{len(effects)} roll-ups in a plan of a kind that has none"
    raise TypeError(msg)


@dataclass(frozen=True, slots=True)
class _Applier:
    """Applies the next effects of a batch of plans, all of one type and on one side, in one call or
    a few. Every method returns one outcome per plan, and may raise `SyncError`.

    Attributes:
        context: the ports.
        roll_up: brings roll-ups up to date.
        retries: decides which refused writes are tried again; None for no second try.
    """

    context: SyncContext
    roll_up: RollUps
    retries: FieldRetries | None

    def drop_links(self, runs: Sequence[_Run]) -> Sequence[Outcome]:
        dropped = self.context.links.drop([one.link for one in _heads(runs, DropLink)])
        return [one if isinstance(one, SyncError) else Written(_ref(one), {}) for one in dropped]

    def save_links(self, runs: Sequence[_Run]) -> Sequence[Link | SyncError]:
        """Save links with the time of what they announce. A plan that saves its link a second time
        saves over the version that it stored.
        """
        links: list[Link] = []
        for run, effect in zip(runs, _heads(runs, SaveLink), strict=True):
            link, saved = effect.link, run.applied.saved
            if saved is not None:
                link = replace(link, version=saved.version, stored=saved.stored)
            if run.applied.left_out.marks:
                link = run.applied.left_out.marked(link)
            links.append(link.announced_at(self.context.now()))
        return self.context.links.save(links)

    def create_in_salesforce(self, runs: Sequence[_Run]) -> Sequence[Outcome]:
        return self._write(runs, _creations(runs), self._create_with_roles)

    def update_in_salesforce(self, runs: Sequence[_Run]) -> Sequence[Outcome]:
        return self._write(runs, _updates(runs), self.context.salesforce.update)

    def create_in_hubspot(self, runs: Sequence[_Run]) -> Sequence[Outcome]:
        return self._write(runs, _creations(runs), self.context.hubspot.create)

    def update_in_hubspot(self, runs: Sequence[_Run]) -> Sequence[Outcome]:
        return self._write(runs, _updates(runs), self.context.hubspot.update)

    def associate(self, runs: Sequence[_Run]) -> Sequence[Outcome]:
        return self.context.associations.associate(_heads(runs, Associate))

    def dissociate(self, runs: Sequence[_Run]) -> Sequence[Outcome]:
        return self.context.associations.dissociate(_heads(runs, Dissociate))

    def end_roles(self, runs: Sequence[_Run]) -> Sequence[Outcome]:
        return self.context.opportunities.end_roles(_heads(runs, EndRole))

    def add_up(self, runs: Sequence[_Run]) -> Sequence[Outcome]:
        return self.roll_up(_heads(runs, RollUp), self.context)

    def delete(self, runs: Sequence[_Run]) -> Sequence[Outcome]:
        return self.context.deleter.delete(_heads(runs, DeleteRecord))

    def delete_in_salesforce(self, runs: Sequence[_Run]) -> Sequence[Outcome]:
        return self.context.activity_bin.delete(_heads(runs, DeleteRecord))

    def opt_out(self, runs: Sequence[_Run]) -> Sequence[Outcome]:
        return self.context.preferences.opt_out(_heads(runs, OptOut))

    def _create_with_roles(self, effects: Sequence[CreateRecord]) -> Sequence[Outcome]:
        """Create records in Salesforce. Contact roles are stored at once: Salesforce does not show
        whose a deleted role was.
        """
        outcomes = self.context.salesforce.create(effects)
        roles = [
            role_made(effect, outcome.ref)
            for effect, outcome in zip(effects, outcomes, strict=True)
            if effect.object == CONTACT_ROLE and isinstance(outcome, Written)
        ]
        if roles:
            self.context.opportunities.remember_roles(roles)
        return outcomes

    def _write(
        self,
        runs: Sequence[_Run],
        writes: Sequence[AnyWrite],
        send: Callable[[Sequence[AnyWrite]], Sequence[Outcome]],
    ) -> Sequence[Outcome]:
        """Make the writes of these plans. Usually none is refused; one that is refused for some of
        its fields is made once more without them.
        """
        outcomes = send(writes)
        is_refused = any(isinstance(outcome, Refused) for outcome in outcomes)
        if self.retries is None or not is_refused:
            return outcomes
        tries = [
            WriteAttempt(run.at, run.applied.saved, run.applied.left_out, bool(run.own_fields))
            for run in runs
        ]
        outcomes = retry_without_fields(writes, outcomes, send, tries, self.retries, self.context)
        for run, one in zip(runs, tries, strict=True):
            run.applied.saved = one.saved
        return outcomes


@dataclass(frozen=True, slots=True)
class Stage:
    """Which effects a stage takes, by their type and side, and how it applies them."""

    kind: type[Effect]
    side: Side | None
    apply: Callable[[_Applier, Sequence[_Run]], Sequence[Outcome | Link]]


STAGES = (
    Stage(DropLink, None, _Applier.drop_links),
    Stage(SaveLink, None, _Applier.save_links),
    Stage(CreateRecord, Side.SALESFORCE, _Applier.create_in_salesforce),
    Stage(UpdateRecord, Side.SALESFORCE, _Applier.update_in_salesforce),
    Stage(CreateRecord, Side.HUBSPOT, _Applier.create_in_hubspot),
    Stage(UpdateRecord, Side.HUBSPOT, _Applier.update_in_hubspot),
    Stage(Associate, Side.HUBSPOT, _Applier.associate),
    Stage(Dissociate, Side.HUBSPOT, _Applier.dissociate),
    Stage(EndRole, Side.SALESFORCE, _Applier.end_roles),
    Stage(RollUp, Side.HUBSPOT, _Applier.add_up),
    Stage(DeleteRecord, Side.HUBSPOT, _Applier.delete),
    Stage(DeleteRecord, Side.SALESFORCE, _Applier.delete_in_salesforce),
    Stage(OptOut, Side.HUBSPOT, _Applier.opt_out),
)
"""The stages in the order that batches best. A plan that needs another order takes another
round.
"""


def apply(
    plans: Sequence[Plan],
    context: SyncContext,
    rebase: Rebase,
    roll_up: RollUps = no_roll_ups,
    retries: FieldRetries | None = None,
) -> list[Applied]:
    """Apply the effects of the plans, and return what became of each plan.

    `roll_up` is the flow that brings roll-ups up to date. With `retries`, a write that is refused
    for some of its fields is tried once more without them. Reports go to the error inbox at the
    end, in one call; but what a privacy deletion leaves behind is reported before the link is
    deleted, as nothing would lead to it afterwards. Raises `SyncError` only for the inbox and the
    queue; the errors of effects are in the results.
    """
    effects = [effect for plan in plans for effect in plan.effects]
    reports = [effect for effect in effects if isinstance(effect, Report)]
    first = [one for one in reports if one.category is Category.PRIVACY]
    if first:
        context.inbox.park(context.connection.name, first)
    portal_id = context.connection.hubspot.portal_id
    runs = [_Run(_to_do(plan), _announced(plan), portal_id, at) for at, plan in enumerate(plans)]
    requests = [effect for effect in effects if isinstance(effect, RequestSync)]
    if requests:
        queue_requested([one for one in requests if one.waiting is None], context, is_early=True)
    applier = _Applier(context, roll_up, retries)
    moving = True
    while moving:
        moving = False
        for stage in STAGES:
            if _advance(runs, stage, applier):
                moving = True
    _rebase(runs, context, rebase)
    left = [one for one in reports if one not in first]
    left += [one for run in runs for one in run.refused]
    if left:
        check_new_waits(context.inbox.park(context.connection.name, left), context)
    if requests:
        queue_requested(requests, context)
    return [run.applied for run in runs]


def _to_do(plan: Plan) -> list[Effect]:
    return [effect for effect in plan.effects if not isinstance(effect, Report | RequestSync)]


def _announced(plan: Plan) -> Link | None:
    """The link that says what the plan writes: the first one that it saves, or that of the record
    that it creates.
    """
    return next(
        (effect.link for effect in plan.effects if isinstance(effect, SaveLink)), plan.new_link
    )


def _rebase(runs: Sequence[_Run], context: SyncContext, rebase: Rebase) -> None:
    """Save links again whose base has changed with a response: a side may store a value otherwise
    than it was sent (trimmed, formatted). Usually there are none.
    """
    rebased: list[tuple[_Run, Link]] = []
    for run in runs:
        link = saved = run.applied.saved
        for side, fields in run.applied.shown.items():
            link = rebase(link, side, fields) if link else None
        if link is not None and link != saved:
            rebased.append((run, link))
    if not rebased:
        return
    for (run, _), outcome in zip(
        rebased, context.links.save([link for _, link in rebased]), strict=True
    ):
        if isinstance(outcome, SyncError):
            run.applied.error = run.applied.error or outcome
        else:
            run.applied.saved = outcome


def _advance(runs: Sequence[_Run], stage: Stage, applier: _Applier) -> bool:
    """Apply a stage to the plans whose next effect it takes; returns whether there are any."""
    batch = [
        run for run in runs if isinstance(run.head, stage.kind) and run.head.side is stage.side
    ]
    if not batch:
        return False
    try:
        outcomes = stage.apply(applier, batch)
    except SyncError as error:
        outcomes = [error] * len(batch)
    for run, outcome in zip(batch, outcomes, strict=True):
        if isinstance(outcome, Link):
            run.keep(outcome)
        else:
            run.accept(outcome)
    return True


_Kind = TypeVar("_Kind", bound=Effect)


def _heads(runs: Sequence[_Run], kind: type[_Kind]) -> list[_Kind]:
    return [run.head for run in runs if isinstance(run.head, kind)]


def _creations(runs: Sequence[_Run]) -> list[CreateRecord]:
    return [
        run.marked_creation(head)
        for run, head in zip(runs, _heads(runs, CreateRecord), strict=True)
    ]


def _updates(runs: Sequence[_Run]) -> list[UpdateRecord]:
    return [
        run.marked_update(head) for run, head in zip(runs, _heads(runs, UpdateRecord), strict=True)
    ]


def _ref(link: Link) -> Ref:
    if not isinstance(link.hubspot, Ref):
        msg = "a stored link has both ids"
        raise TypeError(msg)
    return link.hubspot
