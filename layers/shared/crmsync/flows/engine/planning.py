"""Plan a whole batch, for every kind: owners where one is new, second thoughts for contested
values, and protection from defects.

The deciding itself is in `crmsync.plans`; here it is only given what it asks for. Each kind's flow
has a function ``look(changes, context)`` that gathers and plans and answers a `PlannedBatch`: the sync
applies it, a preview only shows it, and nothing else differs between the two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from typing import Generic, TypeAlias

from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.results import AnyFacts
from crmsync.model.changes import Change
from crmsync.model.effects import Category, Plan, Report
from crmsync.model.facts import Facts
from crmsync.model.fields import FieldRule, Update
from crmsync.model.records import Record, Ref, Side
from crmsync.rules.fields.maps import asks_for_zone
from crmsync.rules.merge import owners
from crmsync.rules.merge.fingerprint_renewal import readable, ruleset_for, with_newer_fingerprints
from crmsync.rules.merge.ruleset import Ruleset

Decide: TypeAlias = Callable[[AnyFacts, Ruleset], Plan]


@dataclass(frozen=True, slots=True)
class PlannedBatch(Generic[AnyFacts]):
    """What looking at a batch brought: facts with their plans, place by place, and the book they
    were made by. Nothing is applied yet.

    ``not_yet`` are changes to be looked at once these plans are carried out, ``quiet`` counts the
    records that showed nothing new. ``first`` must be done before any of the plans.
    """

    facts: list[AnyFacts]
    plans: list[Plan]
    ruleset: Ruleset
    not_yet: list[Change]
    quiet: int
    first: tuple[Plan, ...] = ()


def owners_for(facts: Sequence[Facts], context: SyncContext) -> owners.OwnerMatches | None:
    """Who is who among the owners, None where no owner of the facts is new or has changed. Raises
    `SyncError`.
    """
    if not any(_asks_for_owners(one) for one in facts):
        return None
    return owners.match_owners(context.directory.owners(), dict(context.connection.owners))


def zone_for(rows: Iterable[FieldRule], context: SyncContext) -> tzinfo:
    """The time zone of the HubSpot account where one of the rows needs it; nobody asks for it in
    vain. Raises `SyncError`.
    """
    return context.zone() if asks_for_zone(rows) else UTC


def plan_batch(
    facts: list[AnyFacts], context: SyncContext, ruleset: Ruleset, decide: Decide[AnyFacts]
) -> list[Plan]:
    """Plan every record; those whose plan turns on when HubSpot's values were set are read once
    more, with the ages of their values.
    """
    plans = [plan_safely(one, ruleset, decide) for one in facts]
    contested = [index for index, plan in enumerate(plans) if _turns_on_age(plan)]
    refs = [record.ref for index in contested for record in hubspot_records(facts[index])]
    if refs:
        aged = context.hubspot.read(refs, ruleset.fields(Side.HUBSPOT), history=True)
        for index in contested:
            facts[index] = _with_ages(facts[index], aged)
            plans[index] = plan_safely(facts[index], ruleset, decide)
    return plans


def _plan(facts: AnyFacts, ruleset: Ruleset, decide: Decide[AnyFacts]) -> Plan:
    """Plan a record by the key that its link is sealed with, which the plan changes where it
    can.
    """
    link = facts.link and readable(facts.link, ruleset)
    if link is None or link.key == ruleset.fingerprinter.number:
        return decide(facts if link is facts.link else replace(facts, link=link), ruleset)
    return with_newer_fingerprints(decide(facts, ruleset_for(link, ruleset)), facts, ruleset)


def _turns_on_age(plan: Plan) -> bool:
    """Both sides changed a two-way field (Q-21), or a mapping meets a pair that was linked before
    it (MAP-6).
    """
    return plan.undecided or any(one.policy == Update.TWO_WAY for one in plan.conflicts)


def hubspot_records(facts: Facts) -> Iterable[Record]:
    """The HubSpot records that a plan may turn on: the one of the pair, or those that it may be
    linked with.
    """
    return [
        one
        for one in (facts.hubspot, facts.remembered, *facts.candidates)
        if one and one.ref.side is Side.HUBSPOT
    ]


def _asks_for_owners(facts: Facts) -> bool:
    if facts.link is None:
        return facts.named is not None
    if facts.hubspot is None or facts.salesforce is None:
        return False
    shown = owners.owners_of(facts.hubspot, facts.salesforce, facts.link)
    return (shown.hubspot, shown.salesforce) != (shown.last_hubspot, shown.last_salesforce)


def _with_ages(facts: AnyFacts, aged: Mapping[Ref, Record]) -> AnyFacts:
    """The facts with the records as they were read again; what was laid beside one stays with
    it.
    """

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
    """A record that the planner trips over is reported and must not take the other 999 of its batch
    with it.
    """
    try:
        return _plan(facts, ruleset, decide)
    except Exception as error:  # noqa: BLE001 - any defect in planning one record is that record's alone; it is shown, not swallowed
        text = f"could not be planned: {type(error).__name__}"
        hint = "This is a defect of crmsync; please report it."
        return Plan((Report(facts.change.ref, Category.INTERNAL, text, hint=hint),))
