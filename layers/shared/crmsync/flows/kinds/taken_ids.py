"""Leads that cannot show the id of their contact, as a converted lead shows it: Salesforce allows
an id only once and edits no converted lead (docs/vendors.md#salesforce-objects).

That happens where a contact's lead was converted, what it became was deleted, and the contact was
linked with another lead. Without this the id would be written, and refused, whenever the pair is
read. Entered only for pairs whose lead does not show the id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crmsync.flows.engine.context import SyncContext
from crmsync.model import names
from crmsync.model.crm_names import LEAD
from crmsync.plans.contact import ContactFacts, lacks_id
from crmsync.rules.merge.ruleset import Ruleset


def with_taken_ids(
    facts: Sequence[ContactFacts], context: SyncContext, ruleset: Ruleset
) -> list[ContactFacts]:
    """The facts in which each lead whose id a converted lead has counts as one that shows it, so
    that nothing is planned for the id. Two calls. Raises `SyncError`.
    """
    keys = [
        ruleset.key_of(one.hubspot.ref.id)
        for one in facts
        if one.hubspot and lacks_id(one, ruleset)
    ]
    holders = context.salesforce.made_by({LEAD: sorted(keys)})
    shown = context.salesforce.read(sorted(holders.values()), {LEAD: ()}) if holders else {}
    taken = {key for key, ref in holders.items() if ref in shown and shown[ref].successor}
    return [_with_id_of(taken, one, ruleset) for one in facts]


def _with_id_of(taken: set[str], facts: ContactFacts, ruleset: Ruleset) -> ContactFacts:
    """The facts, with the contact's id in its lead if that id is one of those taken."""
    lead, contact = facts.salesforce, facts.hubspot
    if lead is None or contact is None or not lacks_id(facts, ruleset):
        return facts
    key = ruleset.key_of(contact.ref.id)
    if key not in taken:
        return facts
    return replace(
        facts, salesforce=replace(lead, fields={**lead.fields, names.SALESFORCE_KEY: key})
    )
