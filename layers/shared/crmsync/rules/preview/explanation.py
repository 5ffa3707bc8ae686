"""Why a pair is merged as it is: every mapped field with both values, which of them is news, which
one wins, and by which policy and rule (CH-28).

Shows what `crmsync.rules.merge.record` decided and decides nothing. The lines contain values of the
record: they are for the operator who asked, and are never stored or logged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from crmsync.model.crm_names import (
    DEAL_STAGE,
    HUBSPOT_OPT_OUT,
    HUBSPOT_OWNER,
    PARENT_ACCOUNT,
    PIPELINE,
    PRIMARY_COMPANY,
    RECORD_TYPE_ID,
    SALESFORCE_OPT_OUT,
    SALESFORCE_OWNER,
    STAGE_NAME,
)
from crmsync.model.effects import Because, Category, CreateRecord, Report, SaveLink, UpdateRecord
from crmsync.model.facts import Facts
from crmsync.model.fields import FieldRule
from crmsync.model.links import Link
from crmsync.model.plan import Plan
from crmsync.model.records import Record, Ref, Side, Value
from crmsync.rules.fields.values import ConvertedValue, IncompatibleValueError, convert_mapped
from crmsync.rules.merge.fields import MergedField
from crmsync.rules.merge.intents import withdraw_lost
from crmsync.rules.merge.policies import FieldState, is_in_sync, may_pass
from crmsync.rules.merge.record import MergeResult, merge_pair
from crmsync.rules.merge.ruleset import ObjectMapping, Ruleset
from crmsync.rules.pair import reports
from crmsync.rules.pair.successors import follow_moves


class ChangedSide(StrEnum):
    """On which side a field has changed since the two sides agreed on it."""

    NOWHERE = "nowhere"
    HUBSPOT = "hubspot"
    SALESFORCE = "salesforce"
    BOTH = "both"
    NEVER_AGREED = "never agreed"


class FieldOutcome(StrEnum):
    """What happens to a field."""

    IN_SYNC = "in step"
    TO_HUBSPOT = "to hubspot"
    TO_SALESFORCE = "to salesforce"
    INCOMPATIBLE = "cannot cross"
    STAYS_DIVERGED = "stays apart"
    LEFT = "left as it is"


@dataclass(frozen=True, slots=True)
class FieldLine:
    """One mapped field of a pair, and the decision.

    Attributes:
        hubspot: The property; `hubspot_value` is its value.
        salesforce: The field; `salesforce_value` is its value.
        changed_side: On which side it has changed.
        winner: The side whose value counts.
        policy: The policy of the row.
        outcome: What happens.
        because: The rules behind it.
        is_truncated: A text is too long for one side.
    """

    hubspot: str
    salesforce: str
    hubspot_value: Value
    salesforce_value: Value
    changed_side: ChangedSide
    winner: Side | None
    policy: str
    outcome: FieldOutcome
    because: Because = ()
    is_truncated: bool = False


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """A part of a pair with a rule of its own (`topic`: owner, opt-out, parent and so on): both
    values, and what happens.
    """

    topic: str
    hubspot_value: Value
    salesforce_value: Value
    text: str
    because: Because = ()


@dataclass(frozen=True, slots=True)
class Pairing:
    """The two records that a plan is about, if they exist, and their link; None where there is none
    yet.
    """

    hubspot: Record | None
    salesforce: Record | None
    link: Link | None = None


def pairing_of(facts: Facts, plan: Plan, ruleset: Ruleset) -> Pairing:
    """The two records that a plan is about: those of the link, or those that it is about to
    link.
    """
    hubspot, salesforce = facts.hubspot, facts.salesforce
    if facts.link is not None:
        if hubspot is None or salesforce is None:
            return Pairing(hubspot, salesforce, facts.link)
        return Pairing(hubspot, salesforce, follow_moves(facts.link, hubspot, salesforce, ruleset))
    records = (hubspot, salesforce, facts.named_counterpart, *facts.candidates)
    known = {one.ref: one for one in records if one}
    saved = next((one.link for one in plan.effects if isinstance(one, SaveLink)), None)
    if saved is None:
        return Pairing(hubspot, salesforce)
    places = [
        known.get(place) if isinstance(place, Ref) else None
        for place in (saved.hubspot, saved.salesforce)
    ]
    return Pairing(places[0] or hubspot, places[1] or salesforce)


def lines_of(
    pairing: Pairing, plan: Plan, ruleset: Ruleset
) -> tuple[tuple[FieldLine, ...], tuple[DecisionLine, ...]]:
    """The decision on each mapped field, and the decisions besides fields.

    For a record that makes a new one, what that contains.
    """
    if pairing.hubspot is None or pairing.salesforce is None:
        return _creation_lines(pairing.hubspot or pairing.salesforce, plan, ruleset), ()
    taken = {
        one.fieldname
        for one in plan.effects
        if isinstance(one, Report) and one.category is Category.DUPLICATES
    }
    refused = frozenset(name for name in taken if name)
    link = (
        withdraw_lost(pairing.link, pairing.hubspot, pairing.salesforce, ruleset)
        if pairing.link
        else None
    )
    merged = _as_planned(
        merge_pair(pairing.hubspot, pairing.salesforce, link, ruleset, refused=refused), plan
    )
    mapping = ruleset.mapping_of(pairing.salesforce)
    lines = tuple(_line(merged.decided(rule), merged) for rule in mapping.field_map)
    return lines, tuple(_decisions(pairing, merged))


def _as_planned(merged: MergeResult, plan: Plan) -> MergeResult:
    """The merge without the writes that the plan leaves out: a frozen pair keeps all its values."""
    sides = {one.side for one in plan.effects if isinstance(one, UpdateRecord)}
    return replace(
        merged,
        to_hubspot=merged.to_hubspot if Side.HUBSPOT in sides else {},
        to_salesforce=merged.to_salesforce if Side.SALESFORCE in sides else {},
    )


def _line(field: MergedField, merged: MergeResult) -> FieldLine:
    rule = field.rule
    return FieldLine(
        rule.hubspot,
        rule.salesforce,
        field.hubspot.value,
        field.salesforce.value,
        changed_side_of(field.hubspot, field.salesforce),
        field.decision.winner,
        rule.update,
        _outcome(field, merged),
        _because(field, merged),
        rule in merged.truncated,
    )


def changed_side_of(hubspot: FieldState, salesforce: FieldState) -> ChangedSide:
    """On which side a field has changed since the two agreed.

    A side that never agreed counts as changed if the other one did.
    """
    if hubspot.changed is None and salesforce.changed is None:
        return ChangedSide.NEVER_AGREED
    moved = (hubspot.has_news, salesforce.has_news)
    return {
        (True, True): ChangedSide.BOTH,
        (True, False): ChangedSide.HUBSPOT,
        (False, True): ChangedSide.SALESFORCE,
        (False, False): ChangedSide.NOWHERE,
    }[moved]


def _outcome(field: MergedField, merged: MergeResult) -> FieldOutcome:
    rule = field.rule
    facts = (
        (rule in merged.incompatible, FieldOutcome.INCOMPATIBLE),
        (rule.salesforce in merged.to_salesforce, FieldOutcome.TO_SALESFORCE),
        (rule.hubspot in merged.to_hubspot, FieldOutcome.TO_HUBSPOT),
        (rule in merged.diverged, FieldOutcome.STAYS_DIVERGED),
        (is_in_sync(field.hubspot, field.salesforce), FieldOutcome.IN_SYNC),
    )
    return next((outcome for holds, outcome in facts if holds), FieldOutcome.LEFT)


def _because(field: MergedField, merged: MergeResult) -> Because:
    rule, because = field.rule, field.decision.because
    return (
        *((because,) if because else ()),
        *(("CH-8",) if rule in merged.incompatible or rule in merged.truncated else ()),
        *((("MAP-6" if rule.since else "CH-8"),) if rule in merged.diverged else ()),
        *(("CH-5",) if rule.hubspot in merged.held_back.loops.reported else ()),
    )


# What has rules of its own.


def _decisions(pairing: Pairing, merged: MergeResult) -> Iterator[DecisionLine]:
    hubspot, salesforce = pairing.hubspot, pairing.salesforce
    if hubspot is None or salesforce is None:
        return
    for topic, mine, theirs in TOPICS:
        if mine in hubspot.fields and theirs in salesforce.fields:
            text, because = _TEXTS[topic](merged)
            yield DecisionLine(
                topic, hubspot.fields[mine], salesforce.fields[theirs], text, because
            )


TOPICS = (
    ("owner", HUBSPOT_OWNER, SALESFORCE_OWNER),
    ("e-mail opt-out", HUBSPOT_OPT_OUT, SALESFORCE_OPT_OUT),
    ("company", PRIMARY_COMPANY, PARENT_ACCOUNT),
    ("stage", DEAL_STAGE, STAGE_NAME),
    ("pipeline", PIPELINE, RECORD_TYPE_ID),
)
"""What is decided besides the field map, and the fields that show it."""

_STAYS = "stays as it is"


def _owner(merged: MergeResult) -> tuple[str, Because]:
    decision = merged.owner
    because = (decision.because,) if decision.because else ()
    if decision.salesforce is not None and SALESFORCE_OWNER in merged.to_salesforce:
        return f"Salesforce gets {decision.salesforce}", because
    if decision.hubspot is not None and HUBSPOT_OWNER in merged.to_hubspot:
        return (
            f"HubSpot gets {decision.hubspot}" if decision.hubspot else "HubSpot's is cleared",
            because,
        )
    return _STAYS, ()


def _opt_out(merged: MergeResult) -> tuple[str, Because]:
    decision = merged.opt_out
    because = (decision.because,) if decision.because else ()
    if decision.unsubscribe_in_hubspot:
        return "is unsubscribed in HubSpot", because
    if decision.salesforce_box is not None and SALESFORCE_OPT_OUT in merged.to_salesforce:
        return f"Salesforce's box is {'ticked' if decision.salesforce_box else 'cleared'}", because
    return _STAYS, ()


def _parent(merged: MergeResult) -> tuple[str, Because]:
    decision = merged.parents
    if decision.awaits:
        return f"waits for {decision.awaits}", ("FLD-8",)
    if decision.unpaired:
        return "stays until a counterpart that was deleted is there again", ("FLD-8",)
    if decision.company:
        return f"HubSpot gets company {decision.company}", decision.because
    if decision.account is not None and PARENT_ACCOUNT in merged.to_salesforce:
        return f"Salesforce gets account {decision.account}", decision.because
    if decision.leaves:
        return f"company {decision.leaves} is taken away", decision.because
    return _STAYS, ()


def _stage(merged: MergeResult) -> tuple[str, Because]:
    return _moved(merged, DEAL_STAGE, STAGE_NAME)


def _pipeline(merged: MergeResult) -> tuple[str, Because]:
    return _moved(merged, PIPELINE, RECORD_TYPE_ID)


def _moved(merged: MergeResult, mine: str, theirs: str) -> tuple[str, Because]:
    """What happens to a stage or pipeline: written on either side, or on both where a deal's
    pipeline has to follow its new stage.
    """
    decision = merged.stage
    if decision.unknown:
        return "cannot cross: the other side knows no such stage", decision.because
    written = (
        [f"Salesforce gets {merged.to_salesforce[theirs]}"]
        if theirs in merged.to_salesforce
        else []
    )
    written += [f"HubSpot gets {merged.to_hubspot[mine]}"] if mine in merged.to_hubspot else []
    return (", ".join(written), decision.because) if written else (_STAYS, ())


_TEXTS = {
    "owner": _owner,
    "e-mail opt-out": _opt_out,
    "company": _parent,
    "stage": _stage,
    "pipeline": _pipeline,
}


# A record that is about to be made.


def _creation_lines(record: Record | None, plan: Plan, ruleset: Ruleset) -> tuple[FieldLine, ...]:
    """What a new record on the other side contains, field by field; nothing where none is made."""
    create = _creation(plan)
    if record is None or create is None:
        return ()
    return tuple(
        _given(rule, record, create) for rule in _mapping(record, create, ruleset).field_map
    )


def _creation(plan: Plan) -> CreateRecord | None:
    """The record that a plan makes as the other half of a new pair."""
    return next(
        (one for one in plan.effects if plan.new_link and isinstance(one, CreateRecord)), None
    )


def creation_reports(record: Record | None, plan: Plan, ruleset: Ruleset) -> tuple[Report, ...]:
    """What will be reported once the record that the plan makes is synced: values that cannot
    cross, or are truncated (CH-8).
    """
    create = _creation(plan)
    if record is None or create is None:
        return ()
    unfit, cut = [], []
    for rule in _mapping(record, create, ruleset).field_map:
        converted = _converted(rule, record, create.side)
        if converted is None:
            unfit.append(reports.incompatible(record.ref, rule.hubspot))
        elif converted.is_truncated:
            cut.append(reports.truncated(record.ref, rule.hubspot))
    return (*unfit, *cut)


def _converted(rule: FieldRule, record: Record, to: Side) -> ConvertedValue | None:
    """The value of a new record, blank if its policy passes none; None if it does not fit."""
    if not may_pass(rule, record.ref.side):
        return ConvertedValue(None)
    try:
        return convert_mapped(rule, to, record.fields.get(rule.on(to.other)))
    except IncompatibleValueError:
        return None


def _mapping(record: Record, create: CreateRecord, ruleset: Ruleset) -> ObjectMapping:
    return (
        ruleset.mappings[create.object]
        if create.side is Side.SALESFORCE
        else ruleset.mapping_of(record)
    )


def _given(rule: FieldRule, record: Record, create: CreateRecord) -> FieldLine:
    here, there = record.ref.side, create.side
    value, given = record.fields.get(rule.on(here)), create.fields.get(rule.on(there))
    converted = _converted(rule, record, there)
    is_truncated = converted is not None and converted.is_truncated
    crossing = FieldOutcome.TO_SALESFORCE if there is Side.SALESFORCE else FieldOutcome.TO_HUBSPOT
    outcome = FieldOutcome.LEFT if given is None else crossing
    if converted is None:
        outcome = FieldOutcome.INCOMPATIBLE
    values = (value, given) if here is Side.HUBSPOT else (given, value)
    return FieldLine(
        rule.hubspot,
        rule.salesforce,
        *values,
        ChangedSide.NEVER_AGREED,
        None if given is None else here,
        rule.update,
        outcome,
        ("CH-8",) if converted is None or is_truncated else (),
        is_truncated,
    )
