"""The opportunity that a deal makes (OPP-11), and the deal that an opportunity makes (OPP-1).
Neither is ever matched (DUP-6, DUP-7).
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime

from crmsync.model.crm_names import (
    CLOSE_DATE,
    DEAL,
    DEAL_STAGE,
    OPPORTUNITY,
    PARENT_ACCOUNT,
    PRIMARY_COMPANY,
    SALESFORCE_NAME,
    SALESFORCE_OWNER,
    STAGE_NAME,
)
from crmsync.model.effects import CreateRecord
from crmsync.model.records import Record, Side, Value
from crmsync.rules.fields.values import is_blank
from crmsync.rules.merge.deal_stages import stage_of_new_deal, stage_of_new_opportunity
from crmsync.rules.merge.parents import company_of
from crmsync.rules.merge.ruleset import Ruleset
from crmsync.rules.pair.creation import (
    NEW,
    Creation,
    Shown,
    converted_fields,
    link_of_new_pair,
    owner_in_hubspot,
    owner_in_salesforce,
)


def opportunity_creation(deal: Record, ruleset: Ruleset) -> Creation:
    """The opportunity that a deal makes: under the account of its company if there is one (Q-27),
    owned by OWN-18 and OWN-19.

    A value that Salesforce requires and nobody knows is reported as missing: a name, a stage that
    the org has, a close date without a fallback.
    """
    fields, incompatible = converted_fields(deal, OPPORTUNITY, ruleset)
    fields |= stage_of_new_opportunity(deal.fields, ruleset.opportunity.pipelines) or {}
    if is_blank(fields.get(CLOSE_DATE)) and ruleset.connection.deals.close_date_fallback:
        fields[CLOSE_DATE] = _end_of_month(deal.created_at.astimezone(ruleset.opportunity.zone))
    company = company_of(deal.fields.get(PRIMARY_COMPANY))
    account = ruleset.parents.get(company) if company else None
    if account:
        fields[PARENT_ACCOUNT] = account.id
    hubspot_owner, owner = owner_in_salesforce(deal, ruleset)
    if owner:
        fields[SALESFORCE_OWNER] = owner
    missing = next(
        (name for name in (SALESFORCE_NAME, STAGE_NAME, CLOSE_DATE) if is_blank(fields.get(name))),
        "",
    )
    create = CreateRecord(
        Side.SALESFORCE,
        OPPORTUNITY,
        ruleset.key_of(deal.ref.id),
        fields,
        NEW,
        ("OPP-11", "DUP-7", "OWN-18" if owner else "OWN-19"),
        group=account.id if account else "",
    )
    both = Shown(deal.ref, deal.fields, hubspot_owner), Shown(NEW, fields, owner)
    return Creation(
        create,
        link_of_new_pair(*both, ruleset.mappings[OPPORTUNITY], incompatible, ruleset),
        incompatible,
        missing,
    )


def deal_creation(opportunity: Record, ruleset: Ruleset) -> Creation:
    """The deal that an opportunity makes, in the pipeline of its record type (OPP-6), with the
    owner's counterpart (OWN-5).
    """
    fields, incompatible = converted_fields(opportunity, OPPORTUNITY, ruleset)
    place = stage_of_new_deal(opportunity.fields, ruleset.opportunity.pipelines)
    fields |= place or {}
    shown, hubspot_owner, owner = owner_in_hubspot(opportunity, ruleset)
    fields |= shown
    create = CreateRecord(
        Side.HUBSPOT, DEAL, opportunity.ref.id, fields, NEW, ("OPP-1", "OPP-6", "DUP-6")
    )
    both = Shown(NEW, fields, hubspot_owner), Shown(opportunity.ref, opportunity.fields, owner)
    link = link_of_new_pair(*both, ruleset.mapping_of(opportunity), incompatible, ruleset)
    return Creation(create, link, incompatible, "" if place else DEAL_STAGE)


def _end_of_month(moment: datetime) -> Value:
    """The last day of a moment's month."""
    return date(moment.year, moment.month, monthrange(moment.year, moment.month)[1]).isoformat()
