"""Merge the two records of a pair: mapped fields, opt-out, owners, parents, stages and the ids that
each side keeps of the other.

The result says what each side is to be written and why; what becomes of it is the plan's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from crmsync.model import names
from crmsync.model.changes import BY_HAND, Cause
from crmsync.model.crm_names import (
    HUBSPOT_EMAIL,
    HUBSPOT_OPT_OUT,
    PARENT_ACCOUNT,
    PRIMARY_COMPANY,
    SALESFORCE_OPT_OUT,
    SALESFORCE_OWNER,
    STAGE_NAME,
)
from crmsync.model.links import Link
from crmsync.model.records import Record, Side, Value
from crmsync.rules.merge.baseline import SideView, view
from crmsync.rules.merge.change_limits import hold_back
from crmsync.rules.merge.deal_stages import StagePart, merge_stages
from crmsync.rules.merge.fields import merge_fields
from crmsync.rules.merge.new_mappings import Edits
from crmsync.rules.merge.opt_out import OptOutPart, merge_opt_out
from crmsync.rules.merge.owners import OwnerPart, merge_owners
from crmsync.rules.merge.parents import ParentPart, merge_parents
from crmsync.rules.merge.result import MergeResult, combine
from crmsync.rules.merge.ruleset import Ruleset


def merge_pair(
    hubspot: Record,
    salesforce: Record,
    link: Link | None,
    ruleset: Ruleset,
    *,
    cause: Cause = Cause.EDITED,
    refused: frozenset[str] = frozenset(),
) -> MergeResult:
    """Three-way merge of a pair against its link's base; without a link the two never agreed.

    `cause` is why the pair is synced: a resync also syncs older values of new mappings, and changes
    that the operator dropped leave the two sides different. HubSpot takes no other value of the
    properties in `refused` now: they wait, like values that cannot cross.

    Opt-out, owners, parents and stages are decided only where something may have changed. Usually
    nothing has.
    """
    mapping = ruleset.mapping_of(salesforce)
    us = ruleset.our_user_in(salesforce)
    h = view(hubspot, mapping.hubspot_forms, link, ruleset.fingerprinter)
    s = view(salesforce, mapping.salesforce_forms, link, ruleset.fingerprinter, us)
    edits = Edits(
        hubspot,
        salesforce,
        ruleset.our_user,
        ruleset.our_app,
        is_explained=_is_explained(s, link),
        resync=cause in BY_HAND,
    )
    fields = merge_fields(h, s, ruleset, edits, refused)
    opt_out, owning, parents, stages = OptOutPart(), OwnerPart(), ParentPart(), StagePart()
    if _is_or_was_opted_out(h, s):
        email = h.states.get(HUBSPOT_EMAIL)
        address_changed = HUBSPOT_EMAIL in fields.to_hubspot or bool(email and email.changed)
        opt_out = merge_opt_out(h, s, address_changed=address_changed, shared=ruleset.shares_org)
    if ruleset.owners:
        owning = merge_owners(
            h, s, link, kind=ruleset.kind, matches=ruleset.owners, our_app=ruleset.our_app
        )
    elif link:
        owning = OwnerPart(agreed=link.owners)
    if _parents_have_news(h, s):
        parents = merge_parents(h, s, ruleset)
    if STAGE_NAME in s.states:
        stages = merge_stages(h, s, ruleset)
    merged = combine(
        fields,
        opt_out,
        owning,
        parents,
        stages,
        own_fields=_own_fields(hubspot, salesforce, owning.shown, ruleset),
        unmatched={one.side: one.unmatched for one in (h, s)},
    )
    if link is not None and link.holds:
        merged = hold_back(
            merged, hubspot, salesforce, link, ruleset, is_dropped=cause is Cause.DROPPED
        )
    owners_differ = link is not None and merged.owners != link.owners
    return replace(merged, has_news=owners_differ or _has_news(h, s, merged))


def _is_or_was_opted_out(hubspot: SideView, salesforce: SideView) -> bool:
    """Whether the person is opted out on either side, or was at the last sync, where the opt-out is
    compared.
    """
    mine = hubspot.states.get(HUBSPOT_OPT_OUT)
    box = salesforce.states.get(SALESFORCE_OPT_OUT)
    if mine is None or box is None:
        return False
    return any(state.canonical or state.changed for state in (mine, box))


def _parents_have_news(hubspot: SideView, salesforce: SideView) -> bool:
    """Whether company or account have changed or were never agreed on, where both are compared."""
    company = hubspot.states.get(PRIMARY_COMPANY)
    account = salesforce.states.get(PARENT_ACCOUNT)
    return bool(company and account and (company.has_news or account.has_news))


def _is_explained(salesforce: SideView, link: Link | None) -> bool:
    """Whether something that the two sides agreed on, the owner included, has changed in
    Salesforce.
    """
    owner = str(salesforce.record.fields.get(SALESFORCE_OWNER) or "")
    last = link.salesforce_owner if link else None
    return any(one.changed for one in salesforce.states.values()) or last not in {None, owner}


def _has_news(hubspot: SideView, salesforce: SideView, merged: MergeResult) -> bool:
    """Whether anything differs from the base, apart from what cannot cross now: that stays unagreed
    and is reported or waited for.
    """
    if hubspot.normalised or salesforce.normalised:
        return True
    stuck = {name for rule in merged.incompatible for name in (rule.hubspot, rule.salesforce)}
    stuck |= merged.held_back.waiting
    if merged.parents.awaits:
        stuck |= {PRIMARY_COMPANY, PARENT_ACCOUNT}
    if merged.opt_out.unsubscribe_in_hubspot and not hubspot.record.fields.get(HUBSPOT_EMAIL):
        stuck.add(HUBSPOT_OPT_OUT)  # HubSpot keeps opt-outs by address: this waits for one
    return any(
        state.has_news and name not in stuck
        for side in (hubspot, salesforce)
        for name, state in side.states.items()
    )


def _own_fields(
    hubspot: Record, salesforce: Record, shown: Mapping[str, Value], ruleset: Ruleset
) -> Mapping[Side, Mapping[str, Value]]:
    """The fields of crmsync's own that are out of date: who owns the Salesforce record, and the
    other record's id, from which the links can be rebuilt.

    A Salesforce field that another portal filled is left alone (TEN-1).
    """
    in_hubspot = dict(shown)
    if hubspot.fields.get(names.HUBSPOT_KEY) != salesforce.ref.id:
        in_hubspot[names.HUBSPOT_KEY] = salesforce.ref.id
    in_salesforce: dict[str, Value] = {}
    if not salesforce.fields.get(names.SALESFORCE_KEY):
        in_salesforce[names.SALESFORCE_KEY] = ruleset.key_of(hubspot.ref.id)
    return {Side.SALESFORCE: in_salesforce, Side.HUBSPOT: in_hubspot}
