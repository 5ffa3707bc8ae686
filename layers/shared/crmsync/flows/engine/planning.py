"""Plans a whole batch, for every kind: gives each plan the parents, owners and ages it needs, and
keeps a defect in one plan from stopping the others. Says what the plans lead to elsewhere: changed
stages, new links.

The decisions are made in `crmsync.plans`. Each kind has a function `gather_and_plan(changes,
context)` that returns a `PlannedBatch`: a sync applies it and a preview only shows it; nothing else
differs between the two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from typing import Generic, TypeAlias

from crmsync.errors import Drifted
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.gathered import Gathered
from crmsync.flows.engine.resting_mappings import without_missing, without_resting
from crmsync.model.changes import Change
from crmsync.model.crm_names import (
    HUBSPOT_OWNER,
    LIFECYCLE_STAGE,
    PARENT_ACCOUNT,
    PRIMARY_COMPANY,
    SALESFORCE_OWNER,
)
from crmsync.model.effects import Category, DropLink, Report, SaveLink, UpdateRecord
from crmsync.model.facts import AnyFacts, Facts
from crmsync.model.fields import FieldRule, FieldType, Update
from crmsync.model.links import Link, LinkState
from crmsync.model.plan import Plan
from crmsync.model.records import Record, Ref, Side
from crmsync.rules.fields.maps import asks_for_zone
from crmsync.rules.merge import owners
from crmsync.rules.merge.baseline import forms_of, view
from crmsync.rules.merge.fingerprint_renewal import readable, ruleset_for, with_newer_fingerprints
from crmsync.rules.merge.parents import account_of, company_of
from crmsync.rules.merge.ruleset import Ruleset

_PARENT = {
    Side.HUBSPOT: forms_of({PRIMARY_COMPANY: FieldType.TEXT}),
    Side.SALESFORCE: forms_of({PARENT_ACCOUNT: FieldType.TEXT}),
}
"""How the parent of a record is compared."""

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


def gather_existing_fields(
    ruleset: Ruleset,
    changes: Sequence[Change],
    context: SyncContext,
    gather: Callable[[Ruleset], Gathered[AnyFacts]],
) -> tuple[Ruleset, Gathered[AnyFacts]]:
    """Gather with the mappings whose fields both sides have. Usually those are all mappings: none
    rests, and no side turns out to lack a field.

    Returns the ruleset that was used, with the views of the gather, and what `gather` returned,
    with the time before it. Raises `Down` if nothing works without a missing field, else as
    `gather` does.
    """
    since = context.now()
    rests = context.troubles.load(context.connection.name).rests
    if rests:
        ruleset = without_resting(ruleset, rests, changes, context)
    try:
        gathered = gather(ruleset)
    except Drifted as error:
        ruleset = without_missing(ruleset, error, changes, context)
        gathered = gather(ruleset)
    facts = [replace(one, since=since) for one in gathered.facts]
    return replace(ruleset, views=gathered.views), replace(gathered, facts=facts)


def owners_for(facts: Sequence[Facts], context: SyncContext) -> owners.OwnerMatches | None:
    """Which owners of the two sides belong together; None if no owner of the facts is new, has
    changed, or is not shown in HubSpot. Raises `SyncError`.
    """
    if not any(_needs_owners(one) for one in facts):
        return None
    return owners.match_owners(context.directory.owners(), dict(context.connection.owners))


def _needs_owners(facts: Facts) -> bool:
    if facts.link is None:
        return facts.named is not None
    if facts.hubspot is None or facts.salesforce is None:
        return False
    ours, theirs = (
        str(record.fields.get(name) or "")
        for record, name in (
            (facts.hubspot, HUBSPOT_OWNER),
            (facts.salesforce, SALESFORCE_OWNER),
        )
    )
    shown = str(facts.hubspot.fields.get(owners.SHOWN_ID, theirs) or "")
    return shown != theirs or (ours, theirs) != facts.link.owners


def find_parents(
    facts: Iterable[Facts], context: SyncContext, ruleset: Ruleset
) -> Mapping[Ref, Ref | None]:
    """Company or account -> its counterpart, for those that these records name. None for one whose
    counterpart was deleted; one without a link is missing. Raises `SyncError`.
    """
    if not context.connection.companies.sync:
        return {}
    wanted = dict.fromkeys(
        parent
        for one in facts
        for record in _with_new_parents(one, ruleset)
        if (parent := _parent(record))
    )
    links = context.links.find(context.connection.name, list(wanted)) if wanted else {}
    found: dict[Ref, Ref | None] = {}
    for ref, link in links.items():
        across = link.on(ref.side.other)
        found[ref] = across if link.state is LinkState.ACTIVE and isinstance(across, Ref) else None
    return found | {across: ref for ref, across in found.items() if across}


def loses_company(facts: Facts, ruleset: Ruleset) -> bool:
    """Whether a linked contact has lost its primary company since the last sync, or its account
    where that takes the company along (Q-29).
    """
    hubspot, salesforce = facts.hubspot, facts.salesforce
    settings = ruleset.connection.companies
    if facts.link is None or hubspot is None or not settings.sync:
        return False
    if not hubspot.fields.get(PRIMARY_COMPANY):
        return _parent_has_changed(hubspot, facts, ruleset)
    return (
        settings.remove_associations
        and salesforce is not None
        and not salesforce.fields.get(PARENT_ACCOUNT)
        and _parent_has_changed(salesforce, facts, ruleset)
    )


def _with_new_parents(facts: Facts, ruleset: Ruleset) -> Iterator[Record]:
    """The records whose parent must be known: none for a pair whose parents have not changed or are
    not compared, as a lead has no account.
    """
    records = [
        one
        for one in (facts.hubspot, facts.salesforce, facts.named_counterpart, *facts.candidates)
        if one
    ]
    if facts.link is None or any(_parent_has_changed(one, facts, ruleset) for one in records):
        yield from records


def _parent_has_changed(record: Record, facts: Facts, ruleset: Ruleset) -> bool:
    """Whether the company of a HubSpot record, or the account of a Salesforce record, is not what
    the two sides agreed on last, if it is compared at all.
    """
    name = PRIMARY_COMPANY if record.ref.side is Side.HUBSPOT else PARENT_ACCOUNT
    if name not in record.fields:
        return False
    if facts.salesforce:
        compared = ruleset.mapping_of(facts.salesforce).forms(record.ref.side)
        if name not in compared:
            return False
    return not view(record, _PARENT[record.ref.side], facts.link, ruleset.fingerprinter).unchanged


def _parent(record: Record) -> Ref | None:
    if record.ref.side is Side.HUBSPOT:
        return company_of(record.fields.get(PRIMARY_COMPANY))
    return account_of(record.fields.get(PARENT_ACCOUNT))


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
        for one in (facts.hubspot, facts.named_counterpart, *facts.candidates)
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
        named_counterpart=again(facts.named_counterpart) if facts.named_counterpart else None,
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
        report = Report(
            facts.change.ref, Category.INTERNAL, text, hint=hint, code=type(error).__name__
        )
        return Plan((report,))


def _plan(facts: AnyFacts, ruleset: Ruleset, decide: Decide[AnyFacts]) -> Plan:
    """Plan a record with the key of its link's fingerprints; the plan renews them where it can."""
    if facts.link is None or facts.link.key == ruleset.fingerprinter.number:
        return decide(facts, ruleset)
    link = readable(facts.link, ruleset)
    if link.key == ruleset.fingerprinter.number:
        return decide(replace(facts, link=link), ruleset)
    return with_newer_fingerprints(decide(facts, ruleset_for(link, ruleset)), facts, ruleset)


