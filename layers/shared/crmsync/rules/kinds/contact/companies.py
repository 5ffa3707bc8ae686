"""Which companies are synced because of what becomes of a contact: it may decide that they get an
account (ACC-9, ACC-11), and nothing reports a change of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crmsync.model.crm_names import LEAD, PRIMARY_COMPANY
from crmsync.model.effects import RequestSync, SaveLink
from crmsync.model.facts import Facts
from crmsync.model.links import Link, LinkState
from crmsync.model.plan import Plan
from crmsync.model.records import Kind, Ref
from crmsync.rules.merge.parents import company_of
from crmsync.rules.merge.ruleset import Ruleset


def with_company(facts: Facts, link: Link, plan: Plan, ruleset: Ruleset) -> Plan:
    """The plan that ends a link, with a sync of the contact's company. A company makes no account
    while all its contacts sync with leads (ACC-11), and this one no longer does.
    """
    ends = any(
        isinstance(one, SaveLink) and one.link.state is not LinkState.ACTIVE for one in plan.effects
    )
    company = company_of(facts.hubspot.fields.get(PRIMARY_COMPANY)) if facts.hubspot else None
    was_lead = isinstance(link.salesforce, Ref) and link.salesforce.object == LEAD
    if not (ends and company and was_lead and ruleset.connection.companies.sync):
        return plan
    request = RequestSync(company, Kind.ACCOUNT, None, ("ACC-11",))
    return replace(plan, effects=(*plan.effects, request))


def with_companies(plan: Plan, companies: Sequence[Ref]) -> Plan:
    """The plan, with a sync of the companies for which the contact decides from now on, but for one
    whose sync the plan requests already, such as that for whose account the contact waits.
    """
    asked = {one.ref for one in plan.effects if isinstance(one, RequestSync)}
    requests = (
        RequestSync(one, Kind.ACCOUNT, None, ("ACC-9", "DUP-2"))
        for one in companies
        if one not in asked
    )
    return replace(plan, effects=(*plan.effects, *requests))
