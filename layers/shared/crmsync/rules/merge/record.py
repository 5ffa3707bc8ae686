"""Merge the two records of a pair: mapped fields, opt-out, owners, parents, stages and the ids that
each side keeps of the other. What the operator's limits hold back is left out (Q-30), and so are
fields that the loop breaker has stopped (CH-5).

The result says what each side is to be written and why; what becomes of it is the plan's business.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from crmsync.model.change_limits import ChangeLimit, Hold
from crmsync.model.changes import Cause, Change
from crmsync.model.conflicts import FieldConflict
from crmsync.model.crm_names import (
    HUBSPOT_EMAIL,
    HUBSPOT_OPT_OUT,
    HUBSPOT_OWNER,
    PARENT_ACCOUNT,
    PRIMARY_COMPANY,
    SALESFORCE_OPT_OUT,
    SALESFORCE_OWNER,
    STAGE_NAME,
)
from crmsync.model.effects import Because
from crmsync.model.fields import FieldRule
from crmsync.model.links import Link
from crmsync.model.records import SIDES, Kind, Record, Side, Value
from crmsync.rules.merge.baseline import SideView
from crmsync.rules.merge.change_limits import is_held, sides_of_held_address
from crmsync.rules.merge.deal_stages import StageDecision, StagePart, merge_stages
from crmsync.rules.merge.fields import FieldPart, MergedField, merge_fields
from crmsync.rules.merge.loops import LoopBreak, break_loops
from crmsync.rules.merge.lost_writes import counterparts
from crmsync.rules.merge.new_mappings import Edits
from crmsync.rules.merge.opt_out import OptOutDecision, OptOutPart, merge_opt_out
from crmsync.rules.merge.owners import (
    OwnerDecision,
    OwnerMatches,
    OwnerPart,
    merge_owners,
    of_activity,
    outdated_owner,
    owners_of,
)
from crmsync.rules.merge.parents import PARENT_OF, ParentDecision, ParentPart, merge_parents
from crmsync.rules.merge.policies import NO_CHANGE, combined, first_rules
from crmsync.rules.merge.ruleset import Ruleset

_NO_OPT_OUT, _NO_OWNER, _NO_PARENT, _NO_STAGE = OptOutPart(), OwnerPart(), ParentPart(), StagePart()
_UNTOUCHED = (_NO_OPT_OUT, _NO_OWNER, _NO_PARENT, _NO_STAGE)

_Parts: TypeAlias = tuple[FieldPart, OptOutPart, OwnerPart, ParentPart, StagePart]

_ALL_IN_HUBSPOT = Hold(Side.HUBSPOT, ChangeLimit.CHANGES)


@dataclass(frozen=True, slots=True)
class HeldBack:
    """What a limit on changes or the loop breaker keeps out of a merge (Q-30, CH-5).

    Attributes:
        holds: The limits that keep something out.
        fields: The fields of each side that are kept out, or whose counterpart is.
        is_dropped: Whether the operator has discarded these changes, so that the two sides go on
            with different values. Otherwise the changes wait for the operator.
        loops: What the loop breaker keeps out, whatever the operator decides about the limits.
    """

    holds: frozenset[Hold] = frozenset()
    fields: Mapping[Side, frozenset[str]] = field(default_factory=dict)
    is_dropped: bool = False
    loops: LoopBreak = field(default_factory=LoopBreak)

    @property
    def waiting(self) -> frozenset[str]:
        """The fields of either side whose values have still to cross."""
        held = () if self.is_dropped else self.fields.values()
        return frozenset[str]().union(*held, *self.loops.stopped.values())

    @property
    def dropped(self) -> Mapping[Side, frozenset[str]]:
        """The fields of each side in which the two go on with different values."""
        return self.fields if self.is_dropped else {}


_NOTHING_HELD = HeldBack()


@dataclass(frozen=True, slots=True)
class MergeResult:
    """The result of merging a pair.

    Attributes:
        to_hubspot: Values to write to the HubSpot record, by property.
        to_salesforce: Values to write to the Salesforce record, by field.
        because_hubspot: The rules by which HubSpot's record is written.
        because_salesforce: The rules by which Salesforce's record is written.
        conflicts: Fields that both sides changed, and which side won.
        incompatible: Mappings whose value the other side cannot take now.
        diverged: Mappings in which the two sides keep different values.
        truncated: Mappings in which one side holds a text that is too long for the other.
        merged_fields: The mappings in which a side does not show exactly what was agreed on, and
            how they were decided.
        opt_out: What becomes of the e-mail opt-out.
        owner: What becomes of the owners.
        owners: Both owners after the merge, HubSpot's first, as the link stores them.
        parents: What becomes of company and account.
        stage: What becomes of pipeline, record type and stage.
        own_fields: Fields of crmsync's own that are out of date, with their new values, by side:
            the other record's id, the Salesforce owner.
        unmapped: The fields to write that have rules of their own, on either side -> the first of
            these rules.
        shown: What each side shows.
        undecided: Whether HubSpot's property history must be read before this can be decided.
        held_back: What the operator's limits keep out.
    """

    to_hubspot: Mapping[str, Value]
    to_salesforce: Mapping[str, Value]
    because_hubspot: Because
    because_salesforce: Because
    conflicts: tuple[FieldConflict, ...]
    incompatible: tuple[FieldRule, ...]
    diverged: tuple[FieldRule, ...]
    truncated: tuple[FieldRule, ...]
    merged_fields: tuple[MergedField, ...]
    opt_out: OptOutDecision
    owner: OwnerDecision
    owners: tuple[str | None, str | None]
    parents: ParentDecision
    stage: StageDecision
    own_fields: Mapping[Side, Mapping[str, Value]]
    unmapped: Mapping[str, str]
    shown: Mapping[Side, SideView]
    undecided: bool
    held_back: HeldBack = _NOTHING_HELD

    def writes(self, side: Side) -> Mapping[str, Value]:
        """The values to write to one side, by field."""
        return self.to_hubspot if side is Side.HUBSPOT else self.to_salesforce

    def decided(self, rule: FieldRule) -> MergedField:
        """What both sides show in a mapping of the pair, and how it was decided."""
        known = next((one for one in self.merged_fields if one.rule == rule), None)
        mine, theirs = (self.shown[side].state(rule.on(side)) for side in SIDES)
        return known or MergedField(rule, mine, theirs, NO_CHANGE)

    @property
    def has_news(self) -> bool:
        """Whether anything differs from the base, so that the link must be stored even if nothing
        is written. What cannot cross now does not count: it stays unagreed and is reported or
        waited for.
        """
        if any(side.normalised for side in self.shown.values()):
            return True
        stuck = {name for rule in self.incompatible for name in (rule.hubspot, rule.salesforce)}
        stuck |= self.held_back.waiting
        if self.parents.awaits:
            stuck |= {PRIMARY_COMPANY, PARENT_ACCOUNT}
        if self.parents.unpaired:
            stuck.add(PARENT_OF[self.parents.unpaired])
        has_address = bool(self.shown[Side.HUBSPOT].record.fields.get(HUBSPOT_EMAIL))
        if self.opt_out.waits or (self.opt_out.unsubscribe_in_hubspot and not has_address):
            stuck.add(HUBSPOT_OPT_OUT)  # HubSpot keeps opt-outs by address: this waits for one
        return any(
            state.has_news and name not in stuck
            for side in self.shown.values()
            for name, state in side.states.items()
        )


def merge_pair(
    hubspot: Record,
    salesforce: Record,
    link: Link | None,
    ruleset: Ruleset,
    *,
    change: Change | None = None,
    refused: frozenset[str] = frozenset(),
) -> MergeResult:
    """Three-way merge of a pair against its link's base; without a link the two never agreed.

    `change` is why the pair is synced, None for an ordinary edit. A resync also syncs older values,
    but not those of mappings that came after a person had asked for it (MAP-6); changes that the
    operator dropped leave the two sides different. HubSpot takes no other value of the properties
    in `refused` now: they wait, like values that cannot cross.

    Opt-out, owners, parents and stages are decided only where something may have changed. Usually
    nothing has.
    """
    mapping = ruleset.mapping_of(salesforce)
    h = ruleset.view(hubspot, mapping.hubspot_forms, link)
    s = ruleset.view(salesforce, mapping.salesforce_forms, link)
    cause, asked_at = (change.cause, change.asked_at) if change else (None, None)
    edits = None
    if asked_at or mapping.has_later:
        known = _is_explained(s, link)
        edits = Edits(hubspot, salesforce, ruleset.our_user, ruleset.our_app, known, asked_at)
    fields = merge_fields(h, s, ruleset, edits, refused)
    opt_out, owning, parents, stages = _NO_OPT_OUT, _NO_OWNER, _NO_PARENT, _NO_STAGE
    if _is_or_was_opted_out(h, s):
        held = sides_of_held_address(fields, hubspot, salesforce, link)
        opt_out = merge_opt_out(h, s, fields, shared=ruleset.shares_org, held=held)
    if ruleset.owners:
        owning = merge_owners(
            h, s, link, kind=ruleset.kind, matches=ruleset.owners, our_app=ruleset.our_app
        )
        if ruleset.kind is Kind.ACTIVITY:
            owners = owners_of(hubspot, salesforce, link)
            owning = of_activity(owning, owners, ruleset.activity.owner_goes_to)
    if _parents_have_news(h, s):
        parents = merge_parents(h, s, ruleset)
    if STAGE_NAME in s.forms:
        stages = merge_stages(h, s, ruleset)
    merged = _combine((fields, opt_out, owning, parents, stages), h, s, link, ruleset)
    if link is not None and _may_loop(link, h, s, owners_differ=bool(ruleset.owners)):
        is_retry = cause is Cause.RELEASED
        merged = _without_loops(merged, h, s, link, ruleset, is_retry=is_retry)
    if link is not None and link.holds:
        merged = _hold_back(
            merged, hubspot, salesforce, link, ruleset, is_dropped=cause is Cause.DROPPED
        )
    if ruleset.owners and ruleset.kind is not Kind.ACTIVITY:
        merged = _showing_owner(merged, hubspot, salesforce, ruleset.owners)
    return merged


def _combine(
    parts: _Parts, hubspot: SideView, salesforce: SideView, link: Link | None, ruleset: Ruleset
) -> MergeResult:
    """Combine the parts of a merge, with nothing held back yet. No two parts write one field."""
    fields, opt_out, owners, parents, stages = parts
    others = () if parts[1:] == _UNTOUCHED else parts[1:]
    whole = combined(parts) if others else fields
    return MergeResult(
        whole.to_hubspot,
        whole.to_salesforce,
        whole.because_hubspot,
        whole.because_salesforce,
        whole.conflicts,
        whole.incompatible,
        fields.diverged,
        fields.truncated,
        fields.merged_fields,
        opt_out.decision,
        owners.decision,
        owners.agreed if link is None or ruleset.owners else link.owners,
        parents.decision,
        stages.decision,
        {
            Side.SALESFORCE: ruleset.outdated_id(salesforce.record, hubspot.record.ref),
            Side.HUBSPOT: ruleset.outdated_id(hubspot.record, salesforce.record.ref),
        },
        first_rules(others) if others else {},
        {Side.HUBSPOT: hubspot, Side.SALESFORCE: salesforce},
        whole.undecided,
    )


def _is_or_was_opted_out(hubspot: SideView, salesforce: SideView) -> bool:
    """Whether the person is opted out on either side, or was at the last sync, where the opt-out is
    compared.
    """
    if HUBSPOT_OPT_OUT not in hubspot.forms or SALESFORCE_OPT_OUT not in salesforce.forms:
        return False
    return hubspot.is_ticked_or_changed(HUBSPOT_OPT_OUT) or salesforce.is_ticked_or_changed(
        SALESFORCE_OPT_OUT
    )


def _parents_have_news(hubspot: SideView, salesforce: SideView) -> bool:
    """Whether company or account have changed or were never agreed on, where both are compared."""
    if PRIMARY_COMPANY not in hubspot.forms or PARENT_ACCOUNT not in salesforce.forms:
        return False
    return hubspot.has_news_of(PRIMARY_COMPANY) or salesforce.has_news_of(PARENT_ACCOUNT)


def _is_explained(salesforce: SideView, link: Link | None) -> bool:
    """Whether something that the two sides agreed on, the owner included, has changed in
    Salesforce.
    """
    owner = str(salesforce.record.fields.get(SALESFORCE_OWNER) or "")
    last = link.salesforce_owner if link else None
    return any(one.changed for one in salesforce.states.values()) or last not in {None, owner}


def _showing_owner(
    merged: MergeResult, hubspot: Record, salesforce: Record, matches: OwnerMatches
) -> MergeResult:
    """The merge with what shows in HubSpot who owns the Salesforce record (Q-18): a new owner only
    if they are written there. Activities have no properties for it.
    """
    owner = merged.to_salesforce.get(SALESFORCE_OWNER, salesforce.fields.get(SALESFORCE_OWNER))
    shown, own = outdated_owner(hubspot, str(owner or ""), matches), merged.own_fields
    return replace(merged, own_fields={**own, Side.HUBSPOT: {**shown, **own[Side.HUBSPOT]}})


def _may_loop(link: Link, hubspot: SideView, salesforce: SideView, *, owners_differ: bool) -> bool:
    """Whether the loop breaker has anything to count or to stop. Usually it has not: the side that
    was written last still shows what was written.
    """
    return bool(link.loops) or any(
        link.intent(one.side).replaces and (owners_differ or not one.unchanged)
        for one in (hubspot, salesforce)
    )


def _without_loops(
    merged: MergeResult,
    hubspot: SideView,
    salesforce: SideView,
    link: Link,
    ruleset: Ruleset,
    *,
    is_retry: bool,
) -> MergeResult:
    """The merge without the fields that the loop breaker has stopped (CH-5)."""
    company = {PRIMARY_COMPANY} if _moves_company(merged.parents) else set[str]()
    writes = {
        Side.HUBSPOT: frozenset(merged.to_hubspot) | company,
        Side.SALESFORCE: frozenset(merged.to_salesforce),
    }
    loops = break_loops(link, hubspot, salesforce, ruleset, writes, is_retry=is_retry)
    if loops.stopped:
        merged = _without(merged, loops.stopped, link.owners)
    return replace(merged, held_back=HeldBack(loops=loops))


def _without(
    merged: MergeResult,
    fields: Mapping[Side, Collection[str]],
    owners: tuple[str | None, str | None],
) -> MergeResult:
    """The merge without writes to these fields; `owners` stand where one of them is an owner's."""
    mine, theirs = fields[Side.HUBSPOT], fields[Side.SALESFORCE]
    keeps_owners = HUBSPOT_OWNER in mine or SALESFORCE_OWNER in theirs
    return replace(
        merged,
        to_hubspot={name: value for name, value in merged.to_hubspot.items() if name not in mine},
        to_salesforce={
            name: value for name, value in merged.to_salesforce.items() if name not in theirs
        },
        conflicts=tuple(one for one in merged.conflicts if one.hubspot not in mine),
        parents=ParentDecision() if PRIMARY_COMPANY in mine else merged.parents,
        owners=owners if keeps_owners else merged.owners,
    )


