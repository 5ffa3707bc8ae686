"""The companies of contacts that lose their primary one.

A contact decides for its primary company, or, if it has none, for each company that it is
associated with (docs/decisions/0023-parents-first.md). So the others may have an account to sync
with, or may be due for one, once the primary one is gone. Nothing else tells: HubSpot reports no
change of them. Entered only for linked contacts that have lost their company, or will lose it
because the account was removed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.planning import loses_company
from crmsync.model.crm_names import COMPANY, PRIMARY_COMPANY
from crmsync.plans.contact import ContactFacts
from crmsync.rules.merge.parents import company_of
from crmsync.rules.merge.ruleset import Ruleset


def with_other_companies(
    facts: Sequence[ContactFacts], context: SyncContext, ruleset: Ruleset
) -> list[ContactFacts]:
    """The facts of contacts that lose their primary company, with the companies that they have
    left. One call. Raises `SyncError`.
    """
    losing = {one.hubspot.ref for one in facts if one.hubspot and loses_company(one, ruleset)}
    found = context.associations.of(sorted(losing), COMPANY)
    return [
        replace(
            one,
            other_companies=tuple(
                ref
                for ref in found.get(one.hubspot.ref, ())
                if ref != company_of(one.hubspot.fields.get(PRIMARY_COMPANY))
            ),
        )
        if one.hubspot and one.hubspot.ref in losing
        else one
        for one in facts
    ]
