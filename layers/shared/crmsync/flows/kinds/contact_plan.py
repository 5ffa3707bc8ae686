"""Plan a whole batch of contacts: what every plan needs beside its facts, and second thoughts.

The deciding itself is `crmsync.plans.contact`; here it is only given what it asks for, and
protected from its own defects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.planning import hubspot_records, owners_for, plan_batch
from crmsync.flows.kinds.parents import find_parents
from crmsync.model.crm_names import HUBSPOT_EMAIL
from crmsync.model.effects import Plan
from crmsync.model.emails import normalise_email
from crmsync.model.records import Ref
from crmsync.model.settings import CreateInSalesforce
from crmsync.plans.contact import ContactFacts, plan_contact
from crmsync.rules.kinds.contact.inclusion import needs_membership
from crmsync.rules.merge.ruleset import ContactRules, Ruleset


def complete_ruleset(
    facts: Sequence[ContactFacts], context: SyncContext, ruleset: Ruleset
) -> Ruleset:
    """The ruleset with what these facts need: who is in the inclusion list, which company belongs
    to which account, and who is who among the owners.
    """
    contacts = [contact.ref for one in facts for contact in hubspot_records(one)]
    members: frozenset[Ref] = frozenset()
    if contacts and needs_membership(context.connection.contacts):
        list_id = context.connection.contacts.inclusion_list
        members = frozenset(context.lists.members(list_id, contacts))
    return replace(
        ruleset,
        contact=ContactRules(members),
        parents=find_parents(facts, context, ruleset),
        owners=owners_for(facts, context),
    )


def with_accounts(facts: list[ContactFacts], context: SyncContext) -> list[ContactFacts]:
    """The facts with the Salesforce account of each unmatched contact's domain, where the settings
    choose by it (CH-12).
    """
    if (
        context.connection.contacts.create_in_salesforce
        is not CreateInSalesforce.CONTACT_IF_ACCOUNT
    ):
        return facts
    domains = {
        at: _domain(one)
        for at, one in enumerate(facts)
        if one.link is None and one.hubspot and not one.candidates
    }
    accounts = context.accounts.accounts_by_domain(
        sorted({domain for domain in domains.values() if domain})
    )
    return [
        replace(one, account=accounts.get(domains.get(at, ""), "")) for at, one in enumerate(facts)
    ]


def _domain(facts: ContactFacts) -> str:
    if facts.hubspot is None:
        return ""
    return normalise_email(facts.hubspot.fields.get(HUBSPOT_EMAIL)).rpartition("@")[2].strip()


def plan_all(facts: list[ContactFacts], context: SyncContext, ruleset: Ruleset) -> list[Plan]:
    """Plan every contact of the batch."""
    return plan_batch(facts, context, ruleset, plan_contact)