def _hold_back(
    merged: MergeResult,
    hubspot: Record,
    salesforce: Record,
    link: Link,
    ruleset: Ruleset,
    *,
    is_dropped: bool,
) -> MergeResult:
    """The merge without what the link holds back; ``held_back`` lists the fields of either side
    that this concerns.
    """
    records = {Side.HUBSPOT: hubspot, Side.SALESFORCE: salesforce}
    holds: set[Hold] = set()
    fields: dict[Side, set[str]] = {side: set() for side in Side}
    for hold in sorted(link.holds):
        names = {
            name
            for name, value in merged.writes(hold.side).items()
            if name not in fields[hold.side] and is_held(name, value, records[hold.side], hold)
        }
        if hold == _ALL_IN_HUBSPOT and _moves_company(merged.parents):
            names.add(PRIMARY_COMPANY)
        if names:
            holds.add(hold)
        others = counterparts(hold.side, salesforce, ruleset)
        fields[hold.side] |= names
        fields[hold.side.other] |= {others[name] for name in names if name in others}
    shown = owners_of(hubspot, salesforce, link)
    held_back = HeldBack(
        frozenset(holds),
        {side: frozenset(names) for side, names in fields.items()},
        is_dropped,
        merged.held_back.loops,
    )
    owners = (shown.hubspot, shown.salesforce) if is_dropped else link.owners
    return replace(_without(merged, fields, owners), held_back=held_back)


def _moves_company(decision: ParentDecision) -> bool:
    """Whether the HubSpot record would get another company or lose its company. That is an
    association, not a field.
    """
    return bool(decision.company or decision.leaves)
