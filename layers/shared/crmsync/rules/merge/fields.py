"""Merge the mapped fields of a pair: one decision per row of the field map, and what each side is
written because of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from crmsync.model.conflicts import FieldConflict
from crmsync.model.decisions import Decision, DecisionType
from crmsync.model.fields import FieldRule, Update
from crmsync.model.records import SIDES, Record, Side, Value
from crmsync.rules.fields.choices import moves_back
from crmsync.rules.fields.places import fitted
from crmsync.rules.fields.values import IncompatibleValueError, convert_mapped, is_too_long
from crmsync.rules.merge.baseline import SideView
from crmsync.rules.merge.new_mappings import Edits, adjusted, needs_history
from crmsync.rules.merge.policies import (
    NO_CHANGE,
    FieldDecision,
    FieldState,
    MergePart,
    is_in_sync,
    may_pass,
    merge_field,
    newest_of,
)
from crmsync.rules.merge.ruleset import ObjectMapping, Ruleset

_SALESFORCE_LEADS = frozenset({Update.PREFER_SALESFORCE, Update.ALWAYS_SALESFORCE})
"""Policies by which Salesforce's value outranks HubSpot's."""


@dataclass(frozen=True, slots=True)
class MergedField:
    """One mapping of a pair and how it was decided.

    Attributes:
        rule: The mapping.
        hubspot: What HubSpot shows in it.
        salesforce: What Salesforce shows in it.
        decision: Which side's value is to stand on both.
    """

    rule: FieldRule
    hubspot: FieldState
    salesforce: FieldState
    decision: FieldDecision


@dataclass(frozen=True, slots=True)
class FieldPart(MergePart):
    """What the mapped fields contribute to a merge.

    Attributes:
        merged_fields: The mappings in which a side does not show exactly what was agreed on.
        diverged: Mappings in which the two sides keep different values.
        truncated: Mappings in which one side holds a text that is too long for the other.
    """

    merged_fields: tuple[MergedField, ...] = ()
    diverged: tuple[FieldRule, ...] = ()
    truncated: tuple[FieldRule, ...] = ()


@dataclass(frozen=True, slots=True)
class _Write:
    side: Side
    name: str
    value: Value
    because: str


def merge_fields(
    hubspot: SideView,
    salesforce: SideView,
    ruleset: Ruleset,
    edits: Edits | None,
    refused: frozenset[str] = frozenset(),
) -> FieldPart:
    """Decide every mapping. HubSpot takes no other value of the properties in `refused` now: they
    are incompatible.

    `edits` is None where no mapping was added later and the pair is not resynced.
    """
    mapping = ruleset.mapping_of(salesforce.record)
    mine, theirs = hubspot.states, salesforce.states
    merged = tuple(
        _decide(rule, hubspot, salesforce, ruleset, edits)
        for rule in mapping.field_map
        if rule.hubspot in mine or rule.salesforce in theirs
    )
    to: Mapping[Side, dict[str, Value]] = {side: {} for side in SIDES}
    because: Mapping[Side, dict[str, None]] = {side: {} for side in SIDES}
    incompatible: list[FieldRule] = []
    for one in merged:
        if one.decision.winner is Side.SALESFORCE and one.rule.hubspot in refused:
            incompatible.append(one.rule)
            continue
        try:
            write = _write(one)
        except IncompatibleValueError:
            incompatible.append(one.rule)
            continue
        if write:
            to[write.side][write.name] = write.value
            because[write.side][write.because] = None
    to_salesforce = to[Side.SALESFORCE]
    if ruleset.places:
        places, misplaced = fitted(to_salesforce, salesforce.record.fields, ruleset.places)
        to_salesforce = {
            name: value
            for name, value in {**to_salesforce, **places}.items()
            if name not in misplaced
        }
        incompatible += [rule for rule in mapping.field_map if rule.salesforce in misplaced]
    diverged = [one.rule for one in merged if one.decision.winner is None and _stays_diverged(one)]
    return FieldPart(
        to[Side.HUBSPOT],
        to_salesforce,
        tuple(because[Side.HUBSPOT]),
        tuple(because[Side.SALESFORCE]),
        tuple(_conflict(one) for one in merged if one.decision.conflict),
        tuple(incompatible),
        undecided=edits is not None
        and any(needs_history(one.rule, one.hubspot, one.salesforce, edits) for one in merged),
        merged_fields=merged,
        diverged=tuple(diverged),
        truncated=tuple(
            rule
            for rule in _truncated(hubspot.record, salesforce.record, mapping, merged)
            if rule not in diverged
        ),
    )


def _decide(
    rule: FieldRule,
    hubspot: SideView,
    salesforce: SideView,
    ruleset: Ruleset,
    edits: Edits | None,
) -> MergedField:
    mine, theirs = hubspot.state(rule.hubspot), salesforce.state(rule.salesforce)
    if edits is not None:
        mine, theirs = adjusted(rule, mine, theirs, edits)
    if is_in_sync(mine, theirs):
        return MergedField(rule, mine, theirs, NO_CHANGE)
    newest = newest_of(
        rule.hubspot,
        hubspot.record,
        salesforce.record,
        ruleset.our_app,
        is_first=mine.changed is None,
    )
    return MergedField(rule, mine, theirs, merge_field(rule, mine, theirs, newest))


def _write(merged: MergedField) -> _Write | None:
    """The write that a decision leads to, if any.

    Raises `IncompatibleValueError` where the value does not fit the other side.

    HubSpot ignores an earlier lifecycle stage (PLT-5). Its own stage then goes to Salesforce where
    the policy allows that; otherwise both stay.
    """
    rule, winner, because = merged.rule, merged.decision.winner, merged.decision.because
    if winner is None:
        return None
    mine = merged.hubspot.value
    if winner is Side.SALESFORCE:
        coming = convert_mapped(rule, Side.HUBSPOT, merged.salesforce.value).value
        if not moves_back(rule.hubspot, rule.choices, str(mine or ""), str(coming or "")):
            return _Write(Side.HUBSPOT, rule.hubspot, coming, because)
        if rule.update in _SALESFORCE_LEADS:
            return None
        because = "PLT-5"
    going = convert_mapped(rule, Side.SALESFORCE, mine).value
    return _Write(Side.SALESFORCE, rule.salesforce, going, because)


def _stays_diverged(merged: MergedField) -> bool:
    """Whether the two sides keep different values, which are older than the mapping or of which one
    was refused. A resync still syncs them.
    """
    mine, theirs = merged.hubspot, merged.salesforce
    is_old = mine.is_new_mapping or theirs.is_new_mapping or mine.diverged or theirs.diverged
    return is_old and mine.canonical != theirs.canonical


def decided_fields(
    merged: Iterable[MergedField],
    writes: Mapping[Side, Mapping[str, Value]],
    waiting: Collection[str],
    by: str,
) -> Iterator[Decision]:
    """What was decided about the mapped fields, for the history of the pair: `writes`, and
    conflicts in which each side keeps its value.

    Values of the HubSpot properties in `waiting` do not cross now, so nothing is decided about
    them. `by` is the Salesforce user who edited the record last.
    """
    for one in merged:
        rule, decision = one.rule, one.decision
        if decision.winner is None or rule.hubspot in waiting:
            continue
        side = next((side for side in SIDES if rule.on(side) in writes[side]), None)
        if side or decision.conflict:
            yield Decision(
                DecisionType.CONFLICT if decision.conflict else DecisionType.WRITTEN,
                side,
                rule.on(side or Side.HUBSPOT),
                "PLT-5" if side is decision.winner else decision.because,
                rule.update,
                by if side is Side.HUBSPOT else "",
            )


def _conflict(merged: MergedField) -> FieldConflict:
    rule = merged.rule
    return FieldConflict(
        rule.hubspot,
        rule.salesforce,
        merged.hubspot.value,
        merged.salesforce.value,
        rule.update,
        merged.decision.winner,
    )


def _truncated(
    hubspot: Record, salesforce: Record, mapping: ObjectMapping, merged: Iterable[MergedField]
) -> Iterator[FieldRule]:
    """Mappings in which a side keeps a text that is too long for the other. It is reported at every
    sync until somebody shortens it.
    """
    mine_of, theirs_of = hubspot.fields.get, salesforce.fields.get
    for rule, certain in mapping.texts:
        mine, theirs = mine_of(rule.hubspot), theirs_of(rule.salesforce)
        if len(str(mine)) <= certain >= len(str(theirs)):
            continue
        winner = next((one.decision.winner for one in merged if one.rule == rule), None)
        if (
            is_too_long(rule, Side.SALESFORCE, mine)
            and winner is not Side.SALESFORCE
            and may_pass(rule, Side.HUBSPOT)
        ) or (
            is_too_long(rule, Side.HUBSPOT, theirs)
            and winner is not Side.HUBSPOT
            and may_pass(rule, Side.SALESFORCE)
        ):
            yield rule
