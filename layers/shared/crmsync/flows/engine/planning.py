"""Plans a whole batch, for every kind: gives each plan the owners and ages it needs, and keeps a
defect in one plan from stopping the others.

The decisions are made in `crmsync.plans`. Each kind has a function `gather_and_plan(changes,
context)` that returns a `PlannedBatch`: a sync applies it and a preview only shows it; nothing else
differs between the two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from typing import Generic, TypeAlias

from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.loader import AnyFacts
from crmsync.model.changes import Change
from crmsync.model.effects import Category, Report
from crmsync.model.facts import Facts
from crmsync.model.fields import FieldRule, Update
from crmsync.model.plan import Plan
from crmsync.model.records import Record, Ref, Side
from crmsync.rules.fields.maps import asks_for_zone
from crmsync.rules.merge import owners
from crmsync.rules.merge.fingerprint_renewal import readable, ruleset_for, with_newer_fingerprints
from crmsync.rules.merge.ruleset import Ruleset

Decide: TypeAlias = Callable[[AnyFacts, Ruleset], Plan]
"""Plans one record; pure."""


@dataclass(frozen=True, slots=True)
class PlannedBatch(Generic[AnyFacts]):
    """What a batch is to do. Nothing is applied yet.

    Attributes:
        facts: what was gathered, per record.
        plans: what is to be done, in the places of the facts.
        ruleset: the rules that the plans were made by.
        not_yet: changes to sync once these plans are applied.
        unchanged: how many records show nothing new.
        first: plans that must be applied before the others.
    """

    facts: list[AnyFacts]
    plans: list[Plan]
    ruleset: Ruleset
    not_yet: list[Change]
    unchanged: int
    first: tuple[Plan, ...] = ()


def owners_for(facts: Sequence[Facts], context: SyncContext) -> owners.OwnerMatches | None:
    """Which owners of the two sides belong together; None if no owner of the facts is new or has
    changed. Raises `SyncError`.
    """
    if not any(_needs_owners(one) for one in facts):
        return None
    return owners.match_owners(context.directory.owners(), dict(context.connection.owners))


def _needs_owners(facts: Facts) -> bool:
    if facts.link is None:
        return facts.named is not None
    if facts.hubspot is None or facts.salesforce is None:
        return False
    shown = owners.owners_of(facts.hubspot, facts.salesforce, facts.link)
    return (shown.hubspot, shown.salesforce) != (shown.last_hubspot, shown.last_salesforce)


def zone_for(rows: Iterable[FieldRule], context: SyncContext) -> tzinfo:
    """The time zone of the HubSpot account if one of the rows needs it, else UTC. Raises
    `SyncError`.
    """
    return context.zone() if asks_for_zone(rows) else UTC


def plan_batch(
    facts: Sequence[AnyFacts], context: SyncContext, ruleset: Ruleset, decide: Decide[AnyFacts]
) -> tuple[list[AnyFacts], list[Plan]]:
    """Plan every record; returns the facts and the plans, place by place. Raises `SyncError`.

    Records whose plan depends on when HubSpot's values were set are read once more, with the ages
    of their values, and planned again.
    """
    facts = list(facts)
    plans = [plan_safely(one, ruleset, decide) for one in facts]
    contested = [at for at, plan in enumerate(plans) if _depends_on_age(plan)]
    refs = [record.ref for at in contested for record in hubspot_records(facts[at])]
    if refs:
        aged = context.hubspot.read(refs, ruleset.fields(Side.HUBSPOT), history=True)
        for at in contested:
            facts[at] = _with_ages(facts[at], aged)
            plans[at] = plan_safely(facts[at], ruleset, decide)
    return facts, plans


def _depends_on_age(plan: Plan) -> bool:
    """Whether both sides changed a two-way field (Q-21), or a mapping is newer than the link of the
    pair (MAP-6).
    """
    return plan.undecided or any(one.policy == Update.TWO_WAY for one in plan.conflicts)


def hubspot_records(facts: Facts) -> Iterable[Record]:
    """The HubSpot records that a plan may depend on: that of the pair, or those to link with."""
    return [
        one
        for one in (facts.hubspot, facts.remembered, *facts.candidates)
        if one and one.ref.side is Side.HUBSPOT
    ]


def _with_ages(facts: AnyFacts, aged: Mapping[Ref, Record]) -> AnyFacts:
    """The facts with the records as they were read again. Fields that came from elsewhere stay."""

    def again(record: Record) -> Record:
        new = aged.get(record.ref, record)
        return replace(new, fields={**record.fields, **new.fields})

    return replace(
        facts,
        hubspot=again(facts.hubspot) if facts.hubspot else None,
        remembered=again(facts.remembered) if facts.remembered else None,
        candidates=tuple(again(one) for one in facts.candidates),
    )


def plan_safely(facts: AnyFacts, ruleset: Ruleset, decide: Decide[AnyFacts]) -> Plan:
    """The plan of one record; where planning fails, a report about this record alone. The other 999
    records of the batch go on.
    """
    try:
        return _plan(facts, ruleset, decide)
    except Exception as error:  # noqa: BLE001 - any defect in planning one record concerns that record alone; it is reported, not swallowed
        text = f"could not be planned: {type(error).__name__}"
        hint = "This is a defect of crmsync; please report it."
        return Plan((Report(facts.change.ref, Category.INTERNAL, text, hint=hint),))


def _plan(facts: AnyFacts, ruleset: Ruleset, decide: Decide[AnyFacts]) -> Plan:
    """Plan a record with the key of its link's fingerprints; the plan renews them where it can."""
    link = facts.link and readable(facts.link, ruleset)
    if link is None or link.key == ruleset.fingerprinter.number:
        return decide(facts if link is facts.link else replace(facts, link=link), ruleset)
    return with_newer_fingerprints(decide(facts, ruleset_for(link, ruleset)), facts, ruleset)
