"""The only loop over effects: the effects of all plans together, stage by stage, so that a thousand plans cost a handful of calls.

Within a plan the order of its effects holds, and its first failure stops it; other plans go on. What was written is not undone: the next
look finds it, by its key or its address, and goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from crmsync.errors import SyncError
from crmsync.flows.world import World
from crmsync.model.effects import (
    CreateRecord,
    Effect,
    FieldValue,
    IdOf,
    LookAgain,
    OptOut,
    Plan,
    Report,
    SaveLink,
    UpdateRecord,
)
from crmsync.model.links import Link, Place, Slot
from crmsync.model.records import Ref, Side, Value
from crmsync.ports import Outcome, Written

Settle: TypeAlias = Callable[[Link, Side, Mapping[str, Value]], Link]
"""Puts what a side answered to a write into a link's base."""


@dataclass(slots=True)
class _Run:
    """A plan on its way: how far it has come, the ids of what it made, and the error that stopped it."""

    effects: tuple[Effect, ...]
    done: int = 0
    made: dict[Slot, Ref] = field(default_factory=dict)
    shown: dict[Side, dict[str, Value]] = field(default_factory=dict)
    error: SyncError | None = None

    @property
    def head(self) -> Effect | None:
        return self.effects[self.done] if self.error is None and self.done < len(self.effects) else None

    def accept(self, outcome: Outcome) -> None:
        if isinstance(outcome, SyncError):
            self.error = outcome
            return
        effect = self.effects[self.done]
        if isinstance(effect, CreateRecord):
            self.made[effect.into] = outcome.ref
        self.shown.setdefault(outcome.ref.side, {}).update(outcome.fields)
        self.done += 1

    def place(self, place: Place) -> Ref:
        return self.made[place] if isinstance(place, Slot) else place

    def values(self, fields: Mapping[str, FieldValue]) -> dict[str, FieldValue]:
        return {
            name: value.prefix + self.made[value.slot].id if isinstance(value, IdOf) else value
            for name, value in fields.items()
        }


def apply(plans: Sequence[Plan], world: World, settle: Settle) -> list[SyncError | None]:
    """Do what the plans say and answer, plan by plan, None or the error that stopped it.

    Reports are kept in the error inbox and put-off changes go back to their queue at the end, in one go each.
    """
    runs = [_Run(tuple(effect for effect in plan.effects if not isinstance(effect, Report | LookAgain))) for plan in plans]
    stages = _stages(world, settle)
    while any([_advance(runs, stage) for stage in stages]):
        pass
    said = [effect for plan in plans for effect in plan.effects]
    world.inbox.park(world.connection.name, [effect for effect in said if isinstance(effect, Report)])
    put_off = [(effect.change, effect.after) for effect in said if isinstance(effect, LookAgain)]
    if put_off:
        world.outbox.again(put_off)
    return [run.error for run in runs]


@dataclass(frozen=True, slots=True)
class _Stage:
    """One kind of effect on one side, and how a batch of it is done."""

    kind: type[Effect]
    side: Side | None
    perform: Callable[[list[_Run]], Sequence[Outcome]]

    def takes(self, effect: Effect | None) -> bool:
        return isinstance(effect, self.kind) and self.side is getattr(effect, "side", None)


def _stages(world: World, settle: Settle) -> tuple[_Stage, ...]:
    """The order that batches best: Salesforce, HubSpot, preferences, links; a plan that needs another order takes another round."""
    return (
        _Stage(CreateRecord, Side.SALESFORCE, lambda runs: world.salesforce.create(_creates(runs))),
        _Stage(UpdateRecord, Side.SALESFORCE, lambda runs: world.salesforce.update(_updates(runs))),
        _Stage(CreateRecord, Side.HUBSPOT, lambda runs: world.hubspot.create(_creates(runs))),
        _Stage(UpdateRecord, Side.HUBSPOT, lambda runs: world.hubspot.update(_updates(runs))),
        _Stage(OptOut, None, lambda runs: world.preferences.opt_out(_opt_outs(runs))),
        _Stage(SaveLink, None, lambda runs: _save(runs, world, settle)),
    )


def _advance(runs: Sequence[_Run], stage: _Stage) -> bool:
    batch = [run for run in runs if stage.takes(run.head)]
    if not batch:
        return False
    try:
        outcomes = stage.perform(batch)
    except SyncError as error:
        outcomes = [error] * len(batch)
    for run, outcome in zip(batch, outcomes, strict=True):
        run.accept(outcome)
    return True


def _opt_outs(runs: Sequence[_Run]) -> list[OptOut]:
    return [run.head for run in runs if isinstance(run.head, OptOut)]


def _creates(runs: Sequence[_Run]) -> list[CreateRecord]:
    return [replace(run.head, fields=run.values(run.head.fields)) for run in runs if isinstance(run.head, CreateRecord)]


def _updates(runs: Sequence[_Run]) -> list[UpdateRecord]:
    return [
        replace(run.head, place=run.place(run.head.place), fields=run.values(run.head.fields))
        for run in runs
        if isinstance(run.head, UpdateRecord)
    ]


def _save(runs: Sequence[_Run], world: World, settle: Settle) -> Sequence[Outcome]:
    links = []
    for run in runs:
        effect = run.head
        if isinstance(effect, SaveLink):
            link = replace(effect.link, hubspot=run.place(effect.link.hubspot), salesforce=run.place(effect.link.salesforce))
            for side, fields in run.shown.items():
                link = settle(link, side, fields)
            links.append(link)
    return [_linked(saved) for saved in world.links.save(links)]


def _linked(saved: Link | SyncError) -> Outcome:
    if isinstance(saved, SyncError):
        return saved
    assert isinstance(saved.hubspot, Ref)  # noqa: S101 - a stored link has both ids; this tells the type checker
    return Written(saved.hubspot, {})