def changed_stages(
    facts: Sequence[Facts], plans: Sequence[Plan], ruleset: Ruleset
) -> Mapping[Ref, str]:
    """HubSpot record -> the stage that it has or is about to get, for linked records whose stage
    has changed since the last sync (LIFE-7, SET-8).

    The stage that a record has when it is first linked is no change: an import would otherwise
    raise whole companies to one stage.
    """
    if not ruleset.connection.companies.sync:
        return {}
    changed: dict[Ref, str] = {}
    for one, plan in zip(facts, plans, strict=True):
        if one.hubspot is None or not plan.effects:
            continue
        shown = str(one.hubspot.fields.get(LIFECYCLE_STAGE) or "")
        if planned := _planned_stage(plan):
            changed[one.hubspot.ref] = planned
        elif shown and _stage_has_changed(one, ruleset):
            changed[one.hubspot.ref] = shown
    return changed


def _planned_stage(plan: Plan) -> str:
    """The stage that a plan writes to HubSpot; "" for none."""
    for effect in plan.effects:
        if isinstance(effect, UpdateRecord) and effect.side is Side.HUBSPOT:
            stage = effect.fields.get(LIFECYCLE_STAGE)
            if stage:
                return str(stage)
    return ""


def _stage_has_changed(facts: Facts, ruleset: Ruleset) -> bool:
    if facts.link is None or facts.hubspot is None or not isinstance(facts.link.salesforce, Ref):
        return False
    forms = ruleset.mappings[facts.link.salesforce.object].hubspot_forms.only({LIFECYCLE_STAGE})
    shown = view(facts.hubspot, forms, facts.link, ruleset.fingerprinter)
    return shown.state(LIFECYCLE_STAGE).changed is True


