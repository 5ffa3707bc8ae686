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
from crmsync.model.crm_names import LEAD
from crmsync.model.records import Ref
from crmsync.plans.contact import ContactFacts, lacks_id
from crmsync.rules.merge.ruleset import Ruleset


def with_taken_ids(
    facts: Sequence[ContactFacts], context: SyncContext, ruleset: Ruleset
) -> list[ContactFacts]:
    """The facts of pairs whose lead does not show the id of its contact, with whether a converted
    lead has that id. Two calls. Raises `SyncError`.
    """
    keys: dict[Ref, str] = {
        one.hubspot.ref: ruleset.key_of(one.hubspot.ref.id)
        for one in facts
        if one.hubspot and lacks_id(one, ruleset)
    }
    holders = context.salesforce.made_by({LEAD: sorted(keys.values())})
    shown = context.salesforce.read(sorted(holders.values()), {LEAD: ()}) if holders else {}
    taken = {key for key, ref in holders.items() if ref in shown and shown[ref].successor}
    return [
        replace(one, id_is_taken=one.hubspot is not None and keys.get(one.hubspot.ref) in taken)
        for one in facts
    ]
