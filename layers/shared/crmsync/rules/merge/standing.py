"""Merge what the two records of a pair stand under: their owners, their parents, and a deal's
pipeline with its opportunity's record type.

Whose counts is decided in the module of each; here their verdicts become part of the merge.
"""

from __future__ import annotations

from crmsync.model.effects import FieldConflict
from crmsync.model.fields import FieldRule, Update
from crmsync.model.links import Link
from crmsync.model.records import Kind, Record, Side
from crmsync.rules.merge import deal_stages, owners, parents
from crmsync.rules.merge.baseline import SideView
from crmsync.rules.merge.deal_stages import StageState, decide_stage
from crmsync.rules.merge.person_accounts import is_person
from crmsync.rules.merge.policies import FieldState
from crmsync.rules.merge.result import MergeResult, joined, newest_of
from crmsync.rules.merge.ruleset import Ruleset


def merge_owners(
    hubspot: Record, salesforce: Record, link: Link | None, ruleset: Ruleset, merged: MergeResult
) -> None:
    """Decide the owners, and show in HubSpot who owns the Salesforce record (Q-18). Without an
    owner book nobody's owner has changed.
    """
    owning = owning_of(hubspot, salesforce, link)
    if ruleset.owners is None:
        merged.owners = last_owners(link) if link else (None, None)
        return
    newest = newest_of(owners.HUBSPOT_FIELD, hubspot, salesforce, ruleset)
    merged.owner_verdict = verdict = owners.decide_owner(owning, newest, ruleset.owners)
    if owning.both_moved and verdict != owners.OwnerDecision():
        fields = owners.HUBSPOT_FIELD, owners.SALESFORCE_FIELD
        merged.conflicts += (
            FieldConflict(*fields, owning.hubspot, owning.salesforce, Update.TWO_WAY, newest),
        )
    because = (owners.rule_of(ruleset.kind, verdict.because),)
    if verdict.salesforce is not None:
        merged.to_salesforce[owners.SALESFORCE_FIELD] = verdict.salesforce
        merged.because_salesforce = joined(merged.because_salesforce, because)
    if verdict.hubspot is not None:
        merged.to_hubspot[owners.HUBSPOT_FIELD] = verdict.hubspot or None
        merged.because_hubspot = joined(merged.because_hubspot, because)
    owner = owning.salesforce if verdict.salesforce is None else verdict.salesforce
    merged.owners = (owning.hubspot if verdict.hubspot is None else verdict.hubspot, owner)
    shown = {
        owners.SHOWN_ID: owner or None,
        owners.SHOWN_NAME: ruleset.owners.name_of(owner) or None,
    }
    merged.marks[Side.HUBSPOT] |= {
        name: value for name, value in shown.items() if hubspot.fields.get(name) != value
    }


def owning_of(hubspot: Record, salesforce: Record, link: Link | None) -> owners.Owning:
    """Both owners of a pair, now and when it was last looked at."""
    last = last_owners(link) if link else (None, None)
    return owners.Owning(
        str(hubspot.fields.get(owners.HUBSPOT_FIELD) or ""),
        str(salesforce.fields.get(owners.SALESFORCE_FIELD) or ""),
        *last,
    )


def last_owners(link: Link) -> tuple[str | None, str | None]:
    """Both owners when the pair was last looked at."""
    return link.hubspot_owner, link.salesforce_owner


def merge_parents(
    hubspot: Record,
    salesforce: Record,
    h: SideView,
    s: SideView,
    ruleset: Ruleset,
    merged: MergeResult,
) -> None:
    """A contact's company and account, where both count (FLD-8)."""
    company, account = (
        h.showings.get(parents.HUBSPOT_FIELD),
        s.showings.get(parents.SALESFORCE_FIELD),
    )
    if company is None or account is None:
        return
    newest = newest_of(parents.HUBSPOT_FIELD, hubspot, salesforce, ruleset)
    merged.parents = parents.decide_parent(
        company,
        account,
        newest,
        ruleset.parents,
        removes=_removes_associations(ruleset),
        fixed=is_person(salesforce),
    )
    if merged.parents.contested:
        fields = parents.HUBSPOT_FIELD, parents.SALESFORCE_FIELD
        merged.conflicts += (
            FieldConflict(*fields, company.value, account.value, Update.TWO_WAY, newest),
        )
    if merged.parents.account is not None:
        merged.to_salesforce[parents.SALESFORCE_FIELD] = merged.parents.account
        merged.because_salesforce = joined(merged.because_salesforce, merged.parents.because)


def _removes_associations(ruleset: Ruleset) -> bool:
    """Whether what one side takes apart is taken apart on the other, too (Q-29)."""
    section = (
        ruleset.connection.deals
        if ruleset.kind is Kind.OPPORTUNITY
        else ruleset.connection.companies
    )
    return section.remove_associations


STAGES = FieldRule(deal_stages.DEAL_STAGE, deal_stages.STAGE_NAME)
"""A deal's stage and an opportunity's, where people are told of them as of a mapped pair."""


def merge_stages(
    hubspot: Record,
    salesforce: Record,
    h: SideView,
    s: SideView,
    ruleset: Ruleset,
    merged: MergeResult,
) -> None:
    """A deal's pipeline and stage, and the opportunity's record type and stage, where both count
    (OPP-5, OPP-6).
    """
    if deal_stages.STAGE_NAME not in s.showings:
        return
    deal = StageState(h.showings[deal_stages.PIPELINE], h.showings[deal_stages.DEAL_STAGE])
    untyped = FieldState(None, None, changed=False)
    opportunity = StageState(
        s.showings.get(deal_stages.RECORD_TYPE, untyped), s.showings[deal_stages.STAGE_NAME]
    )
    newest = newest_of(deal_stages.DEAL_STAGE, hubspot, salesforce, ruleset)
    merged.stage_verdict = verdict = decide_stage(deal, opportunity, newest, ruleset.pipelines)
    merged.unfit += (STAGES,) if verdict.unknown else ()
    merged.to_hubspot |= verdict.to_hubspot
    merged.to_salesforce |= verdict.to_salesforce
    merged.because_hubspot = joined(
        merged.because_hubspot, verdict.because if verdict.to_hubspot else ()
    )
    merged.because_salesforce = joined(
        merged.because_salesforce, verdict.because if verdict.to_salesforce else ()
    )
    if verdict.conflict:
        values = deal.stage.value, opportunity.stage.value
        merged.conflicts += (
            FieldConflict(STAGES.hubspot, STAGES.salesforce, *values, Update.TWO_WAY, newest),
        )
