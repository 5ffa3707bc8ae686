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
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.partial_writes import (
    FieldRetries,
    LeftOut,
    WriteAttempt,
    retry_without_fields,
)
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

_SAFETY_DELAY = 30
"""Seconds after which requested records are synced, whatever becomes of this worker."""

Rebase: TypeAlias = Callable[[Link, Side, Mapping[str, Value]], Link]
"""Puts the values of a side's response to a write into a link's base."""


@dataclass(slots=True)
class Applied:
    """What became of a plan.

    Attributes:
        error: the error that stopped it, or None.
        made: the record that it created.
        saved: its link as it is stored now.
        shown: the fields of each side's responses to its writes.
        left_out: the fields that were left out of its writes.
    """

    error: SyncError | None = None
    made: Ref | None = None
    saved: Link | None = None
    shown: dict[Side, dict[str, Value]] = field(default_factory=dict)
    left_out: LeftOut = field(default_factory=LeftOut)


@dataclass(slots=True)
class _Run:
    """A plan that is being applied.

    Attributes:
        left: the effects that are left.
        announced: the link that says what the plan writes.
        portal_id: the HubSpot account, for the names of our own fields.
        at: the plan's place in the batch.
        applied: what became of the plan so far.
    """

    left: list[Effect]
    announced: Link | None
    portal_id: int
    at: int
    applied: Applied = field(default_factory=Applied)

    @property
    def head(self) -> Effect | None:
        return self.left[0] if self.left and self.applied.error is None else None

    def marked_creation(self, effect: CreateRecord) -> CreateRecord:
        """The creation with the revision that shows that the new record is this plan's."""
        return replace(effect, fields={**effect.fields, **self._revision(effect.into, effect.side)})

    def marked_update(self, effect: UpdateRecord) -> UpdateRecord:
        """The update with the revision that shows that the record has received it. A best-effort
        write was not announced and has none.
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
"""Brings roll-ups up to date; returns one outcome per effect."""


def no_roll_ups(effects: Sequence[RollUp], _context: SyncContext) -> Sequence[Outcome]:
    """For kinds without roll-ups. Raises `TypeError`."""
    msg = f"{len(effects)} roll-ups in a plan of a kind that has none"
    raise TypeError(msg)


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
    first = [report for report in reports if report.category is Category.PRIVACY]
    if first:
        context.inbox.park(context.connection.name, first)
    portal_id = context.connection.hubspot.portal_id
    runs = [_Run(_to_do(plan), _announced(plan), portal_id, at) for at, plan in enumerate(plans)]
    requests = [effect for effect in effects if isinstance(effect, RequestSync)]
    _request([one for one in requests if one.waiting is None], context, after=_SAFETY_DELAY)
    stages = _stages(context, roll_up, retries)
    moving = True
    while moving:
        moving = False
        for stage in stages:
            if _advance(runs, stage):
                moving = True
    _rebase(runs, context, rebase)
    if len(reports) > len(first):
        context.inbox.park(
            context.connection.name, [report for report in reports if report not in first]
        )
    _request(requests, context)
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


def _request(requests: Sequence[RequestSync], context: SyncContext, *, after: int = 0) -> None:
    """Queue the requested syncs after so many seconds, each with the record that waits for it."""
    changes = [
        Change(
            context.connection.name,
            one.kind,
            one.ref,
            Cause.EDITED,
            context.now(),
            waiting=(one.waiting,) if one.waiting else (),
        )
        for one in requests
    ]
    if changes:
        context.outbox.again([(change, after) for change in changes])


@dataclass(frozen=True, slots=True)
class _Stage:
    """One type of effect on one side, and how a batch of them is applied."""

    kind: type[Effect]
    side: Side | None
    perform: Callable[[list[_Run]], Sequence[Outcome | Link]]

    def takes(self, effect: Effect | None) -> bool:
        return isinstance(effect, self.kind) and self.side is effect.side


def _stages(
    context: SyncContext, roll_up: RollUps = no_roll_ups, retries: FieldRetries | None = None
) -> tuple[_Stage, ...]:
    """The order that batches best: links, Salesforce, HubSpot, preferences. A plan that needs
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
            lambda runs: _send(
                _creations,
                lambda effects: _create_in_salesforce(effects, context),
                runs,
                context,
                retries,
            ),
        ),
        _Stage(
            UpdateRecord,
            Side.SALESFORCE,
            lambda runs: _send(_updates, context.salesforce.update, runs, context, retries),
        ),
        _Stage(
            CreateRecord,
            Side.HUBSPOT,
            lambda runs: _send(_creations, context.hubspot.create, runs, context, retries),
        ),
        _Stage(
            UpdateRecord,
            Side.HUBSPOT,
            lambda runs: _send(_updates, context.hubspot.update, runs, context, retries),
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


def _create_in_salesforce(
    effects: Sequence[CreateRecord], context: SyncContext
) -> Sequence[Outcome]:
    """Create records. Contact roles are stored at once: Salesforce does not show whose a deleted
    role was.
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


def _send(
    effects: Callable[[Sequence[_Run]], list[AnyWrite]],
    send: Callable[[Sequence[AnyWrite]], Sequence[Outcome]],
    runs: Sequence[_Run],
    context: SyncContext,
    retries: FieldRetries | None,
) -> Sequence[Outcome]:
    """Make the writes of these plans. Usually none is refused; one that is refused for some of its
    fields is made once more without them.
    """
    writes = effects(runs)
    outcomes = send(writes)
    if retries is None or not any(isinstance(outcome, Refused) for outcome in outcomes):
        return outcomes
    tries = [WriteAttempt(run.at, run.applied.saved, run.applied.left_out) for run in runs]
    outcomes = retry_without_fields(writes, outcomes, send, tries, retries, context)
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
    """The links to save, with the time of what they announce. A plan that saves its link a second
    time saves over the version that it stored.
    """
    links = []
    for run, effect in zip(runs, _heads(runs, SaveLink), strict=True):
        saved = run.applied.saved
        link = effect.link if saved is None else replace(effect.link, version=saved.version)
        if run.applied.left_out.marks:
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
