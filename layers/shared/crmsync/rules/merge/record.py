"""Merge the two records of a pair field by field, opt-out and our own ids included.

The answer says what each side must be told and why; what becomes of it is the plan's business.
"""

from __future__ import annotations

from typing import TypeAlias

from crmsync.model import names
from crmsync.model.changes import BY_HAND, Cause
from crmsync.model.effects import FieldConflict
from crmsync.model.fields import FieldRule, Update
from crmsync.model.links import Link
from crmsync.model.records import Record, Side
from crmsync.rules.fields.choices import moves_back
from crmsync.rules.fields.maps import FieldMap
from crmsync.rules.fields.places import fitted
from crmsync.rules.fields.values import UnfitValueError, cross_rule, is_too_long
from crmsync.rules.merge import opt_out, owners, parents
from crmsync.rules.merge.baseline import SideView, view
from crmsync.rules.merge.change_limits import hold_back
from crmsync.rules.merge.new_mappings import Edits, as_late, asks_for_age, stays_apart
from crmsync.rules.merge.policies import (
    KEEP,
    FieldDecision,
    FieldState,
    is_in_step,
    may_pass,
    merge_field,
)
from crmsync.rules.merge.result import MergeResult, joined, newest_of
from crmsync.rules.merge.ruleset import Ruleset
from crmsync.rules.merge.standing import last_owners, merge_owners, merge_parents, merge_stages

EMAIL = "email"
"""HubSpot's property for the address, by which it keeps opt-outs."""

_SALESFORCES = frozenset({Update.PREFER_SALESFORCE, Update.ALWAYS_SALESFORCE})

Judged: TypeAlias = tuple[FieldRule, FieldState, FieldState, FieldDecision]
"""A row, what both sides show in it, and what was decided."""


def merge_pair(
    hubspot: Record,
    salesforce: Record,
    link: Link | None,
    ruleset: Ruleset,
    *,
    cause: Cause = Cause.EDITED,
    refused: frozenset[str] = frozenset(),
    judged: list[Judged] | None = None,
) -> MergeResult:
    """Three-way merge of a pair against its link's base (no link: first meeting).

    A resync carries old values of new mappings, too; what the operator dropped stays different.

    HubSpot would not take another value of the properties in `refused` now: they wait, like a value
    that cannot cross. So does what the link holds back. Whoever wants to know how each row was
    decided, those in step included, hands in a list for it.
    """
    page = ruleset.mapping_of(salesforce)
    h = view(hubspot, page.hubspot_forms, link, ruleset.fingerprinter)
    s = view(
        salesforce,
        page.salesforce_forms,
        link,
        ruleset.fingerprinter,
        ruleset.our_user_in(salesforce),
    )
    merged = MergeResult(refused=refused)
    edits = Edits(
        hubspot,
        salesforce,
        ruleset.our_user,
        ruleset.our_app,
        _is_explained(s, salesforce, link),
        cause in BY_HAND,
    )
    for rule in page.field_map:
        mine, theirs = as_late(rule, h.showings[rule.hubspot], s.showings[rule.salesforce], edits)
        merged.undecided = merged.undecided or asks_for_age(rule, mine, theirs, edits)
        verdict = KEEP
        if not is_in_step(mine, theirs):
            verdict = merge_field(
                rule, mine, theirs, newest_of(rule.hubspot, hubspot, salesforce, ruleset)
            )
        if judged is not None:
            judged.append((rule, mine, theirs, verdict))
        merged.apart += (rule,) if verdict.winner is None and stays_apart(mine, theirs) else ()
        if verdict.conflict:
            merged.conflicts += (_conflict(rule, h, s, verdict),)
        if verdict.winner is not None:
            _carry(rule, verdict, h, s, merged)
        merged.cut += (rule,) if rule not in merged.apart and _is_cut(rule, verdict, h, s) else ()
    _fit_places(salesforce, page.field_map, ruleset, merged)
    _merge_opt_out(hubspot, h, s, ruleset, merged)
    merge_owners(hubspot, salesforce, link, ruleset, merged)
    merge_parents(hubspot, salesforce, h, s, ruleset, merged)
    merge_stages(hubspot, salesforce, h, s, ruleset, merged)
    if link is not None and link.holds:
        hold_back(merged, hubspot, salesforce, link, ruleset, is_dropped=cause is Cause.DROPPED)
    _merge_ids(hubspot, salesforce, ruleset, merged)
    merged.unmatched = {one.side: one.unmatched for one in (h, s)}
    merged.has_news = _has_news(h, s, merged) or (
        link is not None and merged.owners != last_owners(link)
    )
    return merged


def _is_explained(s: SideView, salesforce: Record, link: Link | None) -> bool:
    """Whether something that the two sides agreed on, the owner included, has changed in
    Salesforce.
    """
    owner = str(salesforce.fields.get(owners.SALESFORCE_FIELD) or "")
    last = link.salesforce_owner if link else None
    return any(showing.changed for showing in s.showings.values()) or last not in {None, owner}


def _has_news(h: SideView, s: SideView, merged: MergeResult) -> bool:
    """Whether anything differs from the base but what cannot cross now: it stays unagreed, and is
    told or waited for.
    """
    stuck = {rule.hubspot for rule in merged.unfit} | {rule.salesforce for rule in merged.unfit}
    stuck |= merged.unagreed
    stuck |= {parents.HUBSPOT_FIELD, parents.SALESFORCE_FIELD} if merged.parents.awaits else set()
    moved = (name for one in (h, s) for name, showing in one.showings.items() if showing.moved)
    return bool(h.settled or s.settled) or any(name not in stuck for name in moved)


