"""The only loop over effects: the effects of all plans together, stage by stage, so that a thousand
plans cost a handful of calls.

Within a plan the order of its effects holds, and its first failure stops it; other plans go on.
What was written is not undone: the next look finds it, by its key or its address, and goes on from
there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias, TypeVar

from crmsync.errors import Conflict, Refused, SyncError
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.partial_writes import FieldRetries, LeftOut, WriteAttempt, send_with_retry
from crmsync.model.changes import Cause, Change
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
from crmsync.rules.pair.refused_fields import AnyWrite

_ONCE_MORE = 30
"""Seconds after which a record that shows what is written here is looked at, whatever becomes of
this look.
"""

Rebase: TypeAlias = Callable[[Link, Side, Mapping[str, Value]], Link]
"""Puts what a side answered to a write into a link's base."""


@dataclass(slots=True)
class Applied:
    """What became of a plan.

    Its error is the one that stopped it, or None. ``made`` is the record that it made, ``saved``
    the link as it is stored now, and ``shown`` what each side answered to its writes; ``left_out``
    are the fields that were left out of them.
    """

    error: SyncError | None = None
    made: Ref | None = None
    saved: Link | None = None
    shown: dict[Side, dict[str, Value]] = field(default_factory=dict)
    left_out: LeftOut = field(default_factory=LeftOut)


@dataclass(slots=True)
class _Run:
    """A plan on its way: the effects that are left, and what became of the others."""

    left: list[Effect]
    announced: Link | None
    portal_id: int
    at: int
    applied: Applied = field(default_factory=Applied)

    @property
    def head(self) -> Effect | None:
        return self.left[0] if self.left and self.applied.error is None else None

    def marked_creation(self, effect: CreateRecord) -> CreateRecord:
        """The creation with the revision by which the new record is known to be of this plan."""
        return replace(effect, fields={**effect.fields, **self._revision(effect.into, effect.side)})

    def marked_update(self, effect: UpdateRecord) -> UpdateRecord:
        """The update with the revision by which its record is known to have got it; what nothing
        depends on is not announced.
        """
        if effect.best_effort:
            return effect
        return replace(
            effect, fields={**effect.fields, **self._revision(effect.place, effect.side)}
        )

    def _revision(self, place: Place, side: Side) -> Mapping[str, Value]:
        return revision_on(self.announced, place, side, self.portal_id) if self.announced else {}

    def keep(self, saved: Link) -> None:
        self.left.pop(0)
        self.applied.saved = saved

    def accept(self, outcome: Outcome) -> None:
        if isinstance(outcome, SyncError):
            if isinstance(outcome, Conflict | Refused) and self.left[0].best_effort:
                self.left.pop(0)
            else:
                self.applied.error = outcome
            return
        if isinstance(self.left.pop(0), CreateRecord):
            self.applied.made = outcome.ref
        self.applied.shown.setdefault(outcome.ref.side, {}).update(outcome.fields)


RollUps: TypeAlias = Callable[[Sequence[RollUp], SyncContext], Sequence[Outcome]]
"""Brings roll-ups up to date, in order of the effects."""


def no_roll_ups(effects: Sequence[RollUp], _world: SyncContext) -> Sequence[Outcome]:
    """For kinds whose plans roll nothing up. Raises `TypeError`."""
    msg = f"{len(effects)} roll-ups in a plan of a kind that has none"
    raise TypeError(msg)


def apply(
    plans: Sequence[Plan],
    context: SyncContext,
    rebase: Rebase,
    roll_up: RollUps = no_roll_ups,
    again: FieldRetries | None = None,
) -> list[Applied]:
    """Do what the plans say and answer, plan by plan, what became of it; `roll_up` is the flow that
    brings roll-ups up to date.

    With `again`, what is refused for some of its fields is tried once more without these. Reports
    are kept in the error inbox at the end, and looks asked for, each in one go; but what a privacy
    deletion leaves is told before the link goes, without which nobody would know of it.
    """
    said = [effect for plan in plans for effect in plan.effects]
    told = [effect for effect in said if isinstance(effect, Report)]
    first = [report for report in told if report.category is Category.PRIVACY]
    if first:
        context.inbox.park(context.connection.name, first)
    portal_id = context.connection.hubspot.portal_id
    runs = [_Run(_to_do(plan), _announced(plan), portal_id, at) for at, plan in enumerate(plans)]
    looks = [effect for effect in said if isinstance(effect, RequestSync)]
    _ask([look for look in looks if look.waiting is None], context, after=_ONCE_MORE)
    stages = _stages(context, roll_up, again)
    moving = True
    while moving:
        moving = sum(_advance(runs, stage) for stage in stages) > 0
    _rebase(runs, context, rebase)
    context.inbox.park(context.connection.name, [report for report in told if report not in first])
    _ask(looks, context)
    return [run.applied for run in runs]


def _to_do(plan: Plan) -> list[Effect]:
    return [effect for effect in plan.effects if not isinstance(effect, Report | RequestSync)]


def _announced(plan: Plan) -> Link | None:
    """The link that says what the plan writes: the one that it saves first, or that of the record
    that it makes.
    """
    return next(
        (effect.link for effect in plan.effects if isinstance(effect, SaveLink)), plan.new_link
    )


