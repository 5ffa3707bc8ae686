"""Explain one record: what is known of it, each field's decision, and what would be written now.
Writes nothing (CH-28).

The plan is the sync's own, made in a dry world; whatever is told besides is read or worked out from
it. The answer holds the record's values: it is for the operator who asked, and is never stored or
logged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crmsync.errors import Gone, Refused
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.lifecycle import changed_stages, would_spread
from crmsync.flows.engine.planning import PlannedBatch
from crmsync.flows.kinds.dispatch import GATHER_AND_PLAN, plan_changes
from crmsync.flows.preview.window import ReadOnlyView, chosen_connections
from crmsync.model.changes import Cause, Change
from crmsync.model.concerns import KIND_OF, kinds_of
from crmsync.model.conflicts import ResolvedConflict
from crmsync.model.effects import Effect, Plan, Report, RequestSync
from crmsync.model.facts import Facts
from crmsync.model.links import Link
from crmsync.model.records import Kind, Record, Ref, Side
from crmsync.model.settings import Connection, Settings
from crmsync.rules.merge.fingerprint_renewal import ruleset_for
from crmsync.rules.pair.reports import forgotten_place
from crmsync.rules.preview.explanation import (
    DecisionLine,
    FieldLine,
    Pairing,
    creation_reports,
    lines_of,
    pairing_of,
)


@dataclass(frozen=True, slots=True)
class Explained:
    """All that can be said of a record on one connection.

    ``link`` is the stored one, None where there is none. ``candidates`` are records across that may
    be the same, ``taken`` those of them that have a pair. ``spread`` are lifecycle stages that
    others would get along with it, ``foreseen`` what people would be told once the record that the
    plan makes is there, ``parked`` what stands in the error inbox about the two, ``settled`` the
    pair's last conflicts, newest first. ``syncs`` says whether the concern is switched on.
    """

    connection: str
    kind: Kind
    ref: Ref
    syncs: bool
    link: Link | None
    hubspot: Record | None
    salesforce: Record | None
    candidates: tuple[Ref, ...]
    taken: tuple[Ref, ...]
    fields: tuple[FieldLine, ...]
    decisions: tuple[DecisionLine, ...]
    plan: Plan
    spread: tuple[Effect, ...]
    foreseen: tuple[Report, ...]
    parked: tuple[Report, ...]
    settled: tuple[ResolvedConflict, ...]

    @property
    def waits_for(self) -> tuple[Ref, ...]:
        """The records that must be there, or let go, before this one can be done."""
        looks = [
            one.ref for one in self.plan.effects if isinstance(one, RequestSync) and one.waiting
        ]
        told = [
            ref for one in self.plan.effects if isinstance(one, Report) for ref in one.waits_for
        ]
        return tuple(dict.fromkeys((*looks, *told)))


@dataclass(frozen=True, slots=True)
class Explainer:
    """Looks at single records. `window` opens a connection for looking."""

    settings: Callable[[], Settings]
    window: Callable[[Connection, Settings], ReadOnlyView]
    now: Callable[[], datetime]

    def explain(self, side: Side, name: str, record_id: str, only: str = "") -> list[Explained]:
        """What is known of a record, connection by connection where it is known.

        Raises `Refused` for an object that is not kept in step, and `Gone` where no connection
        knows the record.
        """
        object_, settings = _object(side, name), self.settings()
        connections = chosen_connections(settings, only)
        windows = [self.window(one, settings) for one in connections]
        found = [told for one in windows if (told := self._on(one, side, object_, record_id))]
        if not found:
            names = ", ".join(one.name for one in connections)
            raise Gone(f"{side} shows no {object_} {record_id}, and no link of {names} names one.")
        return found

    def _on(
        self, window: ReadOnlyView, side: Side, object_: str, record_id: str
    ) -> Explained | None:
        """What one connection knows of the record, or None."""
        context = window.context
        ref = Ref(side, object_, window.full(record_id) if side is Side.SALESFORCE else record_id)
        kind = KIND_OF[ref.side][ref.object]
        name = context.connection.name
        looked = _look([Change(name, kind, ref, Cause.AGAIN, self.now())], context)
        for facts, plan in zip(looked.facts, looked.plans, strict=True):
            if facts.change.ref != ref or (facts.link is None and facts.named is None):
                continue
            ruleset = ruleset_for(facts.link, looked.ruleset)
            pairing = pairing_of(facts, plan, ruleset)
            lines, decisions = lines_of(pairing, plan, ruleset)
            return Explained(
                name,
                kind,
                ref,
                kind in kinds_of(context.connection),
                facts.link,
                pairing.hubspot,
                pairing.salesforce,
                tuple(one.ref for one in facts.candidates),
                tuple(sorted(facts.taken)),
                lines,
                decisions,
                plan,
                would_spread(changed_stages([facts], [plan], looked.ruleset), context),
                creation_reports(facts.named, plan, looked.ruleset),
                _parked(context, facts, pairing),
                _settled(context, facts, pairing),
            )
        return None


def _look(changes: list[Change], context: SyncContext) -> PlannedBatch[Any]:
    """Look at a record, and together with those that must be looked at with it: whoever holds the
    address that it should get.
    """
    looked = plan_changes(changes, context)
    return plan_changes(looked.not_yet, context) if looked.not_yet else looked


def _object(side: Side, name: str) -> str:
    """The object's own name, written small or large, one or many."""
    known = KIND_OF[side]
    small = name.lower()
    words = {small, small.removesuffix("s"), f"{small.removesuffix('ies')}y"}
    found = next(
        (one for one in known if one.lower() in words and known[one] in GATHER_AND_PLAN), None
    )
    if found is None:
        there = ", ".join(one for one, kind in known.items() if kind in GATHER_AND_PLAN)
        raise Refused(f"{side} has no {name} to explain; there are {there}.", code="OBJECT")
    return found


def _parked(context: SyncContext, facts: Facts, pairing: Pairing) -> tuple[Report, ...]:
    """What people were told about the record or its counterpart, and still stands."""
    places = (facts.link.hubspot, facts.link.salesforce) if facts.link else ()
    records = [one.ref for one in (pairing.hubspot, pairing.salesforce) if one]
    known = {facts.change.ref, *records, *places}
    about = known | {forgotten_place(ref) for ref in known if isinstance(ref, Ref)}
    return tuple(one for one in context.inbox.parked(context.connection.name) if one.ref in about)


def _settled(context: SyncContext, facts: Facts, pairing: Pairing) -> tuple[ResolvedConflict, ...]:
    """What was settled lately between the record and its counterpart, newest first."""
    linked = facts.link.hubspot if facts.link else None
    record = linked if isinstance(linked, Ref) else pairing.hubspot and pairing.hubspot.ref
    return (
        context.conflict_log.last(context.connection.name, [record]).get(record, ())
        if record
        else ()
    )