def makes_link(facts: Facts, plan: Plan) -> bool:
    """Whether a plan links a record, for the first time or with another record than before."""
    saved = [effect.link for effect in plan.effects if isinstance(effect, SaveLink)]
    link = saved[-1] if saved else plan.new_link
    if link is None or link.state is not LinkState.ACTIVE:
        return False
    old = facts.link
    return (
        old is None
        or not old.version
        or (old.state, old.hubspot, old.salesforce)
        != (
            link.state,
            link.hubspot,
            link.salesforce,
        )
    )


def makes_or_ends_link(facts: Facts, plan: Plan) -> bool:
    """Whether a plan links a record, or ends its link."""
    return ends_link(facts, plan) or makes_link(facts, plan)


def ends_link(facts: Facts, plan: Plan) -> bool:
    """Whether a plan ends an active link and saves no other in its place."""
    if facts.link is None or facts.link.state is not LinkState.ACTIVE:
        return False
    changes = [one for one in plan.effects if isinstance(one, SaveLink | DropLink)]
    last = changes[-1] if changes else None
    return isinstance(last, DropLink) or (
        last is not None and last.link.state is not LinkState.ACTIVE
    )


def releases(
    facts: Facts, plan: Plan, matched_by: Mapping[Side, str], *, for_another: bool
) -> list[Ref]:
    """The records of a change that may no longer be in the way of others once its plan is applied.
    `matched_by` are the fields by which records of this kind are matched, "" for none.

    What a record without an active link showed before is not known, so any change of it counts; but
    not a sync that another record requested (`for_another`), or the two queue each other for ever.
    A link may announce the new value already, if an earlier try saved it and failed: then the write
    counts.
    """
    link = facts.link
    saved = [one.link for one in plan.effects if isinstance(one, SaveLink)]
    records = [facts.change.ref]
    for one in [link] if link else saved:
        records += [place for place in (one.hubspot, one.salesforce) if isinstance(place, Ref)]
    if link is None or link.state is not LinkState.ACTIVE:
        return [] if for_another else records
    is_dropped = any(isinstance(one, DropLink) for one in plan.effects)
    occupied = _occupied(link, matched_by)
    has_changed = any(_occupied(one, matched_by) != occupied for one in saved)
    is_written = any(
        isinstance(one, UpdateRecord) and matched_by[one.side] in one.fields for one in plan.effects
    )
    return records if is_dropped or has_changed or is_written else []


def _occupied(link: Link, matched_by: Mapping[Side, str]) -> object:
    """What of a link may be in another record's way: its state, its records, and the values by
    which these are matched. Not every policy has both sides show the same.
    """
    values = [link.base(side).fingerprint_of(name) for side, name in matched_by.items()]
    return (link.state, link.hubspot, link.salesforce, values)