def _rebase(runs: Sequence[_Run], context: SyncContext, rebase: Rebase) -> None:
    """Store what a side made of a value that it took otherwise than it was announced (trimmed,
    formatted); mostly nothing.
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


def _ask(looks: Sequence[RequestSync], context: SyncContext, *, after: int = 0) -> None:
    """Have other concerns look at records after so many seconds, and tell them who waits for
    these.
    """
    changes = [
        Change(
            context.connection.name,
            look.kind,
            look.ref,
            Cause.EDITED,
            context.now(),
            waiting=(look.waiting,) if look.waiting else (),
        )
        for look in looks
    ]
    if changes:
        context.outbox.again([(change, after) for change in changes])


@dataclass(frozen=True, slots=True)
class _Stage:
    """One kind of effect on one side, and how a batch of it is done."""

    kind: type[Effect]
    side: Side | None
    perform: Callable[[list[_Run]], Sequence[Outcome | Link]]

    def takes(self, effect: Effect | None) -> bool:
        return isinstance(effect, self.kind) and self.side is effect.side


def _stages(
    context: SyncContext, roll_up: RollUps = no_roll_ups, again: FieldRetries | None = None
) -> tuple[_Stage, ...]:
    """The order that batches best: links, Salesforce, HubSpot, preferences; a plan that needs
    another order takes another round.
    """
    return (
        _Stage(
            DropLink,
            None,
            lambda runs: _linked(context.links.drop([one.link for one in _heads(runs, DropLink)])),
        ),
        _Stage(SaveLink, None, lambda runs: context.links.save(_to_save(runs, context))),
        _Stage(
            CreateRecord,
            Side.SALESFORCE,
            lambda runs: _sent(
                _creations,
                lambda effects: _made_in_salesforce(effects, context),
                runs,
                context,
                again,
            ),
        ),
        _Stage(
            UpdateRecord,
            Side.SALESFORCE,
            lambda runs: _sent(_updates, context.salesforce.update, runs, context, again),
        ),
        _Stage(
            CreateRecord,
            Side.HUBSPOT,
            lambda runs: _sent(_creations, context.hubspot.create, runs, context, again),
        ),
        _Stage(
            UpdateRecord,
            Side.HUBSPOT,
            lambda runs: _sent(_updates, context.hubspot.update, runs, context, again),
        ),
        _Stage(
            Associate,
            Side.HUBSPOT,
            lambda runs: context.associations.associate(_heads(runs, Associate)),
        ),
        _Stage(
            Dissociate,
            Side.HUBSPOT,
            lambda runs: context.associations.dissociate(_heads(runs, Dissociate)),
        ),
        _Stage(
            EndRole,
            Side.SALESFORCE,
            lambda runs: context.opportunities.end_roles(_heads(runs, EndRole)),
        ),
        _Stage(RollUp, Side.HUBSPOT, lambda runs: roll_up(_heads(runs, RollUp), context)),
        _Stage(
            DeleteRecord,
            Side.HUBSPOT,
            lambda runs: context.deleter.delete(_heads(runs, DeleteRecord)),
        ),
        _Stage(
            OptOut, Side.HUBSPOT, lambda runs: context.preferences.opt_out(_heads(runs, OptOut))
        ),
    )


def _made_in_salesforce(effects: Sequence[CreateRecord], context: SyncContext) -> Sequence[Outcome]:
    """Make records; contact roles are remembered at once, as Salesforce forgets one that is
    deleted, whose it was included.
    """
    outcomes = context.salesforce.create(effects)
    roles = [
        role_made(effect, outcome.ref)
        for effect, outcome in zip(effects, outcomes, strict=True)
        if effect.object == CONTACT_ROLE and isinstance(outcome, Written)
    ]
    if roles:
        context.opportunities.remember_roles(roles)
    return outcomes


def _sent(
    effects: Callable[[Sequence[_Run]], list[AnyWrite]],
    send: Callable[[Sequence[AnyWrite]], Sequence[Outcome]],
    runs: Sequence[_Run],
    context: SyncContext,
    again: FieldRetries | None,
) -> Sequence[Outcome]:
    """Make the writes of these plans; those that were refused for some of their fields once more
    without them.
    """
    if again is None:
        return send(effects(runs))
    tries = [WriteAttempt(run.at, run.applied.saved, run.applied.left_out) for run in runs]
    outcomes = send_with_retry(effects(runs), send, tries, again, context)
    for run, one in zip(runs, tries, strict=True):
        run.applied.saved = one.saved
    return outcomes


def _advance(runs: Sequence[_Run], stage: _Stage) -> bool:
    batch = [run for run in runs if stage.takes(run.head)]
    if not batch:
        return False
    try:
        outcomes = stage.perform(batch)
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


def _to_save(runs: Sequence[_Run], context: SyncContext) -> list[Link]:
    """The links to save, with the time of what they announce; a plan that saves its link again
    saves the version that it stored.
    """
    links = []
    for run, effect in zip(runs, _heads(runs, SaveLink), strict=True):
        saved = run.applied.saved
        link = effect.link if saved is None else replace(effect.link, version=saved.version)
        link = run.applied.left_out.marked(link)
        links.append(link.announced_at(context.now()))
    return links


def _linked(saved: Sequence[Link | SyncError]) -> list[Outcome]:
    return [one if isinstance(one, SyncError) else Written(_ref(one), {}) for one in saved]


def _ref(link: Link) -> Ref:
    if not isinstance(link.hubspot, Ref):
        msg = "a stored link has both ids"
        raise TypeError(msg)
    return link.hubspot