def _conflict(rule: FieldRule, h: SideView, s: SideView, verdict: FieldDecision) -> FieldConflict:
    values = h.showings[rule.hubspot].value, s.showings[rule.salesforce].value
    return FieldConflict(rule.hubspot, rule.salesforce, *values, rule.update, verdict.winner)


def _carry(
    rule: FieldRule, verdict: FieldDecision, h: SideView, s: SideView, merged: MergeResult
) -> None:
    mine, theirs = h.showings[rule.hubspot].value, s.showings[rule.salesforce].value
    try:
        if verdict.winner is Side.HUBSPOT:
            merged.to_salesforce[rule.salesforce] = cross_rule(rule, Side.SALESFORCE, mine).value
            merged.because_salesforce = joined(merged.because_salesforce, (verdict.because,))
        else:
            coming = cross_rule(rule, Side.HUBSPOT, theirs).value
            if rule.hubspot in merged.refused:
                merged.unfit += (rule,)
                return
            if moves_back(rule.hubspot, rule.choices, str(mine or ""), str(coming or "")):
                _hold(rule, h, s, merged)
                return
            merged.to_hubspot[rule.hubspot] = coming
            merged.because_hubspot = joined(merged.because_hubspot, (verdict.because,))
    except UnfitValueError:
        merged.unfit += (rule,)


def _fit_places(
    salesforce: Record, field_map: FieldMap, ruleset: Ruleset, merged: MergeResult
) -> None:
    """Have state and country fit the org's picklists; what does not stays unagreed."""
    names, unfit = fitted(merged.to_salesforce, salesforce.fields, ruleset.places)
    merged.to_salesforce.update(names)
    for rule in field_map:
        if rule.salesforce in unfit:
            del merged.to_salesforce[rule.salesforce]
            merged.unfit += (rule,)


def _is_cut(rule: FieldRule, verdict: FieldDecision, h: SideView, s: SideView) -> bool:
    """Whether a side's text stays that is too long for the other: told at every look, until
    somebody shortens it.
    """
    mine, theirs = h.showings[rule.hubspot].value, s.showings[rule.salesforce].value
    return (
        is_too_long(rule, Side.SALESFORCE, mine)
        and verdict.winner is not Side.SALESFORCE
        and may_pass(rule, Side.HUBSPOT)
    ) or (
        is_too_long(rule, Side.HUBSPOT, theirs)
        and verdict.winner is not Side.HUBSPOT
        and may_pass(rule, Side.SALESFORCE)
    )


def _hold(rule: FieldRule, h: SideView, s: SideView, merged: MergeResult) -> None:
    """HubSpot would ignore an earlier lifecycle stage (PLT-5), so its own goes to Salesforce where
    the policy lets it, else both stay.
    """
    if rule.update not in _SALESFORCES:
        _carry(rule, FieldDecision(Side.HUBSPOT, "PLT-5"), h, s, merged)


def _merge_opt_out(
    hubspot: Record, h: SideView, s: SideView, ruleset: Ruleset, merged: MergeResult
) -> None:
    if opt_out.SALESFORCE_FIELD not in s.showings:
        return
    mine, box = h.showings[opt_out.HUBSPOT_FIELD], s.showings[opt_out.SALESFORCE_FIELD]
    out = bool(mine.canonical)
    was_out = None if mine.changed is None else out != mine.changed
    address = h.showings.get(EMAIL)
    verdict = opt_out.decide_opt_out(
        hubspot_out=out,
        salesforce_out=bool(box.canonical),
        was_out_in_hubspot=was_out,
        box_moved=bool(box.changed),
        address_moved=EMAIL in merged.to_hubspot or bool(address and address.changed),
        shared=ruleset.shares_org,
        own_act=opt_out.is_own_act(hubspot.origins.get(opt_out.HUBSPOT_FIELD))
        if hubspot.origins
        else None,
    )
    merged.opt_out_verdict = verdict
    merged.undecided = merged.undecided or verdict.asks_who
    if verdict.salesforce_box is not None:
        merged.to_salesforce[opt_out.SALESFORCE_FIELD] = verdict.salesforce_box
        merged.because_salesforce = joined(merged.because_salesforce, (verdict.because,))
    if verdict.unsubscribe_in_hubspot:
        merged.opt_out_in_hubspot = True
        merged.because_opt_out = (verdict.because,)


def _merge_ids(hubspot: Record, salesforce: Record, ruleset: Ruleset, merged: MergeResult) -> None:
    """Have each side keep the other's id, so that the links can be rebuilt from the CRMs.

    A Salesforce field that another portal filled is left alone (TEN-1).
    """
    if hubspot.fields.get(names.HUBSPOT_KEY) != salesforce.ref.id:
        merged.marks[Side.HUBSPOT][names.HUBSPOT_KEY] = salesforce.ref.id
    if not salesforce.fields.get(names.SALESFORCE_KEY):
        merged.marks[Side.SALESFORCE][names.SALESFORCE_KEY] = ruleset.key_of(hubspot.ref.id)
